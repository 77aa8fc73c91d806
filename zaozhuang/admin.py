"""What all of the desk shares: its name, and inline rows that cost no query each."""

from collections.abc import Collection
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.options import BaseModelAdmin, InlineModelAdmin
from django.contrib.admin.utils import NestedObjects, unquote
from django.contrib.admin.widgets import AdminTextareaWidget, RelatedFieldWidgetWrapper
from django.contrib.auth import get_permission_codename
from django.core.exceptions import PermissionDenied
from django.db import models, router, transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import path, reverse, reverse_lazy
from django.utils.functional import lazy
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from zaozhuang.forms import EditorForm, KnownSelect, KnownSelectMultiple, LoadedSelect, for_editor
from zaozhuang.history import pages
from zaozhuang.history.entries import label, lock
from zaozhuang.history.tracking import Tracked
from zaozhuang.history.versions import (
    REFUSED,
    VERSION,
    catch_up,
    key_of,
    later,
    newest,
    seen,
    since_seen,
    told,
)
from zaozhuang.lists import StrictList
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


def without(nested: list[Any], heads: tuple[str, ...]) -> list[Any]:
    """A nested list of texts without those that begin with one of the heads."""
    return [
        without(part, heads) if isinstance(part, list) else part
        for part in nested
        if isinstance(part, list) or not str(part).startswith(heads)
    ]


class WithRights(BaseModelAdmin):  # type: ignore[type-arg]
    """Asks for the rights over one record, not only over its kind.

    Of a row, `obj` is the record on whose page it stands: the row belongs to it.
    """

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and self._over(request, "change", obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and self._over(request, "delete", obj)

    def formfield_for_foreignkey(
        self, db_field: "models.ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name in self.get_autocomplete_fields(request) and "widget" not in kwargs:
            kwargs["widget"] = KnownSelect(db_field, self.admin_site, using=kwargs.get("using"))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(
        self, db_field: "models.ManyToManyField[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name in self.get_autocomplete_fields(request) and "widget" not in kwargs:
            using = kwargs.get("using")
            kwargs["widget"] = KnownSelectMultiple(db_field, self.admin_site, using=using)
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def _over(self, request: HttpRequest, action: str, obj: Any) -> bool:
        permission = f"{self.opts.app_label}.{get_permission_codename(action, self.opts)}"
        return obj is None or request.user.has_perm(permission, obj)


class EditorAdmin(WithRights, StrictList):
    """The settings that every list and form of the desk has in common."""

    form = EditorForm
    list_per_page = 50
    # Counting a whole table to say "12 of 1,000,000" is not worth a second count per page.
    show_full_result_count = False
    save_on_top = True
    formfield_overrides = INPUTS

    # History: read beside the record, and gone back to through the form.

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_deleted"
        deleted = path("deleted/", self.admin_site.admin_view(self.deleted_view), name=name)
        return [deleted, *super().get_urls()]

    def deleted_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return pages.deleted_page(self, request)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Whoever may see a record may see its history, also when it is gone."""
        record = super().get_object(request, unquote(object_id))
        if not self.has_view_or_change_permission(request, record):
            raise PermissionDenied
        pk = key_of(self.model, object_id) if record is None else record.pk
        if record is None and (pk is None or not newest(self.model, pk)):
            return super().history_view(request, object_id, extra_context)
        return pages.history_page(self, request, pk, record)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        entry = pages.asked(request, self.model, None)
        if entry is None:
            return super().get_changeform_initial_data(request)
        state = pages.wanted_state(request, entry)
        messages.info(request, pages.announcement(None, entry, state))
        return pages.initial_of(self.model, state, self.get_form(request))

    def get_inline_formsets(
        self, request: HttpRequest, formsets: Any, inline_instances: Any, obj: Any = None
    ) -> Any:
        entry = pages.asked(request, self.model, obj.pk if obj else None)
        if request.method == "GET" and entry is not None:
            rows = [entry] if obj else pages.rows_deleted_with(entry)
            for row in rows:
                if row.model != label(self.model):
                    pages.fill_rows(row, pages.wanted_state(request, row), list(formsets))
        return super().get_inline_formsets(request, formsets, inline_instances, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            pages.note_reverts(request, self.model, None)
        super().save_model(request, obj, form, change)

    # Two editors at once: see zaozhuang.history.versions.

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """The record; on its form as the address wants it shown, or locked to be saved."""
        match = request.resolver_match
        if match is None or not str(match.url_name).endswith(f"{self.opts.model_name}_change"):
            return super().get_object(request, object_id, from_field)
        key = object_id if from_field is None else None
        pk = key_of(self.model, key) if key else None
        if from_field is not None and (named := super().get_object(request, object_id, from_field)):
            pk = named.pk
        if pk is None:
            return super().get_object(request, object_id, from_field)
        saving = request.method == "POST"
        if saving:
            lock(self.model, [pk], router.db_for_write(self.model), [])
        version = newest(self.model, pk)
        record = super().get_object(request, object_id, from_field)
        request.version = version  # type: ignore[attr-defined]
        if record is None:
            return None
        if saving:
            pages.note_reverts(request, self.model, pk)
            self._compare(request, record)
            return record
        entry = pages.asked(request, self.model, pk)
        if entry is not None:
            state = pages.wanted_state(request, entry)
            own = entry.model == label(self.model)
            row = apps.get_model(entry.model)._base_manager.filter(pk=entry.object_id).first()
            messages.info(request, pages.announcement(record if own else row, entry, state))
            record = pages.go_back(record, state) if own else record
        return record

    def _compare(self, request: HttpRequest, record: Any) -> None:
        """Refuse what is sent, by `meanwhile`, where the record has changed since it was shown."""
        since = later(self.model, record.pk, request.POST.get(VERSION, ""))
        if not since or not self.has_change_permission(request, record):
            return
        form = self.get_form(request, record, change=True)(
            request.POST, request.FILES, instance=record
        )
        formsets, _inlines = self._create_formsets(request, record, change=True)  # type: ignore[attr-defined]
        sent, found = catch_up(request.POST, form, formsets, since)
        request.POST = sent  # type: ignore[assignment]
        request.meanwhile = found  # type: ignore[attr-defined]

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = for_editor(super().get_form(request, obj, change, **kwargs), request.user)
        if getattr(request, "meanwhile", None):
            return type(form.__name__, (form,), {"refused": REFUSED})
        return form

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        context["version"] = version = getattr(request, "version", None)
        if version is not None:  # our own link says which version was looked at
            context |= {"show_delete": False, "delete_query": f"?{VERSION}={version}"}
        context["meanwhile"] = getattr(request, "meanwhile", None)
        sent = request.POST if request.method == "POST" else request.GET
        context["goes_back"] = {
            name: sent[name] for name in (pages.TAKE_BACK, pages.BACK_TO) if name in sent
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Actions are all or nothing, and what they have checked stays as it is."""
        if request.method != "POST":
            return super().changelist_view(request, extra_context)
        with transaction.atomic(using=router.db_for_write(self.model)):
            return super().changelist_view(request, extra_context)

    def get_deleted_objects(self, objs: Any, request: Any) -> Any:
        """What would go with the records; a deletion that rests on an outdated version is not done.

        Both the page of one record and the list's action ask this before they delete, and ask
        their reader once more where nothing was sent.
        """
        pks, using = [record.pk for record in objs], router.db_for_write(self.model)
        sent = request.POST.get("post")
        request.meanwhile = []
        if sent:
            lock(self.model, pks, using, [])
        doomed = self.doomed(pks)
        for model in doomed if sent else ():
            lock(model, doomed[model], using, [])
        request.version = seen(doomed)
        if sent and (since := since_seen(doomed, request.POST.get(VERSION, ""))):
            request.meanwhile, request.POST = told(since), QueryDict()
        elif not sent and len(pks) == 1 and VERSION in request.GET:  # that of the form before
            request.meanwhile = told(later(self.model, pks[0], request.GET[VERSION]))
        # Read after the version, so that what is shown is at least as new.
        shown = list(self.get_queryset(request).filter(pk__in=pks))
        listed, counts, *rest = super().get_deleted_objects(shown, request)
        # What is computed from the records goes too, and is nobody's loss.
        computed = [m._meta for m in apps.get_models() if not getattr(m, "backed_up", True)]
        heads = tuple(f"{capfirst(meta.verbose_name)}: " for meta in computed)
        for meta in computed:
            counts.pop(str(meta.verbose_name_plural), None)
        return without(listed, heads), counts, *rest

    def doomed(self, pks: Collection[Any]) -> dict[type[models.Model], list[Any]]:
        """The keys of all that would be deleted with these records, themselves included."""
        using = router.db_for_write(self.model)
        records = self.model._default_manager.using(using).filter(pk__in=pks)
        collector = NestedObjects(using=using, origin=records)
        collector.collect(records)
        return {
            model: [record.pk for record in found]
            for model, found in collector.data.items()
            if issubclass(model, Tracked)
        }

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
