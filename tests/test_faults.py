"""What readers are told when the database is away, slow or full, and that it ends by itself."""

import errno
import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.db.backends.signals import connection_created
from django.test import Client, RequestFactory, override_settings
from django.utils import translation
from psycopg import errors

from districts.models import Target
from districts.progress import TargetState
from projects import package
from tests.factories import make_district, make_target
from tests.members import logged_in
from tests.test_settings import manage
from zaozhuang import timeouts, views, xlsxfile
from zaozhuang.dates import today
from zaozhuang.faults import AWAY, BUSY, FULL, SLOW, Fault, fault_of

PAGES = ["/", "/projects/", "/sources/", "/admin/"]


def sqlite_error(code: int) -> Exception:
    error = sqlite3.OperationalError("from SQLite")
    error.sqlite_errorcode = code
    return error


def wrapped(cause: BaseException, kind: type[Exception] = OperationalError) -> Exception:
    """The error as Django hands it on."""
    error = kind(str(cause))
    error.__cause__ = cause
    return error


def refused() -> Exception:
    """What a database that is away says, asked for real."""
    try:
        if connection.vendor == "sqlite":
            sqlite3.connect("/nowhere/at/all.sqlite3")
        else:
            psycopg.connect("host=127.0.0.1 port=1 connect_timeout=2")
    except (sqlite3.Error, psycopg.Error) as cause:
        return wrapped(cause)
    raise AssertionError


@contextmanager
def database(raises: Callable[[], Exception]) -> Iterator[None]:
    """Every statement fails so."""

    def fail(*args: Any) -> Any:
        raise raises()

    with connection.execute_wrapper(fail):
        yield


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (wrapped(psycopg.OperationalError("connection refused")), AWAY),
        (wrapped(errors.AdminShutdown()), AWAY),
        (wrapped(errors.CannotConnectNow()), AWAY),
        (wrapped(errors.TooManyConnections()), BUSY),
        (wrapped(errors.DeadlockDetected()), BUSY),
        (wrapped(errors.QueryCanceled()), SLOW),
        (wrapped(errors.DiskFull()), FULL),
        (wrapped(errors.UndefinedTable(), kind=Exception), None),
        (wrapped(sqlite_error(sqlite3.SQLITE_BUSY)), BUSY),
        (wrapped(sqlite_error(sqlite3.SQLITE_BUSY_SNAPSHOT)), BUSY),
        (wrapped(sqlite_error(sqlite3.SQLITE_CANTOPEN)), AWAY),
        (wrapped(sqlite_error(sqlite3.SQLITE_FULL)), FULL),
        (wrapped(sqlite_error(sqlite3.SQLITE_INTERRUPT)), SLOW),
        # “No such column” is a mistake in the code, though SQLite calls it operational.
        (wrapped(sqlite_error(sqlite3.SQLITE_ERROR)), None),
        (OSError(errno.ENOSPC, "No space left"), FULL),
        (OSError(errno.EACCES, "Permission denied"), None),
        (wrapped(OSError(errno.EFBIG, "File too large"), kind=ValueError), FULL),
        (ZeroDivisionError(), None),
    ],
)
def test_what_an_error_rests_on(error: Exception, fault: Fault | None) -> None:
    assert fault_of(error) is fault


def test_an_error_that_hides_another_on_purpose_is_its_own() -> None:
    mistake = ZeroDivisionError()
    mistake.__context__ = refused()
    assert fault_of(mistake) is AWAY
    mistake.__suppress_context__ = True  # as by “raise … from None”
    assert fault_of(mistake) is None


@pytest.mark.parametrize(
    ("prefix", "title"), [("", "跟踪系统暂时无法访问"), ("/en", "The tracker is away for a moment")]
)
def test_the_database_is_away(db: None, admin_client: Client, prefix: str, title: str) -> None:
    admin_client.raise_request_exception = False
    for page in PAGES:
        with database(refused):
            response = admin_client.get(f"{prefix}{page}")
        assert response.status_code == 503, page
        assert response.headers["Retry-After"] == "5"
        assert "no-store" in response.headers["Cache-Control"]
        assert title in response.text
        assert response.headers["X-Request-ID"] in response.text
        # And then it is there again.
        assert admin_client.get(f"{prefix}{page}").status_code == 200


def test_programs_and_parts_of_pages_are_told_in_their_form(db: None) -> None:
    client = Client(raise_request_exception=False)
    with database(refused):
        answer = client.get("/en/api/projects/")
        part = client.get("/projects/?q=a", headers={"HX-Request": "true"})
        ready = client.get("/readyz")
        alive = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.json()["detail"].startswith("The tracker is away for a moment.")
    assert part.status_code == 503
    assert part.headers["HX-Retarget"] == "#results"
    assert "<html" not in part.text
    assert "跟踪系统暂时无法访问" in part.text
    assert (ready.status_code, ready.content) == (503, b"database does not answer\n")
    assert alive.status_code == 200


def test_a_session_that_cannot_be_kept_is_no_fault_of_the_reader(db: None) -> None:
    """Django would answer 400: the session was deleted meanwhile."""

    def only_sessions(execute: Any, sql: str, *rest: Any) -> Any:
        if "django_session" in sql and not sql.startswith("SELECT"):
            raise refused()
        return execute(sql, *rest)

    client = Client(raise_request_exception=False)
    client.session.save()
    with (
        connection.execute_wrapper(only_sessions),
        override_settings(SESSION_SAVE_EVERY_REQUEST=True),
    ):
        client.cookies["sessionid"] = client.session.session_key or ""
        response = client.get("/sources/")
    assert response.status_code == 503


def test_a_mistake_in_the_code_stays_a_500(db: None) -> None:
    client = Client(raise_request_exception=False)
    with database(lambda: wrapped(sqlite_error(sqlite3.SQLITE_ERROR), kind=Exception)):
        response = client.get("/en/sources/")
        assert client.get("/en/api/sources/").json() == {"detail": "Something broke here"}
    assert response.status_code == 500
    assert response.headers["X-Request-ID"] in response.text


def test_an_export_that_breaks_off_says_so(report: None) -> None:
    """The stream raises; the server then closes the connection in the middle of a chunk."""
    client = Client(raise_request_exception=False)
    response = client.get("/projects.csv")
    assert response.status_code == 200
    stream = iter(response)
    assert next(stream)
    with database(refused), pytest.raises(OperationalError):
        list(stream)


@pytest.mark.django_db(transaction=True)
def test_it_comes_back_without_help() -> None:
    """The connection is cut for real; the next request makes a new one."""
    client = Client(raise_request_exception=False)
    assert client.get("/sources/").status_code == 200
    if connection.vendor == "postgresql":
        own = connection.connection.info.backend_pid
        with psycopg.connect(
            **connection.get_connection_params() | {"cursor_factory": None}
        ) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [own])
        assert client.get("/sources/").status_code == 503
    else:  # the test's database lives in the connection, which another one blocks
        with database(lambda: wrapped(sqlite_error(sqlite3.SQLITE_BUSY))):
            assert client.get("/sources/").status_code == 503
    connection.close_if_unusable_or_obsolete()  # as Django does between requests
    assert client.get("/sources/").status_code == 200


# Too slow


NUMBERS = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) SELECT {} FROM n"
)


@pytest.fixture
def limited(db: None) -> Iterator[None]:
    """This connection gives statements up after a second, as those of a server do."""
    held = list(connection.execute_wrappers)
    with override_settings(STATEMENT_TIMEOUT=1):
        timeouts._limit(connection)
    yield
    if connection.vendor == "sqlite":
        connection.connection.set_progress_handler(None, 0)
    connection.execute_wrappers[:] = held


def test_a_statement_without_end_is_given_up(
    limited: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeouts, "MOST", 10)  # a busy machine counts what it waited too

    def endless(request: Any) -> Any:
        with connection.cursor() as cursor:
            cursor.execute(NUMBERS.format(10**9, "count(*)"))

    with pytest.raises(OperationalError) as raised:
        endless(None)
    assert fault_of(raised.value) is SLOW
    try:
        raise raised.value
    except OperationalError:
        with translation.override("en"):
            response = views.server_error(RequestFactory().get("/en/projects/"))
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "30"
    assert "This question takes too long" in response.text


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL counts by itself")
def test_who_takes_rows_slowly_is_not_counted(limited: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(NUMBERS.format(20_000, "i"))
        budget = next(w for w in connection.execute_wrappers if isinstance(w, timeouts._Budget))
        cursor.fetchmany(10)
        budget.looked -= 3600  # an hour between two rows
        while cursor.fetchmany(1000):
            pass
        assert budget.left > 0


def test_commands_have_the_time_they_need() -> None:
    """Only a server limits statements: what it loads connects, and manage.py does not."""
    connected = len(connection_created.receivers)
    code = "from django.db.backends.signals import connection_created as c; import zaozhuang.wsgi; print(len(c.receivers))"
    ran = manage("shell", "-v0", "-c", code, SECRET_KEY="x")
    assert int(ran.stdout) == connected + 1, ran.stderr


# Full


@contextmanager
def no_room(least: int = 0) -> Iterator[None]:
    """No file of this process may grow beyond so many bytes, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (least, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("name", ["projects.xlsx", "data.zip"])
def test_an_export_that_finds_no_room(
    report: None, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(package, "SPOOL", 1)
    monkeypatch.setattr(xlsxfile, "SPOOL", 1)
    client = Client(raise_request_exception=False)
    with no_room():
        response = client.get(f"/en/{name}")
    assert response.status_code == 507
    assert "There is no room left on the server" in response.text
    assert list(tmp_path.iterdir()) == []
    assert b"".join(client.get(f"/en/{name}"))[:2] == b"PK"


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the disk is the server's")
def test_a_load_that_finds_no_room_writes_nothing(db: None) -> None:
    # Past Django's cursor: SQLite may take back the test's own transaction, too, when it is full,
    # and the limit must be gone in any case.
    database: sqlite3.Connection = connection.connection
    # What tests before this one left free is room, too.
    free, size = (
        database.execute(f"PRAGMA {n}").fetchone()[0] for n in ("freelist_count", "page_size")
    )
    database.execute("CREATE TABLE filler (bytes)")
    database.execute(f"INSERT INTO filler VALUES (zeroblob({free * size}))")
    pages = database.execute("PRAGMA page_count").fetchone()[0]
    database.execute(f"PRAGMA max_page_count={pages + 20}")
    try:
        with pytest.raises(CommandError, match="no room left.*\nNothing was written"):
            call_command("seed", verbosity=0)
    finally:
        database.execute("PRAGMA max_page_count=1073741823")
    assert database.execute("SELECT COUNT(*) FROM districts_source").fetchone() == (0,)


# New Year's Eve in Shanghai


@pytest.mark.parametrize(
    ("moment", "year_is_over"),
    [
        ("2026-12-31T15:30:00+00:00", False),  # 23:30 in Shanghai
        ("2026-12-31T15:59:59+00:00", False),
        ("2026-12-31T16:00:00+00:00", True),  # midnight there, still the old year in UTC
        ("2026-12-31T23:59:59+00:00", True),
    ],
)
def test_the_year_ends_in_shanghai(
    admin_user: User, monkeypatch: pytest.MonkeyPatch, moment: str, year_is_over: bool
) -> None:
    """Due states, the month that is reported on, and the names of files follow the clock there."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: datetime.fromisoformat(moment))
    client = logged_in(admin_user)
    place = make_district(slug="place")
    target = make_target(due="2026", district=place)
    day = "2027-01-01" if year_is_over else "2026-12-31"
    assert today().isoformat() == day
    (measured,) = Target.objects.measured(today())
    assert (measured.progress.state == TargetState.NOT_DUE) is not year_is_over
    (row,) = client.get("/api/targets/").json()["results"]
    assert (row["id"], row["state"] == "not_due") == (target.pk, not year_is_over)
    page = client.get("/en/dispatch/")
    assert page.context["month"].period.first.isoformat() == (
        "2027-01-01" if year_is_over else "2026-12-01"
    )
    csv = client.get("/targets.csv")
    b"".join(csv)
    assert day in csv.headers["Content-Disposition"]
    # The month that begins with the year may be reported on from its first moment, not before.
    future = client.get("/dispatch/?month=2027-01")
    assert future.status_code == (200 if year_is_over else 400)
