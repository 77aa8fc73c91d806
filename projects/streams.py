"""Exports of very many projects: the database makes the cells and streams them.

What an export holds is said in `projects.downloads` and `projects.exports`. Here it comes
about five times as fast as record by record, in one statement and so of one moment, and with
no more in memory than a few hundred lines.
"""

import csv
import io
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import connections, transaction

from projects.cells import BETWEEN, Helpers, project_cells, project_line
from projects.querysets import ProjectQuerySet

# Lines that are sent together; of the first, few, so that a reader sees them soon.
CHUNK, FIRST = 500, 20
# PostgreSQL would sort a million rows before it gives the first. The page's order can be walked
# through instead, district by district, and what belongs to a project be fetched by its key.
WALK = (
    "SET LOCAL enable_sort = off; SET LOCAL enable_presorted_aggregate = off;"
    " SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;"
    " SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL jit = off;"
    # To PostgreSQL the time of a slow reader is the statement's own; its work here is bounded.
    " SET LOCAL statement_timeout = '1h'"
)


def project_lines(selection: ProjectQuerySet) -> Iterator[str | bytes]:
    """The lines of a selection of projects, without the head, in its order."""
    connection = connections[selection.db]
    if connection.vendor == "postgresql":
        cells = {f"cell_{code}": cell for code, cell in project_cells().items()}
        rows = selection.annotate(**cells).values_list(*cells)
        return _copied(connection, *rows.query.sql_with_params())
    rows = selection.annotate(line=project_line()).values_list("line")
    return _fetched(connection, *rows.query.sql_with_params())


def _copied(connection: Any, sql: str, parameters: Any) -> Iterator[bytes]:
    """From PostgreSQL, which writes CSV as Python does but ends its lines with a line feed."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(WALK)
        cursor.execute("SELECT set_config('TimeZone', %s, true)", [settings.TIME_ZONE])
        lines: list[bytes] = []
        size = FIRST
        # Django's cursor for debugging takes no parameters beside the statement.
        statement = cursor.mogrify(f"COPY ({sql}) TO STDOUT (FORMAT csv)", parameters)
        with cursor.copy(statement) as copy:
            # One line at a time is what the server sends, whatever is inside its quotes.
            for line in copy:
                lines.append(line[:-1])
                if len(lines) == size:
                    yield b"\r\n".join([*lines, b""])
                    lines, size = [], CHUNK
        yield b"\r\n".join([*lines, b""]) if lines else b""
        # Nothing was written, and what was set must not outlast this, in whatever it happens.
        transaction.set_rollback(True, using=connection.alias)


def _fetched(connection: Any, sql: str, parameters: Any) -> Iterator[str]:
    """From SQLite, whose lines are CSV as they are wherever no cell needs quotes."""
    connection.ensure_connection()
    with Helpers().known_to(connection.connection) as prefix, connection.cursor() as cursor:
        cursor.execute(sql.replace("tracker_", prefix), parameters)
        size = FIRST
        while rows := cursor.fetchmany(size):
            lines = io.StringIO(newline="")
            writer = csv.writer(lines, lineterminator="\r\n")
            for (line,) in rows:
                if "," in line or '"' in line or "\n" in line or "\r" in line:
                    writer.writerow(line.split(BETWEEN))
                else:
                    lines.write(line.replace(BETWEEN, ","))
                    lines.write("\r\n")
            yield lines.getvalue()
            size = CHUNK
