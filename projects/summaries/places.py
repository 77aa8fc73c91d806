"""What a change of the tree of districts does to the tallies of its places."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Q

from districts.models import District
from projects.models import Project
from projects.summaries.facts import plain
from projects.summaries.keeping import counted


@contextmanager
def replanted(districts: Iterable[Any], parents: Iterable[Any]) -> Iterator[None]:
    """Around a write that moves, adds or deletes districts below these parents, old and new."""
    with transaction.atomic():
        inside = _inside(districts, parents)
        if inside and connection.features.has_select_for_update:
            # Whoever adds a project there waits, or is waited for and then seen.
            places = plain(District).filter(inside).order_by("pk")
            list(places.select_for_update(no_key=True).values_list("pk"))
        with counted(_projects(inside)):
            yield


def affected(districts: Iterable[Any], parents: Iterable[Any]) -> set[Any]:
    """The keys of the projects that may count elsewhere when the districts move.

    What lies in or below a district moves with it. A parent that gets its first place or loses
    its last becomes or ceases to be one whose tallies are kept, which matters to the place
    above it too; one that gets or loses a place with others below it becomes or ceases to be large.
    """
    return _projects(_inside(districts, parents))


def _inside(districts: Iterable[Any], parents: Iterable[Any]) -> Q:
    moved = plain(District).filter(pk__in={key for key in districts if key})
    above = plain(District).filter(pk__in={key for key in parents if key})
    paths = set(moved.values_list("path", flat=True))
    grown = moved.filter(children__isnull=False).exists()
    for path, up, below in above.annotate(Count("children")).values_list(
        "path", "parent__path", "children__count"
    ):
        if below <= 1:
            paths.add(up or path)
        elif grown:
            paths.add(path)
    inside = Q()
    for path in paths:
        inside |= Q(path__startswith=path)
    return inside


def _projects(inside: Q) -> set[Any]:
    if not inside:
        return set()
    places = plain(District).filter(inside).values("pk")
    return set(plain(Project).filter(district__in=places).values_list("pk", flat=True))
