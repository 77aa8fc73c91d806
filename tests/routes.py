"""Every address of the tracker, read from the URLconf: a new page is tested without being listed.

`routes()` walks the patterns; `paths()` fills in the parameters of one of them with the keys of
records that exist.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote

from django.contrib import admin
from django.db import models
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import LocalePrefixPattern
from django.utils.regex_helper import normalize

from districts.models import District, Reading, Source
from projects.models import Company, Project

# Which records the addresses below a first word are about. What is not listed, such as a page
# that is new, is asked for with a key of each kind.
RECORDS: dict[str, type[models.Model]] = {
    "districts": District,
    "projects": Project,
    "companies": Company,
    "sources": Source,
    "figures": Reading,
}
CHARTS = ["targets", "map", "stages", "funnel", "chain", "capacity", "timeline"]
SOME = 3  # records that an address is tried with


@dataclass(frozen=True)
class Route:
    """One pattern: its address with `%(name)s` for each parameter, and the view behind it."""

    template: str
    parameters: tuple[str, ...]
    view: Callable[..., Any]
    name: str
    localised: bool

    @property
    def desk(self) -> bool:
        return self.template.startswith("admin/")

    @property
    def admin(self) -> Any:
        """The ModelAdmin that answers, or None."""
        for model, desk in admin.site._registry.items():
            meta = model._meta
            if self.template.startswith(f"admin/{meta.app_label}/{meta.model_name}/"):
                return desk
        return None

    @property
    def resource(self) -> Any:
        """The class of the API that answers, or None."""
        return getattr(self.view, "cls", None)

    @property
    def model(self) -> type[models.Model] | None:
        """The kind of records whose keys the address takes, where the view says so."""
        if self.admin is not None:
            model: type[models.Model] = self.admin.model
            return model
        if self.resource is not None:
            rows = getattr(self.resource, "queryset", None)
            return None if rows is None else rows.model
        return RECORDS.get(self.template.split("/")[0])


@cache
def routes() -> tuple[Route, ...]:
    return tuple(_walk(get_resolver(), "", localised=False))


def _walk(resolver: URLResolver, before: str, *, localised: bool) -> Iterator[Route]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern.pattern, LocalePrefixPattern):
            assert isinstance(pattern, URLResolver)
            yield from _walk(pattern, before, localised=True)
            continue
        # A path's expression may hold what only a whole one may: flags and the end.
        expression = pattern.pattern.regex.pattern.removeprefix("^")
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern, before + expression, localised=localised)
        elif isinstance(pattern, URLPattern):
            for template, parameters in normalize(before + expression)[-1:]:
                yield Route(
                    template,
                    tuple(parameters),
                    pattern.callback,
                    pattern.name or "",
                    localised,
                )


def keys(route: Route, parameter: str) -> list[str]:
    """Values that a parameter of the address can have, of records in the database."""
    if parameter == "name" and route.template.startswith("charts/"):
        return CHARTS
    if route.model is None:
        return [
            str(key)
            for model in RECORDS.values()
            for key in model._default_manager.values_list("slug", flat=True)[:SOME]
        ]
    field = "pk"
    if route.resource is not None:
        field = getattr(route.resource, "lookup_field", "pk")
    elif route.admin is None:
        field = "slug"
    return [str(key) for key in route.model._default_manager.values_list(field, flat=True)[:SOME]]


def paths(route: Route) -> list[str]:
    """Addresses of a route: one for each key that its parameters can have, in Chinese."""
    chosen = [keys(route, parameter) for parameter in route.parameters]
    count = max([1, *map(len, chosen)])
    return [
        "/"
        + route.template
        % {
            name: quote(values[at % len(values)] if values else "1")
            for name, values in zip(route.parameters, chosen, strict=True)
        }
        for at in range(count)
    ]
