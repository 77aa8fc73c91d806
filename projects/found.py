"""Keeping the search texts right, whatever is written.

A project's text rests on rows of four other tables. Every way to write one of them ends
with `refresh_search()` of the projects concerned, inside the same transaction. It locks
those projects first and reads then: of two editors who write at the same time, the second
waits and sees what the first has written. A name that is being changed meanwhile is waited
for too: companies are locked when a participation names them, districts when a project
moves there.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import models, transaction

from projects.summaries.writing import CountedQuerySet
from projects.words import keep_words

Row = TypeVar("Row", bound=models.Model)

# Rows whose texts are made anew together; bounds memory and the parameters of a query.
BATCH = 500


def batches(keys: Iterable[Any]) -> Iterator[list[Any]]:
    every = list(keys)
    for start in range(0, len(every), BATCH):
        yield every[start : start + BATCH]


def locked(model: type[models.Model], keys: Iterable[Any]) -> dict[Any, Any]:
    """The rows of these keys as they are now, kept from being renamed until the transaction ends."""
    rows: models.QuerySet[Any] = models.QuerySet(model)
    return {
        row.pk: row
        for row in rows.select_for_update(no_key=True).filter(pk__in=set(keys)).order_by("pk")
    }


def refuse_search(fields: Iterable[str]) -> None:
    if "search" in fields:
        raise ValueError("search: change the names; the search text follows them.")


def save_texts(model: type[models.Model], rows: Iterable[Any], texts: dict[Any, str]) -> list[Any]:
    """Write the texts that differ, past the querysets that follow writes; returns their keys.

    The words of all of them are looked at too, so that what was lost is found again.
    """
    rows = list(rows)
    late = [row for row in rows if row.search != texts[row.pk]]
    for row in late:
        row.search = texts[row.pk]
    models.QuerySet(model).bulk_update(late, ["search"])
    keep_words(rows)
    return [row.pk for row in late]


class PartQuerySet(CountedQuerySet[Row]):
    """Parts of projects, by whose names the projects are found and with which they count."""

    # The columns that the search text rests on.
    found_by: frozenset[str] = frozenset()

    @contextmanager
    def findable(self, parts: Iterable[Any], fields: Iterable[str] | None = None) -> Iterator[None]:
        """Around a write to these columns (None: all) of parts, new or stored."""
        if fields is not None and not self.found_by & set(fields):
            yield
            return
        from projects.models import Company, Project

        parts = list(parts)
        with transaction.atomic():
            projects = self._owners(parts)
            stored = [part.pk for part in parts if part.pk]
            yield
            projects |= self._owners(parts)
            if "company" in self.found_by:
                rows = self.model._default_manager.filter(
                    pk__in=[*stored, *(part.pk for part in parts if part.pk)]
                )
                locked(Company, rows.values_list("company", flat=True))
            Project.objects.filter(pk__in=projects).refresh_search()

    def _owners(self, parts: list[Any]) -> set[Any]:
        """The projects that the parts name, and those that they belong to in the database."""
        stored = self.model._default_manager.filter(pk__in=[part.pk for part in parts if part.pk])
        return {part.project_id for part in parts} | set(
            stored.order_by().values_list("project", flat=True)
        )

    def bulk_create(self, objs: Iterable[Row], *args: Any, **kwargs: Any) -> list[Row]:
        objs = list(objs)
        with self.findable(objs):
            return super().bulk_create(objs, *args, **kwargs)

    def bulk_update(
        self, objs: Iterable[Row], fields: Iterable[str], *args: Any, **kwargs: Any
    ) -> int:
        objs, fields = list(objs), list(fields)
        with self.findable(objs, fields):
            return super().bulk_update(objs, fields, *args, **kwargs)

    def update(self, **kwargs: Any) -> int:
        parts = list(self.order_by()) if self.found_by & kwargs.keys() else []
        with self.findable(parts, kwargs):
            return super().update(**kwargs)

    update.alters_data = True  # type: ignore[attr-defined]

    def delete(self) -> tuple[int, dict[str, int]]:
        with self.findable(list(self.order_by())):
            return super().delete()

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]
