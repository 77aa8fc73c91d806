"""The rows that are edited on another record's page of the desk."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from districts.admin import ClaimInline
from projects.events import LATEST_FIRST
from projects.forms import CapacityForm, HonourForm, StageChangeForm
from projects.models import Capacity, CapacityClaim, Honour, Participation, StageChange
from zaozhuang.admin import LoadedRows

# The end of every row that rests on a source.
CITATION_FIELDS = [("source", "locator"), ("note", "note_en")]


class StageRows(LoadedRows):
    model = StageChange
    form = StageChangeForm
    autocomplete_fields = ["source"]
    ordering = LATEST_FIRST


class NewStageInline(StageRows, admin.StackedInline):  # type: ignore[type-arg]
    """One empty row above the history: this is how a stage is changed."""

    verbose_name = _("change the stage")
    fieldsets = [(None, {"fields": [("stage", "date", "observed", "basis"), *CITATION_FIELDS]})]
    extra = max_num = 1
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> "models.QuerySet[Any]":
        return super().get_queryset(request).none()


class StageHistoryInline(StageRows, admin.TabularInline):  # type: ignore[type-arg]
    """What was recorded so far, newest first, to correct mistakes."""

    # Narrow enough for one line; a change has a page of its own, with notes.
    fields = ["stage", "date", "observed", "basis", "source", "locator"]
    formfield_overrides = {models.CharField: {"widget": forms.TextInput(attrs={"size": 12})}}
    verbose_name_plural = _("stages so far, newest first")
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> "models.QuerySet[Any]":
        rows = super().get_queryset(request).filter(withdrawn="")
        return rows.select_related("project")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class StruckStageInline(admin.TabularInline):  # type: ignore[type-arg]
    """Events that were mistaken: still there to be seen, and no longer counted."""

    model = StageChange
    # Django numbers the inlines of one kind: this is the third.
    prefix = "stage_changes-3-"
    fields = ["event", "withdrawn", "replaced_by", "recorded_by"]
    readonly_fields = ["event", "withdrawn", "replaced_by", "recorded_by"]
    extra = max_num = 0
    can_delete = False
    ordering = LATEST_FIRST
    verbose_name_plural = _("stages that were corrected")

    def get_queryset(self, request: HttpRequest) -> "models.QuerySet[Any]":
        rows = super().get_queryset(request).exclude(withdrawn="")
        return rows.select_related("project", "recorded_by").prefetch_related("corrections")

    @admin.display(description=_("event"))
    def event(self, change: StageChange) -> str:
        return format_html("<del>{} · {}</del>", change.get_stage_display(), change.when.label)

    @admin.display(description=_("in its place"))
    def replaced_by(self, change: StageChange) -> str:
        return ", ".join(
            f"{new.get_stage_display()} · {new.when.label}" for new in change.corrections.all()
        )

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class CapacityInline(LoadedRows, admin.StackedInline):  # type: ignore[type-arg]
    model = Capacity
    form = CapacityForm
    # What other sources say of a product is entered on its own page.
    show_change_link = True
    autocomplete_fields = ["segment", "unit", "technology", "source"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    ("product", "product_en"),
                    ("quantity", "unit", "per_year"),
                    ("segment", "technology", "basis"),
                    *CITATION_FIELDS,
                ]
            },
        )
    ]


class CapacityClaimInline(ClaimInline):
    model = CapacityClaim


class ParticipationInline(LoadedRows, admin.StackedInline):  # type: ignore[type-arg]
    model = Participation
    autocomplete_fields = ["company", "source"]
    fieldsets = [(None, {"fields": [("company", "role", "basis"), *CITATION_FIELDS]})]


class HonourInline(LoadedRows, admin.StackedInline):  # type: ignore[type-arg]
    model = Honour
    form = HonourForm
    autocomplete_fields = ["source"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    ("title", "title_en"),
                    ("year", "slug"),
                    ("awarded_by", "awarded_by_en"),
                    *CITATION_FIELDS,
                ]
            },
        )
    ]


class ProjectsOfCompanyInline(admin.TabularInline):  # type: ignore[type-arg]
    """To look at only: what a company takes part in is edited on the project's page."""

    model = Participation
    fields = ["project_link", "role", "basis", "locator"]
    readonly_fields = ["project_link"]
    extra = 0
    verbose_name_plural = _("projects it takes part in")

    def get_queryset(self, request: HttpRequest) -> "models.QuerySet[Any]":
        return super().get_queryset(request).select_related("project", "company")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("project"))
    def project_link(self, participation: Participation) -> str:
        url = reverse("admin:projects_project_change", args=[participation.project_id])
        return format_html('<a href="{}">{}</a>', url, participation.project.label)
