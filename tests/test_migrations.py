"""Migrations: from nothing, from former releases with data and back, and by two servers at once."""

import json
import os
import subprocess
import sys
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from tests.databases import other_database, url_of
from tests.servers import BACKUPS, SUM
from tests.test_backup import contents, world  # noqa: F401 — a fixture
from zaozhuang.backup.archive import applied, verified, write
from zaozhuang.backup.restoring import restore
from zaozhuang.backup.tables import MADE_BY_MIGRATE

# What the migrations had come to in each release, the last one first.
RELEASES = [
    {  # with history, reports and rights
        "zaozhuang": "0002_history",
        "districts": "0003_rights",
        "projects": "0006_stage_corrections",
    },
    {  # the first
        "zaozhuang": "0001_initial",
        "districts": "0001_initial",
        "projects": "0001_initial",
    },
]
# Filled by `migrate` itself, as they are needed.
NOT_COMPARED = {name.replace(".", "_") for name in MADE_BY_MIGRATE} | {
    "django_migrations",
    "django_content_type",
    "sqlite_sequence",
}

# What is computed from the rest, with the tables in which SQLite keeps an index of it.
COMPUTED = tuple(
    model._meta.db_table for model in apps.get_models() if not getattr(model, "backed_up", True)
)

Rows = dict[str, list[dict[str, Any]]]


def rows(using: str) -> Rows:
    """All that the database holds, as it is stored: table → rows → columns."""
    found: Rows = {}
    with connections[using].cursor() as cursor:
        for table in connections[using].introspection.table_names(cursor):
            if table not in NOT_COMPARED and not table.startswith(COMPUTED):
                cursor.execute(f'SELECT * FROM "{table}"')
                names = [column[0] for column in cursor.description]
                told = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
                found[table] = sorted(told, key=lambda row: str(row.get("id", "")))
    return found


def assert_nothing_lost(one: Rows, other: Rows) -> None:
    """What both know is the same in both."""
    compared = 0
    for table in one.keys() & other.keys():
        assert len(one[table]) == len(other[table]), table
        for mine, theirs in zip(one[table], other[table], strict=True):
            both = mine.keys() & theirs.keys()
            compared += len(both)
            assert {name: mine[name] for name in both} == {name: theirs[name] for name in both}
    assert compared > 3000


def migrate(using: str, release: dict[str, str] | None) -> None:
    """To a former release, or to the newest."""
    executor = MigrationExecutor(connections[using])
    targets: list[Any] = list((release or {}).items())
    executor.migrate(targets or executor.loader.graph.leaf_nodes())


def one_before(app: str) -> dict[str, str]:
    """The migration before the newest of an app."""
    graph = MigrationLoader(None).graph
    (leaf,) = graph.leaf_nodes(app)
    (before,) = [node.key for node in graph.node_map[leaf].parents if node.key[0] == app]
    return dict([before])


@pytest.mark.long
def test_from_nothing_and_to_former_releases_and_back(world: User, tmp_path: Path) -> None:  # noqa: F811
    """One test for the whole way, since each step on it costs seconds.

    Two servers start at a new database at once and both migrate. While an editor saves there,
    backups are taken. Then it gets the report's data and goes back through the releases and on
    again. At last a backup of the step before comes into the database of today.
    """
    first = write(tmp_path / "now.zip")
    with other_database(connection.vendor, tmp_path) as other:
        servers(other, tmp_path)
        restore(tmp_path / "now.zip", overwrite=True, using=other)
        assert contents(write(tmp_path / "there.zip", using=other)) == contents(first)

        newest = rows(other)
        migrate(other, one_before("projects"))
        former = write(tmp_path / "former.zip", using=other)
        for release in RELEASES:
            migrate(other, release)
            assert_nothing_lost(newest, rows(other))
        oldest = rows(other)
        for following in [*reversed(RELEASES[:-1]), None]:
            migrate(other, following)
            assert_nothing_lost(oldest, rows(other))
        # What the first release did not know is not made up.
        assert {row["created_at"] for row in rows(other)["districts_reading"]} == {None}
        connections[other].check_constraints()

        call_command("flush", database=other, interactive=False, verbosity=0)
        assert restore(tmp_path / "former.zip", using=other).migrated
        assert applied(other) == first.migrations
        again = rows(other)
        assert_nothing_lost(newest, again)
        for table in former.tables:
            if table.name not in MADE_BY_MIGRATE:
                assert len(again[apps.get_model(table.name)._meta.db_table]) == table.rows


def servers(other: str, folder: Path) -> None:
    """Processes of their own at a database of their own; see tests.servers."""
    environment = os.environ | {"DATABASE_URL": url_of(other)}
    ran = subprocess.run(
        [sys.executable, "-m", "tests.servers", str(folder)],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    result = json.loads(ran.stdout)
    nodes = set(MigrationLoader(None).graph.nodes)
    assert applied(other) == nodes
    one, two = sorted(result["migrated"], key=lambda server: server["applied"])
    assert [one["broken"], two["broken"]] == ["", ""]
    # One did all of it while the other waited, and that found nothing left to do.
    assert (one["applied"], two["applied"]) == (0, len(nodes))
    assert one["began"] < two["ended"] <= one["ended"]
    assert result["editor_ended"] == 0
    assert sum(result["saved_meanwhile"]) > 0
    factors = set()
    for number in range(BACKUPS):
        manifest = verified(folder / f"{number}.zip")
        (unit,) = [table for table in manifest.tables if table.name == "districts.unit"]
        at = unit.columns.index("factor")
        with zipfile.ZipFile(folder / f"{number}.zip") as archive:
            held = [json.loads(line)[at] for line in archive.read(unit.member).splitlines()]
        assert sum(map(Decimal, held)) == SUM
        factors.add(tuple(held))
    assert len(factors) > 1
