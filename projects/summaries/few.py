"""A selection of few projects: their keys are read once, and the rest is counted by them."""

from collections import Counter
from collections.abc import Collection
from decimal import Decimal

from projects.querysets import ProjectQuerySet
from projects.summaries.facts import prefixes
from projects.summaries.reading import Standing
from projects.summaries.sql import MILLIONTHS, fetch, listed, total, whole

# As many projects are read and put in order in the time of one page,
FEW = 4000
# and as many are counted by their keys.
MOST = 20_000


class Few:
    """All projects of a selection with what is counted of them."""

    def __init__(self, rows: ProjectQuerySet) -> None:
        """Reads no more than one project too many: see `enough`."""
        columns = ("pk", "district__path", "at_stage", "at_basis", "kind")
        self._read = list(rows.order_by().values_list(*columns)[: MOST + 1])
        self.enough = len(self._read) <= MOST
        # As a statement lists them.
        self.keys = listed(row[0] for row in self._read) if self.enough else ""

    def standings(self) -> dict[Standing, int]:
        return Counter((stage, basis, kind) for _key, _path, stage, basis, kind in self._read)

    def segments(self) -> dict[int, int]:
        return dict(
            fetch(
                "SELECT segment_id, COUNT(DISTINCT project_id) FROM projects_capacity"
                f" WHERE project_id IN ({self.keys}) AND segment_id IS NOT NULL GROUP BY +segment_id, segment_id"
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
                f" WHERE project_id IN ({self.keys}) GROUP BY +company_id, company_id"
            )
        )

    def capacities(self) -> list[tuple[int, int, bool, Decimal, int]]:
        """Segment, unit, per year, quantity and projects, a phase not beside its whole."""
        by = "c.segment_id, c.unit_id, c.per_year"
        rows = fetch(
            f"SELECT {by}, {total(whole('c.quantity'))}, COUNT(DISTINCT p.id)"
            " FROM projects_project p JOIN projects_capacity c ON c.project_id = p.id"
            f" WHERE p.id IN ({self.keys}) AND c.segment_id IS NOT NULL AND c.quantity IS NOT NULL"
            f" AND {self._unless('projects_capacity w WHERE w.project_id = p.parent_id')}"
            " AND w.segment_id = c.segment_id AND w.unit_id = c.unit_id AND w.quantity IS NOT NULL))"
            f" GROUP BY {by}"
        )
        return [(*made[:2], bool(made[2]), _amount(sum_), n) for *made, sum_, n in rows]

    def investments(self) -> list[tuple[str, Decimal, int]]:
        """Kind, amount and projects, a phase not beside its whole."""
        rows = fetch(
            f"SELECT p.investment_kind, {total(whole('p.investment'))}, COUNT(*)"
            f" FROM projects_project p WHERE p.id IN ({self.keys}) AND p.investment IS NOT NULL"
            f" AND {self._unless('projects_project w WHERE w.id = p.parent_id')}"
            " AND w.investment_kind = p.investment_kind AND w.investment IS NOT NULL))"
            " GROUP BY p.investment_kind"
        )
        return [(kind, _amount(sum_), n) for kind, sum_, n in rows]

    def _unless(self, counted: str) -> str:
        """The beginning of a condition: the whole is selected too, and says the same."""
        return (
            f"(p.parent_id IS NULL OR p.parent_id NOT IN ({self.keys})"
            f" OR NOT EXISTS (SELECT 1 FROM {counted}"
        )


def _amount(millionths: float) -> Decimal:
    return Decimal(int(millionths)).scaleb(-MILLIONTHS)


def add_up(counts: dict[str, int], paths: Collection[str]) -> dict[str, int]:
    """Counts of places by path → those of the places at `paths` with all below them."""
    found = dict.fromkeys(paths, 0)
    for path, count in counts.items():
        for above in prefixes(path):
            if above in found:
                found[above] += count
    return found
