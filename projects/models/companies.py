"""Companies and their honours."""

from collections.abc import Iterable
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from districts.models import Cited, District, Named, Reading, Recorded
from projects.querysets import CompanyQuerySet
from projects.search import COMPANY_NAMES, company_document
from projects.words import keep_words
from zaozhuang.addresses import record_url
from zaozhuang.localised import localised


class Company(Named, Cited, Recorded):
    """A company, institute or other body that takes part in projects."""

    slug = models.SlugField(_("address"), max_length=80, unique=True)
    name = models.CharField(
        _("name"),
        max_length=200,
        unique=True,
        help_text=_("The full name; the short one where no source gives more."),
    )
    short_name = models.CharField(_("short name"), max_length=40)
    short_name_en = models.CharField(_("English short name"), max_length=60, blank=True)
    full_name_known = models.BooleanField(
        _("full name known"),
        default=True,
        help_text=_("Off where the source gives only a short name."),
    )
    registered_in = models.CharField(
        _("registered in"),
        max_length=100,
        blank=True,
        help_text=_("Blank where no source says so."),
    )
    registered_in_en = models.CharField(_("registered in, in English"), max_length=100, blank=True)
    readings = models.ManyToManyField(
        Reading,
        blank=True,
        related_name="companies",
        verbose_name=_("readings"),
        help_text=_("Figures that describe this company."),
    )

    # Kept from the names by CompanyQuerySet.
    search = models.TextField(_("search text"), blank=True, editable=False)

    history_derived = ("search",)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        ordering = ["short_name", "slug"]
        verbose_name = _("company")
        verbose_name_plural = _("companies")
        constraints = [*Cited.Meta.constraints]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save all but the search text, which follows the names."""
        with transaction.atomic():
            if self._state.adding and self.pk is None:
                self.search = company_document(self)
                super().save(*args, **kwargs)
                keep_words([self])
                return
            fields = kwargs.get("update_fields")
            if fields is not None:
                kwargs["update_fields"] = set(fields) - {"search"}
            super().save(*args, **kwargs)
            if fields is None or set(COMPANY_NAMES) & set(fields):
                Company.objects.filter(pk=self.pk).refresh_search()

    def get_absolute_url(self) -> str:
        return record_url("company", self.slug)

    @property
    def short_label(self) -> str:
        return localised(self, "short_name") or self.label


class Honour(Cited, Recorded):
    """A distinction of a company, with its year and who awarded it.

    A district adds those of the companies that take part in its projects, whoever entered the
    company; nothing else of the company is thereby theirs to write.
    """

    slug = models.SlugField(_("address"), max_length=80, unique=True)
    company = models.ForeignKey(
        Company, models.CASCADE, related_name="honours", verbose_name=_("company")
    )
    title = models.CharField(_("title"), max_length=200)
    title_en = models.CharField(_("English title"), max_length=200, blank=True)
    year = models.PositiveIntegerField(
        _("year"), null=True, blank=True, help_text=_("Blank where the source gives none.")
    )
    awarded_by = models.CharField(_("awarded by"), max_length=100, blank=True)
    awarded_by_en = models.CharField(_("awarded by, in English"), max_length=100, blank=True)

    history_owner = "company"

    class Meta:
        ordering = ["company", "-year", "title"]
        verbose_name = _("honour")
        verbose_name_plural = _("honours")
        constraints = [
            *Cited.Meta.constraints,
            models.UniqueConstraint(fields=["company", "title", "year"], name="honour_once"),
        ]

    def __str__(self) -> str:
        return localised(self, "title")

    def belongs_to(self) -> Company:
        return self.company

    def concerns(self) -> Iterable[District]:
        """The places in whose projects the company takes part."""
        return District.objects.filter(projects__participations__company=self.company_id).distinct()
