"""Reading from streaming replicas: which requests may, and what happens when one lags or is away.

A page is read from one replica, chosen at random; whatever writes, everything under /admin/, and
accounts and sessions everywhere, keep to the primary. Who has written something carries in a
cookie how far the primary's log was then, and reads a replica only when it has come that far:
so everybody sees what they wrote, however far replicas lag. A replica that cannot be reached is
left alone for a while, and a page that loses its replica halfway is made anew from the primary.

Installed only where DATABASE_REPLICA_URLS names replicas. Commands use the primary.
"""

import logging
import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.utils import InterfaceError, OperationalError
from django.http import FileResponse, HttpRequest, HttpResponseBase

log = logging.getLogger(__name__)

# Read from the primary whatever is asked for: a right that was taken away is gone at once.
ON_PRIMARY = {"admin", "auth", "axes", "contenttypes", "sessions"}
DESK = re.compile(r"/([a-z]{2}(-[a-z]+)?/)?admin(/|\Z)")
SAFE = {"GET", "HEAD", "OPTIONS"}
# Seconds in which a replica that could not be reached is not tried again.
REST = 10.0

# The place in the primary's log behind which its bearer must not read.
COOKIE = "seen"
PLACE = re.compile(r"([0-9A-F]{1,8})-([0-9A-F]{1,8})")
# As long as a replica may lag and the reader still sees what they wrote.
COOKIE_AGE = 86_400

_reading: ContextVar[str] = ContextVar("reading", default=DEFAULT_DB_ALIAS)
# Until when a replica rests, by the monotonic clock; each process finds out for itself.
_resting: dict[str, float] = {}


def reading_from() -> str:
    """The alias of the database that pages are read from in this request."""
    return _reading.get()


@contextmanager
def reading(alias: str) -> Iterator[None]:
    """Inside, what is read comes from this database."""
    token = _reading.set(alias)
    try:
        yield
    finally:
        _reading.reset(token)


class Router:
    """Reads where the request reads; writes, and what must not lag, on the primary."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return DEFAULT_DB_ALIAS if model._meta.app_label in ON_PRIMARY else reading_from()

    def db_for_write(self, model: Any, **hints: Any) -> str:
        return DEFAULT_DB_ALIAS

    def allow_relation(self, first: Any, second: Any, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == DEFAULT_DB_ALIAS


class Replicas:
    """Chooses the database of a request; stands before everything that asks one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        alias = chosen(request)
        with reading(alias):
            response = self.get_response(request)
            alias = reading_from()  # another one, where the first was lost
        if response.streaming and not isinstance(response, FileResponse):
            # Rows are read while they are sent, when this function has long returned.
            response.streaming_content = _within(alias, response.streaming_content)  # type: ignore[attr-defined]
        if request.method not in SAFE:
            _remember(response)
        return response

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponseBase | None:
        """The page anew, from the primary, where the replica was lost; nothing was sent yet."""
        alias = reading_from()
        if alias == DEFAULT_DB_ALIAS or not lost(exception):
            return None
        _leave_alone(alias)
        # Until the request ends: `reading` puts back what was there before.
        _reading.set(DEFAULT_DB_ALIAS)
        view = request.resolver_match
        assert view is not None
        response: HttpResponseBase = view.func(request, *view.args, **view.kwargs)
        if hasattr(response, "render") and not getattr(response, "is_rendered", True):
            response = response.render()
        return response


def chosen(request: HttpRequest) -> str:
    """The database that a request is read from: a replica that has what its reader wrote."""
    if request.method not in SAFE or DESK.match(request.path_info):
        return DEFAULT_DB_ALIAS
    seen = PLACE.fullmatch(request.COOKIES.get(COOKIE, ""))
    replicas = [
        alias
        for alias in settings.DATABASE_REPLICAS
        if _resting.get(alias, 0.0) <= time.monotonic()
    ]
    random.shuffle(replicas)
    for alias in replicas:
        if _is_fresh(alias, f"{seen[1]}/{seen[2]}" if seen else ""):
            return alias
    return DEFAULT_DB_ALIAS


def _is_fresh(alias: str, place: str) -> bool:
    """Whether a replica can be reached and has come to this place of the log."""
    try:
        # A connection that was kept is looked at here, and made anew where it has gone.
        with connections[alias].cursor() as cursor:
            if not place:
                return True
            cursor.execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", [place])
            return bool(cursor.fetchone()[0])
    except (OperationalError, InterfaceError):
        _leave_alone(alias)
        return False


def _leave_alone(alias: str) -> None:
    log.warning("The replica %s is away; it is tried again in %.0f seconds.", alias, REST)
    _resting[alias] = time.monotonic() + REST
    connections[alias].close()


def lost(error: BaseException) -> bool:
    """Whether the database was lost, not the question wrong or too slow: another may answer it."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    state = getattr(error.__cause__, "sqlstate", None) or ""
    # Connection failures, a server that stops or starts, and a question that the replica gave up
    # because the primary has removed the rows meanwhile.
    return not state or state.startswith(("08", "57P", "40001"))


def _within(alias: str, content: Any) -> Iterator[bytes]:
    """The content, each part of it made while its rows are read from that database."""
    parts = iter(content)
    try:
        while True:
            with reading(alias):
                part = next(parts, None)
            if part is None:
                return
            yield part
    finally:
        if hasattr(content, "close"):
            content.close()


def _remember(response: HttpResponseBase) -> None:
    """Tell the reader's browser how far the log is, now that something may have been written."""
    try:
        with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
            cursor.execute("SELECT pg_current_wal_insert_lsn()")
            place = str(cursor.fetchone()[0])
    except (OperationalError, InterfaceError):
        return  # what was asked for has failed already, or says itself that the database is away
    response.set_cookie(
        COOKIE,
        place.replace("/", "-"),
        max_age=COOKIE_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
