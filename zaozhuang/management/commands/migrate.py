"""`manage.py migrate`, one at a time: of two servers that start together, the second waits."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from django.core.management.commands.migrate import Command as MigrateCommand
from django.db import connections

# Any number will do, if nothing else in the database locks by it.
LOCK = 0x7A6F7A68
PATIENCE = 3600  # seconds


class Command(MigrateCommand):
    def handle(self, *args: Any, **options: Any) -> None:
        with alone(options["database"]):
            super().handle(*args, **options)


@contextmanager
def alone(using: str) -> Iterator[None]:
    """Nobody else migrates this database meanwhile.

    PostgreSQL gives the lock back when the connection ends, however it ends. On SQLite it is
    held on a file of its own beside the database, since that itself is locked and let go with
    each migration; the system gives it back when the process ends.
    """
    connection = connections[using]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
            try:
                yield
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
    elif connection.vendor == "sqlite" and not connection.is_in_memory_db():  # type: ignore[attr-defined]
        name = f"{connection.settings_dict['NAME']}.migrating"
        with closing(sqlite3.connect(name, timeout=PATIENCE, isolation_level=None)) as held:
            held.execute("BEGIN EXCLUSIVE")
            yield
    else:
        yield
