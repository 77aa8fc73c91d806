"""Plain functions that make one record each; a test states only what matters to it.

Names and addresses are numbered, so that two records made without words differ.
"""

from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

from districts.models import (
    District,
    Indicator,
    Passage,
    Reading,
    ReadingClaim,
    Source,
    Target,
    TargetClaim,
    Theme,
    Unit,
)
from projects.models import (
    Capacity,
    CapacityClaim,
    Company,
    Honour,
    Participation,
    ProgressReport,
    Project,
    Segment,
    StageChange,
    Stream,
    Technology,
)
from projects.models.reports import AMOUNTS
from projects.stages import Stage
from zaozhuang.dates import PartialDate

_numbers = count(1)


def make_unit(name: str = "万吨", name_en: str = "t", factor: int | str = 10_000) -> Unit:
    """The unit of that name; the same one when asked again."""
    return Unit.objects.get_or_create(
        name=name, defaults={"name_en": name_en, "factor": Decimal(factor)}
    )[0]


def make_theme(slug: str = "industry", *, is_industry: bool = True, **fields: Any) -> Theme:
    """The theme at that address; the same one when asked again."""
    defaults = {"name": slug, "name_en": slug, "is_industry": is_industry} | fields
    return Theme.objects.get_or_create(slug=slug, defaults=defaults)[0]


def make_source(**fields: Any) -> Source:
    number = next(_numbers)
    return Source.objects.create(**{"slug": f"source-{number}", "title": f"来源{number}"} | fields)


def make_passage(source: Source | None = None, **fields: Any) -> Passage:
    number = next(_numbers)
    defaults = {"locator": f"文章 ¶{number}", "order": number, "summary": f"段落{number}"}
    return Passage.objects.create(source=source or make_source(), **defaults | fields)


def make_district(name: str = "", **fields: Any) -> District:
    number = next(_numbers)
    name = name or f"区{number}"
    defaults = {
        "code": f"{100_000 + number}",
        "slug": f"district-{number}",
        "short_name": name,
        "order": number,
    }
    return District.objects.create(name=name, **defaults | fields)


def make_indicator(**fields: Any) -> Indicator:
    """An indicator of the industry; `unit=None` for a milestone."""
    number = next(_numbers)
    defaults: dict[str, Any] = {"slug": f"indicator-{number}", "name": f"指标{number}"}
    if "unit" not in fields:
        defaults["unit"] = make_unit("亿元", "CNY", 100_000_000)
    if "theme" not in fields:
        defaults["theme"] = make_theme()
    return Indicator.objects.create(**defaults | fields)


def make_target(value: int | str | None = 100, due: str | None = "2023", **fields: Any) -> Target:
    """A promise to reach `value` by the end of the period `due` (`2023`, `2023-05` …)."""
    number = next(_numbers)
    defaults: dict[str, Any] = {"slug": f"target-{number}"}
    if value is None:
        defaults |= {"milestone": f"目标{number}"}
    else:
        defaults |= {"value": Decimal(value), "comparator": Target.Comparator.AT_LEAST}
    if due is not None:
        period = PartialDate.parse(due)
        defaults |= {"due": period.last, "due_precision": period.precision, "due_basis": "stated"}
    defaults |= fields
    if "district" not in defaults:
        defaults["district"] = make_district()
    if "indicator" not in defaults:
        defaults["indicator"] = make_indicator()
    return Target.objects.create(**defaults)


def make_reading(value: int | str = 10, period: str = "2023", **fields: Any) -> Reading:
    """A figure for a period (`2023`, `2023-05` …)."""
    when = PartialDate.parse(period)
    defaults: dict[str, Any] = {
        "slug": f"reading-{next(_numbers)}",
        "value": Decimal(value),
        "period": when.first,
        "period_precision": when.precision,
    }
    defaults |= fields
    if "district" not in defaults:
        defaults["district"] = make_district()
    if "indicator" not in defaults:
        defaults["indicator"] = make_indicator()
    return Reading.objects.create(**defaults)


def make_reading_claim(reading: Reading | None = None, **fields: Any) -> ReadingClaim:
    """What another source says a reading is."""
    reading = reading or make_reading(adopted_because="先有")
    return ReadingClaim.objects.create(reading=reading, **_claimed(fields))


def make_target_claim(target: Target | None = None, **fields: Any) -> TargetClaim:
    target = target or make_target(adopted_because="先有")
    return TargetClaim.objects.create(target=target, **_claimed(fields))


def make_capacity_claim(capacity: Capacity | None = None, **fields: Any) -> CapacityClaim:
    capacity = capacity or make_capacity(adopted_because="先有")
    return CapacityClaim.objects.create(capacity=capacity, **_claimed(fields))


def _claimed(fields: dict[str, Any]) -> dict[str, Any]:
    defaults: dict[str, Any] = {"slug": f"claim-{next(_numbers)}"}
    if "value" not in fields and "text" not in fields:
        defaults["value"] = Decimal(35)
    if "source" not in fields:
        defaults["source"] = make_source()
    return defaults | fields


def make_stream(slug: str = "materials", **fields: Any) -> Stream:
    """The stream at that address; the same one when asked again."""
    defaults = {"name": slug, "name_en": slug, "order": next(_numbers)} | fields
    return Stream.objects.get_or_create(slug=slug, defaults=defaults)[0]


def make_segment(code: str = "", **fields: Any) -> Segment:
    number = next(_numbers)
    defaults: dict[str, Any] = {"name": f"环节{number}", "order": number}
    if "stream" not in fields:
        defaults["stream"] = make_stream()
    return Segment.objects.create(code=code or f"S{number}", **defaults | fields)


def make_technology(slug: str = "lithium", **fields: Any) -> Technology:
    """The technology at that address; the same one when asked again."""
    return Technology.objects.get_or_create(slug=slug, defaults={"name": slug} | fields)[0]


def make_company(name: str = "", **fields: Any) -> Company:
    number = next(_numbers)
    name = name or f"公司{number}"
    return Company.objects.create(
        name=name, **{"slug": f"company-{number}", "short_name": name} | fields
    )


def make_honour(company: Company | None = None, **fields: Any) -> Honour:
    number = next(_numbers)
    defaults = {"slug": f"honour-{number}", "title": f"荣誉{number}"}
    return Honour.objects.create(company=company or make_company(), **defaults | fields)


def make_project(
    name: str = "",
    *,
    stage: str = "",
    since: str = "2023-02-01",
    due: str | None = None,
    start: str | None = None,
    **fields: Any,
) -> Project:
    """A project planned from `start` to `due`; with `stage` it also gets the event that leads
    there, on the day `since`."""
    number = next(_numbers)
    defaults: dict[str, Any] = {"name": name or f"项目{number}", "slug": f"project-{number}"}
    if start is not None:
        period = PartialDate.parse(start)
        defaults |= {
            "planned_start": period.first,
            "planned_start_precision": period.precision,
            "planned_start_basis": "stated",
        }
    if due is not None:
        period = PartialDate.parse(due)
        defaults |= {"due": period.last, "due_precision": period.precision, "due_basis": "stated"}
    if "district" not in fields:
        defaults["district"] = make_district()
    project = Project.objects.create(**defaults | fields)
    if stage:
        change_stage(project, stage, since)
        project.refresh_from_db()
    return project


def change_stage(
    project: Project, stage: str, date: str = "2023-02-01", **fields: Any
) -> StageChange:
    """An event of the project, on a day or in a period (`2023-05-31`, `2023-05` …)."""
    when = PartialDate.parse(date)
    defaults = {
        "date": when.first,
        "date_precision": when.precision,
        "basis": "" if stage == Stage.UNKNOWN else "stated",
    }
    return StageChange.every.create(project=project, stage=stage, **defaults | fields)


def make_capacity(
    project: Project | None = None, quantity: int | str | None = 10, **fields: Any
) -> Capacity:
    """A product of a project, in 万吨 a year; `quantity=None` where the source gives none."""
    defaults: dict[str, Any] = {"product": f"产品{next(_numbers)}"}
    if quantity is not None:
        defaults["quantity"] = Decimal(quantity)
        if "unit" not in fields:
            defaults["unit"] = make_unit()
    return Capacity.objects.create(project=project or make_project(), **defaults | fields)


def make_report(
    project: Project | None = None, month: str = "2023-03", **fields: Any
) -> ProgressReport:
    """A monthly report; amounts in 万元 and progress in percent may be given as text."""
    numbers = [*AMOUNTS, "percent"]
    values = {
        name: Decimal(value) if name in numbers and value is not None else value
        for name, value in fields.items()
    }
    return ProgressReport.objects.create(
        project=project or make_project(), month=PartialDate.parse(month).first, **values
    )


def make_participation(
    project: Project | None = None, company: Company | None = None, **fields: Any
) -> Participation:
    return Participation.objects.create(
        project=project or make_project(), company=company or make_company(), **fields
    )


def day(text: str) -> date:
    """The day `2023-05-31` as a date; what a test writes where a date is wanted."""
    return date.fromisoformat(text)
