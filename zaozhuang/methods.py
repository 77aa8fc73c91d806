"""Which methods a view answers."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.http import HttpResponseBase
from django.views.decorators import http
from django.views.decorators.csrf import csrf_exempt

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer", bound=HttpResponseBase)


def require_safe(view: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
    """GET and HEAD only; all else is answered 405 with what is allowed.

    A forged form is none here, since nothing is written: without this, Django would answer 403
    to a method that would not be answered anyway.
    """
    return csrf_exempt(http.require_safe(view))
