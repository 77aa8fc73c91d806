"""Figures that sources may disagree on: what is adopted, and what else is claimed."""

import re
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from districts.models.sources import Cited
from zaozhuang.addresses import record_url
from zaozhuang.dates import PartialDate, Precision, date_has_precision, event_day, partial
from zaozhuang.localised import localised
from zaozhuang.numbers import quantity

# The annotation of the querysets: whether another source says otherwise.
CONTESTED = "contested"
# Capacities, which have no address of their own, have their pages at these.
OF_CAPACITY = re.compile(r"capacity-[0-9]+")


class Contestable(Cited):
    """A figure that the tracker has adopted; other sources' claims stand beside it in `claims`."""

    adopted_because = models.TextField(
        _("adopted because"),
        blank=True,
        help_text=_("Why this figure counts, where other sources say otherwise."),
    )
    adopted_because_en = models.TextField(_("adopted because, in English"), blank=True)
    # Null where the record is older than this column: no day is made up for it.
    created_at = models.DateTimeField(_("entered"), auto_now_add=True, null=True)

    if TYPE_CHECKING:
        # What a figure of an indicator has; a capacity overrides what uses it.
        slug: Any
        indicator: Any

    # Whether there are claims beside it; annotated by the querysets, so that a mark costs no query.
    contested: bool = False

    class Meta(Cited.Meta):
        abstract = True

    @property
    def figure_url(self) -> str:
        """The address of the page that answers who says so, and since when."""
        return record_url("figure", self.figure_slug)

    @property
    def figure_slug(self) -> str:
        """What the page is called in its address: what the record is, where it has a name."""
        return str(self.slug)

    @property
    def measured_in(self) -> Any:
        """The unit of the figure: its indicator's, where it has no own."""
        return self.indicator.unit

    def clean(self) -> None:
        super().clean()
        claims: Any = getattr(self, "claims", None) if self.pk else None
        if claims is not None and not self.adopted_because and claims.exists():
            raise ValidationError(
                {"adopted_because": _("Other sources say otherwise; say why this one counts.")}
            )


def contested(model: type[models.Model]) -> Exists:
    """The value of that annotation, for the rows of a model."""
    claims: Any = model._meta.get_field("claims")
    rows = claims.related_model._default_manager
    return Exists(rows.filter(**{claims.field.name: OuterRef("pk")}))


def one_page_each(slug: str, other: type[models.Model]) -> None:
    """Refuse an address that a figure of the other kind has: each has its page by its address."""
    if other._default_manager.filter(slug=slug).exists() or OF_CAPACITY.fullmatch(slug):
        raise ValidationError({"slug": _("Another figure has this address.")})


class Claim(Cited):
    """What another source says of the same thing: another value, or another word for it.

    The record it contests holds the adopted figure; a claim counts nowhere. Sources may
    differ because they define the thing differently, hence the definition beside it.
    """

    # The foreign key to the record that it contests.
    contests: str
    # What its name is made of, for lists that show many.
    named_by: tuple[str, ...]

    slug = models.SlugField(_("address"), max_length=80, unique=True)
    value = models.DecimalField(
        _("value"),
        max_digits=20,
        decimal_places=6,
        null=True,
        blank=True,
        help_text=_("In the unit beside it; blank where the claim is a word, not a number."),
    )
    approximate = models.BooleanField(
        _("approximate"), default=False, help_text=_("The source says “about”.")
    )
    unit = models.ForeignKey(
        "districts.Unit",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("unit"),
        help_text=_("Blank where it is the unit of the adopted figure."),
    )
    text = models.CharField(
        _("in words"),
        max_length=200,
        blank=True,
        help_text=_("What the source says instead, where it is a word: another product."),
    )
    text_en = models.CharField(_("in words, in English"), max_length=300, blank=True)
    definition = models.TextField(
        _("definition"), blank=True, help_text=_("What this source counts, where it says so.")
    )
    definition_en = models.TextField(_("English definition"), blank=True)
    date = models.DateField(
        _("date"), null=True, blank=True, help_text=_("The day or period that the claim is about.")
    )
    date_precision = models.CharField(
        _("precision of the date"), max_length=8, choices=Precision, blank=True
    )
    created_at = models.DateTimeField(_("entered"), auto_now_add=True)

    class Meta:
        abstract = True
        ordering = ["-date", "slug"]
        constraints = [
            *Cited.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(source__isnull=False),
                name="%(class)s_has_source",
                violation_error_message=_("A claim needs the source that makes it."),
            ),
            models.CheckConstraint(
                condition=models.Q(value__isnull=False) | ~models.Q(text=""),
                name="%(class)s_says_something",
                violation_error_message=_("Give a value, or what the source says in words."),
            ),
            models.CheckConstraint(
                condition=date_has_precision("date"),
                name="%(class)s_date_has_precision",
                violation_error_message=_("Give the date and its precision together."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.record} · {self.said}"

    @property
    def record(self) -> Any:
        return getattr(self, self.contests)

    def belongs_to(self) -> Any:
        return self.record

    @property
    def said(self) -> str:
        """What is claimed, in the reader's language: `35 家`, `磷酸锰铁锂 5 万吨/年`."""
        parts = [localised(self, "text")]
        if self.value is not None:
            per_year = getattr(self.record, "per_year", False)
            unit = self.unit or self.record.measured_in
            parts.append(quantity(self.value, unit, per_year=per_year, about=self.approximate))
        return " ".join(filter(None, parts))

    @property
    def when(self) -> PartialDate | None:
        return partial(self.date, self.date_precision)

    def get_absolute_url(self) -> str:
        return f"{self.record.figure_url}#{self.slug}"

    def clean(self) -> None:
        self.date = event_day(self.date, self.date_precision)
        if not self.record.adopted_because:
            raise ValidationError(
                _("Say on the record first why its own figure is adopted and not this one.")
            )
