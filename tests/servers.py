"""Processes at one database: `python -m tests.servers FOLDER` on an empty DATABASE_URL.

Two servers start and migrate at once; then an editor saves without rest while backups are
taken into the folder. What came of it is printed as JSON. Every save of the editor moves one
unit from one record to another in one transaction, so a backup of one moment holds their sum.
"""

import json
import os
import sys
import time
from io import StringIO
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import django

# Processes that share what was imported, but no connection.
processes = get_context("fork")
SUM, BACKUPS = 1000, 4


def migrate(start: Any, outcome: Any) -> None:
    from django.core.management import call_command

    out = StringIO()
    start.wait()
    began = time.time()
    try:
        call_command("migrate", stdout=out, no_color=True)
        broken = ""
    except Exception as error:  # noqa: BLE001 — whatever it is, the test shall see it
        broken = repr(error)
    outcome.put(
        {
            "began": began,
            "ended": time.time(),
            "applied": out.getvalue().count("... OK"),
            "broken": broken,
        }
    )


def migrate_at_once(number: int) -> list[dict[str, Any]]:
    start, outcome = processes.Barrier(number), processes.Queue()
    servers = [processes.Process(target=migrate, args=(start, outcome)) for _n in range(number)]
    for server in servers:
        server.start()
    results = [outcome.get() for _server in servers]
    for server in servers:
        server.join()
    return results


def prepare() -> tuple[int, int]:
    from django.db import connections

    from tests.factories import make_unit

    one, other = make_unit("甲", factor=SUM - 1), make_unit("乙", factor=1)
    connections.close_all()
    return one.pk, other.pk


def edit(one: int, other: int, started: Any, stop: Any, saved: Any) -> None:
    """Move units to and fro, a save at a time, until told to stop."""
    from django.db import transaction

    from districts.models import Unit

    while not stop.is_set():
        with transaction.atomic():
            first, second = Unit.objects.get(pk=one), Unit.objects.get(pk=other)
            step = 1 if first.factor > SUM / 2 else -400
            first.factor -= step
            second.factor += step
            first.save()
            second.save()
        saved.value += 1
        started.set()


def backup_meanwhile(folder: Path) -> dict[str, Any]:
    from zaozhuang.backup.archive import write

    started, stop = processes.Event(), processes.Event()
    saved = processes.Value("i", 0)
    one, other = prepare()
    editor = processes.Process(target=edit, args=(one, other, started, stop, saved))
    editor.start()
    started.wait()
    counts = []
    for number in range(BACKUPS):
        before = saved.value
        write(folder / f"{number}.zip")
        counts.append(saved.value - before)
    stop.set()
    editor.join()
    return {"saved_meanwhile": counts, "editor_ended": editor.exitcode}


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    result = {"migrated": migrate_at_once(2)} | backup_meanwhile(Path(sys.argv[1]))
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
