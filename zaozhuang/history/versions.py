"""Two editors at once: a save that rests on an outdated version of a record is refused.

A page carries the number of the newest entry in the history of its record and rows. When it is
sent back and there is a newer one, nothing is written. The page comes again with the new number:
what its editor had typed stays, what they had not touched is brought up to date, and a table
says who changed what meanwhile. Saving once more then goes through.

The number is read before the record when a page is made, and after the record is locked when
it comes back; every writer locks the record first (`entries.lock`, or on SQLite the whole
database), so nothing can happen between the check and the write.

A page that asks whether to delete carries the number of each record that would go, since these
are not all locked by the same one. What changed meanwhile is shown, and the question asked anew.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Max
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from zaozhuang.dates import PartialDate
from zaozhuang.history.display import SEPARATOR, Names, field_label, fields_of, named_in, text
from zaozhuang.history.entries import State, as_json, chunks, label
from zaozhuang.models import HistoryEntry

Action = HistoryEntry.Action
# The input of a form that carries the number.
VERSION = "_version"
# Records that are to be deleted, and what a page may say of them.
Doomed = Mapping[type[models.Model], Collection[Any]]
MOST_SEEN = 10_000
REFUSED = gettext_lazy(
    "Somebody changed this record while you had it open, so nothing was saved yet. See below what changed; what you typed is still here. Save again to go on."
)


def key_of(model: type[models.Model], text: str) -> Any:
    """The key that an address names; None where it cannot be one."""
    try:
        return model._meta.pk.to_python(unquote(text))
    except ValidationError:
        return None


@dataclass(frozen=True)
class Clash:
    """One field that somebody changed meanwhile: what it was, is now, and was typed here."""

    label: str
    was: str
    now: str
    yours: str
    outcome: str


@dataclass
class Meanwhile:
    """What happened to one record since the page was made, oldest entry first."""

    kind: str
    name: str
    entries: list[HistoryEntry]
    clashes: list[Clash] = field(default_factory=list)
    remark: str = ""


def newest(model: type[models.Model], pk: Any) -> int:
    """The number of the newest entry in the history of a record and its rows; 0 for none."""
    found: int | None = HistoryEntry.objects.of(model, pk).aggregate(newest=Max("pk"))["newest"]
    return found or 0


def newest_of(model: type[models.Model], pks: Iterable[Any]) -> dict[Any, int]:
    """The same of many records at once, in a few queries for each five hundred of them."""
    found: dict[Any, int] = {}
    kind = label(model)
    every = HistoryEntry.objects.order_by()
    for chunk in chunks(pks):
        own = every.filter(model=kind, object_id__in=chunk)
        for pk, number in own.values_list("object_id").annotate(Max("pk")):
            found[pk] = number
        # Rows that belong to a record, or once did: what happened to them since counts too.
        owners: dict[tuple[str, int], set[Any]] = {}
        rows = every.filter(owner=kind, owner_id__in=chunk)
        for pk, row, key in rows.values_list("owner_id", "model", "object_id").distinct():
            owners.setdefault((row, key), set()).add(pk)
        for row in {row for row, _key in owners}:
            for keys in chunks(key for name, key in owners if name == row):
                numbers = every.filter(model=row, object_id__in=keys)
                for key, number in numbers.values_list("object_id").annotate(Max("pk")):
                    for pk in owners[row, key]:
                        found[pk] = max(found.get(pk, 0), number)
    return found


def later(model: type[models.Model], pk: Any, rested: str) -> list[HistoryEntry]:
    """What was written since the version that a page rests on, oldest first.

    A page that does not say which version it rests on has seen nothing.
    """
    number = int(rested) if re.fullmatch(r"[0-9]{1,18}", rested, re.ASCII) else 0
    entries = HistoryEntry.objects.of(model, pk).filter(pk__gt=number)
    return list(entries.select_related("user").order_by("pk"))


def catch_up(
    post: QueryDict, form: Any, formsets: Iterable[Any], entries: list[HistoryEntry]
) -> tuple[QueryDict, list[Meanwhile]]:
    """What a form must send to be up to date without losing what was typed, and what happened.

    `form` and `formsets` are bound to what was sent and to the records as they are now.
    """
    sent = post.copy()
    forms = {(label(type(form.instance)), form.instance.pk): form}
    missing: list[tuple[Any, int, Any]] = []
    for formset in formsets:
        for place, row in enumerate(formset.initial_forms):
            if row.instance.pk is None:
                missing.append((formset, place, row))
            else:
                forms[label(formset.model), row.instance.pk] = row
    found = []
    for (kind, pk), since in _by_record(entries).items():
        model = apps.get_model(kind)
        was, now = _sides(since)
        names = _names(model, pk, [was, now])
        meanwhile = Meanwhile(str(model._meta.verbose_name), names.of(kind, pk), since)
        if (kind, pk) in forms and since[0].action != Action.ADDED:
            meanwhile.clashes = _clashes(sent, forms[kind, pk], model, was, now, names)
        else:
            meanwhile.remark = _remark(since)
        found.append(meanwhile)
    for formset, place, row in reversed(missing):
        found += _drop(sent, formset, place, row)
    return sent, found


def _by_record(entries: list[HistoryEntry]) -> dict[tuple[str, int], list[HistoryEntry]]:
    by_record: dict[tuple[str, int], list[HistoryEntry]] = {}
    for entry in entries:
        by_record.setdefault((entry.model, entry.object_id), []).append(entry)
    return by_record


def _names(model: type[models.Model], pk: int, states: list[State]) -> Names:
    """The name of a record and those of what it names."""
    names = Names()
    wanted = named_in(model, states)
    wanted.setdefault(label(model), set()).add(pk)
    names.load(wanted)
    return names


def _remark(entries: list[HistoryEntry]) -> str:
    if entries[-1].action == Action.DELETED:
        return _("It was deleted.")
    return _("It was added.") if entries[0].action == Action.ADDED else ""


def seen(doomed: Doomed) -> str:
    """The newest entry of each record that would be deleted, as a page carries it: `12-17`."""
    entries = HistoryEntry.objects.order_by().about(doomed).values("model", "object_id")
    newest = entries.annotate(newest=Max("pk")).values_list("newest", flat=True)
    return "-".join(str(number) for number in sorted(newest))


def since_seen(doomed: Doomed, text: str) -> list[HistoryEntry]:
    """What was written about these records after the entries that a page has `seen`, oldest first."""
    numbers = re.findall(r"[0-9]{1,18}", text, re.ASCII)[:MOST_SEEN]
    known: dict[tuple[str, int], int] = {}
    for kind, pk, number in HistoryEntry.objects.filter(pk__in=numbers).values_list(
        "model", "object_id", "pk"
    ):
        known[kind, pk] = max(number, known.get((kind, pk), 0))
    entries = HistoryEntry.objects.about(doomed).select_related("user").order_by("pk")
    return [e for e in entries if e.pk > known.get((e.model, e.object_id), 0)]


def told(entries: list[HistoryEntry]) -> list[Meanwhile]:
    """What happened to records, each by itself; for where nothing was typed."""
    found = []
    for (kind, pk), since in _by_record(entries).items():
        model = apps.get_model(kind)
        was, now = _sides(since)
        names = _names(model, pk, [was, now])
        meanwhile = Meanwhile(str(model._meta.verbose_name), names.of(kind, pk), since)
        meanwhile.remark = _remark(since)
        if not meanwhile.remark:
            for column in fields_of(model, was):
                old, new = text(column, was, names), text(column, now, names)
                meanwhile.clashes.append(Clash(field_label(column), old, new, "", ""))
        found.append(meanwhile)
    return found


def _sides(entries: list[HistoryEntry]) -> tuple[State, State]:
    """What the changed fields held before the first of a record's entries, and after the last."""
    was: State = {}
    now: State = {}
    for entry in entries:
        for name, (old, new) in entry.changes.items():
            was.setdefault(name, old)
            now[name] = new
    return was, now


def _clashes(
    sent: QueryDict, form: Any, model: type[models.Model], was: State, now: State, names: Names
) -> list[Clash]:
    base = _initial(form, model, was)
    fresh = type(form)(instance=form.instance)
    found = []
    for column in fields_of(model, was):
        old, new = text(column, was, names), text(column, now, names)
        name = column.name
        if name not in fresh.fields:
            if old != new:
                found.append(Clash(field_label(column), old, new, "", ""))
            continue
        widget, key = form.fields[name].widget, form.add_prefix(name)
        typed = widget.value_from_datadict(sent, MultiValueDict(), key)
        if not form.fields[name].has_changed(base.get(name), typed):
            _put(sent, key, fresh[name].value())
            outcome = pgettext("two editors", "taken over: you had not changed it")
            yours = old
        else:
            same = not form.fields[name].has_changed(fresh.initial.get(name), typed)
            outcome = (
                pgettext("two editors", "the same")
                if same
                else pgettext("two editors", "yours is kept until you change it")
            )
            yours = _typed(form.fields[name], typed)
        found.append(Clash(field_label(column), old, new, yours, outcome))
    return found


def _initial(form: Any, model: type[models.Model], was: State) -> dict[str, Any]:
    """What the form's inputs began with when the record held what it `was`."""
    before = as_it_was(form.instance, was)
    initial: dict[str, Any] = type(form)(instance=before).initial
    for column in model._meta.many_to_many:
        if column.name in was:
            initial[column.name] = was[column.name]
    return initial


def as_it_was(record: models.Model, state: State) -> Any:
    """A copy of a record in which these fields hold something else; it is not to be saved."""
    model = type(record)
    held = {
        column.attname: getattr(record, column.attname) for column in model._meta.concrete_fields
    }
    for column in model._meta.concrete_fields:
        if column.name in state:
            held[column.attname] = column.to_python(state[column.name])
    copy = model(**held)
    copy._state.adding = record._state.adding
    return copy


def _put(sent: QueryDict, key: str, value: Any) -> None:
    """Let the browser have sent this value of an input."""
    if value is None or value is False:
        sent.pop(key, None)
    elif isinstance(value, list | tuple):
        sent.setlist(key, [str(getattr(item, "pk", item)) for item in value])
    else:
        sent[key] = "on" if value is True else str(value)


def _typed(field: Any, typed: Any) -> str:
    """What was typed, as people write it; as it is where it cannot be read."""
    try:
        value = field.clean(typed)
    except ValidationError:
        return str(typed)
    if isinstance(value, PartialDate):
        return value.label
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, models.QuerySet):
        return SEPARATOR.join(map(str, value))
    choices = getattr(field, "choices", None)
    if choices is not None and not isinstance(value, models.Model):
        return str(dict(choices).get(value, value))
    return "" if value is None else str(as_json(value))


def _drop(sent: QueryDict, formset: Any, place: int, row: Any) -> list[Meanwhile]:
    """Take a row that is no longer there out of what was sent; what was typed in it is told."""
    key = formset.add_prefix(place)
    pk_name = formset.model._meta.pk.name
    pk = sent.get(f"{key}-{pk_name}", "")
    typed = [
        f"{row.fields[name].label}: {shown}"
        for name in row.fields
        if name not in (pk_name, formset.fk.name, "DELETE")
        and (shown := _typed(row.fields[name], sent.get(f"{key}-{name}", "")))
    ]
    inputs = re.compile(rf"{re.escape(formset.prefix)}-([0-9]+)-(.+)", re.ASCII)
    rows = [(int(match[1]), match[2], match[0]) for match in map(inputs.fullmatch, sent) if match]
    for number, rest, name in sorted(rows):  # those behind it move up, one after the other
        values = sent.getlist(name)
        if number >= place:
            del sent[name]
        if number > place:
            sent.setlist(f"{formset.prefix}-{number - 1}-{rest}", values)
    for count in ("TOTAL_FORMS", "INITIAL_FORMS"):
        name = f"{formset.prefix}-{count}"
        sent[name] = str(int(sent.get(name) or 0) - 1)
    remark = _("It is no longer among these rows. Here it said: %(typed)s") % {
        "typed": SEPARATOR.join(typed)
    }
    return [Meanwhile(str(formset.model._meta.verbose_name), f"#{pk}", [], remark=remark)]
