"""Requests made by chance: every pattern of the URLconf with every parameter that anything reads.

Nothing is listed here by hand that the code itself says: addresses come from the URLconf,
parameters from the forms and filters, from what the views read of the address, and from the
fields and filters of the desk. A new page or parameter is tried without a change here.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import django_filters
from django import forms
from django.apps import apps
from django.contrib.admin.options import IS_POPUP_VAR, TO_FIELD_VAR
from django.contrib.admin.views.main import (
    ALL_VAR,
    ERROR_FLAG,
    ORDER_VAR,
    PAGE_VAR,
    SEARCH_VAR,
)
from django.db import models

from tests.fuzz.values import RIGHT, WRONG, encoded
from tests.routes import Route, keys, routes

ROOT = Path(__file__).resolve().parent.parent.parent
OWN = ("zaozhuang", "districts", "projects")
READ = re.compile(r"\b(?:GET|POST|query_params|sent)\.(?:get|getlist)\(\s*\"([^\"]+)\"")
LOOKUPS = [
    "", "__exact", "__in", "__isnull", "__isempty", "__gte", "__lt", "__range", "__year", "__month",
    "__day", "__contains", "__icontains", "__startswith", "__regex", "__id__exact", "__pk__in", "__x",
]  # fmt: skip
# Who asks: nobody, an editor of one district, and one who may do all.
WHO = ["nobody", "editor", "chief"]
METHODS = ["HEAD", "OPTIONS", "TRACE", "PUT", "PATCH", "DELETE", "POST"]
HEADERS = {
    "Host": ["evil.example", "127.0.0.1:99999", "a b", "[::1", "127.0.0.1\\@evil.example", "", "."],
    "X-Forwarded-Host": ["evil.example"],
    "X-Forwarded-Proto": ["https", "ftp"],
    "X-Forwarded-For": ["1.2.3.4", "'", "999.999.999.999", "::1%eth0"],
    "X-Http-Method-Override": ["DELETE"],
    "HX-Request": ["true"],
    "HX-Current-URL": ["javascript:alert(1)", "http://[", "%zz"],
    "HX-Target": ["%ff", "'\"<x>"],
    "Accept": ["application/json", "text/html;q=x", "*", "a/b;version=\xff", "application/xml"],
    "Accept-Language": ["en", "xx-" * 200, "zh-Hans;q=NaN", "\xff", "en;q=1e9,zh;q=-1"],
    "Accept-Encoding": ["gzip", "br;q=1, *;q=0", "\xff"],
    "If-None-Match": ['"x"', "*", "W/", "\xff"],
    "If-Modified-Since": ["yesterday", "Thu, 99 Foo 2023 25:61:61 GMT", "Mon, 01 Jan 99999 00:00:00 GMT"],
    "If-Range": ['"x"'],
    "Range": ["bytes=0-1", "bytes=-1", "bytes=9-1", "lines=1-2"],
    "Referer": ["https://evil.example/", "\xff", "x" * 2000],
    "Origin": ["null", "https://evil.example", "http://[::1"],
    "Authorization": ["Basic eA==", "Bearer x", "Basic \xff"],
    "Content-Type": ["application/json", "text/plain; charset=none", "multipart/form-data", "\xff"],
    "User-Agent": ["", "\xff" * 300],
}  # fmt: skip
COOKIES = [
    "sessionid=forged", 'sessionid="\\000aaaaaaaaaaaaaaa"', "sessionid=" + "a" * 2000, "sessionid=%00aaaaaaa",
    "csrftoken=x", 'csrftoken="\\000"', "messages=forged", "messages=W10:1abcde:zzzz", "django_language=xx",
    'django_language="../\\000"', "=", ";;;", "sessionid=\xff\xfeaaaaaaaa", "a=" + "b" * 3000,
]  # fmt: skip
BODIES: list[tuple[str, bytes]] = [
    ("multipart/form-data", b"x"),
    ("multipart/form-data; boundary=", b"----"),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb"),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"\x00../x\"\r\n\r\nb\r\n--x--\r\n"),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n!!!\r\n--x--\r\n"),
    ("multipart/form-data; boundary=\xff", b"--\xff\r\n"),
    ("multipart/form-data; boundary=x; charset=none", b"--x\r\nContent-Disposition: form-data; name*=none''%ff\r\n\r\nb\r\n--x--\r\n"),
    ("application/x-www-form-urlencoded; charset=none", b"a=b"),
    ("application/x-www-form-urlencoded", b"%ff=%00&a=%ed%a0%80&" + b"a=1&" * 1100),
    ("application/json", b"{\"a\": NaN"),
    ("text/plain", b"\xff" * 100),
]  # fmt: skip
TOKEN = "t" * 32  # of a form that was not forged: the same in the cookie and in the form


@dataclass(frozen=True)
class Case:
    """One request: all that the server gets, so that it can be sent again as it was."""

    who: str
    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@cache
def parameters() -> tuple[str, ...]:
    """Every parameter that our forms, filters and views read."""
    for config in apps.get_app_configs():
        config.import_models()
    names = set()
    for kind in _below(forms.BaseForm):
        names |= set(getattr(kind, "base_fields", {}))
    for kind in _below(django_filters.FilterSet):
        names |= set(kind.base_filters)
    for package in OWN:
        for file in (ROOT / package).rglob("*.py"):
            names |= set(READ.findall(file.read_text(encoding="utf-8")))
    return tuple(sorted(names))


def _below(kind: type[Any]) -> Iterator[type[Any]]:
    for child in kind.__subclasses__():
        if child.__module__.startswith(OWN):
            yield child
        yield from _below(child)


@cache
def desk_parameters(route: Route) -> tuple[str, ...]:
    """What Django's desk reads of the address of a list, a form or an autocomplete."""
    names = [SEARCH_VAR, ORDER_VAR, PAGE_VAR, ALL_VAR, ERROR_FLAG, "_facets", IS_POPUP_VAR]
    names += [TO_FIELD_VAR, "_changelist_filters", "next", "term", "app_label", "model_name"]
    names += ["field_name", "page", "action", "_selected_action", "select_across", "index", "_save"]
    if route.admin is not None:
        columns: list[str] = [column.name for column in route.admin.model._meta.get_fields()]
        columns += [
            str(part[0] if isinstance(part, tuple) else part) for part in route.admin.list_filter
        ]
        columns += [route.admin.date_hierarchy or "pk", "pk"]
        names += [column + lookup for column in columns for lookup in LOOKUPS]
        for inline in route.admin.inlines:
            prefix = inline.model._meta.model_name
            names += [f"{prefix}s-{part}_FORMS" for part in ("TOTAL", "INITIAL")]
    return tuple(dict.fromkeys(names))


class Maker:
    """Makes requests by chance, for the records that the database holds now."""

    def __init__(self) -> None:
        # What a log-out or a new password ends would make nobody of everybody.
        self.routes = [r for r in routes() if r.name not in ("logout", "password_change")]
        self.keys = {
            (route, name): keys(route, name) for route in self.routes for name in route.parameters
        }

    def case(self, chance: Random, route: Route | None = None) -> Case:
        """One request, of this pattern or of any."""
        route = route or chance.choice(self.routes)
        who = chance.choice(WHO[1:] if route.desk and chance.random() < 0.9 else WHO)
        headers: dict[str, str] = {}
        if chance.random() < 0.2:
            name = chance.choice(list(HEADERS))
            headers[name] = chance.choice(HEADERS[name])
        if chance.random() < 0.05:
            headers["Cookie"] = chance.choice(COOKIES)
        method, body = "GET", b""
        if chance.random() < 0.15:
            method = chance.choice(METHODS)
        target = self._path(chance, route)
        if query := self._query(chance, route):
            target += "?" + query
        if method == "POST" or (method == "GET" and route.desk and chance.random() < 0.2):
            method = "POST"
            headers.setdefault("Cookie", f"csrftoken={TOKEN}")
            kind, body = self._body(chance, route)
            headers["Content-Type"] = kind
        return Case(who, method, target, headers, body)

    def _path(self, chance: Random, route: Route) -> str:
        prefix = "/en/" if route.localised and chance.random() < 0.5 else "/"
        values = {}
        for name in route.parameters:
            known = self.keys[route, name]
            if known and chance.random() < 0.8:
                values[name] = encoded(chance.choice(known).encode())
            else:
                values[name] = encoded(self._value(chance))[:2000]
        return prefix + route.template % values

    def _query(self, chance: Random, route: Route) -> str:
        count = chance.choice([0, 1, 1, 1, 2, 2, 3, 4])
        if chance.random() < 0.01:
            return "&".join(f"{name}=1" for name in parameters()) + "&a=1" * chance.choice(
                [10, 1100]
            )
        return "&".join(self._pair(chance, route) for _number in range(count))

    def _pair(self, chance: Random, route: Route) -> str:
        every: Sequence[str] = parameters()
        if route.desk and chance.random() < 0.8:
            every = desk_parameters(route)
        name = encoded(chance.choice(every).encode())
        if chance.random() < 0.02:
            name = encoded(self._value(chance))
        return f"{name}={encoded(self._value(chance))[:6000]}"

    def _value(self, chance: Random) -> bytes:
        return chance.choice(RIGHT if chance.random() < 0.3 else WRONG)

    def _body(self, chance: Random, route: Route) -> tuple[str, bytes]:
        if chance.random() < 0.2:
            return chance.choice(BODIES)
        pairs = [f"csrfmiddlewaretoken={TOKEN}"]
        names = [*parameters(), *desk_parameters(route)]
        if route.admin is not None:
            model: type[models.Model] = route.admin.model
            names += [column.name for column in model._meta.concrete_fields] * 3
        for _number in range(chance.choice([1, 3, 10])):
            name = encoded(chance.choice(names).encode())
            pairs.append(f"{name}={encoded(self._value(chance))[:6000]}")
        return "application/x-www-form-urlencoded", "&".join(pairs).encode()
