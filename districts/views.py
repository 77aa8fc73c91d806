"""Pages of sources and of what the figures mean."""

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from districts.evidence import citing_models, coverage, paragraphs
from districts.models import District, Indicator, Source


@require_safe
def sources(request: HttpRequest) -> HttpResponse:
    """Every source with the number of records that rest on it."""
    rows = list(Source.objects.annotate(passages_counted=Count("passages")))
    resting: dict[int, int] = {}
    for model in citing_models():
        for source, count in (
            model._default_manager.order_by().values_list("source").annotate(Count("pk"))
        ):
            resting[source] = resting.get(source, 0) + count
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
def about(request: HttpRequest) -> HttpResponse:
    """Definitions, counting rules, how far the figures are sourced, and how to cite."""
    context = {
        "coverage": coverage(),
        "indicators": Indicator.objects.select_related("unit", "theme"),
        "credits": sorted(
            {place.boundary_credit for place in District.objects.exclude(boundary_credit="")}
        ),
        "url": request.build_absolute_uri("/"),
    }
    return render(request, "districts/about.html", context)
