"""Noticing what save(), delete(), cascades, loaddata and many-to-many relations do."""

from typing import Any

from django.apps import apps
from django.db import models
from django.db.models.signals import m2m_changed, post_save, pre_delete, pre_save

from zaozhuang.history.entries import (
    Difference,
    given,
    label,
    lock,
    names,
    plain_rows,
    relations,
    states,
    write,
)
from zaozhuang.history.tracking import Tracked
from zaozhuang.models import HistoryEntry

# Where the state before a save waits for the save to be done.
BEFORE = "_history_before"
# A mark on what loaddata restores together with its history, which is not written again.
RESTORED = "_history_restored"
# The many-to-many fields by the table that holds their pairs.
_fields: dict[Any, Any] = {}
_waiting: dict[tuple[Any, int], dict[Any, list[Any]]] = {}


def connect() -> None:
    """Listen to every tracked model; called once, when all models are there."""
    for model in apps.get_models():
        if not issubclass(model, Tracked):
            continue
        pre_save.connect(before_save, sender=model, dispatch_uid="history")
        post_save.connect(after_save, sender=model, dispatch_uid="history")
        pre_delete.connect(before_delete, sender=model, dispatch_uid="history")
        for field in model._meta.local_many_to_many:
            _fields[field.remote_field.through] = field
            m2m_changed.connect(
                relation_changed, sender=field.remote_field.through, dispatch_uid="history"
            )


def before_save(sender: type[Tracked], instance: Tracked, using: str, **kwargs: Any) -> None:
    owner = getattr(instance, f"{sender.history_owner}_id") if sender.history_owner else None
    pks = [] if instance.pk is None else [instance.pk]
    lock(sender, pks, using, [] if owner is None else [owner])
    instance.__dict__[BEFORE] = states(sender, pks, using).get(instance.pk) if pks else None


def after_save(
    sender: type[Tracked],
    instance: Tracked,
    using: str,
    raw: bool = False,
    created: bool = False,
    **kwargs: Any,
) -> None:
    after = given(instance) if created and not raw else None
    # Read back, because what was assigned is not always what is stored: expressions, decimals.
    after = after or states(sender, [instance.pk], using).get(instance.pk)
    before = instance.__dict__.pop(BEFORE, None)
    if raw and before is None and _comes_with_history(sender, instance.pk, using):
        instance.__dict__[RESTORED] = True
        return
    write([Difference(sender, instance.pk, before, after)], using)


def _comes_with_history(model: type[Tracked], pk: Any, using: str) -> bool:
    """Whether loaddata brings back a record whose history, loaded before it, knows it is there."""
    same = plain_rows(HistoryEntry, using).filter(model=label(model), object_id=pk)
    newest = same.order_by("-pk").first()
    return newest is not None and newest.action != HistoryEntry.Action.DELETED


def before_delete(sender: type[Tracked], instance: Tracked, using: str, **kwargs: Any) -> None:
    lock(sender, [instance.pk], using, [])
    state = states(sender, [instance.pk], using).get(instance.pk)
    if state is None:
        return
    for field in sender._meta.local_many_to_many:
        state[field.name] = relations(field, [instance.pk], using)[instance.pk]
    write(
        [Difference(sender, instance.pk, state, None, *names(instance)), *_let_go(instance, using)],
        using,
    )


def _let_go(record: Tracked, using: str) -> list[Difference]:
    """What changes in the many-to-many fields of others when a record goes."""
    found: list[Difference] = []
    for relation in record._meta.related_objects:
        field = relation.field
        if not isinstance(field, models.ManyToManyField) or not issubclass(field.model, Tracked):
            continue
        for pk, held in relations(field, _holders(field, record.pk, using), using).items():
            left = [other for other in held if other != record.pk]
            found.append(Difference(field.model, pk, {field.name: held}, {field.name: left}))
    return found


def _holders(field: Any, pk: Any, using: str) -> list[Any]:
    """The records whose many-to-many field holds the one of this key."""
    rows = plain_rows(field.remote_field.through, using)
    return list(
        rows.filter(**{field.m2m_reverse_name(): pk}).values_list(
            field.m2m_column_name(), flat=True
        )
    )


def relation_changed(
    sender: Any,
    instance: Any,
    action: str,
    reverse: bool,
    pk_set: set[Any] | None,
    using: str,
    **kwargs: Any,
) -> None:
    """A record gains or loses others; from either side it is the one with the field that changes."""
    field, key = _fields[sender], (sender, id(instance))
    if RESTORED in instance.__dict__:
        return
    if action.startswith("pre_"):
        if not reverse:
            holders = [instance.pk]
        elif pk_set is None:
            holders = _holders(field, instance.pk, using)
        else:
            holders = list(pk_set)
        lock(field.model, holders, using, [])
        _waiting[key] = relations(field, holders, using)
        return
    before = _waiting.pop(key)
    after = relations(field, before, using)
    write(
        [
            Difference(field.model, pk, {field.name: held}, {field.name: after[pk]})
            for pk, held in before.items()
        ],
        using,
    )
