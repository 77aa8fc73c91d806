"""What can be exported: for each table its columns, and its rows in the order of the page."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _

from districts.models import District, Reading, Target
from projects import exports, rules
from projects.charts.base import Chart
from projects.charts.timeline import history_chart
from projects.dashboards import the_city
from projects.filters import CompanyFilter, PlacedFilter, ProjectFilter, errors_of
from projects.formats import FormFilter, HeadersForm, table
from projects.gaps import LINK_COLUMNS, Link
from projects.models import Capacity, Company, Honour, Project
from projects.places import Place
from projects.provenance import Extract, as_of, sources_of, sources_of_projects
from projects.streams import project_lines
from zaozhuang.csvfile import Column, csv_response
from zaozhuang.inputs import DayForm
from zaozhuang.methods import require_safe
from zaozhuang.views import refuse

# Rows fetched at once with their prefetched relations; bounds the memory of an export.
BATCH = 2000


@table("projects", _("Projects"), ProjectFilter, Project.objects.all)
def projects(filterset: ProjectFilter) -> Extract[Project]:
    selection = filterset.selection()
    return Extract(
        exports.PROJECT_COLUMNS,
        selection.for_list().iterator(BATCH),
        selection.count,
        sources_of_projects(selection, filterset.as_of_day),
        rules.project_rules(),
        rules.project_codes,
        lines=partial(project_lines, selection),
    )


@table("capacities", _("Capacities"), ProjectFilter, Project.objects.all)
def capacities(filterset: ProjectFilter) -> Extract[Capacity]:
    """One product a row, in the order of the projects on the page."""
    selection = filterset.selection()
    own = Capacity.objects.filter(project__in=selection.order_by().values("pk"))

    def rows() -> Iterable[Capacity]:
        chosen = selection.for_list().prefetch_related(
            "capacities__technology", "capacities__source"
        )
        for project in chosen.iterator(BATCH):
            for capacity in project.capacities.all():
                capacity.project = project
                yield capacity

    return Extract(
        exports.CAPACITY_COLUMNS,
        rows(),
        own.count,
        sources_of(own),
        rules.project_rules(),
        rules.project_codes,
    )


@table("targets", _("Targets"), PlacedFilter, Target.objects.for_list)
def targets(filterset: PlacedFilter) -> Extract[Target]:
    selection = filterset.selection()
    measured = selection.measured(as_of(filterset))
    return Extract(
        exports.TARGET_COLUMNS,
        measured,
        lambda: len(measured),
        # A target's state rests on readings too.
        sources_of(
            selection,
            Reading.objects.filter(
                pk__in=[
                    target.progress.reading.pk for target in measured if target.progress.reading
                ]
            ),
        ),
        rules.target_rules(),
        lambda: rules.indicators_of(selection),
    )


@table("readings", _("Readings"), PlacedFilter, Reading.objects.for_list)
def readings(filterset: PlacedFilter) -> Extract[Reading]:
    selection = filterset.selection().filter(period__lte=as_of(filterset))
    return Extract(
        exports.READING_COLUMNS,
        selection.iterator(BATCH),
        selection.count,
        sources_of(selection),
        rules.reading_rules(),
        lambda: rules.indicators_of(selection),
    )


@table("companies", _("Companies"), CompanyFilter, Company.objects.all)
def companies(filterset: CompanyFilter) -> Extract[Company]:
    selection = filterset.selection()
    chosen = selection.order_by().values("pk")
    return Extract(
        exports.COMPANY_COLUMNS,
        selection.for_list(filterset.form.cleaned_data["as_of"]).iterator(BATCH),
        selection.count,
        sources_of(selection, Honour.objects.filter(company__in=chosen)),
        rules.company_rules(),
    )


@table("chain", _("Chain"), partial(FormFilter, DayForm))
def chain(filterset: FormFilter) -> Extract[Link]:
    """The links of the chain: who is there, how far, and which are open."""
    day = filterset.form.cleaned_data["as_of"]
    city = the_city()
    found = Place(city, day).links if city else []
    return Extract(
        LINK_COLUMNS,
        found,
        lambda: len(found),
        sources_of_projects(Project.objects.at(day), day),
        rules.project_rules(),
        rules.link_codes,
    )


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
        slug = request.GET.get("project", "")[:80]
        project = get_object_or_404(Project.objects.at(as_of), slug=slug)
        events = project.stage_changes.counting().until(as_of).select_related("source")
        return history_chart(project, list(events), as_of)
    charts = ["targets", "map", "stages", "funnel", "chain", "capacity", "timeline"]
    slug = request.GET.get("district", "")[:80]
    district = get_object_or_404(District, slug=slug) if slug else the_city()
    if name not in charts or district is None:
        raise Http404
    chart = getattr(Place(district, as_of), f"{name}_chart")
    assert isinstance(chart, Chart)
    return chart
