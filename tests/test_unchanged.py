"""A page that has not changed is answered with 304, and one that may have is made anew."""

import gzip
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import caches
from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from districts.models import District
from projects.models import Project, StageChange
from tests.factories import change_stage, day, make_company, make_district, make_project
from zaozhuang import edition, unchanged
from zaozhuang.models import Edition

pytestmark = pytest.mark.django_db
LIST = "/projects/"


def tag_of(client: Client, path: str = LIST, **headers: str) -> str:
    response = client.get(path, headers=headers)
    assert response.status_code == 200
    return response.headers.get("ETag", "")


def again(client: Client, tag: str, path: str = LIST, **headers: str) -> int:
    return client.get(path, headers={"If-None-Match": tag, **headers}).status_code


@pytest.mark.parametrize("path", ["/", LIST, "/en/projects/?stage=building", "/chain/", "/about/"])
def test_a_page_that_has_not_changed_costs_one_query(client: Client, path: str) -> None:
    make_project(stage="building")
    tag = tag_of(client, path)
    with CaptureQueriesContext(connection) as queries:
        response = client.get(path, headers={"If-None-Match": tag})
    assert (response.status_code, response.content) == (304, b"")
    assert len(queries) == 1
    assert response.headers["ETag"] == tag
    assert "Cookie" in response.headers["Vary"]
    assert not response.cookies


def raw() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE projects_project SET note = 'x'")


WRITES: list[Callable[[], object]] = [
    lambda: Project.objects.get().save(),
    lambda: Project.objects.update(note="x"),
    lambda: Project.objects.bulk_update([*Project.objects.all()], ["note"]),
    lambda: models.QuerySet(Project).update(note="x"),
    raw,
    lambda: change_stage(Project.objects.get(), "idle", "2024"),
    lambda: StageChange.objects.all().delete(),
    lambda: make_company(),
    lambda: District.objects.bulk_create(
        [District(code="9", slug="nine", name="九", short_name="九", path="9/")]
    ),
    lambda: call_command("seed", verbosity=0),
    lambda: call_command("new_edition"),
    lambda: User.objects.create_user("someone"),
]


@pytest.mark.parametrize("write", WRITES, ids=range(len(WRITES)))
def test_after_any_write_it_is_made_anew(client: Client, write: Callable[[], object]) -> None:
    make_project(stage="building")
    tag = tag_of(client)
    assert again(client, tag) == 304
    write()
    assert again(client, tag) == 200


def test_two_writes_give_two_editions_and_a_savepoint_taken_back_hides_none() -> None:
    project = make_project()
    seen = {edition.current()}
    for number in range(3):
        with transaction.atomic():
            try:
                with transaction.atomic():
                    project.note = f"{number}"
                    project.save()
                    raise DatabaseError
            except DatabaseError:
                pass
            make_company()
        seen.add(edition.current())
    assert len(seen) == 4


def test_adding_the_rows_up_changes_nothing() -> None:
    for _ in range(3):
        make_company()
        edition.current()
    before = edition.current()
    assert Edition.objects.count() > 1
    edition.merge()
    assert (edition.current(), Edition.objects.count()) == (before, 1)


def test_a_session_is_no_write() -> None:
    before = edition.current()
    for statement in (
        'UPDATE "django_session" SET x = 1',
        "INSERT INTO axes_accessattempt VALUES (1)",
        "SELECT 1",
        "WITH a AS (SELECT 1) SELECT * FROM a",
        "SAVEPOINT s",
    ):
        assert not edition.writes(statement)
    for statement in (
        'UPDATE "projects_project" SET x = 1',
        "DELETE FROM auth_user",
        "WITH gone AS (DELETE FROM a RETURNING *) INSERT INTO b SELECT * FROM gone",
    ):
        assert edition.writes(statement)
    assert edition.current() == before


def test_the_tag_tells_apart_what_answers_differ_by(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_district("城", slug="city")
    tags = [
        tag_of(client),
        tag_of(client, "/en/projects/"),
        tag_of(client, "/projects/?stage=idle"),
        tag_of(client, **{"HX-Request": "true"}),
        tag_of(client, host="localhost"),
    ]
    monkeypatch.setattr(unchanged, "release", lambda: "another")
    tags.append(tag_of(client))
    monkeypatch.setattr(unchanged, "today", lambda: day("2031-01-01"))
    tags.append(tag_of(client))
    assert len(set(tags)) == len(tags)
    assert all(tags)


def test_who_has_signed_in_is_answered_anew(client: Client, admin_client: Client) -> None:
    make_project()
    tag = tag_of(client)
    assert again(admin_client, tag) == 200
    assert tag_of(admin_client) == ""
    assert admin_client.get(LIST).headers.get("ETag") is None


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/admin/login/", "/projects.csv"])
def test_probes_the_desk_and_streams_have_no_tag(client: Client, path: str) -> None:
    assert "ETag" not in client.get(path).headers


def test_a_refused_or_missing_page_has_no_tag(client: Client) -> None:
    assert "ETag" not in client.get("/projects/?stage=nonsense").headers
    assert "ETag" not in client.get("/projects/none/").headers


def test_the_release_is_told_by_its_files() -> None:
    # The first request of this process may have come in a test with settings of its own.
    unchanged.release.cache_clear()
    assert unchanged.release() == unchanged.release.__wrapped__()
    assert len(unchanged.release()) == 64


@pytest.fixture
def keeping(settings: Any) -> Iterator[None]:
    own = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "kept in a test"}
    settings.CACHES = settings.CACHES | {"pages": own}
    yield
    caches["pages"].clear()


@pytest.mark.usefixtures("keeping")
@pytest.mark.parametrize("path", ["/", LIST, "/en/projects/?stage=building"])
def test_a_page_is_made_once_for_all_visitors(client: Client, path: str) -> None:
    make_project(stage="building")
    first = client.get(path, headers={"Accept-Encoding": "gzip"})
    with CaptureQueriesContext(connection) as queries:
        second = Client().get(path, headers={"Accept-Encoding": "gzip"})
    assert len(queries) == 1
    assert (second.status_code, second.content) == (200, first.content)
    own, others = dict(second.headers), dict(first.headers)
    assert own.pop("X-Request-ID") != others.pop("X-Request-ID")
    assert own == others
    # Somebody who takes no gzip, and somebody with a cookie, is not given what was made for others.
    assert gzip.decompress(first.content) == Client().get(path).content
    other = Client()
    other.cookies["csrftoken"] = "x" * 32
    with CaptureQueriesContext(connection) as queries:
        other.get(path)
    assert len(queries) > 1


@pytest.mark.usefixtures("keeping")
def test_a_kept_page_is_gone_with_the_next_write(client: Client) -> None:
    make_project(name="甲")
    assert "甲" in client.get(LIST).text
    Project.objects.update(name="乙")
    assert "乙" in client.get(LIST).text


@pytest.mark.usefixtures("keeping")
def test_refusals_files_and_fragments_are_not_mixed_up(client: Client) -> None:
    make_project()
    page = client.get(LIST)
    assert client.get(LIST, headers={"HX-Request": "true"}).content != page.content
    assert client.get(LIST, {"stage": "x"}).status_code == 400
    assert client.head(LIST).headers["ETag"] == page.headers["ETag"]
    client.get("/projects.xlsx").close()
    kept: Any = vars(caches["pages"])["_cache"]
    assert len(kept) == 2
