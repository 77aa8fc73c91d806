"""The page of one figure: what it is, who says so, since when, and what else is claimed."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from districts.models import Contestable, Passage, Reading, Target
from districts.models.contested import OF_CAPACITY
from projects.models import Capacity
from zaozhuang.dates import today


@require_safe
def figure(request: HttpRequest, slug: str) -> HttpResponse:
    """A reading or a target by its address, a capacity by its number."""
    kind, record = _find(slug)
    passage = Passage.objects.filter(source=record.source_id, locator=record.locator).first()
    context = {
        "kind": kind,
        "figure": record,
        "passage": passage,
        "claims": record.claims.select_related("source", "unit"),
    }
    return render(request, "projects/figure.html", context)


def _find(slug: str) -> tuple[str, Any]:
    """The figure at an address and what it is; raises Http404 where there is none."""
    found: Contestable | None
    if OF_CAPACITY.fullmatch(slug):
        rows = Capacity.objects.marked().select_related(
            "project__district", "segment__stream", "unit", "technology", "source"
        )
        number = slug.removeprefix("capacity-")
        # Longer numbers are no keys, and SQLite cannot even compare them.
        found = rows.filter(pk=number).first() if len(number) < 19 else None
        if found is not None:
            return "capacity", found
        raise Http404
    found = Reading.objects.filter(slug=slug).for_list().first()
    if found is not None:
        return "reading", found
    for target in Target.objects.filter(slug=slug).for_list().measured(today()):
        return "target", target
    raise Http404
