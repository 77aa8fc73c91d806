"""Reading several tables as they stood at one moment, while editors write."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DEFAULT_DB_ALIAS, connections, transaction


@contextmanager
def snapshot(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """All queries inside see the database at the moment of the first, and hold nobody up."""
    connection = connections[using]
    if connection.in_atomic_block:  # somebody else's transaction decides what is seen
        yield
    elif connection.vendor == "sqlite":
        # Django's own transactions here are IMMEDIATE, which would make editors wait.
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("ROLLBACK")
    else:
        with transaction.atomic(using=using):
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
