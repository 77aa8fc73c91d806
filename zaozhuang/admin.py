"""What all of the desk shares: its name, and inline rows that cost no query each."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.options import BaseModelAdmin, InlineModelAdmin
from django.contrib.admin.widgets import AdminTextareaWidget, RelatedFieldWidgetWrapper
from django.contrib.auth import get_permission_codename
from django.db import models
from django.http import HttpRequest
from django.urls import reverse, reverse_lazy
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from zaozhuang.forms import EditorForm, LoadedSelect, for_editor
from zaozhuang.localised import in_language


def _site_title() -> str:
    return in_language(settings.SITE_TITLE["zh-hans"], settings.SITE_TITLE["en"])


admin.site.site_header = admin.site.site_title = lazy(_site_title, str)()
admin.site.site_url = reverse_lazy("overview")  # type: ignore[assignment]
admin.site.index_title = _("Editors’ desk")

INPUTS: dict[Any, Any] = {
    # Notes are a sentence or two; Django's ten lines would push everything else off the screen.
    models.TextField: {"widget": AdminTextareaWidget(attrs={"rows": 2})},
    models.URLField: {"assume_scheme": "https"},
}


def editing_url(record: models.Model) -> str:
    """The form of the desk for a record: its own, or that of the record it is part of.

    A part is what is deleted with its whole.
    """
    while not admin.site.is_registered(type(record)):
        wholes = [
            relation
            for relation in record._meta.concrete_fields
            if isinstance(relation, models.ForeignKey)
            and relation.remote_field.on_delete is models.CASCADE
        ]
        record = getattr(record, wholes[0].name)
    meta = record._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[record.pk])


class WithRights(BaseModelAdmin):  # type: ignore[type-arg]
    """Asks for the rights over one record, not only over its kind.

    Of a row, `obj` is the record on whose page it stands: the row belongs to it.
    """

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and self._over(request, "change", obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and self._over(request, "delete", obj)

    def _over(self, request: HttpRequest, action: str, obj: Any) -> bool:
        permission = f"{self.opts.app_label}.{get_permission_codename(action, self.opts)}"
        return obj is None or request.user.has_perm(permission, obj)


class EditorAdmin(WithRights, admin.ModelAdmin):  # type: ignore[type-arg]
    """The settings that every list and form of the desk has in common."""

    form = EditorForm
    list_per_page = 50
    # Counting a whole table to say "12 of 1,000,000" is not worth a second count per page.
    show_full_result_count = False
    save_on_top = True
    formfield_overrides = INPUTS

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return for_editor(super().get_form(request, *args, **kwargs), request.user)

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs.setdefault("form", self.form)
        return for_editor(super().get_changelist_form(request, **kwargs), request.user)


class LoadedRows(WithRights, InlineModelAdmin):  # type: ignore[type-arg]
    """Inline rows that are fetched together with all the records they name."""

    form = EditorForm
    extra = 0
    formfield_overrides = INPUTS

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        theirs = self._over(request, "add", obj)
        return super().has_add_permission(request, obj) and theirs

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        kwargs.setdefault("form", for_editor(self.form, request.user))
        return super().get_formset(request, obj, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and isinstance(field.widget, RelatedFieldWidgetWrapper):
            # A source or a company is not changed or deleted in passing.
            field.widget.can_change_related = field.widget.can_delete_related = False
        return field

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).select_related(*self.get_autocomplete_fields(request))

    def formfield_for_foreignkey(
        self, db_field: "models.ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs["widget"] = LoadedSelect(db_field, self.admin_site, using=kwargs.get("using"))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)
