"""Keeping the tallies right, whatever is written.

Every way to write a project, a capacity, a participation or the tree of districts happens
inside `counted(…)`, which reads what is counted before and after and adds the difference in the
same transaction. `projects.summaries.counting` alone says what that is.

It locks the projects first, with their phases and what they are phases of: of two editors the
second waits and counts from what the first has written. Rows of the tallies are only added, so
two who change different projects of one place never wait for each other; `merge` makes the rows
of one key into one after the transaction.
"""

from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count, islice
from typing import Any

from django.db import connection, models, transaction

from projects.models import CompanyChange, CompanyTally, Overlap, Tally
from projects.summaries.counting import Sums
from projects.summaries.facts import CHUNK, lock, read
from projects.summaries.sql import literal, summed

# After so many writes of a process, the rows that they added are merged.
MERGE_EVERY = 64

# The projects of the writes that are going on: what is written for them inside counts once.
_open: ContextVar[frozenset[Any]] = ContextVar("counted_projects", default=frozenset())
_writes = count(1)


@contextmanager
def counted(projects: Iterable[Any]) -> Iterator[set[Any]]:
    """Around a write that may change how the projects count.

    Gives a set to which the keys of projects that the write makes may be added.
    """
    outer = _open.get()
    keys = {key for key in projects if key is not None} - outer
    new: set[Any] = set()
    token = _open.set(outer | keys)
    try:
        with transaction.atomic():
            lock(keys)
            before = state(keys, outer)
            yield new
            keys |= new - outer
            lock(keys)
            write(difference(before, state(keys, outer)))
    finally:
        _open.reset(token)


def restaged(before: dict[Any, tuple[str, str]]) -> None:
    """After a write that changed the kept stage and basis of locked projects, which were these.

    What else counts is as it was, so it is read once.
    """
    outer = _open.get()
    keys = before.keys() - outer
    if not keys:
        return
    found, tree = read(keys)
    old, new = Sums(), Sums()
    new.add_all(found, keys, tree, outer)
    for key in keys & found.keys():
        found[key].stage, found[key].basis = before[key]
    old.add_all(found, keys, tree, outer)
    write(difference(old, new))


def state(keys: set[Any], others: Set[Any] = frozenset()) -> Sums:
    """What the projects add up to now; without what `others`, counted elsewhere, have a part in."""
    sums = Sums(keys)
    if keys:
        found, tree = read(keys)
        sums.add_all(found, keys, tree, others)
    return sums


def difference(before: Sums, after: Sums) -> Sums:
    """What is to be added to come from one state to the other."""
    for name in ("tally", "overlap"):
        left, right = getattr(before, name), getattr(after, name)
        for key, (projects, amount) in left.items():
            there = right.get(key, (0, 0))
            right[key] = there[0] - projects, there[1] - amount
    for at, projects in before.companies.items():
        after.companies[at] = after.companies.get(at, 0) - projects
    after.forget_zeros()
    return after


# Rows


def write(sums: Sums) -> None:
    """Add the sums as rows."""
    insert(Tally, [(*key, n, amount) for key, (n, amount) in sums.tally.items()])
    insert(
        Overlap,
        [(*key[:9], n, amount, *key[9:]) for key, (n, amount) in sums.overlap.items()],
    )
    insert(CompanyChange, [(*key, n) for key, n in sums.companies.items()])
    if sums.tally and next(_writes) % MERGE_EVERY == 0:
        places = {key[0] for key in sums.tally}
        transaction.on_commit(lambda: merge(places), robust=True)


def insert(model: type[models.Model], rows: Iterable[tuple[Any, ...]]) -> None:
    """Add rows, their values in the order of the columns.

    The values stand in the statement itself: keys, numbers and choices, and some four hundred
    of them for one change of a stage, which as parameters would cost more than all the rest.
    """
    head = f'INSERT INTO "{model._meta.db_table}" ({", ".join(columns(model))}) VALUES '
    waiting = iter(rows)
    while some := list(islice(waiting, CHUNK)):
        with connection.cursor() as cursor:
            cursor.execute(head + ", ".join(f"({', '.join(map(literal, row))})" for row in some))


def columns(model: type[models.Model]) -> list[str]:
    return [f'"{field.column}"' for field in model._meta.concrete_fields if not field.primary_key]


def merge(places: Iterable[int]) -> None:
    """Make rows of one key into one, and take the changes of companies into their tally.

    Readers see all of it or nothing; whoever adds rows meanwhile is not waited for, and their
    rows are merged another time.
    """
    keys = ", ".join(str(int(place)) for place in sorted(places))
    with transaction.atomic(), connection.cursor() as cursor:
        for model in (Tally, Overlap) if keys else ():
            _merge(cursor, model, f"place IN ({keys})")
        _merge_companies(cursor)


def _merge(cursor: Any, model: type[models.Model], where: str) -> None:
    """Rows that stand alone, which most do, are left where they are."""
    table, names = model._meta.db_table, columns(model)
    by = ", ".join(name for name in names if name not in ('"projects"', '"amount"'))
    amount = summed("amount")
    added = f"SELECT {by}, SUM(projects) AS projects, {amount} AS amount"
    some = f"(SUM(projects) <> 0 OR {amount} <> 0)"
    into = f'INSERT INTO "{table}" ({by}, projects, amount)'
    several = f"GROUP BY {by} HAVING COUNT(*) > 1"
    if connection.vendor == "postgresql":
        # One statement sees one state, and deletes exactly the rows that it adds up.
        cursor.execute(
            f'WITH gone AS (DELETE FROM "{table}" WHERE {where} AND ({by}) IN'
            f' (SELECT {by} FROM "{table}" WHERE {where} {several}) RETURNING *)'
            f" {into} {added} FROM gone GROUP BY {by} HAVING {some}"
        )
        return
    cursor.execute(f'SELECT MAX(id) FROM "{table}"')
    before = f"{where} AND id <= {cursor.fetchone()[0] or 0}"
    cursor.execute(f'{into} {added} FROM "{table}" WHERE {where} {several} AND {some}')
    cursor.execute(
        f'DELETE FROM "{table}" WHERE {before} AND ({by}) IN'
        f' (SELECT {by} FROM "{table}" WHERE {before} {several})'
    )


def _merge_companies(cursor: Any) -> None:
    changes, tally = CompanyChange._meta.db_table, CompanyTally._meta.db_table
    into = f'INSERT INTO "{tally}" (facet, choice, company, projects)'
    summed = "SELECT facet, choice, company, SUM(projects)"
    rest = (
        "GROUP BY facet, choice, company ORDER BY facet, choice, company"
        " ON CONFLICT (facet, choice, company)"
        f' DO UPDATE SET projects = "{tally}".projects + excluded.projects'
    )
    if connection.vendor == "postgresql":
        cursor.execute(
            f'WITH gone AS (DELETE FROM "{changes}" RETURNING *) {into} {summed} FROM gone {rest}'
        )
        return
    cursor.execute(f'{into} {summed} FROM "{changes}" WHERE true {rest}')
    cursor.execute(f'DELETE FROM "{changes}"')
