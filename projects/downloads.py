"""Exports: the same selection and order as the page with the same parameters."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from districts.models import District, Reading, Target
from projects import exports
from projects.charts.base import Chart
from projects.charts.timeline import history_chart
from projects.dashboards import the_city
from projects.filters import CompanyFilter, PlacedFilter, ProjectFilter, errors_of
from projects.gaps import LINK_COLUMNS
from projects.models import Capacity, Company, Project
from projects.places import Place
from zaozhuang.csvfile import Column, csv_response
from zaozhuang.dates import today
from zaozhuang.inputs import ChoicesField, DayForm
from zaozhuang.views import refuse

# Rows fetched at once with their prefetched relations; bounds the memory of an export.
BATCH = 2000


class HeadersForm(forms.Form):
    """How the headings are written: in the reader's language, or as codes for scripts."""

    headers = ChoicesField(required=False, choices=[("codes", _("codes"))], label=_("Headings"))


Download = Callable[[HttpRequest, Any], tuple[Sequence[Column[Any]], Iterable[Any]]]


def csv_of(
    stem: str, filter_class: type[Any], queryset: Callable[[], Any]
) -> Callable[[Download], Callable[..., HttpResponseBase]]:
    """A CSV view from a function that gives the columns and the rows of a valid selection."""

    def decorate(download: Download) -> Callable[..., HttpResponseBase]:
        def view(request: HttpRequest) -> HttpResponseBase:
            filterset = filter_class(request.GET, queryset=queryset())
            heads = HeadersForm(request.GET)
            if not (filterset.is_valid() and heads.is_valid()):
                return refuse(request, errors_of(filterset.form, heads))
            columns, rows = download(request, filterset)
            return csv_response(request, stem, columns, rows, filterset.form.fields)

        return require_safe(view)

    return decorate


@csv_of("projects", ProjectFilter, Project.objects.all)
def projects_csv(
    request: HttpRequest, filterset: ProjectFilter
) -> tuple[Sequence[Column[Project]], Iterable[Project]]:
    return exports.PROJECT_COLUMNS, filterset.selection().for_list().iterator(BATCH)


@csv_of("capacities", ProjectFilter, Project.objects.all)
def capacities_csv(
    request: HttpRequest, filterset: ProjectFilter
) -> tuple[Sequence[Column[Capacity]], Iterable[Capacity]]:
    """One product a row, in the order of the projects on the page."""

    def rows() -> Iterable[Capacity]:
        projects = (
            filterset.selection()
            .for_list()
            .prefetch_related("capacities__technology", "capacities__source")
        )
        for project in projects.iterator(BATCH):
            for capacity in project.capacities.all():
                capacity.project = project
                yield capacity

    return exports.CAPACITY_COLUMNS, rows()


@csv_of("targets", PlacedFilter, Target.objects.for_list)
def targets_csv(
    request: HttpRequest, filterset: PlacedFilter
) -> tuple[Sequence[Column[Target]], Iterable[Target]]:
    day = filterset.form.cleaned_data["as_of"] or today()
    return exports.TARGET_COLUMNS, filterset.selection().measured(day)


@csv_of("readings", PlacedFilter, Reading.objects.for_list)
def readings_csv(
    request: HttpRequest, filterset: PlacedFilter
) -> tuple[Sequence[Column[Reading]], Iterable[Reading]]:
    day = filterset.form.cleaned_data["as_of"] or today()
    return exports.READING_COLUMNS, filterset.selection().filter(period__lte=day).iterator(BATCH)


@csv_of("companies", CompanyFilter, Company.objects.all)
def companies_csv(
    request: HttpRequest, filterset: CompanyFilter
) -> tuple[Sequence[Column[Company]], Iterable[Company]]:
    return exports.COMPANY_COLUMNS, filterset.selection().for_list().iterator(BATCH)


@require_safe
def chain_csv(request: HttpRequest) -> HttpResponseBase:
    """The links of the chain: who is there, how far, and which are open."""
    form, heads = DayForm(request.GET), HeadersForm(request.GET)
    if not (form.is_valid() and heads.is_valid()):
        return refuse(request, errors_of(form, heads))
    city = the_city()
    found = Place(city, form.cleaned_data["as_of"]).links if city else []
    return csv_response(request, "chain", LINK_COLUMNS, found, ["as_of"])


@require_safe
def chart_csv(request: HttpRequest, name: str) -> HttpResponseBase:
    """The numbers of one chart, as its table shows them."""
    form, heads = DayForm(request.GET), HeadersForm(request.GET)
    if not (form.is_valid() and heads.is_valid()):
        return refuse(request, errors_of(form, heads))
    chart = _chart(request, name, form.cleaned_data["as_of"])
    columns = [
        Column[Any](str(at), head, lambda row, at=at: row[at].text)  # type: ignore[misc]
        for at, head in enumerate(chart.heads)
    ]
    return csv_response(
        request, f"chart-{name}", columns, chart.rows, ["district", "project", "as_of"]
    )


def _chart(request: HttpRequest, name: str, as_of: Any) -> Chart:
    if name == "history":
        project = get_object_or_404(Project.objects.at(), slug=request.GET.get("project", "")[:80])
        return history_chart(
            project, list(project.stage_changes.counting().select_related("source"))
        )
    charts = ["targets", "map", "stages", "funnel", "chain", "capacity", "timeline"]
    slug = request.GET.get("district", "")[:80]
    district = get_object_or_404(District, slug=slug) if slug else the_city()
    if name not in charts or district is None:
        raise Http404
    chart = getattr(Place(district, as_of), f"{name}_chart")
    assert isinstance(chart, Chart)
    return chart
