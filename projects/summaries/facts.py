"""What of a project is counted, read for several projects at once."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import connection, models
from django.db.models import Exists, OuterRef, Q

from districts.models import District
from projects.models import Capacity, Participation, Project
from zaozhuang.dates import Precision

# Keys in one query; every database takes that many parameters.
CHUNK = 500
MILLIONTHS = 6

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
        rows = plain(District).order_by("path")
        if paths is not None:
            rows = rows.filter(path__in={above for path in paths for above in prefixes(path)})
        below = plain(District).filter(parent=OuterRef("pk"))
        further = plain(District).filter(parent__parent=OuterRef("pk"))
        self.places: dict[int, Place] = {}
        self._above: dict[int, list[Place]] = {}
        by_path: dict[str, Place] = {}
        for pk, path, parent, inner, large in rows.values_list(
            "pk", "path", "parent", Exists(below), Exists(further)
        ):
            place = Place(pk, parent, inner, large)
            by_path[path] = self.places[pk] = place
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
        wholes = plain(Project).filter(pk__in=chunk, parent__isnull=False)
        above = list(wholes.order_by().values_list("parent", flat=True))
        rows = plain(Project).filter(Q(pk__in=[*chunk, *above]) | Q(parent__in=chunk))
        list(rows.order_by("pk").select_for_update(no_key=True).values_list("pk"))


def chunks(keys: Iterable[Any]) -> Iterator[list[Any]]:
    ordered = sorted(keys)
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]


def read(keys: Iterable[Any], *, relatives: bool = True) -> tuple[dict[int, Counted], Tree]:
    """The projects as they are now, with their phases and what they are phases of."""
    found: dict[int, Counted] = {}
    paths: set[str] = set()

    def fetch(condition: Q) -> None:
        rows = plain(Project).filter(condition).order_by()
        for path, *values in rows.values_list(
            "district__path", "pk", "district_id", "stage", "stage_basis", *COLUMNS
        ):
            found[values[0]] = Counted.of(values)
            paths.add(path)

    for chunk in chunks(keys):
        fetch(Q(pk__in=chunk) | Q(parent__in=chunk) if relatives else Q(pk__in=chunk))
    above = {project.parent for project in found.values()} - {None} - found.keys()
    for chunk in chunks(above if relatives else ()):
        fetch(Q(pk__in=chunk))
    for chunk in chunks(found):
        parts(found, chunk)
    return found, Tree(paths)


def parts(found: dict[int, Counted], keys: list[int]) -> None:
    """Add what those of the projects make and who takes part in them."""
    capacities = plain(Capacity).filter(project__in=keys, segment__isnull=False)
    for key, segment, unit, per_year, quantity in capacities.values_list(
        "project_id", "segment_id", "unit_id", "per_year", "quantity"
    ):
        project = found[key]
        project.segments.add(segment)
        if quantity is not None:
            made = segment, unit, per_year
            project.made[made] = project.made.get(made, 0) + millionths(quantity)
    taking_part = plain(Participation).filter(project__in=keys)
    for key, company in taking_part.values_list("project_id", "company_id"):
        found[key].companies.add(company)
