"""The API: the pages' selections as JSON, in pages that hold, for reading only."""

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.signing import Signer
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from districts.models import Target
from projects.exports import PROJECT_COLUMNS
from projects.models import Project
from tests.factories import (
    change_stage,
    make_capacity,
    make_company,
    make_district,
    make_honour,
    make_indicator,
    make_participation,
    make_project,
    make_reading,
    make_segment,
    make_source,
    make_target,
)
from zaozhuang.csvfile import text_of

RESOURCES = [
    "projects",
    "capacities",
    "targets",
    "readings",
    "companies",
    "districts",
    "sources",
    "segments",
    "indicators",
    "stage-changes",
]
# What the exports have too.
EXPORTED = RESOURCES[:5]


def rows(client: Client, address: str) -> list[dict[str, Any]]:
    """All rows, page after page."""
    found: list[dict[str, Any]] = []
    following: str | None = address
    while following:
        response = client.get(following)
        assert response.status_code == 200, response.content
        page = response.json()
        found += page["results"]
        following = page["next"]
    return found


@pytest.mark.parametrize("resource", EXPORTED)
@pytest.mark.parametrize("prefix", ["", "/en"])
@pytest.mark.parametrize(
    "query",
    ["", "district=tengzhou", "district=tengzhou&district=xuecheng&as_of=2023-02-09", "q=磷酸"],
)
def test_rows_are_the_exports_rows_in_their_order(
    report: None, client: Client, resource: str, prefix: str, query: str
) -> None:
    file = client.get(f"{prefix}/{resource}.csv?headers=codes&{query}")
    exported = list(csv.DictReader(io.StringIO(b"".join(file).decode())))
    answered = rows(client, f"{prefix}/api/{resource}/?page_size=3&{query}")
    assert [list(row) for row in answered[:1]] == [list(row) for row in exported[:1]]
    numbers = {"value", "quantity", "progress", "investment", "baseline"}
    for ours, theirs in zip(answered, exported, strict=True):
        for code, value in ours.items():
            if code in numbers and value is not None:
                assert float(theirs[code]) == pytest.approx(value), code
            else:
                assert text_of(value) == theirs[code], code


@pytest.mark.parametrize("ordering", ["name", "district", "stage", "due", "updated"])
@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("resource", ["projects", "capacities"])
def test_pages_of_any_order_are_the_exports(
    report: None, client: Client, ordering: str, sign: str, resource: str
) -> None:
    query = f"ordering={sign}{ordering}&as_of=2023-02-10"
    file = client.get(f"/{resource}.csv?headers=codes&{query}")
    exported = list(csv.DictReader(io.StringIO(b"".join(file).decode())))
    answered = rows(client, f"/api/{resource}/?page_size=2&{query}")
    assert len(answered) > 4
    assert [str(row["id"]) for row in answered] == [row["id"] for row in exported]


@pytest.mark.django_db
def test_a_page_begins_behind_the_last_row_whatever_was_added(client: Client) -> None:
    place = make_district(slug="p")
    for slug in "bdfh":
        make_project(slug=slug, district=place, stage="building")
    first = client.get("/api/projects/?page_size=2").json()
    make_project(slug="a", district=place)
    make_project(slug="e", district=place)
    second = client.get(first["next"]).json()
    assert [row["slug"] for row in first["results"]] == ["b", "d"]
    assert [row["slug"] for row in second["results"]] == ["e", "f"]
    assert client.get(second["next"]).json()["next"] is None


@pytest.mark.django_db
def test_values_are_typed_and_blank_is_null(client: Client) -> None:
    project = make_project(slug="a", investment=Decimal("12.50"), investment_kind="agreed")
    make_capacity(project, 18)
    make_capacity(project, None)
    row = client.get("/api/projects/a/").json()
    assert list(row) == [column.code for column in PROJECT_COLUMNS]
    assert row["investment"] == 12.5
    assert row["name_en"] is None
    assert row["due"] is None
    known, unknown = rows(client, "/api/capacities/")
    assert (known["quantity"], known["per_year"]) == (18, True)
    assert isinstance(known["quantity"], int)
    assert unknown["quantity"] is None


@pytest.mark.django_db
@pytest.mark.parametrize("prefix", ["", "/en"])
@pytest.mark.parametrize("resource", RESOURCES)
def test_every_row_can_be_asked_for_alone(
    report: None, client: Client, resource: str, prefix: str
) -> None:
    for row in rows(client, f"{prefix}/api/{resource}/?page_size=200")[:5]:
        key = row["code"] if resource == "segments" else row["id"]
        if resource in {"projects", "companies", "districts", "sources", "indicators"}:
            key = row["slug"]
        assert client.get(f"{prefix}/api/{resource}/{key}/").json() == row


@pytest.mark.django_db
def test_a_record_is_shown_as_of_a_day(client: Client) -> None:
    project = make_project(slug="a", stage="signed", since="2023-01-05")
    change_stage(project, "building", "2023-03-01")
    assert client.get("/api/projects/a/").json()["stage"] == "building"
    assert client.get("/api/projects/a/?as_of=2023-02-01").json()["stage"] == "signed"
    assert client.get("/api/projects/a/?as_of=2022-02-01").status_code == 404
    assert client.get("/api/projects/a/?district=nowhere").status_code == 200


def test_stage_changes_can_be_narrowed(report: None, client: Client) -> None:
    everything = rows(client, "/api/stage-changes/")
    here = rows(client, "/api/stage-changes/?district=tengzhou&since=2023-02-01&until=2023-02-28")
    assert 0 < len(here) < len(everything)
    assert {row["district_code"] for row in here} == {"370481"}
    one = rows(client, f"/api/stage-changes/?project={here[0]['project']}&stage={here[0]['stage']}")
    assert here[0] in one
    assert rows(client, "/api/stage-changes/?as_of=2022-01-01") == []
    assert [row["date"] for row in everything] == sorted(
        (row["date"] for row in everything), reverse=True
    )


@pytest.mark.parametrize(
    ("address", "parameter"),
    [
        ("projects/?district=nowhere", "district"),
        ("projects/?stage=bulding", "stage"),
        ("projects/?q=%00", "q"),
        ("projects/?as_of=2023-02-30", "as_of"),
        ("projects/?ordering=size", "ordering"),
        ("capacities/?segment=ZZ", "segment"),
        ("targets/?as_of=today", "as_of"),
        ("targets/1/?as_of=today", "as_of"),
        ("readings/?district=%00", "district"),
        ("companies/?q=%00", "q"),
        ("stage-changes/?since=2023", "since"),
        ("projects/?page_size=0", "page_size"),
        ("projects/?page_size=201", "page_size"),
        ("projects/?page_size=", "page_size"),
        ("projects/?page_size=%EF%BC%91", "page_size"),
        ("segments/?page_size=1e2", "page_size"),
        ("projects/?cursor=abc", "cursor"),
        ("projects/?cursor=%00", "cursor"),
    ],
)
def test_a_wrong_parameter_is_named_and_shows_no_rows(
    report: None, client: Client, address: str, parameter: str
) -> None:
    response = client.get(f"/en/api/{address}")
    assert response.status_code == 400
    assert response["Content-Type"] == "application/json"
    assert list(response.json()) == [parameter]
    assert response.json()[parameter][0]


def test_a_cursor_holds_only_where_it_was_given(report: None, client: Client) -> None:
    cursor = client.get("/api/projects/?page_size=2").json()["next"].partition("cursor=")[2]
    assert client.get(f"/api/projects/?cursor={cursor}").status_code == 200
    for elsewhere in ("/en/api/projects/?", "/api/companies/?", "/api/projects/?ordering=name&"):
        assert client.get(f"{elsewhere}cursor={cursor}").status_code == 400
    assert client.get(f"/api/projects/?cursor=X{cursor}").status_code == 400


def test_a_cursor_of_an_earlier_release_is_refused(report: None, client: Client) -> None:
    """Signed by this server, but with the keys of another order."""
    signer = Signer(salt="/api/sources/ ")
    for keys in (["2023-02-01"], ["no day", "slug"], {"a": 1, "b": 2}, 7):
        cursor = signer.sign_object(keys)
        assert client.get("/api/sources/", {"cursor": cursor}).status_code == 400


def test_unknown_parameters_are_ignored(report: None, client: Client) -> None:
    plain = client.get("/api/projects/").json()
    assert (
        client.get("/api/projects/?format=xml&utm_source=x").json()["results"] == plain["results"]
    )
    accepts = client.get("/api/projects/", headers={"Accept": "application/xml"})
    assert accepts.json() == plain


@pytest.mark.parametrize(
    "address",
    [
        "projects/nope/",
        "projects/%00/",
        "projects/a%2Fb/",
        "targets/0/",
        "targets/x/",
        "targets/٣/",
        f"targets/{10**17}/",
        f"targets/{10**40}/",
        "segments/U1%0A/",
        "nothing/",
        "nothing/%0A/",
    ],
)
def test_what_is_not_there_is_404_as_json(report: None, client: Client, address: str) -> None:
    response = client.get(f"/api/{address}")
    assert response.status_code == 404
    assert response.json() == {"detail": "未找到。"}


def test_an_address_that_lacks_its_slash_is_led_on(report: None, client: Client) -> None:
    assert client.get("/api/projects?district=tengzhou", follow=True).status_code == 200


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
@pytest.mark.parametrize("address", ["projects/", "projects/a/", "targets/1/"])
def test_it_is_read_only(db: None, client: Client, method: str, address: str) -> None:
    response = getattr(client, method)(f"/api/{address}")
    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD"


def test_the_front_page_lists_the_resources_in_the_addresss_language(
    report: None, client: Client
) -> None:
    assert list(client.get("/api/").json()) == RESOURCES
    english = client.get("/en/api/").json()
    assert english["projects"].endswith("/en/api/projects/")
    assert rows(client, english["districts"])[0]["name"] == "Zaozhuang City"
    assert rows(client, "/api/districts/")[0]["name"] == "枣庄市"


def test_what_has_not_changed_is_not_sent_again(report: None, client: Client) -> None:
    target = f"/en/api/targets/{Target.objects.all()[0].pk}/"
    for address in ("/api/projects/?district=tengzhou", target):
        tag = client.get(address)["ETag"]
        again = client.get(address, headers={"If-None-Match": tag})
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)
    project = Project.objects.filter(district__slug="tengzhou")[0]
    project.name_en = "renamed"
    project.save()
    address = "/api/projects/?district=tengzhou"
    changed = client.get(address, headers={"If-None-Match": client.get("/api/projects/")["ETag"]})
    assert changed.status_code == 200
    assert client.head(address).status_code == 200


@pytest.fixture
def limited(settings: Any) -> Iterator[None]:
    settings.API_REQUESTS_PER_MINUTE = 3
    cache.clear()
    yield
    cache.clear()


def test_anonymous_callers_are_slowed_down_and_editors_are_not(
    limited: None, db: None, client: Client
) -> None:
    for _time in range(3):
        assert client.get("/api/segments/").status_code == 200
    # A forged header is no new address.
    refused = client.get("/api/projects/", headers={"X-Forwarded-For": "203.0.113.9"})
    assert refused.status_code == 429
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert list(refused.json()) == ["detail"]
    assert client.get("/api/schema/").status_code == 429
    assert client.get("/api/segments/", REMOTE_ADDR="203.0.113.9").status_code == 200
    client.force_login(User.objects.create_user("editor"))
    assert client.get("/api/segments/").status_code == 200


def small_city(count: int) -> None:
    """So many of everything that a row leads to."""
    for _number in range(count):
        source = make_source()
        place = make_district(parent=make_district(), position_source=source)
        project = make_project(
            district=place, stage="building", source=source, parent=make_project(district=place)
        )
        change_stage(project, "producing", "2023-06", source=source)
        make_capacity(project, segment=make_segment(), source=source)
        company = make_company(source=source)
        make_participation(project, company)
        make_honour(company, source=source)
        indicator = make_indicator()
        make_target(district=place, indicator=indicator, source=source)
        make_reading(district=place, indicator=indicator, source=source)


QUERIES = {
    "projects": 6,
    "capacities": 2,
    "targets": 2,
    "readings": 1,
    "companies": 4,
    "districts": 1,
    "sources": 1,
    "segments": 1,
    "indicators": 1,
    "stage-changes": 1,
}


def test_queries_are_few_and_the_same_for_ten_times_the_rows(db: None, client: Client) -> None:
    def counted(as_of: str) -> dict[str, int]:
        found = {}
        for resource in RESOURCES:
            with CaptureQueriesContext(connection) as queries:
                assert (
                    len(client.get(f"/api/{resource}/?page_size=200{as_of}").json()["results"]) > 0
                )
            found[resource] = len(queries)
        return found

    for more in (3, 27):
        small_city(more)
        for as_of in ("", "&as_of=2023-03-01"):
            assert counted(as_of) == QUERIES, (more, as_of)
