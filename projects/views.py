"""Lists and pages of projects and companies."""

from typing import Any

from django.core.paginator import EmptyPage, Page, Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from projects.charts.timeline import history_chart
from projects.facets import facets
from projects.filters import CompanyFilter, ProjectFilter, errors_of
from projects.listing import COLUMNS, ListForm, active_filters, relaxations, sort_heads
from projects.models import Company, Project
from projects.totals import totals
from zaozhuang.views import refuse

PER_PAGE = 50


@require_safe
@vary_on_headers("HX-Request")
def projects(request: HttpRequest) -> HttpResponse:
    """The filterable list with facet counts and the totals of the selection."""
    filterset = ProjectFilter(request.GET, queryset=Project.objects.all())
    form = ListForm(request.GET)
    if not (filterset.is_valid() and form.is_valid()):
        return refuse(request, errors_of(filterset.form, form))
    selection = filterset.selection()
    page = paginate(selection.for_list(), form.cleaned_data["page"])
    context = {
        "filter": filterset,
        "as_of": filterset.as_of_day,
        "facets": facets(filterset),
        "active": active_filters(request, filterset),
        "totals": totals(selection),
        "page": page,
        "heads": sort_heads(request, form.shown),
        "columns": form.shown,
        "all_columns": COLUMNS,
        "relaxations": [] if page.paginator.count else relaxations(request, filterset),
    }
    # A reader who comes back in history needs the whole page, not the fragment.
    fragment = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]
    return render(request, "projects/_browse.html" if fragment else "projects/list.html", context)


@require_safe
def project(request: HttpRequest, slug: str) -> HttpResponse:
    """One project: facts with their sources, stages, companies, capacity."""
    rows = Project.objects.at().select_related("district__parent", "source", "parent")
    record = get_object_or_404(rows, slug=slug)
    events = list(record.stage_changes.counting().select_related("source", "recorded_by"))
    context = {
        "project": record,
        "events": events,
        "struck": record.stage_changes.struck().select_related("source"),
        "history": history_chart(record, events),
        "capacities": record.capacities.select_related(
            "segment__stream", "unit", "technology", "source"
        ),
        "participations": record.participations.select_related("company", "source"),
        "phases": record.phases.at(),
    }
    return render(request, "projects/project.html", context)


@require_safe
def companies(request: HttpRequest) -> HttpResponse:
    """Companies with their projects and honours."""
    filterset = CompanyFilter(request.GET, queryset=Company.objects.all())
    form = ListForm(request.GET)
    if not (filterset.is_valid() and form.is_valid()):
        return refuse(request, errors_of(filterset.form, form))
    page = paginate(filterset.selection().for_list(), form.cleaned_data["page"])
    return render(request, "projects/companies.html", {"filter": filterset, "page": page})


@require_safe
def company(request: HttpRequest, slug: str) -> HttpResponse:
    """One company: its names, honours, figures and projects."""
    record = get_object_or_404(Company.objects.select_related("source"), slug=slug)
    taken = record.participations.select_related("source").in_bulk()
    projects_ = (
        Project.objects.at()
        .for_list()
        .filter(participations__in=taken)
        .distinct()
        .order_by("district__path", "slug")
    )
    context = {
        "company": record,
        "honours": record.honours.select_related("source"),
        "readings": record.readings.select_related("indicator__unit", "source", "district"),
        "projects": projects_,
        "roles": {item.project_id: item for item in taken.values()},
    }
    return render(request, "projects/company.html", context)


def paginate(rows: QuerySet[Any], number: int) -> Page[Any]:
    """One page of the rows; raises Http404 past the end."""
    try:
        return Paginator(rows, PER_PAGE).page(number)
    except EmptyPage:
        raise Http404(_("There is no page %(number)s.") % {"number": number}) from None
