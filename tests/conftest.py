"""What every test may ask for: the report's data, loaded once and copied from then on."""

import fcntl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection, models
from django.utils import translation

from tests import chromium, nginx
from tests.browser.server import prepare
from zaozhuang.models import Edition

Snapshot = list[tuple[type[models.Model], list[Any]]]


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


@pytest.fixture
def report(db: None, _load_report: Callable[[], None]) -> None:
    """The report's data, as `manage.py seed` loads it."""
    _load_report()


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
