"""Check constraints of many records, without asking the database about each of each.

Django validates a check constraint by a query of its own: a dozen for every row of a sheet. Whether
a condition holds for values that are at hand can mostly be told without; where it cannot, or it
does not hold, Django asks as ever, and the database itself has the last word when it is written.
"""

import operator
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import CheckConstraint, F, Q
from django.db.models.constants import LOOKUP_SEP

from zaozhuang.sheets.columns import LoadedChoiceField

if TYPE_CHECKING:
    from django.forms import ModelForm

AnyForm = TypeVar("AnyForm", bound="ModelForm[Any]")

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "exact": operator.eq,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "in": lambda value, among: value in among,
    # Of a day its ISO form, as the databases hold and compare it.
    "endswith": lambda value, end: str(value).endswith(end),
}


class Unsure(Exception):
    """Only the database can tell."""


def surely_holds(condition: Any, record: models.Model) -> bool:
    """Whether the condition certainly holds for the record's values; False where it may not."""
    try:
        return _holds(condition, record, negations=0) is not False
    except (Unsure, TypeError):
        return False


def _holds(condition: Any, record: models.Model, *, negations: int) -> bool | None:
    """As SQL decides: None where a blank value leaves it open, which a check lets pass."""
    if not isinstance(condition, Q):
        return _compare(*condition, record=record, negations=negations)
    if condition.connector not in (Q.AND, Q.OR):
        raise Unsure
    parts = [
        _holds(child, record, negations=negations + condition.negated)
        for child in condition.children
    ]
    # The value that decides alone; else what is open stays open.
    decisive = condition.connector == Q.OR
    result = decisive if decisive in parts else None if None in parts else not decisive
    return None if result is None else result is not condition.negated


def _compare(name: str, wanted: Any, *, record: models.Model, negations: int) -> bool | None:
    field, _sep, lookup = name.partition(LOOKUP_SEP)
    value = _value(record, field)
    if lookup == "isnull":
        return (value is None) is bool(wanted)
    if (lookup or "exact") not in COMPARISONS:
        raise Unsure
    if isinstance(wanted, F):
        wanted = _value(record, wanted.name)
    if value is None or wanted is None:
        # Inside a negation Django adds that the column is not blank, which can only make it hold.
        if negations > 1:
            raise Unsure
        return None
    return COMPARISONS[lookup or "exact"](value, wanted)


def _value(record: models.Model, name: str) -> Any:
    try:
        value = getattr(record, record._meta.get_field(name).attname)  # type: ignore[union-attr]
    except (FieldDoesNotExist, AttributeError):
        raise Unsure from None
    if hasattr(value, "resolve_expression"):
        raise Unsure
    return value


def doubtful_constraints(record: models.Model) -> list[Any]:
    """The record's constraints as Django groups them, without those that surely hold."""
    return [
        (
            model,
            [
                constraint
                for constraint in constraints
                if not (
                    isinstance(constraint, CheckConstraint)
                    and surely_holds(constraint.condition, record)
                )
            ],
        )
        for model, constraints in type(record).get_constraints(record)
    ]


def swift(form: type[AnyForm]) -> type[AnyForm]:
    """The form class, made to ask the database only what it must."""

    class Swift(form):  # type: ignore[misc, valid-type]
        def _post_clean(self) -> None:
            record = self.instance
            # Of a record out of those that were loaded nobody needs to ask whether it is there.
            loaded = {n for n, f in self.fields.items() if isinstance(f, LoadedChoiceField)}
            record.get_constraints = partial(doubtful_constraints, record)
            record.clean_fields = lambda exclude=None: type(record).clean_fields(
                record, {*(exclude or ()), *loaded}
            )
            try:
                super()._post_clean()
            finally:
                del record.get_constraints, record.clean_fields

    Swift.__name__ = form.__name__
    return Swift
