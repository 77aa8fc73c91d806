"""Pages about the tracker itself: about, health, and what is shown when something is wrong."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django_htmx.http import retarget

from zaozhuang.methods import require_safe


def refuse(request: HttpRequest, errors: Mapping[str, Sequence[str]]) -> HttpResponse:
    """400: a page that says which parameter is wrong and why, and shows no rows.

    In a list that refreshes in place, the message takes the place of the results.
    """
    # A request that is refused early has not passed the middleware that sets it.
    htmx = getattr(request, "htmx", None)
    if htmx and not htmx.history_restore_request:
        response = render(request, "parts/refused.html", {"errors": errors}, status=400)
        return retarget(response, "#results")
    return render(request, "400.html", {"errors": errors}, status=400)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400 for what Django itself refuses, such as a thousand parameters, and for WrongParameters."""
    return refuse(request, getattr(exception, "errors", {}))


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while the process is alive."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when the database answers and its migrations are applied, else 503 saying which fails."""
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return HttpResponse("database does not answer\n", status=503, content_type="text/plain")
    if missing:
        return HttpResponse("migrations are not applied\n", status=503, content_type="text/plain")
    return HttpResponse("ready\n", content_type="text/plain")


def server_error(request: HttpRequest, *args: Any) -> HttpResponse:
    """500 in the look of the site, without touching the database that may be the cause."""
    return render(request, "500.html", status=500)
