"""The design system on one page, built from the real components. Only with DEBUG."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from districts.models import Basis
from projects.dashboards import the_city
from projects.places import SHOWN, Place
from projects.stages import FAMILY, Family, Stage
from zaozhuang.methods import require_safe
from zaozhuang.tokens import EDGE_ON, TEXT_ON, contrast, themes

SIZES = ["xxl", "xl", "l", "m", "s", "xs"]
SPACES = ["1", "2", "3", "4", "5", "6", "7"]


@require_safe
def style(request: HttpRequest) -> HttpResponse:
    """Colours with their contrast, sizes, and every part of a page; 404 without DEBUG."""
    if not settings.DEBUG:
        raise Http404
    city = the_city()
    place = Place(city) if city else None
    context = {
        "colours": sorted(themes()["light"].items()),
        "pairs": _pairs(),
        "sizes": SIZES,
        "spaces": SPACES,
        "stages": [(code, FAMILY[code], label) for code, label in Stage.choices],
        "bases": Basis,
        "families": Family,
        "chart": place.funnel_chart if place else None,
        "projects": place.first(SHOWN) if place else [],
    }
    return render(request, "style.html", context)


def _pairs() -> list[dict[str, Any]]:
    """Every pair of colours that meet, with its contrast in both themes and what it needs."""
    return [
        {
            "front": front,
            "back": back,
            "needed": needed,
            "light": f"{contrast(themes()['light'][front], themes()['light'][back]):.1f}",
            "dark": f"{contrast(themes()['dark'][front], themes()['dark'][back]):.1f}",
        }
        for table, needed in ((TEXT_ON, "4.5"), (EDGE_ON, "3"))
        for front, backs in table.items()
        for back in backs
    ]
