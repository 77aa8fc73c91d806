"""What a selection of projects adds up to, and what may not be added."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Exists, OuterRef
from django.http import QueryDict

from districts.models import District, Unit
from projects.filters import ProjectFilter
from projects.models import Capacity, Project, Segment
from projects.querysets import ProjectQuerySet
from projects.stages import FAMILY, ORDER, Family, Stage
from projects.summaries.sql import ExactSum
from projects.summaries.walk import Walk


@dataclass(frozen=True)
class CapacityTotal:
    """Capacity of one segment in one unit; `projects` is how many gave a figure."""

    segment: Segment
    unit: Unit
    per_year: bool
    quantity: Decimal
    projects: int


@dataclass(frozen=True)
class InvestmentTotal:
    """Investment of one kind in 亿元. Kinds are never added up."""

    kind: str
    amount: Decimal
    projects: int


@dataclass(frozen=True)
class Totals:
    count: int
    by_stage: dict[str, int]
    inferred: int
    capacities: list[CapacityTotal]
    investments: list[InvestmentTotal]

    @property
    def by_family(self) -> dict[Family, int]:
        families = dict.fromkeys(Family, 0)
        for stage, count in self.by_stage.items():
            families[FAMILY[stage]] += count
        return families

    @property
    def stages(self) -> list[tuple[str, str, Family, int]]:
        """Code, label, family and count of each stage that has projects, in the order of a life."""
        return [
            (code, str(Stage(code).label), FAMILY[code], self.by_stage[code])
            for code in sorted(self.by_stage, key=ORDER.__getitem__)
        ]


def totals(selection: ProjectQuerySet) -> Totals:
    """The totals of a selection, in four queries whatever its size."""
    rows = selection.order_by()
    counts = rows.values_list("at_stage", "at_basis").annotate(Count("pk"))
    return _totals(counts, _capacities(rows), _investments(rows))


def totals_of(filterset: ProjectFilter) -> Totals:
    """The same of what a filter selects, without going through a million projects."""
    figures = filterset.figures
    rows = figures.rows
    counts = [(stage, basis, n) for (stage, basis, _kind), n in figures.standings.items()]
    capacities, investments = figures.capacities(), figures.investments()
    return _totals(
        counts,
        _capacities(rows) if capacities is None else capacities,
        _investments(rows) if investments is None else investments,
    )


def totals_in(place: District, *, leaf: bool = False) -> Totals:
    """The totals of a place with all below it, as they stand today; `leaf`: nothing is below."""
    if leaf and (walk := Walk(Project.objects.at().filter(district=place))).complete:
        counts = [(stage, basis, n) for (stage, basis, _kind), n in walk.standings().items()]
        return _totals(counts, walk.capacities(), walk.investments())
    parameters = QueryDict(mutable=True)
    parameters["district"] = place.slug
    return totals_of(ProjectFilter(parameters, queryset=Project.objects.all()))


def _totals(
    counts: Iterable[tuple[str, str, int]],
    capacities: Sequence[tuple[int, int, bool, Decimal, int]],
    investments: Iterable[tuple[str, Decimal, int]],
) -> Totals:
    by_stage: dict[str, int] = {}
    inferred = 0
    for stage, basis, count in counts:
        by_stage[stage] = by_stage.get(stage, 0) + count
        inferred += count if basis == "inferred" else 0
    segments = Segment.objects.select_related("stream").in_bulk([row[0] for row in capacities])
    units = Unit.objects.in_bulk([row[1] for row in capacities])
    found = [
        CapacityTotal(segments[segment], units[unit], per_year, quantity, projects)
        for segment, unit, per_year, quantity, projects in capacities
    ]
    return Totals(
        sum(by_stage.values()),
        by_stage,
        inferred,
        sorted(found, key=lambda total: (total.segment.order, total.unit.name, total.per_year)),
        [
            InvestmentTotal(str(Project.InvestmentKind(kind).label), amount, count)
            for kind, amount, count in sorted(investments)
        ],
    )


def _capacities(rows: ProjectQuerySet) -> list[tuple[int, int, bool, Decimal, int]]:
    return list(
        Capacity.objects.filter(
            project__in=rows.values("pk"), quantity__isnull=False, segment__isnull=False
        )
        .without_phases_of(rows)
        .order_by()
        .values_list("segment", "unit", "per_year")
        .annotate(ExactSum("quantity"), Count("project", distinct=True))
    )


def _investments(rows: ProjectQuerySet) -> list[tuple[str, Decimal, int]]:
    # A parent's investment contains its phases', so a phase counts only where the parent's
    # figure of the same kind is not in the selection.
    whole = Project.objects.filter(
        pk=OuterRef("parent"),
        pk__in=rows.values("pk"),
        investment_kind=OuterRef("investment_kind"),
        investment__isnull=False,
    )
    return list(
        Project.objects.filter(pk__in=rows.values("pk"), investment__isnull=False)
        .filter(~Exists(whole))
        .order_by()
        .values_list("investment_kind")
        .annotate(ExactSum("investment"), Count("pk"))
    )
