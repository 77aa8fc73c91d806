"""Monthly reports: who may see them, and their form, which knows the months around it."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from districts.models import Draft
from projects.models import ProgressReport, Project
from projects.models.reports import AMOUNTS
from zaozhuang.forms import EditorForm
from zaozhuang.inputs import MonthField
from zaozhuang.localised import sentences
from zaozhuang.numbers import grouped, quantity

# What only grows from month to month; since January only within a year.
GROWING = ["invested_year", "invested_total", "percent"]


def may_see(request: HttpRequest) -> bool:
    """Reports are working papers: for staff, and for everybody where the city publishes them."""
    user = request.user
    return settings.PUBLISH_DISPATCH or (user.is_active and user.is_staff)


def reports_that_wait(month: date) -> dict[int, int]:
    """The drafts that would report for the month, by the key of their project.

    None are looked for where nothing waits for approval.
    """
    if settings.REVIEW != "approval":
        return {}
    drafts = Draft.objects.filter(
        model=ProgressReport._meta.label_lower, action=Draft.Action.ADD, state__in=Draft.OPEN
    )
    found: dict[int, int] = {}
    for pk, changes in drafts.order_by("pk").values_list("pk", "changes"):
        fields: dict[str, Any] = next(
            (part["fields"] for part in changes if not part["prefix"]), {}
        )
        project, typed = (fields.get(name, ["", ""])[1] for name in ("project", "month"))
        try:
            if project.isdigit() and MonthField().clean(typed) == month:
                found[int(project)] = pk
        except ValidationError:
            continue
    return found


class ReportForm(EditorForm):
    """A report of one project for one month that has begun."""

    # Declared here, because the desk would give a model's date a picker of days.
    month = MonthField(
        label=pgettext_lazy("report", "month"), help_text=_("Such as 2023-03 or 2023年3月.")
    )

    class Meta:
        model = ProgressReport
        exclude: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        month = self._entered("month")
        for name in GROWING:
            before = self._around(name, month)[0] if month else None
            if before and name in self.fields:
                field = self.fields[name]
                field.help_text = sentences(str(field.help_text), _last_told(name, before))

    @cached_property
    def others(self) -> list[ProgressReport]:
        """The project's reports for other months, oldest first; none while it is not known which."""
        project = self._entered("project")
        if not isinstance(project, Project):
            return []
        # Of all, and not asked for anew where many rows of a sheet had them read before.
        reports = [report for report in project.reports.all() if report.pk != self.instance.pk]
        return sorted(reports, key=lambda report: report.month)

    def _entered(self, name: str) -> Any:
        """What the field holds now, typed or given by the address; None where it is not valid."""
        if name not in self.fields:  # of those who may only look
            return None
        try:
            return self.fields[name].clean(self[name].value())
        except ValidationError:
            return None

    def _around(
        self, name: str, month: date
    ) -> tuple[ProgressReport | None, ProgressReport | None]:
        """The reports before and after the month, nearest first, that give the figure."""
        told = [
            report
            for report in self.others
            if getattr(report, name) is not None
            # The sum since January starts anew each year.
            and (name != "invested_year" or report.month.year == month.year)
        ]
        before = [report for report in told if report.month < month]
        after = [report for report in told if report.month > month]
        return (before[-1] if before else None), (after[0] if after else None)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("month") and any(r.month == cleaned["month"] for r in self.others):
            self.add_error("month", _("This project has a report for this month already."))
        for at, part in enumerate(AMOUNTS):
            for whole in AMOUNTS[at + 1 :]:
                self._contain(part, whole)
        self._january()
        for name in GROWING:
            self._grow(name)
        if (cleaned.get("solver") or cleaned.get("solve_by")) and cleaned.get("problem") == "":
            self.add_error("problem", _("Say what the problem is that is to be solved."))
        told = [*AMOUNTS, "percent", "progress", "problem", "note"]
        if not self.errors and all(cleaned.get(name) in (None, "") for name in told):
            self.add_error(None, _("Give a figure, or say in words how things stand."))
        return cleaned

    def _contain(self, part: str, whole: str) -> None:
        """Refuse a sum that is less than a part of it."""
        less, more = self.cleaned_data.get(part), self.cleaned_data.get(whole)
        if less is not None and more is not None and less > more:
            self.add_error(
                whole,
                ValidationError(
                    _("This contains “%(field)s” and cannot be less than that."),
                    params={"field": self.fields[part].label},
                ),
            )

    def _january(self) -> None:
        month, of_month, of_year = (
            self.cleaned_data.get(name) for name in ("month", "invested_month", "invested_year")
        )
        if month is None or of_month is None or of_year is None:
            return
        if month.month == 1 and of_month < of_year:
            self.add_error(
                "invested_year", _("In January this is the same as the investment of the month.")
            )

    def _grow(self, name: str) -> None:
        """Refuse a sum that falls from one report to the next and does not say why."""
        month, value = self.cleaned_data.get("month"), self.cleaned_data.get(name)
        if month is None or value is None or self.cleaned_data.get("note"):
            return
        before, after = self._around(name, month)
        if before and getattr(before, name) > value:
            self._ask_why(
                name,
                before,
                _(
                    "In %(month)s it was %(figure)s already; if it became less, say why in the note."
                ),
            )
        if after and getattr(after, name) < value and not after.note:
            self._ask_why(
                name,
                after,
                _("In %(month)s it is only %(figure)s; if it became less, say why in the note."),
            )

    def _ask_why(self, name: str, report: ProgressReport, text: Any) -> None:
        params = {"month": report.period.label, "figure": _worded(name, report)}
        self.add_error(name, ValidationError(text, params=params))


def _worded(name: str, report: ProgressReport) -> str:
    """A figure of a report with its unit: 1,200 万元, 35%."""
    value: Decimal = getattr(report, name)
    return f"{grouped(value)}%" if name == "percent" else quantity(value, ProgressReport.UNIT)


def _last_told(name: str, report: ProgressReport) -> str:
    return str(
        _("Reported for %(month)s: %(figure)s.")
        % {"month": report.period.label, "figure": _worded(name, report)}
    )
