"""Who tries to log in, from where, and what is answered after too many failures."""

import math
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

from axes.attempts import get_cool_off_threshold
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django_htmx.http import HttpResponseClientRedirect


def client_address(request: HttpRequest) -> str | None:
    """The address of the visitor, or None where the server was told none that is valid.

    Behind TRUSTED_PROXIES proxies it is what the outermost of them saw: each adds the
    address of who asked it at the end of X-Forwarded-For, and what stands before that was
    written by the visitor and proves nothing.
    """
    address = request.META.get("REMOTE_ADDR", "")
    if settings.TRUSTED_PROXIES:
        seen = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
        if len(seen) >= settings.TRUSTED_PROXIES:
            address = seen[-settings.TRUSTED_PROXIES]
    try:
        return str(ip_address(address))
    except ValueError:
        return None


def locked_out(
    request: HttpRequest, response: HttpResponse | None, credentials: dict[str, Any] | None
) -> HttpResponse:
    """429: too many failures of this user from this address, with the minutes left."""
    failures = AccessAttempt.objects.filter(
        username=(credentials or {}).get("username"),
        ip_address=client_address(request),
        attempt_time__gte=get_cool_off_threshold(request),
    )
    latest = failures.order_by("-attempt_time").first()
    left: timedelta = settings.AXES_COOLOFF_TIME
    if latest is not None:
        left -= timezone.now() - latest.attempt_time
    seconds = max(1, math.ceil(left.total_seconds()))
    answer = render(request, "429.html", {"minutes": math.ceil(seconds / 60)}, status=429)
    answer.headers["Retry-After"] = str(seconds)
    return answer


class LoginRequired(LoginRequiredMiddleware):
    """With LOGIN_REQUIRED, every page asks for an account; the API refuses by itself."""

    def process_view(
        self, request: HttpRequest, view_func: Any, view_args: Any, view_kwargs: Any
    ) -> HttpResponseBase | None:
        if not settings.LOGIN_REQUIRED:
            return None
        response = super().process_view(request, view_func, view_args, view_kwargs)
        # The log-in must not take the place of the results of a list.
        if response is not None and request.headers.get("HX-Request"):
            return HttpResponseClientRedirect(response.headers["Location"])
        return response
