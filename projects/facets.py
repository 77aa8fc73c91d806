"""Counts beside the choices: what you would get by adding one."""

from dataclasses import dataclass

from django.db.models import Count, QuerySet

from districts.models import Basis, District
from projects.filters import FACETS, ProjectFilter
from projects.models import Company, Participation, Project, Segment
from projects.querysets import ProjectQuerySet
from projects.stages import Stage

# A city has dozens of companies and a country a hundred thousand; the largest are enough to click.
COMPANIES_SHOWN = 12


@dataclass(frozen=True)
class Choice:
    """One choice of a facet.

    `count` is the number of projects that it adds to the selection or, where it is chosen,
    the number that it contributes.
    """

    value: str
    label: str
    count: int
    chosen: bool


@dataclass(frozen=True)
class Facet:
    name: str
    label: str
    choices: list[Choice]

    @property
    def any_chosen(self) -> bool:
        return any(choice.chosen for choice in self.choices)


def facets(filterset: ProjectFilter) -> list[Facet]:
    """Every facet of the list, counted over the selection without the facet's own filter."""
    return [_facet(filterset, name) for name in FACETS]


def _facet(filterset: ProjectFilter, name: str) -> Facet:
    rows = filterset.selection(without=name).order_by()
    chosen = filterset.chosen[name]
    counts = _count(name, rows)
    adds = counts
    if chosen:
        # A project that is selected already is not gained by one more choice.
        adds = _count(name, rows.exclude(pk__in=filterset.selection().order_by().values("pk")))
    choices = [
        Choice(value, label, (counts if value in chosen else adds).get(value, 0), value in chosen)
        for value, label in _labels(name, counts, chosen)
    ]
    return Facet(name, str(filterset.filters[name].label), choices)


def _count(name: str, rows: ProjectQuerySet) -> dict[str, int]:
    """How many of the rows each choice of a facet would select."""
    if name == "district":
        by_path = dict(rows.values_list("district__path").annotate(Count("pk")))
        districts = District.objects.values_list("slug", "path")
        return {
            slug: sum(count for place, count in by_path.items() if place.startswith(path))
            for slug, path in districts
        }
    if name == "segment":
        return dict(
            rows.filter(capacities__segment__isnull=False)
            .values_list("capacities__segment__code")
            .annotate(Count("pk", distinct=True))
        )
    if name == "company":
        taking_part = Participation.objects.filter(project__in=rows.values("pk"))
        return dict(
            taking_part.values_list("company__slug").annotate(Count("project", distinct=True))
        )
    field = {"stage": "at_stage", "kind": "kind", "basis": "at_basis"}[name]
    return dict(rows.values_list(field).annotate(Count("pk")))


def _labels(name: str, counts: dict[str, int], chosen: list[str]) -> list[tuple[str, str]]:
    """The choices to show, in the order people expect; those that select nothing are left out."""
    shown = {value for value, count in counts.items() if count} | set(chosen)
    if name == "district":
        # The whole city is no choice, but stays one to undo where the address has chosen it.
        return [
            (place.slug, place.label)
            for place in District.objects.all()
            if place.slug in (shown if place.parent_id else chosen)
        ]
    if name == "segment":
        return [
            (segment.code, segment.label)
            for segment in Segment.objects.all()
            if segment.code in shown
        ]
    if name == "company":
        largest = sorted(counts, key=lambda slug: (-counts[slug], slug))[:COMPANIES_SHOWN]
        companies: QuerySet[Company] = Company.objects.filter(slug__in={*largest, *chosen})
        return sorted(
            ((company.slug, company.short_label) for company in companies),
            key=lambda pair: (-counts.get(pair[0], 0), pair[0]),
        )
    codes = {"stage": Stage, "kind": Project.Kind, "basis": Basis}[name]
    return [(code, str(label)) for code, label in codes.choices if code in shown]
