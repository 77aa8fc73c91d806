"""The project: one investment in one district."""

from datetime import date
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from districts.models import Basis, Cited, District, Named
from projects.events import KEPT, WITHOUT_EVENT
from projects.found import locked
from projects.querysets import COUNTED_BY, FOUND_BY, ProjectQuerySet
from projects.search import project_document
from projects.stages import FAMILY, Family, Stage
from projects.words import keep_words
from zaozhuang.addresses import record_url
from zaozhuang.dates import (
    PartialDate,
    Precision,
    date_has_precision,
    deadline_day,
    event_day,
    partial,
)

if TYPE_CHECKING:
    from projects.models.reports import ProgressReport


class Project(Named, Cited):
    """One investment in one district; it may be a phase of another."""

    class Kind(models.TextChoices):
        MANUFACTURING = "manufacturing", _("manufacturing")
        PARK = "park", _("park")
        PLATFORM = "platform", _("research platform")

    class InvestmentKind(models.TextChoices):
        AGREED = "agreed", pgettext_lazy("investment", "agreed")
        REGISTERED = "registered", pgettext_lazy("investment", "registered")
        COMPLETED = "completed", pgettext_lazy("investment", "completed")

    slug = models.SlugField(_("address"), max_length=80, unique=True)
    # No index of its own: three others, of which one is a rule, begin with it.
    district = models.ForeignKey(
        District,
        models.PROTECT,
        db_index=False,
        related_name="projects",
        verbose_name=_("district"),
    )
    kind = models.CharField(_("kind"), max_length=13, choices=Kind, default=Kind.MANUFACTURING)
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="phases",
        verbose_name=_("phase of"),
        help_text=_("The project that this is a phase of; a phase has no phases itself."),
    )
    planned_start = models.DateField(
        _("planned start"),
        null=True,
        blank=True,
        help_text=_("When construction is to begin: any day of that period."),
    )
    planned_start_precision = models.CharField(
        _("precision of the planned start"), max_length=8, choices=Precision, blank=True
    )
    planned_start_basis = models.CharField(
        _("basis of the planned start"), max_length=8, choices=Basis, blank=True
    )
    due = models.DateField(
        _("due"),
        null=True,
        blank=True,
        help_text=_("When it is to be completed or producing: any day of that period."),
    )
    due_precision = models.CharField(
        _("precision of the due date"), max_length=8, choices=Precision, blank=True
    )
    due_basis = models.CharField(
        _("basis of the due date"),
        max_length=8,
        choices=Basis,
        blank=True,
        help_text=_("Inferred where the sentence itself names no date."),
    )
    investment = models.DecimalField(
        _("investment"),
        max_digits=16,
        decimal_places=4,
        null=True,
        blank=True,
        help_text=_(
            "In 亿元 (hundred million yuan); blank where no source gives it, which is not zero."
        ),
    )
    investment_kind = models.CharField(
        _("kind of investment"),
        max_length=10,
        choices=InvestmentKind,
        blank=True,
        help_text=_("The three are never added up."),
    )
    investment_approximate = models.BooleanField(_("investment is approximate"), default=False)

    # Kept from the latest StageChange by StageChangeQuerySet; nobody writes them directly.
    stage = models.CharField(
        _("stage"), max_length=12, choices=Stage, default=Stage.UNKNOWN, editable=False
    )
    stage_basis = models.CharField(
        _("basis of the stage"), max_length=8, choices=Basis, blank=True, editable=False
    )
    stage_since = models.DateField(_("stage since"), null=True, blank=True, editable=False)
    stage_since_precision = models.CharField(
        _("precision of the stage's date"),
        max_length=8,
        choices=Precision,
        blank=True,
        editable=False,
    )
    stage_observed = models.BooleanField(
        _("stage seen, not begun, on that date"), default=False, editable=False
    )

    # Kept from the names here and in what belongs to the project, by projects.found.
    search = models.TextField(_("search text"), blank=True, editable=False)

    created_at = models.DateTimeField(_("entered"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True, db_index=True)

    # An editor has looked and found nothing to change; saving the record says as much.
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True, editable=False)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("confirmed by"),
    )

    objects = ProjectQuerySet.as_manager()
    # The history of the stage is that of its events.
    history_derived = (*KEPT, "search")

    # What ProjectQuerySet.at() adds.
    at_stage: str
    at_basis: str
    at_since: date | None
    at_since_precision: str
    at_observed: bool
    # What ProjectQuerySet.with_last_report() adds.
    last_reports: "list[ProgressReport]"

    class Meta:
        ordering = ["district__path", "slug"]
        verbose_name = _("project")
        verbose_name_plural = _("projects")
        # So that district.projects.add(…), which updates through the base manager, is followed too.
        base_manager_name = "objects"
        indexes = [
            models.Index(fields=["district", "stage"], name="project_district_stage"),
            # The order of the pages, district by district.
            models.Index(fields=["district", "slug"], name="project_page_order"),
            models.Index(fields=["stage"], name="project_stage"),
            # The deadlines around a day, and of a day with very many the first ones.
            models.Index(fields=["due", "slug"], name="project_due_order"),
        ]
        constraints = [
            *Cited.Meta.constraints,
            models.UniqueConstraint(
                fields=["district", "name"], name="project_name_once_in_district"
            ),
            models.CheckConstraint(
                condition=date_has_precision("planned_start"),
                name="project_planned_start_has_precision",
                violation_error_message=_("Give the planned start and its precision together."),
            ),
            models.CheckConstraint(
                condition=models.Q(planned_start__isnull=True, planned_start_basis="")
                | models.Q(planned_start__isnull=False, planned_start_basis__in=Basis.values),
                name="project_planned_start_has_basis",
                violation_error_message=_("Say whether the planned start is stated or inferred."),
            ),
            models.CheckConstraint(
                # Both days are the outer ones of their periods, so “2023” may start what is
                # due in May 2023.
                condition=models.Q(planned_start__isnull=True)
                | models.Q(due__isnull=True)
                | models.Q(planned_start__lte=models.F("due")),
                name="project_starts_before_due",
                violation_error_message=_("The planned start lies after the due date."),
            ),
            models.CheckConstraint(
                condition=date_has_precision("due"),
                name="project_due_has_precision",
                violation_error_message=_("Give the due date and its precision together."),
            ),
            models.CheckConstraint(
                condition=models.Q(due__isnull=True, due_basis="")
                | models.Q(due__isnull=False, due_basis__in=Basis.values),
                name="project_due_has_basis",
                violation_error_message=_("Say whether the due date is stated or inferred."),
            ),
            models.CheckConstraint(
                condition=date_has_precision("stage_since"),
                name="project_stage_since_has_precision",
                violation_error_message=_("Give the date and its precision together."),
            ),
            models.CheckConstraint(
                condition=models.Q(investment__isnull=True, investment_kind="")
                | models.Q(
                    investment__isnull=False,
                    investment__gt=0,
                    investment_kind__in=["agreed", "registered", "completed"],
                ),
                name="project_investment_has_kind",
                violation_error_message=_(
                    "Give the investment and its kind together; it must be more than zero."
                ),
            ),
            models.CheckConstraint(
                condition=~models.Q(parent=models.F("id")),
                name="project_not_its_own_parent",
                violation_error_message=_("A project cannot be a phase of itself."),
            ),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save all but what is kept: what was read a while ago must not bring back an old stage."""
        fields = kwargs.get("update_fields")
        if fields is not None and not COUNTED_BY & set(fields):
            self._save(*args, **kwargs)
            return
        from projects.summaries.keeping import counted

        with counted([self.pk]) as new:
            self._save(*args, **kwargs)
            new.add(self.pk)

    def _save(self, *args: Any, **kwargs: Any) -> None:
        with transaction.atomic():
            if self._state.adding:
                replaced = self.pk
                Project.begin([self])
                super().save(*args, **kwargs)
                if replaced is not None:  # the row of that key may have been there, with events
                    Project.objects.filter(pk=replaced).refresh_stage()
                    Project.objects.filter(pk=replaced).refresh_search()
                else:
                    keep_words([self])
                return
            fields = kwargs.get("update_fields")
            if fields is None:
                fields = {
                    field.name for field in self._meta.concrete_fields if not field.primary_key
                }
            kwargs["update_fields"] = set(fields) - KEPT.keys() - {"search"}
            if FOUND_BY & kwargs["update_fields"]:
                locked(District, [self.district_id])
            super().save(*args, **kwargs)
            if FOUND_BY & kwargs["update_fields"]:
                Project.objects.filter(pk=self.pk).refresh_search()

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        from projects.summaries.keeping import counted

        with counted([self.pk]):
            return super().delete(*args, **kwargs)

    @classmethod
    def begin(cls, projects: "list[Project]") -> None:
        """Set what is kept as it is for new projects, of which nothing else is recorded."""
        places = locked(District, [project.district_id for project in projects])
        for project in projects:
            project.forget_stage()
            if project.district_id in places:  # else the database refuses the row
                project.district = places[project.district_id]
                project.search = project_document(project)

    def forget_stage(self) -> None:
        """The stage of a project of which no event is recorded."""
        for kept, value in WITHOUT_EVENT.items():
            setattr(self, kept, value)

    def belongs_to(self) -> District:
        return self.district

    def get_absolute_url(self) -> str:
        return record_url("project", self.slug)

    @property
    def stage_label(self) -> str:
        return str(Stage(self.at_stage).label)

    @property
    def family(self) -> Family:
        return FAMILY[self.at_stage]

    @property
    def since(self) -> PartialDate | None:
        """When the stage shown began or, where `at_observed`, when it was seen."""
        return partial(self.at_since, self.at_since_precision)

    @property
    def start(self) -> PartialDate | None:
        """The planned start; when construction did begin, the stage changes tell."""
        return partial(self.planned_start, self.planned_start_precision)

    @property
    def kept_since(self) -> PartialDate | None:
        """The same of the stage that is kept, as the desk shows it: that of the latest event."""
        return partial(self.stage_since, self.stage_since_precision)

    @property
    def deadline(self) -> PartialDate | None:
        return partial(self.due, self.due_precision)

    def clean(self) -> None:
        self.planned_start = event_day(self.planned_start, self.planned_start_precision)
        self.due = deadline_day(self.due, self.due_precision)
        if self.parent is not None:
            if self.parent_id == self.pk and self.pk:
                raise ValidationError({"parent": _("A project cannot be a phase of itself.")})
            if self.parent.parent_id is not None:
                raise ValidationError(
                    {
                        "parent": _(
                            "This project is itself a phase; choose the project it belongs to."
                        )
                    }
                )
            if self.pk and self.phases.exists():
                raise ValidationError(
                    {"parent": _("This project has phases, so it cannot be one itself.")}
                )
