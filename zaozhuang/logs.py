"""Logs: one line an event with the number of its request, and nothing in it about persons.

Names, addresses, passwords, cookies and what people typed have no business in a log. Only the
fields named here are written, and texts pass `scrubbed`, since the message of an error may
quote anything.
"""

import logging
import re
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from pythonjsonlogger.json import JsonFormatter

from zaozhuang.environment import env_bool, env_choice

HEADER = "X-Request-ID"
# Long enough to be one of a kind, short enough for a page, and nothing to break a log with.
WELL_FORMED = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{7,63}")
# What a record may carry beside its message, from Django and from `middleware`.
FIELDS = ("status_code", "method", "path", "milliseconds")

SECRET = "[secret]"
SCRUBBED = [
    # Passwords in addresses, such as that of the database.
    (re.compile(r"(?<=://)[^\s/@]+@"), f"{SECRET}@"),
    (re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+"), "[e-mail]"),
    # PostgreSQL quotes the row that it refuses.
    (re.compile(r"^\s*DETAIL:.*$", re.MULTILINE), "DETAIL: [left out]"),
    (re.compile(r"(?<=ip=)[0-9A-Fa-f.:]+"), "[address]"),
    (
        re.compile(
            r"(?i)\b(sessionid|csrf\w*|password\w*|token|secret\w*|authorization|cookie)"
            r"(['\"]?\s*[=:]\s*)(?!\[)['\"]?(bearer\s+)?[^\s&,;'\")]+"
        ),
        rf"\1\2{SECRET}",
    ),
    # Keys of sessions, and tokens of forms: long, and no word.
    (re.compile(r"\b(?=\w*[0-9])(?=\w*[A-Za-z])[0-9A-Za-z]{32,}\b"), SECRET),
]

_request_id: ContextVar[str] = ContextVar("request_id", default="-")
_access = logging.getLogger("zaozhuang.access")


def middleware(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Gives every request a number, which its answer carries; the outermost of all."""

    def handle(request: HttpRequest) -> HttpResponseBase:
        # It stays until the next request of this thread: a stream is written after the view.
        number = request_id_of(request)
        _request_id.set(number)
        request.request_id = number  # type: ignore[attr-defined]
        began = time.monotonic()
        response = get_response(request)
        response.headers[HEADER] = number
        if settings.ACCESS_LOG:
            # Without the parameters, which hold what people looked for.
            _access.info(
                "%s %s %s",
                request.method,
                request.path,
                response.status_code,
                extra={
                    "status_code": response.status_code,
                    "method": request.method,
                    "path": request.path,
                    "milliseconds": round((time.monotonic() - began) * 1000),
                },
            )
        return response

    return handle


def request_id_of(request: HttpRequest) -> str:
    """The number that a trusted proxy gave the request, or a new one."""
    given = request.headers.get(HEADER, "")
    if settings.TRUSTED_PROXIES and WELL_FORMED.fullmatch(given):
        return given
    return uuid4().hex


def current_request_id() -> str:
    return _request_id.get()


def scrubbed(text: str) -> str:
    """The text without secrets and personal data, as far as they can be told by their form."""
    for pattern, instead in SCRUBBED:
        text = pattern.sub(instead, text)
    return text


class Quiet(logging.Filter):
    """Makes a fault that is told to readers one quiet line."""

    def filter(self, record: logging.LogRecord) -> bool:
        # While the database is away every request fails alike; the cause is in the message.
        if getattr(record, "status_code", None) in (503, 507) and record.exc_info:
            record.msg = f"{record.getMessage()} ({_cause(record.exc_info[1])})"
            record.args, record.exc_info, record.exc_text = (), None, None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


def _cause(error: BaseException | None) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


class TextLines(logging.Formatter):
    """For people at a terminal."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        head, line, rest = scrubbed(super().format(record)).partition("\n")
        return f"{head} [{current_request_id()}]{line}{rest}"


class JsonLines(JsonFormatter):
    """For collectors of logs: an object a line."""

    def __init__(self) -> None:
        super().__init__(json_ensure_ascii=False)

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        log_data["time"] = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + (
            f".{int(record.msecs):03}Z"
        )
        log_data["level"], log_data["logger"] = record.levelname, record.name
        log_data["request_id"] = current_request_id()
        log_data["message"] = scrubbed(record.getMessage())
        for name in FIELDS:
            if (value := getattr(record, name, None)) is not None:
                log_data[name] = scrubbed(value) if isinstance(value, str) else value
        if trace := message_dict.get("exc_info"):
            log_data["traceback"] = scrubbed(str(trace))


def style() -> str:
    """LOG_FORMAT: lines for collectors in production, else for people."""
    words = ["json", "text"] if env_bool("PRODUCTION") else ["text", "json"]
    return env_choice("LOG_FORMAT", words)


def configuration(style: str, level: str = "WARNING", *, access: bool = False) -> dict[str, Any]:
    """The logging of a process, for logging.config; `style` is `json` or `text`."""
    formatter = {"json": "zaozhuang.logs.JsonLines", "text": "zaozhuang.logs.TextLines"}[style]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"quiet": {"()": "zaozhuang.logs.Quiet"}},
        "formatters": {"lines": {"()": formatter}},
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "filters": ["quiet"],
                "formatter": "lines",
            }
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": {"zaozhuang.access": {"level": "INFO" if access else "WARNING"}},
    }
