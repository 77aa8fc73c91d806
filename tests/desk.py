"""What the tests of the desk share: its addresses, and forms as a browser sends them."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db import models
from django.urls import reverse
from django.utils import translation

from districts.models import District, Indicator, Reading, Source, Target, Theme, Unit
from projects.models import (
    Capacity,
    Company,
    Honour,
    ProgressReport,
    Project,
    Segment,
    StageChange,
    Stream,
    Technology,
)
from zaozhuang.history.versions import seen

OURS = [
    Source, Unit, Theme, District, Indicator, Target, Reading,
    Stream, Segment, Technology, Company, Honour, Project, Capacity, StageChange, ProgressReport,
]  # fmt: skip
DESK = [*OURS, User, Group]
Model = type[models.Model]


def address(model: Model, page: str, *args: Any) -> str:
    """An address of the Chinese desk; `changelist`, `add`, `change`, `delete`, `history`."""
    with translation.override("zh-hans"):  # an English request before leaves its language behind
        return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def input_of(response: Any) -> dict[str, Any]:
    """What a browser would send back from a page of the desk on which nothing was touched."""
    context = response.context
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    values = {field.html_name: field.value() for form in forms for field in form}
    values["_version"] = context.get("version")  # which the form rests on; None where it adds
    values |= context.get("goes_back", {})
    return {
        name: value for name, value in values.items() if value is not None and value is not False
    }


def confirmed(*records: models.Model) -> dict[str, str]:
    """What the page that asks whether to delete these records sends back, as they stand now."""
    desk: Any = admin.site.get_model_admin(type(records[0]))
    if not hasattr(desk, "doomed"):  # Django's own accounts have no history of ours
        return {"post": "yes"}
    return {"post": "yes", "_version": seen(desk.doomed([record.pk for record in records]))}


def chosen_to_delete(*records: models.Model) -> dict[str, Any]:
    """The same for the action of a list."""
    pks = [record.pk for record in records]
    return {"action": "delete_selected", "_selected_action": pks} | confirmed(*records)


def errors_of(response: Any) -> dict[str, list[str]]:
    """The errors of a page by the full name of their field."""
    context = response.context
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += inline.formset.forms
    return {
        form.add_prefix(name): list(found) for form in forms for name, found in form.errors.items()
    }
