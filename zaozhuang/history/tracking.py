"""The base of every model whose changes are recorded."""

from collections.abc import Collection, Iterable
from typing import Any, ClassVar, TypeVar

from django.db import models, router, transaction

from zaozhuang.history.entries import Difference, lock, plain_rows, recorded_fields, states, write

M = TypeVar("M", bound=models.Model)


class TrackedQuerySet(models.QuerySet[M]):
    """Its bulk methods, of which Django tells nobody, record what they change."""

    def update(self, **kwargs: Any) -> int:
        recorded = {
            name for field in recorded_fields(self.model) for name in (field.name, field.attname)
        }
        if not recorded & kwargs.keys() or self.query.is_sliced:
            return super().update(**kwargs)
        # What rows are about to belong to, where that is named outright.
        owner = getattr(self.model, "history_owner", "")
        new = kwargs.get(owner, kwargs.get(f"{owner}_id")) if owner else None
        above = [getattr(new, "pk", new)] if isinstance(new, models.Model | int) else []
        with transaction.atomic(using=self.db, savepoint=False):
            self._for_write = True
            pks = list(self.order_by().values_list("pk", flat=True))
            lock(self.model, pks, self.db, above)
            before = states(self.model, pks, self.db)
            changed = super().update(**kwargs)
            after = states(self.model, pks, self.db)
            write(
                [Difference(self.model, pk, before[pk], after[pk]) for pk in after if pk in before],
                self.db,
            )
        return changed

    update.alters_data = True  # type: ignore[attr-defined]

    def bulk_create(
        self,
        objs: Iterable[M],
        batch_size: int | None = None,
        ignore_conflicts: bool = False,
        update_conflicts: bool = False,
        update_fields: Collection[str] | None = None,
        unique_fields: Collection[str] | None = None,
    ) -> list[M]:
        """Create rows; refuses `ignore_conflicts`, which does not say what it has written."""
        if ignore_conflicts:
            raise NotImplementedError(
                "With ignore_conflicts nobody can tell which rows were added; look before you write."
            )
        objs = list(objs)
        using = self._db or router.db_for_write(self.model)  # type: ignore[attr-defined]
        with transaction.atomic(using=using, savepoint=False):
            before = states(self.model, self._there(objs, unique_fields, using), using)
            lock(self.model, before, using, [])
            before = states(self.model, before, using)
            created = super().bulk_create(
                objs,
                batch_size=batch_size,
                update_conflicts=update_conflicts,
                update_fields=update_fields,
                unique_fields=unique_fields,
            )
            after = states(self.model, [row.pk for row in created], using)
            write(
                [Difference(self.model, pk, before.get(pk), after[pk]) for pk in after],
                using,
            )
        return created

    def _there(self, objs: list[M], unique_fields: Collection[str] | None, using: str) -> list[Any]:
        """The keys of the rows that `update_conflicts` will write over."""
        if not unique_fields:
            return []
        attnames = [
            "pk" if name == "pk" else self.model._meta.get_field(name).attname  # type: ignore[union-attr]
            for name in unique_fields
        ]
        rows = plain_rows(self.model, using)
        found: list[Any] = []
        for row in objs:
            same = {name: getattr(row, name) for name in attnames}
            found += rows.filter(**same).values_list("pk", flat=True)
        return found


class Tracked(models.Model):
    """A record with a history. A queryset of its own inherits TrackedQuerySet."""

    # Columns that follow from others, which are recorded themselves.
    history_derived: ClassVar[Collection[str]] = ()
    # The foreign key to the record of which this one is a row: its history is shown there.
    history_owner: ClassVar[str] = ""

    objects = TrackedQuerySet.as_manager()

    class Meta:
        abstract = True
        # Related managers write through the base manager.
        base_manager_name = "objects"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; the row and its history are written together or not at all."""
        with transaction.atomic(
            using=kwargs.get("using") or router.db_for_write(type(self), instance=self),
            savepoint=False,
        ):
            super().save(*args, **kwargs)
