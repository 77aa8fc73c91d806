"""What the forms of promises and figures demand before the database would."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from districts.models import Claim, Reading, Target
from zaozhuang.dates import partial
from zaozhuang.forms import PRECISION, MadeSlugForm


class FigureForm(MadeSlugForm):
    """A record of a district and an indicator; its slug names both and its date."""

    def slug_parts(self) -> list[str]:
        records = [self.cleaned_data.get(name) for name in ("district", "indicator")]
        dates = [
            partial(self.cleaned_data.get(name), getattr(self.instance, name + PRECISION))
            for name in self.partial_dates
        ]
        return [record.slug for record in records if record] + [
            date.iso.replace("/", "-") for date in dates if date
        ]


class TargetForm(FigureForm):
    """A promise is a figure with its comparator, or a milestone in words."""

    class Meta:
        model = Target
        exclude: list[str] = []

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        self.come_together("due", "due_basis")
        self.come_together("value", "comparator")
        self.above_zero("value")
        if "value" in cleaned and cleaned["value"] is None:
            if not cleaned.get("milestone"):
                self.add_error("value", _("Give a figure here, or a milestone in words."))
            if cleaned.get("baseline") is not None:
                self.add_error("baseline", _("A milestone has no baseline."))
        return cleaned


class ReadingForm(FigureForm):
    class Meta:
        model = Reading
        exclude: list[str] = []


class ClaimForm(MadeSlugForm):
    """What another source says; its slug names the record it contests and that source."""

    def slug_parts(self) -> list[str]:
        model = self._meta.model
        assert issubclass(model, Claim)
        record, source = self.cleaned_data.get(model.contests), self.cleaned_data.get("source")
        return [record.figure_slug, source.slug] if record and source else []
