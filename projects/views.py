"""Lists and pages of projects and companies."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.core.paginator import EmptyPage, Page, Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.vary import vary_on_headers

from projects.charts.timeline import history_chart
from projects.dashboards import on_a_day
from projects.facets import facets
from projects.filters import CompanyFilter, ProjectFilter, errors_of
from projects.listing import COLUMNS, ListForm, active_filters, relaxations, sort_heads
from projects.models import Company, Project
from projects.reporting import may_see
from projects.summaries.listed import Listed
from projects.totals import totals_of
from zaozhuang.methods import require_safe
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
    page = paginate(Listed(filterset), form.cleaned_data["page"])
    context = {
        "filter": filterset,
        "as_of": filterset.as_of_day,
        "facets": facets(filterset),
        "active": active_filters(request, filterset),
        "totals": totals_of(filterset),
        "page": page,
        "heads": sort_heads(request, form.shown),
        "columns": form.shown,
        "all_columns": COLUMNS,
        "relaxations": [] if page.paginator.count else relaxations(request, filterset),
    }
    # A reader who comes back in history needs the whole page, not the fragment.
    fragment = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]
    return render(request, "projects/_browse.html" if fragment else "projects/list.html", context)


@on_a_day
def project(request: HttpRequest, slug: str, as_of: date | None) -> HttpResponse:
    """One project: facts with their sources, stages, companies, capacity.

    On a day before its first event nothing was known of it: 404, with the way to today.
    """
    rows = Project.objects.select_related("district__parent", "source", "parent")
    record = rows.at(as_of).filter(slug=slug).first()
    if record is None:
        later = get_object_or_404(rows, slug=slug)
        return render(
            request, "projects/not_yet.html", {"subject": later, "as_of": as_of}, status=404
        )
    events = list(
        record.stage_changes.counting().until(as_of).select_related("source", "recorded_by")
    )
    context = {
        "project": record,
        "as_of": as_of,
        "events": events,
        "struck": record.stage_changes.struck().until(as_of).select_related("source"),
        "history": history_chart(record, events, as_of),
        "sources": list(dict.fromkeys(event.source for event in events if event.source)),
        "capacities": record.capacities.marked().select_related(
            "segment__stream", "unit", "technology", "source"
        ),
        "participations": record.participations.select_related("company", "source"),
        "phases": record.phases.at(as_of),
        "reports": record.reports.all() if may_see(request) else [],
    }
    return render(request, "projects/project.html", context)


@require_safe
def companies(request: HttpRequest) -> HttpResponse:
    """Companies with their projects and honours."""
    filterset = CompanyFilter(request.GET, queryset=Company.objects.all())
    form = ListForm(request.GET)
    if not (filterset.is_valid() and form.is_valid()):
        return refuse(request, errors_of(filterset.form, form))
    as_of = filterset.form.cleaned_data["as_of"]
    page = paginate(filterset.selection().for_list(as_of), form.cleaned_data["page"])
    context = {"filter": filterset, "page": page, "as_of": as_of}
    return render(request, "projects/companies.html", context)


@on_a_day
def company(request: HttpRequest, slug: str, as_of: date | None) -> HttpResponse:
    """One company: its names, honours, figures and projects."""
    record = get_object_or_404(Company.objects.select_related("source"), slug=slug)
    taken = record.participations.select_related("source").in_bulk()
    projects_ = (
        Project.objects.at(as_of)
        .for_table()
        .filter(participations__in=taken)
        .distinct()
        .order_by("district__path", "slug")
    )
    readings = record.readings.marked().select_related("indicator__unit", "source", "district")
    context = {
        "company": record,
        "as_of": as_of,
        "honours": record.honours.select_related("source"),
        "readings": readings.filter(period__lte=as_of) if as_of else readings,
        "projects": projects_,
        "roles": {item.project_id: item for item in taken.values()},
    }
    return render(request, "projects/company.html", context)


def paginate(rows: QuerySet[Any] | Sequence[Any] | Listed, number: int) -> Page[Any]:
    """One page of the rows; raises Http404 past the end."""
    cut: Any = rows
    try:
        return Paginator(cut, PER_PAGE).page(number)
    except EmptyPage:
        raise Http404(_("There is no page %(number)s.") % {"number": number}) from None
