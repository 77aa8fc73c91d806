"""What belongs to a project: its capacities, who takes part, and the events of its life."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from districts.models import Basis, Cited, Claim, Contestable, Unit
from projects.events import CountingManager, StageChangeQuerySet, following
from projects.models.chain import Segment, Technology
from projects.models.companies import Company
from projects.models.project import Project
from projects.querysets import CapacityQuerySet, ParticipationQuerySet
from projects.stages import FAMILY, Family, Stage
from zaozhuang.dates import (
    PartialDate,
    Precision,
    event_day,
)
from zaozhuang.localised import localised


class Capacity(Contestable):
    """One product of a project, with what a year of it amounts to."""

    project = models.ForeignKey(
        Project, models.CASCADE, related_name="capacities", verbose_name=_("project")
    )
    product = models.CharField(_("product"), max_length=100)
    product_en = models.CharField(_("English product"), max_length=150, blank=True)
    segment = models.ForeignKey(
        Segment,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="capacities",
        verbose_name=_("segment"),
        help_text=_("Blank where the source does not place it on the chain."),
    )
    quantity = models.DecimalField(
        _("quantity"),
        max_digits=20,
        decimal_places=6,
        null=True,
        blank=True,
        help_text=_("In the unit beside it; blank where no source gives it, which is not zero."),
    )
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, blank=True, verbose_name=_("unit"))
    per_year = models.BooleanField(
        _("per year"), default=True, help_text=_("Off for a size that is not a yearly output.")
    )
    technology = models.ForeignKey(
        Technology, models.PROTECT, null=True, blank=True, verbose_name=_("technology")
    )
    basis = models.CharField(
        _("basis"),
        max_length=8,
        choices=Basis,
        default=Basis.STATED,
        help_text=_("Of the product and its place on the chain."),
    )

    objects = CapacityQuerySet.as_manager()
    history_owner = "project"

    class Meta:
        ordering = ["project", "pk"]
        verbose_name = _("capacity")
        verbose_name_plural = _("capacities")
        # So that project.capacities.add(…), which updates through the base manager, is followed too.
        base_manager_name = "objects"
        constraints = [
            *Cited.Meta.constraints,
            models.UniqueConstraint(
                fields=["project", "product"], name="capacity_once_per_product"
            ),
            models.CheckConstraint(
                condition=models.Q(quantity__isnull=True) | models.Q(quantity__gt=0),
                name="capacity_quantity_positive",
                violation_error_message=_(
                    "The quantity must be more than zero; leave it blank where it is not known."
                ),
            ),
            models.CheckConstraint(
                condition=models.Q(quantity__isnull=True) | models.Q(unit__isnull=False),
                name="capacity_has_unit",
                violation_error_message=_("A quantity needs a unit."),
            ),
        ]

    def __str__(self) -> str:
        return self.label

    def belongs_to(self) -> Project:
        return self.project

    @property
    def label(self) -> str:
        return localised(self, "product")

    @property
    def figure_slug(self) -> str:
        return f"capacity-{self.pk}"

    @property
    def measured_in(self) -> Unit | None:
        return self.unit

    def save(self, *args: Any, **kwargs: Any) -> None:
        rows, fields = Capacity.objects.all(), kwargs.get("update_fields")
        with rows.counting([self], fields), rows.findable([self], fields):
            super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        rows = Capacity.objects.all()
        with rows.counting([self]), rows.findable([self]):
            return super().delete(*args, **kwargs)


class CapacityClaim(Claim):
    """What another source says of a product: another quantity, or another product."""

    contests = history_owner = "capacity"
    named_by = ("capacity__project", "capacity__unit", "unit")

    capacity = models.ForeignKey(
        Capacity, models.CASCADE, related_name="claims", verbose_name=_("capacity")
    )

    class Meta(Claim.Meta):
        verbose_name = _("claim beside a capacity")
        verbose_name_plural = _("claims beside capacities")


class Participation(Cited):
    """What a company is to a project."""

    class Role(models.TextChoices):
        INVESTOR = "investor", _("investor")
        BUILDER = "builder", _("builder")
        OPERATOR = "operator", _("operator")
        PARTNER = "partner", _("partner")

    # No index of its own: that of the rule that it is there once begins with it.
    project = models.ForeignKey(
        Project,
        models.CASCADE,
        db_index=False,
        related_name="participations",
        verbose_name=_("project"),
    )
    company = models.ForeignKey(
        Company, models.PROTECT, related_name="participations", verbose_name=_("company")
    )
    role = models.CharField(_("role"), max_length=8, choices=Role, default=Role.INVESTOR)
    basis = models.CharField(
        _("basis"),
        max_length=8,
        choices=Basis,
        default=Basis.STATED,
        help_text=_("Inferred where the company is only known from the project's name."),
    )

    history_owner = "project"

    objects = ParticipationQuerySet.as_manager()

    class Meta:
        ordering = ["project", "pk"]
        verbose_name = _("participation")
        verbose_name_plural = _("participations")
        base_manager_name = "objects"  # as for capacities
        constraints = [
            *Cited.Meta.constraints,
            models.UniqueConstraint(
                fields=["project", "company", "role"], name="participation_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.company.short_label} · {self.get_role_display()}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        rows, fields = Participation.objects.all(), kwargs.get("update_fields")
        with rows.counting([self], fields), rows.findable([self], fields):
            super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        rows = Participation.objects.all()
        with rows.counting([self]), rows.findable([self]):
            return super().delete(*args, **kwargs)

    def belongs_to(self) -> Project:
        return self.project


class StageChange(Cited):
    """A dated event in the life of a project."""

    project = models.ForeignKey(
        Project, models.CASCADE, related_name="stage_changes", verbose_name=_("project")
    )
    stage = models.CharField(_("stage"), max_length=12, choices=Stage)
    date = models.DateField(
        _("date"), help_text=_("Any day of the period in which it happened or was seen.")
    )
    date_precision = models.CharField(
        _("precision of the date"), max_length=8, choices=Precision, default=Precision.DAY
    )
    observed = models.BooleanField(
        _("seen, not begun"),
        default=False,
        help_text=_("The date is when the source saw the stage; when it began is not known."),
    )
    basis = models.CharField(
        _("basis"),
        max_length=8,
        choices=Basis,
        blank=True,
        default=Basis.STATED,
        help_text=_("Blank only for “not stated”."),
    )
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        verbose_name=_("recorded by"),
    )
    recorded_at = models.DateTimeField(_("recorded"), auto_now_add=True)
    # A mistaken event is not erased: another one corrects it, or none, and it no longer counts.
    corrects = models.ForeignKey(
        "self",
        models.RESTRICT,
        null=True,
        blank=True,
        editable=False,
        related_name="corrections",
        verbose_name=_("corrects"),
    )
    withdrawn = models.TextField(
        _("no longer counts because"),
        blank=True,
        editable=False,
        help_text=_("Why the event was wrong; blank as long as it counts."),
    )

    # The events that count: what a reader of stages wants. The first below is for all of them.
    every = StageChangeQuerySet.as_manager()
    objects = CountingManager()
    history_owner = "project"

    class Meta:
        ordering = ["project", "-date", "-pk"]
        verbose_name = _("stage change")
        verbose_name_plural = _("stage changes")
        get_latest_by = ["date", "pk"]
        # The desk, dumps and project.stage_changes hold all events, also those that were corrected.
        default_manager_name = "every"
        # So that project.stage_changes.add(…), which updates through the base manager, is followed too.
        base_manager_name = "every"
        # What changed last, anywhere.
        indexes = [models.Index(fields=["-date", "-id"], name="stagechange_latest")]
        constraints = [
            *Cited.Meta.constraints,
            models.UniqueConstraint(
                fields=["project", "date", "stage"],
                condition=models.Q(withdrawn=""),
                name="stagechange_once_a_day",
                violation_error_message=_("This project already has this stage on that date."),
            ),
            models.CheckConstraint(
                condition=models.Q(date_precision__in=Precision.values),
                name="stagechange_date_has_precision",
                violation_error_message=_("Give the date and its precision together."),
            ),
            models.CheckConstraint(
                condition=models.Q(stage=Stage.UNKNOWN, basis="")
                | (~models.Q(stage=Stage.UNKNOWN) & models.Q(basis__in=Basis.values)),
                name="stagechange_has_basis",
                violation_error_message=_(
                    "Say whether the stage is stated or inferred; “not stated” has no basis."
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project.label} · {self.get_stage_display()} · {self.when.label}"

    def belongs_to(self) -> Project:
        return self.project

    @property
    def when(self) -> PartialDate:
        return PartialDate.containing(self.date, self.date_precision)

    @property
    def family(self) -> Family:
        return FAMILY[self.stage]

    def clean(self) -> None:
        if self.date and self.date_precision:
            self.date = event_day(self.date, self.date_precision)  # type: ignore[assignment]
        if self.stage == Stage.UNKNOWN:
            self.basis = ""

    def save(self, *args: Any, **kwargs: Any) -> None:
        with following(StageChange.every.projects_of([self])):
            super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        with following(StageChange.every.projects_of([self])):
            return super().delete(*args, **kwargs)
