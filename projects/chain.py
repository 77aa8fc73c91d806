"""The chain: which district does what, how far it is, and where nobody is yet."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import Count

from districts.models import District, Unit
from projects.models import Capacity, Segment
from projects.querysets import ProjectQuerySet
from projects.stages import FAMILY, ORDER, Family
from projects.summaries.sql import ExactSum
from projects.summaries.standing import capacities_of, links_of

# From furthest to least: what a cell is coloured by when it holds several.
FURTHEST = [
    Family.BUILT,
    Family.BUILDING,
    Family.AGREED,
    Family.TALKED,
    Family.UNKNOWN,
    Family.STOPPED,
]
RANK = {family: place for place, family in enumerate(FURTHEST)}


@dataclass(frozen=True)
class Amount:
    """Capacity of one family of stages in one unit."""

    family: Family
    quantity: Decimal
    unit: Unit
    per_year: bool


@dataclass
class Cell:
    """What one district has in one segment: projects by stage, and the known capacities."""

    segment: Segment
    district: District
    projects: dict[str, int] = field(default_factory=dict)
    amounts: list[Amount] = field(default_factory=list)

    @cached_property
    def count(self) -> int:
        return sum(self.projects.values())

    @cached_property
    def family(self) -> Family | None:
        """How far the furthest project is; None where nobody is here yet."""
        return next(iter(self.families), None)

    @cached_property
    def families(self) -> dict[Family, int]:
        """Projects by family, furthest first."""
        counts = Counter[Family]()
        for stage, count in self.projects.items():
            counts[FAMILY[stage]] += count
        return {family: counts[family] for family in FURTHEST if counts[family]}


@dataclass
class Row:
    segment: Segment
    cells: list[Cell]

    @cached_property
    def count(self) -> int:
        return sum(cell.count for cell in self.cells)

    @cached_property
    def family(self) -> Family | None:
        here = {cell.family for cell in self.cells}
        return next((family for family in FURTHEST if family in here), None)

    @cached_property
    def amounts(self) -> list[Amount]:
        """The row's capacities by family and unit, furthest first."""
        every: dict[tuple[Family, int, bool], list[Amount]] = {}
        for cell in self.cells:
            for amount in cell.amounts:
                key = (amount.family, amount.unit.pk, amount.per_year)
                every.setdefault(key, []).append(amount)
        sums = [
            replace(some[0], quantity=sum((amount.quantity for amount in some), Decimal(0)))
            for some in every.values()
        ]
        return sorted(sums, key=lambda amount: RANK[amount.family])


@dataclass
class Chain:
    """The matrix, rows in the order of the chain."""

    districts: list[District]
    rows: list[Row]

    @property
    def occupied(self) -> list[Row]:
        """The rows with projects, most projects first."""
        return sorted(
            (row for row in self.rows if row.count), key=lambda row: (-row.count, row.segment.order)
        )

    @property
    def empty(self) -> list[Row]:
        """The links that nobody has taken up yet."""
        return [row for row in self.rows if not row.count]

    def column(self, district: District) -> list[Cell]:
        """What one district has, link by link."""
        return [cell for row in self.rows for cell in row.cells if cell.district == district]


def chain(
    selection: ProjectQuerySet, districts: list[District], as_of: date | None = None
) -> Chain:
    """The matrix of a selection, in four queries whatever its size.

    A project in a place below one of the districts counts for that district.
    """
    owner = {
        pk: place.pk
        for pk, path in District.objects.values_list("pk", "path")
        for place in districts
        if path.startswith(place.path)
    }
    rows = Capacity.objects.filter(
        project__in=selection.order_by().values("pk"), segment__isnull=False
    ).at(as_of)
    counts = (
        rows.order_by()
        .values_list("segment", "project__district", "at_stage")
        .annotate(Count("project", distinct=True))
    )
    quantities = (
        rows.filter(quantity__isnull=False)
        .without_phases_of(selection.order_by())
        .order_by()
        .values_list("segment", "project__district", "at_stage", "unit", "per_year")
        .annotate(ExactSum("quantity"))
    )
    return _matrix(
        districts,
        [(s, owner[place], *rest) for s, place, *rest in counts if place in owner],
        [(s, owner[place], *rest) for s, place, *rest in quantities if place in owner],
    )


def chain_of(place: District, districts: list[District]) -> Chain:
    """The matrix of a place as it stands today, by the districts below it."""
    keys = [district.pk for district in districts]
    return _matrix(districts, links_of(keys), capacities_of(keys, place.pk))


def _matrix(
    districts: list[District], counts: Iterable[Sequence[Any]], quantities: Iterable[Sequence[Any]]
) -> Chain:
    """From segment, district, stage and count; and segment, district, stage, unit, per year, sum."""
    segments = list(Segment.objects.select_related("stream", "unit"))
    cells = {
        (segment.pk, place.pk): Cell(segment, place) for segment in segments for place in districts
    }
    for segment, place, stage, count in counts:
        cell = cells[segment, place]
        cell.projects[stage] = cell.projects.get(stage, 0) + int(count)
    units = Unit.objects.in_bulk()
    sums: dict[tuple[int, int, Family, int, bool], Decimal] = {}
    for segment, place, stage, unit, per_year, quantity in quantities:
        key = (segment, place, FAMILY[stage], unit, per_year)
        sums[key] = sums.get(key, Decimal(0)) + quantity
    for (segment, place, family, unit, per_year), quantity in sums.items():
        cells[segment, place].amounts.append(Amount(family, quantity, units[unit], per_year))
    for cell in cells.values():
        cell.amounts.sort(key=lambda amount: RANK[amount.family])
        cell.projects = dict(sorted(cell.projects.items(), key=lambda item: ORDER[item[0]]))
    return Chain(
        districts,
        [
            Row(segment, [cells[segment.pk, place.pk] for place in districts])
            for segment in segments
        ],
    )
