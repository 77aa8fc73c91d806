"""Counts beside the choices: what you would get by adding one."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Q

from districts.models import Basis, District
from projects.filters import FACETS, ProjectFilter
from projects.models import Company, Project, Segment
from projects.stages import Stage

# A city has dozens of companies and a country a hundred thousand; the largest are enough to click.
COMPANIES_SHOWN = 12
CODES = {"stage": Stage, "kind": Project.Kind, "basis": Basis}


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
    of = {"district": _districts, "segment": _segments, "company": _companies}
    return [
        Facet(
            name,
            str(filterset.filters[name].label),
            of[name](filterset) if name in of else _codes(filterset, name),
        )
        for name in FACETS
    ]


def _codes(filterset: ProjectFilter, name: str) -> list[Choice]:
    """Stages, kinds and bases. A project has one of each, so every choice adds all its projects."""
    at = list(CODES).index(name)
    place = {"stage": 0, "basis": 1, "kind": 2}[name]
    counts: dict[str, int] = {}
    for standing, count in filterset.figures.but(name).standings.items():
        counts[standing[place]] = counts.get(standing[place], 0) + count
    chosen = filterset.chosen[name]
    return [
        Choice(code, str(label), counts.get(code, 0), code in chosen)
        for code, label in list(CODES.values())[at].choices
        if counts.get(code) or code in chosen
    ]


def _segments(filterset: ProjectFilter) -> list[Choice]:
    counts = filterset.figures.but("segment").segments()
    chosen = filterset.chosen["segment"]
    # What is selected already is not gained by one more choice.
    have = filterset.figures.segments() if chosen else {}
    return [
        Choice(
            segment.code,
            segment.label,
            counts.get(segment.pk, 0) - (0 if segment.code in chosen else have.get(segment.pk, 0)),
            segment.code in chosen,
        )
        for segment in Segment.objects.only("code", "name", "name_en", "order")
        if counts.get(segment.pk) or segment.code in chosen
    ]


def _companies(filterset: ProjectFilter) -> list[Choice]:
    chosen = {company.pk for company in filterset.values.get("company") or ()}
    counts = filterset.figures.but("company").companies(COMPANIES_SHOWN, chosen)
    have = filterset.figures.companies(COMPANIES_SHOWN, chosen) if chosen else {}
    shown = sorted((key for key in counts if counts[key]), key=lambda key: (-counts[key], key))
    companies = Company.objects.in_bulk({*shown[:COMPANIES_SHOWN], *chosen})
    return [
        Choice(
            company.slug,
            company.short_label,
            counts.get(key, 0) - (0 if key in chosen else have.get(key, 0)),
            key in chosen,
        )
        for key, company in sorted(
            companies.items(), key=lambda item: (-counts.get(item[0], 0), item[0])
        )
    ]


def _districts(filterset: ProjectFilter) -> list[Choice]:
    """The places to go to: those above the chosen ones, beside them, and directly below.

    The whole city is no choice, but stays one to undo where the address has chosen it.
    """
    chosen = list(filterset.values.get("district") or ())
    shown = [
        place
        for place in _around(chosen)
        if place.parent_id is not None or place.pk in {c.pk for c in chosen}
    ]
    counts = filterset.figures.but("district").districts({*shown, *chosen})
    outer = [c for c in chosen if not any(_inside(c, other) for other in chosen)]
    found = []
    for place in shown:
        own = counts.get(place.pk, 0)
        is_chosen = any(place.pk == c.pk for c in chosen)
        adds = own
        if chosen and not is_chosen:
            inside = any(_inside(place, c) for c in outer)
            adds = (
                0 if inside else own - sum(counts.get(c.pk, 0) for c in outer if _inside(c, place))
            )
        if own or is_chosen:
            found.append(Choice(place.slug, place.label, adds, is_chosen))
    return found


def _inside(place: District, other: District) -> bool:
    return place.pk != other.pk and place.path.startswith(other.path)


def _around(chosen: Collection[District]) -> list[District]:
    roots = District.objects.filter(parent=None).order_by()
    near = Q(parent__in=roots) if not chosen else Q()
    for place in chosen:
        codes = place.path.split("/")[:-1]
        above = ["/".join(codes[: at + 1]) + "/" for at in range(len(codes))]
        near |= Q(path__in=above) | Q(parent=place.pk)
        if place.parent_id is not None:
            near |= Q(parent=place.parent_id)
    rows = District.objects.filter(near).order_by("path")
    return list(rows.only("slug", "name", "name_en", "path", "parent"))
