"""Boundaries as RFC 7946 wants them: closed rings, outer ones counter-clockwise, holes clockwise."""

import json
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.db import models
from django.db.models.expressions import Col

Ring = list[list[float]]


class BoundaryField(models.JSONField):
    """A GeoJSON geometry that is taken apart once, however many records and pages are read with it.

    A boundary is some 10 KB of text, and taking it apart cost more than the rest of its record.
    Those who read the same boundary share one object: it is replaced as a whole, never changed.
    """

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        if isinstance(value, str) and isinstance(expression, Col):
            return _read(value)
        return super().from_db_value(value, expression, connection)

    def deconstruct(self) -> Any:
        """As Django's own: the column is the same, so no migration needs to know of this class."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs


# The places on a map, and those of a few more maps.
@lru_cache(maxsize=64)
def _read(text: str) -> Any:
    return json.loads(text)


def boundary(geometry: Any) -> dict[str, Any] | None:
    """A Polygon or MultiPolygon that is valid by RFC 7946, or None where it cannot be made one.

    Winding is turned the right way, open rings are closed and repeated points left out.
    """
    if not isinstance(geometry, dict):
        return None
    coordinates = geometry.get("coordinates")
    try:
        match geometry.get("type"):
            case "Polygon":
                return {"type": "Polygon", "coordinates": _polygon(coordinates)}
            case "MultiPolygon" if isinstance(coordinates, list) and coordinates:
                return {"type": "MultiPolygon", "coordinates": [_polygon(p) for p in coordinates]}
    except ValueError:
        pass
    return None


def _polygon(rings: Any) -> list[Ring]:
    if not isinstance(rings, list) or not rings:
        raise ValueError("a polygon has at least one ring")
    return [_ring(ring, outer=at == 0) for at, ring in enumerate(rings)]


def _ring(points: Any, *, outer: bool) -> Ring:
    if not isinstance(points, list):
        raise ValueError("a ring is a list of positions")
    ring: Ring = []
    for point in points:
        position = _position(point)
        if not ring or ring[-1] != position:
            ring.append(position)
    if ring and ring[0] != ring[-1]:
        ring.append(ring[0])
    if len(ring) < 4:
        raise ValueError("a ring has at least three corners")
    return ring if (signed_area(ring) > 0) == outer else ring[::-1]


def _position(point: Any) -> list[float]:
    """Longitude and latitude in degrees; a height is left out."""
    if not isinstance(point, list) or len(point) < 2:
        raise ValueError("a position is a longitude and a latitude")
    for number, limit in zip(point, (180, 90), strict=False):
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise ValueError("a coordinate is a number")
        if not math.isfinite(number) or abs(number) > limit:
            raise ValueError("a coordinate is in degrees")
    return [point[0], point[1]]


def signed_area(ring: Sequence[Sequence[float]]) -> float:
    """The area of a closed ring in square degrees; positive where it runs counter-clockwise."""
    # Counted from the first point: far from the origin the products would lose the small areas.
    x, y = ring[0][0], ring[0][1]
    return (
        sum(
            (a[0] - x) * (b[1] - y) - (b[0] - x) * (a[1] - y)
            for a, b in zip(ring, ring[1:], strict=False)
        )
        / 2
    )
