"""The desk for places, sources, and what is promised and measured."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from districts.accounts import EditorAccountAdmin, RoleAdmin
from districts.draft_admin import DraftAdmin
from districts.forms import ClaimForm, ReadingForm, TargetForm
from districts.models import (
    District,
    Indicator,
    Passage,
    Reading,
    ReadingClaim,
    Source,
    Target,
    TargetClaim,
    Theme,
    Unit,
)
from districts.review import ReviewedAdmin
from districts.rights import in_places_of, paths_of
from zaozhuang.admin import EditorAdmin, LoadedRows
from zaozhuang.numbers import quantity

# Registered by being imported: Django looks for this module alone.
__all__ = ["DraftAdmin", "EditorAccountAdmin", "RoleAdmin"]

NAMES = ("name", "name_en")
# The end of every form whose record rests on a source.
CITATION: Any = (_("Where it comes from"), {"fields": [("source", "locator"), ("note", "note_en")]})

# What a record says when other sources contest it, above their claims.
ADOPTED: Any = (
    _("Where sources differ"),
    {"classes": ["collapse"], "fields": [("adopted_because", "adopted_because_en"), "created_at"]},
)


class Mine(admin.SimpleListFilter):
    """Where one writes; the desk says by `place_path` how its records get to their place's path."""

    title = _("where you write")
    parameter_name = "whose"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        # Those of the city write everywhere, and readers nowhere.
        return [("mine", _("my districts"))] if paths_of(request.user) else []

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() != "mine":
            return queryset
        path = admin.site.get_model_admin(queryset.model).place_path  # type: ignore[attr-defined]
        return queryset.filter(in_places_of(request.user, path))


class ClaimInline(LoadedRows, admin.StackedInline):  # type: ignore[type-arg]
    """What other sources say of the record; each of the three kinds of figure has its own."""

    form = ClaimForm
    autocomplete_fields = ["unit", "source"]
    classes = ["collapse"]
    verbose_name_plural = _("what other sources say")
    fieldsets = [
        (
            None,
            {
                "fields": [
                    ("value", "unit", "approximate"),
                    ("text", "text_en"),
                    ("definition", "definition_en"),
                    ("date", "slug"),
                    *CITATION[1]["fields"],
                ]
            },
        )
    ]


class ReadingClaimInline(ClaimInline):
    model = ReadingClaim


class TargetClaimInline(ClaimInline):
    model = TargetClaim


class PassageInline(LoadedRows, admin.TabularInline):  # type: ignore[type-arg]
    model = Passage
    extra = 1
    fields = ["order", "locator", "summary", "summary_en"]


@admin.register(Source)
class SourceAdmin(EditorAdmin):
    list_display = ["title", "title_en", "publisher", "published_on"]
    list_filter = ["publisher"]
    search_fields = ["title", "title_en", "publisher", "publisher_en"]
    date_hierarchy = "date"
    prepopulated_fields = {"slug": ["title_en"]}
    fieldsets = [
        (
            None,
            {
                "fields": [
                    ("title", "title_en"),
                    "slug",
                    ("publisher", "publisher_en"),
                    "date",
                    "url",
                    "articles_en",
                ]
            },
        ),
        (_("Remarks"), {"fields": [("note", "note_en")]}),
    ]
    inlines = [PassageInline]

    @admin.display(description=_("date"), ordering="date")
    def published_on(self, source: Source) -> str:
        return source.published.label if source.published else ""


@admin.register(Unit)
class UnitAdmin(EditorAdmin):
    list_display = ["name", "name_en", "factor"]
    search_fields = ["name", "name_en"]
    fields = [NAMES, "factor"]


@admin.register(Theme)
class ThemeAdmin(EditorAdmin):
    list_display = ["name", "name_en", "is_industry", "order"]
    search_fields = ["name", "name_en"]
    prepopulated_fields = {"slug": ["name_en"]}
    fields = [NAMES, "slug", "is_industry", "order"]


@admin.register(District)
class DistrictAdmin(EditorAdmin):
    list_display = ["name", "name_en", "code", "parent", "order"]
    list_filter = [("parent", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["parent"]
    search_fields = ["name", "name_en", "short_name", "short_name_en", "code"]
    autocomplete_fields = ["parent", "position_source"]
    prepopulated_fields = {"slug": ["name_en"]}
    fieldsets = [
        (None, {"fields": [NAMES, ("short_name", "short_name_en"), "slug"]}),
        (_("Place in the tree"), {"fields": ["code", "parent", "order"]}),
        (
            _("Position in the industry"),
            {"fields": [("position", "position_en"), ("position_source", "position_locator")]},
        ),
        (
            _("Boundary on the map"),
            {"classes": ["collapse"], "fields": ["boundary", "boundary_credit"]},
        ),
    ]


@admin.register(Indicator)
class IndicatorAdmin(EditorAdmin):
    list_display = ["name", "name_en", "unit", "theme", "scope", "nature", "summable", "order"]
    list_filter = ["theme", "scope", "nature", "summable"]
    list_select_related = ["unit", "theme"]
    search_fields = ["name", "name_en", "slug"]
    autocomplete_fields = ["unit", "theme"]
    prepopulated_fields = {"slug": ["name_en"]}
    fieldsets = [
        (None, {"fields": [NAMES, "slug", "unit", ("definition", "definition_en")]}),
        (_("Comparing and adding up"), {"fields": ["scope", "nature", "summable", "counts_stage"]}),
        (_("Where it is shown"), {"fields": ["theme", "order"]}),
    ]


class FigureAdmin(ReviewedAdmin):
    """What lists of promises and of readings share: both are figures of a place."""

    autocomplete_fields = ["district", "indicator", "source"]
    readonly_fields = ["created_at"]
    place_path = "district__path"

    def get_queryset(self, request: HttpRequest) -> "models.QuerySet[Any]":
        """With what a record shows of itself in lists, choices and confirmations."""
        return super().get_queryset(request).select_related("district", "indicator__unit", "source")

    @admin.display(description=_("value"), ordering="value")
    def figure(self, record: Target | Reading) -> str:
        if record.value is None:
            return ""
        return quantity(record.value, record.indicator.unit, about=record.approximate)


@admin.register(Target)
class TargetAdmin(FigureAdmin):
    form = TargetForm
    list_display = [
        "promise",
        "district",
        "comparator",
        "figure",
        "deadline_label",
        "due_basis",
        "source",
        "locator",
    ]
    list_filter = [
        Mine,
        "district",
        "indicator__theme",
        "due_basis",
        ("source", admin.EmptyFieldListFilter),
    ]
    search_fields = [
        "indicator__name",
        "indicator__name_en",
        "milestone",
        "milestone_en",
        "district__name",
        "district__name_en",
        "slug",
    ]
    date_hierarchy = "due"
    fieldsets = [
        (None, {"fields": ["district", "indicator", "slug"]}),
        (_("A figure"), {"fields": [("comparator", "value", "approximate"), "baseline"]}),
        (_("Or a milestone"), {"fields": [("milestone", "milestone_en")]}),
        (_("By when"), {"fields": [("due", "due_basis")]}),
        CITATION,
        ADOPTED,
    ]
    inlines = [TargetClaimInline]

    @admin.display(description=_("target"), ordering="indicator__order")
    def promise(self, target: Target) -> str:
        return target.label

    @admin.display(description=_("due"), ordering="due")
    def deadline_label(self, target: Target) -> str:
        return target.deadline.label if target.deadline else ""


@admin.register(Reading)
class ReadingAdmin(FigureAdmin):
    form = ReadingForm
    list_display = ["indicator", "district", "place", "period_label", "figure", "source", "locator"]
    list_filter = [
        Mine,
        "district",
        "indicator__theme",
        "period_precision",
        ("source", admin.EmptyFieldListFilter),
    ]
    search_fields = [
        "indicator__name",
        "indicator__name_en",
        "district__name",
        "district__name_en",
        "place",
        "place_en",
        "slug",
    ]
    date_hierarchy = "period"
    fieldsets = [
        (None, {"fields": ["district", ("place", "place_en"), "indicator", "slug"]}),
        (_("The figure"), {"fields": ["period", ("value", "approximate")]}),
        CITATION,
        ADOPTED,
    ]
    inlines = [ReadingClaimInline]

    @admin.display(description=_("period"), ordering="period")
    def period_label(self, reading: Reading) -> str:
        return reading.reported.label
