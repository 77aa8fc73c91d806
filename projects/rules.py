"""How to read an export: the counting rules, and what its codes stand for."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from districts.models import Basis, Indicator
from projects.changes import Kind
from projects.gaps import LinkState
from projects.models import Project, Segment
from projects.stages import Stage
from zaozhuang.localised import localised
from zaozhuang.xlsxfile import Section


def project_rules() -> list[str]:
    return [
        _("A blank cell: no source says so. It is not zero."),
        _("Stated: the source says it outright. Inferred: we conclude it and say why in a note."),
        _(
            "A project's stage is the stage of its latest event; on an earlier day it is the stage of the latest event before that day. An event counts from the first day of its period."
        ),
        _dates(),
        _("Capacity is added within one segment and one unit only."),
        _("Investment agreed, registered and completed are never added up."),
        _("A phase is not added to the project that contains it."),
    ]


def target_rules() -> list[str]:
    return [
        _("Not yet due: the period of the promise has not ended, or it names no date."),
        _(
            "Due, result unknown: the period has ended and no reading tells how it went. Unknown is not failed."
        ),
        _("Met: a reading inside the promised period reaches the value."),
        _("Missed: the reading of the deadline itself falls short."),
        _(
            "Progress is the latest reading over the target, of the same district and the same indicator."
        ),
        _dates(),
        _("Output, revenue and capacity are different indicators and are never mixed."),
    ]


def reading_rules() -> list[str]:
    return [
        _("Output, revenue and capacity are different indicators and are never mixed."),
        _dates(),
    ]


def company_rules() -> list[str]:
    return [_("A blank cell: no source says so. It is not zero.")]


def _dates() -> str:
    return _(
        "A date is kept and shown as exactly as it is known: a day, a month, a quarter, a half, a year or a five-year plan. A promise for a month is overdue when the month is over. The filters “due from” and “due until” compare the last day of the period. Days are those of Asia/Shanghai."
    )


def project_codes() -> list[Section]:
    """The codes in the rows of projects and capacities."""
    segments = [
        (segment.code, f"{segment.label} · {segment.stream.label}")
        for segment in Segment.objects.select_related("stream")
    ]
    return [
        Section(_("Stages"), _choices(Stage.choices)),
        Section(_("Kind"), _choices(Project.Kind.choices)),
        Section(_("Kind of investment"), _choices(Project.InvestmentKind.choices)),
        Section(_("Basis"), _choices(Basis.choices)),
        Section(_("Segments"), segments),
    ]


def link_codes() -> list[Section]:
    """The codes in the rows of the chain."""
    return [Section(_("State"), _choices(LinkState.choices))]


def change_rules() -> list[str]:
    return [
        _(
            "New: the earliest event of a project. Moved on, fell back, stopped: the way from the stage before. Seen again: the stage was reported once more."
        ),
        _(
            "Corrected: entered later than an event of the same or a later day, so that the record of the past changed."
        ),
        _(
            "Came due: the last day of the promised period. Missed: known to be finished later, or given up. Silence is not a miss."
        ),
        *project_rules()[:2],
        _dates(),
    ]


def change_codes() -> list[Section]:
    """The codes in the rows of the changes."""
    return [
        Section(pgettext("what changed", "Change"), _choices(Kind.choices)),
        Section(_("Stages"), _choices(Stage.choices)),
        Section(_("Basis"), _choices(Basis.choices)),
    ]


def _choices(choices: Iterable[tuple[Any, Any]]) -> list[tuple[str, str]]:
    return [(str(code), str(label)) for code, label in choices]


def indicators_of(selection: QuerySet[Any]) -> list[Section]:
    """What the indicators of targets or readings measure: unit, scope and definition."""
    indicators = Indicator.objects.filter(
        pk__in=selection.order_by().values("indicator")
    ).select_related("unit", "theme")
    lines = []
    for indicator in indicators:
        parts = [
            str(indicator.unit) if indicator.unit else _("milestone"),
            indicator.get_scope_display(),
            localised(indicator, "definition"),
        ]
        lines.append((indicator.label, _("; ").join(filter(None, parts))))
    return [Section(_("Indicators"), lines)]
