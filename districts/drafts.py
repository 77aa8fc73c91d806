"""How a page of the desk becomes a draft, and a draft takes effect.

A draft holds what the inputs of the page held before and after. It takes effect by being
sent once more to the very page it was typed into, in the name of its author: the same
form, rows, checks and rights, and nothing that was not touched is sent anew.
"""

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.apps import apps
from django.contrib import admin
from django.contrib.messages.storage import default_storage
from django.core.exceptions import PermissionDenied
from django.db import models, router, transaction
from django.forms.formsets import DELETION_FIELD_NAME
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from districts.models import District, Draft
from districts.rights import root_of
from zaozhuang.dates import PartialDate
from zaozhuang.forms import PartialDateField
from zaozhuang.history.entries import lock
from zaozhuang.history.scope import recording
from zaozhuang.history.versions import VERSION, Meanwhile, newest, since_seen, told
from zaozhuang.models import HistoryEntry
from zaozhuang.numbers import plain

# An input as JSON keeps it: a text, on or off, or the chosen keys.
Input = str | bool | list[str]
# Fields of a row that the page itself fills in.
NOT_TYPED = {"id", DELETION_FIELD_NAME}


class RefusedDraft(Exception):
    """A draft that cannot take effect; `conflicts` says what was changed meanwhile."""

    def __init__(self, message: str, conflicts: "Sequence[Difference]" = ()) -> None:
        super().__init__(message)
        self.message, self.conflicts = message, conflicts


MEANWHILE = gettext_lazy("The record was changed meanwhile, so nothing was saved.")


@dataclass(frozen=True)
class Difference:
    """One input of a page: before, after, and what the record holds now, in words."""

    row: str
    field: str
    before: str
    after: str
    now: str
    clashes: bool


def as_input(field: forms.Field, value: Any) -> Input:
    """What an input holds, or is sent, in one form that can be kept and compared."""
    if isinstance(field, forms.BooleanField):
        return bool(value)
    value = field.prepare_value(value)
    if isinstance(value, list | tuple | models.QuerySet):
        return sorted(str(item) for item in value)
    if isinstance(value, Decimal):
        return plain(value)
    return "" if value is None else str(value)


def changed_inputs(form: Any) -> dict[str, list[Input]]:
    """Before and after of every input that was changed, by the name of its field.

    Of a new record it is every input that is not blank: defaults may differ by the time.
    """
    adding = form.instance.pk is None
    before_and_after: dict[str, list[Input]] = {}
    for name in form.fields if adding else form.changed_data:
        field = form.fields[name]
        if name in NOT_TYPED or isinstance(field, forms.models.InlineForeignKeyField):
            continue
        held = None if adding else form.get_initial_for_field(field, name)
        before, after = as_input(field, held), as_input(field, form[name].data)
        if after or not adding:
            before_and_after[name] = [before, after]
    return before_and_after


def changes_of(form: Any, formsets: Sequence[Any]) -> list[dict[str, Any]]:
    """What was changed on a page: its own form, and rows that were added, changed or deleted."""
    parts = []
    for prefix, row in [("", form), *((s.prefix, row) for s in formsets for row in s.forms)]:
        deleted = bool(getattr(row, "cleaned_data", {}).get(DELETION_FIELD_NAME))
        if row.has_changed() and not (deleted and row.instance.pk is None):
            fields = {} if deleted else changed_inputs(row)
            part = {"prefix": prefix, "pk": row.instance.pk, "delete": deleted, "fields": fields}
            parts.append(part)
    return parts


@transaction.atomic
def keep(
    author: Any,
    action: str,
    record: models.Model,
    changes: list[dict[str, Any]],
    *,
    draft: Draft | None = None,
    submit: bool = True,
    rests_on: str = "",
) -> Draft:
    """Write down a draft, or what was typed anew into an old one."""
    place = root_of(record)
    assert isinstance(place, District)  # only records of a place wait
    if draft is not None:  # unless it was decided since it was opened again
        same = Draft.objects.select_for_update().filter(pk=draft.pk, state__in=Draft.OPEN)
        draft = same.first()
    draft = draft or Draft(author=author)
    draft.action, draft.model, draft.object_id = action, record._meta.label_lower, record.pk
    draft.title, draft.place, draft.changes = str(record)[:300], place, changes
    draft.rests_on = rests_on
    draft.state = Draft.State.SUBMITTED if submit else Draft.State.DRAFT
    draft.entered_at = timezone.now()
    draft.save()
    return draft


@dataclass(frozen=True)
class Elsewhere:
    """A page of the desk beside a record's own, into which drafts about the record are typed.

    The desk of the record lists it under the prefix that the parts of its drafts have.
    """

    title: str | Promise
    # The form for one record, on which nothing was typed.
    form: Callable[[Any], Any]
    # What the page sends besides the form's inputs.
    inputs: Callable[[Any], dict[str, str]]
    address: Callable[[Any], str]
    send: Callable[[Any, HttpRequest], HttpResponse]
    # What happened since to what the draft is about.
    meanwhile: Callable[[Draft], list[HistoryEntry]]


class Page:
    """The page of the desk that a draft was typed into, as the record stands now."""

    def __init__(self, draft: Draft, request: HttpRequest, user: Any) -> None:
        self.draft = draft
        self.model: type[models.Model] = apps.get_model(draft.model)
        desk: Any = admin.site.get_model_admin(self.model)
        self.desk: Any = desk
        self.request = cast(Any, copy.copy(request))
        self.request.user = user
        self.request.method = "GET"
        self.request.GET = QueryDict()
        # Else Django would read the files of a page that sent none, and forget what is put here.
        self.request._files = MultiValueDict()
        # What the page would say to its reader is not for whoever approves.
        self.request._messages = default_storage(self.request)
        self.record: models.Model | None = None
        # What was changed since the draft was typed is found field by field; the page itself
        # rests on the record as it stands now.
        self.version = newest(self.model, draft.object_id) if draft.object_id else 0
        if draft.object_id is not None:
            self.record = self.model._default_manager.filter(pk=draft.object_id).first()
        self.gone = draft.action != Draft.Action.ADD and self.record is None
        self.forms: dict[str, Any] = {}
        self.formsets: dict[str, Any] = {}
        self.elsewhere: Elsewhere | None = elsewhere(desk, draft)
        if self.elsewhere is not None and self.record is not None:
            self.forms = {draft.changes[0]["prefix"]: self.elsewhere.form(self.record)}
        elif not self.gone:
            adding = draft.action == Draft.Action.ADD
            record = None if adding else self.record
            form = self.desk.get_form(self.request, record, change=not adding)(instance=record)
            rows, _inlines = self.desk._create_formsets(
                self.request, form.instance, change=not adding
            )
            self.forms = {"": form}
            self.formsets = {formset.prefix: formset for formset in rows}

    def form_of(self, part: dict[str, Any]) -> Any:
        """The form of a part of the draft, a blank one for a new row, None where it is gone."""
        if part["prefix"] in self.forms:
            return self.forms[part["prefix"]]
        formset = self.formsets.get(part["prefix"])
        if formset is None or part["pk"] is None:
            return formset and formset.empty_form
        found = [form for form in formset.initial_forms if form.instance.pk == part["pk"]]
        return found[0] if found else None

    def differences(self) -> Iterator[Difference]:
        """What the draft changes, with what the record holds now."""
        for part in self.draft.changes:
            form = self.form_of(part)
            row = ""
            if part["prefix"] and form is not None and self.elsewhere is None:
                options = form._meta.model._meta
                row = str(options.verbose_name)
                row += "" if part["pk"] is None else f" “{form.instance}”"
            if part["delete"]:
                yield Difference(row, "", _("there"), _("deleted"), "", form is None)
                continue
            for name, (before, after) in part["fields"].items():
                if form is None or name not in form.fields:
                    yield Difference(row, name, str(before), str(after), _("is gone"), True)
                    continue
                field = form.fields[name]
                now = as_input(field, form.get_initial_for_field(field, name))
                # The blank row of a page may begin with defaults; nobody changed them.
                clashes = form.instance.pk is not None and now not in (before, after)
                was, will, held = (in_words(field, value) for value in (before, after, now))
                yield Difference(row, str(field.label or name), was, will, held, clashes)

    def meanwhile(self) -> list[Meanwhile]:
        """What happened since to what would be deleted, or to what was typed elsewhere."""
        if self.record is None:
            return []
        if self.elsewhere is not None:
            return told(self.elsewhere.meanwhile(self.draft))
        if self.draft.action != Draft.Action.DELETE:
            return []
        return told(since_seen(self.desk.doomed([self.record.pk]), self.draft.rests_on))

    @property
    def record_url(self) -> str:
        """The record as it stands; blank where it is gone."""
        options = self.model._meta
        name = f"admin:{options.app_label}_{options.model_name}"
        if self.draft.object_id is None:
            return reverse(f"{name}_add")
        return "" if self.gone else reverse(f"{name}_change", args=[self.draft.object_id])

    @property
    def typed_url(self) -> str:
        """Where the draft is opened again; blank where the record is gone."""
        if self.elsewhere is None or self.record is None:
            url, sign = self.record_url, "?"
        else:
            url, sign = self.elsewhere.address(self.record), "&"
        return f"{url}{sign}draft={self.draft.pk}" if url else ""

    def data(self) -> QueryDict:
        """What the page would send: as the record stands, with the draft's changes."""
        data = QueryDict(mutable=True)
        data[VERSION] = str(self.version)
        if self.elsewhere is not None:
            data.update(self.elsewhere.inputs(self.record))
        for form in self.forms.values():
            if form.instance.pk is not None:
                _put(data, form)
        for prefix, formset in self.formsets.items():
            for row in formset.initial_forms:
                _put(data, row)
            count = formset.initial_form_count()
            data[f"{prefix}-INITIAL_FORMS"] = data[f"{prefix}-TOTAL_FORMS"] = str(count)
        for part in self.draft.changes:
            form = self.form_of(part)
            if form is None:
                continue
            if part["prefix"] in self.formsets and part["pk"] is None:
                form.prefix = self._new_row(data, part["prefix"])
            if part["delete"]:
                data[form.add_prefix(DELETION_FIELD_NAME)] = "on"
            for name, (_before, after) in part["fields"].items():
                if name in form.fields:
                    _set(data, form.add_prefix(name), after)
        return data

    def _new_row(self, data: QueryDict, prefix: str) -> str:
        """The prefix of one more row, which is counted."""
        number = int(str(data[f"{prefix}-TOTAL_FORMS"]))
        data[f"{prefix}-TOTAL_FORMS"] = str(number + 1)
        return f"{prefix}-{number}"


def _put(data: QueryDict, form: Any) -> None:
    """What a browser would send of a form on which nothing was touched."""
    for bound in form:
        _set(data, bound.html_name, as_input(bound.field, bound.initial))


def _set(data: QueryDict, name: str, value: Input) -> None:
    data.pop(name, None)
    if isinstance(value, list):
        data.setlist(name, value)
    elif value is True:
        data[name] = "on"
    elif value is not False:
        data[name] = value


def in_words(field: forms.Field, value: Input) -> str:
    """An input as its reader sees it: the choice, not its code; the record, not its key."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    keys = value if isinstance(value, list) else [value]
    if isinstance(field, forms.ModelChoiceField):
        wanted = [key for key in keys if key.isdigit()]
        assert field.queryset is not None
        found = field.queryset.model._default_manager.filter(pk__in=wanted)
        return ", ".join(field.label_from_instance(record) for record in found)
    if isinstance(field, forms.ChoiceField):
        choices: Any = field.choices
        labels = {str(code): str(label) for code, label in choices}
        return ", ".join(labels.get(key, key) for key in keys if key)
    text = ", ".join(keys)
    try:
        return PartialDate.parse(text).label if isinstance(field, PartialDateField) else text
    except ValueError:
        return text


@transaction.atomic
def approve(draft: Draft, request: HttpRequest) -> None:
    """Let a submitted draft take effect; author and day of entry stay those of the draft.

    Raises RefusedDraft, and changes nothing, where the record was changed meanwhile, the
    author has lost the right, or the page no longer accepts what was typed.
    """
    draft = Draft.objects.select_for_update(of=("self",)).select_related("author").get(pk=draft.pk)
    if draft.state != Draft.State.SUBMITTED:
        raise RefusedDraft(_("Only a submitted draft can be approved."))
    if draft.object_id is not None:  # what is looked at below stays as it is
        model = apps.get_model(draft.model)
        lock(model, [draft.object_id], router.db_for_write(model), [])
    page = Page(draft, request, draft.author)
    if page.gone:
        raise RefusedDraft(_("The record has been deleted meanwhile."))
    if page.meanwhile():
        raise RefusedDraft(str(MEANWHILE))
    conflicts = [difference for difference in page.differences() if difference.clashes]
    if conflicts:
        raise RefusedDraft(str(MEANWHILE), conflicts)
    page.request.method = "POST"
    page.request.approving = draft
    # The history names who entered it; who let it take effect is its reason.
    with recording(user=draft.author, reason=f"approved by {request.user.get_username()}"):
        _send(page)
    draft.state = Draft.State.APPROVED
    draft.decided_by, draft.decided_at = request.user, timezone.now()  # type: ignore[assignment]
    draft.save()


def _send(page: Page) -> None:
    """Send the draft to its page; raises RefusedDraft where it is not saved."""
    draft, key = page.draft, str(page.draft.object_id)
    try:
        if draft.action == Draft.Action.DELETE:
            page.request.POST = QueryDict(mutable=True)
            page.request.POST.update({"post": "yes", VERSION: draft.rests_on})
            response = page.desk.delete_view(page.request, key)
        else:
            page.request.POST = page.data()
            if page.elsewhere is not None:
                return _accepted(page, page.elsewhere.send(page.desk, page.request))
            adding = draft.action == Draft.Action.ADD
            response = page.desk.changeform_view(page.request, None if adding else key)
    except PermissionDenied:
        raise RefusedDraft(_("Its author may not write this record any more.")) from None
    _accepted(page, response)


def _accepted(page: Page, response: Any) -> None:
    draft = page.draft
    if not isinstance(response, HttpResponseRedirect):
        if draft.action == Draft.Action.DELETE and page.request.meanwhile:
            raise RefusedDraft(str(MEANWHILE))
        errors = [text for found in response.context_data.get("errors", []) for text in found]
        raise RefusedDraft(" ".join(str(text) for text in errors) or _("The page refuses it."))


def elsewhere(desk: Any, draft: Draft) -> Elsewhere | None:
    """The page beside the record's own that the draft was typed into, if it was one."""
    prefixes = [part["prefix"] for part in draft.changes[:1]]
    pages: dict[str, Elsewhere] = getattr(desk, "typed_elsewhere", {})
    return pages.get(prefixes[0]) if prefixes else None


def kind_of(draft: Draft) -> str:
    """What kind of record the draft is about, or what the page does that it was typed into."""
    model = apps.get_model(draft.model)
    other = elsewhere(admin.site.get_model_admin(model), draft)
    return str(other.title if other else model._meta.verbose_name)


def added_by(draft: Draft, form: Any, formsets: Sequence[Any]) -> list[models.Model]:
    """What an approved draft has added on a record's own page."""
    rows = [row for formset in formsets for row in formset.extra_forms if row.has_changed()]
    if draft.action == Draft.Action.ADD:
        rows.append(form)
        draft.object_id = form.instance.pk
    return [row.instance for row in rows if row.instance.pk is not None]


def entered_then(draft: Draft, records: Iterable[models.Model]) -> None:
    """Give what an approved draft added the day on which it was entered."""
    for record in records:
        for name in ("recorded_at", "created_at"):
            if hasattr(record, name):
                # A plain queryset: the day is no change of the record.
                models.QuerySet(type(record)).filter(pk=record.pk).update(
                    **{name: draft.entered_at}
                )
