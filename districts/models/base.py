"""What records share: a name in two languages, and how we know."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from zaozhuang.history.tracking import Tracked
from zaozhuang.localised import localised


class Basis(models.TextChoices):
    """How we know: the source says so, or we conclude it."""

    STATED = "stated", _("stated")
    INFERRED = "inferred", _("inferred")


class Named(Tracked):
    """A record whose name is data, in Chinese and English."""

    name = models.CharField(_("name"), max_length=200)
    name_en = models.CharField(_("English name"), max_length=200, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return localised(self, "name")

    @property
    def label(self) -> str:
        return localised(self, "name")
