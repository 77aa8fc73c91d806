"""Reported counts against tracked ones: 6 are reported under construction, 3 are known by name."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count

from districts.models import District, Reading, Target
from projects.models import Project
from projects.stages import Stage
from projects.summaries.standing import dues_of, stage_counts


@dataclass(frozen=True)
class Reconciled:
    """One reported or promised number of projects beside the tracked number."""

    figure: Reading | Target
    reported: int
    tracked: int
    stage: str
    due: str = ""

    @property
    def unnamed(self) -> int:
        """How many have no name yet; the tracker does not invent them."""
        return max(self.reported - self.tracked, 0)

    @property
    def stage_label(self) -> str:
        return str(Stage(self.stage).label)


def reported_and_tracked(place: District, as_of: date | None) -> list[Reconciled]:
    """Every count of projects by stage that is reported or promised in or below a place.

    A reading is compared with the projects at that stage on the day; a promise to complete
    a number of projects with the projects that are due by the same date. Two queries for
    each kind, however many figures there are.
    """
    readings = (
        Reading.objects.industry()
        .filter(district__path__startswith=place.path)
        .exclude(indicator__counts_stage="")
    )
    targets = (
        Target.objects.industry()
        .filter(district__path__startswith=place.path, value__isnull=False)
        .exclude(indicator__counts_stage="")
    )
    if as_of:
        readings = readings.filter(period__lte=as_of)
    latest: dict[tuple[int, int], Reading] = {}
    for reading in readings.select_related("district", "indicator__unit", "source").order_by(
        "period", "pk"
    ):
        latest[reading.district_id, reading.indicator_id] = reading
    promises = list(
        targets.select_related("district", "indicator__unit", "source").order_by("due", "pk")
    )
    tracked: Iterable[tuple[Any, ...]]
    due: Iterable[tuple[Any, ...]]
    if as_of is None:
        figures: list[Reading | Target] = [*latest.values(), *promises]
        paths = {figure.district_id: figure.district.path for figure in figures}
        tracked = [(paths[key], stage, n) for key, stage, n in stage_counts(paths)]
        due = [(paths[key], day, precision, n) for key, day, precision, _stage, n in dues_of(paths)]
    else:
        rows = Project.objects.at(as_of).in_district(place).order_by()
        tracked = list(rows.values_list("district__path", "at_stage").annotate(Count("pk")))
        dated = rows.filter(due__isnull=False)
        due = [
            (path, day.isoformat(), precision, n)
            for path, day, precision, n in dated.values_list(
                "district__path", "due", "due_precision"
            ).annotate(Count("pk"))
        ]

    def inside(path: str, figure: Reading | Target) -> bool:
        """Today the places themselves are counted, with all below them."""
        above = figure.district.path
        return path.startswith(above) if as_of else path == above

    found = []
    for reading in latest.values():
        stage = reading.indicator.counts_stage
        count = sum(int(n) for path, at, n in tracked if at == stage and inside(path, reading))
        found.append(Reconciled(reading, int(reading.value), count, stage))
    for target in promises:
        moment = (target.due.isoformat() if target.due else None, target.due_precision)
        count = sum(
            int(n)
            for path, day, precision, n in due
            if (day, precision) == moment and inside(path, target)
        )
        assert target.value is not None
        found.append(
            Reconciled(target, int(target.value), count, target.indicator.counts_stage, "due")
        )
    return found
