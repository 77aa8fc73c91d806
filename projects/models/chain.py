"""The chain: streams, segments and technologies."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from districts.models import Named, Unit
from zaozhuang.localised import localised


class Stream(Named):
    """A stretch of the chain: upstream, materials, cells, downstream …"""

    slug = models.SlugField(_("address"), unique=True)
    order = models.PositiveIntegerField(_("order"), unique=True)

    class Meta:
        ordering = ["order"]
        verbose_name = _("stream")
        verbose_name_plural = _("streams")


class Segment(Named):
    """A link of the chain. Which stream it belongs to is data, because sources differ."""

    code = models.SlugField(_("code"), max_length=8, unique=True)
    stream = models.ForeignKey(
        Stream, models.PROTECT, related_name="segments", verbose_name=_("stream")
    )
    order = models.PositiveIntegerField(_("order"), unique=True)
    short_name = models.CharField(
        _("short name"), max_length=20, blank=True, help_text=_("For heads of columns.")
    )
    short_name_en = models.CharField(_("English short name"), max_length=30, blank=True)
    unit = models.ForeignKey(
        Unit,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("usual unit"),
        help_text=_("Of a year's capacity."),
    )

    class Meta:
        ordering = ["order"]
        verbose_name = _("segment")
        verbose_name_plural = _("segments")

    @property
    def short_label(self) -> str:
        return localised(self, "short_name") or self.label


class Technology(Named):
    """What a product is made for, where a segment holds two kinds: lithium, sodium."""

    slug = models.SlugField(_("address"), unique=True)

    class Meta:
        ordering = ["slug"]
        verbose_name = _("technology")
        verbose_name_plural = _("technologies")
