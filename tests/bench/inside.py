"""What is measured inside the tracker, past its pages: `python -m tests.bench.inside`.

A process with the database of DATABASE_URL. It reads questions from its input, a JSON list a
line (the name of a function below and its arguments), and answers each with a line of JSON.
"""

import json
import os
import sys
from collections.abc import Callable
from datetime import date, timedelta
from itertools import count
from typing import Any

from tests.bench.timing import in_turn, rounds, timed

# The figures of the overview, each by itself, as one would write them by hand.
GROUP_BYS = [
    # Projects by stage, and how many of them are inferred.
    "SELECT stage, stage_basis, count(*) FROM projects_project GROUP BY 1, 2",
    # Stages by place, for the map and the bars.
    "SELECT d.parent_id, p.stage, count(*) FROM projects_project p"
    " JOIN districts_district d ON d.id = p.district_id GROUP BY 1, 2",
    # The chain: projects by segment, place and stage, and their capacities.
    "SELECT c.segment_id, d.parent_id, p.stage, count(DISTINCT p.id) FROM projects_capacity c"
    " JOIN projects_project p ON p.id = c.project_id"
    " JOIN districts_district d ON d.id = p.district_id GROUP BY 1, 2, 3",
    "SELECT c.segment_id, d.parent_id, p.stage, c.unit_id, c.per_year, sum(c.quantity)"
    " FROM projects_capacity c JOIN projects_project p ON p.id = c.project_id"
    " JOIN districts_district d ON d.id = p.district_id"
    " WHERE c.quantity IS NOT NULL GROUP BY 1, 2, 3, 4, 5",
    # Capacity by segment and unit; investment by kind.
    "SELECT segment_id, unit_id, per_year, sum(quantity), count(DISTINCT project_id)"
    " FROM projects_capacity WHERE quantity IS NOT NULL GROUP BY 1, 2, 3",
    "SELECT investment_kind, sum(investment), count(*) FROM projects_project"
    " WHERE investment IS NOT NULL GROUP BY 1",
    # What is due when, and how much has no date.
    "SELECT due, count(*) FROM projects_project WHERE due IS NOT NULL AND stage IN"
    " ('reserve', 'negotiating', 'signed', 'preparing', 'building', 'unknown') GROUP BY 1",
    "SELECT count(*) FROM projects_project WHERE due IS NULL AND stage IN"
    " ('reserve', 'negotiating', 'signed', 'preparing', 'building', 'unknown')",
]
_days = count(1)


def load(size: int) -> list[float]:
    """Projects a second: with their indexes and that of the search, and with all derived tables."""
    from django.core.management import call_command

    from tests.bench.load import Bar
    from tests.bench.load import load as load_rows

    call_command("migrate", verbosity=0)
    rows, everything = load_rows(size, Bar())
    return [size / rows, size / everything]


def stage_names() -> dict[str, str]:
    """The names of stages in Chinese, as the export writes them."""
    from django.utils import translation

    from projects.stages import Stage

    with translation.override("zh-hans"):
        return {stage.value: str(stage.label) for stage in Stage}


def group_bys() -> float:
    """Milliseconds of all raw queries of the overview's figures, one after another."""
    from django.db import connection

    def every() -> None:
        with connection.cursor() as cursor:
            for sql in GROUP_BYS:
                cursor.execute(sql)
                cursor.fetchall()

    return timed(every)


def search(words: list[str], what: str, column: str) -> list[float]:
    """Milliseconds of the tracker and of LIKE on a column, to find projects or to count them."""
    from django.db import connection

    from projects.models import Project

    wanted = {"find": "id", "count": "count(*)"}[what]
    sql = f"SELECT {wanted} FROM projects_project WHERE {column} LIKE %s"

    def ours(number: int) -> float:
        rows = Project.objects.matching(words[number % len(words)]).order_by()
        if what == "count":
            return timed(rows.count)
        return timed(lambda: list(rows.values_list("pk", flat=True)))

    def like(number: int) -> float:
        def ask() -> None:
            with connection.cursor() as cursor:
                cursor.execute(sql, [f"%{words[number % len(words)]}%"])
                cursor.fetchall()

        return timed(ask)

    # What the first query costs beside the search: the connection, the imports.
    ours(-1)
    like(-1)
    return in_turn(len(words), ours, like)


def write(size: int) -> list[float]:
    """Milliseconds of a stage change with all that follows from it, and of bare inserts of one.

    The first of these is Django's, with nothing but its own statement and transaction; the
    second is the statement alone, through a cursor, in the same kind of transaction.
    """
    from django.db import connection, models, transaction

    from projects.models import StageChange

    plain: models.QuerySet[StageChange] = models.QuerySet(StageChange)

    def ours(number: int) -> float:
        return timed(lambda: _change(number * 7919 % size + 1))

    def bare(number: int) -> float:
        key, day = number * 104_729 % size + 1, _day()

        def insert() -> None:
            with transaction.atomic():
                event = StageChange(
                    project_id=key, stage="building", date=day, basis="stated", withdrawn="x"
                )
                # Past the tracker's own queryset and signals, which keep stage and history.
                plain.bulk_create([event])

        return timed(insert)

    def by_cursor(number: int) -> float:
        key, day = number * 15_485_863 % size + 1, _day()

        def insert() -> None:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO projects_stagechange (project_id, stage, date,"
                    " date_precision, observed, basis, recorded_at, withdrawn, locator, note,"
                    " note_en) VALUES (%s, 'building', %s, 'day', %s, 'stated',"
                    " CURRENT_TIMESTAMP, 'x', '', '', '')",
                    [key, day, False],
                )

        return timed(insert)

    for work in (ours, bare, by_cursor):
        work(-1)
    return in_turn(rounds(size) * 20, ours, bare, by_cursor)


def touch(size: int) -> int:
    """Change the stage of some project, so that no figure kept from before is right."""
    key = next(_days) * 6_700_417 % size + 1
    _change(key)
    return key


def editors(number: int) -> list[str]:
    """The sessions of so many signed-in editors."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import User
    from django.contrib.sessions.backends.db import SessionStore

    found = []
    for at in range(number):
        user, _made = User.objects.get_or_create(
            username=f"editor{at}", defaults={"is_staff": True, "is_superuser": True}
        )
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.save()
        found.append(str(session.session_key))
    return found


def events() -> int:
    from projects.models import StageChange

    return StageChange.every.count()


def projects_with(words: list[str]) -> int:
    from django.db.models import Q

    from projects.models import Project

    wanted = Q()
    for word in words:
        wanted |= Q(name__contains=word)
    return Project.objects.filter(wanted).count()


def _change(key: int) -> None:
    from django.db import transaction

    from projects.models import StageChange

    with transaction.atomic():
        StageChange.every.create(
            project_id=key, stage="building", date=_day(), date_precision="day", basis="stated"
        )


def _day() -> date:
    """Another day each time, after all that the data holds."""
    return date(2026, 7, 1) + timedelta(next(_days))


ASKED: dict[str, Callable[..., Any]] = {
    work.__name__: work
    for work in (
        *(load, stage_names, group_bys, search, write, touch, editors, events, projects_with),
    )
}


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zaozhuang.settings")
    import django

    django.setup()
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        sys.stdout.write(json.dumps(ASKED[name](*arguments)) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
