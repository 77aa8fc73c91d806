"""The history beside a record, and forms that are filled in with what it once held.

Going back is a save like any other: the form is shown with the old values, its checks apply,
and the entry that it makes names the one that it takes back.
"""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.translation import gettext as _

from zaozhuang.dates import PartialDate
from zaozhuang.history.display import Names, Shown, lines, named_in, show
from zaozhuang.history.entries import PRECISION, State, label, relations, states
from zaozhuang.history.scope import current
from zaozhuang.history.versions import as_it_was
from zaozhuang.localised import localised
from zaozhuang.models import HistoryEntry

Action = HistoryEntry.Action
PER_PAGE = 50
# The parameters of a form that goes back: to before an entry, in one field, or to after it.
TAKE_BACK, FIELD, BACK_TO = "take_back", "field", "back_to"


def history_page(
    desk: "admin.ModelAdmin[Any]", request: HttpRequest, pk: Any, record: models.Model | None
) -> TemplateResponse:
    """What happened to a record and its rows, the newest first; `record` is None when it is gone."""
    entries = HistoryEntry.objects.of(desk.model, pk).select_related("user", "reverts")
    page = Paginator(entries, PER_PAGE).get_page(request.GET.get("p"))
    found = show(list(page.object_list), label(desk.model))
    if record is not None and desk.has_change_permission(request, record):
        url = reverse(f"admin:{desk.opts.app_label}_{desk.opts.model_name}_change", args=[pk])
        current_entry = newest_of_record(desk.model, pk)
        for shown in found:
            _link(shown, url, desk, current_entry)
    elif record is None and desk.has_add_permission(request):
        url = reverse(f"admin:{desk.opts.app_label}_{desk.opts.model_name}_add")
        for shown in found:
            if shown.entry.action == Action.DELETED and not shown.part:
                shown.links["restore"] = f"{url}?{TAKE_BACK}={shown.entry.pk}"
    name = str(record) if record is not None else _name_of_gone(desk.model, pk)
    context = {
        **desk.admin_site.each_context(request),
        "title": _("History: %(name)s") % {"name": name},
        "name": name,
        "record": record,
        "page": page,
        "shown": found,
        "opts": desk.opts,
    }
    return TemplateResponse(request, "admin/record_history.html", context)


def deleted_page(desk: "admin.ModelAdmin[Any]", request: HttpRequest) -> TemplateResponse:
    """The records of a kind that were deleted and are not there again under their key."""
    gone = (
        HistoryEntry.objects.filter(model=label(desk.model), action=Action.DELETED)
        .exclude(object_id__in=desk.model._base_manager.values("pk"))
        .select_related("user")
    )
    context = {
        **desk.admin_site.each_context(request),
        "title": _("Deleted: %(kind)s") % {"kind": desk.opts.verbose_name_plural},
        "page": Paginator(gone, PER_PAGE).get_page(request.GET.get("p")),
        "opts": desk.opts,
    }
    return TemplateResponse(request, "admin/deleted_records.html", context)


def newest_of_record(model: type[models.Model], pk: Any) -> int:
    """The newest entry of the record alone, without its rows."""
    entry = HistoryEntry.objects.filter(model=label(model), object_id=pk).first()
    return entry.pk if entry else 0


def _name_of_gone(model: type[models.Model], pk: Any) -> str:
    gone = HistoryEntry.objects.filter(
        model=label(model), object_id=pk, action=Action.DELETED
    ).first()
    return localised(gone, "name") if gone else f"#{pk}"


def _link(shown: Shown, url: str, desk: "admin.ModelAdmin[Any]", newest: int) -> None:
    entry = shown.entry
    if entry.model == label(desk.model):
        if entry.action == Action.CHANGED:
            shown.links["take_back"] = f"{url}?{TAKE_BACK}={entry.pk}"
        if entry.pk != newest and entry.action != Action.DELETED:
            shown.links["back_to"] = f"{url}?{BACK_TO}={entry.pk}"
    elif any(label(inline.model) == entry.model for inline in desk.inlines):
        shown.links["take_back"] = f"{url}?{TAKE_BACK}={entry.pk}"


def asked(request: HttpRequest, model: type[models.Model], pk: Any) -> HistoryEntry | None:
    """The entry that a form goes back to or before; None where the address names none of its own.

    An add form, which has no record yet, goes back to any of its kind.
    """
    for name in (TAKE_BACK, BACK_TO):
        text = (request.POST if request.method == "POST" else request.GET).get(name, "")
        if text.isascii() and text.isdigit() and len(text) < 19:
            every = HistoryEntry.objects.all()
            rows = every.filter(model=label(model)) if pk is None else every.of(model, pk)
            return rows.filter(pk=int(text)).first()
    return None


def note_reverts(request: HttpRequest, model: type[models.Model], pk: Any) -> None:
    """What this request writes takes back the entry that its form was filled in from."""
    entry = asked(request, model, pk)
    if entry is not None:
        current().reverts = entry.pk


def wanted_state(request: HttpRequest, entry: HistoryEntry) -> State:
    """What the fields of the entry's record are to hold again."""
    if BACK_TO in request.GET:
        state: State = {}
        newer = HistoryEntry.objects.filter(
            model=entry.model, object_id=entry.object_id, pk__gt=entry.pk
        )
        for since in newer:  # from the newest back
            state |= {name: pair[0] for name, pair in since.changes.items()}
        return state
    state = {name: pair[0] for name, pair in entry.changes.items()}
    only = request.GET.get(FIELD)
    if only:
        state = {
            name: value for name, value in state.items() if name.removesuffix(PRECISION) == only
        }
    return state


def go_back(record: Any, state: State) -> Any:
    """The record as its form is to show it; many-to-many fields are filled from what was held."""
    copy = as_it_was(record, state)
    for column in copy._meta.many_to_many:
        if column.name in state:
            rows = column.related_model._default_manager.filter(pk__in=state[column.name] or [])
            len(rows)  # kept with the copy, as if they had been prefetched
            copy._prefetched_objects_cache = {
                **getattr(copy, "_prefetched_objects_cache", {}),
                column.name: rows,
            }
    return copy


def announcement(record: models.Model | None, entry: HistoryEntry, state: State) -> str:
    """What a form that goes back would change, for its editor to see before they save."""
    model = apps.get_model(entry.model)
    now: State = {}
    if record is not None:
        now = states(model, [record.pk], "default").get(record.pk, {})
        for column in model._meta.local_many_to_many:
            now[column.name] = relations(column, [record.pk], "default")[record.pk]
    before = {name: now.get(name) for name in state}
    names = Names()
    names.load(named_in(model, [before, state]))
    changes = [line for line in lines(model, before, state, names) if line.old != line.new]
    if not changes:
        return _("Nothing would change: the record says the same today.")
    return format_html_join(
        "; ",
        "{}: <del>{}</del> → {}",
        ((line.label, line.old or _("not given"), line.new or _("not given")) for line in changes),
    )


def fill_rows(entry: HistoryEntry, state: State, formsets: list[Any]) -> None:
    """Show a row of the form as it was: changed back, added again, or marked to be deleted."""
    for formset in formsets:
        if label(formset.model) != entry.model:
            continue
        if entry.action == Action.DELETED:
            if formset.max_num:
                add_row(formset, state)
                return
            continue
        for row in formset.initial_forms:
            if row.instance.pk != entry.object_id:
                continue
            if entry.action == Action.ADDED:
                if "DELETE" in row.fields:
                    row.initial["DELETE"] = True
            else:
                row.initial.update(formset.form(instance=as_it_was(row.instance, state)).initial)
            return


def add_row(formset: Any, state: State) -> None:
    """One more empty row of a formset, filled in with what a deleted one held."""
    record = as_it_was(formset.model(), state)
    initial = {
        name: value
        for name, value in formset.form(instance=record).initial.items()
        if name not in (formset.fk.name, formset.model._meta.pk.name)
    }
    filled = list(formset.initial_extra or [])
    formset.initial_extra = [*filled, _given(initial)]
    formset.extra = max(formset.extra, len(filled) + 1)
    formset.max_num = max(formset.max_num, len(formset.get_queryset()) + formset.extra)


def rows_deleted_with(entry: HistoryEntry) -> list[HistoryEntry]:
    """The rows of a record that went with it."""
    return list(
        HistoryEntry.objects.filter(
            owner=entry.model, owner_id=entry.object_id, batch=entry.batch, action=Action.DELETED
        ).order_by("pk")
    )


def initial_of(model: type[models.Model], state: State, form: Any) -> dict[str, Any]:
    """What an add form begins with to enter a deleted record again."""
    initial: dict[str, Any] = form(instance=as_it_was(model(), state)).initial
    for column in model._meta.many_to_many:
        initial[column.name] = state.get(column.name) or []
    return _given(initial)


def _given(initial: dict[str, Any]) -> dict[str, Any]:
    """Without blanks, and dates as texts: other dates a form reads from its empty record."""
    return {
        name: value.iso if isinstance(value, PartialDate) else value
        for name, value in initial.items()
        if value is not None
    }
