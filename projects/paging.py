"""Pages of a list, of which one far from the first costs little more than the first."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.db import connections
from django.db.models import Count, F, OrderBy, QuerySet

from districts.models import District

# Pages up to this one are as quick without further ado.
NEAR = 20


class Pages(Paginator):  # type: ignore[type-arg]
    """Pages by number. Past the first ones, only keys are passed over, or whole districts."""

    def page(self, number: int | str) -> Page[Any]:
        page = super().page(number)
        rows = self.object_list
        if isinstance(rows, QuerySet) and page.number > NEAR:
            first = (page.number - 1) * self.per_page
            part = rows
            # SQLite passes over keys of the index faster than it counts them.
            if by_district(rows) and connections[rows.db].vendor == "postgresql":
                part, first = after_districts(rows, first)
            keys = list(part.values_list("pk", flat=True)[first : first + self.per_page])
            page.object_list = rows.filter(pk__in=keys)
        return page


def by_district(rows: QuerySet[Any]) -> bool:
    """Whether the rows are in the page's own order."""
    order = rows.query.order_by
    return (
        len(order) == 2
        and isinstance(order[0], OrderBy)
        and order[0].expression == F("district__path")
        and not order[0].descending
        and order[1] == "slug"
    )


def after_districts(rows: QuerySet[Any], first: int) -> tuple[QuerySet[Any], int]:
    """The rows without the districts that lie wholly before the one at that place, and its place then."""
    counts = dict(rows.order_by().values_list("district").annotate(Count("pk")))
    for pk, path in District.objects.order_by("path").values_list("pk", "path"):
        here = counts.get(pk, 0)
        if first < here:
            return rows.filter(district__path__gte=path), first
        first -= here
    return rows.none(), 0
