"""Which database a request reads, and that a page stands where a replica does not.

What real replicas do when they lag or die is shown by `make cluster`.
"""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connection, connections, router
from django.db.utils import InterfaceError, OperationalError, ProgrammingError
from django.http import HttpResponse
from django.test import Client, RequestFactory
from pytest_django.fixtures import Settings as SettingsWrapper

from projects.models import Project
from tests.browser.server import free_port
from tests.factories import make_project
from zaozhuang import replicas
from zaozhuang.environment import caches, databases
from zaozhuang.replicas import chosen, lost, reading, reading_from
from zaozhuang.sharedcache import SharedCache

AWAY = "replica_1"


@pytest.fixture
def replica(settings: SettingsWrapper) -> Iterator[str]:
    """The alias of a replica that nobody answers for, in a site that reads replicas."""
    url = f"postgres://reader@127.0.0.1:{free_port()}/tracker"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", "postgres://writer@127.0.0.1/tracker")
        patch.setenv("DATABASE_REPLICA_URLS", url)
        connections.settings[AWAY] = connections.configure_settings(databases("", {}, {}))[AWAY]
    away: Any = connections[AWAY]

    def connect() -> None:
        with away.wrap_database_errors:
            away.connect()

    # Past Django's guard, which lets a test ask no database but its own.
    away.ensure_connection = connect
    settings.DATABASE_REPLICAS = [AWAY]
    settings.DATABASE_ROUTERS = ["zaozhuang.replicas.Router"]
    at = django_settings.MIDDLEWARE.index("zaozhuang.unchanged.middleware")
    middleware = list(django_settings.MIDDLEWARE)
    settings.MIDDLEWARE = [*middleware[:at], "zaozhuang.replicas.Replicas", *middleware[at:]]
    replicas._resting.clear()
    yield AWAY
    replicas._resting.clear()
    del connections[AWAY]
    del connections.settings[AWAY]


@pytest.fixture
def fresh(replica: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """As if the replica had come as far as anybody; the places of the log it was asked for."""
    asked: list[str] = []

    def is_fresh(alias: str, place: str) -> bool:
        asked.append(place)
        return True

    monkeypatch.setattr(replicas, "_is_fresh", is_fresh)
    return asked


def test_records_are_read_where_the_request_reads_and_accounts_on_the_primary(replica: str) -> None:
    assert router.db_for_read(Project) == DEFAULT_DB_ALIAS
    with reading(replica):
        assert router.db_for_read(Project) == replica
        assert router.db_for_read(User) == DEFAULT_DB_ALIAS
        assert router.db_for_write(Project) == DEFAULT_DB_ALIAS
        assert router.allow_migrate(replica, "projects") is False
    assert reading_from() == DEFAULT_DB_ALIAS


@pytest.mark.parametrize(
    ("method", "path", "on_replica"),
    [
        ("GET", "/", True),
        ("HEAD", "/projects.csv", True),
        ("GET", "/projects/admin/", True),
        ("GET", "/administration/", True),
        ("POST", "/", False),
        ("GET", "/admin/", False),
        ("GET", "/en/admin/projects/project/", False),
        ("GET", "/admin", False),
    ],
)
def test_what_writes_and_the_desk_keep_to_the_primary(
    method: str, path: str, on_replica: bool, replica: str, fresh: list[str]
) -> None:
    request = RequestFactory().generic(method, path)

    assert chosen(request) == (replica if on_replica else DEFAULT_DB_ALIAS)


def test_who_wrote_reads_only_what_has_come_as_far(
    replica: str, fresh: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    request = RequestFactory().get("/")
    request.COOKIES["seen"] = "0-16B3748"

    assert chosen(request) == replica
    assert fresh == ["0/16B3748"]
    monkeypatch.setattr(replicas, "_is_fresh", lambda alias, place: False)
    assert chosen(request) == DEFAULT_DB_ALIAS


def test_a_forged_cookie_asks_for_nothing(replica: str, fresh: list[str]) -> None:
    request = RequestFactory().get("/")
    request.COOKIES["seen"] = "0/1'; DROP TABLE"

    chosen(request)

    assert fresh == [""]


@pytest.mark.django_db
def test_a_replica_that_is_away_is_left_alone_for_a_while(
    client: Client, replica: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_project("甲")

    assert "甲" in client.get("/projects/").content.decode()
    assert replicas._resting[replica] > time.monotonic()
    # It is not tried again before its rest is over.
    monkeypatch.setattr(replicas, "_is_fresh", pytest.fail)
    assert client.get("/projects/").status_code == 200


@pytest.mark.django_db
def test_a_page_that_loses_its_replica_is_made_anew_from_the_primary(
    client: Client, replica: str, fresh: list[str]
) -> None:
    project = make_project("甲")
    # A visitor's own session; of everybody's pages the state of the data is asked before.
    client.cookies["sessionid"] = "somebody"

    for path in ("/projects/", f"/projects/{project.slug}/", "/about/"):
        replicas._resting.clear()
        assert client.get(path).status_code == 200
        assert replica in replicas._resting, path
    assert reading_from() == DEFAULT_DB_ALIAS


def test_what_is_wrong_is_not_asked_twice(replica: str) -> None:
    site = replicas.Replicas(lambda request: HttpResponse())

    with reading(replica):
        wrong = ProgrammingError("no such column")
        assert site.process_exception(RequestFactory().get("/"), wrong) is None
    assert replica not in replicas._resting


def test_lost_is_a_connection_and_not_a_question() -> None:
    class Said(Exception):
        sqlstate: str | None = None

    def error(state: str | None) -> OperationalError:
        said, raised = Said(), OperationalError()
        said.sqlstate, raised.__cause__ = state, said
        return raised

    for state in (None, "08006", "57P01", "40001"):
        assert lost(error(state))
    # Too slow (57014) is so on the primary too, and out of room (53100) is another matter.
    for state in ("57014", "53100"):
        assert not lost(error(state))
    assert lost(InterfaceError("connection already closed"))
    assert not lost(ProgrammingError())


def test_rows_of_an_export_are_read_where_it_began() -> None:
    read: list[str] = []
    closed: list[bool] = []

    def rows() -> Iterator[bytes]:
        try:
            for number in range(3):
                read.append(reading_from())
                yield str(number).encode()
        finally:
            closed.append(True)

    content = replicas._within("replica_7", rows())

    assert next(content) == b"0"
    # Between two parts, other requests of the thread go their own way.
    assert reading_from() == DEFAULT_DB_ALIAS
    assert b"".join(content) == b"12"
    assert read == ["replica_7"] * 3
    assert closed == [True]


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor == "sqlite", reason="only PostgreSQL has a log to be read")
def test_after_a_write_the_browser_knows_how_far_the_log_is(client: Client, replica: str) -> None:
    replicas._resting[replica] = float("inf")
    response = client.post("/admin/login/", {"username": "nobody", "password": "wrong"})

    assert replicas.PLACE.fullmatch(response.cookies["seen"].value)
    assert response.cookies["seen"]["httponly"]
    client.cookies.clear()
    assert "seen" not in client.get("/about/").cookies


def test_replicas_need_postgresql(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_REPLICA_URLS", "postgres://h/a, postgres://h/b")
    monkeypatch.setenv("DATABASE_URL", "postgres://h/c")
    found = databases("sqlite:///x", {}, {"connect_timeout": 2})
    assert list(found) == ["default", "replica_1", "replica_2"]
    assert found["replica_2"]["NAME"] == "b"
    assert found["replica_2"]["OPTIONS"] == {"connect_timeout": 2}

    monkeypatch.delenv("DATABASE_URL")
    with pytest.raises(ImproperlyConfigured, match="DATABASE_REPLICA_URLS"):
        databases("sqlite:///x", {}, {})


def test_the_cache_is_shared_where_an_address_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CACHE_URL", raising=False)
    assert "locmem" in caches()["default"]["BACKEND"]
    monkeypatch.setenv("CACHE_URL", "redis://cache.example:6379/1")
    assert caches()["default"]["LOCATION"] == "redis://cache.example:6379/1"
    monkeypatch.setenv("CACHE_URL", "memcached://cache.example")
    with pytest.raises(ImproperlyConfigured, match="CACHE_URL"):
        caches()


def test_a_shared_cache_that_is_away_holds_nothing() -> None:
    cache = SharedCache(f"redis://127.0.0.1:{free_port()}/0", {})

    cache.set("a", 1)
    cache.set_many({"b": 2})
    assert cache.get("a", "nothing") == "nothing"
    assert cache.get_many(["a", "b"]) == {}
    assert cache.add("a", 1) is True
    assert cache.incr("a") == 1
    assert cache.has_key("a") is False
    assert cache.touch("a") is False
    assert cache.delete("a") is False
    cache.delete_many(["a"])
    cache.clear()
