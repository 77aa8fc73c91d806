"""The formats of an export. All of them hold the selection of the page with the same parameters."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from django import forms
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from districts.models import District
from projects import provenance
from projects.filters import errors_of
from projects.provenance import Extract
from zaozhuang.csvfile import csv_response
from zaozhuang.geometry import boundary
from zaozhuang.inputs import ChoicesField
from zaozhuang.jsonfile import dumps, json_lines, json_response, record
from zaozhuang.methods import require_safe
from zaozhuang.views import refuse
from zaozhuang.xlsxfile import xlsx_response


class HeadersForm(forms.Form):
    """How the headings are written: in the reader's language, or as codes for scripts."""

    headers = ChoicesField(
        required=False, choices=[("codes", gettext_lazy("codes"))], label=gettext_lazy("Headings")
    )


class FormFilter:
    """A form in the shape of a filter, for tables that no django-filter describes."""

    def __init__(
        self, form_class: type[forms.Form], data: QueryDict, queryset: object = None
    ) -> None:
        self.form: Any = form_class(data)

    def is_valid(self) -> bool:
        return bool(self.form.is_valid())


@dataclass(frozen=True)
class Table:
    """One kind of rows that can be exported: the parameters it takes and what they select."""

    stem: str
    title: "str | Promise"
    filter_class: Callable[..., Any]
    queryset: Callable[[], Any]
    extract: Callable[[Any], Extract[Any]]


def table(
    stem: str,
    title: "str | Promise",
    filter_class: Callable[..., Any],
    queryset: Callable[[], Any] = lambda: None,
) -> Callable[[Callable[[Any], Extract[Any]]], Table]:
    """Makes a table of a function that gives the extract of a valid selection."""

    def decorate(extract: Callable[[Any], Extract[Any]]) -> Table:
        return Table(stem, title, filter_class, queryset, extract)

    return decorate


class Write(Protocol):
    """Writes an extract in one format."""

    def __call__(
        self, request: HttpRequest, table: Table, filterset: Any, extract: Extract[Any]
    ) -> HttpResponseBase: ...


def exporter(write: Write) -> Callable[[Table], Callable[..., HttpResponseBase]]:
    """A format as a maker of views: `as_csv(projects)` answers with the projects as CSV.

    A parameter that is not valid answers 400 and no rows, whatever the format.
    """

    def of(table: Table) -> Callable[..., HttpResponseBase]:
        @require_safe
        def view(request: HttpRequest) -> HttpResponseBase:
            filterset = table.filter_class(request.GET, queryset=table.queryset())
            heads = HeadersForm(request.GET)
            if not (filterset.is_valid() and heads.is_valid()):
                return refuse(request, errors_of(filterset.form, heads))
            return write(request, table, filterset, table.extract(filterset))

        return view

    return of


@exporter
def as_csv(
    request: HttpRequest, table: Table, filterset: Any, extract: Extract[Any]
) -> HttpResponseBase:
    return csv_response(
        request, table.stem, extract.columns, extract.rows, filterset.form.fields, extract.lines
    )


@exporter
def as_xlsx(
    request: HttpRequest, table: Table, filterset: Any, extract: Extract[Any]
) -> HttpResponseBase:
    cover = provenance.cover(request, table.title, filterset, extract)
    return xlsx_response(
        request, table.stem, extract.columns, extract.rows, filterset.form.fields, cover
    )


@exporter
def as_json(
    request: HttpRequest, table: Table, filterset: Any, extract: Extract[Any]
) -> HttpResponseBase:
    head = provenance.head(request, filterset, extract)
    rows = (dumps(record(extract.columns, row)) for row in extract.rows)
    lines = json_lines(head, "rows", rows)
    return json_response(request, table.stem, "json", filterset.form.fields, lines)


@exporter
def as_geojson(
    request: HttpRequest, table: Table, filterset: Any, extract: Extract[Any]
) -> HttpResponseBase:
    """One feature a row, in the page's order, with the boundary of the row's district.

    No source gives the place of a project more exactly than its district, and each feature
    says so (`geometry_of`). A point inside the district would look like a place that
    nobody knows, and a feature a district would not be the selection of the page.
    """
    shapes = _Boundaries()
    head = {
        "type": "FeatureCollection",
        **provenance.head(request, filterset, extract),
        "credit": shapes.credit,
        "disclaimer": _("A sketch of the districts, not a basis for boundaries"),
    }

    def features() -> Iterator[str]:
        for row in extract.rows:
            properties = record(extract.columns, row)
            shape = shapes.of(row.district_id)
            properties["geometry_of"] = None if shape == "null" else "district"
            identity = dumps(row.slug)
            yield f'{{"type":"Feature","id":{identity},"geometry":{shape},"properties":{dumps(properties)}}}'

    return json_response(
        request,
        table.stem,
        "geojson",
        filterset.form.fields,
        json_lines(head, "features", features()),
        content_type="application/geo+json",
    )


class _Boundaries:
    """The boundaries of districts as GeoJSON text, each read once."""

    def __init__(self) -> None:
        credits = District.objects.exclude(boundary_credit="").exclude(boundary=None)
        self.credit = sorted(set(credits.values_list("boundary_credit", flat=True).order_by()))
        self.shapes: dict[int, str] = {}

    def of(self, district: int) -> str:
        if not self.shapes:
            self.shapes = {
                pk: json.dumps(boundary(shape), separators=(",", ":"))
                for pk, shape in District.objects.values_list("pk", "boundary").order_by()
            }
        return self.shapes.get(district, "null")
