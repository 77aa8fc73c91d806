"""How the tests of the report's facts find a record and read it."""

from decimal import Decimal
from typing import Any

from districts.models import (
    Reading,
    Target,
)
from projects.models import (
    Project,
)
from zaozhuang.numbers import plain

PAGE = "newspaper-page-2023-02"


def reading(district: str, indicator: str, place: str = "", **more: Any) -> Reading:
    return Reading.objects.get(
        district__slug=district, indicator__slug=indicator, place__contains=place, **more
    )


def target(district: str, indicator: str) -> Target:
    return Target.objects.get(district__slug=district, indicator__slug=indicator)


def project(name: str) -> Project:
    return Project.objects.get(name__contains=name)


def iso(record: Any, field: str) -> str:
    """A date as the page gives it, at its precision."""
    day, precision = getattr(record, field), getattr(record, f"{field}_precision")
    return f"{day} {precision}"


def number(value: Decimal | None) -> str:
    """A figure without the zeros that its column adds."""
    return "blank" if value is None else plain(value)
