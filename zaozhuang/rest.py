"""How the API answers: always JSON. How often, says `zaozhuang.limits`."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from rest_framework.negotiation import BaseContentNegotiation, DefaultContentNegotiation
from rest_framework.permissions import BasePermission
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class MayRead(BasePermission):
    """Everybody; with LOGIN_REQUIRED who has an account."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return not settings.LOGIN_REQUIRED or bool(request.user and request.user.is_authenticated)


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
