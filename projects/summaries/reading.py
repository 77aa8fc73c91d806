"""Answering from what is kept: counts and sums of a selection without going through its projects.

`Kept` answers for selections by place, segment, stage, basis and kind; what else a reader asks
is counted from the projects.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from districts.models import District
from projects.summaries.counting import CAPACITY, NOBODY
from projects.summaries.facts import plain
from projects.summaries.sql import MILLIONTHS, fetch, listed, total

Standing = tuple[str, str, str]


@dataclass(frozen=True)
class Places:
    """Places of a selection that do not contain each other, with what is to be known of them."""

    keys: list[int]
    # Some have no places below them: they have no tallies.
    leaves: bool
    roots: bool

    @classmethod
    def of(cls, districts: Iterable[District]) -> "Places":
        """The districts without those inside others; all roots where none is given."""
        chosen = list(districts)
        if not chosen:
            return cls.everything()
        outer = [
            place
            for place in chosen
            if not any(place.path.startswith(o.path) and place.pk != o.pk for o in chosen)
        ]
        keys = [place.pk for place in outer]
        return cls(keys, len(inner(keys)) < len(keys), all(p.parent_id is None for p in outer))

    @classmethod
    def everything(cls) -> "Places":
        """All roots."""
        rows = fetch(
            "SELECT id, EXISTS (SELECT 1 FROM districts_district c WHERE c.parent_id = d.id)"
            " FROM districts_district d WHERE parent_id IS NULL ORDER BY path"
        )
        return cls([key for key, _inner in rows], not all(inner for _key, inner in rows), True)


def inner(keys: Collection[int]) -> set[int]:
    """Those of the places that have places below them, and so tallies of their own."""
    rows = plain(District).filter(parent__in=keys).order_by()
    return set(rows.values_list("parent", flat=True).distinct())


@dataclass
class Kept:
    """A selection of which all is kept."""

    places: list[int]
    roots: bool
    segment: int = 0
    stages: list[str] = field(default_factory=list)
    bases: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    # Places with their number of projects, so that the choices need not ask what the page has asked.
    counted: dict[int, int] = field(default_factory=dict, init=False)

    def standings(self) -> dict[Standing, int]:
        """Stage, basis and kind → number of projects."""
        rows = self._rows(
            "stage, basis, kind, SUM(projects)", "stage, basis, kind", [""], 0, self.segment
        )
        return {(stage, basis, kind): count for stage, basis, kind, count in rows}

    def segments(self) -> dict[int, int] | None:
        """Segment → number of projects that have it; None where that is not kept."""
        if self.segment and not self.roots:
            return None
        rows = self._rows("segment, SUM(projects)", "segment", [""], self.segment, None)
        found = {segment: count for segment, count in rows if segment}
        if self.segment:
            found[self.segment] = sum(self.standings().values())
        return found

    def districts(self, keys: Collection[int]) -> dict[int, int]:
        """How many projects each of the places has, wherever the selection looks."""
        if unknown := set(keys) - self.counted.keys():
            self.counted |= dict.fromkeys(unknown, 0) | self._count(unknown)
        return {key: self.counted[key] for key in keys if self.counted[key]}

    def _count(self, keys: set[int]) -> dict[int, int]:
        rows = self._rows("place, SUM(projects)", "place", [""], 0, self.segment, places=keys)
        found: dict[int, int] = dict(rows)
        # What has no tally lies at the bottom of the tree, or has no projects.
        if others := keys - found.keys():
            found.update(self._at_leaves(others))
        return found

    def _at_leaves(self, keys: Collection[int]) -> list[Any]:
        where, values = self._projects()
        where.append(f"p.district_id IN ({listed(keys)})")
        return fetch(
            "SELECT p.district_id, COUNT(*) FROM projects_project p"
            f" WHERE {' AND '.join(where)} GROUP BY p.district_id",
            values,
        )

    def companies(self, most: int, wanted: Collection[int]) -> dict[int, int]:
        """The companies with most projects, and those wanted.

        They are kept for one choice; where several meet, the projects are gone through.
        """
        choice = self._single()
        if choice:
            return largest(*choice, most, wanted)
        found = dict(self._taking_part(f"ORDER BY 2 DESC, 1 LIMIT {int(most)}"))
        if missing := set(wanted) - found.keys():
            found |= dict(self._taking_part("", f" AND t.company_id IN ({listed(missing)})"))
        return found

    def _taking_part(self, order: str, more: str = "") -> list[Any]:
        where, values = self._projects()
        if not self.roots or len(self.places) < _roots():
            below = fetch(
                "SELECT d.id FROM districts_district d JOIN districts_district above"
                " ON substr(d.path, 1, length(above.path)) = above.path"
                f" WHERE above.id IN ({listed(self.places)})"
            )
            where.append(f"p.district_id IN ({listed(key for (key,) in below)})")
        # Twice, as PostgreSQL sorts all participations to count what is distinct in them.
        return fetch(
            "SELECT company_id, COUNT(*) FROM (SELECT DISTINCT t.company_id, p.id"
            " FROM projects_project p JOIN projects_participation t ON t.project_id = p.id"
            f" WHERE {' AND '.join(where)}{more}) AS taking_part GROUP BY company_id {order}",
            values,
        )

    def _projects(self) -> tuple[list[str], list[Any]]:
        """What projects `p` are selected, wherever they are, as conditions with their values."""
        where, values = ["1 = 1"], list[Any]()
        self._standing(
            where, values, {"stage": "p.stage", "basis": "p.stage_basis", "kind": "p.kind"}
        )
        if self.segment:
            where.append(
                "EXISTS (SELECT 1 FROM projects_capacity c WHERE c.project_id = p.id"
                f" AND c.segment_id = {int(self.segment)})"
            )
        return where, values

    def _single(self) -> tuple[str, str] | None:
        """The one choice that makes the selection; blank where it is everything."""
        chosen = [
            *(("stage", stage) for stage in self.stages),
            *(("basis", basis) for basis in self.bases),
            *(("kind", kind) for kind in self.kinds),
        ]
        if self.segment:
            chosen.append(("segment", str(self.segment)))
        if not self.roots:
            large = fetch(
                "SELECT 1 FROM districts_district d JOIN districts_district above"
                f" ON above.id = d.parent_id WHERE above.parent_id IN ({listed(self.places)}) LIMIT 1"
            )
            if len(self.places) > 1 or not large:
                return None
            chosen.append(("district", str(self.places[0])))
        elif len(self.places) > 1 and len(self.places) < _roots():
            return None
        if not chosen:
            return "", ""
        return chosen[0] if len(chosen) == 1 else None

    def capacities(self) -> list[tuple[int, int, bool, Decimal, int]] | None:
        """Segment, unit, per year, quantity and number of projects; None where that is not kept."""
        if self.segment and not self.roots:
            return None
        parts: list[tuple[int, int | None]] = [(0, self.segment or None)]
        if self.segment:
            parts.append((self.segment, None))
        return [(*key, *total) for key, total in self._summed([CAPACITY], parts).items()]

    def investments(self, kinds: Iterable[str]) -> list[tuple[str, Decimal, int]]:
        """Kind, amount and number of projects."""
        sums = self._summed(kinds, [(0, self.segment)])
        return [(kind, *total) for kind, total in sums.items()]

    def _summed(
        self, figures: Iterable[str], parts: list[tuple[int, int | None]]
    ) -> dict[Any, tuple[Decimal, int]]:
        """Sums of capacity by segment, unit and per year, or of investments by their kind.

        Without what is counted in a whole already. A part is what lies in one segment, or in
        all, of projects that have another one.
        """
        capacity = list(figures) == [CAPACITY]
        by = "segment, unit, per_year" if capacity else "figure"
        what = f"{by}, {total('amount')}, SUM(projects)"
        sums: dict[Any, list[int]] = {}
        for sign, table in ((1, "projects_tally"), (-1, "projects_overlap")):
            for having, segment in parts:
                for row in self._rows(what, by, figures, having, segment, table=table):
                    key = (row[0], row[1], bool(row[2])) if capacity else row[0]
                    there = sums.setdefault(key, [0, 0])
                    there[0] += sign * int(row[-2])
                    there[1] += sign * int(row[-1])
        return {
            key: (Decimal(amount).scaleb(-MILLIONTHS), count)
            for key, (amount, count) in sums.items()
            if count
        }

    def _rows(
        self,
        what: str,
        by: str,
        figures: Iterable[str],
        having: int,
        segment: int | None,
        *,
        places: Collection[int] = (),
        table: str = "projects_tally",
    ) -> list[Any]:
        here = listed(places or self.places)
        values: list[Any] = [*figures]
        marks = ", ".join(["%s"] * len(values))
        where = [f"place IN ({here})", f"figure IN ({marks})", f'"having" = {int(having)}']
        if segment is not None:
            where.append(f"segment = {int(segment)}")
        own = {"stage": "stage", "basis": "basis", "kind": "kind"}
        self._standing(where, values, own)
        if table == "projects_overlap":
            where.append(f"above_place IN ({here})")
            self._standing(where, values, {name: f"above_{name}" for name in own})
        return fetch(
            f"SELECT {what} FROM {table} WHERE {' AND '.join(where)} GROUP BY {by}"
            " HAVING SUM(projects) <> 0",
            values,
        )

    def _standing(self, where: list[str], values: list[Any], names: dict[str, str]) -> None:
        for name, chosen in (("stage", self.stages), ("basis", self.bases), ("kind", self.kinds)):
            if chosen:
                where.append(f"{names[name]} IN ({', '.join(['%s'] * len(chosen))})")
                values += chosen


def largest(facet: str, choice: str, most: int, wanted: Collection[int]) -> dict[int, int]:
    """The companies with most projects of a choice, and those wanted → how many projects.

    What has changed since the tally was merged is added to it; any company that it does not
    name has in the tally what it has.
    """
    at = [facet, choice]
    changed = dict(
        fetch(
            "SELECT company, SUM(projects) FROM projects_companychange"
            f" WHERE facet = %s AND choice = %s AND company <> {NOBODY} GROUP BY company",
            at,
        )
    )
    found = dict(
        fetch(
            "SELECT company, projects FROM projects_companytally"
            f" WHERE facet = %s AND choice = %s AND projects > 0 AND company <> {NOBODY}"
            f" ORDER BY projects DESC, company LIMIT {most + len(changed)}",
            at,
        )
    )
    if missing := {*changed, *wanted} - found.keys():
        found |= dict(
            fetch(
                "SELECT company, projects FROM projects_companytally"
                f" WHERE facet = %s AND choice = %s AND company IN ({listed(missing)})",
                at,
            )
        )
    for company, count in changed.items():
        found[company] = found.get(company, 0) + int(count)
    return found


def _roots() -> int:
    return plain(District).filter(parent=None).count()
