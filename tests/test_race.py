"""Editors in processes of their own, all saving the same projects: none loses what they wrote.

RACING_WRITES says how many saves in all; `make race` tries 1,000 on either database.
"""

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent
WRITES = int(os.environ.get("RACING_WRITES", "9"))
# On one project nearly every save of four editors would be refused; on a few, about every other.
EDITORS, PROJECTS = ("abc", 1) if WRITES < 100 else ("abcd", 4)


@contextmanager
def database(folder: Path) -> Iterator[str]:
    """The address of an empty database, of the kind that the tests run on."""
    if connection.vendor == "sqlite":
        yield f"sqlite:///{folder / 'race.sqlite3'}"
        return
    server = os.environ["DATABASE_URL"]
    name = f"race_{os.getpid()}_{time.monotonic_ns()}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        try:
            yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def race(url: str, count: int) -> dict[str, Any]:
    """What each of the editors, called by a letter, came to; and those of the control."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.race", EDITORS, str(count), str(PROJECTS)],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": url},
        stdout=subprocess.PIPE,
        check=True,
    )
    results: dict[str, Any] = json.loads(ran.stdout)
    for editor in results["checked"] + results["unchecked"]:
        assert editor["broken"] == []
    return results


def ask(url: str, question: str) -> list[tuple[Any, ...]]:
    """The rows that a query finds in the database of the race."""
    if url.startswith("sqlite"):
        return list(sqlite3.connect(url.removeprefix("sqlite:///")).execute(question))
    with psycopg.connect(url) as database:
        return list(database.execute(question))


def words(url: str, names: str) -> list[str]:
    """What these editors have written that is there."""
    notes = ask(url, "SELECT note FROM projects_project UNION SELECT note FROM projects_capacity")
    return sorted(word for (note,) in notes for word in note.split() if word[0] in names)


@pytest.mark.long
def test_no_write_is_lost_and_without_the_check_some_are(tmp_path: Path) -> None:
    each = WRITES // len(EDITORS)
    with database(tmp_path) as url:
        results = race(url, each)
        written, control = words(url, EDITORS), words(url, "xyz")
        entries = ask(
            url,
            "SELECT model, object_id, changes FROM zaozhuang_historyentry"
            " WHERE action = 'changed' ORDER BY id",
        )
    assert [editor["saved"] for editor in results["checked"]] == [each] * len(EDITORS)
    assert sum(editor["refused"] for editor in results["checked"]) > 0, "nobody met anybody"
    assert written == sorted(f"{name}{n}" for name in EDITORS for n in range(each))
    # One entry a write, each beginning where the one before it ended; the control's are not compared.
    last: dict[tuple[str, int], str] = {}
    for model, key, changes in entries[: each * len(EDITORS)]:
        old, new = (json.loads(changes) if isinstance(changes, str) else changes)["note"]
        assert old == last.get((model, key), "")
        last[model, key] = new
    assert len(last) == 2 * PROJECTS
    assert sorted(" ".join(last.values()).split()) == written
    assert len(control) < sum(editor["saved"] for editor in results["unchecked"]), "none was lost"
