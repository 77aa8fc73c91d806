"""Which state of the data a page shows, told by one small number, so that a page that has not changed
is not made again.

Every transaction that writes leaves a row in `Edition`, in the transaction itself: how many there
are tells two states apart. Rows are only added, so writers do not wait for each other, and a
transaction that commits late counts when it does, whatever number its row has. A write is
noticed where all of them pass, in front of the database's cursor, whichever way it was made.

Writes past Django (psql, COPY, a restored file) are not noticed: `manage.py new_edition` after them.
"""

import re
import time
from collections.abc import Callable
from itertools import count
from typing import Any

from django.db import connections, router, transaction
from django.db.backends.signals import connection_created

from zaozhuang.backup import restored
from zaozhuang.models import Edition

WRITE = re.compile(r"\s*(?:INSERT|UPDATE|DELETE|REPLACE|MERGE|TRUNCATE|COPY|WITH)\b", re.IGNORECASE)
INSIDE = re.compile(r"\b(?:INSERT|UPDATE|DELETE)\b", re.IGNORECASE)
TABLE = re.compile(r'\s*(?:INSERT INTO|UPDATE|DELETE FROM|REPLACE INTO)\s+"?(\w+)', re.IGNORECASE)
DROPS = re.compile(r"\s*(?:DROP|ALTER)\s+TABLE\b", re.IGNORECASE)
# Tables that no page for visitors shows.
UNSEEN = re.compile(r"django_session|django_admin_log|axes_|zaozhuang_edition")
TABLE_NAME = Edition._meta.db_table
# After so many writing transactions of a process, the rows are added up to one.
MERGE_EVERY = 100
_writes = count(1)
# The mark, on a connection, that the transaction going on has its row.
MARK = "_edition_mark"


def writes(statement: str) -> bool:
    """Whether a statement may change what a page shows."""
    first = WRITE.match(statement)
    if not first:
        return False
    if first[0].strip().upper() == "WITH":
        return bool(INSIDE.search(statement)) and TABLE_NAME not in statement
    table = TABLE.match(statement)
    return not (table and UNSEEN.match(table[1]))


def watch(connection: Any, **kwargs: Any) -> None:
    """Notice every write of a new connection."""
    if notice not in connection.execute_wrappers:
        connection.execute_wrappers.append(notice)


def notice(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
    statement = sql if isinstance(sql, str) else str(sql)
    connection = context["connection"]
    if not writes(statement):
        if DROPS.match(statement) and TABLE_NAME in statement:
            # By a migration that goes back, which writes on without the table.
            connection.__dict__.pop("_edition_there", None)
        return execute(sql, params, many, context)
    result = execute(sql, params, many, context)
    mark(connection)
    return result


def mark(connection: Any) -> None:
    """Leave the transaction's row, once; a savepoint that is rolled back takes its mark along."""
    if not connection.in_atomic_block:
        # What commits by itself; what visitors see is always written in a transaction.
        if _there(connection):
            _add(connection)
        return
    known = connection.__dict__.get(MARK)
    if any(entry[1] is known for entry in connection.run_on_commit) or not _there(connection):
        return
    _add(connection)

    def done() -> None:
        if next(_writes) % MERGE_EVERY == 0:
            merge(connection.alias)

    connection.__dict__[MARK] = done
    transaction.on_commit(done, using=connection.alias, robust=True)


def _add(connection: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f'INSERT INTO "{TABLE_NAME}" (writes) VALUES (1)')


def _there(connection: Any) -> bool:
    """Whether the table is there: the first migrations write before it is made."""
    if not connection.__dict__.get("_edition_there"):
        connection.__dict__["_edition_there"] = TABLE_NAME in connection.introspection.table_names()
    return bool(connection.__dict__["_edition_there"])


def current() -> int:
    """The number of the state that a reader sees now; a write that follows gives another."""
    connection = connections[router.db_for_read(Edition)]
    # In a transaction that goes on (a test's), later writes are to count again.
    connection.__dict__.pop(MARK, None)
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT SUM(writes) FROM "{TABLE_NAME}"')
        return int(cursor.fetchone()[0] or 0)


def merge(alias: str = "default") -> None:
    """Make the rows one; the number stays."""
    connection = connections[alias]
    with transaction.atomic(using=alias), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                f'WITH gone AS (DELETE FROM "{TABLE_NAME}" RETURNING writes)'
                f' INSERT INTO "{TABLE_NAME}" (writes) SELECT SUM(writes) FROM gone HAVING SUM(writes) > 0'
            )
            return
        cursor.execute(f'SELECT SUM(writes) FROM "{TABLE_NAME}"')
        (total,) = cursor.fetchone()
        cursor.execute(f'DELETE FROM "{TABLE_NAME}"')
        cursor.execute(f'INSERT INTO "{TABLE_NAME}" (writes) VALUES (%s)', [total or 0])


def jump(using: str = "default", **kwargs: Any) -> None:
    """Let every page be made anew, under a number that none had before."""
    Edition.objects.using(using).create(writes=int(time.time()))


def connect() -> None:
    connection_created.connect(watch, dispatch_uid="edition")
    restored.connect(jump, dispatch_uid="edition")
