"""The index that a search for Chinese asks: each two characters that follow each other.

Reading the search texts of a million projects takes a good part of a second. So each pair of
Chinese characters in them is a word of an index, and so is the last one of several: 电解液 has
the words 电解, 解液 and 液. They are kept beside the records (`ProjectPairs`), and the database
itself finds records by them: SQLite by a table of FTS5, PostgreSQL by a GIN index.

Letters are not indexed: nearly every project has nearly every pair of them in some pinyin.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections, models, transaction
from django.db.models import BooleanField, Func

RUN = re.compile(r"[㐀-鿿]+")

# What the index of PostgreSQL is made of; a query must say the same to be answered by it.
LEXEMES = "array_to_tsvector(string_to_array(\"pairs\", ' '))"


def words(document: str) -> str:
    """What the index holds of a search text, each word once: `电解 解液 液`."""
    found = {run[at : at + 2]: None for run in RUN.findall(document) for at in range(len(run))}
    return " ".join(found)


def asked(wanted: str) -> list[str]:
    """The words that whatever contains the text has; none where the text has no Chinese.

    A character alone is asked for only where there is no pair: it finds far more.
    """
    runs: list[str] = RUN.findall(wanted)
    pairs = [run[at : at + 2] for run in runs for at in range(len(run) - 1)]
    return list(dict.fromkeys(pairs)) or runs[:1]


def table_of(model: type[models.Model]) -> type[models.Model]:
    """Where the words of a kind of record are kept."""
    from projects.models import Company, CompanyPairs, Project, ProjectPairs

    tables: dict[type[models.Model], type[models.Model]] = {
        Project: ProjectPairs,
        Company: CompanyPairs,
    }
    return tables[model]


class Has(Func):
    """A condition: the record with this key has all of the words.

    A word of one character stands for all that begin with it. Where very many records have
    them (`common`), SQLite goes through the rows in their order and looks each up among those
    found, instead of fetching and sorting all that were found.
    """

    output_field = BooleanField()

    def __init__(
        self,
        key: Any,
        model: type[models.Model],
        wanted: Iterable[str],
        common: bool = False,
    ) -> None:
        super().__init__(key)
        self.model, self.wanted, self.common = model, list(wanted), common

    def as_sql(  # type: ignore[override]
        self, compiler: Any, connection: Any, **context: Any
    ) -> tuple[str, Any]:
        key, parameters = compiler.compile(self.source_expressions[0])
        found, asked_for = found_by(self.model, self.wanted, connection.vendor)
        # The sign changes no number, but SQLite then does not fetch rows by it.
        sign = "+" if self.common else ""
        return f"({sign}{key} IN ({found}))", (*parameters, *asked_for)


def found_by(
    model: type[models.Model], wanted: Iterable[str], vendor: str
) -> tuple[str, tuple[str]]:
    """The SELECT of the keys of the records that have all of the words, and its parameter."""
    table = table_of(model)._meta.db_table
    prefix = ":*" if vendor == "postgresql" else "*"
    terms = [word if len(word) == 2 else word + prefix for word in wanted]
    if vendor == "postgresql":
        return f'SELECT id FROM "{table}" WHERE {LEXEMES} @@ %s::tsquery', (" & ".join(terms),)
    index = f'"{table}_index"'
    return f"SELECT rowid FROM {index} WHERE {index} MATCH %s", (" AND ".join(terms),)


def alone_in(query: Any) -> list[str]:
    """The words, where having them is all that a query asks; else none."""
    conditions = query.where.children
    if len(conditions) != 1 or query.where.negated or query.is_sliced or query.distinct:
        return []
    # A condition is asked as `… = true`, which databases with such conditions are not told.
    has = getattr(conditions[0], "lhs", None)
    return has.wanted if isinstance(has, Has) and has.model is query.model else []


# From so many on, what a search has found is not put in the order of how well it fits.
MANY = 5000


def is_common(model: type[models.Model], wanted: list[str], using: str) -> bool:
    """Whether more than MANY records have all of the words; answered in less than a millisecond."""
    return bool(wanted) and count(model, wanted, using, MANY + 1) > MANY


def count(model: type[models.Model], wanted: Iterable[str], using: str, most: int = 0) -> int:
    """How many records have all of the words, counted up to `most` where that is given.

    Counting alone needs no record, and takes some ten milliseconds for a hundred thousand.
    """
    connection = connections[using]
    found, parameters = found_by(model, wanted, connection.vendor)
    limit = f" LIMIT {most}" if most else ""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM ({found}{limit}) AS found", parameters)
        number: int = cursor.fetchone()[0]
    return number


def counted(rows: Any) -> int | None:
    """How many rows a queryset has, where a search is all that selects them; else None."""
    pairs = alone_in(rows.query) if rows._result_cache is None else []
    return count(rows.model, pairs, rows.db) if pairs else None


def keep_words(records: Iterable[Any]) -> None:
    """Bring the words of some records of one kind in line with their search texts."""
    texts = {record.pk: words(record.search) for record in records}
    if not texts:
        return
    rows = table_of(type(next(iter(records))))._default_manager
    kept = dict(rows.filter(pk__in=texts).values_list("pk", "pairs"))
    late = [rows.model(pk=pk, pairs=text) for pk, text in texts.items() if kept.get(pk) != text]
    rows.bulk_create(late, update_conflicts=True, unique_fields=["record"], update_fields=["pairs"])


# Rows whose words are made and written together.
BATCH = 5000
# What makes the index follow the rows, with the statement that makes it again.
SET_ASIDE = {
    "sqlite": "SELECT type, name, sql FROM sqlite_master WHERE tbl_name = %s AND type = 'trigger'",
    "postgresql": (
        "SELECT 'index', indexname, indexdef FROM pg_indexes"
        " WHERE schemaname = current_schema() AND tablename = %s AND indexname LIKE '%%_index'"
    ),
}


def rebuild(model: type[models.Model], using: str) -> int:
    """Make the words of all records of a kind anew from their search texts; returns how many.

    One pass without the index, which is made afterwards at once: tens of thousands a second.
    """
    connection = connections[using]
    table = table_of(model)._meta.db_table
    # No user's text is in the statements.
    texts = f'SELECT id, search FROM "{model._meta.db_table}"'
    with transaction.atomic(using), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f'LOCK TABLE "{table}"')
        with _apart_from_index(cursor, table, connection.vendor):
            cursor.execute(f'DELETE FROM "{table}"')
            with connection.chunked_cursor() as reading:
                reading.execute(texts)
                while rows := reading.fetchmany(BATCH):
                    _add(cursor, table, [(pk, words(text)) for pk, text in rows])
        cursor.execute(f'SELECT COUNT(*) FROM "{table}"')
        number: int = cursor.fetchone()[0]
    return number


def _add(cursor: Any, table: str, rows: list[tuple[Any, str]]) -> None:
    if cursor.db.vendor == "postgresql":
        with cursor.copy(f'COPY "{table}" (id, pairs) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(row)
    else:
        cursor.executemany(f'INSERT INTO "{table}" (id, pairs) VALUES (%s, %s)', rows)


@contextmanager
def _apart_from_index(cursor: Any, table: str, vendor: str) -> Iterator[None]:
    """Without what makes the index follow the rows; afterwards it is made of them at once."""
    cursor.execute(SET_ASIDE[vendor], [table])
    aside = cursor.fetchall()
    for kind, name, _statement in aside:
        cursor.execute(f'DROP {kind} "{name}"')
    yield
    if vendor == "sqlite":
        index = f'"{table}_index"'
        cursor.execute(f"INSERT INTO {index}({index}) VALUES ('rebuild')")
    else:  # which makes no index while the check of a foreign key waits
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for _kind, _name, statement in aside:
        cursor.execute(statement)
