"""A selection of few projects: their keys are read once, and the rest is counted by them."""

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

# As many projects are read and put in order in the time of one page,
FEW = 4000
# and as many are counted by their keys.
MOST = 150_000


class Few:
    """All projects of a selection with what is counted of them."""

    def __init__(self, rows: ProjectQuerySet) -> None:
        """Reads no more than one project too many: see `enough`."""
        # As whole numbers: a Decimal for each would take longer than the rest.
        amount = RawSQL(whole("projects_project.investment"), [], BigIntegerField())
        columns = ("pk", "district__path", "at_stage", "at_basis", "kind")
        self._read = list(
            rows.order_by()
            .annotate(_amount=amount)
            .values_list(*columns, "parent", "investment_kind", "_amount")[: MOST + 1]
        )
        self.enough = len(self._read) <= MOST

    @cached_property
    def keys(self) -> str:
        """What follows a key in a condition that it is one of these."""
        return one_of(row[0] for row in self._read)

    def standings(self) -> dict[Standing, int]:
        return Counter((row[2], row[3], row[4]) for row in self._read)

    def segments(self) -> dict[int, int]:
        return dict(
            fetch(
                "SELECT segment_id, COUNT(DISTINCT project_id) FROM projects_capacity"
                f" WHERE project_id {self.keys} AND segment_id IS NOT NULL GROUP BY +segment_id, segment_id"
            )
        )

    def places(self, paths: Collection[str]) -> dict[str, int]:
        """Path → projects there and below."""
        return add_up(Counter(row[1] for row in self._read), paths)

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
        keys = {row[0] for row in self._read}
        if phases := [row[0] for row in self._read if row[5] in keys]:
            inside = self._capacities(
                one_of(phases),
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
        stated = {row[0]: row[6] for row in self._read if row[7] is not None}
        sums: dict[str, list[int]] = {}
        for pk, *_others, parent, kind, amount in self._read:
            if pk in stated and stated.get(parent) != kind:
                sum_ = sums.setdefault(kind, [0, 0])
                sum_[0] += int(amount)
                sum_[1] += 1
        return [(kind, _amount(sum_), n) for kind, (sum_, n) in sums.items()]


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
