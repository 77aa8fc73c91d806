"""Putting a backup into a database: all of it or, where anything is wrong, nothing."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from zipfile import ZipFile

from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.core.management import call_command
from django.db import DatabaseError, connections, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from zaozhuang.backup import BackupProblem, restored
from zaozhuang.backup.archive import Manifest, applied, opened, verified
from zaozhuang.backup.tables import (
    CHUNK,
    MADE_BY_MIGRATE,
    Migrations,
    Table,
    emptied_at,
    set_last_key,
    sum_of,
    tables_at,
)


@dataclass(frozen=True)
class Restored:
    manifest: Manifest
    # What the database held before and holds no more, as table → rows.
    replaced: dict[str, int] = field(default_factory=dict)
    # Whether the backup was of a former release, and the database has been migrated since.
    migrated: bool = False


def _former(manifest: Manifest) -> bool:
    return bool(MigrationLoader(None).graph.nodes.keys() - manifest.migrations)


def restore(path: Path, *, overwrite: bool = False, using: str = "default") -> Restored:
    """Fill the database with what the file holds; raises BackupProblem and changes nothing.

    A database that holds data is refused, unless it may be overwritten. Of a backup of a former
    release the tables are made as they were then, filled, and migrated; that needs an empty
    database, since migrations are not taken back as one.
    """
    manifest = verified(path)
    made = _migrations(manifest, using)
    former = made and _former(manifest)
    try:
        with transaction.atomic(using=using), opened(path) as (archive, _manifest):
            replaced = _replace(archive, manifest, overwrite=overwrite, using=using)
            if not former:
                restored.send(None, using=using)
            connections[using].check_constraints()
    except DatabaseError as error:
        raise BackupProblem(f"The database refuses it: {error}".strip()) from error
    if made:  # also the permissions and groups of this release
        call_command("migrate", database=using, verbosity=0)
    if former:
        with transaction.atomic(using=using):
            restored.send(None, using=using)
    # What is remembered of the former content.
    ContentType.objects.clear_cache()
    cache.clear()
    return Restored(manifest, replaced, former)


def _migrations(manifest: Manifest, using: str) -> bool:
    """Bring an empty database to the migrations of the backup; whether it had others."""
    now, wanted = applied(using), manifest.migrations
    if now == wanted:
        return False
    executor = MigrationExecutor(connections[using])
    graph = executor.loader.graph
    if unknown := wanted - graph.nodes.keys():
        raise BackupProblem(
            f"The backup was made by a newer release, which knows {_names(unknown)}; install that one first."
        )
    held = held_rows(tables_at(now), using) if now else {}
    if held:
        raise BackupProblem(
            f"The backup was made with other migrations ({_names(now ^ wanted)}), and the database holds data. "
            "Restore it into an empty database."
        )
    apps = {app for app, _name in now | wanted}
    targets: list[tuple[str, str | None]] = []
    for app in sorted(apps):
        last = [
            node
            for node in wanted
            if node[0] == app
            and not any(
                child.key in wanted
                for child in graph.node_map[node].children
                if child.key[0] == app
            )
        ]
        targets += last or [(app, None)]
    executor.migrate(targets)
    return True


def _names(migrations: Migrations) -> str:
    return ", ".join(f"{app} {name}" for app, name in sorted(migrations))


def held_rows(tables: list[Table], using: str) -> dict[str, int]:
    """How many rows each table holds that are not `migrate`'s own; tables without are left out."""
    counts = {
        table.name: table.rows(using).count()
        for table in tables
        if table.name not in MADE_BY_MIGRATE
    }
    return {name: count for name, count in counts.items() if count}


def _replace(
    archive: ZipFile, manifest: Manifest, *, overwrite: bool, using: str
) -> dict[str, int]:
    connection = connections[using]
    tables = {table.name: table for table in tables_at(manifest.migrations)}
    kept = {table.name: table for table in manifest.tables}
    different = [
        name
        for name in sorted(tables.keys() | kept.keys())
        if name not in tables
        or name not in kept
        or sorted(tables[name].columns) != sorted(kept[name].columns)
    ]
    if different:
        raise BackupProblem(
            f"Other tables or columns than this release has: {', '.join(different)}."
        )
    names = [connection.ops.quote_name(table.db_table) for table in tables.values()]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Editors wait, readers go on. An immediate transaction of SQLite does the same.
            cursor.execute(f"LOCK TABLE {', '.join(names)} IN EXCLUSIVE MODE")
        held = held_rows(list(tables.values()), using)
        if held and not overwrite:
            counts = ", ".join(f"{name} {count}" for name, count in held.items())
            raise BackupProblem(
                f"The database holds data ({counts}). Nothing was changed; with --overwrite all of it is replaced."
            )
        # Sessions are those of accounts that may be others now.
        besides = ["django_session", *(t.db_table for t in emptied_at(manifest.migrations))]
        for name in [*map(connection.ops.quote_name, besides), *names]:
            cursor.execute(f"DELETE FROM {name}")
    for name, table in tables.items():
        told = kept[name]
        ordered = Table(name, table.model, tuple(told.columns))
        with archive.open(told.member) as lines:
            _insert(ordered, lines, using)
        set_last_key(table, told.last_key, using)
        found = sum_of(ordered.lines(using))
        if (found.rows, found.sha256) != (told.rows, told.sha256):
            raise BackupProblem(f"{name}: this database does not hold the values as they were.")
    return held


def _insert(table: Table, lines: Iterable[bytes], using: str) -> None:
    records = table.records(lines)
    number = 0
    while chunk := list(islice(records, CHUNK)):
        try:
            # A savepoint, so that what the database says of the rows is all that it says.
            with transaction.atomic(using=using):
                table.rows(using).bulk_create(chunk)
        except (DatabaseError, ValueError) as error:
            raise BackupProblem(
                f"{table.name}, rows {number + 1} to {number + len(chunk)}: {error}"
            ) from error
        number += len(chunk)
