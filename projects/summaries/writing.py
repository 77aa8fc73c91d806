"""What the querysets of projects and of their parts inherit, so that their writes are counted.

Bulk methods are here; `save()` and `delete()` of the models enter `counted()` themselves, and
`loaded` watches what loaddata writes past them.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import models
from django.db.models import Q

from zaozhuang.history.tracking import M, TrackedQuerySet

# Where what was counted before a row is loaded waits for it to be there.
BEFORE = "_counted_before"


class CountedQuerySet(TrackedQuerySet[M]):
    """Bulk writes are counted and recorded.

    `counted_by` are the columns that count, by the names that an update gives them;
    `counted_owner` leads from a row to its project.
    """

    counted_by: frozenset[str] = frozenset()
    counted_owner = "project_id"

    def bulk_create(self, objs: Iterable[M], *args: Any, **kwargs: Any) -> list[M]:
        from projects.summaries.keeping import counted

        objs = list(objs)
        with counted(self.counted_projects(objs, kwargs.get("unique_fields") or ())) as new:
            created = super().bulk_create(objs, *args, **kwargs)
            new |= {getattr(row, self.counted_owner) for row in created}
        return created

    def counted_projects(self, objs: list[M], unique: Iterable[str] = ()) -> set[Any]:
        """The keys of the projects that rows, new or stored, belong to or did.

        With the names of `unique` columns also those of rows that are there with the same values.
        """
        there = Q(pk__in=[row.pk for row in objs if row.pk is not None])
        for name in unique:
            there |= Q(**{f"{name}__in": [getattr(row, name) for row in objs]})
        stored: Any = models.QuerySet(self.model).filter(there).order_by()
        return {getattr(row, self.counted_owner) for row in objs} | set(
            stored.values_list(self.counted_owner, flat=True)
        )

    @contextmanager
    def counting(self, objs: Iterable[M], fields: Iterable[str] | None = None) -> Iterator[None]:
        """Around a write to these columns (None: all) of rows, new or stored."""
        from projects.summaries.keeping import counted

        if fields is not None and not self.counted_by & set(fields):
            yield
            return
        with counted(self.counted_projects(list(objs))):
            yield

    def bulk_update(
        self, objs: Iterable[M], fields: Iterable[str], *args: Any, **kwargs: Any
    ) -> int:
        objs, fields = list(objs), list(fields)
        with self.counting(objs, fields):
            return super().bulk_update(objs, fields, *args, **kwargs)

    def update(self, **kwargs: Any) -> int:
        from projects.summaries.keeping import counted

        if not self.counted_by & kwargs.keys() or self.query.is_sliced:
            return super().update(**kwargs)
        rows: Any = self.order_by()
        keys = set(rows.values_list(self.counted_owner, flat=True))
        for name in {"project", "project_id"} & kwargs.keys():
            to = kwargs[name]
            if hasattr(to, "resolve_expression"):
                keys |= set(rows.annotate(_to=to).values_list("_to", flat=True))
            else:
                keys.add(getattr(to, "pk", to))
        with counted(keys):
            return super().update(**kwargs)

    update.alters_data = True  # type: ignore[attr-defined]

    def delete(self) -> tuple[int, dict[str, int]]:
        from projects.summaries.keeping import counted

        with counted(self.order_by().values_list(self.counted_owner, flat=True)):
            return super().delete()

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]


def before_load(sender: Any, instance: Any, raw: bool = False, **kwargs: Any) -> None:
    """Loaddata is about to write a row, past the model's own save()."""
    if raw:
        from projects.summaries.keeping import state

        instance.__dict__[BEFORE] = state(_owners(instance))


def after_load(sender: Any, instance: Any, raw: bool = False, **kwargs: Any) -> None:
    if raw:
        from projects.summaries.keeping import difference, state, write

        before = instance.__dict__.pop(BEFORE)
        write(difference(before, state(before.keys | _owners(instance))))


def _owners(row: Any) -> set[Any]:
    """The projects that may count otherwise once the row is there."""
    rows = type(row).objects.all()
    if isinstance(rows, CountedQuerySet):
        return rows.counted_projects([row])
    from projects.summaries.places import affected

    stored = rows.filter(pk=row.pk).values_list("parent", flat=True)
    return affected([row.pk], [*stored, row.parent_id])
