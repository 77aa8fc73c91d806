"""What the seed wrote last, so that it never overwrites what an editor wrote since."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class SeededRecord(models.Model):
    """One record of a data set as `manage.py seed` last wrote or found it.

    Comparing these values with the data set and with the database tells who changed a
    field: the data set (then it is updated) or an editor (then it is left alone).
    """

    model = models.CharField(_("kind of record"), max_length=60)
    key = models.CharField(_("natural key"), max_length=300)
    values = models.JSONField(_("values"))

    class Meta:
        ordering = ["model", "key"]
        verbose_name = _("seeded record")
        verbose_name_plural = _("seeded records")
        constraints = [models.UniqueConstraint(fields=["model", "key"], name="seededrecord_once")]

    def __str__(self) -> str:
        return f"{self.model} {self.key}"
