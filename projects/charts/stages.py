"""How far the projects are: by district, and from talk to full capacity."""

from datetime import date

from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from districts.models import District
from projects.charts.base import Cell, Chart, Selections, address, number, projects_url
from projects.querysets import ProjectQuerySet
from projects.stages import FAMILY, FUNNEL, ORDER, Family, Stage, stages_of
from projects.summaries.standing import stage_counts
from zaozhuang.localised import reads_english

Counts = dict[int, dict[str, int]]


def joined(names: list[str]) -> str:
    """Names in a row: `A、B、C` or `A, B, C`."""
    return (", " if reads_english() else "、").join(names)


def count_by_district(selection: ProjectQuerySet, districts: list[District]) -> Counts:
    """District → stage → number of projects, for places that contain the projects' own."""
    counts: Counts = {district.pk: {} for district in districts}
    grouped = selection.order_by().values_list("district__path", "at_stage").annotate(Count("pk"))
    for path, stage, count in grouped:
        for district in districts:
            if path.startswith(district.path):
                counts[district.pk][stage] = counts[district.pk].get(stage, 0) + count
    return counts


def counts_now(districts: list[District]) -> Counts:
    """The same as the districts stand today."""
    counts: Counts = {district.pk: {} for district in districts}
    for place, stage, count in stage_counts([district.pk for district in districts]):
        counts[place][stage] = int(count)
    return counts


def stages_chart(counts: Counts, districts: list[District], as_of: date | None = None) -> Chart:
    """Stacked bars: stages by district, the district with most projects first."""
    day, selection = address(as_of), Selections()
    ranked = sorted(districts, key=lambda place: (-sum(counts[place.pk].values()), place.path))
    stages = sorted(
        {stage for by_stage in counts.values() for stage in by_stage}, key=ORDER.__getitem__
    )
    most = sum(counts[ranked[0].pk].values()) if ranked else 0
    leaders = [
        place.short_label for place in ranked if most and sum(counts[place.pk].values()) == most
    ]
    labels = {stage: str(Stage(stage).label) for stage in stages}
    return Chart(
        name="stages",
        title=_leaders(leaders, most),
        subtitle=_("Projects of each district by stage"),
        heads=[_("District"), *(labels[stage] for stage in stages), _("Total")],
        rows=[
            [
                Cell(place.label, selection(district=place.slug, **day)),
                *(
                    number(
                        counts[place.pk].get(stage, 0),
                        selection(district=place.slug, stage=stage, **day),
                    )
                    for stage in stages
                ),
                number(sum(counts[place.pk].values()), selection(district=place.slug, **day)),
            ]
            for place in ranked
        ],
        data={
            "districts": [place.short_label for place in ranked],
            "series": [
                {
                    "name": labels[stage],
                    "stage": stage,
                    "family": FAMILY[stage].value,
                    "values": [counts[place.pk].get(stage, 0) for place in ranked],
                    "urls": [
                        selection(district=place.slug, stage=stage, **day) for place in ranked
                    ],
                }
                for stage in stages
            ],
        },
        address=day,
        lines=len(ranked) + 1,
    )


def _leaders(names: list[str], most: int) -> str:
    """Where most projects are; several places may have the same number."""
    if not names:
        return _("No projects yet")
    if len(names) == 1:
        text = ngettext(
            "%(leader)s has the most: %(count)s project",
            "%(leader)s has the most: %(count)s projects",
            most,
        )
        return text % {"leader": names[0], "count": most}
    text = ngettext(
        "%(leaders)s have the most: %(count)s project each",
        "%(leaders)s have the most: %(count)s projects each",
        most,
    )
    return text % {"leaders": joined(names), "count": most}


def funnel_chart(by_stage: dict[str, int], as_of: date | None = None, district: str = "") -> Chart:
    """From talk to full capacity, with what stopped or is not stated counted apart."""
    day = address(as_of)
    last = max((stage for stage in FUNNEL if by_stage.get(stage)), key=FUNNEL.index, default=None)
    steps = list(FUNNEL)
    apart = [*stages_of(Family.STOPPED), Stage.UNKNOWN.value]
    apart = [stage for stage in apart if by_stage.get(stage)]
    built = sum(by_stage.get(stage, 0) for stage in stages_of(Family.BUILT))
    total = sum(by_stage.values())

    def url(stage: str) -> str:
        return projects_url(stage=stage, district=district, **day)

    if last is None:
        title = _("No stage is known yet")
    else:
        title = _("Built: %(built)s of %(total)s; furthest along: %(stage)s") % {
            "built": built,
            "total": total,
            "stage": Stage(last).label,
        }
    return Chart(
        name="funnel",
        title=title,
        subtitle=_("Projects at each step, from talk to full capacity"),
        heads=[_("Stage"), _("Projects")],
        rows=[
            [
                Cell(str(Stage(stage).label), family=FAMILY[stage]),
                number(by_stage.get(stage, 0), url(stage)),
            ]
            for stage in [*steps, *apart]
        ],
        data={
            "steps": [
                {
                    "name": str(Stage(stage).label),
                    "stage": str(stage),
                    "family": FAMILY[stage].value,
                    "value": by_stage.get(stage, 0),
                    "url": url(stage),
                    "apart": stage in apart,
                }
                for stage in [*steps, *apart]
            ]
        },
        address=address(as_of, district),
        lines=len(steps) + len(apart),
    )
