"""The map: districts shaded by a measure that the reader chooses."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from districts.models import District
from projects.chain import Chain
from projects.charts.base import Cell, Chart, Selections, address, number, on_day
from projects.charts.stages import Counts, joined
from projects.stages import FAMILY, Family
from zaozhuang.localised import reads_english
from zaozhuang.numbers import quantity


def map_chart(
    districts: list[District], counts: Counts, chain: Chain, as_of: date | None = None
) -> Chart:
    """Projects, projects of each family of stages, and capacity of each segment by district.

    A measure that nobody has a figure for is not offered: an all-blank map says nothing.
    """
    day = address(as_of)
    measures: list[dict[str, Any]] = [
        _measure("all", _("projects"), districts, counts, list(Family), day)
    ]
    for family in Family:
        measure = _measure(
            family.value,
            str(family.label),
            districts,
            counts,
            [family],
            {"stage": [stage for stage, its in FAMILY.items() if its is family], **day},
        )
        if any(measure["values"]):
            measures.append(measure)
    measures += _capacities(districts, chain, day)
    total = [sum(counts[place.pk].values()) for place in districts]
    none = [place.short_label for place, count in zip(districts, total, strict=True) if not count]
    title = (
        _("Every district has projects")
        if districts and not none
        else _("No projects yet in %(places)s") % {"places": joined(none)}
    )
    return Chart(
        name="map",
        title=title,
        subtitle=_("Choose a measure; a click opens the district"),
        heads=[_("District"), *(measure["label"] for measure in measures)],
        rows=[
            [
                Cell(place.label, on_day(place.get_absolute_url(), as_of)),
                *(
                    number(measure["values"][at] or 0, measure["urls"][at])
                    if measure["count"]
                    else Cell(measure["texts"][at], measure["urls"][at], number=True)
                    for measure in measures
                ),
            ]
            for at, place in enumerate(districts)
        ],
        data={
            "measures": measures,
            "districts": [
                {
                    "name": place.short_label,
                    "slug": place.slug,
                    "url": on_day(place.get_absolute_url(), as_of),
                }
                for place in districts
            ],
            "geo": {
                "type": "FeatureCollection",
                "features": [
                    {
                        "type": "Feature",
                        "properties": {"name": place.short_label},
                        "geometry": place.boundary,
                    }
                    for place in districts
                    if place.boundary
                ],
            },
            "disclaimer": _("A sketch of the districts, not a basis for boundaries"),
            "unknown": _("no figure"),
            "day": day.get("as_of", ""),
        },
        address=day,
        lines=12,
    )


def _measure(
    code: str,
    label: str,
    districts: list[District],
    counts: Counts,
    families: list[Family],
    parameters: dict[str, Any],
) -> dict[str, Any]:
    selection = Selections()
    values = [
        sum(count for stage, count in counts[place.pk].items() if FAMILY[stage] in families)
        for place in districts
    ]
    return {
        "code": code,
        "label": label,
        "count": True,
        "values": values,
        "texts": [
            ngettext("%(count)s project", "%(count)s projects", value) % {"count": value}
            for value in values
        ],
        "urls": [selection(district=place.slug, **parameters) for place in districts],
    }


def _capacities(
    districts: list[District], chain: Chain, day: dict[str, str]
) -> list[dict[str, Any]]:
    """One measure for each segment and unit in which some district has a known capacity."""
    measures, selection, english = [], Selections(), reads_english()
    for row in chain.rows:
        urls = [
            selection(district=place.slug, segment=row.segment.code, **day) for place in districts
        ]
        units = {(amount.unit.pk, amount.per_year): amount for amount in row.amounts}
        for (unit, per_year), sample in units.items():
            sums = [
                sum(a.quantity for a in cell.amounts if (a.unit.pk, a.per_year) == (unit, per_year))
                for cell in row.cells
            ]
            measures.append(
                {
                    "code": f"{row.segment.code}-{unit}",
                    "label": _("capacity: %(segment)s") % {"segment": row.segment.short_label},
                    "count": False,
                    # A blank capacity is not zero: None is drawn as unknown.
                    "values": [float(value) if value else None for value in sums],
                    "texts": [
                        quantity(value, sample.unit, per_year=per_year, english=english)
                        if isinstance(value, Decimal) and value
                        else _("no figure")
                        for value in sums
                    ],
                    "urls": urls,
                }
            )
    return measures
