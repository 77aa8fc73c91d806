"""A selection of which nothing is kept: its projects are gone through once for all its figures."""

from array import array
from collections import Counter
from collections.abc import Collection
from decimal import Decimal
from functools import cached_property

from django.db.models import BigIntegerField
from django.db.models.expressions import RawSQL

from projects.querysets import ProjectQuerySet
from projects.summaries.facts import prefixes
from projects.summaries.reading import Standing
from projects.summaries.sql import MILLIONTHS, fetch, one_of, total, whole

# So many projects are looked at one after another in less time than the database takes to count them
# for each figure anew.
MOST = 400_000
# Rows that are fetched at once.
TOGETHER = 2000


class Walk:
    """What the projects of a selection add up to; each is looked at once."""

    def __init__(self, rows: ProjectQuerySet) -> None:
        """Looks at no more than there may be: see `complete`."""
        self._keys = array("q")
        self._standings: Counter[Standing] = Counter()
        self._paths: Counter[str] = Counter()
        # Kind → amount and projects; and those that are phases, with their wholes.
        self._invested: dict[str, list[int]] = {}
        self._phases: list[tuple[int, int, str, int | None]] = []
        # As whole numbers: a Decimal for each would take longer than the rest.
        amount = RawSQL(whole("projects_project.investment"), [], BigIntegerField())
        columns = ("pk", "district__path", "at_stage", "at_basis", "kind")
        read = (
            rows.order_by()
            .annotate(_amount=amount)
            .values_list(*columns, "parent", "investment_kind", "_amount")[: MOST + 1]
        )
        for row in read.iterator(TOGETHER):
            self._add(*row)
        self.count = len(self._keys)
        self.complete = self.count <= MOST

    def _add(
        self,
        key: int,
        path: str,
        stage: str,
        basis: str,
        kind: str,
        parent: int | None,
        invested: str,
        amount: int | None,
    ) -> None:
        self._keys.append(key)
        self._paths[path] += 1
        self._standings[stage, basis, kind] += 1
        if amount is not None:
            sums = self._invested.setdefault(invested, [0, 0])
            sums[0] += int(amount)
            sums[1] += 1
        if parent is not None:
            self._phases.append((key, parent, invested, amount))

    @cached_property
    def keys(self) -> str:
        """What follows a key in a condition that it is one of these."""
        return one_of(self._keys)

    @cached_property
    def _inside(self) -> list[tuple[int, int, str, int | None]]:
        """The phases whose wholes are selected too."""
        selected = {phase[1] for phase in self._phases}.intersection(self._keys)
        return [phase for phase in self._phases if phase[1] in selected]

    def standings(self) -> dict[Standing, int]:
        return self._standings

    def segments(self) -> dict[int, int]:
        return dict(
            fetch(
                "SELECT segment_id, COUNT(DISTINCT project_id) FROM projects_capacity"
                f" WHERE project_id {self.keys} AND segment_id IS NOT NULL GROUP BY +segment_id, segment_id"
            )
        )

    def places(self, paths: Collection[str]) -> dict[str, int]:
        """Path → projects there and below."""
        return add_up(self._paths, paths)

    def companies(self) -> dict[int, int]:
        # The sign changes no number, but SQLite then goes by the projects, not by the companies.
        return dict(
            fetch(
                "SELECT company_id, COUNT(DISTINCT project_id) FROM projects_participation"
                f" WHERE project_id {self.keys} GROUP BY +company_id, company_id"
            )
        )

    def capacities(self) -> list[tuple[int, int, bool, Decimal, int]]:
        """Segment, unit, per year, quantity and projects, a phase not beside its whole."""
        sums = self._capacities(self.keys)
        if self._inside:
            inside = self._capacities(
                one_of(phase[0] for phase in self._inside),
                " AND EXISTS (SELECT 1 FROM projects_project p JOIN projects_capacity w"
                " ON w.project_id = p.parent_id WHERE p.id = c.project_id"
                " AND w.segment_id = c.segment_id AND w.unit_id = c.unit_id"
                " AND w.quantity IS NOT NULL)",
            )
            for key, (amount, count) in inside.items():
                sums[key] = sums[key][0] - amount, sums[key][1] - count
        return [(*key, _amount(sum_), n) for key, (sum_, n) in sums.items() if n]

    def _capacities(
        self, keys: str, more: str = ""
    ) -> dict[tuple[int, int, bool], tuple[int, int]]:
        by = "c.segment_id, c.unit_id, c.per_year"
        rows = fetch(
            f"SELECT {by}, {total(whole('c.quantity'))}, COUNT(DISTINCT c.project_id)"
            f" FROM projects_capacity c WHERE c.project_id {keys}"
            f" AND c.segment_id IS NOT NULL AND c.quantity IS NOT NULL{more} GROUP BY {by}"
        )
        return {(*made[:2], bool(made[2])): (int(sum_), n) for *made, sum_, n in rows}

    def investments(self) -> list[tuple[str, Decimal, int]]:
        """Kind, amount and projects, a phase not beside its whole."""
        sums = {kind: (amount, count) for kind, (amount, count) in self._invested.items()}
        stated = dict(self._stated()) if self._inside else {}
        for _key, parent, kind, amount in self._inside:
            if amount is not None and stated.get(parent) == kind:
                sums[kind] = sums[kind][0] - int(amount), sums[kind][1] - 1
        return [(kind, _amount(sum_), n) for kind, (sum_, n) in sums.items() if n]

    def _stated(self) -> list[tuple[int, str]]:
        """The wholes whose investment is known, with its kind."""
        return fetch(
            "SELECT id, investment_kind FROM projects_project WHERE investment IS NOT NULL"
            f" AND id {one_of({phase[1] for phase in self._inside})}"
        )


def _amount(millionths: int) -> Decimal:
    return Decimal(millionths).scaleb(-MILLIONTHS)


def add_up(counts: dict[str, int], paths: Collection[str]) -> dict[str, int]:
    """Counts of places by path → those of the places at `paths` with all below them."""
    found = dict.fromkeys(paths, 0)
    for path, count in counts.items():
        for above in prefixes(path):
            if above in found:
                found[above] += count
    return found
