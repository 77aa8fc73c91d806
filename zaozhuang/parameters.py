"""What no parameter may hold, refused once for all pages, the editors' desk and the API alike."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.core.exceptions import BadRequest
from django.db import DataError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.translation import gettext as _

from zaozhuang.views import refuse

# In no text, but in addresses and cookies that somebody made; PostgreSQL refuses it with an error.
NUL = "\0"
# More digits than a whole number of 64 bits has.
LARGE = re.compile(r"[0-9]{19}")


class WrongParameters(BadRequest):
    """Parameters that a page cannot answer: for each name what is wrong with it."""

    def __init__(self, errors: Mapping[str, Sequence[str]]) -> None:
        super().__init__(", ".join(errors))
        self.errors = errors


class ParametersMiddleware:
    """Answers 400, naming the parameter, where one holds NUL or more than a column can.

    Forms refuse both by themselves; this is for what passes no form, as on Django's own desk.
    Cookies with NUL are forgotten, hence it comes before the session, whose key is one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        for name in [n for n, value in request.COOKIES.items() if NUL in n + value]:
            del request.COOKIES[name]
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        errors = {
            name.replace(NUL, "␀"): [_("No text holds the character NUL.")]
            for name, values in _sent(request)
            if NUL in name or NUL in "".join(values)
        }
        if not errors:
            return None
        # A view of the API, whose errors are JSON of the same form.
        if hasattr(view, "cls"):
            return JsonResponse(errors, status=400)
        return refuse(request, errors)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """What the database cannot hold was sent: only a value can be too large for a column."""
        if not isinstance(exception, DataError | OverflowError):
            return None
        sent = _sent(request)
        if not sent:
            return None
        large = [(name, text) for name, values in sent for text in values if LARGE.search(text)]
        error = _("“%(value)s” is more than can be kept here.")
        return refuse(request, {name: [error % {"value": text[:100]}] for name, text in large})


def _sent(request: HttpRequest) -> list[tuple[str, list[str]]]:
    """The parameters of the address and of the form, each with its values."""
    form = request.POST.lists() if request.method == "POST" else []
    return [*request.GET.lists(), *form]
