"""The life of a project: its stages, their families, and how they are drawn."""

from collections.abc import Iterable

from django.db import models
from django.utils.translation import gettext_lazy as _


class Stage(models.TextChoices):
    """Where a project stands. Breaking ground is an event that leads to `building`."""

    RESERVE = "reserve", _("in reserve")
    NEGOTIATING = "negotiating", _("negotiating")
    SIGNED = "signed", _("signed")
    PREPARING = "preparing", _("preparing")
    BUILDING = "building", _("under construction")
    COMPLETED = "completed", _("completed")
    PRODUCING = "producing", _("in production")
    FULL = "full", _("at full capacity")
    SUSPENDED = "suspended", _("suspended")
    CANCELLED = "cancelled", _("cancelled")
    IDLE = "idle", _("idle")
    CLOSED = "closed", _("closed")
    UNKNOWN = "unknown", _("not stated")


class Family(models.TextChoices):
    """Stages that are summed up together: how far something has come, from light to strong."""

    TALKED = "talked", _("talked about")
    AGREED = "agreed", _("agreed")
    BUILDING = "building", _("being built")
    BUILT = "built", _("built")
    STOPPED = "stopped", _("stopped")
    UNKNOWN = "unknown", _("not stated")


FAMILY: dict[str, Family] = {
    Stage.RESERVE: Family.TALKED,
    Stage.NEGOTIATING: Family.TALKED,
    Stage.SIGNED: Family.AGREED,
    Stage.PREPARING: Family.AGREED,
    Stage.BUILDING: Family.BUILDING,
    Stage.COMPLETED: Family.BUILT,
    Stage.PRODUCING: Family.BUILT,
    Stage.FULL: Family.BUILT,
    Stage.SUSPENDED: Family.STOPPED,
    Stage.CANCELLED: Family.STOPPED,
    Stage.IDLE: Family.STOPPED,
    Stage.CLOSED: Family.STOPPED,
    Stage.UNKNOWN: Family.UNKNOWN,
}

# The order of a life, for sorting; SQL knows the codes only by their alphabet.
ORDER: dict[str, int] = {code: place for place, code in enumerate(Stage.values)}

# The way from talk to full capacity, without the ways out of it.
FUNNEL = [
    Stage.RESERVE,
    Stage.NEGOTIATING,
    Stage.SIGNED,
    Stage.PREPARING,
    Stage.BUILDING,
    Stage.COMPLETED,
    Stage.PRODUCING,
    Stage.FULL,
]

# Before production a deadline is still ahead of a project.
UNFINISHED = [
    Stage.RESERVE,
    Stage.NEGOTIATING,
    Stage.SIGNED,
    Stage.PREPARING,
    Stage.BUILDING,
    Stage.UNKNOWN,
]


# What a city asks about every month: works that are to begin or go on.
DISPATCHED = [Stage.PREPARING, Stage.BUILDING]


class Unusual(models.TextChoices):
    """Why a step asks for a reason."""

    BACK = "back", _("goes back")
    OVER = "over", _("passes over several stages")
    AFTER_END = "after_end", _("goes on after the end")


def unusual_step(life: Iterable[str], after: str) -> Unusual | None:
    """What is unusual about a stage, given those that came before it, the oldest first.

    Passing over one stage is usual, since not every one is reported; two or more are several.
    Work that was suspended goes on from where it was. About “not stated” nothing can be said.
    """
    known = [stage for stage in life if stage != Stage.UNKNOWN]
    if not known or after in (Stage.UNKNOWN, known[-1]):
        return None
    if known[-1] in (Stage.CANCELLED, Stage.CLOSED):
        return Unusual.AFTER_END
    reached = [FUNNEL.index(Stage(stage)) for stage in known if stage in FUNNEL]
    if after not in FUNNEL or not reached:
        return None
    steps = FUNNEL.index(Stage(after)) - reached[-1]
    return Unusual.BACK if steps < 0 else Unusual.OVER if steps > 2 else None


def stages_of(*families: Family) -> list[str]:
    """The codes of the stages in the given families, in the order of a life."""
    return [code for code in Stage.values if FAMILY[code] in families]


def stage_order(field: str) -> models.Case:
    """An expression that sorts by the order of a life."""
    return models.Case(
        *(models.When(**{field: code}, then=models.Value(place)) for code, place in ORDER.items()),
        default=models.Value(len(ORDER)),
        output_field=models.IntegerField(),
    )
