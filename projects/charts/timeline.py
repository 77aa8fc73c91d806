"""What is expected when, drawn as exactly as it is known, and a project's own history."""

from collections.abc import Sequence
from datetime import date

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from districts.models import Target
from districts.progress import TargetState
from projects.charts.base import Cell, Chart, address, on_day
from projects.models import Project, StageChange
from zaozhuang.dates import today
from zaozhuang.localised import remark, sentences


def timeline_chart(
    projects: Sequence[Project],
    undated: int,
    targets: Sequence[Target],
    as_of: date | None = None,
    district: str = "",
    further: tuple[int, int] = (0, 0),
) -> Chart:
    """Deadlines of unfinished projects and of targets; a month is a month wide, a year a year.

    `projects` have a due date and are not known to be finished; `undated` is how many
    unfinished projects have none, which is said, not drawn. `further` are those that have a
    date, one that has passed and one that lies ahead, and are counted but not drawn.
    """
    day = as_of or today()
    items = [
        {
            "label": f"{project.district.short_label} · {project.label}",
            "kind": "project",
            "first": moment.first.isoformat(),
            "last": moment.last.isoformat(),
            "due": moment.deadline,
            "inferred": project.due_basis == "inferred",
            "late": moment.last < day,
            "state": _("due, result unknown") if moment.last < day else _("not yet due"),
            "url": on_day(project.get_absolute_url(), as_of),
        }
        for project in projects
        if (moment := project.deadline)
    ]
    items += [
        {
            "label": f"{target.district.short_label} · {target.label}",
            "kind": "target",
            "first": moment.first.isoformat(),
            "last": moment.last.isoformat(),
            "due": moment.deadline,
            "inferred": target.due_basis == "inferred",
            "late": moment.last < day and target.progress.state is not TargetState.MET,
            "state": str(target.progress.state.label),
            "url": on_day(target.get_absolute_url(), as_of),
        }
        for target in targets
        if (moment := target.deadline)
    ]
    items.sort(key=lambda item: (item["last"], item["kind"], item["label"]))
    late = sum(1 for item in items if item["late"]) + further[0]
    ahead = sum(1 for item in items if not item["late"]) + further[1]
    title = ngettext(
        "%(count)s date has passed without a known result",
        "%(count)s dates have passed without a known result",
        late,
    ) % {"count": late}
    if not late:
        title = ngettext("%(count)s date lies ahead", "%(count)s dates lie ahead", ahead) % {
            "count": ahead
        }
    if not items:
        title = _("No dates are known")
    subtitle = _("Dates as exactly as they are known: a month is a month wide, a year a year.")
    if any(further):
        subtitle = sentences(
            subtitle,
            _("Drawn are the %(count)s of %(all)s dates that lie nearest.")
            % {"count": len(items), "all": late + ahead},
        )
    if undated:
        without = ngettext(
            "%(count)s unfinished project has no date.",
            "%(count)s unfinished projects have no date.",
            undated,
        )
        subtitle = sentences(subtitle, without % {"count": undated})
    return Chart(
        name="timeline",
        title=title,
        subtitle=subtitle,
        heads=[_("What"), _("Due"), _("State")],
        rows=[
            [
                Cell(str(item["label"]), str(item["url"])),
                Cell(str(item["due"]) + (remark(_("inferred")) if item["inferred"] else "")),
                Cell(str(item["state"])),
            ]
            for item in items
        ],
        data={
            "items": items,
            "today": day.isoformat(),
            "todayLabel": _("as of %(day)s") % {"day": day.isoformat()} if as_of else _("today"),
            "inferred": _("inferred"),
        },
        address=address(as_of, district),
        lines=len(items) + 2,
    )


def history_chart(
    project: Project, events: Sequence[StageChange], as_of: date | None = None
) -> Chart:
    """The stages of one project in the order in which they came, up to the day if one is given."""
    ordered = sorted(events, key=lambda event: (event.date, event.pk))
    title = (
        _("%(stage)s, seen %(when)s")
        if ordered and ordered[-1].observed
        else _("%(stage)s since %(when)s")
        if ordered
        else _("No stage is recorded")
    )
    if ordered:
        title %= {"stage": ordered[-1].get_stage_display(), "when": ordered[-1].when.label}
    return Chart(
        name="history",
        title=capfirst(title),
        subtitle=_("Dashed is inferred; an open end means that the beginning is not known"),
        heads=[_("Date"), _("Stage"), _("Basis"), _("Source")],
        rows=[
            [
                Cell(event.when.label),
                Cell(event.get_stage_display(), family=event.family),
                Cell(str(event.get_basis_display()) if event.basis else _("not stated")),
                Cell(event.locator, event.citation_url),
            ]
            for event in ordered
        ],
        data={
            "events": [
                {
                    "first": event.when.first.isoformat(),
                    "last": event.when.last.isoformat(),
                    "when": event.when.label,
                    "stage": event.get_stage_display(),
                    "family": event.family.value,
                    "inferred": event.basis == "inferred",
                    "observed": event.observed,
                }
                for event in ordered
            ],
            "due": {
                "first": project.deadline.first.isoformat(),
                "last": project.deadline.last.isoformat(),
                "label": project.deadline.deadline,
            }
            if project.deadline
            else None,
            "today": (as_of or today()).isoformat(),
            "todayLabel": _("as of %(day)s") % {"day": as_of.isoformat()} if as_of else _("today"),
        },
        address={"project": project.slug, **address(as_of)},
        lines=len(ordered) + 2,
    )
