"""A page that has not changed is not made again: 304 to a visitor who has it, from one small query.

The tag of a page is made of all that it depends on: the state of the data (`zaozhuang.edition`),
the day, the address, what htmx asks for, and the release with its settings. It is known before
the page is made, so a page that is asked again costs no more than saying so. Who has a session
is answered anew each time: their pages depend on who they are.

A page that was made for one visitor without a cookie is kept under its tag and given to the
next: what everybody looks at, as the overview, is made once after each change.
"""

import hashlib
import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response, patch_vary_headers

from zaozhuang import edition
from zaozhuang.dates import today

# Answered anew each time: probes, the desk, and the API, which counts its callers.
NEVER = re.compile(r"/(?:[a-z-]+/)?(?:admin|api)/|/(?:healthz|readyz|metrics)\b")
ASKED_BY = ["HX-Request", "HX-History-Restore-Request", "HX-Target", "HX-Boosted"]
VARIES = ["Accept-Encoding", "Accept-Language", "Cookie", "HX-Request"]
# What a page for a visitor without a cookie may depend on beside its tag.
NEGOTIATED = ["Accept-Encoding", "Accept-Language"]
# Bytes of a page that is kept; larger ones are rare and not what everybody looks at.
LARGEST_KEPT = 1 << 18
FILES = ["*.py", "*.html", "*.mo"]
FOLDERS = ["zaozhuang", "districts", "projects", "templates", "locale"]


def middleware(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Goes before all that costs something, and after what redirects to https."""

    def handle(request: HttpRequest) -> HttpResponseBase:
        if not _same_for_all(request):
            return get_response(request)
        # Read first: of a change meanwhile the page may show more than its tag says, never less.
        tag = _tag(request)
        known: Any = get_conditional_response(request, etag=tag)
        if known is None and (kept := _kept(request, tag)):
            return kept
        response: HttpResponseBase = known or get_response(request)
        if known is None and not _may_be_kept(response):
            return response
        response.headers["ETag"] = tag
        response.headers["Cache-Control"] = "no-cache"
        patch_vary_headers(response, VARIES)
        if known is None:
            _keep(request, tag, response)
        return response

    return handle


def _kept(request: HttpRequest, tag: str) -> HttpResponse | None:
    """The page as it was made for a visitor who asked the same way."""
    found = None if request.COOKIES else caches["pages"].get(_key(request, tag))
    if found is None:
        return None
    content, headers = found
    return HttpResponse(content, headers=headers)


def _keep(request: HttpRequest, tag: str, response: Any) -> None:
    html = response.headers.get("Content-Type", "").startswith("text/html")
    if request.COOKIES or request.method != "GET" or not html:
        return
    if len(response.content) <= LARGEST_KEPT:
        page = response.content, dict(response.headers)
        caches["pages"].set(_key(request, tag), page)


def _key(request: HttpRequest, tag: str) -> str:
    asked = json.dumps([tag, *(request.headers.get(name, "") for name in NEGOTIATED)])
    return hashlib.sha256(asked.encode()).hexdigest()


def _same_for_all(request: HttpRequest) -> bool:
    """Whether a visitor asks, for a page that is the same for all visitors."""
    cookies = request.COOKIES
    return (
        request.method in ("GET", "HEAD")
        and settings.SESSION_COOKIE_NAME not in cookies
        and "messages" not in cookies
        and not NEVER.match(request.path_info)
    )


def _may_be_kept(response: HttpResponseBase) -> bool:
    return (
        response.status_code == 200
        and not response.streaming
        and not response.cookies
        and not response.has_header("ETag")
        and not response.has_header("Cache-Control")
    )


def _tag(request: HttpRequest) -> str:
    parts = [
        str(edition.current()),
        today().isoformat(),
        release(),
        request.scheme or "",
        request.META.get("HTTP_HOST", ""),
        request.get_full_path(),
        *(request.headers.get(name, "") for name in ASKED_BY),
    ]
    return f'W/"{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]}"'


@cache
def release() -> str:
    """What tells this release and its settings from another, the same on every host."""
    whole = hashlib.sha256()
    base = Path(settings.BASE_DIR)
    for folder in FOLDERS:
        for pattern in FILES:
            for path in sorted((base / folder).rglob(pattern)):
                whole.update(path.relative_to(base).as_posix().encode())
                whole.update(path.read_bytes())
    manifest = Path(settings.STATIC_ROOT) / "staticfiles.json"
    if manifest.is_file():
        whole.update(manifest.read_bytes())
    for name in sorted(name for name in dir(settings) if name.isupper()):
        try:
            whole.update(f"{name}={json.dumps(getattr(settings, name))}".encode())
        except (TypeError, ValueError):
            continue  # paths, translations and functions, which the code above tells
    return whole.hexdigest()
