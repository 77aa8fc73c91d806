"""No request breaks a page: every pattern of the URLconf, every parameter, whatever is in it."""

import json
import re
from random import Random
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from districts.models import District, Reading
from projects.models import Company, Project
from tests.desk import address, input_of
from tests.fuzz.cases import Case, Maker, desk_parameters, parameters
from tests.members import logged_in, make_editor
from tests.routes import paths, routes

TAG = re.compile(r"<[^>]*>")


@pytest.fixture
def clients(report: None) -> dict[str, Client]:
    chief = User.objects.create_superuser("chief")
    editor = make_editor(District.objects.get(slug="tengzhou"))
    return {"nobody": Client(), "editor": logged_in(editor), "chief": logged_in(chief)}


def ask(clients: dict[str, Client], case: Case) -> Any:
    """The answer to a request, as WSGI would hand it over."""
    # What the server itself refuses does not come this far.
    headers = {name: value for name, value in case.headers.items() if name != "Content-Type"}
    client = clients[case.who]
    if "Cookie" in headers and not headers["Cookie"].startswith("sessionid"):
        kept = (f"{name}={morsel.value}" for name, morsel in client.cookies.items())
        headers["Cookie"] = "; ".join([headers["Cookie"], *kept])
    response = client.generic(
        case.method,
        case.target,
        case.body,
        content_type=case.headers.get("Content-Type", "application/octet-stream"),
        headers=headers,
    )
    body = b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]
    assert response.status_code < 500, case
    assert b"Traceback" not in body, case
    return response


def named(response: Any) -> set[str]:
    """The parameters that an answer calls wrong."""
    assert response.status_code == 400
    if response.headers["Content-Type"] == "application/json":
        return set(json.loads(response.content))
    return {TAG.sub("", found) for found in re.findall(r"<code>.*?</code>", response.text)}


# --- By chance -------------------------------------------------------------------------------


def test_every_pattern_is_asked_for_something_odd(clients: dict[str, Client]) -> None:
    maker = Maker()
    codes = {
        ask(clients, maker.case(Random(route.template), route)).status_code
        for route in maker.routes
    }
    assert {200, 302, 400, 403, 404} <= codes


def test_any_request_is_answered(clients: dict[str, Client]) -> None:
    """What `make fuzz` does at length and against the real server."""
    maker = Maker()

    @settings(
        max_examples=60,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(st.randoms(use_true_random=False))
    def asked(chance: Random) -> None:
        ask(clients, maker.case(chance))

    asked()


def test_the_maker_knows_what_the_code_reads() -> None:
    """Its parameters are those of the forms and views; were none found, nothing would be tried."""
    known = {
        "q",
        "district",
        "as_of",
        "ordering",
        "cursor",
        "page_size",
        "month",
        "headers",
        "project",
    }
    assert known <= set(parameters())
    lists = {route.name: route for route in routes() if route.name.endswith("_changelist")}
    assert {"due__year", "district__exact", "q", "p"} <= set(
        desk_parameters(lists["projects_project_changelist"])
    )
    assert len(lists) > 12


# --- NUL -------------------------------------------------------------------------------------


def test_nul_is_refused_by_name_on_every_page(clients: dict[str, Client]) -> None:
    """In a parameter that the page reads as in one that it does not, and in a name."""
    for at, route in enumerate(routes()):
        path = paths(route)[0]
        name = "q" if route.admin is None else f"{route.admin.date_hierarchy or 'id'}__year"
        odd = f"{'/en' if route.localised and at % 2 else ''}{path}?{name}=a%00b"
        assert named(clients["chief"].get(odd)) == {name}, path
    response = clients["nobody"].get("/en/projects/?x%00y=1&q=a%00")
    assert named(response) == {"x␀y", "q"}
    assert "No text holds the character NUL." in response.text


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_nul_in_a_form_of_the_desk(clients: dict[str, Client], prefix: str) -> None:
    page = prefix + address(Project, "changelist")
    for name in ("action", "_selected_action", "note", "csrfmiddlewaretoken"):
        assert named(clients["chief"].post(page, {name: "a\0b"})) == {name}
    response = clients["chief"].post(prefix + "/admin/login/", {"username": "a\0", "password": "x"})
    assert named(response) == {"username"}


def test_a_cookie_with_nul_is_forgotten(clients: dict[str, Client]) -> None:
    """Its reader could not get rid of it: the page is answered as if there were none."""
    for cookie in (r'sessionid="\000aaaaaaaaaaaaaaaa"', r'csrftoken="\000"', r'messages="a\000"'):
        for path in ("/", "/admin/login/", "/dispatch/"):
            response = clients["nobody"].get(path, headers={"cookie": cookie})
            assert response.status_code in (200, 302), (cookie, path)


def test_forged_and_stale_cookies(clients: dict[str, Client]) -> None:
    for cookie in ("sessionid=forged", "sessionid=" + "a" * 4000, "messages=W10:1abcde:zzzz"):
        answer = clients["nobody"].get("/admin/", headers={"cookie": cookie})
        assert (answer.status_code, answer.url[:12]) == (302, "/admin/login")  # type: ignore[attr-defined]
    for language in ("xx", "../../en", "en"):
        page = clients["nobody"].get("/about/", headers={"cookie": f"django_language={language}"})
        assert '<html lang="zh-Hans">' in page.text  # the address decides


# --- The lists of the desk -------------------------------------------------------------------

BIG = "9" * 25


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        (f"id__exact={BIG}", set()),  # too large to be there: nobody
        (f"id__in={BIG}", None),  # only SQLite cannot compare it
        ("id__in=x", {"id__in"}),
        ("district__id__exact=x&stage__exact=signed", {"district__id__exact"}),
        ("due__year=99999", {"due__year"}),
        ("due__year=NaN", {"due__year"}),
        ("due__month=13&due__year=2023", None),
        ("due__day=30&due__month=2&due__year=2023", {"due__day", "due__month", "due__year"}),
        ("due__gte=2023-02-30", {"due__gte"}),
        ("investment__gte=NaN", None),
        ("investment__lt=1e999", None),
        ("name__regex=(a%2B)%2B%24", {"name__regex"}),
        ("name__range=a", {"name__range"}),
        ("district__city__password=x", {"district__city__password"}),
        ("nothing=1&q=x", {"nothing"}),
        ("p=x", set()),
        (f"p={BIG}", set()),
        ("o=99.-7.x", set()),
        ("q=%25_%5C", set()),
    ],
)
@pytest.mark.parametrize("prefix", ["", "/en"])
def test_a_list_of_the_desk_says_which_parameter_is_wrong(
    clients: dict[str, Client], prefix: str, query: str, wrong: set[str] | None
) -> None:
    response = clients["chief"].get(f"{prefix}{address(Project, 'changelist')}?{query}")
    if wrong:
        assert named(response) == wrong
    else:
        assert (
            response.status_code == 200 if wrong is not None else response.status_code in (200, 400)
        )


def test_what_cannot_be_a_key_selects_nothing(clients: dict[str, Client]) -> None:
    chief = clients["chief"]
    for value in ("x", BIG, "１", "", "-1", "1.5"):
        assert chief.get(address(Project, "add"), {"district": value}).status_code == 200
        sent = chief.post(
            address(Project, "add"), {"name": "x", "district": value, "parent": value}
        )
        assert sent.status_code == 200
        assert "errorlist" in sent.text
        # Several at once, where the database compares before the form does.
        company = Company.objects.all()[0]
        page = address(Company, "change", company.pk)
        sent = chief.post(page, input_of(chief.get(page)) | {"readings": [value]})
        assert sent.status_code in (200, 302, 400), value
        # No action for what is not there.
        action = {"action": "delete_selected", "_selected_action": value}
        sent = chief.post(address(Reading, "changelist"), action)
        assert sent.status_code in (200, 302, 400), value  # １ is 1
    assert Reading.objects.exists()


# --- Where a redirect may lead ---------------------------------------------------------------

ELSEWHERE = ["//evil.example", "https://evil.example/", "/\\evil.example", "\\\\evil.example"]
ELSEWHERE += ["javascript:alert(1)", "///evil.example", "http:evil.example", " //evil.example"]
ELSEWHERE += ["/\t/evil.example", "https:/evil.example", "//evil.example\\@127.0.0.1"]


def test_no_redirect_leads_elsewhere(clients: dict[str, Client]) -> None:
    User.objects.create_superuser("other", password="password")
    who = {"username": "other", "password": "password"}
    for url in ELSEWHERE:
        login = Client().post("/admin/login/", who | {"next": url})
        assert login.headers["Location"] == "/admin/", url
        report = clients["chief"].get("/admin/projects/progressreport/add/", {"next": url})
        assert f'action="{url}' not in report.text
        assert f'href="{url}' not in report.text


def test_an_address_that_begins_like_a_host_stays_here(clients: dict[str, Client]) -> None:
    """`//evil.example/…` as a path: neither the slash that is added nor the other language leaves."""
    for path in ("//evil.example/projects", "//evil.example/admin", "//evil.example/en/"):
        response = clients["nobody"].get(path)
        assert not response.headers.get("Location", "").startswith("//")
        for link in re.findall(r'(?:href|action|src)="([^"]*)"', response.text):
            assert not link.startswith(("//", "/\\")), link
            assert "://evil" not in link


def test_a_forwarded_host_is_not_believed(clients: dict[str, Client]) -> None:
    forged = {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "Forwarded": "host=evil.example",
        "X-Original-URL": "/admin/",
    }
    for path in ("/projects/", "/changes.atom", "/projects.json", "/api/projects/", "/due.ics"):
        response = clients["nobody"].get(path, headers=forged)
        body = b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]
        assert response.status_code == 200
        assert b"evil.example" not in body
        assert b"https://testserver" not in body


# --- Methods ---------------------------------------------------------------------------------


def test_wrong_methods_are_answered_with_what_is_allowed(clients: dict[str, Client]) -> None:
    """Not with 403 for a form that was forged: there is none to forge."""
    strict = Client(enforce_csrf_checks=True)
    reading = [route for route in routes() if not route.desk]
    assert len(reading) > 50
    for route in reading:
        for method in ("POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"):
            response = strict.generic(method, paths(route)[0])
            assert response.status_code == 405, (method, route.template)
            assert "GET" in response.headers["Allow"]
            assert "TRACE" not in response.headers["Allow"]


def test_head_is_get_without_the_body(clients: dict[str, Client]) -> None:
    for path in ("/", "/projects.csv", "/api/projects/", "/changes.atom", "/x/"):
        get, head = clients["nobody"].get(path), clients["nobody"].head(path)
        assert head.status_code == get.status_code, path
        assert head.headers["Content-Type"] == get.headers["Content-Type"]
        if not get.streaming:
            assert head.content == b""
