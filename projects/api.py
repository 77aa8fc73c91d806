"""The read-only API: the same selections as the pages and exports, as JSON.

A resource names its rows, its parameters and its columns; all else is the same for all.
"""

import re
from datetime import date
from typing import Any, ClassVar

from django.db.models import F, Prefetch, QuerySet
from django.db.models.functions import Length
from django.http import HttpRequest, QueryDict
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import conditional_page
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from districts.models import District, Indicator, Reading, Source, Target
from projects import api_columns
from projects.api_pages import CursorPages
from projects.api_schema import Schema
from projects.filters import (
    ORDERINGS,
    CompanyFilter,
    Everything,
    PlacedFilter,
    ProjectFilter,
    StageChangeFilter,
    errors_of,
)
from projects.models import Capacity, Company, Project, Segment, StageChange
from projects.search import relevance
from projects.stages import stage_order
from zaozhuang.dates import today
from zaozhuang.inputs import SLUG

NUMBER = re.compile(r"[1-9][0-9]{0,17}")


# The tag of an answer is made of its content; who has it already is answered 304.
@method_decorator(conditional_page, name="dispatch")
class Resource(GenericViewSet[Any]):
    """A list in pages, and its records one by one."""

    http_method_names = ["get", "head"]
    pagination_class = CursorPages
    schema = Schema()
    lookup_field = "slug"
    # Any text, so that a wrong one is answered as JSON too.
    lookup_value_regex = r"[^/]+"
    lookup_pattern: ClassVar[re.Pattern[str]] = SLUG
    filterset_class: ClassVar[type[Any]] = Everything
    about: ClassVar[Any]

    def table(self) -> QuerySet[Any]:
        """What the parameters select from."""
        return self.get_queryset()

    def rows(self, filterset: Any) -> QuerySet[Any]:
        """The records selected, with what their columns need, in an order without ties."""
        raise NotImplementedError

    def finished(self, rows: QuerySet[Any]) -> list[Any]:
        """The records with what only Python can add to them."""
        return list(rows)

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.rows(self.asked(request.query_params)))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request: Request, **address: str) -> Response:
        name = self.lookup_url_kwarg or self.lookup_field
        if not self.lookup_pattern.fullmatch(address[name]):
            raise NotFound
        # A record is found by its address alone; only the day changes what it says.
        parameters = QueryDict(mutable=True)
        parameters.setlist("as_of", request.query_params.getlist("as_of"))
        rows = self.rows(self.asked(parameters)).filter(**{self.lookup_field: address[name]})
        found = self.finished(rows[:1])
        if not found:
            raise NotFound
        return Response(self.get_serializer(found[0]).data)

    def asked(self, parameters: QueryDict) -> Any:
        """The filter set of the parameters; raises ValidationError with what is wrong with them."""
        filterset = self.filterset_class(parameters, queryset=self.table())
        if not filterset.is_valid():
            raise ValidationError(errors_of(filterset.form))
        self.as_of: date | None = filterset.form.cleaned_data.get("as_of")
        return filterset


class Projects(Resource):
    about = _("Projects with their stage, companies, capacity and source.")
    queryset = Project.objects.all()
    serializer_class = api_columns.ProjectRow
    filterset_class = ProjectFilter

    def rows(self, filterset: ProjectFilter) -> QuerySet[Any]:
        return filterset.selection().for_list()


class Capacities(Resource):
    about = _("One product of a project a row: the tidy form of capacity.")
    queryset = Capacity.objects.all()
    serializer_class = api_columns.CapacityRow
    filterset_class = ProjectFilter
    lookup_field = "pk"
    lookup_url_kwarg = "id"
    lookup_pattern = NUMBER

    def table(self) -> QuerySet[Any]:
        return Project.objects.all()

    def rows(self, filterset: ProjectFilter) -> QuerySet[Any]:
        projects = Project.objects.at(self.as_of).select_related("district")
        return (
            Capacity.objects.at(self.as_of)
            .filter(project__in=filterset.selection().values("pk"))
            .select_related("segment", "unit", "technology", "source")
            .prefetch_related(Prefetch("project", projects))
            .order_by(*self.order(filterset), "project__slug", "pk")
        )

    def order(self, filterset: ProjectFilter) -> "list[Any]":
        """The order of the projects, seen from their capacities."""
        if filterset.ranked:
            ranks = relevance(filterset.values["q"], "project__search")
            return [ranks, Length("project__name"), "project__district__path"]
        code = filterset.values["ordering"] or "district"
        key = ORDERINGS[code.removeprefix("-")]()
        key = F(f"project__{key.name}") if isinstance(key, F) else stage_order("at_stage")
        return [key.desc() if code.startswith("-") else key.asc()]


class Targets(Resource):
    about = _("Promises of work reports, each with its progress and state on the day.")
    queryset = Target.objects.all()
    serializer_class = api_columns.TargetRow
    filterset_class = PlacedFilter
    lookup_field = "pk"
    lookup_url_kwarg = "id"
    lookup_pattern = NUMBER

    def rows(self, filterset: PlacedFilter) -> QuerySet[Any]:
        rows: QuerySet[Any] = filterset.selection().for_list()
        return rows

    def finished(self, rows: Any) -> list[Any]:
        measured: list[Any] = rows.measured(self.as_of or today())
        return measured


class Readings(Resource):
    about = _("Actual figures of districts, each for a period.")
    queryset = Reading.objects.all()
    serializer_class = api_columns.ReadingRow
    filterset_class = PlacedFilter
    lookup_field = "pk"
    lookup_url_kwarg = "id"
    lookup_pattern = NUMBER

    def rows(self, filterset: PlacedFilter) -> QuerySet[Any]:
        rows: QuerySet[Any] = filterset.selection().for_list()
        return rows.filter(period__lte=self.as_of or today())


class Companies(Resource):
    about = _("Companies with their honours and projects.")
    queryset = Company.objects.all()
    serializer_class = api_columns.CompanyRow
    filterset_class = CompanyFilter

    def rows(self, filterset: CompanyFilter) -> QuerySet[Any]:
        return filterset.selection().for_list(self.as_of)


class Districts(Resource):
    about = _("Places: the city and its districts, each with its code.")
    queryset = District.objects.all()
    serializer_class = api_columns.DistrictRow

    def rows(self, filterset: Everything) -> QuerySet[Any]:
        return filterset.selection().select_related("parent", "position_source").order_by("path")


class Sources(Resource):
    about = _("What figures rest on.")
    queryset = Source.objects.all()
    serializer_class = api_columns.SourceRow

    def rows(self, filterset: Everything) -> QuerySet[Any]:
        return filterset.selection().order_by("-date", "slug")


class Segments(Resource):
    about = _("The links of the chain, from upstream to downstream.")
    queryset = Segment.objects.all()
    serializer_class = api_columns.SegmentRow
    lookup_field = "code"

    def rows(self, filterset: Everything) -> QuerySet[Any]:
        return filterset.selection().select_related("stream", "unit").order_by("order")


class Indicators(Resource):
    about = _("What is measured, with unit and definition.")
    queryset = Indicator.objects.all()
    serializer_class = api_columns.IndicatorRow

    def rows(self, filterset: Everything) -> QuerySet[Any]:
        return (
            filterset.selection()
            .select_related("theme", "unit")
            .order_by("theme__order", "order", "slug")
        )


class StageChanges(Resource):
    about = _("The dated events of projects, newest first.")
    queryset = StageChange.objects.all()
    serializer_class = api_columns.StageChangeRow
    filterset_class = StageChangeFilter
    lookup_field = "pk"
    lookup_url_kwarg = "id"
    lookup_pattern = NUMBER

    def rows(self, filterset: StageChangeFilter) -> QuerySet[Any]:
        rows: QuerySet[Any] = filterset.selection().recent()
        return rows.filter(date__lte=self.as_of) if self.as_of else rows


class Nothing(APIView):
    """404 as JSON for every other address below this one."""

    schema = None

    def get(self, request: HttpRequest) -> Response:
        raise NotFound
