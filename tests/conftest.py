"""What every test may ask for: the report's data, loaded once and copied from then on."""

import fcntl
import gc
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection, models, transaction
from django.utils import translation
from xdist.scheduler import LoadScopeScheduling

from tests import chromium, nginx
from tests.browser.server import prepare
from zaozhuang.models import Edition

# What a test asks for that reads or writes the database of the tests.
ASKS_THE_DATABASE = {"db", "transactional_db", "django_db_setup", "django_db_blocker"}

Snapshot = list[tuple[type[models.Model], list[Any]]]

# Places for values in the frame below a test; its chunk of the stack, of 1 MB, has half of it left.
ROOM = 70_000
# Objects that are made before garbage is searched for: Python's 700 cost tests a tenth of their time.
MADE = 50_000
# Tests that share what is slow to make run in one process: a browser, a server, a world. Those of
# the desk in the browser have servers of their own; what comes first holds.
TOGETHER = {
    "tests/browser/test_admin.py": "desk",
    "tests/browser/test_dispatch.py": "desk",
    "tests/browser/test_hostile.py": "desk",
    "tests/browser/test_month.py": "desk",
    "tests/browser/test_sheet.py": "desk",
    "tests/browser/": "browser",
    "tests/deploy/test_nginx.py": "proxy",
    "tests/test_admin_pages.py": "desk-pages",
    "tests/test_hostile.py": "hostile",
    "tests/test_real_server.py": "server",
}


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out tests one by one, and those of `TOGETHER` as one; the largest part first."""

    def _split_scope(self, nodeid: str) -> str:
        shared = (group for where, group in TOGETHER.items() if nodeid.startswith(where))
        return next(shared, nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    return Scheduling(config, log)


def pytest_configure() -> None:
    gc.set_threshold(MADE, 10, 10)


def pytest_itemcollected(item: pytest.Item) -> None:
    item.runtest = _with_room(item.runtest)  # type: ignore[method-assign]
    if isinstance(item, pytest.Function):
        # Before what opens the test's own transaction.
        item.fixturenames.insert(0, "_ground")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first, so that no process waits for it at the end; then the report's tests.

    They follow each other, so that the report is loaded once; see `_ground`.
    """
    items.sort(
        key=lambda item: (
            item.get_closest_marker("long") is None,
            "report" not in getattr(item, "fixturenames", ()),
        )
    )


def _with_room(function: Callable[[], None]) -> Callable[[], None]:
    """The function, with a stack below it that does not end in the middle of what it calls.

    CPython keeps frames in chunks of 16 kB and gives a chunk back as soon as its first frame ends.
    Where a loop, as that over the nodes of a template, stands at the end of one, each call asks the
    system for memory: a fifth of the time of the tests of the desk. A large frame has a large chunk.
    """

    def call() -> None:
        function()

    call.__code__ = call.__code__.replace(co_stacksize=ROOM)
    return call


def pytest_collection_finish() -> None:
    # What is imported by now stays; it need not be searched again and again.
    gc.freeze()


@pytest.fixture(scope="session")
def _load_report() -> Callable[[], None]:
    """Loads the data set into an empty database: the first time by the seed, then by copying.

    The seed reads and compares every record, which takes a second or two; copying what it wrote takes
    milliseconds, as the statements of the first copy are repeated as they are. Keys are kept, so a
    test may rely on nothing but what the seed does.
    """
    snapshot: Snapshot = []
    statements: list[tuple[str, Any]] = []

    def keep(execute: Callable[..., Any], sql: str, params: Any, *rest: Any) -> Any:
        # That something is written is noted by itself, each time.
        if sql.startswith("INSERT") and Edition._meta.db_table not in sql:
            if connection.vendor == "postgresql":
                # Psycopg writes the values into the statement, which need not be done each time.
                with connection.cursor() as cursor:
                    statements.append((cursor.mogrify(sql, params), None))
            else:
                statements.append((sql, params))
        return execute(sql, params, *rest)

    def load() -> None:
        if not snapshot:
            call_command("seed", verbosity=0)
            snapshot.extend(_rows(model) for model in _models())
        elif not statements:
            with connection.execute_wrapper(keep):
                for model, rows in snapshot:
                    # The plain queryset: the kept stages are part of the copy.
                    models.QuerySet(model).bulk_create(rows)
        else:
            with connection.cursor() as cursor:
                for sql, params in statements:
                    cursor.execute(sql, params)

    return load


def _models() -> list[type[models.Model]]:
    """The models of the tracker's own apps with their join tables, those that are pointed at first."""
    own = [apps.get_app_config(label) for label in ("zaozhuang", "districts", "projects")]
    every = [
        model
        for app in own
        for model in app.get_models(include_auto_created=True)
        if model is not Edition
    ]
    ordered: list[type[models.Model]] = []

    def place(model: type[models.Model]) -> None:
        if model in ordered:
            return
        for field in model._meta.concrete_fields:
            target = field.related_model
            if isinstance(target, type) and target in every and target is not model:
                place(target)
        ordered.append(model)

    for model in every:
        place(model)
    return ordered


def _rows(model: type[models.Model]) -> tuple[type[models.Model], list[Any]]:
    return model, list(models.QuerySet(model).order_by("pk"))


@pytest.fixture(autouse=True)
def _language() -> Iterator[None]:
    """Every test begins in Chinese: a request leaves its language behind in the thread."""
    with translation.override(settings.LANGUAGE_CODE):
        yield


class Ground:
    """The report's data in a transaction around those of the tests that ask for it one after another."""

    def __init__(self, load: Callable[[], None]) -> None:
        self.load = load
        self.around = ExitStack()
        self.connection: object = None

    @property
    def laid(self) -> bool:
        """Whether the data are there: a test that ends its connection takes them along."""
        return self.connection is not None and self.connection is connection.connection

    def lay(self) -> None:
        if not self.laid and not connection.in_atomic_block:
            self.around.enter_context(transaction.atomic())
            self.load()
            self.connection = connection.connection

    def clear(self) -> None:
        if self.laid:
            transaction.set_rollback(True)
            self.around.close()
        self.around, self.connection = ExitStack(), None


@pytest.fixture(scope="session")
def _the_ground(
    django_db_setup: None, django_db_blocker: Any, _load_report: Callable[[], None]
) -> Iterator[Ground]:
    ground = Ground(_load_report)
    yield ground
    with django_db_blocker.unblock():
        ground.clear()


@pytest.fixture
def _ground(request: pytest.FixtureRequest) -> None:
    """What a test begins on: the report, or an empty database."""
    marker = request.node.get_closest_marker("django_db")
    names = set(request.fixturenames)
    alone = names & {"transactional_db", "live_server"} or (marker and marker.kwargs)
    if marker or names & ASKS_THE_DATABASE:
        ground: Ground = request.getfixturevalue("_the_ground")
        with request.getfixturevalue("django_db_blocker").unblock():
            if "report" in names and not alone:
                ground.lay()
            else:
                ground.clear()


@pytest.fixture
def report(db: None, _the_ground: Ground) -> None:
    """The report's data, as `manage.py seed` loads it."""
    if not _the_ground.laid:
        _the_ground.load()


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `tracker.sqlite3`, to be copied: the first worker makes it, the others wait."""
    base = tmp_path_factory.getbasetemp()
    # Each worker of xdist has a folder of its own in that of the run.
    shared = base.parent if base.name.startswith("popen-") else base
    with (shared / "seeded.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = shared / "seeded"
        if not folder.exists():
            making = shared / "seeded.making"
            making.mkdir()
            prepare(f"sqlite:///{making / 'tracker.sqlite3'}")
            making.rename(folder)
    return folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say that tests of the browser or of the proxy were left out: a row of dots would not."""
    skipped = [report.nodeid for report in terminalreporter.getreports("skipped")]
    for what, where, tool in (
        ("browser tests", "tests/browser", chromium),
        ("tests of the proxy", "tests/deploy/test_nginx", nginx),
    ):
        if any(where in name for name in skipped) and tool.executable() is None:
            terminalreporter.write_sep("=", f"{what} skipped", yellow=True, bold=True)
            terminalreporter.write_line(tool.ABSENT, yellow=True)
