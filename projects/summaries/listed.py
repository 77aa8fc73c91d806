"""A page of the list, found by counting places instead of going through all rows before it."""

from collections.abc import Iterable
from typing import Any

from django.db.models import BooleanField
from django.db.models.expressions import RawSQL

from districts.models import District
from projects.filters import ProjectFilter
from projects.models import Project
from projects.summaries.reading import Kept
from projects.summaries.sql import fetch, listed

# Rows after which only keys are passed over on the way to a page.
NEAR = 1000
# So many rows that are known already are put in order sooner than they are found again.
KNOWN = 20_000


class Listed:
    """The selection of a filter in its order, to be cut into pages."""

    def __init__(self, filterset: ProjectFilter) -> None:
        self.filterset = filterset

    def count(self) -> int:
        return self.filterset.figures.count

    def __len__(self) -> int:
        return self.count()

    def __getitem__(self, part: slice) -> list[Project]:
        """Rows with all that a list shows of them."""
        start, stop, _step = part.indices(self.count())
        rows: Any = self.filterset.selection().for_table()
        ordering = self.filterset.values.get("ordering") or "district"
        figures = self.filterset.figures
        if figures.kept and ordering in ("district", "-district"):
            places, before = window(figures.kept, start, stop, backwards=ordering.startswith("-"))
            rows = rows.filter(district__in=places)
            start, stop = start - before, stop - before
        elif figures.kept is None and figures.walk and figures.walk.count <= KNOWN:
            # They are known already: nothing is searched for again.
            known = RawSQL(f"projects_project.id {figures.walk.keys}", [], BooleanField())
            every = Project.objects.at(self.filterset.as_of_day).for_table()
            rows = self.filterset.ordered(every.filter(known))
        if start >= NEAR or self.filterset.ranked:
            keys = list(rows.values_list("pk", flat=True)[start:stop])
            return list(rows.filter(pk__in=keys))
        return list(rows[start:stop])


def first_places(place: District, number: int) -> list[int]:
    """The places in and below one that hold its first projects, in the order of the tree."""
    return window(Kept([place.pk], place.parent_id is None), 0, number)[0]


def window(kept: Kept, start: int, stop: int, *, backwards: bool = False) -> tuple[list[int], int]:
    """The places of the rows from `start` to `stop`, and how many rows lie before them.

    Goes down the tree a level at a time, and only where the rows may be.
    """
    sign = -1 if backwards else 1
    found: list[int] = []
    first = None
    # Places with the number of rows before them, by the path that orders them.
    level = _counted(kept, "id", kept.places)
    ahead = 0
    open_: list[tuple[str, int, int, int]] = []  # path, place, rows before it, its rows
    for path, place, _parent, count in sorted(level)[::sign]:
        open_.append((path, place, ahead, count))
        ahead += count
    while open_:
        inside = {
            p: row for row in open_ for p in [row[1]] if row[2] < stop and row[2] + row[3] > start
        }
        below: dict[int, list[tuple[str, int, int, int]]] = {}
        for row in _counted(kept, "parent_id", inside):
            below.setdefault(row[2], []).append(row)
        open_ = []
        for place, (_path, _place, ahead, count) in inside.items():
            children = sorted(below.get(place, []))[::sign]
            own = count - sum(row[3] for row in children)
            # A place comes before those below it, or after them.
            for path, key, _parent, many in children if backwards else ():
                open_.append((path, key, ahead, many))
                ahead += many
            if own and ahead < stop and ahead + own > start:
                found.append(place)
                first = ahead if first is None else min(first, ahead)
            ahead += own
            for path, key, _parent, many in () if backwards else children:
                open_.append((path, key, ahead, many))
                ahead += many
    return found, first or 0


def _counted(kept: Kept, column: str, keys: Iterable[int]) -> list[tuple[str, int, int, int]]:
    """Path, place, the one it belongs to, and its number of rows; without those that have none."""
    rows = fetch(
        f"SELECT path, id, parent_id FROM districts_district WHERE {column} IN ({listed(keys)})"
    )
    counts = kept.districts([place for _path, place, _parent in rows]) if rows else {}
    return [(path, pk, parent, counts[pk]) for path, pk, parent in rows if counts.get(pk)]
