"""Where the chain is open: links that are empty, or rest on a single company."""

from dataclasses import dataclass, field

from django.db import models
from django.utils.translation import gettext_lazy as _

from districts.models import District
from projects.chain import Chain, Row
from projects.models import Company, Project, Segment
from projects.querysets import ProjectQuerySet
from projects.stages import Family
from zaozhuang.csvfile import Column


class LinkState(models.TextChoices):
    """How firmly a link of the chain is held."""

    EMPTY = "empty", _("empty")
    SINGLE = "single", _("one company")
    UNNAMED = "unnamed", _("companies not all named")
    SHARED = "shared", _("several companies")


@dataclass
class Link:
    """One segment: who is there, where and how far, and who stands next to it on the chain.

    `unnamed` counts the projects whose company no source names: with any of them, one known
    company is not known to be the only one. `neighbours` are districts that hold the link
    before or after an empty one, with that link; they could reach it first.
    """

    row: Row
    companies: list[Company] = field(default_factory=list)
    unnamed: int = 0
    neighbours: list[tuple[District, Segment]] = field(default_factory=list)

    @property
    def segment(self) -> Segment:
        return self.row.segment

    @property
    def state(self) -> LinkState:
        if not self.row.count:
            return LinkState.EMPTY
        if self.unnamed:
            return LinkState.UNNAMED
        return LinkState.SINGLE if len(self.companies) == 1 else LinkState.SHARED

    def where(self, family: Family) -> list[tuple[District, int]]:
        """The districts with projects of the family in this link, and how many."""
        counts = [(cell.district, cell.families.get(family, 0)) for cell in self.row.cells]
        return [(district, count) for district, count in counts if count]

    @property
    def places(self) -> list[tuple[Family, list[tuple[District, int]]]]:
        """Family by family, furthest first, where the projects are."""
        order = [
            Family.BUILT,
            Family.BUILDING,
            Family.AGREED,
            Family.TALKED,
            Family.STOPPED,
            Family.UNKNOWN,
        ]
        return [(family, places) for family in order if (places := self.where(family))]


def links(chain: Chain, selection: ProjectQuerySet) -> list[Link]:
    """Every link of the chain in its order, in two queries more than the chain itself."""
    taking_part = (
        Project.objects.filter(
            pk__in=selection.order_by().values("pk"), capacities__segment__isnull=False
        )
        .order_by()
        .values_list("pk", "capacities__segment", "participations__company")
        .distinct()
    )
    companies: dict[int, set[int]] = {}
    unnamed: dict[int, set[int]] = {}
    for project, segment, company in taking_part:
        if company is None:
            unnamed.setdefault(segment, set()).add(project)
        else:
            companies.setdefault(segment, set()).add(company)
    names = Company.objects.in_bulk(set().union(*companies.values()))
    found = [
        Link(
            row,
            sorted(
                (names[pk] for pk in companies.get(row.segment.pk, ())),
                key=lambda company: company.slug,
            ),
            len(unnamed.get(row.segment.pk, ())),
        )
        for row in chain.rows
    ]
    for at, link in enumerate(found):
        if link.state is LinkState.EMPTY:
            beside = [found[place].row for place in (at - 1, at + 1) if 0 <= place < len(found)]
            link.neighbours = [
                (cell.district, row.segment) for row in beside for cell in row.cells if cell.count
            ]
    return found


def _count(link: Link, family: Family) -> int:
    return sum(count for _district, count in link.where(family))


def _join(names: list[str]) -> str:
    return "; ".join(dict.fromkeys(names))


LINK_COLUMNS: list[Column[Link]] = [
    Column("segment", _("Segment"), lambda link: link.segment.code),
    Column("segment_name", _("Name"), lambda link: link.segment.label),
    Column("stream", _("Stream"), lambda link: link.segment.stream.label),
    Column("state", _("State"), lambda link: link.state.value),
    Column("projects", _("Projects"), lambda link: link.row.count),
    Column("built", _("Built"), lambda link: _count(link, Family.BUILT)),
    Column("building", _("Being built"), lambda link: _count(link, Family.BUILDING)),
    Column("agreed", _("Agreed"), lambda link: _count(link, Family.AGREED)),
    Column("talked", _("Talked about"), lambda link: _count(link, Family.TALKED)),
    Column("unknown", _("Not stated"), lambda link: _count(link, Family.UNKNOWN)),
    Column("companies", _("Companies"), lambda link: _join([c.label for c in link.companies])),
    Column("unnamed", _("Projects without a named company"), lambda link: link.unnamed),
    Column(
        "districts",
        _("Districts"),
        lambda link: _join([cell.district.label for cell in link.row.cells if cell.count]),
    ),
    Column(
        "neighbours",
        _("Districts beside it on the chain"),
        lambda link: _join([district.label for district, _segment in link.neighbours]),
    ),
]
