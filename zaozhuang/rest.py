"""How the API answers: always JSON, and not without end to callers that are not signed in."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from rest_framework.negotiation import BaseContentNegotiation, DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.throttling import AnonRateThrottle


class AnonymousThrottle(AnonRateThrottle):
    """So many requests a minute from one address; the next is answered 429 with Retry-After.

    Counted in the cache. Django's own cache is one a process, so until a server shares one,
    each of its workers counts for itself.
    """

    def get_rate(self) -> str:
        return f"{settings.API_REQUESTS_PER_MINUTE}/min"


class OneForm(BaseContentNegotiation):
    """The only form there is, whatever `Accept` or an unknown parameter `format` say."""

    def select_parser(self, request: Request, parsers: Iterable[Any]) -> Any:
        return next(iter(parsers), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        only = next(iter(renderers))
        return only, only.media_type


class FormByParameter(DefaultContentNegotiation):
    """`?format=json` or `?format=yaml`, else what `Accept` prefers."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        return super().select_renderer(request, renderers, request.query_params.get("format"))
