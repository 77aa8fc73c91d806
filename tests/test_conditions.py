"""What is told of a check constraint without asking the database is what the database says."""

from datetime import date
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from django.db import models
from django.db.models import F, Q

from districts.models import Reading, Target
from projects.models import Capacity, ProgressReport, Project, StageChange
from zaozhuang.sheets.conditions import surely_holds

MODELS: list[type[models.Model]] = [Project, ProgressReport, Capacity, Target, Reading, StageChange]
# Values of each kind of column, ordinary ones and such as a constraint forbids.
NUMBERS = [None, Decimal(-1), Decimal(0), Decimal("50.5"), Decimal(200)]
DAYS = [None, date(2023, 3, 1), date(2023, 3, 31)]


def values_of(column: Any) -> list[Any]:
    if isinstance(column, models.DecimalField):
        return NUMBERS
    if isinstance(column, models.DateField):
        return DAYS
    if isinstance(column, models.ForeignKey | models.BigAutoField):
        return [None, 1]
    return ["", "month", "stated", "unknown", "agreed", "ge", "x"]


def named_in(condition: Any) -> set[str]:
    """The columns that a condition speaks of."""
    if isinstance(condition, Q):
        return {name for child in condition.children for name in named_in(child)}
    name, wanted = condition
    return {name.partition("__")[0], *([wanted.name] if isinstance(wanted, F) else [])}


def records(model: type[models.Model], names: set[str]) -> list[Any]:
    columns = [
        model._meta.get_field("pk" if name == "id" else name) if name != "id" else model._meta.pk
        for name in sorted(names)
    ]
    every = product(*(values_of(column)[:4] for column in columns))
    attnames = [column.attname for column in columns]  # type: ignore[union-attr]
    return [model(**dict(zip(attnames, values, strict=True))) for values in list(every)[:70]]


@pytest.mark.django_db
@pytest.mark.parametrize("model", MODELS)
def test_what_surely_holds_the_database_accepts(model: type[models.Model]) -> None:
    decided = held = 0
    for constraint in model._meta.constraints:
        if not isinstance(constraint, models.CheckConstraint):
            continue
        for record in records(model, named_in(constraint.condition)):
            values = record._get_field_expression_map(meta=model._meta)
            holds = Q(constraint.condition).check(values)
            sure = surely_holds(constraint.condition, record)
            assert holds or not sure, (constraint.name, vars(record))
            held += holds
            decided += sure
    # Mostly it can be told, else there would be no point in it.
    assert decided > held * 0.8


def test_what_is_not_known_is_left_to_the_database() -> None:
    project = Project(name="x", investment=Decimal(3))
    assert surely_holds(Q(investment__gt=2), project)
    for condition in (
        Q(investment__gt=5),
        Q(name__regex="x"),
        Q(investment__gt=2) ^ Q(name="x"),
        Q(district__name="x"),
        Q(investment__gt="two"),
        ~(Q(name="x") & ~Q(due__gt=date(2023, 1, 1))),
        models.Exists(Project.objects.all()),
    ):
        assert not surely_holds(condition, project), condition
    project.investment = F("investment") + 1
    assert not surely_holds(Q(investment__gt=2), project)
