"""Pages of sources and of what the figures mean."""

from django.contrib.admin.views.decorators import staff_member_required
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from districts.evidence import (
    coverage,
    paragraphs,
    records_by_source,
    together,
    without_source,
)
from districts.models import District, Indicator, Source
from zaozhuang.admin import editing_url
from zaozhuang.methods import require_safe
from zaozhuang.parts import shipped


@require_safe
def sources(request: HttpRequest) -> HttpResponse:
    """Every source with the number of records that rest on it."""
    rows = list(Source.objects.annotate(passages_counted=Count("passages")))
    resting = records_by_source()
    return render(
        request,
        "districts/sources.html",
        {"sources": [(row, resting.get(row.pk, 0)) for row in rows]},
    )


@require_safe
def source(request: HttpRequest, slug: str) -> HttpResponse:
    """One source and every record that rests on it, in the order of its paragraphs."""
    record = get_object_or_404(Source, slug=slug)
    found = paragraphs(record)
    context = {
        "source": record,
        "paragraphs": found,
        "records": sum(len(place.records) for place in found),
    }
    return render(request, "districts/source.html", context)


@require_safe
@staff_member_required
def without(request: HttpRequest) -> HttpResponse:
    """The records that name no source, each with the form in which an editor can name one."""
    found = [
        (kind, count, [(record, editing_url(record)) for record in records])
        for kind, count, records in without_source()
    ]
    return render(request, "districts/without_source.html", {"kinds": found})


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    """Definitions, counting rules, how far the figures are sourced, and how to cite."""
    rows = coverage()
    context = {
        "coverage": [*rows, together(rows, _("all records"))],
        "figures": together([row for row in rows if row.is_figure], ""),
        "indicators": Indicator.objects.select_related("unit", "theme"),
        "credits": sorted(
            {place.boundary_credit for place in District.objects.exclude(boundary_credit="")}
        ),
        "url": request.build_absolute_uri("/"),
        "parts": shipped(),
    }
    return render(request, "districts/about.html", context)
