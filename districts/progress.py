"""How far a promise has come, and what can honestly be said of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from zaozhuang.dates import partial

if TYPE_CHECKING:
    from districts.models import Reading, Target


class TargetState(models.TextChoices):
    """The four honest states of a promise. Unknown is not failure."""

    NOT_DUE = "not_due", _("not yet due")
    UNKNOWN = "unknown", _("due, result unknown")
    MET = "met", _("met")
    MISSED = "missed", _("missed")


@dataclass(frozen=True)
class Progress:
    """The state of a target on a day.

    `share` is the latest reading over the target's value (0.1 for 1,000 of 10,000), None
    where there is no reading. `reading` is that latest reading; `lacking` is what a missed
    target fell short by, in its unit.
    """

    state: TargetState
    share: Decimal | None
    reading: "Reading | None"
    lacking: Decimal | None = None

    @property
    def percent(self) -> Decimal | None:
        return None if self.share is None else self.share * 100


def measure(target: "Target", readings: Sequence["Reading"], as_of: date) -> Progress:
    """The progress of a target from the readings of its district and indicator, oldest first.

    A figure measured over a period (output of 2023) counts only inside the promised period;
    one measured at a moment (a capacity) counts up to its end. A promise is missed only
    when a reading of the deadline itself falls short: an earlier one says nothing of the
    end, and silence is not failure.
    """
    deadline = partial(target.due, target.due_precision)
    overdue = deadline is not None and deadline.last < as_of
    silent = TargetState.UNKNOWN if overdue else TargetState.NOT_DUE
    if target.value is None:
        return Progress(silent, None, None)
    counted = [reading for reading in readings if _counts(target, reading)]
    if not counted:
        return Progress(silent, None, None)
    latest = counted[-1]
    share = latest.value / target.value
    if any(_satisfies(target, reading.value) for reading in counted):
        return Progress(TargetState.MET, share, latest)
    if overdue and deadline is not None and latest.reported.last == deadline.last:
        return Progress(TargetState.MISSED, share, latest, lacking=target.value - latest.value)
    return Progress(silent, share, latest)


def _satisfies(target: "Target", value: Decimal) -> bool:
    assert target.value is not None
    return value > target.value if target.comparator == "gt" else value >= target.value


def _counts(target: "Target", reading: "Reading") -> bool:
    deadline = partial(target.due, target.due_precision)
    if deadline is None:
        return True
    if reading.reported.last > deadline.last:
        return False
    return target.indicator.nature == "stock" or reading.reported.first >= deadline.first
