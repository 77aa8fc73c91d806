"""An entry as people read it: the names of fields, dates at their precision, records by name."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from zaozhuang.dates import partial
from zaozhuang.history.entries import PRECISION, State, plain_rows
from zaozhuang.localised import localised
from zaozhuang.models import HistoryEntry
from zaozhuang.numbers import grouped

SEPARATOR = " · "


@dataclass(frozen=True)
class Line:
    """One field of an entry; blank texts are values that were not given."""

    name: str
    label: str
    old: str
    new: str


@dataclass
class Shown:
    """One entry with what it says of each field; `part` names the row of the record it is about."""

    entry: HistoryEntry
    lines: list[Line]
    kind: str
    part: str = ""
    links: dict[str, str] = field(default_factory=dict)


class Names:
    """What records are called that entries name by their keys; of those that are gone, were called."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, Any], str] = {}

    def load(self, wanted: dict[str, set[Any]]) -> None:
        """Look the names up, for each model in one query or two."""
        for kind, keys in wanted.items():
            missing = {key for key in keys if (kind, key) not in self.known}
            if not missing:
                continue
            rows = plain_rows(apps.get_model(kind), "default").select_related()
            for pk, record in rows.in_bulk(missing).items():
                self.known[kind, pk] = str(record)
            gone = missing - {pk for model, pk in self.known if model == kind}
            for entry in HistoryEntry.objects.filter(
                model=kind, object_id__in=gone, action=HistoryEntry.Action.DELETED
            ).order_by("pk"):
                self.known[kind, entry.object_id] = pgettext("history", "%(name)s (deleted)") % {
                    "name": localised(entry, "name")
                }

    def of(self, kind: str, pk: Any) -> str:
        return self.known.get((kind, pk), f"#{pk}")


def named_in(model: type[models.Model], states: Iterable[State]) -> dict[str, set[Any]]:
    """The records that states of this model name, as keys by kind."""
    wanted: dict[str, set[Any]] = {}
    for state in states:
        for name, value in state.items():
            column: Any = model._meta.get_field(name)
            if not column.related_model or value is None:
                continue
            keys = value if isinstance(value, list) else [value]
            wanted.setdefault(column.related_model._meta.label_lower, set()).update(keys)
    return wanted


def text(column: Any, state: State, names: Names) -> str:
    """What a field held, as people write it; blank where nothing was given."""
    value = state.get(column.name)
    if value is None or value in ("", []):
        return ""
    if column.related_model:
        kind = column.related_model._meta.label_lower
        keys = value if isinstance(value, list) else [value]
        return SEPARATOR.join(names.of(kind, key) for key in keys)
    if isinstance(column, models.BooleanField):
        return _("yes") if value else _("no")
    if column.choices:
        return str(dict(column.flatchoices).get(value, value))
    if isinstance(column, models.DateField) and not isinstance(column, models.DateTimeField):
        when = partial(date.fromisoformat(value), state.get(column.name + PRECISION) or "day")
        return when.label if when else ""
    if isinstance(column, models.DecimalField):
        return grouped(Decimal(value))
    if isinstance(column, models.JSONField):
        return _("%(count)s characters") % {"count": grouped(len(str(value)))}
    return str(value)


def fields_of(model: type[models.Model], found: Iterable[str]) -> list[Any]:
    """The fields of these names in the order of the model; precisions go with their dates."""
    present = {name.removesuffix(PRECISION) for name in found}
    every = [*model._meta.concrete_fields, *model._meta.many_to_many]
    return [column for column in every if column.name in present]


def field_label(column: Any) -> str:
    return str(capfirst(column.verbose_name))


def lines(model: type[models.Model], before: State, after: State, names: Names) -> list[Line]:
    """From what to what, for each field that said or says something."""
    found = [
        Line(
            column.name,
            field_label(column),
            text(column, before, names),
            text(column, after, names),
        )
        for column in fields_of(model, {**before, **after})
    ]
    return [line for line in found if line.old or line.new]


def sides(entry: HistoryEntry) -> tuple[State, State]:
    """What an entry's fields held before and after."""
    return (
        {name: pair[0] for name, pair in entry.changes.items()},
        {name: pair[1] for name, pair in entry.changes.items()},
    )


def show(entries: list[HistoryEntry], record: str) -> list[Shown]:
    """The entries of one record (of this kind, as entries name it) and its rows, readable."""
    names, wanted = Names(), dict[str, set[Any]]()
    for entry in entries:
        model = apps.get_model(entry.model)
        for kind, keys in named_in(model, sides(entry)).items():
            wanted.setdefault(kind, set()).update(keys)
        if entry.model != record:
            wanted.setdefault(entry.model, set()).add(entry.object_id)
    names.load(wanted)
    shown = []
    for entry in entries:
        model = apps.get_model(entry.model)
        part = names.of(entry.model, entry.object_id) if entry.model != record else ""
        found = lines(model, *sides(entry), names)
        if part:  # which it belongs to, every row says
            found = [
                line
                for line in found
                if line.name != getattr(model, "history_owner", "") or line.old
            ]
        shown.append(Shown(entry, found, str(model._meta.verbose_name), part))
    return shown
