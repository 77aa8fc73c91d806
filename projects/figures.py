"""The page of one figure: what it is, who says so, since when, and what else is claimed."""

from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from districts.models import Contestable, Passage, Reading, Target
from districts.models.contested import OF_CAPACITY
from projects.dashboards import on_a_day
from projects.models import Capacity
from zaozhuang.dates import today


@on_a_day
def figure(request: HttpRequest, slug: str, as_of: date | None) -> HttpResponse:
    """A reading or a target by its address, a capacity by its number.

    Before the period of a reading there was nothing to report: 404, with the way to today.
    """
    kind, record = _find(slug, as_of or today())
    if as_of and kind == "reading" and record.period > as_of:
        later = {"subject": record, "as_of": as_of}
        return render(request, "projects/not_yet.html", later, status=404)
    passage = Passage.objects.filter(source=record.source_id, locator=record.locator).first()
    context = {
        "kind": kind,
        "figure": record,
        "as_of": as_of,
        "passage": passage,
        "claims": record.claims.select_related("source", "unit"),
    }
    return render(request, "projects/figure.html", context)


def _find(slug: str, day: date) -> tuple[str, Any]:
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
    for target in Target.objects.filter(slug=slug).for_list().measured(day):
        return "target", target
    raise Http404
