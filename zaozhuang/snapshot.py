"""Reading several tables as they stood at one moment, while editors write."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections, transaction

from zaozhuang.replicas import reading_from


@contextmanager
def snapshot(using: str = "") -> Iterator[None]:
    """All queries inside see the database at the moment of the first, and hold nobody up.

    The database is the one that reads go to, unless another is named.
    """
    using = using or reading_from()
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
