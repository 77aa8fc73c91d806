"""The four groups and what each may do; `migrate` brings the database in line with it.

A group says which kinds of records; `districts.rights` says which of them. A deployment
that wants something else makes groups of its own, which are left alone.
"""

from typing import Any

from django.apps import apps as global_apps
from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import models
from django.utils.translation import gettext_lazy as _

# Permissions are looked up by name in the app that is being migrated.
OWN_APPS = {"districts", "projects"}
OF_A_PLACE = {
    "project", "stagechange", "capacity", "participation", "progressreport", "target", "reading",
    "capacityclaim", "targetclaim", "readingclaim",
}  # fmt: skip
# Added by all, changed by those who entered them and by the city.
SHARED = {"source", "passage", "company", "honour"}
NOBODYS = {"historical"}  # what history keeps is never written in the interface
ACCOUNTS = {
    ("auth", "add_user"), ("auth", "change_user"), ("auth", "delete_user"), ("auth", "view_user"),
    ("auth", "view_group"),
}  # fmt: skip


class Role(models.TextChoices):
    """The name of each group."""

    VIEWER = "viewer", _("viewer")
    DISTRICT_EDITOR = "district-editor", _("district editor")
    CITY_EDITOR = "city-editor", _("city editor")
    ADMINISTRATOR = "administrator", _("administrator")


def allows(role: str, app: str, codename: str) -> bool:
    """Whether the group of that name has the permission `app.codename`."""
    if role == Role.ADMINISTRATOR and (app, codename) in ACCOUNTS:
        return True
    if app not in OWN_APPS:
        return False
    action, _underscore, model = codename.partition("_")
    if model == "membership":
        return role == Role.ADMINISTRATOR
    if model == "draft":  # which is written by saving a record, and decided by the city
        city = role in (Role.CITY_EDITOR, Role.ADMINISTRATOR)
        return (action == "view" and role != Role.VIEWER) or (action == "approve" and city)
    if action == "view":
        return True
    if role == Role.VIEWER or any(model.startswith(prefix) for prefix in NOBODYS):
        return False
    return role != Role.DISTRICT_EDITOR or model in OF_A_PLACE | SHARED


def make_groups(app_config: Any, using: str, apps: Apps = global_apps, **kwargs: Any) -> None:
    """Give the four groups their permissions on the app that was migrated.

    Django names no apps where it only fills a flushed database anew.
    """
    try:
        group, permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    except LookupError:  # a migration on the way, before there are groups
        return
    if app_config.label not in OWN_APPS | {"auth"}:
        return
    create_permissions(app_config, verbosity=0, using=using, apps=apps)
    found = permission.objects.using(using).filter(content_type__app_label=app_config.label)
    for role in Role.values:
        right = {p.pk for p in found if allows(role, app_config.label, p.codename)}
        named, _made = group.objects.using(using).get_or_create(name=role)
        held = set(
            named.permissions.filter(content_type__app_label=app_config.label).values_list(
                "pk", flat=True
            )
        )
        named.permissions.add(*right - held)
        named.permissions.remove(*held - right)
