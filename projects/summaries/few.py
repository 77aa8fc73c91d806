"""A selection of few projects, read once and counted in loops."""

from collections import Counter
from collections.abc import Collection
from decimal import Decimal

from projects.querysets import ProjectQuerySet
from projects.summaries.facts import COLUMNS, Counted, parts, prefixes
from projects.summaries.reading import Standing
from projects.summaries.sql import MILLIONTHS

# As many projects are read and counted in the time of one page.
FEW = 4000


class Few:
    """All projects of a selection with what is counted of them."""

    def __init__(self, rows: ProjectQuerySet) -> None:
        """Reads no more than one project too many: see `enough`."""
        self.projects: dict[int, Counted] = {}
        self.paths: Counter[str] = Counter()
        read = rows.order_by().values_list(
            "district__path", "pk", "district_id", "at_stage", "at_basis", *COLUMNS
        )[: FEW + 1]
        for path, *values in read:
            self.projects[values[0]] = Counted.of(values)
            self.paths[path] += 1
        self.enough = len(self.projects) <= FEW
        if self.enough and self.projects:
            parts(self.projects, list(self.projects))

    def standings(self) -> dict[Standing, int]:
        return Counter((p.stage, p.basis, p.kind) for p in self.projects.values())

    def segments(self) -> dict[int, int]:
        return Counter(key for p in self.projects.values() for key in p.segments)

    def places(self, paths: Collection[str]) -> dict[str, int]:
        """Path → projects there and below."""
        return add_up(self.paths, paths)

    def companies(self, most: int, wanted: Collection[int]) -> dict[int, int]:
        return Counter(key for p in self.projects.values() for key in p.companies)

    def capacities(self) -> list[tuple[int, int, bool, Decimal, int]]:
        """Segment, unit, per year, quantity and projects, a phase not beside its whole."""
        sums: dict[tuple[int, int, bool], list[int]] = {}
        for project in self.projects.values():
            whole = self.projects.get(project.parent) if project.parent else None
            stated = {made[:2] for made in whole.made} if whole else set()
            for made, amount in project.made.items():
                if made[:2] not in stated:
                    total = sums.setdefault(made, [0, 0])
                    total[0] += amount
                    total[1] += 1
        return [(*made, Decimal(sum_).scaleb(-MILLIONTHS), n) for made, (sum_, n) in sums.items()]

    def investments(self) -> list[tuple[str, Decimal, int]]:
        """Kind, amount and projects, a phase not beside its whole."""
        sums: dict[str, list[int]] = {}
        for project in self.projects.values():
            whole = self.projects.get(project.parent) if project.parent else None
            if project.invested and not (whole and whole.invested == project.invested):
                total = sums.setdefault(project.invested, [0, 0])
                total[0] += project.investment
                total[1] += 1
        return [(kind, Decimal(sum_).scaleb(-MILLIONTHS), n) for kind, (sum_, n) in sums.items()]


def add_up(counts: dict[str, int], paths: Collection[str]) -> dict[str, int]:
    """Counts of places by path → those of the places at `paths` with all below them."""
    found = dict.fromkeys(paths, 0)
    for path, count in counts.items():
        for above in prefixes(path):
            if above in found:
                found[above] += count
    return found
