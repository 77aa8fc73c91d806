"""The desk for accounts: who belongs to which place, and in which group."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from districts.models import Membership
from districts.roles import Role
from zaozhuang.admin import LoadedRows
from zaozhuang.lists import StrictList

admin.site.unregister(User)
admin.site.unregister(Group)


def group_label(group: Group) -> str:
    """The group in the reader's language; its name is a code where it is one of ours."""
    return str(Role(group.name).label) if group.name in Role.values else group.name


class MembershipInline(LoadedRows, admin.TabularInline):  # type: ignore[type-arg]
    model = Membership
    autocomplete_fields = ["place"]
    verbose_name_plural = _("writes the records of")


@admin.register(User)
class EditorAccountAdmin(StrictList, UserAdmin):  # type: ignore[type-arg]
    """Django's own page, without the ways by which an administrator would gain more rights."""

    list_display = ["username", "last_name", "first_name", "roles", "places", "is_active"]
    list_filter = ["is_active", "groups", "memberships__place"]
    inlines = [MembershipInline]

    def get_queryset(self, request: HttpRequest) -> "models.QuerySet[User]":
        return super().get_queryset(request).prefetch_related("groups", "memberships__place")

    @admin.display(description=_("groups"))
    def roles(self, user: User) -> str:
        return " · ".join(group_label(group) for group in user.groups.all())

    @admin.display(description=_("districts"))
    def places(self, user: User) -> str:
        return " · ".join(membership.place.label for membership in user.memberships.all())

    def get_inlines(self, request: HttpRequest, obj: User | None) -> list[Any]:
        """Places are given on the second page, as Django does with everything but the name."""
        return self.inlines if obj else []

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        own = ["last_login", "date_joined"]
        return own if request.user.is_superuser else [*own, "is_superuser", "user_permissions"]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and _within_reach(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and _within_reach(request, obj)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field: Any = super().formfield_for_manytomany(db_field, request, **kwargs)
        if db_field.name == "groups":
            field.label_from_instance = group_label
        return field


def _within_reach(request: HttpRequest, user: User | None) -> bool:
    """Only a superuser changes a superuser."""
    return user is None or request.user.is_superuser or not user.is_superuser


@admin.register(Group)
class RoleAdmin(StrictList, GroupAdmin):
    """The four groups of the tracker are what `districts.roles` says; others are free."""

    def get_queryset(self, request: HttpRequest) -> "models.QuerySet[Group]":
        return super().get_queryset(request).prefetch_related("permissions__content_type")

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_change_permission(request, obj) and _free(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_delete_permission(request, obj) and _free(obj)


def _free(group: Group | None) -> bool:
    return group is None or group.name not in Role.values
