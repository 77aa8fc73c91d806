"""Editors as processes of their own, for tests of what happens when several write at once.

`python -m tests.race abcd 5` makes an empty database ready and lets the editors a, b, c and d
save the form of one project five times each, all at once. Each save adds a word of their own to
what is there: to the note of the project or, every other time, to that of its product. Then
x, y and z do the same without the check of versions, to show what is lost without it. What
came of it is printed as JSON: for both groups, the outcome for each editor.
"""

import json
import os
import sys
from multiprocessing import get_context
from typing import Any

import django

PATIENCE = 300  # tries of one write; a person would have given up long before
CONTROL, CONTROL_WRITES = "xyz", 2
# Processes that share what was imported, but neither connections nor data.
processes = get_context("fork")


def prepare() -> None:
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
    make_capacity(make_project(stage="signed"), None)
    setup_test_environment()
    client = Client()
    client.force_login(User.objects.get())
    # What is read once and then kept, as templates are, is inherited by all.
    client.get(address(Project, "change", Project.objects.get().pk))
    connections.close_all()


def write(name: str, count: int, start: Any, outcome: Any, checked: bool) -> None:
    """Save `count` words: how many saves went through and were refused, and what broke."""
    from django.contrib.auth.models import User
    from django.test import Client

    import zaozhuang.admin
    from projects.models import Project
    from tests.desk import address, input_of

    if not checked:
        vars(zaozhuang.admin)["later"] = lambda *_args: []
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.get())
    page = address(Project, "change", Project.objects.get().pk)
    done: dict[str, Any] = {"name": name, "saved": 0, "refused": 0, "broken": []}
    start.wait()
    for number in range(count):
        note = "capacities-0-note" if number % 2 else "note"
        for _attempt in range(PATIENCE):
            form = input_of(client.get(page))
            response = client.post(page, form | {note: f"{form[note]} {name}{number}".strip()})
            if response.status_code == 302:
                done["saved"] += 1
                break
            if response.status_code != 200:
                done["broken"].append(f"{response.status_code}: {response.text[:500]}")
                break
            done["refused"] += 1
    outcome.put(done)


def race(names: str, count: int, *, checked: bool) -> list[dict[str, Any]]:
    start, outcome = processes.Barrier(len(names)), processes.Queue()
    editors = [
        processes.Process(target=write, args=(name, count, start, outcome, checked))
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
    names, count = sys.argv[1], int(sys.argv[2])
    prepare()
    results = {
        "checked": race(names, count, checked=True),
        "unchecked": race(CONTROL, CONTROL_WRITES, checked=False),
    }
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
