"""Targets as bullets: the promise as a line, what is known as a bar, the rest as texture."""

from collections import Counter
from collections.abc import Sequence
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from districts.models import Target
from districts.progress import TargetState
from projects.charts.base import Cell, Chart, address, on_day
from zaozhuang.localised import remark
from zaozhuang.numbers import percent, plain, quantity


def promised(target: Target) -> str:
    """What is promised, in the reader's language: `≥ 300 亿元`."""
    if target.value is None:
        return ""
    figure = quantity(target.value, target.indicator.unit, about=target.approximate)
    if target.comparator == "gt":
        return f"> {figure}"
    # “At least about 100” says no more than “about 100”.
    return figure if target.approximate else f"≥ {figure}"


def known(target: Target) -> str:
    """What is known of it: the latest reading with its share, or nothing."""
    progress = target.progress
    if progress.reading is None or progress.share is None:
        return ""
    figure = quantity(
        progress.reading.value, target.indicator.unit, about=progress.reading.approximate
    )
    return figure + remark(percent(progress.share))


def state_of(target: Target) -> str:
    """The honest state in words, with what was lacking where it was missed."""
    lacking = target.progress.lacking
    if lacking is not None:
        return _("missed by %(figure)s") % {"figure": quantity(lacking, target.indicator.unit)}
    if target.deadline is None and target.progress.state is TargetState.NOT_DUE:
        return _("no date given")
    return str(target.progress.state.label)


def statement(targets: Sequence[Target]) -> str:
    """What can be said of all of them in one line."""
    if not targets:
        return _("No targets yet")
    states = Counter(target.progress.state for target in targets)
    parts = []
    if states[TargetState.MET]:
        parts.append(_("%(count)s met") % {"count": states[TargetState.MET]})
    if states[TargetState.MISSED]:
        parts.append(_("%(count)s missed") % {"count": states[TargetState.MISSED]})
    if states[TargetState.UNKNOWN]:
        parts.append(
            _("%(count)s past due without a result") % {"count": states[TargetState.UNKNOWN]}
        )
    if states[TargetState.NOT_DUE]:
        parts.append(_("%(count)s not yet due") % {"count": states[TargetState.NOT_DUE]})
    total = ngettext("%(count)s target", "%(count)s targets", len(targets)) % {
        "count": len(targets)
    }
    return _("%(total)s: %(parts)s") % {"total": total, "parts": _(", ").join(parts)}


def targets_chart(
    targets: Sequence[Target], as_of: date | None = None, district: str = ""
) -> Chart:
    """Bullets of the targets that have a figure; milestones are a list beside them."""
    shown = [target for target in targets if target.value is not None]
    return Chart(
        name="targets",
        title=statement(shown),
        subtitle=_(
            "The red line is the promise. What is known is solid; what is not is hatched, never zero."
        ),
        heads=[
            _("District"),
            _("Indicator"),
            _("Target"),
            _("Due"),
            _("Latest reading"),
            _("State"),
            _("Source"),
        ],
        rows=[
            [
                Cell(target.district.label, on_day(target.district.get_absolute_url(), as_of)),
                Cell(target.label),
                Cell(promised(target), number=True),
                Cell(target.deadline.deadline if target.deadline else _("no date given")),
                Cell(known(target) or _("no reading"), number=True),
                Cell(state_of(target)),
                Cell(target.locator, target.citation_url),
            ]
            for target in shown
        ],
        data={
            "targets": [
                {
                    "district": target.district.short_label,
                    "label": target.label,
                    "due": target.deadline.deadline if target.deadline else _("no date given"),
                    "promised": promised(target),
                    "known": known(target),
                    "state": target.progress.state.value,
                    "stateLabel": state_of(target),
                    "share": float(target.progress.share)
                    if target.progress.share is not None
                    else None,
                    "baseline": float(target.baseline / target.value)
                    if target.baseline and target.value
                    else None,
                    "value": plain(target.value) if target.value is not None else "",
                    "url": on_day(target.get_absolute_url(), as_of),
                    "source": target.citation_url,
                    "paragraph": target.paragraph,
                }
                for target in shown
            ]
        },
        address=address(as_of, district),
        lines=len(shown) * 2,
    )
