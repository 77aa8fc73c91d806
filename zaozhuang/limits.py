"""So many requests a minute from one address: for exports, the log-in and the API.

They are counted in Django's cache: by each process for itself, unless all share one.
"""

import math
import re
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from rest_framework.throttling import SimpleRateThrottle

from zaozhuang.logins import client_address

# An address that ends like a file is an export, which costs more than a page.
EXPORT = re.compile(r"\.(csv|xlsx|json|geojson|zip|docx|atom|ics)\Z")


class Limit(SimpleRateThrottle):
    """So many a minute from one address; who is signed in is known and not counted."""

    setting: str
    everybody = False

    def get_rate(self) -> str:
        return f"{getattr(settings, self.setting)}/min"

    def get_ident(self, request: Any) -> str:
        return client_address(request) or "unknown"

    def get_cache_key(self, request: Any, view: Any) -> str | None:
        if not self.everybody and request.user and request.user.is_authenticated:
            return None
        return f"limit-{self.setting}-{self.get_ident(request)}"


class ApiLimit(Limit):
    setting = "API_REQUESTS_PER_MINUTE"


class ExportLimit(Limit):
    setting = "EXPORT_REQUESTS_PER_MINUTE"


class LoginLimit(Limit):
    """Of all names together: one address that tries many names escapes the lock of one name."""

    setting = "LOGIN_REQUESTS_PER_MINUTE"
    everybody = True


class RateLimits:
    """Refuses what is beyond the limits of exports and the log-in; comes after the authentication."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        limit = _limit_of(request)
        if limit is None or limit.allow_request(request, None):  # type: ignore[arg-type]
            return None
        return too_many(request, limit.wait())


def _limit_of(request: HttpRequest) -> Limit | None:
    match = request.resolver_match
    if request.method == "POST" and match and match.view_name == "admin:login":
        return LoginLimit()
    return ExportLimit() if EXPORT.search(request.path) else None


def too_many(request: HttpRequest, wait: float | None) -> HttpResponse:
    """429: a page with the seconds to wait, which programs find in Retry-After."""
    seconds = max(1, math.ceil(wait or 1))
    response = render(request, "limited.html", {"seconds": seconds}, status=429)
    response.headers["Retry-After"] = str(seconds)
    return response
