"""Figures of the running server for Prometheus, at `/metrics` where METRICS is on.

gunicorn's processes each write theirs into files of PROMETHEUS_MULTIPROC_DIR, which
zaozhuang/gunicorn.py makes, and whichever is asked adds all of them up. Labels are the names of
pages, never addresses: of those there is no end.
"""

import os
import secrets
import time
from collections.abc import Callable
from ipaddress import ip_address

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.cache import never_cache
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from zaozhuang.methods import require_safe

METHODS = {"GET", "HEAD", "POST", "OPTIONS"}
FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-Ip")

requests = Counter("tracker_requests", "Requests answered.", ["page", "method", "status"])
seconds = Histogram(
    "tracker_request_seconds",
    "Time until an answer began.",
    ["page"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)


def middleware(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Counts and times what is answered."""

    def handle(request: HttpRequest) -> HttpResponseBase:
        began = time.monotonic()
        response = get_response(request)
        match = request.resolver_match
        page = (match.view_name if match else "") or "none"
        method = request.method if request.method in METHODS else "other"
        requests.labels(page, method, str(response.status_code)).inc()
        seconds.labels(page).observe(time.monotonic() - began)
        return response

    return handle


@never_cache
@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """All figures, for who knows METRICS_TOKEN or, where there is none, asks from this machine."""
    if not settings.METRICS:
        raise Http404
    if not _may_read(request):
        raise PermissionDenied
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_read(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "")
        wanted = f"Bearer {settings.METRICS_TOKEN}"
        return secrets.compare_digest(given.encode(), wanted.encode())
    # A proxy on this machine comes from here too, but says for whom.
    if any(header in request.headers for header in FORWARDED):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
