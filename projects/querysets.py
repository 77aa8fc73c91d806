"""The domain's verbs: what can be asked of projects and of their stage changes."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Prefetch, Subquery

from districts.models import CONTESTED, District, contested
from projects.events import KEPT, LATEST_FIRST, refresh_stages
from projects.found import PartQuerySet, batches, locked, refuse_search, save_texts
from projects.search import (
    COMPANY_NAMES,
    PRODUCT_NAMES,
    PROJECT_NAMES,
    company_document,
    matching,
    project_document,
)
from projects.stages import DISPATCHED, UNFINISHED
from projects.summaries.writing import CountedQuerySet
from projects.words import counted, keep_words
from zaozhuang.history.tracking import TrackedQuerySet

if TYPE_CHECKING:
    # ruff does not see the names in the brackets of a base class.
    from projects.models import Capacity, Company, Participation, Project, StageChange  # noqa: F401

# A project's own columns that its search text rests on.
FOUND_BY = {*PROJECT_NAMES, "district", "district_id"}
# Those that decide where it is counted, besides the kept stage.
COUNTED_BY = frozenset(
    {
        *("district", "district_id", "kind", "parent", "parent_id", "source", "source_id"),
        *("due", "due_precision", "investment", "investment_kind"),
    }
)


class ProjectQuerySet(CountedQuerySet["Project"]):
    """Projects. Pages see a stage through `at_…` columns, on today's or any past day."""

    counted_by = COUNTED_BY
    counted_owner = "pk"

    def at(self, day: date | None = None) -> "ProjectQuerySet":
        """With the stage as it stood on `day` in `at_stage`, `at_basis`, `at_since` …

        Without a day the kept columns answer. With one, projects of which nothing had
        happened yet are left out: on that day the tracker would not have known them.
        """
        if day is None:
            return self.annotate(**{_at(kept): F(kept) for kept in KEPT})
        from projects.models import StageChange

        events = StageChange.objects.filter(project=OuterRef("pk"), date__lte=day).order_by(
            *LATEST_FIRST
        )
        columns = {_at(kept): Subquery(events.values(column)[:1]) for kept, column in KEPT.items()}
        return self.annotate(**columns).filter(Exists(events))

    def in_district(self, district: District) -> "ProjectQuerySet":
        """In the district or in a place below it."""
        return self.filter(district__path__startswith=district.path)

    def in_stage(self, *stages: str) -> "ProjectQuerySet":
        """At one of the stages, on the day chosen with `at`."""
        return self.filter(at_stage__in=stages)

    def due_unfinished(self) -> "ProjectQuerySet":
        """Promised for a date and, as far as is known, not there yet; the nearest first."""
        return self.filter(due__isnull=False, at_stage__in=UNFINISHED).order_by("due", "slug")

    def dispatched(self, day: date) -> "ProjectQuerySet":
        """Being prepared or built on the day: what every month is reported on."""
        return self.at(day).in_stage(*DISPATCHED)

    def unreported(self, month: date) -> "ProjectQuerySet":
        """Without a monthly report for the month that begins on that day."""
        from projects.models import ProgressReport

        return self.exclude(
            Exists(ProgressReport.objects.filter(project=OuterRef("pk"), month=month))
        )

    def with_last_report(self, month: date) -> "ProjectQuerySet":
        """With the latest monthly report up to the month in `last_reports`, a list of at most one."""
        from projects.models import ProgressReport

        so_far = ProgressReport.objects.filter(project=OuterRef("project"), month__lte=month)
        latest = ProgressReport.objects.filter(
            pk=Subquery(so_far.order_by("-month").values("pk")[:1])
        )
        return self.prefetch_related(  # type: ignore[no-redef]  # the model names it for readers
            Prefetch("reports", latest, to_attr="last_reports")
        )

    def matching(self, text: str, common: bool = False) -> "ProjectQuerySet":
        """Whose name, company, product or district contains the text, in Chinese, English or pinyin.

        `%` and `_` are literal. `common` is said of a text that very many contain.
        """
        found: ProjectQuerySet = matching(self, text, common)
        return found

    def count(self) -> int:
        """How many; what a search alone has found is counted without being fetched."""
        found = counted(self)
        return super().count() if found is None else found

    def for_list(self) -> "ProjectQuerySet":
        """With all that a row of the list or of an export shows, in a fixed number of queries."""
        return (
            self.select_related("district", "source", "parent")
            # A boundary is some 10 KB of JSON, which would come along with every row.
            .defer("district__boundary")
            .prefetch_related("capacities__segment", "capacities__unit", "participations__company")
        )

    def for_table(self) -> "ProjectQuerySet":
        """With what a row of the list shows of the project itself; its parts the rows read."""
        return self.select_related("district", "source").only(
            *("name", "name_en", "slug", "kind", "due", "due_precision", "due_basis"),
            *("investment", "investment_kind", "investment_approximate", "updated_at"),
            *("locator", "district__short_name", "district__short_name_en"),
            *("source__slug", "source__title", "source__title_en", "source__articles_en"),
        )

    def refresh_stage(self) -> int:
        """Bring the kept stage in line with the latest event; returns how many rows changed."""
        return refresh_stages(set(self.order_by().values_list("pk", flat=True)))

    def refresh_search(self) -> int:
        """Bring the search texts in line with the names; returns how many rows changed."""
        changed = 0
        every: models.QuerySet[Project] = models.QuerySet(self.model)
        for keys in batches(self.order_by("pk").values_list("pk", flat=True)):
            with transaction.atomic():
                rows = every.filter(pk__in=keys).order_by("pk")
                list(rows.select_for_update().values_list("pk"))
                projects = list(
                    rows.select_related("district").prefetch_related(
                        "capacities", "participations__company"
                    )
                )
                texts = {
                    project.pk: project_document(
                        project,
                        [part.company for part in project.participations.all()],
                        project.capacities.all(),
                    )
                    for project in projects
                }
                changed += len(save_texts(self.model, projects, texts))
        return changed

    def bulk_create(self, objs: "Iterable[Project]", *args: Any, **kwargs: Any) -> "list[Project]":
        """Create rows; a new project has no event, product or company yet."""
        _refuse_kept(kwargs.get("update_fields") or ())
        objs = list(objs)
        with transaction.atomic():
            self.model.begin(objs)
            created = super().bulk_create(objs, *args, **kwargs)
            if kwargs.get("update_conflicts"):
                written = self.model.objects.filter(slug__in=[project.slug for project in objs])
                written.refresh_search()
            else:
                keep_words(created)
        return created

    def bulk_update(
        self, objs: "Iterable[Project]", fields: Iterable[str], *args: Any, **kwargs: Any
    ) -> int:
        objs, fields = list(objs), list(fields)
        _refuse_kept(fields)
        with self._findable([project.pk for project in objs], fields):
            return super().bulk_update(objs, fields, *args, **kwargs)

    def update(self, **kwargs: Any) -> int:
        """Update rows; refuses the kept stage and search text, which follow other columns."""
        _refuse_kept(kwargs)
        named = FOUND_BY & kwargs.keys()
        keys = list(self.order_by().values_list("pk", flat=True)) if named else []
        with self._findable(keys, kwargs):
            return super().update(**kwargs)

    @contextmanager
    def _findable(self, keys: list[Any], fields: Iterable[str]) -> Iterator[None]:
        """Around a write to these columns of the projects, after which they are found by them."""
        if not FOUND_BY & set(fields):
            yield
            return
        with transaction.atomic():
            yield
            rows = self.model.objects.filter(pk__in=keys)
            locked(District, rows.order_by().values_list("district", flat=True))
            rows.refresh_search()

    update.alters_data = True  # type: ignore[attr-defined]

    @staticmethod
    def replanted(districts: Iterable[Any], parents: Iterable[Any]) -> AbstractContextManager[None]:
        """Around a write that moves, adds or deletes places below these parents, old and new."""
        from projects.summaries.places import replanted

        return replanted(districts, parents)


def _refuse_kept(fields: Iterable[str]) -> None:
    refuse_search(fields)
    if kept := KEPT.keys() & set(fields):
        raise ValueError(
            f"{', '.join(sorted(kept))}: add a StageChange; the stage follows its latest event."
        )


def _at(kept: str) -> str:
    return "at_" + kept.removeprefix("stage_")


class CompanyQuerySet(TrackedQuerySet["Company"]):
    """Companies. Every way to rename one keeps it, and its projects, found by its name."""

    def for_list(self, day: date | None = None) -> "CompanyQuerySet":
        """With projects and honours, in a fixed number of queries.

        With a day, only the projects that were known on it.
        """
        from projects.models import Participation, StageChange

        taken = Participation.objects.select_related("project__district")
        if day:
            known = StageChange.objects.filter(project=OuterRef("project"), date__lte=day)
            taken = taken.filter(Exists(known))
        return self.select_related("source").prefetch_related(
            Prefetch("participations", taken), "honours__source"
        )

    def matching(self, text: str, common: bool = False) -> "CompanyQuerySet":
        """Whose name contains the text, in Chinese, English or pinyin; `%` and `_` are literal."""
        found: CompanyQuerySet = matching(self, text, common)
        return found

    def count(self) -> int:
        """How many; what a search alone has found is counted without being fetched."""
        found = counted(self)
        return super().count() if found is None else found

    def refresh_search(self) -> int:
        """Bring the search texts, and those of the projects, in line; returns how many changed."""
        from projects.models import Project

        changed = 0
        for keys in batches(self.order_by("pk").values_list("pk", flat=True)):
            with transaction.atomic():
                companies = locked(self.model, keys)
                texts = {key: company_document(company) for key, company in companies.items()}
                renamed = save_texts(self.model, companies.values(), texts)
                Project.objects.filter(participations__company__in=renamed).refresh_search()
                changed += len(renamed)
        return changed

    def bulk_create(self, objs: "Iterable[Company]", *args: Any, **kwargs: Any) -> "list[Company]":
        refuse_search(kwargs.get("update_fields") or ())
        objs = list(objs)
        for company in objs:
            company.search = company_document(company)
        with transaction.atomic():
            created = super().bulk_create(objs, *args, **kwargs)
            if kwargs.get("update_conflicts"):
                written = self.model.objects.filter(slug__in=[company.slug for company in objs])
                written.refresh_search()
            else:
                keep_words(created)
        return created

    def bulk_update(
        self, objs: "Iterable[Company]", fields: Iterable[str], *args: Any, **kwargs: Any
    ) -> int:
        objs, fields = list(objs), list(fields)
        refuse_search(fields)
        with transaction.atomic():
            changed = super().bulk_update(objs, fields, *args, **kwargs)
            if set(COMPANY_NAMES) & set(fields):
                self.model.objects.filter(pk__in=[row.pk for row in objs]).refresh_search()
        return changed

    def update(self, **kwargs: Any) -> int:
        refuse_search(kwargs)
        named = set(COMPANY_NAMES) & kwargs.keys()
        keys = list(self.order_by().values_list("pk", flat=True)) if named else []
        with transaction.atomic():
            changed = super().update(**kwargs)
            self.model.objects.filter(pk__in=keys).refresh_search()
        return changed

    update.alters_data = True  # type: ignore[attr-defined]


class ParticipationQuerySet(PartQuerySet["Participation"]):
    counted_by = frozenset({"company", "company_id", "project", "project_id"})
    found_by = frozenset({"company", "company_id", "project", "project_id"})


class CapacityQuerySet(PartQuerySet["Capacity"]):
    counted_by = frozenset(
        {
            *("project", "project_id", "segment", "segment_id"),
            *("quantity", "unit", "unit_id", "per_year"),
        }
    )
    found_by = frozenset({*PRODUCT_NAMES, "project", "project_id"})

    def marked(self) -> "CapacityQuerySet":
        """With `contested`: whether another source says otherwise."""
        marked: CapacityQuerySet = self.annotate(**{CONTESTED: contested(self.model)})
        return marked

    def at(self, day: date | None = None) -> "CapacityQuerySet":
        """With the stage of the project, as it stood on `day`, in `at_stage`."""
        if day is None:
            kept: CapacityQuerySet = self.annotate(at_stage=F("project__stage"))
            return kept
        from projects.models import StageChange

        events = StageChange.objects.filter(project=OuterRef("project"), date__lte=day).order_by(
            *LATEST_FIRST
        )
        then: CapacityQuerySet = self.annotate(at_stage=Subquery(events.values("stage")[:1]))
        return then

    def without_phases_of(self, selection: ProjectQuerySet) -> "CapacityQuerySet":
        """Leaving out a phase whose parent, also selected, gives the same segment and unit.

        The parent's figure contains the phase's, so adding both would count it twice.
        """
        whole = self.model.objects.filter(
            project=OuterRef("project__parent"),
            project__in=selection.values("pk"),
            segment=OuterRef("segment"),
            unit=OuterRef("unit"),
            quantity__isnull=False,
        )
        return self.filter(~Exists(whole))
