"""Loads synthetic data in bulk: `python -m tests.bench.load --size 10000 --database sqlite:////tmp/b.sqlite3`.

Rows go past the models, straight into tables whose indexes are made afterwards; a process of
its own makes them. Tables that the tracker derives from others are made at the end, by the
commands `manage.py rebuild_…`: whoever adds such a table adds its command, which must work set
by set, and is done. What rows hold themselves (kept stages, search texts) comes with them.
"""

import argparse
import gc
import marshal
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from itertools import chain
from multiprocessing import get_context
from typing import Any

from tests.bench.data import COLUMNS, GROWING, Batch, Row, Rows, World

APPS = ["zaozhuang", "districts", "projects"]
# Rebuilds what the rows bring along, name by name; it says so itself when that is wrong.
BROUGHT_ALONG = {"rebuild_search", "rebuild_words"}
# Processes that make rows; one writes them.
MAKERS = 2
# Batches made ahead of the one that is written; bounds memory.
AHEAD = 4
# Rows that one statement inserts.
TOGETHER = 40
# Below this, starting processes costs more than it saves.
WORTH_A_PROCESS = 4_000
# For the writing of a database that can be made anew: nothing waits for the disk, and neither
# foreign keys nor triggers nor, on SQLite, checks are looked at row by row. The same rows pass
# all of them in tests/test_bench_data.py.
HURRY = {
    "sqlite": [
        "PRAGMA journal_mode = MEMORY",
        "PRAGMA synchronous = OFF",
        "PRAGMA foreign_keys = OFF",
        "PRAGMA ignore_check_constraints = ON",
        "PRAGMA cache_size = -400000",
        "PRAGMA temp_store = MEMORY",
        "PRAGMA threads = 2",
    ],
    "postgresql": [
        "SET synchronous_commit = off",
        "SET session_replication_role = replica",
        "SET maintenance_work_mem = '256MB'",
    ],
}
# Indexes and triggers that can be made again; those of unique columns belong to the table.
SET_ASIDE = {
    "sqlite": (
        "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"
        " AND type IN ('index', 'trigger') AND tbl_name IN ({tables}) ORDER BY type, rowid"
    ),
    "postgresql": (
        "SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()"
        " AND tablename IN ({tables})"
        " AND NOT EXISTS (SELECT FROM pg_constraint WHERE conname = indexname) ORDER BY indexname"
    ),
}
FTS5 = [
    f'INSERT INTO "{table}_index"("{table}_index") VALUES (\'rebuild\')'
    for table in ("projects_companypairs", "projects_projectpairs")
]

Progress = Callable[[str, int, int], None]


class NotEmpty(Exception):
    """The database holds something; synthetic data never stands beside it."""


def load(size: int, progress: Progress | None = None) -> tuple[float, float]:
    """Fill the migrated database of this process with so many projects.

    Returns the seconds until all rows are there, with what rows themselves hold of others and
    with all indexes, that of the search too; and the seconds until every table that the tracker
    derives from them is made as well. Raises NotEmpty where a table of the tracker holds a row.
    """
    from django.apps import apps
    from django.db import connection

    say = progress or (lambda what, done, of: None)
    _refuse_a_filled_database()
    start = time.perf_counter()
    gc.disable()  # rows hold no circles; looking for some among so many takes a third of the time
    world = World(size)
    models = {
        model._meta.db_table: model
        for label in APPS
        for model in apps.get_app_config(label).get_models()
    }
    writers = {name: _writer(connection, models[name]) for name in COLUMNS}
    with _in_bulk(connection) as set_aside:
        for name, basics in world.basics().items():
            writers[name](basics)
        done = 0
        say("projects", done, size)
        for batch, rows in _made(world):
            for name in GROWING:
                writers[name](rows[name])
            done += batch.projects
            say("projects", done, size)
        for at, (what, statement) in enumerate(set_aside, 1):
            with connection.cursor() as cursor:
                cursor.execute(statement)
            say(what, at, len(set_aside))
    _after_the_rows(connection, [models[name]._meta for name in COLUMNS])
    gc.enable()
    rows_there = time.perf_counter() - start
    for command in derived():
        say(command, 0, 1)
        _rebuild(command)
        say(command, 1, 1)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return rows_there, time.perf_counter() - start


def derived() -> list[str]:
    """The commands that make derived tables anew from the rows."""
    from django.core.management import get_commands

    return sorted(
        name
        for name, app in get_commands().items()
        if app in APPS and name.startswith("rebuild_") and name not in BROUGHT_ALONG
    )


def _rebuild(command: str) -> None:
    from django.core.management import call_command

    with open(os.devnull, "w") as nowhere:
        call_command(command, stdout=nowhere)


def _refuse_a_filled_database() -> None:
    from django.apps import apps
    from django.db import connection

    from zaozhuang.models import Edition

    for label in APPS:
        for model in apps.get_app_config(label).get_models():
            if model is Edition:  # which counts the migrations' own writes
                continue
            with connection.cursor() as cursor:
                cursor.execute(f'SELECT 1 FROM "{model._meta.db_table}" LIMIT 1')
                if cursor.fetchone():
                    raise NotEmpty(
                        f"{model._meta.db_table} holds rows. Synthetic data is loaded into an "
                        "empty database only."
                    )


def _made(world: World) -> Iterator[tuple[Batch, Rows]]:
    """The batches in order, made by another process while the one before is written."""
    batches = world.batches()
    if world.size < WORTH_A_PROCESS:
        for batch in batches:
            yield batch, world.rows(batch)
        return
    with ProcessPoolExecutor(
        MAKERS, get_context("fork"), initializer=_begin, initargs=(world.size,)
    ) as pool:
        waiting: list[tuple[Batch, Future[bytes]]] = []
        for at in range(len(batches) + AHEAD):
            if at < len(batches):
                waiting.append((batches[at], pool.submit(_make, batches[at])))
            if at >= AHEAD:
                batch, made = waiting.pop(0)
                yield batch, marshal.loads(made.result())


_world: World


def _begin(size: int) -> None:
    global _world
    gc.disable()
    _world = World(size)


def _make(batch: Batch) -> bytes:
    return marshal.dumps(_world.rows(batch))


def _writer(connection: Any, model: Any) -> Callable[[list[Row]], None]:
    """Writes rows of a table; columns that the rows do not give hold their defaults."""
    given = COLUMNS[model._meta.db_table].split()
    others = [field for field in model._meta.concrete_fields if field.column not in given]
    defaults = [
        # A stamp of time has no default; the row is as old as the table.
        field.get_db_prep_save(field.get_default(), connection)
        if not getattr(field, "auto_now_add", False)
        else "2026-06-30 00:00:00"
        for field in others
    ]
    columns = ", ".join(f'"{name}"' for name in [*given, *(field.column for field in others)])
    head = f'INTO "{model._meta.db_table}" ({columns})'
    connection.ensure_connection()
    if connection.vendor == "sqlite":
        # Defaults as literals: a parameter a row would double the work.
        one = ", ".join(["?"] * len(given) + [_literal(value) for value in defaults])

        def insert(rows: list[Row]) -> None:
            # Some rows a statement: each statement counts keys anew.
            whole = len(rows) // TOGETHER * TOGETHER
            for many, these in ((TOGETHER, rows[:whole]), (1, rows[whole:])):
                statement = f"INSERT {head} VALUES ({'), ('.join([one] * many)})"
                flat = (
                    tuple(chain.from_iterable(these[at : at + many]))
                    for at in range(0, len(these), many)
                )
                connection.connection.executemany(statement, flat)

        return insert

    def copy(rows: list[Row]) -> None:
        rest = tuple(defaults)
        with connection.cursor() as cursor, cursor.copy(f"COPY {head[5:]} FROM STDIN") as stream:
            for row in rows:
                stream.write_row(row + rest)

    return copy


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool | int):
        return str(int(value))
    return "'" + str(value).replace("'", "''") + "'"


@contextmanager
def _in_bulk(connection: Any) -> Iterator[list[tuple[str, str]]]:
    """Without the indexes and triggers of the tables that grow; gives what makes them again.

    In a transaction of the caller's, as that of a test, they stay, and so do all settings.
    """
    if connection.in_atomic_block:
        yield []
        return
    tables = ", ".join(f"'{name}'" for name in GROWING)
    with connection.cursor() as cursor:
        for statement in HURRY[connection.vendor]:
            cursor.execute(statement)
        cursor.execute(SET_ASIDE[connection.vendor].format(tables=tables))
        found = cursor.fetchall()
        for kind, name, _statement in found:
            cursor.execute(f'DROP {kind} "{name}"')
        again = [(f"{kind} {name}", statement) for kind, name, statement in found]
        if connection.vendor == "sqlite":
            # The search's tables of FTS5 follow their rows by triggers, which are set aside too.
            again = [("index of the search", statement) for statement in FTS5] + again
        cursor.execute("BEGIN")
        yield again
        cursor.execute("COMMIT")
    # The next connection has the usual settings.
    connection.close()


def _after_the_rows(connection: Any, tables: list[Any]) -> None:
    """PostgreSQL counts keys apart from the rows, and has not counted these."""
    if connection.vendor == "sqlite":
        return
    with connection.cursor() as cursor:
        for meta in tables:
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('\"{meta.db_table}\"', 'id'), max(id))"
                f' FROM "{meta.db_table}"'
            )


class Bar:
    """A progress bar on a terminal; elsewhere a line when something is done."""

    def __init__(self) -> None:
        self.begun: dict[str, float] = {}

    def __call__(self, what: str, done: int, of: int) -> None:
        kind = what.split()[0]
        seconds = time.perf_counter() - self.begun.setdefault(kind, time.perf_counter())
        terminal = sys.stderr.isatty()
        if not terminal and done < of:
            return
        bar = "█" * (done * 30 // of)
        speed = f"{done / seconds:,.0f}/s" if kind == "projects" and seconds else ""
        line = f"  {kind:18} {bar:30} {done:>9,} of {of:,} {seconds:6.1f} s  {speed}"
        sys.stderr.write(f"\r{line}\033[K" if terminal else line)
        sys.stderr.write("\n" if done == of else "")
        sys.stderr.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description="Load synthetic data into an empty database.")
    parser.add_argument("--size", type=int, default=10_000, help="projects")
    parser.add_argument("--database", help="a DATABASE_URL; else that of the environment")
    options = parser.parse_args()
    if options.database:
        os.environ["DATABASE_URL"] = options.database
    if not os.environ.get("DATABASE_URL"):
        parser.error("say which database: --database sqlite:////some/folder/bench.sqlite3")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zaozhuang.settings")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    try:
        rows, seconds = load(options.size, Bar())
    except NotEmpty as refused:
        sys.stderr.write(f"{refused}\n")
        return 1
    sys.stdout.write(
        f"{options.size:,} projects in {rows:.1f} s: {options.size / rows:,.0f} a second;"
        f" with all derived tables {seconds:.1f} s: {options.size / seconds:,.0f} a second.\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
