"""The desk for projects and their lives, for companies, and for the chain."""

from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.forms import BaseModelFormSet, ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from districts.admin import CITATION, NAMES
from districts.models import Basis, Reading
from projects.forms import ProjectForm, StageChangeForm
from projects.inlines import (
    CapacityInline,
    HonourInline,
    NewStageInline,
    ParticipationInline,
    ProjectsOfCompanyInline,
    StageHistoryInline,
    StruckStageInline,
)
from projects.models import Company, Project, Segment, StageChange, Stream, Technology
from projects.querysets import LATEST_FIRST
from projects.stage_desk import MOST, change_stages
from zaozhuang.admin import EditorAdmin
from zaozhuang.numbers import grouped

SHORT_NAMES = ("short_name", "short_name_en")


@admin.register(Stream)
class StreamAdmin(EditorAdmin):
    list_display = ["name", "name_en", "order"]
    search_fields = ["name", "name_en"]
    prepopulated_fields = {"slug": ["name_en"]}
    fields = [NAMES, "slug", "order"]


@admin.register(Segment)
class SegmentAdmin(EditorAdmin):
    list_display = ["code", "name", "name_en", "stream", "unit", "order"]
    list_display_links = ["code", "name"]
    list_filter = ["stream"]
    list_select_related = ["stream", "unit"]
    search_fields = ["name", "name_en", "short_name", "short_name_en", "code"]
    autocomplete_fields = ["stream", "unit"]
    fields = [NAMES, SHORT_NAMES, "code", "stream", "order", "unit"]


@admin.register(Technology)
class TechnologyAdmin(EditorAdmin):
    list_display = ["name", "name_en", "slug"]
    search_fields = ["name", "name_en"]
    prepopulated_fields = {"slug": ["name_en"]}
    fields = [NAMES, "slug"]


@admin.register(Project)
class ProjectAdmin(EditorAdmin):
    form = ProjectForm
    list_display = [
        "title",
        "district",
        "stage",
        "stage_basis",
        "since",
        "deadline_label",
        "amount",
        "updated_at",
        "stage_link",
    ]
    actions = ["change_the_stage"]
    list_filter = [
        "stage",
        "stage_basis",
        "district",
        "capacities__segment",
        "kind",
        "due_basis",
        ("due", admin.EmptyFieldListFilter),
        ("investment", admin.EmptyFieldListFilter),
        ("source", admin.EmptyFieldListFilter),
    ]
    list_select_related = ["district"]
    search_fields = [
        "name",
        "name_en",
        "slug",
        "participations__company__name",
        "participations__company__short_name",
        "capacities__product",
    ]
    date_hierarchy = "due"
    autocomplete_fields = ["district", "parent", "source"]
    prepopulated_fields = {"slug": ["name_en"]}
    readonly_fields = ["current_stage", "created_at", "updated_at"]
    fieldsets = [
        (None, {"fields": ["current_stage", NAMES, "slug", ("district", "kind"), "parent"]}),
        (_("When it is due"), {"fields": [("due", "due_basis")]}),
        (
            _("Investment"),
            {"fields": [("investment", "investment_kind", "investment_approximate")]},
        ),
        CITATION,
        (_("Record"), {"classes": ["collapse"], "fields": [("created_at", "updated_at")]}),
    ]
    inlines = [
        NewStageInline,
        StageHistoryInline,
        StruckStageInline,
        CapacityInline,
        ParticipationInline,
    ]

    @admin.display(description=_("name"), ordering="name")
    def title(self, project: Project) -> str:
        return project.label

    @admin.display(description=_("current stage"))
    def current_stage(self, project: Project) -> str:
        texts = [
            project.get_stage_display(),
            Basis(project.stage_basis).label if project.stage_basis else "",
            self.since(project),
            _("seen, not begun") if project.stage_observed else "",
        ]
        return format_html(
            "{} &nbsp; {}",
            " · ".join(str(text) for text in texts if text),
            self.stage_link(project) if project.pk else "",
        )

    @admin.display(description=pgettext_lazy("heading", "change"))
    def stage_link(self, project: Project) -> str:
        url = reverse("admin:projects_project_stage")
        return format_html('<a href="{}?project={}">{}</a>', url, project.pk, _("Change the stage"))

    @admin.action(description=_("Change the stage"), permissions=["change"])
    def change_the_stage(
        self, request: HttpRequest, queryset: "models.QuerySet[Project]"
    ) -> HttpResponse | None:
        """On a page of its own, for all that are chosen."""
        chosen = list(queryset.values_list("pk", flat=True)[: MOST + 1])
        if len(chosen) > MOST:
            texts = {"most": MOST}
            self.message_user(
                request, _("Choose %(most)s projects at most.") % texts, messages.ERROR
            )
            return None
        asked = urlencode({"project": chosen}, doseq=True)
        return HttpResponseRedirect(f"{reverse('admin:projects_project_stage')}?{asked}")

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.stage_view)
        return [path("stage/", view, name="projects_project_stage"), *super().get_urls()]

    def stage_view(self, request: HttpRequest) -> HttpResponse:
        return change_stages(self, request)

    @admin.display(description=_("stage since"), ordering="stage_since")
    def since(self, project: Project) -> str:
        return project.kept_since.label if project.kept_since else ""

    @admin.display(description=_("due"), ordering="due")
    def deadline_label(self, project: Project) -> str:
        return project.deadline.label if project.deadline else ""

    @admin.display(description=_("investment, 亿元"), ordering="investment")
    def amount(self, project: Project) -> str:
        return "" if project.investment is None else grouped(project.investment)

    def get_inlines(self, request: HttpRequest, obj: Project | None) -> list[Any]:
        """A new project has no history yet, and few have events that were corrected."""
        left_out: list[Any] = [] if obj else [StageHistoryInline, StruckStageInline]
        if obj and not self._shows_struck(request, obj):
            left_out = [StruckStageInline]
        return [inline for inline in self.inlines if inline not in left_out]

    def _shows_struck(self, request: HttpRequest, project: Project) -> bool:
        """Whether the page has, or when it was sent had, the rows of corrected events."""
        if request.method == "POST":
            return any(name.startswith(StruckStageInline.prefix) for name in request.POST)
        if not hasattr(project, "has_struck"):  # asked several times for one page
            project.has_struck = project.stage_changes.struck().exists()  # type: ignore[attr-defined]
        return bool(project.has_struck)  # type: ignore[attr-defined]

    def save_formset(
        self,
        request: HttpRequest,
        form: "ModelForm[Any]",
        formset: "BaseModelFormSet[Any, Any]",
        change: bool,
    ) -> None:
        if formset.model is StageChange:
            for row in formset.extra_forms:
                row.instance.recorded_by = request.user
        super().save_formset(request, form, formset, change)


@admin.register(StageChange)
class StageChangeAdmin(EditorAdmin):
    form = StageChangeForm
    list_display = [
        "project",
        "district",
        "stage",
        "happened",
        "observed",
        "basis",
        "source",
        "locator",
        "recorded_by",
        "recorded_at",
    ]
    list_filter = [
        "stage",
        "basis",
        "observed",
        "project__district",
        ("source", admin.EmptyFieldListFilter),
        ("withdrawn", admin.EmptyFieldListFilter),
    ]
    search_fields = ["project__name", "project__name_en", "project__slug"]
    date_hierarchy = "date"
    ordering = LATEST_FIRST
    autocomplete_fields = ["project", "source"]
    readonly_fields = ["recorded_by", "recorded_at", "corrects", "withdrawn"]
    fieldsets = [
        (None, {"fields": ["project", "stage", ("date", "observed"), "basis"]}),
        CITATION,
        (_("Record"), {"fields": [("recorded_by", "recorded_at"), ("corrects", "withdrawn")]}),
    ]

    def has_change_permission(self, request: HttpRequest, obj: StageChange | None = None) -> bool:
        """What was corrected stays as it was."""
        if obj is not None and obj.withdrawn:
            return False
        return super().has_change_permission(request, obj)

    def get_queryset(self, request: HttpRequest) -> "models.QuerySet[Any]":
        """With what a change shows of itself in lists and confirmations."""
        return (
            super()
            .get_queryset(request)
            .select_related("project__district", "source", "recorded_by", "corrects__project")
        )

    @admin.display(description=_("district"), ordering="project__district__path")
    def district(self, change: StageChange) -> str:
        return change.project.district.label

    @admin.display(description=_("date"), ordering="date")
    def happened(self, change: StageChange) -> str:
        return (
            format_html("<del>{}</del>", change.when.label)
            if change.withdrawn
            else change.when.label
        )

    def save_model(
        self, request: HttpRequest, obj: StageChange, form: "ModelForm[Any]", change: bool
    ) -> None:
        if not change:
            obj.recorded_by = request.user  # type: ignore[assignment]
        super().save_model(request, obj, form, change)


@admin.register(Company)
class CompanyAdmin(EditorAdmin):
    list_display = [
        "short_name",
        "name",
        "name_en",
        "full_name_known",
        "registered_in",
        "source",
        "locator",
    ]
    list_display_links = ["short_name", "name"]
    list_filter = [
        "full_name_known",
        "participations__role",
        ("registered_in", admin.EmptyFieldListFilter),
        ("source", admin.EmptyFieldListFilter),
    ]
    list_select_related = ["source"]
    search_fields = ["name", "name_en", "short_name", "short_name_en", "slug"]
    autocomplete_fields = ["readings", "source"]
    prepopulated_fields = {"slug": ["short_name_en"]}
    fieldsets = [
        (
            None,
            {
                "fields": [
                    NAMES,
                    SHORT_NAMES,
                    "full_name_known",
                    "slug",
                    ("registered_in", "registered_in_en"),
                ]
            },
        ),
        (_("Figures"), {"fields": ["readings"]}),
        CITATION,
    ]
    inlines = [HonourInline, ProjectsOfCompanyInline]

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "readings":
            kwargs["queryset"] = Reading.objects.select_related("district", "indicator")
        return super().formfield_for_manytomany(db_field, request, **kwargs)
