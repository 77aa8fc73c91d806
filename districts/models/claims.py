"""Other sources' figures for what a reading or a target says."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from districts.models.contested import Claim
from districts.models.figures import Reading, Target


class ReadingClaim(Claim):
    """Another figure for what a reading measures."""

    contests = history_owner = "reading"
    named_by = ("reading__district", "reading__indicator__unit", "unit")

    reading = models.ForeignKey(
        Reading, models.CASCADE, related_name="claims", verbose_name=_("reading")
    )

    class Meta(Claim.Meta):
        verbose_name = _("claim beside a reading")
        verbose_name_plural = _("claims beside readings")


class TargetClaim(Claim):
    """Another source's version of a promise."""

    contests = history_owner = "target"
    named_by = ("target__district", "target__indicator__unit", "unit")

    target = models.ForeignKey(
        Target, models.CASCADE, related_name="claims", verbose_name=_("target")
    )

    class Meta(Claim.Meta):
        verbose_name = _("claim beside a target")
        verbose_name_plural = _("claims beside targets")
