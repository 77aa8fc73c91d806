"""Dashboards: the city, a district, the targets and the chain, as of a day."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.utils.html import strip_tags
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from districts.models import District
from projects.briefing import PROJECTS, word_file
from projects.filters import errors_of
from projects.places import SHOWN, Place
from zaozhuang.context import site
from zaozhuang.inputs import DayForm
from zaozhuang.methods import require_safe
from zaozhuang.views import refuse

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

View = Callable[..., HttpResponse]


def on_a_day(view: View) -> View:
    """Hand the day of `as_of` to a view; a day that is none answers 400."""

    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = DayForm(request.GET)
        if not form.is_valid():
            return refuse(request, errors_of(form))
        return view(request, *args, as_of=form.cleaned_data["as_of"], **kwargs)

    return require_safe(checked)


def the_city() -> District | None:
    """The root of the tree: what the overview is about. None before anything is seeded."""
    return District.objects.roots().first()


def place_at(slug: str, as_of: date | None) -> Place:
    """The place at an address on a day; raises Http404 where there is none."""
    districts = District.objects.select_related("parent", "position_source")
    return Place(get_object_or_404(districts, slug=slug), as_of)


@on_a_day
def overview(request: HttpRequest, as_of: date | None) -> HttpResponse:
    """The city at a glance."""
    city = the_city()
    if city is None:
        return render(request, "empty.html")
    return render(
        request,
        "projects/overview.html",
        {"place": Place(city, as_of), "as_of": as_of},
    )


@on_a_day
def district(request: HttpRequest, slug: str, as_of: date | None) -> HttpResponse:
    """One district: position, targets, readings, projects, chain coverage."""
    place = place_at(slug, as_of)
    context = {
        "place": place,
        "district": place.district,
        "as_of": as_of,
        "projects": place.first(SHOWN * 4),
        "places": place.around,
    }
    return render(request, "projects/district.html", context)


@on_a_day
def briefing(request: HttpRequest, slug: str, as_of: date | None) -> HttpResponse:
    """Two pages for paper: state, targets, projects by stage, what is due, what changed, sources."""
    place = place_at(slug, as_of)
    return render(
        request,
        "projects/briefing.html",
        {"place": place, "as_of": as_of, "projects": place.first(PROJECTS)},
    )


@on_a_day
def briefing_docx(request: HttpRequest, slug: str, as_of: date | None) -> HttpResponse:
    """The briefing as a Word file."""
    place = place_at(slug, as_of)
    context = {"place": place, "as_of": as_of, **site(request)}
    title = _("Briefing: %(place)s") % {"place": place.district.label}
    # The sentence of the page, without its marks of emphasis.
    sentence = " ".join(strip_tags(render_to_string("projects/_sentence.html", context)).split())
    response = HttpResponse(word_file(place, title, sentence), content_type=DOCX)
    name = f"{place.district.slug}-{place.day.isoformat()}.docx"
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


@on_a_day
def targets(request: HttpRequest, as_of: date | None) -> HttpResponse:
    """All targets with progress and honest state; reported against tracked counts."""
    city = the_city()
    if city is None:
        return render(request, "empty.html")
    place = Place(city, as_of)
    return render(
        request,
        "projects/targets.html",
        {"place": place, "as_of": as_of},
    )


@on_a_day
def chain_page(request: HttpRequest, as_of: date | None) -> HttpResponse:
    """Segment × district, empty cells standing out."""
    city = the_city()
    if city is None:
        return render(request, "empty.html")
    return render(request, "projects/chain.html", {"place": Place(city, as_of), "as_of": as_of})
