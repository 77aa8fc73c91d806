"""What changed: the events of projects and the dates that came due, newest first.

A window of days is compared from its first day to its last, both included: what is listed
happened between the morning of `since` and the evening of `until`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Value
from django.utils.translation import pgettext_lazy

from districts.models import District, Source, Target
from districts.progress import TargetState
from projects.filters import within
from projects.models import Capacity, Project, Segment, StageChange
from projects.querysets import ProjectQuerySet
from projects.stages import FAMILY, ORDER, Family, Stage, stages_of
from zaozhuang.dates import PartialDate, today

# Changes that are read together; bounds the memory of an export.
BATCH = 500
# What a row of the log stands for. Of one day, what came due stands above what happened.
EVENT, DEADLINE, PROMISE = range(3)
# Having been here, a project has kept its deadline, whatever came of it later.
FINISHED = {*stages_of(Family.BUILT), Stage.IDLE, Stage.CLOSED}

Key = tuple[date, int, int]


class Kind(models.TextChoices):
    """What a line of the log says."""

    NEW = "new", pgettext_lazy("change", "new")
    MOVED_ON = "moved_on", pgettext_lazy("change", "moved on")
    FELL_BACK = "fell_back", pgettext_lazy("change", "fell back")
    STOPPED = "stopped", pgettext_lazy("change", "stopped")
    CORRECTED = "corrected", pgettext_lazy("change", "corrected")
    UNCLEAR = "unclear", pgettext_lazy("change", "changed, direction unknown")
    CONFIRMED = "confirmed", pgettext_lazy("change", "seen again")
    DUE = "due", pgettext_lazy("change", "came due")
    OVERDUE = "overdue", pgettext_lazy("change", "came due, result unknown")
    MISSED = "missed", pgettext_lazy("change", "came due, missed")
    TARGET_DUE = "target_due", pgettext_lazy("change", "target came due")
    TARGET_MET = "target_met", pgettext_lazy("change", "target came due, met")
    TARGET_UNKNOWN = "target_unknown", pgettext_lazy("change", "target came due, result unknown")
    TARGET_MISSED = "target_missed", pgettext_lazy("change", "target came due, missed")


OF_TARGET = {
    TargetState.NOT_DUE: Kind.TARGET_DUE,
    TargetState.MET: Kind.TARGET_MET,
    TargetState.UNKNOWN: Kind.TARGET_UNKNOWN,
    TargetState.MISSED: Kind.TARGET_MISSED,
}


def step(before: str, after: str) -> Kind:
    """What the way from one stage to another is called.

    Work that is taken up again after a stop moves on; from or to “not stated” nobody can
    say whether it did.
    """
    if before == after:
        return Kind.CONFIRMED
    if Stage.UNKNOWN in (before, after):
        return Kind.UNCLEAR
    if FAMILY[after] is Family.STOPPED:
        return Kind.STOPPED
    if FAMILY[before] is Family.STOPPED or ORDER[after] > ORDER[before]:
        return Kind.MOVED_ON
    return Kind.FELL_BACK


def kind_of(event: StageChange, life: Sequence[StageChange]) -> Kind:
    """What an event was in the life of its project, which holds all events by (date, pk).

    The earliest event is new, whenever it was recorded, so that the projects tracked before
    a window and the new ones in it add up to those tracked after it. A correction is an
    event with which the record of the past was changed: when it was recorded, the project
    already had an event for the same or a later day. Anything else is a step.
    """
    place = life.index(event)
    if place == 0:
        return Kind.NEW
    before = life[place - 1]
    if before.date == event.date or any(other.pk < event.pk for other in life[place + 1 :]):
        return Kind.CORRECTED
    return step(before.stage, event.stage)


def outcome(due: date, life: Sequence[StageChange], day: date) -> Kind:
    """What can honestly be said, on a later day, of a project's deadline.

    Kept when the project was finished by then; also when it was only *seen* finished
    later, because that does not say since when. Missed when it is known to have been
    finished later or to have been given up. Silence is not failure.
    """
    done = [event for event in life if event.stage in FINISHED and event.date <= day]
    if done:
        return Kind.MISSED if done[0].date > due and not done[0].observed else Kind.DUE
    last = [event for event in life if event.date <= day][-1:]
    if last and last[0].family is Family.STOPPED:
        return Kind.MISSED
    return Kind.OVERDUE if due < day else Kind.DUE


@dataclass(frozen=True)
class Change:
    """One line of the log.

    `record` is what it rests on: the event, or the project or target whose date came due.
    `basis` is that of the event or of the date; the stages of a deadline are those on its
    last day and on the last day compared. Blank stages: none was known, or it is a target.
    """

    kind: Kind
    moment: PartialDate
    district: District
    record: StageChange | Project | Target
    basis: str
    from_stage: str = ""
    from_basis: str = ""
    to_stage: str = ""
    to_basis: str = ""

    @property
    def project(self) -> Project | None:
        match self.record:
            case StageChange():
                return self.record.project
            case Project():
                return self.record
            case _:
                return None

    @property
    def target(self) -> Target | None:
        return self.record if isinstance(self.record, Target) else None

    @property
    def event(self) -> StageChange | None:
        return self.record if isinstance(self.record, StageChange) else None

    @property
    def subject(self) -> Project | Target:
        return self.record.project if isinstance(self.record, StageChange) else self.record

    @property
    def source(self) -> Source | None:
        return self.record.source

    @property
    def identifier(self) -> str:
        """A name that stays as long as the record does: `event-12`, `project-3`, `target-4`."""
        what = {StageChange: "event", Project: "project", Target: "target"}[type(self.record)]
        return f"{what}-{self.record.pk}"

    @property
    def recorded(self) -> datetime | None:
        """When an event was entered; a date that comes due is not entered on that day."""
        return self.event.recorded_at if self.event else None

    @property
    def from_chip(self) -> tuple[str, str, str]:
        return _chip(self.from_stage)

    @property
    def to_chip(self) -> tuple[str, str, str]:
        return _chip(self.to_stage)


def _chip(stage: str) -> tuple[str, str, str]:
    """Code, family and label of a stage, for the chip that shows it."""
    return stage, FAMILY[stage], str(Stage(stage).label)


@dataclass
class DistrictTotals:
    """What changed in one district, by kind, between the projects tracked before and after."""

    district: District
    before: int = 0
    after: int = 0
    kinds: Counter[Kind] = field(default_factory=Counter)


@dataclass(frozen=True)
class Log:
    """The changes of a selection of places and segments between two days.

    Without a last day it goes up to today; without a first one it goes back to the
    beginning. Places contain those below them. Promises of a place belong to no segment,
    so a choice of segments leaves them out.
    """

    since: date | None = None
    until: date | None = None
    districts: Sequence[District] = ()
    segments: Sequence[Segment] = ()

    @property
    def last(self) -> date:
        return self.until or today()

    @property
    def judged(self) -> date:
        """The day on which deadlines are judged: nothing has come due in the future."""
        return min(self.last, today())

    def _of_projects(self, path: str) -> Q:
        """The condition on the projects that are reached by `path`."""
        own = Capacity.objects.filter(
            project=OuterRef(f"{path}pk"), segment__in=[segment.pk for segment in self.segments]
        )
        condition = within(self.districts, f"{path}district__")
        return condition & Q(Exists(own)) if self.segments else condition

    def _days(self, column: str, last: date) -> Q:
        days = Q(**{f"{column}__lte": last})
        return days & Q(**{f"{column}__gte": self.since}) if self.since else days

    def parts(self) -> list[tuple[QuerySet[Any], str, int]]:
        """The records of each sort, the column with their day, and the sort."""
        events = StageChange.objects.filter(
            self._of_projects("project__"), self._days("date", self.last)
        )
        deadlines = Project.objects.at(self.last).filter(
            self._of_projects(""), self._days("due", self.judged)
        )
        promises = Target.objects.industry().filter(
            within(self.districts), self._days("due", self.judged)
        )
        if self.segments:
            promises = promises.none()
        return [
            (events, "date", EVENT),
            (deadlines, "due", DEADLINE),
            (promises, "due", PROMISE),
        ]

    def keys(self) -> Any:
        """Day, sort and key of every line, newest first: a queryset to count, slice and iterate."""
        parts = [
            rows.order_by()
            .annotate(
                day=F(column), what=Value(what, output_field=models.IntegerField()), key=F("pk")
            )
            .values_list("day", "what", "key")
            for rows, column, what in self.parts()
        ]
        return parts[0].union(*parts[1:], all=True).order_by("-day", "-what", "-key")

    def read(self, keys: Iterable[Key]) -> list[Change]:
        """The lines of some keys, in a fixed number of queries."""
        keys = list(keys)
        chosen = {sort: [key for _day, what, key in keys if what == sort] for sort in range(3)}
        events = StageChange.objects.select_related("project__district", "source").in_bulk(
            chosen[EVENT]
        )
        projects = (
            Project.objects.at(self.last)
            .select_related("district", "source")
            .in_bulk(chosen[DEADLINE])
        )
        promises = Target.objects.for_list().filter(pk__in=chosen[PROMISE]).measured(self.judged)
        targets = {target.pk: target for target in promises}
        lives: dict[int, list[StageChange]] = {}
        owners = {event.project_id for event in events.values()} | projects.keys()
        for event in StageChange.objects.filter(project__in=owners).order_by("date", "pk"):
            lives.setdefault(event.project_id, []).append(event)
        found = []
        for _day, what, key in keys:
            if what == EVENT:
                found.append(_event(events[key], lives[events[key].project_id]))
            elif what == DEADLINE:
                life = [event for event in lives[key] if event.date <= self.last]
                found.append(_deadline(projects[key], life, self.judged))
            else:
                found.append(_promise(targets[key]))
        return found

    def __iter__(self) -> Iterator[Change]:
        """All lines, read in batches."""
        keys = self.keys().iterator(BATCH)
        while batch := list(islice(keys, BATCH)):
            yield from self.read(batch)

    def totals(self) -> list[DistrictTotals]:
        """The districts in which something changed, in the order of the tree."""
        found: dict[int, DistrictTotals] = {}
        for change in self:
            row = found.setdefault(change.district.pk, DistrictTotals(change.district))
            row.kinds[change.kind] += 1
        earlier = self.since is not None and self.since > date.min
        before = self._tracked(self.since - timedelta(1)) if earlier and self.since else {}
        after = self._tracked(self.last)
        for pk, row in found.items():
            row.before, row.after = before.get(pk, 0), after.get(pk, 0)
        return sorted(found.values(), key=lambda row: row.district.path)

    def _tracked(self, day: date) -> dict[int, int]:
        """District → how many of its projects were known on a day."""
        rows: ProjectQuerySet = Project.objects.at(day).filter(self._of_projects(""))
        return dict(rows.order_by().values_list("district").annotate(Count("pk")))


def _event(event: StageChange, life: Sequence[StageChange]) -> Change:
    place = life.index(event)
    before = life[place - 1] if place else None
    return Change(
        kind=kind_of(event, life),
        moment=event.when,
        district=event.project.district,
        record=event,
        basis=event.basis,
        from_stage=before.stage if before else "",
        from_basis=before.basis if before else "",
        to_stage=event.stage,
        to_basis=event.basis,
    )


def _deadline(project: Project, life: Sequence[StageChange], day: date) -> Change:
    assert project.due is not None
    assert project.deadline is not None
    then = [event for event in life if event.date <= project.due][-1:]
    return Change(
        kind=outcome(project.due, life, day),
        moment=project.deadline,
        district=project.district,
        record=project,
        basis=project.due_basis,
        from_stage=then[0].stage if then else "",
        from_basis=then[0].basis if then else "",
        to_stage=project.at_stage,
        to_basis=project.at_basis,
    )


def _promise(target: Target) -> Change:
    assert target.deadline is not None
    return Change(
        kind=OF_TARGET[target.progress.state],
        moment=target.deadline,
        district=target.district,
        record=target,
        basis=target.due_basis,
    )
