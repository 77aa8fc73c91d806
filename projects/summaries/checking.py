"""Whether what is kept counted is what a recount gives."""

from collections.abc import Iterator
from typing import Any

from django.db import models

from projects.models import CompanyChange, CompanyTally, Overlap, Project, Tally
from projects.summaries.counting import Sums
from projects.summaries.facts import plain, read
from projects.summaries.keeping import difference


def recount() -> Sums:
    """What all projects add up to, counted from nothing but themselves."""
    sums = Sums()
    found, tree = read(plain(Project).values_list("pk", flat=True))
    sums.add_all(found, found.keys(), tree)
    return sums


def stored() -> Sums:
    """What the tables hold, rows of one key added up."""
    sums = Sums()
    for model, held in ((Tally, sums.tally), (Overlap, sums.overlap)):
        names = [field.name for field in model._meta.concrete_fields if not field.primary_key]
        rows: models.QuerySet[Any, Any] = plain(model).values_list(*names)
        for row in rows.iterator():
            key: Any = (*row[:9], *row[11:])
            projects, amount = held.get(key, (0, 0))
            held[key] = projects + row[9], amount + int(row[10])
    for counting in (CompanyTally, CompanyChange):
        for *at, count in plain(counting).values_list("facet", "choice", "company", "projects"):
            sums.companies[tuple(at)] = sums.companies.get(tuple(at), 0) + count
    return sums


def wrong() -> Iterator[tuple[str, Any, Any]]:
    """Of each sum that is not what a recount gives: its table, its key and what is missing there."""
    left = difference(stored(), recount())
    for name, found in (
        ("tally", left.tally),
        ("overlap", left.overlap),
        ("companytally", left.companies),
    ):
        for key, missing in found.items():
            yield name, key, missing
