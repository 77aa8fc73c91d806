"""What can be asked of stage changes, and the stage of a project, which follows its latest one."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import connection, models, transaction
from django.utils import timezone

from projects.stages import Stage
from zaozhuang.history.entries import holding
from zaozhuang.history.tracking import TrackedQuerySet

if TYPE_CHECKING:
    # ruff does not see the names in the brackets of a base class.
    from projects.models import StageChange

# A project's stage as it is kept beside it: project column → column of its latest event.
KEPT = {
    "stage": "stage",
    "stage_basis": "basis",
    "stage_since": "date",
    "stage_since_precision": "date_precision",
    "stage_observed": "observed",
}
WITHOUT_EVENT = {
    "stage": Stage.UNKNOWN.value,
    "stage_basis": "",
    "stage_since": None,
    "stage_since_precision": "",
    "stage_observed": False,
}
# The latest event first; of two on one day, the one recorded later.
LATEST_FIRST = ("-date", "-pk")


class StageChangeQuerySet(TrackedQuerySet["StageChange"]):
    """Events. Every way to write them in bulk keeps the stage of their projects right."""

    def recent(self) -> "StageChangeQuerySet":
        """What changed last, newest first."""
        return self.select_related("project__district", "source").order_by("-date", "-pk")

    def until(self, day: date | None) -> "StageChangeQuerySet":
        """What had happened by a day; everything where no day is given."""
        return self.filter(date__lte=day) if day else self

    def counting(self) -> "StageChangeQuerySet":
        """Those that stand: no other event has taken their place and none was withdrawn."""
        return self.filter(withdrawn="")

    def struck(self) -> "StageChangeQuerySet":
        """Those that turned out to be mistaken, and no longer count."""
        return self.exclude(withdrawn="")

    def lives(self, projects: Iterable[Any], day: date) -> dict[Any, "list[StageChange]"]:
        """The events of each of the projects up to a day, the oldest first."""
        events = self.filter(project__in=projects, date__lte=day).order_by("date", "pk")
        found: dict[Any, list[StageChange]] = {project: [] for project in projects}
        for event in events:
            found[event.project_id].append(event)
        return found

    def projects_of(self, events: Iterable["StageChange"]) -> set[Any]:
        """The projects that the events name, and those that they belong to in the database."""
        events = list(events)
        if all(event.pk is None for event in events):
            return {event.project_id for event in events}
        stored = self.model.every.filter(pk__in=[event.pk for event in events if event.pk])
        return {event.project_id for event in events} | set(
            stored.values_list("project_id", flat=True)
        )

    def bulk_create(
        self, objs: Iterable["StageChange"], *args: Any, **kwargs: Any
    ) -> "list[StageChange]":
        objs = list(objs)
        with following(self.projects_of(objs)):
            return super().bulk_create(objs, *args, **kwargs)

    def bulk_update(
        self, objs: Iterable["StageChange"], fields: Iterable[str], *args: Any, **kwargs: Any
    ) -> int:
        objs = list(objs)
        with following(self.projects_of(objs)):
            return super().bulk_update(objs, fields, *args, **kwargs)

    def update(self, **kwargs: Any) -> int:
        events = dict(self.values_list("pk", "project_id"))
        projects = set(events.values())
        with following(projects):
            changed = super().update(**kwargs)
            # An event may have moved, by an expression even; then two stages change.
            if {"project", "project_id"} & kwargs.keys():
                moved = self.model.every.filter(pk__in=events)
                projects.update(moved.values_list("project_id", flat=True))
        return changed

    update.alters_data = True  # type: ignore[attr-defined]

    def delete(self) -> tuple[int, dict[str, int]]:
        with following(set(self.values_list("project_id", flat=True))):
            return super().delete()

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]


class CountingManager(models.Manager.from_queryset(StageChangeQuerySet)):
    """The events that count."""

    def get_queryset(self) -> StageChangeQuerySet:
        return super().get_queryset().counting()  # type: ignore[no-any-return]


@contextmanager
def following(projects: set[Any]) -> Iterator[None]:
    """Around a write to the events of some projects, after which their kept stages are right.

    The projects are locked first: of two editors who add an event to one project at the
    same time, the second waits and then sees the first's event. Projects that turn out
    during the write to be affected too may be added to the set.
    """
    from projects.models import Project
    from projects.summaries.facts import lock

    with transaction.atomic():
        lock(projects)
        with holding(Project, projects, connection.alias):
            yield
        refresh_stages(projects)


def refresh_stages(projects: set[Any]) -> int:
    from projects.models import Project
    from projects.summaries.keeping import restaged
    from projects.summaries.stages import kept_and_latest

    before: dict[Any, tuple[str, str]] = {}
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    columns = ", ".join(f"{name} = %s" for name in (*KEPT, "updated_at"))
    statement = f'UPDATE "{Project._meta.db_table}" SET {columns} WHERE id = %s'
    for key, kept, latest in kept_and_latest(projects):
        wanted = latest or tuple(WITHOUT_EVENT.values())
        if kept != wanted:
            with connection.cursor() as cursor:
                cursor.execute(statement, [*wanted, now, key])
            before[key] = kept[0], kept[1]
    restaged(before)
    return len(before)
