"""An import that is killed: a process that confirms a sheet, and another that ends it.

`python -m tests.killed 3` makes an empty database ready, and then three times: uploads a sheet that
changes every project and adds a report of each, confirms it in a process of its own, and kills that
process with SIGKILL, at a moment by chance: of the whole confirmation or, every other time, of its
writing. What is there afterwards is printed as JSON, one object for each time.
"""

import json
import os
import random
import signal
import sys
import time
from multiprocessing import get_context
from typing import Any

import django

PROJECTS = 20
PATIENCE = 60  # seconds until a database must have noticed
processes = get_context("fork")


def prepare() -> None:
    from django.core.management import call_command
    from django.test.utils import setup_test_environment

    from tests.factories import make_district, make_project
    from tests.members import make_editor

    call_command("migrate", verbosity=0)
    setup_test_environment()
    here = make_district("甲区")
    make_editor(here, name="zhang")
    for number in range(PROJECTS):
        make_project(f"项目{number}", stage="building", since="2022-01-01", district=here)


def month_of(number: int) -> str:
    return f"{2000 + number // 12}-{number % 12 + 1:02}"


def uploaded(number: int) -> str:
    """The address of a sheet that says something new of every project."""
    from django.contrib.auth.models import User

    from tests.members import logged_in
    from tests.sheets import Book, upload

    client = logged_in(User.objects.get(username="zhang"))
    book = Book(client)
    for row in range(2, PROJECTS + 2):
        book.set("Projects", row, Note=f"第{number}次")
        book.set("Monthly reports", row, Month=month_of(number), Note=f"第{number}次")
    response = upload(client, book.data())
    assert response.status_code == 302, response.context["problems"]
    return str(response.headers["Location"])


def confirm(page: str, began: Any, writes: Any) -> None:
    """The real confirmation, which says when it begins, and when it begins to write."""
    from django.contrib.auth.models import User
    from django.db import connection

    from tests.members import logged_in

    def notice(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(("INSERT", "UPDATE")) and "session" not in sql:
            writes.set()
        return execute(sql, params, many, context)

    client = logged_in(User.objects.get(username="zhang"))
    began.set()
    with connection.execute_wrapper(notice):
        response: Any = client.post(page)
    assert response.status_code == 302, response.status_code


def alone() -> None:
    """Wait until the database has let go of the process that was killed."""
    from django.db import connection

    if connection.vendor == "sqlite":
        return
    end = time.monotonic() + PATIENCE
    with connection.cursor() as cursor:
        while time.monotonic() < end:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            if cursor.fetchone() == (0,):
                return
            time.sleep(0.05)
    raise RuntimeError("The database still serves the process that was killed.")


def found(number: int) -> dict[str, Any]:
    """What is there of one import, and what the history says of it."""
    from projects.models import ProgressReport, Project
    from zaozhuang.models import HistoryEntry, Upload

    word = f"第{number}次"
    of_it = HistoryEntry.objects.filter(reason__startswith="sheet")
    batches = set(of_it.values_list("batch", flat=True))
    return {
        "changed": Project.objects.filter(note=word).count(),
        "added": ProgressReport.objects.filter(note=word).count(),
        "waits": Upload.objects.count(),
        "history": of_it.count(),
        "batches": len(batches),
        "reports": ProgressReport.objects.count(),
    }


def once(
    number: int, limits: tuple[float, float] | None
) -> tuple[dict[str, Any], tuple[float, float]]:
    """One import; killed, where it is known how long it and its writing may take."""
    from django.db import connections

    from zaozhuang.models import Upload

    Upload.objects.all().delete()
    page = uploaded(number)
    connections.close_all()
    began, writes = processes.Event(), processes.Event()
    editor = processes.Process(target=confirm, args=(page, began, writes))
    editor.start()
    began.wait(PATIENCE)
    start = time.monotonic()
    in_writing = number % 2 == 1
    if limits is None or in_writing:
        writes.wait(PATIENCE)
    wrote = time.monotonic()
    if limits is not None:
        # The first as soon as it writes, so that one is killed at least; a busy machine has no hurry.
        time.sleep(random.uniform(0, limits[in_writing] * 1.1) if number > 1 else 0)
        assert editor.pid is not None
        os.kill(editor.pid, signal.SIGKILL)
    editor.join()
    took = time.monotonic() - start, time.monotonic() - wrote
    alone()
    result = found(number) | {"killed": editor.exitcode == -signal.SIGKILL}
    return result, took


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    prepare()
    whole, took = once(0, None)
    results = [whole, *(once(number, took)[0] for number in range(1, int(sys.argv[1]) + 1))]
    json.dump({"projects": PROJECTS, "results": results}, sys.stdout)


if __name__ == "__main__":
    main()
