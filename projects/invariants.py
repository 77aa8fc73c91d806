"""What holds of projects: what is kept beside them, their events, phases and monthly reports."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from django.db.models import F, OuterRef, Subquery

from districts.invariants import wrong_days
from projects import words
from projects.events import KEPT, LATEST_FIRST, WITHOUT_EVENT
from projects.found import BATCH
from projects.models import CapacityClaim, Company, ProgressReport, Project, StageChange
from projects.reporting import GROWING
from projects.search import company_document, project_document
from projects.summaries import checking
from zaozhuang.audit import check, named
from zaozhuang.invariants import rows_of


@check
def kept_stages() -> Iterator[str]:
    """The stage kept beside a project is that of its latest event that counts."""
    latest = StageChange.objects.filter(project=OuterRef("pk")).order_by(*LATEST_FIRST)
    told = {f"event_{kept}": Subquery(latest.values(column)[:1]) for kept, column in KEPT.items()}
    rows = rows_of(Project).annotate(event=Subquery(latest.values("pk")[:1]), **told)
    for row in rows.order_by("pk").values("pk", "event", *KEPT, *told).iterator():
        for kept, without in WITHOUT_EVENT.items():
            wanted = without if row["event"] is None else row[f"event_{kept}"]
            if row[kept] != wanted:
                yield f"{named(Project, row['pk'])}: {kept} is {row[kept]!r}, its events say {wanted!r}."


@check
def search_texts() -> Iterator[str]:
    """What projects and companies are found by is made of their names as they are now."""
    for company in rows_of(Company).order_by("pk").iterator():
        if company.search != company_document(company):
            yield f"{named(company)}: its search text is not that of its names."
    found = rows_of(Project).select_related("district").order_by("pk")
    for project in found.prefetch_related("capacities", "participations__company").iterator(BATCH):
        companies = [part.company for part in project.participations.all()]
        if project.search != project_document(project, companies, project.capacities.all()):
            yield f"{named(project)}: its search text is not that of its names."


@check
def search_words() -> Iterator[str]:
    """The words by which the index finds projects and companies are those of their search texts."""
    for model in (Project, Company):
        kept = words.table_of(model)._meta.get_field("pairs")
        rows = rows_of(kept.model).filter(pk=OuterRef("pk")).values("pairs")
        for pk, text, held in (
            rows_of(model).order_by("pk").values_list("pk", "search", Subquery(rows[:1])).iterator()
        ):
            if held != words.words(text):
                yield f"{named(model, pk)}: the words of its index are not those of its search text."


@check
def summaries() -> Iterator[str]:
    """What is kept counted is what a recount of all projects gives."""
    for table, key, missing in checking.wrong():
        yield f"projects.{table} {key}: a recount differs by {missing}."


@check
def project_dates() -> Iterator[str]:
    """Starts and events begin, and due dates end, with the period that their precision names."""
    yield from wrong_days(
        [
            (Project, "planned_start"),
            (Project, "stage_since"),
            (StageChange, "date"),
            (CapacityClaim, "date"),
        ],
        "first",
    )
    yield from wrong_days([(Project, "due"), (ProgressReport, "solve_by")], "last")


@check
def phases() -> Iterator[str]:
    """A phase has no phases itself, so that no sum counts an investment twice."""
    deep = rows_of(Project).filter(parent__parent__isnull=False).order_by("pk")
    for pk, above in deep.values_list("pk", "parent_id"):
        yield f"{named(Project, pk)}: it is a phase of {above}, which is a phase itself."


@check
def corrections() -> Iterator[str]:
    """A corrected event no longer counts and says why, and belongs to the project of its correction."""
    events = rows_of(StageChange).filter(corrects__isnull=False).order_by("pk")
    wrong = events.exclude(corrects__project=F("project"))
    for pk, other in wrong.values_list("pk", "corrects_id"):
        yield f"{named(StageChange, pk)}: it corrects event {other} of another project."
    for pk, other in events.filter(corrects__withdrawn="").values_list("pk", "corrects_id"):
        yield f"{named(StageChange, pk)}: it corrects event {other}, which still counts."


@check
def sums() -> Iterator[str]:
    """A sum of a monthly report contains its parts and does not fall without a word why."""
    rows = rows_of(ProgressReport).order_by("project_id", "month")
    for _project, reports in groupby(rows.iterator(), lambda report: report.project_id):
        before: dict[str, Any] = {}
        for report in reports:
            for part, whole in (
                ("invested_month", "invested_year"),
                ("invested_month", "invested_total"),
                ("invested_year", "invested_total"),
            ):
                parted, sum_ = getattr(report, part), getattr(report, whole)
                if parted is not None and sum_ is not None and parted > sum_:
                    yield f"{named(report)}: {part} {parted} is more than {whole} {sum_}."
            for name in GROWING:
                value, earlier = getattr(report, name), before.get(name)
                if value is None:
                    continue
                before[name] = report
                if earlier is None or getattr(earlier, name) <= value or report.note:
                    continue
                # The sum since January starts anew each year.
                if name != "invested_year" or earlier.month.year == report.month.year:
                    yield (
                        f"{named(report)}: {name} {value} is less than {getattr(earlier, name)} of "
                        f"{earlier.month:%Y-%m}, and no note says why."
                    )
