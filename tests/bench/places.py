"""The tree of invented places: a country, its provinces, their cities, their counties."""

from collections.abc import Iterator
from typing import NamedTuple

from tests.bench.names import words
from tests.bench.words import BRAND_SECOND, FIRST, PLACE

PROVINCES, CITIES, COUNTIES = 31, 330, 3000
# Letter of the address, rank, the same in English, how many, digits of the code that tell them apart.
LEVELS = [
    ("p", "省", "Province", PROVINCES, 2),
    ("c", "市", "City", CITIES, 4),
    ("d", "县", "County", COUNTIES, 6),
]


class Place(NamedTuple):
    id: int
    code: str
    slug: str
    names: tuple[str, str, str, str]  # in the order of projects.search.PLACE_NAMES
    parent: int | None
    path: str
    order: int
    boundary: str  # GeoJSON


def places() -> list[Place]:
    """All places, each after the one it belongs to; a place's id is its number in the list from 1."""
    names = ("合成国", "Synthetica", "合成国", "Synthetica")
    found = [Place(1, "100000", "country", names, None, "100000/", 0, _square(0))]
    above = found[:]
    for letter, rank, english, count, digits in LEVELS:
        level = []
        for number in range(count):
            parent, order = above[number % len(above)], number // len(above)
            code = (parent.code[: digits - 2] + f"{11 + order:02}").ljust(6, "0")
            short = _name(number, long=letter == "d")
            sound = words(*short).sound.title()
            level.append(
                Place(
                    len(found) + number + 1,
                    code,
                    f"{letter}{number + 1}",
                    (short + rank, f"{sound} {english}", short, sound),
                    parent.id,
                    f"{parent.path}{code}/",
                    order,
                    _square(number),
                )
            )
        found += level
        above = level
    return found


def _name(number: int, *, long: bool) -> str:
    """The name of the number, without its rank; no two counties and no two others share one."""
    first, number = FIRST[number % len(FIRST)], number // len(FIRST)
    if not long:
        return first + PLACE[number % len(PLACE)]
    return first + BRAND_SECOND[number % len(BRAND_SECOND)] + PLACE[number // len(BRAND_SECOND)]


def _square(number: int) -> str:
    """A square of one degree as GeoJSON text, so that maps have something to draw."""
    west, south = 75 + number % 60, 20 + number // 60 % 30
    corners = [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]
    ring = ",".join(f"[{west + x},{south + y}]" for x, y in corners)
    return f'{{"type":"Polygon","coordinates":[[{ring}]]}}'


def counties(every: list[Place]) -> Iterator[Place]:
    """Those at the bottom of the tree, which hold the projects."""
    return (place for place in every if place.slug.startswith("d"))
