"""Pages about the tracker itself: about, health, and what is shown when something is wrong."""

import sys
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import Error as DatabaseFault
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django_htmx.http import retarget

from zaozhuang.faults import answer, fault_of, is_api, swaps_part
from zaozhuang.methods import require_safe


def refuse(request: HttpRequest, errors: Mapping[str, Sequence[str]]) -> HttpResponse:
    """400: a page that says which parameter is wrong and why, and shows no rows.

    In a list that refreshes in place, the message takes the place of the results.
    """
    if swaps_part(request):
        response = render(request, "parts/refused.html", {"errors": errors}, status=400)
        return retarget(response, "#results")
    return render(request, "400.html", {"errors": errors}, status=400)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400 for what Django itself refuses, such as a thousand parameters, and for WrongParameters."""
    # A session that could not be kept is refused as if it had been ended meanwhile.
    if fault := fault_of(exception):
        return answer(request, fault)
    return refuse(request, getattr(exception, "errors", {}))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404. Django's own asks the form for its token first, and fails where that cannot be read."""
    return render(request, "404.html", status=404)


@never_cache
@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while the process is alive."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@login_not_required
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when the database answers and its migrations are applied, else 503 saying which fails."""
    try:
        missing = wanted_migrations() - MigrationRecorder(connection).applied_migrations().keys()
    except DatabaseFault:
        return HttpResponse("database does not answer\n", status=503, content_type="text/plain")
    if missing:
        return HttpResponse("migrations are not applied\n", status=503, content_type="text/plain")
    return HttpResponse("ready\n", content_type="text/plain")


@cache
def wanted_migrations() -> set[Any]:
    """The migrations of this release, which are read from the disk once."""
    return set(MigrationLoader(None).graph.nodes)


def server_error(request: HttpRequest, *args: Any) -> HttpResponse:
    """What went wrong, without touching the database that may be the cause.

    A fault outside of the code is told as such, with 503 or 507; all else is 500.
    """
    if fault := fault_of(sys.exception()):
        return answer(request, fault)
    if is_api(request):
        return JsonResponse({"detail": str(_("Something broke here"))}, status=500)
    return render(request, "500.html", status=500)


def back(request: HttpRequest) -> HttpResponseRedirect | None:
    """To the page of this site that `next` in the address names; never to another site."""
    url = request.GET.get("next", "")
    safe = url_has_allowed_host_and_scheme(url, allowed_hosts=None)
    return HttpResponseRedirect(url) if safe and url.startswith("/") else None
