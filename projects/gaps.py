"""Where the chain is open: links that are empty, or rest on a single company."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import npgettext

from districts.models import District
from projects.chain import Chain, Row
from projects.models import Company, Project, Segment
from projects.querysets import ProjectQuerySet
from projects.stages import Family
from projects.summaries.standing import companies_of, unnamed_of
from zaozhuang.csvfile import Column

# Companies that are named where a link has more than anyone reads.
LARGEST = 40


class LinkState(models.TextChoices):
    """How firmly a link of the chain is held."""

    EMPTY = "empty", _("empty")
    SINGLE = "single", _("one company")
    UNNAMED = "unnamed", _("companies not all named")
    SHARED = "shared", _("several companies")


@dataclass
class Link:
    """One segment: who is there, where and how far, and who stands next to it on the chain.

    `companies` are all or, of very many, those with most projects; `others` is how many more
    there are. `unnamed` counts the projects whose company no source names: with any of them, one known
    company is not known to be the only one. `neighbours` are districts that hold the link
    before or after an empty one, with that link; they could reach it first.
    """

    row: Row
    companies: list[Company] = field(default_factory=list)
    others: int = 0
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
        alone = len(self.companies) + self.others == 1
        return LinkState.SINGLE if alone else LinkState.SHARED

    @property
    def names(self) -> list[str]:
        """The companies by name; what is left out is said."""
        names = [company.label for company in self.companies]
        if self.others:
            more = npgettext("companies", "%(count)s more", "%(count)s more", self.others)
            names.append(more % {"count": self.others})
        return names

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
    return _links(
        chain,
        {segment: (keys, len(keys)) for segment, keys in companies.items()},
        {segment: len(projects) for segment, projects in unnamed.items()},
    )


def links_now(chain: Chain) -> list[Link]:
    """The same of the chain of all projects as it stands today, however many they are."""
    segments = [row.segment.pk for row in chain.rows]
    return _links(chain, companies_of(segments, LARGEST), unnamed_of(segments))


def _links(
    chain: Chain, companies: Mapping[int, tuple[Collection[int], int]], unnamed: dict[int, int]
) -> list[Link]:
    """From segment → the companies to name and the number of all; segment → projects without."""
    names = Company.objects.in_bulk({key for keys, _all in companies.values() for key in keys})
    found = []
    for row in chain.rows:
        keys, every = companies.get(row.segment.pk, ((), 0))
        named = sorted((names[key] for key in keys), key=lambda company: company.slug)
        found.append(Link(row, named, every - len(named), unnamed.get(row.segment.pk, 0)))
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
    Column("companies", _("Companies"), lambda link: _join(link.names)),
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
