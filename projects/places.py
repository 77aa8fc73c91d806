"""The state of a place: all that the overview, a district's page and its briefing show."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from itertools import groupby, islice

from django.db.models import Count, Q
from django.utils.functional import cached_property

from districts.models import District, Reading, ReadingQuerySet, Source, Target
from projects.chain import Chain, chain, chain_of
from projects.charts.base import Chart
from projects.charts.matrix import capacity_chart, chain_chart
from projects.charts.places import map_chart
from projects.charts.stages import (
    Counts,
    count_by_district,
    counts_now,
    funnel_chart,
    stages_chart,
)
from projects.charts.targets import targets_chart
from projects.charts.timeline import timeline_chart
from projects.gaps import Link, links, links_now
from projects.models import Project, StageChange
from projects.querysets import ProjectQuerySet
from projects.reconciliation import Reconciled, reported_and_tracked
from projects.stages import UNFINISHED, stage_order
from projects.summaries.listed import first_places
from projects.summaries.standing import dues_of, sources_of
from projects.sums import SumCheck, sum_checks
from projects.totals import Totals, totals, totals_in
from zaozhuang.dates import PartialDate, today

# What a list on a dashboard shows before it says "all".
SHOWN = 8
# Dates before the day and after it that a picture can hold.
DRAWN = 40
# A day with more dates than these is asked for its first ones, any other for all.
CROWDED = 200
# The events of as many projects are read and put in order in the time of one page.
FEW = 4000


@dataclass
class Place:
    """A district or a city on a day. Each part is computed when a page asks for it, once."""

    district: District
    as_of: date | None = None

    @cached_property
    def day(self) -> date:
        return self.as_of or today()

    @cached_property
    def districts(self) -> list[District]:
        """The places to compare: those directly below or, where there are none, itself."""
        return list(self.district.children.order_by("order", "path")) or [self.district]

    @property
    def is_leaf(self) -> bool:
        return self.districts == [self.district]

    @property
    def projects(self) -> ProjectQuerySet:
        return Project.objects.at(self.as_of).in_district(self.district)

    @property
    def _here(self) -> ProjectQuerySet:
        """The same by the keys of the places, which an index finds and their paths do not."""
        rows = Project.objects.at(self.as_of)
        return rows if self._keys is None else rows.filter(district__in=self._keys)

    @cached_property
    def _keys(self) -> list[int] | None:
        """This place and all below it; None where there is no other."""
        if self.is_leaf:
            return [self.district.pk]
        if self.district.parent_id is None and District.objects.roots().count() == 1:
            return None
        below = District.objects.filter(path__startswith=self.district.path)
        return list(below.order_by().values_list("pk", flat=True))

    def first(self, number: int, *, whole: bool = False) -> list[Project]:
        """The first projects with all that a table shows, place by place, the furthest first.

        Where they are `whole`, with all that is recorded of them.
        """
        if self.as_of is None and self.totals.count > FEW:
            places = first_places(self.district, number)
            rows = Project.objects.at().filter(district__in=places)
        else:
            rows = self._here
        rows = rows.for_list() if whole else rows.for_table()
        return list(
            rows.order_by("district__path", stage_order("at_stage").desc(), "slug")[:number]
        )

    @cached_property
    def around(self) -> list[District]:
        """Places to go to from here: those above, beside and directly below."""
        near = Q(parent=self.district) | Q(pk=self.district.pk)
        if self.district.parent_id is not None:
            codes = self.district.path.split("/")[:-1]
            near |= Q(path__in=["/".join(codes[:n]) + "/" for n in range(1, len(codes))])
            near |= Q(parent=self.district.parent_id)
        return list(District.objects.filter(near).order_by("path").defer("boundary"))

    @cached_property
    def sources(self) -> list[Source]:
        """What the projects and targets of this place rest on."""
        if self.as_of is None:
            used = set(sources_of(self.district.pk))
        else:
            rows = self.projects.order_by().exclude(source=None)
            used = set(rows.values_list("source", flat=True).distinct())
        used |= {target.source_id for target in self.all_targets if target.source_id}
        return list(Source.objects.filter(pk__in=used))

    @cached_property
    def totals(self) -> Totals:
        if self.as_of:
            return totals(self.projects)
        return totals_in(self.district, leaf=self.is_leaf)

    @cached_property
    def counts(self) -> Counts:
        if self.as_of is None:
            return counts_now(self.districts)
        return count_by_district(self.projects, self.districts)

    @cached_property
    def chain(self) -> Chain:
        if self.as_of is None:
            return chain_of(self.district, self.districts)
        return chain(self.projects, self.districts, self.as_of)

    @cached_property
    def all_targets(self) -> list[Target]:
        """The industry's targets of the place and of those below it, with their progress."""
        rows = Target.objects.industry().filter(district__path__startswith=self.district.path)
        return rows.for_list().measured(self.day)

    @property
    def targets(self) -> list[Target]:
        return [target for target in self.all_targets if target.value is not None]

    @property
    def milestones(self) -> list[Target]:
        return [target for target in self.all_targets if target.value is None]

    @property
    def headline_target(self) -> Target | None:
        """The place's own first target with a figure, for the sentence at the top."""
        own = [target for target in self.targets if target.district == self.district]
        return min(own, key=lambda target: (target.indicator.order, target.pk), default=None)

    @cached_property
    def readings(self) -> list[Reading]:
        return list(self._readings().industry().for_list().prefetch_related("companies"))

    @cached_property
    def context_readings(self) -> list[Reading]:
        """区情: other fields of life, apart from the industry; the place's own and those below."""
        return list(self._readings().context().for_list())

    @cached_property
    def context_targets(self) -> list[Target]:
        """Promises in other fields of life, apart from the industry's."""
        rows = Target.objects.filter(
            indicator__theme__is_industry=False, district__path__startswith=self.district.path
        )
        return rows.for_list().measured(self.day)

    def _readings(self) -> ReadingQuerySet:
        return Reading.objects.filter(
            district__path__startswith=self.district.path, period__lte=self.day
        )

    @cached_property
    def due(self) -> list[Project]:
        """Dated and not known to be finished, the nearest first: those around the day."""
        rows = self._here.due_unfinished().select_related("district")
        rows = rows.only(
            *("name", "name_en", "slug", "due", "due_precision", "due_basis"),
            *("district__name", "district__name_en", "district__short_name"),
            "district__short_name_en",
        )
        # Whole days, so that an index finds them; of one with very many, no more than are drawn.
        drawn, held = self._drawn, self._held
        crowded = [day for day in drawn if held[day] > CROWDED]
        whole = drawn.keys() - crowded
        found = list(rows.filter(due__in=whole).order_by()) if whole else []
        for day in crowded:
            found += rows.filter(due=day).order_by("slug")[: drawn[day]]
        ordered = sorted(found, key=lambda project: (project.due, project.slug))
        days = groupby(ordered, lambda project: str(project.due))
        return [project for day, some in days for project in islice(some, drawn[day])]

    @cached_property
    def _held(self) -> Counter[str]:
        """Day → how many projects are due then and not known to be finished."""
        held: Counter[str] = Counter()
        for due, count in self._dues:
            held[due] += count
        return held

    @cached_property
    def _drawn(self) -> dict[str, int]:
        """Day → how many of its projects are drawn, going out from the day to either side."""
        day = self.day.isoformat()
        drawn: dict[str, int] = {}
        for side in (
            sorted((due for due in self._held if due < day), reverse=True),
            sorted(due for due in self._held if due >= day),
        ):
            left = DRAWN
            for due in side:
                if left:
                    drawn[due] = min(left, self._held[due])
                    left -= drawn[due]
        return drawn

    @cached_property
    def _dues(self) -> list[tuple[str, int]]:
        """Days with how many projects are due then and not known to be finished."""
        if self.as_of is None:
            return [
                (due, count)
                for _place, due, _precision, stage, count in dues_of([self.district.pk])
                if stage in UNFINISHED
            ]
        else:
            groups = self.projects.due_unfinished().order_by().values_list("due")
            return [(due.isoformat(), n) for due, n in groups.annotate(Count("pk"))]

    @cached_property
    def dated(self) -> tuple[int, int]:
        """How many are dated and not known to be finished: before the day, and on it or later."""
        counts, day = self._dues, self.day.isoformat()
        late = sum(count for due, count in counts if due < day)
        return late, sum(count for _due, count in counts) - late

    @cached_property
    def undated(self) -> int:
        unfinished = sum(self.totals.by_stage.get(stage, 0) for stage in UNFINISHED)
        return unfinished - sum(self.dated)

    @cached_property
    def changes(self) -> list[StageChange]:
        rows = StageChange.objects.filter(date__lte=self.day)
        # Of few projects their events are read; else the latest are gone through until enough
        # of them are from here.
        if self._keys is not None and self.totals.count <= FEW:
            rows = rows.filter(project__district__in=self._keys)
        elif self._keys is not None:
            rows = rows.filter(project__district__path__startswith=self.district.path)
        return list(rows.recent().defer("project__district__boundary")[:SHOWN])

    @cached_property
    def reconciled(self) -> list[Reconciled]:
        return reported_and_tracked(self.district, self.as_of)

    @cached_property
    def sums(self) -> list[SumCheck]:
        """The city's figures against its districts'; for a district, those that it is part of."""
        above = self.district.parent
        if above is None or not self.is_leaf:
            return sum_checks(self.district, self.districts, self.day)
        checks = sum_checks(above, list(above.children.order_by("order", "path")), self.day)
        return [check for check in checks if check.mentions(self.district)]

    @cached_property
    def links(self) -> list[Link]:
        many = sum(row.count for row in self.chain.rows) > FEW
        if many and self.as_of is None and self._keys is None:
            return links_now(self.chain)
        return links(self.chain, self.projects)

    @cached_property
    def data_until(self) -> PartialDate | None:
        """When the newest source was published: what the figures can know of."""
        newest = Source.objects.exclude(date=None).order_by("-date").first()
        return newest.published if newest else None

    # The charts.

    @cached_property
    def targets_chart(self) -> Chart:
        return targets_chart(self.targets, self.as_of, self._slug)

    @cached_property
    def map_chart(self) -> Chart:
        return map_chart(self.districts, self.counts, self.chain, self.as_of)

    @cached_property
    def stages_chart(self) -> Chart:
        return stages_chart(self.counts, self.districts, self.as_of)

    @cached_property
    def funnel_chart(self) -> Chart:
        return funnel_chart(self.totals.by_stage, self.as_of, self._slug)

    @cached_property
    def chain_chart(self) -> Chart:
        return chain_chart(self.chain, self.as_of)

    @cached_property
    def capacity_chart(self) -> Chart:
        return capacity_chart(self.chain, self.as_of, self._slug)

    @cached_property
    def timeline_chart(self) -> Chart:
        late = sum(1 for project in self.due if project.due and project.due < self.day)
        further = self.dated[0] - late, self.dated[1] - (len(self.due) - late)
        return timeline_chart(self.due, self.undated, self.targets, self.as_of, self._slug, further)

    @property
    def _slug(self) -> str:
        """The district parameter of links; the whole tracker needs none."""
        return "" if self.district.parent_id is None else self.district.slug
