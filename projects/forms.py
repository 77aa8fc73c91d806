"""What the forms of projects demand before the database would."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from projects.models import Capacity, Honour, Project, StageChange
from projects.stages import Stage
from projects.steps import step_text
from zaozhuang.dates import partial
from zaozhuang.forms import EditorForm, MadeSlugForm


class ProjectForm(EditorForm):
    class Meta:
        model = Project
        exclude: list[str] = []

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        self.come_together("planned_start", "planned_start_basis")
        self.come_together("due", "due_basis")
        self.come_together("investment", "investment_kind")
        self.above_zero("investment")
        due = partial(cleaned.get("due"), self.instance.due_precision)
        if cleaned.get("planned_start") and due and cleaned["planned_start"] > due.last:
            self.add_error("planned_start", _("The planned start lies after the due date."))
        return cleaned


class CapacityForm(EditorForm):
    class Meta:
        model = Capacity
        exclude: list[str] = []

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        self.above_zero("quantity")
        if cleaned.get("quantity") is not None and "unit" in cleaned and cleaned["unit"] is None:
            self.add_error("unit", _("A quantity needs its unit."))
        return cleaned


class StageChangeForm(EditorForm):
    class Meta:
        model = StageChange
        exclude: list[str] = []

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        stage = cleaned.get("stage")
        if stage == Stage.UNKNOWN:
            cleaned["basis"] = ""
        elif stage and cleaned.get("basis") == "":
            self.add_error(
                "basis", _("Say whether the source states this stage or it is inferred.")
            )
        if self.instance._state.adding:
            self._ask_why(cleaned)
        return cleaned

    def _ask_why(self, cleaned: dict[str, Any]) -> None:
        """A step back or over several stages needs a reason, which stands in the note."""
        project = getattr(cleaned.get("project"), "pk", self.instance.project_id)
        day, stage = cleaned.get("date"), cleaned.get("stage")
        if not (project and day and stage) or cleaned.get("note") or "note" not in self.fields:
            return
        if unusual := step_text(StageChange.objects.lives([project], day)[project], stage):
            self.add_error(
                "note",
                ValidationError(_("This is unusual: %(step)s. Say why."), params={"step": unusual}),
            )

    def _get_validation_exclusions(self) -> set[str]:
        # No form shows it, but the constraint that names it is checked before the database would.
        return super()._get_validation_exclusions() - {"withdrawn"}


class HonourForm(MadeSlugForm):
    class Meta:
        model = Honour
        exclude: list[str] = []

    def slug_parts(self) -> list[str]:
        company = self.cleaned_data.get("company")
        texts = [
            company.slug if company else "",
            self.cleaned_data.get("title_en") or "",
            self.cleaned_data.get("year"),
        ]
        return [str(text) for text in texts if text]
