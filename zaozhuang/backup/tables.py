"""The tables of a database as its migrations left them, and their rows as lines of JSON."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from django.apps import apps as current_apps
from django.db import connections, models
from django.db.migrations.loader import MigrationLoader

from zaozhuang.numbers import plain

# Sessions, and the counts of failed log-ins.
LEFT_OUT = {"sessions", "axes"}
# What `migrate` itself writes into an empty database.
MADE_BY_MIGRATE = {
    "auth.group",
    "auth.group_permissions",
    "auth.permission",
    "contenttypes.contenttype",
}
# Rows that are read or written together.
CHUNK = 500

# (app, name) of each.
Migrations = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Table:
    """One table with its model as it was after those migrations."""

    name: str
    model: type[models.Model]
    columns: tuple[str, ...]

    @property
    def db_table(self) -> str:
        return self.model._meta.db_table

    def rows(self, using: str) -> "models.QuerySet[Any]":
        plain_rows: models.QuerySet[Any] = models.QuerySet(self.model, using=using)
        return plain_rows

    def lines(self, using: str) -> Iterator[bytes]:
        """The rows in the order of their keys."""
        found = self.rows(using).order_by("pk").values_list(*self.columns)
        for row in found.iterator(chunk_size=CHUNK):
            yield line_of(row)

    def records(self, lines: Iterable[bytes]) -> Iterator[models.Model]:
        """The rows of such lines, not saved."""
        fields: list[Any] = [self.model._meta.get_field(name) for name in self.columns]
        for line in lines:
            values = json.loads(line)
            yield self.model(
                **{
                    field.attname: field.to_python(value)
                    for field, value in zip(fields, values, strict=True)
                }
            )


def tables_at(migrations: Migrations) -> list[Table]:
    """What is backed up of a database in which exactly these migrations are applied."""
    return [table for table in _all_at(migrations) if _said(table, "backed_up", True)]


def emptied_at(migrations: Migrations) -> list[Table]:
    """What is not, and would not fit the records that are restored."""
    return [
        table
        for table in _all_at(migrations)
        if not _said(table, "backed_up", True) and not _said(table, "outlives_restore", False)
    ]


def _said(table: Table, name: str, default: bool) -> bool:
    try:
        return bool(getattr(current_apps.get_model(table.name), name, default))
    except LookupError:  # of a former release, or a table of pairs
        return default


@cache
def _all_at(migrations: Migrations) -> list[Table]:
    loader = MigrationLoader(None)
    state = loader.project_state(sorted(migrations & loader.graph.nodes.keys())).apps
    found = []
    for model in state.get_models(include_auto_created=True):
        options = model._meta
        if options.app_label in LEFT_OUT or options.proxy or not options.managed:
            continue
        for field in options.concrete_fields:
            # Stamps of time are restored, not set.
            field.auto_now = field.auto_now_add = False  # type: ignore[attr-defined]
        columns = tuple(field.attname for field in options.concrete_fields)
        found.append(Table(options.label_lower, model, columns))
    return sorted(found, key=lambda table: table.name)


def line_of(row: Iterable[Any]) -> bytes:
    """A row as one line; the same content gives the same bytes on both databases."""
    values = [_json(value) for value in row]
    # PostgreSQL keeps no order among the members of an object.
    text = json.dumps(
        values, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False
    )
    return text.encode() + b"\n"


def _json(value: Any) -> Any:
    match value:
        case None | bool() | int() | float() | str() | list() | dict():
            return value
        case Decimal():
            return plain(value)
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
        case UUID():
            return str(value)
    raise TypeError(f"{type(value).__name__} has no form in a backup yet.")


@dataclass
class Sum:
    """The number of lines that passed, and the hash of them."""

    rows: int = 0

    def __post_init__(self) -> None:
        self._hash = hashlib.sha256()

    def passing(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        for line in lines:
            self.rows += 1
            self._hash.update(line)
            yield line

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


def sum_of(lines: Iterable[bytes]) -> Sum:
    found = Sum()
    for _line in found.passing(lines):
        pass
    return found


def last_key(table: Table, using: str) -> int | None:
    """The last key that the database gave out for the table; None where it gives out none."""
    connection = connections[using]
    if not isinstance(table.model._meta.pk, models.AutoField):
        return None
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table.db_table])
            row = cursor.fetchone()
            return row[0] if row else 0
        cursor.execute(
            "SELECT pg_get_serial_sequence(%s, %s)",
            [connection.ops.quote_name(table.db_table), table.model._meta.pk.column],
        )
        sequence = cursor.fetchone()[0]
        if sequence is None:
            return None
        cursor.execute(f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}")
        return int(cursor.fetchone()[0])


def set_last_key(table: Table, key: int | None, using: str) -> None:
    """Let the next key be higher than this one and than all that are there."""
    connection = connections[using]
    if key is None or not isinstance(table.model._meta.pk, models.AutoField):
        return
    highest = table.rows(using).aggregate(highest=models.Max("pk"))["highest"] or 0
    last = max(key, highest)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [table.db_table])
            cursor.execute("INSERT INTO sqlite_sequence VALUES (%s, %s)", [table.db_table, last])
        else:
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence(%s, %s), %s, %s)",
                [
                    connection.ops.quote_name(table.db_table),
                    table.model._meta.pk.column,
                    max(last, 1),
                    last > 0,
                ],
            )
