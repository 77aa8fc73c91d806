"""What is promised and measured in a place, in units that make figures comparable."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from districts.models.base import Basis, Named
from districts.models.contested import CONTESTED, Contestable, contested, one_page_each
from districts.models.places import District
from districts.progress import Progress, measure
from zaozhuang.dates import (
    PartialDate,
    Precision,
    date_has_precision,
    deadline_day,
    event_day,
    partial,
)
from zaozhuang.history.tracking import TrackedQuerySet
from zaozhuang.localised import localised, reads_english
from zaozhuang.numbers import grouped


class Unit(Named):
    """A unit as sources write it: 万吨, 亿元, 台.

    `factor` says how many of the English unit one of it is (万吨: 10000 of t), so that
    180,000 t can be shown to English readers while the figure stays as it was written.
    """

    name = models.CharField(_("name"), max_length=20, unique=True)
    name_en = models.CharField(_("English unit"), max_length=20, blank=True)
    factor = models.DecimalField(
        _("factor"),
        max_digits=16,
        decimal_places=6,
        default=Decimal(1),
        help_text=_("How many of the English unit one of it is."),
    )

    class Meta:
        ordering = ["name"]
        verbose_name = _("unit")
        verbose_name_plural = _("units")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(factor__gt=0),
                name="unit_factor_positive",
                violation_error_message=_("The factor must be more than zero."),
            ),
        ]

    @property
    def plain_label(self) -> str:
        """`亿元`, `CNY`; nothing where English needs no word, as for 个 and 家."""
        return self.name_en if reads_english() else self.name

    def __str__(self) -> str:
        """`万吨`, or `万吨 (10,000 t)`: whoever enters a figure must not take it for one of t."""
        if reads_english() and self.name_en and self.name_en != self.name:
            return f"{self.name} ({grouped(self.factor)} {self.name_en})"
        return self.name


class Theme(Named):
    """A field of life that indicators belong to. The tracker's own industry is one of them."""

    slug = models.SlugField(_("address"), unique=True)
    order = models.PositiveIntegerField(_("order"), default=0)
    is_industry = models.BooleanField(
        _("the industry"),
        default=False,
        help_text=_("The theme that this tracker is about; the others are context."),
    )

    class Meta:
        ordering = ["order", "slug"]
        verbose_name = _("theme")
        verbose_name_plural = _("themes")


class Indicator(Named):
    """What is measured, with the unit and the definition that make two figures comparable."""

    class Scope(models.TextChoices):
        INDUSTRY = "industry", _("the industry")
        ALL = "all", _("all industries")

    class Nature(models.TextChoices):
        FLOW = "flow", _("over a period")
        STOCK = "stock", _("at a moment")

    slug = models.SlugField(_("address"), unique=True)
    unit = models.ForeignKey(
        Unit,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("unit"),
        help_text=_("None for a milestone."),
    )
    theme = models.ForeignKey(Theme, models.PROTECT, verbose_name=_("theme"))
    scope = models.CharField(_("scope"), max_length=8, choices=Scope, default=Scope.INDUSTRY)
    nature = models.CharField(
        _("measured"),
        max_length=5,
        choices=Nature,
        default=Nature.FLOW,
        help_text=_("Output is measured over a period, a capacity at a moment."),
    )
    summable = models.BooleanField(
        _("may be summed over districts"),
        default=False,
        help_text=_("Growth rates and shares may not."),
    )
    counts_stage = models.CharField(
        _("counts the projects at stage"),
        max_length=12,
        blank=True,
        help_text=_(
            "The code of the stage (building, signed, …) when it counts projects, so that the reported count can be compared with the tracked one."
        ),
    )
    definition = models.TextField(_("definition"), blank=True)
    definition_en = models.TextField(_("English definition"), blank=True)
    order = models.PositiveIntegerField(_("order"), default=0)

    class Meta:
        ordering = ["theme__order", "order", "slug"]
        verbose_name = _("indicator")
        verbose_name_plural = _("indicators")


class TargetQuerySet(TrackedQuerySet["Target"]):
    def marked(self) -> "TargetQuerySet":
        """With `contested`: whether another source says otherwise."""
        marked: TargetQuerySet = self.annotate(**{CONTESTED: contested(self.model)})
        return marked

    def for_list(self) -> "TargetQuerySet":
        """With all that a row shows, the industry before other fields, the city before districts."""
        return (
            self.marked()
            .select_related("district", "indicator__unit", "indicator__theme", "source")
            .order_by(
                "-indicator__theme__is_industry",
                "indicator__theme__order",
                "district__path",
                "indicator__order",
                # SQLite and PostgreSQL differ on where a blank stands.
                models.F("due").asc(nulls_last=True),
                "slug",
            )
        )

    def industry(self) -> "TargetQuerySet":
        return self.filter(indicator__theme__is_industry=True)

    def measured(self, as_of: date) -> list["Target"]:
        """The targets, each with its `progress` on the day, in one more query for all of them."""
        targets = list(self)
        readings = Reading.objects.comparable_to(targets).filter(period__lte=as_of)
        by_place: dict[tuple[int, int], list[Reading]] = {}
        for reading in readings:
            by_place.setdefault((reading.district_id, reading.indicator_id), []).append(reading)
        for target in targets:
            found = by_place.get((target.district_id, target.indicator_id), [])
            target.progress = measure(target, found, as_of)
        return targets


class Target(Contestable):
    """A promise of a work report: reach a value, exceed it, or pass a milestone."""

    class Comparator(models.TextChoices):
        AT_LEAST = "ge", _("reach")
        ABOVE = "gt", _("exceed")

    slug = models.SlugField(_("address"), max_length=80, unique=True)
    district = models.ForeignKey(
        District, models.PROTECT, related_name="targets", verbose_name=_("district")
    )
    indicator = models.ForeignKey(
        Indicator, models.PROTECT, related_name="targets", verbose_name=_("indicator")
    )
    comparator = models.CharField(
        _("comparator"),
        max_length=2,
        choices=Comparator,
        blank=True,
        help_text=_("Blank for a milestone."),
    )
    value = models.DecimalField(
        _("value"),
        max_digits=20,
        decimal_places=6,
        null=True,
        blank=True,
        help_text=_("In the unit of the indicator; blank for a milestone."),
    )
    approximate = models.BooleanField(
        _("approximate"), default=False, help_text=_("The source says “about”.")
    )
    milestone = models.CharField(
        _("milestone"),
        max_length=200,
        blank=True,
        help_text=_("What is to be reached, where the promise has no figure."),
    )
    milestone_en = models.CharField(_("English milestone"), max_length=300, blank=True)
    baseline = models.DecimalField(
        _("baseline"),
        max_digits=20,
        decimal_places=6,
        null=True,
        blank=True,
        help_text=_("Where it starts from, in the same unit."),
    )
    due = models.DateField(
        _("due"),
        null=True,
        blank=True,
        help_text=_("Any day of the period by whose end it is promised."),
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

    objects = TargetQuerySet.as_manager()
    progress: Progress

    class Meta:
        ordering = ["district__path", "indicator__order", "due", "slug"]
        verbose_name = _("target")
        verbose_name_plural = _("targets")
        constraints = [
            *Contestable.Meta.constraints,
            models.CheckConstraint(
                condition=date_has_precision("due"),
                name="target_due_has_precision",
                violation_error_message=_("Give the due date and its precision together."),
            ),
            models.CheckConstraint(
                condition=models.Q(due__isnull=True, due_basis="")
                | models.Q(due__isnull=False, due_basis__in=Basis.values),
                name="target_due_has_basis",
                violation_error_message=_("Say whether the due date is stated or inferred."),
            ),
            models.CheckConstraint(
                condition=models.Q(value__isnull=False, comparator__in=["ge", "gt"])
                | (
                    models.Q(value__isnull=True, comparator="", baseline__isnull=True)
                    & ~models.Q(milestone="")
                ),
                name="target_value_or_milestone",
                violation_error_message=_(
                    "Give a value with its comparator, or a milestone without either."
                ),
            ),
            models.CheckConstraint(
                condition=models.Q(value__isnull=True) | models.Q(value__gt=0),
                name="target_value_positive",
                violation_error_message=_("The value must be more than zero."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.district.label} · {self.label}"

    def belongs_to(self) -> District:
        return self.district

    def get_absolute_url(self) -> str:
        return reverse("targets") + f"#{self.slug}"

    @property
    def label(self) -> str:
        return localised(self, "milestone") or self.indicator.label

    @property
    def deadline(self) -> PartialDate | None:
        return partial(self.due, self.due_precision)

    def clean(self) -> None:
        super().clean()
        self.due = deadline_day(self.due, self.due_precision)
        one_page_each(self.slug, Reading)


class ReadingQuerySet(TrackedQuerySet["Reading"]):
    def marked(self) -> "ReadingQuerySet":
        """With `contested`: whether another source says otherwise."""
        marked: ReadingQuerySet = self.annotate(**{CONTESTED: contested(self.model)})
        return marked

    def for_list(self) -> "ReadingQuerySet":
        return (
            self.marked()
            .select_related("district", "indicator__unit", "indicator__theme", "source")
            .order_by(
                "-indicator__theme__is_industry",
                "indicator__theme__order",
                "district__path",
                "indicator__order",
                "-period",
                "slug",
            )
        )

    def industry(self) -> "ReadingQuerySet":
        return self.filter(indicator__theme__is_industry=True)

    def context(self) -> "ReadingQuerySet":
        """Figures of other fields of life, never mixed into the industry."""
        return self.filter(indicator__theme__is_industry=False)

    def comparable_to(self, targets: Iterable[Target]) -> "ReadingQuerySet":
        """The readings that can measure these targets: whole districts, their indicators, oldest first."""
        return (
            self.marked()
            .filter(
                place="",
                district__in={target.district_id for target in targets},
                indicator__in={target.indicator_id for target in targets},
            )
            .order_by("period", "slug")
        )


class Reading(Contestable):
    """An actual figure of a district for a period: the one that counts, where sources differ."""

    slug = models.SlugField(_("address"), max_length=80, unique=True)
    district = models.ForeignKey(
        District, models.PROTECT, related_name="readings", verbose_name=_("district")
    )
    place = models.CharField(
        _("part of the district"),
        max_length=60,
        blank=True,
        help_text=_(
            "The township, village or body it describes, where it is not the whole district."
        ),
    )
    place_en = models.CharField(_("part of the district, in English"), max_length=100, blank=True)
    indicator = models.ForeignKey(
        Indicator, models.PROTECT, related_name="readings", verbose_name=_("indicator")
    )
    period = models.DateField(_("period"), help_text=_("Any day of the period it describes."))
    period_precision = models.CharField(
        _("precision of the period"), max_length=8, choices=Precision
    )
    value = models.DecimalField(
        _("value"), max_digits=20, decimal_places=6, help_text=_("In the unit of the indicator.")
    )
    approximate = models.BooleanField(
        _("approximate"), default=False, help_text=_("The source says “about”.")
    )

    objects = ReadingQuerySet.as_manager()

    class Meta:
        ordering = ["district__path", "indicator__order", "-period", "slug"]
        verbose_name = _("reading")
        verbose_name_plural = _("readings")
        constraints = [
            *Contestable.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(period_precision__in=Precision.values),
                name="reading_period_has_precision",
                violation_error_message=_("Give the period and its precision together."),
            ),
            models.UniqueConstraint(
                fields=["district", "place", "indicator", "period", "period_precision"],
                name="reading_once",
                violation_error_message=_(
                    "This figure is here already; what another source says is a claim beside it."
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.district.label} · {self.indicator.label} · {self.reported.label}"

    def get_absolute_url(self) -> str:
        return self.figure_url

    def belongs_to(self) -> District:
        return self.district

    @property
    def reported(self) -> PartialDate:
        """The period it describes."""
        return PartialDate.containing(self.period, self.period_precision)

    def clean(self) -> None:
        super().clean()
        one_page_each(self.slug, Target)
        if self.period and self.period_precision:
            self.period = event_day(self.period, self.period_precision)  # type: ignore[assignment]
