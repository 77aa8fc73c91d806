"""What the API answers in each row: the exports' columns, with their types.

A row has the names and the values of the CSV export; numbers are numbers, and what is not
known is null instead of a blank cell.
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from districts.models import Basis, District, Indicator, Source
from districts.progress import TargetState
from projects import exports
from projects.exports import source_slug
from projects.models import Project, Segment, StageChange
from projects.stages import Stage
from zaozhuang.csvfile import Column
from zaozhuang.dates import Precision
from zaozhuang.jsonfile import record
from zaozhuang.localised import localised

DISTRICT_COLUMNS: list[Column[District]] = [
    Column("id", _("ID"), lambda d: d.pk),
    Column("code", _("District code"), lambda d: d.code),
    Column("slug", _("Address"), lambda d: d.slug),
    Column("name", _("Name"), lambda d: d.label),
    Column("short_name", _("Short name"), lambda d: d.short_label),
    Column("parent", _("Belongs to"), lambda d: d.parent.slug if d.parent else ""),
    Column("position", _("Position"), lambda d: localised(d, "position")),
    Column("source", _("Source"), lambda d: d.position_source.slug if d.position_source else ""),
    Column("locator", _("Locator"), lambda d: d.position_locator),
]

SOURCE_COLUMNS: list[Column[Source]] = [
    Column("id", _("ID"), lambda s: s.pk),
    Column("slug", _("Address"), lambda s: s.slug),
    Column("title", _("Title"), str),
    Column("publisher", _("Publisher"), lambda s: localised(s, "publisher")),
    Column("date", _("Date"), lambda s: s.published),
    Column("date_precision", _("Precision of the date"), lambda s: s.date_precision),
    Column("url", _("Link"), lambda s: s.url),
    Column("note", _("Note"), lambda s: localised(s, "note")),
]

SEGMENT_COLUMNS: list[Column[Segment]] = [
    Column("id", _("ID"), lambda s: s.pk),
    Column("code", _("Code"), lambda s: s.code),
    Column("name", _("Name"), lambda s: s.label),
    Column("stream", _("Stream"), lambda s: s.stream.label),
    Column("order", _("Order"), lambda s: s.order),
    Column("unit", _("Usual unit"), lambda s: s.unit.name if s.unit else ""),
]

INDICATOR_COLUMNS: list[Column[Indicator]] = [
    Column("id", _("ID"), lambda i: i.pk),
    Column("slug", _("Address"), lambda i: i.slug),
    Column("name", _("Name"), lambda i: i.label),
    Column("unit", _("Unit"), lambda i: i.unit.name if i.unit else ""),
    Column("theme", _("Theme"), lambda i: i.theme.label),
    Column("scope", _("Scope"), lambda i: i.scope),
    Column("nature", _("Measured"), lambda i: i.nature),
    Column("summable", _("May be summed over districts"), lambda i: i.summable),
    Column("counts_stage", _("Counts the projects at stage"), lambda i: i.counts_stage),
    Column("definition", _("Definition"), lambda i: localised(i, "definition")),
]

STAGE_CHANGE_COLUMNS: list[Column[StageChange]] = [
    Column("id", _("ID"), lambda e: e.pk),
    Column("project", _("Project (address)"), lambda e: e.project.slug),
    Column("project_name", _("Project"), lambda e: e.project.label),
    Column("district_code", _("District code"), lambda e: e.project.district.code),
    Column("district", _("District"), lambda e: e.project.district.label),
    Column("stage", _("Stage (code)"), lambda e: e.stage),
    Column("stage_label", _("Stage"), lambda e: e.get_stage_display()),
    Column("date", _("Date"), lambda e: e.when),
    Column("date_precision", _("Precision of the date"), lambda e: e.date_precision),
    Column("observed", _("Seen, not begun"), lambda e: e.observed),
    Column("basis", _("Basis"), lambda e: e.basis),
    Column("source", _("Source"), source_slug),
    Column("locator", _("Locator"), lambda e: e.locator),
    Column("recorded_at", _("Recorded"), lambda e: e.recorded_at),
]

COMPARATORS = [(">", _("exceed")), ("≥", _("reach"))]
PERIOD = r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?|-Q[1-4]|-H[12]|/[0-9]{4})?$"

# Columns that every record fills; all others are null where no source gives a value.
ALWAYS = {
    "id", "slug", "code", "name", "title", "short_name", "district_code", "district", "kind",
    "stage", "stage_label", "project", "project_name", "product", "per_year", "indicator", "period",
    "approximate", "state", "theme", "scope", "nature", "summable", "stream", "order", "observed",
    "updated_at", "recorded_at",
}  # fmt: skip


def _choice(choices: Any) -> Callable[..., serializers.Field[Any, Any, Any, Any]]:
    return lambda **words: serializers.ChoiceField(choices=choices, **words)


def _period(**words: Any) -> serializers.RegexField:
    return serializers.RegexField(PERIOD, **words)


# A column of one code has one type wherever it stands; text where nothing is said here.
TYPES: dict[str, Callable[..., serializers.Field[Any, Any, Any, Any]]] = {
    **dict.fromkeys(["id", "order"], serializers.IntegerField),
    **dict.fromkeys(
        ["investment", "quantity", "value", "baseline", "progress"], serializers.FloatField
    ),
    **dict.fromkeys(["per_year", "approximate", "summable", "observed"], serializers.BooleanField),
    **dict.fromkeys(["updated_at", "recorded_at"], serializers.DateTimeField),
    **dict.fromkeys(["due", "stage_since", "period", "date"], _period),
    **dict.fromkeys(["stage", "counts_stage"], _choice(Stage.choices)),
    **dict.fromkeys(["basis", "stage_basis"], _choice(Basis.choices)),
    **dict.fromkeys(["due_precision", "date_precision"], _choice(Precision.choices)),
    "kind": _choice(Project.Kind.choices),
    "investment_kind": _choice(Project.InvestmentKind.choices),
    "comparator": _choice(COMPARATORS),
    "state": _choice(TargetState.choices),
    "scope": _choice(Indicator.Scope.choices),
    "nature": _choice(Indicator.Nature.choices),
}

# What the heading alone does not say.
EXPLAINED = {
    "code": _("Stays the same in every release; for places the code of GB/T 2260."),
    "slug": _("Stays the same; the last part of the page's address."),
    "companies": _("Short names, joined by “; ”."),
    "segments": _("Codes, joined by “; ”."),
    "capacity": _(
        "Each product with its yearly output, joined by “; ”; see capacities for numbers."
    ),
    "projects": _("Addresses of its projects, joined by “; ”."),
    "honours": _("Each with its year and who awarded it, joined by “; ”."),
    "due": _(
        "As exactly as it is known: 2023-05-31, 2023-05, 2023-Q2, 2023-H1, 2023 or 2021/2025."
    ),
    "investment": _("In hundred million yuan; null where no source gives it, which is not zero."),
    "quantity": _("In the unit beside it; null where no source gives it, which is not zero."),
    "value": _("In the unit beside it; null for a milestone."),
    "progress": _("The latest reading over the target: 0.1 for 1,000 of 10,000; null without one."),
    "source": _("Address of the source the record rests on."),
    "locator": _("Article and paragraph in the source."),
    "parent": _("Address of what it belongs to."),
}


class Row(serializers.Serializer[Any]):
    """One record, by its columns."""

    # The declared fields are only what the description says of them.
    columns: ClassVar[Sequence[Column[Any]]]

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return record(self.columns, instance)


def row(name: str, columns: Sequence[Column[Any]]) -> type[Row]:
    """A serializer of the columns, called `name` in the API's description."""
    fields = {
        column.code: TYPES.get(column.code, serializers.CharField)(
            read_only=True,
            allow_null=column.code not in ALWAYS,
            label=column.heading,
            help_text=EXPLAINED.get(column.code, column.heading),
        )
        for column in columns
    }
    return type(name, (Row,), {"columns": columns, **fields})


ProjectRow = row("Project", exports.PROJECT_COLUMNS)
CapacityRow = row("Capacity", exports.CAPACITY_COLUMNS)
TargetRow = row("Target", exports.TARGET_COLUMNS)
ReadingRow = row("Reading", exports.READING_COLUMNS)
CompanyRow = row("Company", exports.COMPANY_COLUMNS)
DistrictRow = row("District", DISTRICT_COLUMNS)
SourceRow = row("Source", SOURCE_COLUMNS)
SegmentRow = row("Segment", SEGMENT_COLUMNS)
IndicatorRow = row("Indicator", INDICATOR_COLUMNS)
StageChangeRow = row("StageChange", STAGE_CHANGE_COLUMNS)
