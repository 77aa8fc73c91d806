"""Every answer carries the headers of a site on the internet, whatever it answers and to whom."""

import importlib.util
import re
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.test import Client

from tests import observatory
from tests.members import make_editor
from tests.routes import Route, paths, routes
from zaozhuang import settings as module

HOST = "tracker.example"
ENOUGH = 130
# Of the settings, those that decide on headers and differ on a server on the internet.
OF_HEADERS = re.compile(r"PRODUCTION|SECURE_|SESSION_COOKIE|CSRF_COOKIE|ALLOWED_HOSTS")
# An address in the page that a browser would fetch, follow or send to.
FETCHED = re.compile(
    r"<(?:script|img|iframe|embed|source|audio|video|object)\b[^>]*?\b(?:src|data)=\"([^\"]+)\""
    r"|<link\b[^>]*?\bhref=\"([^\"]+)\"|<form\b[^>]*?\baction=\"([^\"]+)\"",
    re.IGNORECASE,
)
INLINE = re.compile(r"<script\b(?![^>]*\b(?:src=|type=\"application/json\"))|\son[a-z]+=|\sstyle=")

EXPECTED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
}


@pytest.fixture
def production(settings: LazySettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The settings of a server on the internet; the folder of its collected static files."""
    for name, value in {"PRODUCTION": "1", "ALLOWED_HOSTS": HOST, "SECRET_KEY": "x"}.items():
        monkeypatch.setenv(name, value)
    for name, value in vars(_loaded_again()).items():
        if name.isupper() and OF_HEADERS.match(name):
            setattr(settings, name, value)
    settings.STATIC_ROOT = tmp_path
    (tmp_path / "main.js").write_text("export {};\n")
    (tmp_path / "mark.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>\n')
    return tmp_path


def _loaded_again() -> ModuleType:
    """The settings as they are read with the environment that is set now."""
    assert module.__file__
    spec = importlib.util.spec_from_file_location("settings_of_a_server", module.__file__)
    assert spec is not None
    assert spec.loader is not None
    again = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(again)
    return again


def browser(user: User | None = None, **options: Any) -> Client:
    client = Client(HTTP_HOST=HOST, **options)
    if user is not None:
        client.force_login(user)
    return client


def text_of(response: Any) -> str:
    """The page, where it is one."""
    if not response.headers.get("Content-Type", "").startswith("text/html"):
        if response.streaming:
            b"".join(response.streaming_content)
            if getattr(response, "file_to_stream", None) is not None:
                response.file_to_stream.close()
        return ""
    return str(response.content.decode())


def faults(response: Any) -> list[str]:
    """What is wrong with the headers of an answer over https, and with what its page fetches."""
    found = [
        f"{name}: {response.headers.get(name)}"
        for name, value in EXPECTED.items()
        if response.headers.get(name) != value
    ]
    policy = observatory.directives(response.headers.get("Content-Security-Policy", ""))
    if policy.get("default-src") != ["'none'"] or policy.get("frame-ancestors") != ["'none'"]:
        found.append(f"policy: {policy}")
    if any("unsafe" in source for sources in policy.values() for source in sources):
        found.append(f"unsafe: {policy}")
    if "camera=()" not in response.headers.get("Permissions-Policy", ""):
        found.append("no permissions policy")
    # What is taken back carries nothing.
    cookies = SimpleCookie({name: m for name, m in response.cookies.items() if m["max-age"] != 0})
    found += [
        f"cookie: {morsel.OutputString()}"
        for morsel in cookies.values()
        if not (morsel["secure"] and morsel["httponly"] and morsel["samesite"] == "Lax")
    ]
    text = text_of(response)
    points = observatory.score(response.headers, cookies, text)
    if points < ENOUGH:
        found.append(f"only {points} points")
    fetched = ["".join(groups) for groups in FETCHED.findall(text)]
    # `alternate` and `canonical` name the page's own address in full.
    found += [f"fetches {url}" for url in fetched if urlsplit(url).netloc not in ("", HOST)]
    found += [f"inline: {match[0]}" for match in INLINE.finditer(text)]
    return found


def addresses() -> Iterator[tuple[Route, str]]:
    for route in routes():
        for path in paths(route)[:1]:
            yield route, path


@pytest.mark.long
def test_every_address_whoever_asks(report: None, production: Path) -> None:
    """Of each pattern one address: to one who may, on the desk also to one who may not; and sent to."""
    nobody, viewer = browser(), browser(make_editor())
    chief = browser(User.objects.create_superuser("chief"))
    seen: dict[str, set[int]] = {}
    wrong = {}
    for at, (route, path) in enumerate(addresses()):
        asked = [chief, (nobody, viewer)[at % 2]] if route.desk else [chief]
        answers = [client.get(path, secure=True) for client in asked]
        if not route.desk or route.name == "login":
            answers.append(nobody.post(path, secure=True))
        for response in answers:
            seen.setdefault(route.name, set()).add(response.status_code)
            if found := faults(response):
                wrong[path, response.status_code] = found
    assert wrong == {}
    every = set().union(*seen.values())
    assert {200, 302, 403, 404, 405} <= every, every
    # What the walk finds is the site and not a list of 404s.
    pages = [name for name, codes in seen.items() if 200 in codes]
    assert len(pages) > 150, len(pages)


def test_every_kind_of_answer(
    report: None, production: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = browser(enforce_csrf_checks=True, raise_request_exception=False)
    etag = client.get("/api/districts/", secure=True).headers["ETag"]
    asked = {
        "a page": (client.get("/", secure=True), 200),
        "English": (client.get("/en/", secure=True), 200),
        "a fragment": (client.get("/projects/", secure=True, headers={"HX-Request": "true"}), 200),
        "known": (client.get("/api/districts/", secure=True, headers={"If-None-Match": etag}), 304),
        "bad value": (client.get("/projects/?page=0", secure=True), 400),
        "bad value in JSON": (client.get("/api/projects/?stage=x", secure=True), 400),
        "too many": (client.get("/?" + "a=1&" * 1100, secure=True), 400),
        "foreign host": (client.get("/", secure=True, headers={"host": "evil.example"}), 400),
        "forged form": (client.post("/admin/login/", {"username": "x"}, secure=True), 403),
        "nothing": (client.get("/nothing/", secure=True), 404),
        "nothing in JSON": (client.get("/api/nothing/", secure=True), 404),
        "no slash": (client.get("/projects", secure=True), 301),
        "log in": (client.get("/dispatch/", secure=True), 302),
        "wrong method": (browser().delete("/projects.csv", secure=True), 405),
        "wrong method of the API": (client.post("/api/projects/", secure=True), 405),
        "a download": (client.get("/districts/tengzhou/briefing.docx", secure=True), 200),
        "a script": (client.get("/static/main.js", secure=True), 200),
        "a drawing": (client.get("/static/mark.svg", secure=True), 200),
        "no such file": (client.get("/static/none.js", secure=True), 404),
    }
    known = asked["a script"][0].headers["ETag"]
    asked["a known script"] = (
        client.get("/static/main.js", secure=True, headers={"If-None-Match": known}),
        304,
    )

    def broken(*_args: Any, **_kwargs: Any) -> None:
        raise RuntimeError("broken for the test")

    monkeypatch.setattr("projects.dashboards.the_city", broken)
    asked["broken"] = (client.get("/", secure=True), 500)
    assert {name: r.status_code for name, (r, _) in asked.items()} == {
        name: status for name, (_, status) in asked.items()
    }
    assert {name: found for name, (r, _) in asked.items() if (found := faults(r))} == {}


def test_cookies_are_worth_points_and_kept_from_scripts(report: None, production: Path) -> None:
    User.objects.create_superuser("chief", password="password")
    client = browser()
    client.get("/admin/login/", secure=True)
    response = client.post(
        "/admin/login/?next=/admin/", {"username": "chief", "password": "password"}, secure=True
    )
    assert response.status_code == 302
    assert set(response.cookies) == {"csrftoken", "sessionid"}
    assert faults(response) == []
    assert observatory.score(response.headers, response.cookies) == ENOUGH + 5


def test_plain_http_is_led_to_https_with_headers_all_the_same(db: None, production: Path) -> None:
    response = browser().get("/projects/?q=x")
    assert response.status_code == 301
    assert response.headers["Location"] == f"https://{HOST}/projects/?q=x"
    # A browser ignores HSTS over http, so it is not sent; all else is.
    assert faults(response) == ["Strict-Transport-Security: None", "only 80 points"]
    assert browser().get("/healthz").status_code == 200


def test_the_score_falls_with_each_header(production: Path, db: None) -> None:
    """The computation itself: what is taken away costs what the published table says."""
    response = browser().get("/about/", secure=True)
    headers, text = dict(response.headers), response.text
    assert observatory.score(headers, response.cookies, text) == ENOUGH
    csp = headers["Content-Security-Policy"]

    def changed(**values: str | None) -> int:
        other = headers | {name.replace("_", "-"): value for name, value in values.items()}
        kept = {name: value for name, value in other.items() if value is not None}
        return observatory.score(kept, response.cookies, text)

    assert changed(Content_Security_Policy=None) == 75
    assert (
        changed(Content_Security_Policy=csp.replace("default-src 'none'", "default-src 'self'"))
        == 125
    )
    assert changed(Content_Security_Policy=csp + "; object-src *") == 80
    unsafe = csp.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
    assert changed(Content_Security_Policy=unsafe) == 120
    unsafe = csp.replace("script-src 'self'", "script-src 'self' 'unsafe-inline'")
    assert changed(Content_Security_Policy=unsafe) == 80
    assert changed(Strict_Transport_Security=None) == 80
    assert changed(Strict_Transport_Security="max-age=60") == 120
    assert changed(X_Content_Type_Options=None) == 125
    assert changed(Referrer_Policy="unsafe-url") == 120
    assert changed(Cross_Origin_Resource_Policy=None) == 120
    assert observatory.score(headers, response.cookies, '<script src="//cdn.example/x.js">') == 50
