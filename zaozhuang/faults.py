"""What is answered when it is not the code that failed: the database is away, too slow or full.

Django hands every error of a view or a middleware to `handler500`, and that asks here first.
"""

import errno
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseFault
from django.db import OperationalError
from django.db.utils import InterfaceError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import get_language, get_language_from_path, override
from django.utils.translation import gettext_lazy as _
from django_htmx.http import retarget
from django_htmx.middleware import HtmxDetails


@dataclass(frozen=True)
class Fault:
    """Something outside of the code that failed, and what a reader is told about it."""

    code: str
    status: int
    title: Any
    text: Any
    retry_after: int | None = None  # seconds


AWAY = Fault(
    "away",
    503,
    _("The tracker is away for a moment"),
    _(
        "Its database does not answer; it may be restarting. Nothing you entered was half saved. Please try again in a few seconds."
    ),
    retry_after=5,
)
BUSY = Fault(
    "busy",
    503,
    _("The tracker is busy"),
    _(
        "Too many are at work on the same data just now. Nothing you entered was half saved. Please try again in a few seconds."
    ),
    retry_after=5,
)
SLOW = Fault(
    "slow",
    503,
    _("This question takes too long"),
    _(
        "The answer was given up, so that others need not wait. Narrow the selection down, or try again later."
    ),
    retry_after=30,
)
FULL = Fault(
    "full",
    507,
    _("There is no room left on the server"),
    _(
        "Nothing was saved and no file was written. Whoever runs the tracker has to make room before it can go on."
    ),
)

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# How lxml, by which workbooks are written, says the same.
XML_NO_ROOM = {"IO_ENOSPC", "IO_EDQUOT", "IO_EFBIG"}
# By PostgreSQL's code of the error, or the first two characters of it.
SQLSTATES = {
    "57014": SLOW,  # cancelled, by the timeout of statements
    "40001": BUSY,  # not serializable
    "40P01": BUSY,  # deadlock
    "55P03": BUSY,  # lock not available
    "53100": FULL,
    "53": BUSY,  # too many connections, out of memory
    "08": AWAY,
    "57P": AWAY,  # shutting down, starting up
    "25006": AWAY,  # a standby that takes no writes yet
}
# By the primary code of SQLite's error.
SQLITE_CODES = {
    5: BUSY,
    6: BUSY,  # locked
    8: AWAY,  # read-only
    9: SLOW,  # interrupted, see zaozhuang.timeouts
    10: AWAY,  # the disk fails
    11: AWAY,  # corrupt
    13: FULL,
    14: AWAY,  # cannot be opened
    26: AWAY,  # not a database
}


def fault_of(error: BaseException | None) -> Fault | None:
    """The fault that an error rests on; None where it is a mistake in the code."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            return FULL
        if str(error) in XML_NO_ROOM:
            return FULL
        if isinstance(error, DatabaseFault):
            return _of_database(error)
        hidden = None if error.__suppress_context__ else error.__context__
        error = error.__cause__ or hidden
    return None


def _of_database(error: DatabaseFault) -> Fault | None:
    said: Any = error.__cause__ or error
    if (code := getattr(said, "sqlite_errorcode", None)) is not None:
        return SQLITE_CODES.get(code & 0xFF)
    state = getattr(said, "sqlstate", None) or ""
    for length in (5, 3, 2):
        if fault := SQLSTATES.get(state[:length]):
            return fault
    # A connection that broke or was never made has no code.
    return AWAY if isinstance(error, OperationalError | InterfaceError) else None


def answer(request: HttpRequest, fault: Fault) -> HttpResponse:
    """The page that says so, in the reader's language, without asking the database anything."""
    # What fails early has not passed the middleware that takes the language from the address.
    with override(get_language_from_path(request.path_info) or settings.LANGUAGE_CODE):
        response = _told(request, fault)
        response.headers["Content-Language"] = get_language() or ""
    response.status_code = fault.status
    if fault.retry_after:
        response.headers["Retry-After"] = str(fault.retry_after)
    add_never_cache_headers(response)
    return response


def _told(request: HttpRequest, fault: Fault) -> HttpResponse:
    if is_api(request):
        return JsonResponse(
            {"detail": f"{fault.title}. {fault.text}"}, json_dumps_params={"ensure_ascii": False}
        )
    if swaps_part(request):
        return retarget(render(request, "parts/fault.html", {"fault": fault}), "#results")
    return render(request, "fault.html", {"fault": fault})


def is_api(request: HttpRequest) -> bool:
    """Whether the answer is read by a program, which wants JSON also of what went wrong."""
    return request.path.startswith(reverse("api-root"))


def swaps_part(request: HttpRequest) -> bool:
    """Whether the answer takes the place of the results on a page that is there already."""
    # A request that fails early has not passed the middleware that sets it.
    htmx = getattr(request, "htmx", None) or HtmxDetails(request)
    return bool(htmx) and not htmx.history_restore_request
