"""What of a project is counted, read for several projects at once."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import connection, models

from projects.summaries.sql import MILLIONTHS, among, fetch, listed, whole
from zaozhuang.dates import Precision

# Keys in one query; every database takes that many parameters.
CHUNK = 500
# What is read of a project behind its key, its place, and its stage with the basis.
COLUMNS = [
    *("kind", "parent_id", "source_id", "due", "due_precision"),
    *("investment_kind", "investment"),
]
PRECISIONS = ["", *Precision.values]

Made = tuple[int, int, bool]  # segment, unit, per year


@dataclass
class Counted:
    """One project as it is counted; amounts in millionths of their unit."""

    pk: int
    district: int
    stage: str
    basis: str
    kind: str
    parent: int | None
    source: int | None
    due: int  # see `deadline`
    invested: str  # the kind of investment, blank where no figure is known
    investment: int
    segments: set[int] = field(default_factory=set)
    made: dict[Made, int] = field(default_factory=dict)
    companies: set[int] = field(default_factory=set)
    path: str = ""  # of its district

    @classmethod
    def of(cls, values: Sequence[Any]) -> "Counted":
        """From the values of COLUMNS."""
        *most, due, precision, invested, investment = values
        amount = millionths(investment) if investment is not None else 0
        return cls(*[*most, deadline(due, precision), invested, amount])


@dataclass(frozen=True)
class Place:
    """A district as far as counting is concerned."""

    pk: int
    parent: int | None
    # Its tallies are kept: it has places below it. What has none is counted from its projects.
    inner: bool
    # Some place below it has tallies of its own.
    large: bool


class Tree:
    """Districts with all those that they belong to."""

    def __init__(self, paths: Iterable[str] | None = None) -> None:
        """Reads what the places at the paths need, or the whole tree."""
        statement = (
            "SELECT id, path, parent_id,"
            " EXISTS (SELECT 1 FROM districts_district c WHERE c.parent_id = d.id),"
            " EXISTS (SELECT 1 FROM districts_district c JOIN districts_district g"
            " ON g.parent_id = c.id WHERE c.parent_id = d.id)"
            " FROM districts_district d"
        )
        wanted = sorted({above for path in paths or () for above in prefixes(path)})
        if paths is not None:
            statement += f" WHERE path IN ({', '.join(['%s'] * len(wanted)) or 'NULL'})"
        self._above: dict[int, list[Place]] = {}
        by_path: dict[str, Place] = {}
        keys: dict[str, int] = {}
        for pk, path, parent, inner, large in fetch(statement, wanted):
            by_path[path] = Place(pk, parent, bool(inner), bool(large))
            keys[path] = pk
        for path, pk in keys.items():
            self._above[pk] = [by_path[above] for above in prefixes(path) if above in by_path]

    def above(self, district: int) -> list[Place]:
        """The place and all that contain it, the largest first."""
        return self._above[district]


def plain(model: type[models.Model]) -> "models.QuerySet[Any]":
    """A model's rows without what its own manager adds or watches."""
    rows: models.QuerySet[Any] = models.QuerySet(model)
    return rows


def prefixes(path: str) -> list[str]:
    """`11/1101/` → `11/`, `11/1101/`: the paths of all that contain a place, and its own."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[: at + 1]) + "/" for at in range(len(parts))]


def deadline(due: Any, precision: str) -> int:
    """A date with its precision as one number, 0 for none: `202305315`."""
    return int(str(due)[:10].replace("-", "")) * 10 + PRECISIONS.index(precision) if due else 0


def millionths(value: Decimal) -> int:
    return int(value.scaleb(MILLIONTHS))


def lock(keys: Iterable[Any]) -> None:
    """Lock projects, their phases and what they are phases of, always in one order."""
    if not connection.features.has_select_for_update:
        return
    for chunk in chunks(keys):
        some = listed(chunk)
        # Three look-ups by index; one condition with OR would read all projects.
        fetch(
            "SELECT id FROM projects_project WHERE id IN ("
            f"SELECT id FROM projects_project WHERE id IN ({some})"
            f" UNION ALL SELECT id FROM projects_project WHERE parent_id IN ({some})"
            f" UNION ALL SELECT parent_id FROM projects_project WHERE id IN ({some}))"
            " ORDER BY id FOR NO KEY UPDATE"
        )


def chunks(keys: Iterable[Any]) -> Iterator[list[Any]]:
    ordered = sorted(keys)
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]


def read(keys: Iterable[Any]) -> tuple[dict[int, Counted], Tree]:
    """The projects as they are now, with their phases and what they are phases of."""
    found: dict[int, Counted] = {}
    for chunk in chunks(keys):
        some, values = among(chunk)
        found |= select(f"p.id IN ({some}) OR p.parent_id IN ({some})", [*values, *values])
    above = {project.parent for project in found.values()} - {None} - found.keys()
    for chunk in chunks(above):
        some, values = among(chunk)
        found |= select(f"p.id IN ({some})", values)
    for chunk in chunks(found):
        parts(found, chunk)
    return found, Tree({project.path for project in found.values()})


def select(where: str, values: list[int]) -> dict[int, Counted]:
    """The projects that meet a condition, without their parts."""
    found: dict[int, Counted] = {}
    for row in fetch(
        "SELECT p.id, p.district_id, p.stage, p.stage_basis, p.kind, p.parent_id, p.source_id,"
        f" p.due, p.due_precision, p.investment_kind, {whole('p.investment')}, d.path"
        " FROM projects_project p JOIN districts_district d ON d.id = p.district_id"
        f" WHERE {where}",
        values,
    ):
        *most, due, precision, invested, amount, path = row
        counted = [*most, deadline(due, precision), invested, int(amount or 0)]
        found[row[0]] = Counted(*counted)
        found[row[0]].path = path
    return found


def parts(found: dict[int, Counted], keys: Collection[int]) -> None:
    """Add what those of the projects make and who takes part in them."""
    some, values = among(keys)
    for key, company, segment, unit, per_year, amount in fetch(
        "SELECT project_id, NULL, segment_id, unit_id, per_year,"
        f" {whole('quantity')} FROM projects_capacity"
        f" WHERE project_id IN ({some}) AND segment_id IS NOT NULL"
        " UNION ALL SELECT project_id, company_id, NULL, NULL, NULL, NULL"
        f" FROM projects_participation WHERE project_id IN ({some})",
        [*values, *values],
    ):
        project = found[key]
        if company is not None:
            project.companies.add(company)
            continue
        project.segments.add(segment)
        if amount is not None:
            made = segment, unit, bool(per_year)
            project.made[made] = project.made.get(made, 0) + int(amount)
