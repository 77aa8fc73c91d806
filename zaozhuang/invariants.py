"""What holds of every table: its constraints, its references, and its history."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from django.apps import apps
from django.db import connection, models
from django.db.models import Exists, OuterRef

from zaozhuang.audit import check, named
from zaozhuang.history.entries import CHUNK, State, label, plain_rows, relations, states
from zaozhuang.history.tracking import Tracked
from zaozhuang.models import HistoryEntry

OWN = ("zaozhuang", "districts", "projects")
Action = HistoryEntry.Action


def own_models() -> list[type[models.Model]]:
    """The tracker's models, with the tables of pairs between them."""
    return [
        model
        for app in OWN
        for model in apps.get_app_config(app).get_models(include_auto_created=True)
    ]


def _target(field: Any) -> type[models.Model]:
    target: type[models.Model] = field.related_model
    return target


def rows_of(model: type[models.Model]) -> "models.QuerySet[Any]":
    """All rows, whatever the model's own manager leaves out."""
    return plain_rows(model, "default")


@check
def constraints() -> Iterator[str]:
    """The database enforces every constraint of the models, and no row has slipped past one."""
    with connection.cursor() as cursor:
        for model in own_models():
            table = model._meta.db_table
            there = _declared(cursor, table)
            for constraint in model._meta.constraints:
                if f'"{constraint.name}"' not in there:
                    yield f"{table} has no constraint {constraint.name}."
        if connection.vendor == "sqlite":
            for (text,) in cursor.execute("PRAGMA integrity_check").fetchall():
                if text != "ok":
                    yield f"SQLite says: {text}"
        else:
            cursor.execute(
                "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE NOT convalidated"
                " UNION ALL SELECT indrelid::regclass::text, indexrelid::regclass::text FROM pg_index"
                " WHERE NOT indisvalid"
            )
            for table, name in cursor.fetchall():
                yield f"{table}: {name} does not hold for rows that were there before it."


def _declared(cursor: Any, table: str) -> str:
    """What the database has on the table, with the names of its constraints in quotation marks."""
    if connection.vendor == "sqlite":
        cursor.execute(
            "SELECT sql FROM sqlite_master WHERE tbl_name = %s AND sql NOT NULL", [table]
        )
    else:
        cursor.execute(
            "SELECT '\"' || conname || '\"' FROM pg_constraint WHERE conrelid = %s::regclass"
            " UNION ALL SELECT indexdef || ' \"' || indexname || '\"' FROM pg_indexes WHERE tablename = %s",
            [table, table],
        )
    return " ".join(row[0] for row in cursor.fetchall())


@check
def orphans() -> Iterator[str]:
    """Every reference names a record that is there."""
    for model in [
        *own_models(),
        *apps.get_app_config("auth").get_models(include_auto_created=True),
    ]:
        for field in model._meta.concrete_fields:
            if not isinstance(field, models.ForeignKey):
                continue
            target = rows_of(_target(field))
            there = target.filter(**{field.target_field.name: OuterRef(field.attname)})
            lost = rows_of(model).filter(~Exists(there), **{f"{field.attname}__isnull": False})
            for pk, key in lost.order_by("pk").values_list("pk", field.attname):
                yield f"{named(model, pk)}: its {field.name} {key} is not there."


@check
def history() -> Iterator[str]:
    """What the history of a record says last is what the record holds."""
    for model in apps.get_models():
        if issubclass(model, Tracked):
            yield from _history_of(model)


def _history_of(model: type[Tracked]) -> Iterator[str]:
    entries = rows_of(HistoryEntry).filter(model=label(model)).order_by("object_id", "pk")
    told: dict[int, State | None] = {}
    fields = {field.name for field in [*model._meta.concrete_fields, *model._meta.many_to_many]}
    for pk, found in groupby(
        entries.values_list("object_id", "action", "changes").iterator(CHUNK), lambda row: row[0]
    ):
        state: State | None = {}
        for _pk, action, changes in found:
            if action == Action.DELETED:
                state = None
            else:
                after = {name: pair[1] for name, pair in changes.items() if name in fields}
                state = (state or {}) | after
        told[pk] = state
        if len(told) == CHUNK:
            yield from _compared(model, told)
            told = {}
    yield from _compared(model, told)


def _compared(model: type[Tracked], told: dict[int, State | None]) -> Iterator[str]:
    held = states(model, told, "default")
    for field in model._meta.many_to_many:
        for pk, keys in relations(field, held, "default").items():
            held[pk][field.name] = keys
    for pk, state in told.items():
        if state is None:
            if pk in held:
                yield f"{named(model, pk)}: its history says that it was deleted."
        elif pk not in held:
            yield f"{named(model, pk)}: its history does not say that it was deleted, but it is gone."
        else:
            # What is derived leaves no trace, nor does a field that a former release did not keep.
            for name in sorted(state.keys() & held[pk].keys()):
                if state[name] != held[pk][name]:
                    yield (
                        f"{named(model, pk)}: {name} is {held[pk][name]!r}, "
                        f"its history says {state[name]!r}."
                    )
