"""Statements in plain SQL: for what is asked of every page and every write, the ORM costs too much."""

from collections.abc import Collection, Iterable
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import Sum

MILLIONTHS = 6


def total(column: str) -> str:
    """A sum that does not overflow on SQLite, where it is exact to nine billion whole units."""
    return f"TOTAL({column})" if connection.vendor == "sqlite" else f"SUM({column})"


def summed(column: str) -> str:
    """A sum of whole numbers, exact as far as a column holds them: on SQLite to 63 bits.

    Beyond these it fails there, and this gives the nearest floating-point number.
    """
    if connection.vendor == "sqlite":
        return f"SUM({column} / 1000000) * 1000000 + SUM({column} % 1000000)"
    return f"SUM({column})"


class ExactSum(Sum):
    """A sum of decimals; SQLite keeps them as floating-point numbers, whose traces it would show.

    Not to be given a filter.
    """

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        exact = f"({total(whole('%(expressions)s'))} / 1e{MILLIONTHS})"
        return self.as_sql(compiler, connection, template=exact, **context)


def whole(column: str) -> str:
    """An amount in millionths; SQLite keeps decimals as floating-point numbers."""
    kind = "integer" if connection.vendor == "sqlite" else "numeric"
    return f"CAST(ROUND({column} * 1e{MILLIONTHS}) AS {kind})"


def listed(keys: Iterable[int]) -> str:
    return ", ".join(str(int(key)) for key in keys) or "NULL"


def one_of(keys: Iterable[int]) -> str:
    """What follows a column that is one of very many keys: one value, not as many as there are."""
    all_ = ", ".join(str(int(key)) for key in keys)
    if connection.vendor == "sqlite":
        return f"IN (SELECT value FROM json_each('[{all_}]'))"
    return f"= ANY('{{{all_}}}'::bigint[])"


def among(keys: Collection[int]) -> tuple[str, list[int]]:
    """What stands in the brackets of `IN (…)`, and its parameters.

    Very few keys are parameters: SQLite prepares a statement once that is always the same.
    """
    if len(keys) > 3:
        return listed(keys), []
    return ", ".join(["%s"] * len(keys)) or "NULL", [int(key) for key in keys]


@lru_cache(4096, typed=True)
def literal(value: bool | int | str) -> str:
    """A value as it stands in a statement that has no parameters."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value).lower()


def fetch(statement: str, values: list[Any] | None = None) -> list[Any]:
    """The rows; whole numbers are `int`, also where PostgreSQL makes a numeric of their sum."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        rows = list(cursor.fetchall())
    return [tuple(map(_whole, row)) for row in rows] if connection.vendor == "postgresql" else rows


def _whole(value: Any) -> Any:
    is_whole = isinstance(value, Decimal) and value.as_tuple().exponent == 0
    return int(value) if is_whole else value
