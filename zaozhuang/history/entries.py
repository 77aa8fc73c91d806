"""Reading what rows hold, comparing it, and writing down the difference."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from django.db import connections, models, router
from django.db.models import Q
from django.utils import timezone, translation

from zaozhuang.history.scope import Scope, current
from zaozhuang.models import HistoryEntry
from zaozhuang.numbers import plain

Action = HistoryEntry.Action
# What a row holds, by the name of the field, as JSON writes it.
State = dict[str, Any]
# Keys in one query; every database takes that many parameters.
CHUNK = 500
# Entries in one statement: thirteen values each.
ENTRIES = 70
NAME_LENGTH = 300
PRECISION = "_precision"


@dataclass(frozen=True)
class Difference:
    """One record before and after; None where it was not there. Equal states are no change."""

    model: type[models.Model]
    pk: int
    before: State | None
    after: State | None
    name: str = ""
    name_en: str = ""


def label(model: type[models.Model]) -> str:
    """How an entry names a model: `projects.project`."""
    return model._meta.label_lower


@cache
def recorded_fields(model: type[models.Model]) -> list[Any]:
    """The columns whose changes are kept: all but the key, stamps of time, and what is derived."""
    derived = getattr(model, "history_derived", ())
    return [
        field
        for field in model._meta.concrete_fields
        if not field.primary_key
        and field.name not in derived
        and not getattr(field, "auto_now", False)
        and not getattr(field, "auto_now_add", False)
    ]


def as_json(value: Any) -> Any:
    """A column's value as it is kept: decimals as plain text, dates in ISO form."""
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, date):  # datetimes too
        return value.isoformat()
    return value


def can_lock(using: str) -> bool:
    """Whether rows are locked one by one; SQLite's immediate transactions lock everything."""
    connection = connections[using]
    return connection.features.has_select_for_update and connection.in_atomic_block


def plain_rows(model: type[models.Model], using: str) -> "models.QuerySet[Any]":
    """A model's rows without what its own manager adds, leaves out or records."""
    rows: models.QuerySet[Any] = models.QuerySet(model, using=using)
    return rows


def chunks(pks: Iterable[Any]) -> Iterator[list[Any]]:
    ordered = sorted(set(pks))
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]


# Records that the writer has locked already: database, kind and key.
_held: ContextVar[frozenset[tuple[str, str, Any]]] = ContextVar("history_held", default=frozenset())


@contextmanager
def holding(model: type[models.Model], pks: Iterable[Any], using: str) -> Iterator[None]:
    """Inside a transaction in which these records are locked: nobody locks them once more."""
    token = _held.set(_held.get() | {(using, label(model), pk) for pk in pks})
    try:
        yield
    finally:
        _held.reset(token)


def lock(model: type[models.Model], pks: Iterable[Any], using: str, owners: Iterable[Any]) -> None:
    """Lock rows until the end of the transaction, those that they belong to before them.

    Everybody locks in this order, so nobody waits in a circle, and whoever has locked a record
    knows that neither it nor any of its rows changes meanwhile. `owners` are further records
    that the rows are about to belong to.
    """
    if not can_lock(using):
        return
    pks, owners = list(pks), list(owners)
    owner = getattr(model, "history_owner", "")
    if owner:
        above: type[models.Model] = model._meta.get_field(owner).related_model  # type: ignore[assignment]
        if not pks and {(using, label(above), pk) for pk in owners} <= _held.get():
            return
        for chunk in chunks(pks) if pks else [[]]:
            now = plain_rows(model, using).filter(pk__in=chunk).values(f"{owner}_id")
            _lock(plain_rows(above, using).filter(Q(pk__in=owners) | Q(pk__in=now)))
    for chunk in chunks(pks):
        _lock(plain_rows(model, using).filter(pk__in=chunk))


def _lock(rows: "models.QuerySet[Any]") -> None:
    list(rows.order_by("pk").select_for_update(no_key=True).values_list("pk"))


def states(model: type[models.Model], pks: Iterable[Any], using: str) -> dict[Any, State]:
    """What the rows of these keys hold in the database, by key."""
    fields = recorded_fields(model)
    found: dict[Any, State] = {}
    for chunk in chunks(pks):
        rows = plain_rows(model, using).filter(pk__in=chunk).order_by("pk")
        for pk, *values in rows.values_list("pk", *(field.attname for field in fields)):
            found[pk] = {
                field.name: as_json(value) for field, value in zip(fields, values, strict=True)
            }
    return found


# Columns that hold exactly what they were given, if it was of this type.
AS_GIVEN: dict[type[Any], type[Any]] = {
    models.CharField: str,
    models.SlugField: str,
    models.TextField: str,
    models.BooleanField: bool,
    models.DateField: date,
    models.ForeignKey: int,
}


def given(record: models.Model) -> State | None:
    """What a new row holds, told by what it was given; None where only the database can tell.

    It rounds decimals and works out expressions.
    """
    found: State = {}
    for field in recorded_fields(type(record)):
        value, kind = getattr(record, field.attname), AS_GIVEN.get(type(field))
        if value is not None:
            if kind is None or not isinstance(value, kind) or isinstance(value, datetime):
                return None
            # A choice is a text of a type of its own, and True a number.
            value = as_json(value) if kind is date else kind(value)
        found[field.name] = value
    return found


def relations(field: Any, pks: Iterable[Any], using: str) -> dict[Any, list[Any]]:
    """The keys that a many-to-many field holds, sorted, for each of the records."""
    found: dict[Any, list[Any]] = {pk: [] for pk in pks}
    own, other = field.m2m_column_name(), field.m2m_reverse_name()
    through = plain_rows(field.remote_field.through, using)
    for chunk in chunks(found):
        rows = through.filter(**{f"{own}__in": chunk}).values_list(own, other).order_by(other)
        for pk, related in rows:
            found[pk].append(related)
    return found


def names(record: models.Model) -> tuple[str, str]:
    """What a record calls itself, in Chinese and in English; for when it is gone."""
    texts = []
    for language in ("zh-hans", "en"):
        with translation.override(language):
            texts.append(str(record)[:NAME_LENGTH])
    return texts[0], texts[1]


def write(differences: Iterable[Difference], using: str | None = None) -> None:
    """Keep what has changed; what is as it was leaves no trace.

    Belongs into the transaction that makes the change. Of several changes of one record in
    one scope a single entry is made, from what was there first to what is there last.
    """
    scope = current()
    database = using or router.db_for_write(HistoryEntry)
    fresh: list[HistoryEntry] = []
    for difference in differences:
        key = label(difference.model), difference.pk
        if key not in scope.touched:
            entry = _entry(scope, difference)
            if entry:
                scope.touched.add(key)
                fresh.append(entry)
            continue
        _insert(fresh, database)  # which may hold the very record
        fresh = []
        _merge(scope, difference, database)
    _insert(fresh, database)


def _insert(entries: list[HistoryEntry], using: str) -> None:
    """Add entries; every write makes one, so this goes past the ORM, which takes thrice as long."""
    connection = connections[using]
    fields = [field for field in HistoryEntry._meta.concrete_fields if not field.primary_key]
    names = ", ".join(f'"{field.column}"' for field in fields)
    one = f"({', '.join(['%s'] * len(fields))})"
    with connection.cursor() as cursor:
        for start in range(0, len(entries), ENTRIES):
            some = entries[start : start + ENTRIES]
            cursor.execute(
                f'INSERT INTO "{HistoryEntry._meta.db_table}" ({names})'
                f" VALUES {', '.join([one] * len(some))}",
                [
                    field.get_db_prep_save(getattr(entry, field.attname), connection)
                    for entry in some
                    for field in fields
                ],
            )


def _entry(scope: Scope, difference: Difference) -> HistoryEntry | None:
    before, after = difference.before, difference.after
    changes = _changes(before, after)
    if not changes:
        return None
    owner, owner_id = _owner(difference.model, after or before or {})
    return HistoryEntry(
        model=label(difference.model),
        object_id=difference.pk,
        owner=owner,
        owner_id=owner_id,
        action=Action.ADDED
        if before is None
        else Action.DELETED
        if after is None
        else Action.CHANGED,
        changes=changes,
        user_id=scope.user_id,
        reason=scope.reason,
        reverts_id=scope.reverts,
        batch=scope.batch,
        name=difference.name,
        name_en=difference.name_en,
    )


def _merge(scope: Scope, difference: Difference, database: str) -> None:
    """Take a further change of a record into the entry that it has in this scope."""
    every = plain_rows(HistoryEntry, database)
    held = every.filter(model=label(difference.model), object_id=difference.pk).first()
    # The scope's own entry was taken back with a savepoint, or somebody else wrote since.
    if held is None or held.batch != scope.batch:
        entry = _entry(scope, difference)
        if entry:
            entry.save(using=database)
        return
    changes = dict(held.changes)
    for name, (before, after) in _changes(difference.before, difference.after).items():
        first = changes[name][0] if name in changes else before
        changes[name] = [None if held.action == Action.ADDED else first, after]
    there_before, there_after = held.action != Action.ADDED, difference.after is not None
    if there_before and there_after:
        changes = _differing(changes)
    if not changes or not (there_before or there_after):
        every.filter(pk=held.pk).delete()
        scope.touched.discard((held.model, held.object_id))
        return
    # Written anew, so that the newest entry of a record has a higher number than any before it.
    every.filter(pk=held.pk).delete()
    held._state.adding, held.pk = True, None
    held.changes = changes
    held.action = (
        Action.DELETED if not there_after else Action.CHANGED if there_before else Action.ADDED
    )
    held.name, held.name_en, held.at = difference.name, difference.name_en, timezone.now()
    owner, owner_id = _owner(difference.model, difference.after or {})
    if owner:
        held.owner, held.owner_id = owner, owner_id
    held.save(using=database, force_insert=True)


def _changes(before: State | None, after: State | None) -> dict[str, list[Any]]:
    if before is None and after is None:
        return {}
    names = list(after if after is not None else before or {})
    if before is None or after is None:
        return {name: [(before or {}).get(name), (after or {}).get(name)] for name in names}
    return _differing({name: [before.get(name), after[name]] for name in names})


def _differing(pairs: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """The pairs that differ; a date and its precision are one thing, and stay together."""
    differing = {name for name, (old, new) in pairs.items() if old != new}
    dates = {name.removesuffix(PRECISION) for name in differing}
    return {name: pair for name, pair in pairs.items() if name.removesuffix(PRECISION) in dates}


def _owner(model: type[models.Model], state: State) -> tuple[str, int | None]:
    owner = getattr(model, "history_owner", "")
    if not owner or state.get(owner) is None:
        return "", None
    above: type[models.Model] = model._meta.get_field(owner).related_model  # type: ignore[assignment]
    return label(above), state[owner]
