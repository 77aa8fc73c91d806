"""The desk for monthly reports: by month and district, and back to where one came from."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import ValidationError
from django.db import models
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from districts.admin import Mine
from districts.review import ReviewedAdmin
from projects.models import ProgressReport, Project
from projects.reporting import ReportForm
from zaozhuang.dates import PartialDate, Precision
from zaozhuang.inputs import MonthField
from zaozhuang.numbers import grouped
from zaozhuang.views import back


class MonthFilter(admin.SimpleListFilter):
    """The months that have reports, newest first."""

    title = pgettext_lazy("report", "month")
    parameter_name = "month"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        months = ProgressReport.objects.dates("month", "month", order="DESC")
        found = [PartialDate.containing(month, Precision.MONTH) for month in months]
        return [(month.iso, month.label) for month in found]

    def queryset(
        self, request: HttpRequest, queryset: "models.QuerySet[ProgressReport]"
    ) -> "models.QuerySet[ProgressReport]":
        if not self.value():
            return queryset
        try:
            return queryset.filter(month=MonthField().clean(self.value()))
        except ValidationError as error:
            raise IncorrectLookupParameters(error) from None


def _number(name: str, heading: Any) -> Callable[[Any, ProgressReport], str]:
    """A column with a figure as people write it; its heading names the unit."""

    @admin.display(description=heading, ordering=name)
    def show(_admin: Any, report: ProgressReport) -> str:
        value = getattr(report, name)
        return "" if value is None else grouped(value)

    return show


@admin.register(ProgressReport)
class ProgressReportAdmin(ReviewedAdmin):
    form = ReportForm
    list_display = [
        "project",
        "district",
        "period_label",
        "of_month",
        "of_year",
        "of_total",
        "done",
        "recorded_by",
        "recorded_at",
    ]
    place_path = "project__district__path"
    list_filter = [Mine, MonthFilter, "project__district", ("problem", admin.EmptyFieldListFilter)]
    search_fields = ["project__name", "project__name_en", "project__slug", "problem"]
    autocomplete_fields = ["project", "source"]
    readonly_fields = ["recorded_by", "recorded_at"]
    fieldsets = [
        (None, {"fields": ["project", "month"]}),
        (
            _("Investment completed, in 万元"),
            {"fields": ["invested_month", "invested_year", "invested_total"]},
        ),
        (_("Physical progress"), {"fields": ["percent", "progress"]}),
        (_("What is in the way"), {"fields": ["problem", ("solver", "solve_by")]}),
        (_("Remarks"), {"fields": [("source", "locator"), "note"]}),
        (_("Record"), {"fields": [("recorded_by", "recorded_at")]}),
    ]

    of_month = _number("invested_month", _("in the month, 万元"))
    of_year = _number("invested_year", _("since January, 万元"))
    of_total = _number("invested_total", _("since the start, 万元"))
    done = _number("percent", _("progress, %"))

    def get_queryset(self, request: HttpRequest) -> "models.QuerySet[Any]":
        """With what a report shows of itself in lists and confirmations."""
        return (
            super()
            .get_queryset(request)
            .select_related("project__district", "source", "recorded_by")
        )

    @admin.display(description=_("district"), ordering="project__district__path")
    def district(self, report: ProgressReport) -> str:
        return report.project.district.label

    @admin.display(description=pgettext_lazy("report", "month"), ordering="month")
    def period_label(self, report: ProgressReport) -> str:
        return report.period.label

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """What the address of the page gives, without a project that is not there."""
        given: dict[str, Any] = super().get_changeform_initial_data(request)
        project = str(given.get("project", ""))
        if not (project.isascii() and project.isdigit() and Project.objects.filter(pk=project)):
            given.pop("project", None)
        return given

    def save_model(
        self, request: HttpRequest, obj: ProgressReport, form: "ModelForm[Any]", change: bool
    ) -> None:
        if not change:
            obj.recorded_by = request.user  # type: ignore[assignment]
        super().save_model(request, obj, form, change)

    def response_post_save_add(
        self, request: HttpRequest, obj: ProgressReport
    ) -> HttpResponseRedirect:
        return back(request) or super().response_post_save_add(request, obj)

    def response_post_save_change(
        self, request: HttpRequest, obj: ProgressReport
    ) -> HttpResponseRedirect:
        return back(request) or super().response_post_save_change(request, obj)
