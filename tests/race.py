"""Editors as processes of their own, for tests of what happens when several write at once.

`python -m tests.race abcd 5 2` makes an empty database ready and lets the editors a, b, c and d
save the forms of two projects five times each, all at once. Each save adds a word of their own to
what is there: to the note of the project or, every other time, to that of its product. Then
x, y and z do the same to one project without the check of versions, to show what is lost
without it. What came of it is printed as JSON: for both groups, the outcome for each editor.
"""

import json
import os
import sys
from multiprocessing import get_context
from types import SimpleNamespace
from typing import Any

import django

PATIENCE = 300  # tries of one write; a person would have given up long before
CONTROL, CONTROL_WRITES = "xyz", 2
# Processes that share what was imported, but neither connections nor data.
processes = get_context("fork")


def prepare(projects: int) -> None:
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.db import connections
    from django.test import Client
    from django.test.utils import setup_test_environment

    from projects.models import Project
    from tests.desk import address
    from tests.factories import make_capacity, make_project

    call_command("migrate", verbosity=0)
    User.objects.create_superuser("editor")
    for _number in range(projects):
        make_capacity(make_project(stage="signed"), None)
    setup_test_environment()
    client = Client()
    client.force_login(User.objects.get())
    # What is read once and then kept is inherited by all.
    for project in Project.objects.all()[:1]:
        client.get(address(Project, "change", project.pk))
    connections.close_all()


def write(name: str, pages: list[str], count: int, start: Any, outcome: Any) -> None:
    """Save `count` words, in turn on each of the pages, and tell what came of it.

    Counted are the saves that went through and those that were refused; what broke is quoted.
    """
    from django.contrib.auth.models import User
    from django.template.response import TemplateResponse
    from django.test import Client

    from tests.desk import input_of

    # A page is written when the transaction is over; two thirds of the time would go into it.
    TemplateResponse.rendered_content = ""  # type: ignore[assignment, method-assign]
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.get())
    done: dict[str, Any] = {"name": name, "saved": 0, "refused": 0, "broken": []}
    start.wait()
    for number in range(count):
        page = pages[number // 2 % len(pages)]
        note = "capacities-0-note" if number % 2 else "note"
        for _attempt in range(PATIENCE):
            shown = client.get(page)
            form = input_of(SimpleNamespace(context=shown.context_data))
            response = client.post(page, form | {note: f"{form[note]} {name}{number}".strip()})
            if response.status_code == 302:
                done["saved"] += 1
                break
            if response.status_code != 200:
                done["broken"].append(f"{response.status_code}: {response.text[:500]}")
                break
            done["refused"] += 1
    outcome.put(done)


def without_check(*args: Any) -> None:
    import zaozhuang.admin

    vars(zaozhuang.admin)["later"] = lambda *_args: []
    write(*args)


def race(names: str, count: int, projects: int, *, checked: bool) -> list[dict[str, Any]]:
    from django.db import connections

    from projects.models import Project
    from tests.desk import address

    keys = Project.objects.order_by("pk").values_list("pk", flat=True)[:projects]
    pages = [address(Project, "change", pk) for pk in keys]
    connections.close_all()
    start, outcome = processes.Barrier(len(names)), processes.Queue()
    editors = [
        processes.Process(
            target=write if checked else without_check, args=(name, pages, count, start, outcome)
        )
        for name in names
    ]
    for editor in editors:
        editor.start()
    results = [outcome.get() for _editor in editors]
    for editor in editors:
        editor.join()
    return results


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    names, count, projects = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    prepare(projects)
    results = {
        "checked": race(names, count, projects, checked=True),
        "unchecked": race(CONTROL, CONTROL_WRITES, 1, checked=False),
    }
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
