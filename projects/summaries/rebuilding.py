"""Making all tallies anew: the database adds up, set by set, and no project is read here.

`gathering` lays out what is counted in narrow tables; the statements here say of all projects
what `counting` says of one, and tests compare the two.
"""

from typing import Any

from django.db import connection, transaction

from districts.models import District
from projects.models import (
    Capacity,
    CompanyChange,
    CompanyTally,
    Overlap,
    Participation,
    Project,
    Tally,
)
from projects.summaries.counting import CAPACITY, DUE, NOBODY, SOURCE
from projects.summaries.facts import plain
from projects.summaries.gathering import gathered
from projects.summaries.keeping import columns
from projects.summaries.sql import summed

TABLES = (Tally, Overlap, CompanyTally, CompanyChange)
SOURCES = (District, Project, Capacity, Participation)

Cursor = Any


def rebuild() -> None:
    """Make all tallies anew; readers see the old ones until all is done.

    On PostgreSQL nobody writes a project meanwhile.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            names = ", ".join(f'"{model._meta.db_table}"' for model in (District, Project, *TABLES))
            cursor.execute(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")
            # Of tables that were filled lately the planner believes that they are empty.
            _analyze(cursor, SOURCES)
        for model in TABLES:
            plain(model)._raw_delete(connection.alias)
        with gathered(cursor):
            _tallies(cursor)
            _overlaps(cursor)
            _companies(cursor)
    if not connection.in_atomic_block:
        with connection.cursor() as cursor:
            _analyze(cursor, TABLES)


def fill(**kwargs: Any) -> None:
    """After a migration: count what was there before the tallies were."""
    if not any(plain(model).exists() for model in TABLES) and plain(Project).exists():
        rebuild()


def _analyze(cursor: Cursor, models: tuple[type[Any], ...]) -> None:
    for model in models:
        cursor.execute(f'ANALYZE "{model._meta.db_table}"')


# What the smallest places with tallies add up to, in the order of the columns of the tally but
# for the standing, which is one number.
SMALLEST = [
    "SELECT place, 0, '', segment, 0, false, standing, SUM(projects), 0"
    " FROM counted_standings GROUP BY place, segment, standing",
    "SELECT place, 0, invested, segment, 0, false, standing, projects, amount"
    " FROM counted_standings WHERE invested <> ''",
    f"SELECT p.place, 0, '{CAPACITY}', m.segment, m.unit, m.per_year, p.standing,"
    " COUNT(*), {amount} FROM counted_made m JOIN counted_project p ON p.id = m.project"
    " GROUP BY p.place, m.segment, m.unit, m.per_year, p.standing",
    f"SELECT place, 0, '{SOURCE}', source, 0, false,"
    " (SELECT id FROM counted_standing WHERE stage = '' AND basis = '' AND kind = ''),"
    " COUNT(*), 0 FROM counted_project WHERE source IS NOT NULL GROUP BY place, source",
    f"SELECT p.place, 0, '{DUE}', p.due, 0, false, a.id, SUM(p.projects), 0 FROM"
    " (SELECT place, due, standing, COUNT(*) AS projects FROM counted_project"
    " WHERE due IS NOT NULL GROUP BY place, due, standing) AS p"
    " CROSS JOIN counted_standing s CROSS JOIN counted_standing a"
    " WHERE s.id = p.standing AND a.stage = s.stage AND a.basis = '' AND a.kind = ''"
    " GROUP BY p.place, p.due, a.id",
]
# Projects with a segment by each other one that they have: for the largest places alone.
LARGEST = [
    "SELECT p.root, h.segment, '', s.segment, 0, false, p.standing, COUNT(*), 0"
    " FROM counted_segment h JOIN counted_segment s"
    " ON s.project = h.project AND s.segment <> h.segment"
    " JOIN counted_project p ON p.id = h.project"
    " GROUP BY p.root, h.segment, s.segment, p.standing",
    f"SELECT p.root, h.segment, '{CAPACITY}', m.segment, m.unit, m.per_year, p.standing,"
    " COUNT(*), {amount} FROM counted_segment h JOIN counted_made m"
    " ON m.project = h.project AND m.segment <> h.segment"
    " JOIN counted_project p ON p.id = h.project"
    " GROUP BY p.root, h.segment, m.segment, m.unit, m.per_year, p.standing",
]


def _tallies(cursor: Cursor) -> None:
    """The smallest places are counted from their projects, all others from those in them."""
    amount = summed("m.amount")
    for statement in SMALLEST:
        cursor.execute(f"INSERT INTO counted_sum {statement.format(amount=amount)}")
    cursor.execute("SELECT COALESCE(MAX(depth), 0) FROM counted_depth")
    key = "figure, segment, unit, per_year, standing"
    for depth in range(cursor.fetchone()[0], 1, -1):
        cursor.execute(
            f"INSERT INTO counted_sum (place, having_segment, {key}, projects, amount)"
            f" SELECT d.parent, 0, {key}, SUM(projects), {summed('amount')}"
            f" FROM counted_sum s JOIN counted_depth d ON d.place = s.place AND d.depth = {depth}"
            f" GROUP BY d.parent, {key}"
        )
    for statement in LARGEST:
        cursor.execute(f"INSERT INTO counted_sum {statement.format(amount=amount)}")
    cursor.execute(
        f'INSERT INTO "{Tally._meta.db_table}" ({", ".join(columns(Tally))})'
        " SELECT place, having_segment, figure, segment, unit, per_year, stage, basis, kind,"
        " projects, amount FROM counted_sum s JOIN counted_standing a ON a.id = s.standing"
        " WHERE place IS NOT NULL"
        # The index begins with it.
        " ORDER BY place"
    )


def _overlaps(cursor: Cursor) -> None:
    """What phases and the projects that they are phases of both state."""
    cursor.execute(
        f'INSERT INTO "{Overlap._meta.db_table}" ({", ".join(columns(Overlap))})'
        " SELECT o.place, having_segment, figure, segment, unit, per_year, s.stage, s.basis,"
        " s.kind, projects, amount, above_place, a.stage, a.basis, a.kind FROM ("
        " SELECT t.place, s.having_segment, s.figure, s.segment, s.unit, s.per_year, c.standing,"
        f" COUNT(*) AS projects, {summed('s.amount')} AS amount, t.above_place, c.above_standing"
        " FROM counted_shared s JOIN counted_pair c ON c.phase = s.phase"
        " JOIN counted_together t"
        " ON t.district = c.district AND t.above_district = c.above_district"
        " WHERE s.having_segment = 0 OR t.is_root"
        " GROUP BY t.place, s.having_segment, s.figure, s.segment, s.unit, s.per_year,"
        " c.standing, t.above_place, c.above_standing) AS o"
        " CROSS JOIN counted_standing s CROSS JOIN counted_standing a"
        " WHERE s.id = o.standing AND a.id = o.above_standing"
    )


UNNAMED = (
    f"(SELECT p.id AS project, {NOBODY} AS company FROM counted_project p"
    # NOT IN would have PostgreSQL go through all of them for each project.
    " WHERE NOT EXISTS (SELECT 1 FROM counted_taken c WHERE c.project = p.id))"
)
# Facet and choice, and from where; `counting.choices` says the same of one project.
OF_STANDING = "counted_company t JOIN counted_standing s ON s.id = t.standing"
CHOICES = [
    ("", "''", "projects", "counted_company t"),
    ("stage", "s.stage", "projects", OF_STANDING),
    ("basis", "s.basis", "projects", OF_STANDING),
    ("kind", "s.kind", "projects", OF_STANDING),
    (
        "segment",
        "s.segment",
        "1",
        "counted_taken t JOIN counted_segment s ON s.project = t.project",
    ),
    (
        "segment",
        "s.segment",
        "1",
        f"{UNNAMED} AS t JOIN counted_segment s ON s.project = t.project",
    ),
    ("district", "l.place", "1", "counted_taken t JOIN counted_large l ON l.district = t.district"),
]


def _companies(cursor: Cursor) -> None:
    for facet, choice, projects, table in CHOICES:
        cursor.execute(
            f'INSERT INTO "{CompanyTally._meta.db_table}" (facet, choice, company, projects)'
            f" SELECT '{facet}', CAST(choice AS varchar(20)), company, projects"
            f" FROM (SELECT {choice} AS choice, t.company, SUM({projects}) AS projects"
            f" FROM {table} GROUP BY 1, 2) AS f ORDER BY f.choice, projects DESC"
        )
