"""Who writes the records of a place."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from districts.models.places import District
from zaozhuang.history.tracking import Tracked


class Membership(Tracked):
    """A user writes the records of a place and of every place below it."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="memberships",
        verbose_name=_("user"),
    )
    place = models.ForeignKey(
        District, models.CASCADE, related_name="memberships", verbose_name=_("district")
    )

    class Meta:
        ordering = ["user", "place"]
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [models.UniqueConstraint(fields=["user", "place"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user} · {self.place.label}"
