"""Counts and sums of what a filter selects, from wherever they cost least.

What is kept answers filters by place, stage, segment, kind and basis. Else the projects are
gone through once for all figures, and of very many each figure is counted by the database.
"""

from collections.abc import Collection
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import Count

from districts.models import District
from projects.filters import ProjectFilter
from projects.models import Participation, Project
from projects.querysets import ProjectQuerySet
from projects.summaries.reading import Kept, Places, Standing
from projects.summaries.walk import Walk, add_up

# Parameters of which nothing is kept.
NOT_KEPT = ["q", "company", "due_after", "due_before", "as_of"]


class Figures:
    """Of the selection of a valid filter; `without` leaves out one parameter, as facets do."""

    def __init__(self, filterset: ProjectFilter, without: str = "") -> None:
        self.filterset, self.without = filterset, without

    def but(self, name: str) -> "Figures":
        """The same without one parameter, or itself where that is not given."""
        return Figures(self.filterset, name) if self.filterset.chosen[name] else self

    @cached_property
    def rows(self) -> ProjectQuerySet:
        return self.filterset.selection(self.without, in_order=False)

    def _values(self, name: str) -> Any:
        return self.filterset.values.get(name) if name != self.without else None

    @cached_property
    def places(self) -> Places:
        whole = self.filterset.figures
        if self is not whole and self.without != "district":
            return whole.places
        return Places.of(self._values("district") or [])

    @cached_property
    def kept(self) -> Kept | None:
        """The tallies, where they can answer: few places, and no more than one segment."""
        if any(self._values(name) for name in NOT_KEPT) or not self.filterset.is_valid():
            return None
        segments = self._values("segment") or []
        if len(segments) > 1 or self.places.leaves:
            return None
        return Kept(
            self.places.keys,
            self.places.roots,
            segments[0].pk if segments else 0,
            *(list(self._values(name) or []) for name in ("stage", "basis", "kind")),
        )

    @cached_property
    def walk(self) -> Walk | None:
        walk = Walk(self.rows)
        return walk if walk.complete else None

    # Each is asked of what is kept, then of a walk through the projects, then of the database.

    @cached_property
    def standings(self) -> dict[Standing, int]:
        """Stage, basis and kind → number of projects."""
        if self.kept:
            return self.kept.standings()
        if self.walk:
            return self.walk.standings()
        rows: Any = self.rows
        groups = rows.values_list("at_stage", "at_basis", "kind").annotate(Count("pk"))
        return {(stage, basis, kind): count for stage, basis, kind, count in groups}

    @cached_property
    def count(self) -> int:
        return sum(self.standings.values())

    def segments(self) -> dict[int, int]:
        """Segment → number of projects that have it."""
        found = self.kept.segments() if self.kept else None
        if found is None and self.walk:
            found = self.walk.segments()
        if found is None:
            rows = self.rows.filter(capacities__segment__isnull=False)
            found = dict(
                rows.values_list("capacities__segment").annotate(Count("pk", distinct=True))
            )
        return found

    def districts(self, places: Collection[District]) -> dict[int, int]:
        """Place → number of projects there and below, for the places."""
        if self.kept:
            return self.kept.districts([place.pk for place in places])
        paths = {place.path: place.pk for place in places}
        if self.walk:
            counts = self.walk.places(paths)
        else:
            groups = self.rows.values_list("district__path").annotate(Count("pk"))
            counts = add_up(dict(groups), paths)
        return {paths[path]: count for path, count in counts.items()}

    def companies(self, most: int, wanted: Collection[int]) -> dict[int, int]:
        """Company → number of projects: at least the `most` with most, and those wanted."""
        found = self.kept.companies(most, wanted) if self.kept else None
        if found is None and self.walk:
            found = self.walk.companies()
        if found is None:
            taking_part = Participation.objects.filter(project__in=self.rows.values("pk"))
            found = dict(
                taking_part.order_by()
                .values_list("company")
                .annotate(Count("project", distinct=True))
            )
        return found

    def capacities(self) -> list[tuple[int, int, bool, Decimal, int]] | None:
        """Segment, unit, per year, quantity and projects; None where the database is to add up."""
        found = self.kept.capacities() if self.kept else None
        return self.walk.capacities() if found is None and self.walk else found

    def investments(self) -> list[tuple[str, Decimal, int]] | None:
        """Kind, amount and projects; None where the database is to add up."""
        if self.kept:
            return self.kept.investments(Project.InvestmentKind.values)
        return self.walk.investments() if self.walk else None
