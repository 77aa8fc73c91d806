"""What a project adds to the tallies: the one place that says how things are counted."""

from collections.abc import Iterable, Iterator, Set
from typing import Any

from projects.summaries.facts import Counted, Place, Tree

# having, figure, segment, unit, per year
Figure = tuple[int, str, int, int, bool]
# stage, basis, kind
Standing = tuple[str, str, str]
# place, a figure, a standing
Key = tuple[int, int, str, int, int, bool, str, str, str]
# the same, and the place and standing of the whole
OverlapKey = tuple[int, int, str, int, int, bool, str, str, str, int, str, str, str]
CompanyKey = tuple[str, str, int]  # facet, choice, company
Total = tuple[int, int]  # projects, amount

CAPACITY = "capacity"
# Projects by their source and by when they are due, which stand in the place of the segment.
SOURCE = "source"
DUE = "due"
NONE: Total = (0, 0)
# In the place of the company, for the projects of a segment that have none.
NOBODY = 0
UNNAMED = {NOBODY}


class Sums:
    """What some projects add up to, by key."""

    def __init__(self, keys: Iterable[Any] = ()) -> None:
        self.keys = set(keys)
        self.tally: dict[Key, Total] = {}
        self.overlap: dict[OverlapKey, Total] = {}
        self.companies: dict[CompanyKey, int] = {}

    def add_all(
        self,
        projects: dict[int, Counted],
        keys: Set[Any],
        tree: Tree,
        others: Set[Any] = frozenset(),
    ) -> None:
        """Count those of the projects whose keys are given, and their overlaps.

        Overlaps with `others` are left out: they are counted elsewhere.
        """
        for project in projects.values():
            if project.pk in keys:
                self.add(project, tree)
        self.add_overlaps(projects, keys, tree, others)

    def add(self, project: Counted, tree: Tree) -> None:
        stated = list(figures(project))
        for place in tree.above(project.district):
            for figure, standing, amount in stated:
                if kept_for(place, figure):
                    key: Key = (place.pk, *figure, *standing)
                    projects, before = self.tally.get(key, NONE)
                    self.tally[key] = projects + 1, before + amount
        for facet, choice in choices(project, tree):
            for company in project.companies or (UNNAMED if facet == "segment" else ()):
                at = facet, choice, company
                self.companies[at] = self.companies.get(at, 0) + 1

    def add_overlaps(
        self,
        projects: dict[int, Counted],
        keys: Set[Any],
        tree: Tree,
        others: Set[Any] = frozenset(),
    ) -> None:
        for phase in projects.values():
            whole = projects.get(phase.parent) if phase.parent is not None else None
            if whole is None or phase.pk in others or whole.pk in others:
                continue
            if phase.pk in keys or whole.pk in keys:
                self._add_overlap(phase, whole, tree)

    def _add_overlap(self, phase: Counted, whole: Counted, tree: Tree) -> None:
        shared = list(_shared(phase, whole))
        if not shared:
            return
        standing, above = standing_of(phase), standing_of(whole)
        for place, other in _together(tree.above(phase.district), tree.above(whole.district)):
            for figure, amount in shared:
                if not figure[0] or place.parent is None:
                    key: OverlapKey = (place.pk, *figure, *standing, other.pk, *above)
                    projects, before = self.overlap.get(key, NONE)
                    self.overlap[key] = projects + 1, before + amount

    def forget_zeros(self) -> None:
        self.tally = {key: total for key, total in self.tally.items() if total != NONE}
        self.overlap = {key: total for key, total in self.overlap.items() if total != NONE}
        self.companies = {key: count for key, count in self.companies.items() if count}


def standing_of(project: Counted) -> Standing:
    return project.stage, project.basis, project.kind


def kept_for(place: Place, figure: Figure) -> bool:
    """Whether a place has a tally of the figure: only roots tell segments that go together."""
    return place.inner and (not figure[0] or place.parent is None)


def figures(project: Counted) -> Iterator[tuple[Figure, Standing, int]]:
    """All that a project states, with its amount; the project itself counts without one."""
    standing = standing_of(project)
    for segment in (0, *project.segments):
        yield (0, "", segment, 0, False), standing, 0
        if project.invested:
            yield (0, project.invested, segment, 0, False), standing, project.investment
    for (segment, unit, per_year), amount in project.made.items():
        yield (0, CAPACITY, segment, unit, per_year), standing, amount
    if project.source:
        yield (0, SOURCE, project.source, 0, False), ("", "", ""), 0
    if project.due:
        yield (0, DUE, project.due, 0, False), (project.stage, "", ""), 0
    for having in project.segments if len(project.segments) > 1 else ():
        for segment in project.segments - {having}:
            yield (having, "", segment, 0, False), standing, 0
        for (segment, unit, per_year), amount in project.made.items():
            if segment != having:
                yield (having, CAPACITY, segment, unit, per_year), standing, amount


def _shared(phase: Counted, whole: Counted) -> Iterator[tuple[Figure, int]]:
    """What a phase states and its whole too; of it the phase's is taken off if both are selected."""
    both = phase.segments & whole.segments
    if phase.invested and phase.invested == whole.invested:
        for segment in (0, *both):
            yield (0, phase.invested, segment, 0, False), phase.investment
    stated = {(segment, unit) for segment, unit, _per_year in whole.made}
    for (segment, unit, per_year), amount in phase.made.items():
        if (segment, unit) in stated:
            for having in (0, *(both - {segment})):
                yield (having, CAPACITY, segment, unit, per_year), amount


def _together(first: list[Place], second: list[Place]) -> Iterator[tuple[Place, Place]]:
    """The pairs of places by which both of two projects may be selected at once.

    Places that contain both; places that contain one each and not the other; and, for a whole
    that lies in none of the places below theirs, that place itself beside each of the phase's.
    """
    common = sum(1 for one, other in zip(first, second, strict=False) if one.pk == other.pk)
    yield from ((place, place) for place in first[:common])
    beside = second[common:] or second[common - 1 : common]
    yield from ((one, other) for one in first[common:] for other in beside)


def choices(project: Counted, tree: Tree) -> Iterator[tuple[str, str]]:
    """The choices of the list's facets that select the project, and for which companies are kept.

    Blank is all projects; of places, those with too many projects to look through.
    """
    yield "", ""
    yield "stage", project.stage
    yield "basis", project.basis
    yield "kind", project.kind
    for segment in project.segments:
        yield "segment", str(segment)
    for place in tree.above(project.district):
        if place.large and place.parent is not None:
            yield "district", str(place.pk)
