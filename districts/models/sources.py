"""What a figure rests on: sources, their paragraphs, and the columns that cite them."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from zaozhuang.addresses import record_url
from zaozhuang.dates import PartialDate, Precision, date_has_precision, partial
from zaozhuang.history.tracking import Tracked
from zaozhuang.localised import localised, reads_english


class Recorded(Tracked):
    """A record that all places share; who entered it may go on correcting it."""

    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("recorded by"),
    )

    class Meta:
        abstract = True


class Source(Recorded):
    """A publication that figures rest on: a newspaper page, a work report, a notice."""

    slug = models.SlugField(_("address"), unique=True)
    title = models.CharField(_("title"), max_length=200)
    title_en = models.CharField(_("English title"), max_length=200, blank=True)
    publisher = models.CharField(
        _("publisher"),
        max_length=100,
        blank=True,
        help_text=_("Blank where the source does not name it."),
    )
    publisher_en = models.CharField(_("English publisher"), max_length=100, blank=True)
    date = models.DateField(
        _("date"),
        null=True,
        blank=True,
        help_text=_("The day it was published, or any day of the period."),
    )
    date_precision = models.CharField(
        _("precision of the date"), max_length=8, choices=Precision, blank=True
    )
    url = models.URLField(_("link"), blank=True)
    # What English readers are shown of a locator; the locator itself stays what it is.
    articles_en = models.CharField(
        _("articles, in English"),
        max_length=1000,
        blank=True,
        help_text=_(
            "What English readers call the articles that locators name, such as “产业 = Industry; 环境 = Environment”."
        ),
    )
    note = models.TextField(
        _("note"), blank=True, help_text=_("How far it can be trusted, in your own words.")
    )
    note_en = models.TextField(_("English note"), blank=True)

    class Meta:
        ordering = ["-date", "slug"]
        verbose_name = _("source")
        verbose_name_plural = _("sources")
        constraints = [
            models.CheckConstraint(
                condition=date_has_precision("date"),
                name="source_date_has_precision",
                violation_error_message=_("Give the date and its precision together."),
            ),
        ]

    def __str__(self) -> str:
        return localised(self, "title")

    def get_absolute_url(self) -> str:
        return record_url("source", self.slug)

    def clean(self) -> None:
        super().clean()
        for line in filter(str.strip, self.articles_en.split(";")):
            name, sign, english = line.partition("=")
            if not (name.strip() and sign and english.strip()):
                raise ValidationError(
                    {"articles_en": _("“%(line)s”: write the article, “=” and its English name.")},
                    params={"line": line.strip()},
                )

    def place_label(self, locator: str) -> str:
        """A locator in the reader's language: `锂电 ¶4`, or `Lithium ¶4` where that is known."""
        article, mark, number = locator.partition("¶")
        if not (self.articles_en and reads_english()):
            return locator
        for line in self.articles_en.split(";"):
            name, _sign, english = line.partition("=")
            if name.strip() == article.strip():
                return f"{english.strip()} {mark}{number}".strip()
        return locator

    @property
    def link(self) -> str:
        """Where it can be read on the web; blank for anything that a browser would run instead."""
        return self.url if self.url.lower().startswith(("https://", "http://")) else ""

    @property
    def published(self) -> PartialDate | None:
        return partial(self.date, self.date_precision)


class Passage(Tracked):
    """One paragraph of a source, numbered and described in our own words.

    The newspaper's sentences are not ours to publish; the number is enough to find them.
    """

    source = models.ForeignKey(
        Source, models.CASCADE, related_name="passages", verbose_name=_("source")
    )
    locator = models.CharField(
        _("locator"), max_length=40, help_text=_("Article and paragraph, as in “Industry ¶8”.")
    )
    order = models.PositiveIntegerField(
        _("order"), help_text=_("Its place in the source, counted from 1.")
    )
    summary = models.CharField(_("what it is about"), max_length=300)
    summary_en = models.CharField(_("what it is about, in English"), max_length=300, blank=True)

    history_owner = "source"

    class Meta:
        ordering = ["source", "order"]
        verbose_name = _("paragraph")
        verbose_name_plural = _("paragraphs")
        constraints = [
            models.UniqueConstraint(fields=["source", "locator"], name="passage_once"),
            models.UniqueConstraint(fields=["source", "order"], name="passage_order_once"),
        ]

    def __str__(self) -> str:
        return self.locator

    def belongs_to(self) -> Source:
        return self.source


def anchor(locator: str) -> str:
    """The fragment of a paragraph on its source's page: `锂电 ¶8` is at `#锂电-8`."""
    return slugify(locator.replace("¶", ""), allow_unicode=True) or "unplaced"


class Cited(Tracked):
    """A record that rests on a source, at a place in it, with our own remark."""

    source = models.ForeignKey(
        Source,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("source"),
        help_text=_(
            "Blank only until a source is found; records without one are counted on the about page."
        ),
    )
    locator = models.CharField(
        _("locator"),
        max_length=40,
        blank=True,
        help_text=_("Article and paragraph, as in “Industry ¶8”."),
    )
    note = models.TextField(
        _("note"), blank=True, help_text=_("Reasons and doubts, in your own words.")
    )
    note_en = models.TextField(_("English note"), blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=models.Q(locator="") | models.Q(source__isnull=False),
                name="%(class)s_locator_needs_source",
                violation_error_message=_("A locator needs the source that it is in."),
            ),
        ]

    @property
    def citation_url(self) -> str:
        """The address of the paragraph this rests on, or an empty string without a source."""
        if self.source is None:
            return ""
        return f"{self.source.get_absolute_url()}#{anchor(self.locator)}"

    @property
    def place_label(self) -> str:
        """The locator in the reader's language."""
        return self.source.place_label(self.locator) if self.source else self.locator

    @property
    def paragraph(self) -> str:
        """The short mark beside a figure: the paragraph's number, or the whole locator."""
        _article, mark, number = self.locator.partition("¶")
        return f"¶{number}" if mark else self.place_label
