"""The desk for projects and their lives, for companies, and for the chain."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from districts.admin import ADOPTED, CITATION, NAMES, Mine
from districts.models import Basis, Reading
from districts.review import ReviewedAdmin
from projects.events import LATEST_FIRST
from projects.forms import CapacityForm, HonourForm, ProjectForm, StageChangeForm
from projects.inlines import (
    CapacityClaimInline,
    CapacityInline,
    HonourInline,
    NewStageInline,
    ParticipationInline,
    ProjectsOfCompanyInline,
    StageHistoryInline,
    StruckStageInline,
)
from projects.models import (
    Capacity,
    Company,
    Honour,
    Project,
    Segment,
    StageChange,
    Stream,
    Technology,
)
from projects.report_admin import ProgressReportAdmin
from projects.sheets import views
from projects.stage_desk import ELSEWHERE, MOST, TYPED, change_stages
from zaozhuang.admin import EditorAdmin
from zaozhuang.numbers import grouped, quantity

# Registered by being imported: Django looks for this module alone.
__all__ = ["ProgressReportAdmin"]

# The district's sheet, which stands with the projects that most of it is about.
SHEETS: list[tuple[str, Any, str]] = [
    ("sheet/", views.sheet_page, "sheet"),
    ("sheet/download/", views.download, "sheet_download"),
    ("sheet/<uuid:pk>/", views.preview, "sheet_preview"),
    ("sheet/<uuid:pk>/refused/", views.refused, "sheet_refused"),
]
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
class ProjectAdmin(ReviewedAdmin):
    form = ProjectForm
    list_display = [
        "title",
        "stage_now",
        "district",
        "stage_basis",
        "since",
        "deadline_label",
        "amount",
        "updated_at",
    ]
    place_path = "district__path"
    actions = ["change_the_stage"]
    typed_elsewhere = {ELSEWHERE: TYPED}
    list_filter = [
        Mine,
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
        "slug",
        # Names of companies and products too, and pinyin.
        "search",
    ]
    date_hierarchy = "due"
    autocomplete_fields = ["district", "parent", "source"]
    prepopulated_fields = {"slug": ["name_en"]}
    readonly_fields = ["current_stage", "created_at", "updated_at", "confirmed_at", "confirmed_by"]
    fieldsets = [
        (None, {"fields": ["current_stage", NAMES, "slug", ("district", "kind"), "parent"]}),
        (
            _("The plan"),
            {"fields": [("planned_start", "planned_start_basis"), ("due", "due_basis")]},
        ),
        (
            _("Investment"),
            {"fields": [("investment", "investment_kind", "investment_approximate")]},
        ),
        CITATION,
        (
            _("Record"),
            {
                "classes": ["collapse"],
                "fields": [("created_at", "updated_at"), ("confirmed_at", "confirmed_by")],
            },
        ),
    ]
    inlines = [
        NewStageInline,
        StageHistoryInline,
        StruckStageInline,
        CapacityInline,
        ParticipationInline,
    ]

    def get_urls(self) -> list[Any]:
        confirm = self.admin_site.admin_view(require_POST(self.confirm))
        stage = self.admin_site.admin_view(self.stage_view)
        return [
            path("<int:pk>/confirm/", confirm, name="projects_project_confirm"),
            path("stage/", stage, name="projects_project_stage"),
            *(
                path(where, self.admin_site.admin_view(view), name=f"projects_project_{name}")
                for where, view, name in SHEETS
            ),
            *super().get_urls(),
        ]

    def confirm(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What is recorded is still true: one click on the first page of the desk."""
        project = get_object_or_404(Project, pk=pk)
        if not self.has_change_permission(request, project):
            raise PermissionDenied
        project.confirmed_at, project.confirmed_by = timezone.now(), request.user  # type: ignore[assignment]
        project.save(update_fields=["confirmed_at", "confirmed_by"])
        self.log_change(request, project, [{"changed": {"fields": ["confirmed_at"]}}])
        self.message_user(request, gettext("“%s” is confirmed.") % project.label)
        return HttpResponseRedirect(reverse("admin:index"))

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

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """The stage stands with the way to change it, for those who may."""

        @admin.display(description=_("stage"), ordering="stage")
        def stage_now(project: Project) -> str:
            if not self.has_change_permission(request, project):
                return str(project.get_stage_display())
            return format_html("{} {}", project.get_stage_display(), self.stage_link(project))

        shown = super().get_list_display(request)
        return [stage_now if name == "stage_now" else name for name in shown]

    @admin.display(description=_("stage"), ordering="stage")
    def stage_now(self, project: Project) -> str:
        return str(project.get_stage_display())

    def stage_link(self, project: Project) -> str:
        url = reverse("admin:projects_project_stage")
        text = _("Change the stage")
        return format_html('<a class="act" href="{}?project={}">{}</a>', url, project.pk, text)

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


@admin.register(Capacity)
class CapacityAdmin(ReviewedAdmin):
    form = CapacityForm
    list_display = ["product", "project", "segment", "figure", "source", "locator"]
    list_filter = ["segment", "basis", ("source", admin.EmptyFieldListFilter)]
    list_select_related = ["project", "segment", "unit", "source"]
    search_fields = ["product", "product_en", "project__name", "project__slug"]
    autocomplete_fields = ["project", "segment", "unit", "technology", "source"]
    readonly_fields = ["created_at"]
    fieldsets = [
        (None, {"fields": ["project", ("product", "product_en")]}),
        (_("The figure"), {"fields": [("quantity", "unit", "per_year")]}),
        (_("On the chain"), {"fields": [("segment", "technology", "basis")]}),
        CITATION,
        ADOPTED,
    ]
    inlines = [CapacityClaimInline]

    @admin.display(description=_("quantity"), ordering="quantity")
    def figure(self, capacity: Capacity) -> str:
        if capacity.quantity is None:
            return ""
        return quantity(capacity.quantity, capacity.unit, per_year=capacity.per_year)


@admin.register(StageChange)
class StageChangeAdmin(ReviewedAdmin):
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
    place_path = "project__district__path"
    list_filter = [
        Mine,
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


@admin.register(Honour)
class HonourAdmin(EditorAdmin):
    form = HonourForm
    list_display = ["title", "company", "year", "awarded_by", "source", "locator", "recorded_by"]
    list_filter = ["year", ("source", admin.EmptyFieldListFilter)]
    list_select_related = ["company", "source", "recorded_by"]
    search_fields = ["title", "title_en", "company__name", "company__search"]
    autocomplete_fields = ["company", "source"]
    readonly_fields = ["recorded_by"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "company",
                    ("title", "title_en"),
                    ("year", "slug"),
                    ("awarded_by", "awarded_by_en"),
                ]
            },
        ),
        CITATION,
        (_("Record"), {"fields": ["recorded_by"]}),
    ]


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
    search_fields = ["name", "slug", "search"]
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
