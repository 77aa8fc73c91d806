"""What of places, projects and their parts is counted, laid out for statements that count all.

Narrow tables, which are gone afterwards: each statement below reads those before it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from projects.summaries.counting import CAPACITY
from projects.summaries.facts import PRECISIONS
from projects.summaries.sql import summed, whole


@contextmanager
def gathered(cursor: Any) -> Iterator[None]:
    """Inside a transaction, in which the tables are there until the end of the block."""
    tables = [*_places(), *_projects(), *PHASES]
    for name, key, statement in tables:
        cursor.execute(f"CREATE TEMPORARY TABLE {name} AS {statement}")
        if key:
            cursor.execute(f"CREATE INDEX {name}_key ON {name} ({key})")
        cursor.execute(f"ANALYZE {name}")
    yield
    for name, _key, _statement in tables:
        cursor.execute(f"DROP TABLE {name}")


def _places() -> list[tuple[str, str, str]]:
    return [
        # Each place with all that contain it, and itself.
        (
            "counted_above",
            "district, place",
            "WITH RECURSIVE above(district, place) AS (SELECT id, id FROM districts_district"
            " UNION ALL SELECT a.district, d.parent_id FROM above a"
            " JOIN districts_district d ON d.id = a.place WHERE d.parent_id IS NOT NULL)"
            " SELECT district, place FROM above",
        ),
        # How deep a place lies, from 1.
        (
            "counted_depth",
            "place",
            "SELECT d.id AS place, d.parent_id AS parent, COUNT(*) AS depth"
            " FROM districts_district d JOIN counted_above a ON a.district = d.id"
            " GROUP BY d.id, d.parent_id",
        ),
        # The smallest place with a tally in which a district lies, and the largest of all; a
        # place with none below it and none above it is in no tally.
        (
            "counted_place",
            "district",
            "SELECT district, root, place FROM (SELECT d.id AS district, r.id AS root, CASE"
            " WHEN EXISTS (SELECT 1 FROM districts_district c WHERE c.parent_id = d.id)"
            " THEN d.id ELSE d.parent_id END AS place"
            " FROM districts_district d JOIN counted_above a ON a.district = d.id"
            " JOIN districts_district r ON r.id = a.place AND r.parent_id IS NULL) AS found",
        ),
        # The places around a district that have places with others below them.
        (
            "counted_large",
            "district",
            "SELECT a.district, a.place FROM counted_above a JOIN (SELECT DISTINCT d.id"
            " FROM districts_district d JOIN districts_district c ON c.parent_id = d.id"
            " JOIN districts_district g ON g.parent_id = c.id WHERE d.parent_id IS NOT NULL)"
            " AS l ON l.id = a.place",
        ),
    ]


def _projects() -> list[tuple[str, str, str]]:
    day = "REPLACE(due, '-', '')"
    if connection.vendor == "postgresql":
        day = "to_char(due, 'YYYYMMDD')"
    precisions = " ".join(f"WHEN '{name}' THEN {at}" for at, name in enumerate(PRECISIONS))
    return [
        (
            "counted_read",
            "",
            "SELECT id, district_id AS district, parent_id AS parent, source_id AS source,"
            " stage, stage_basis AS basis, kind, investment_kind AS invested,"
            f" COALESCE({whole('investment')}, 0) AS investment,"
            # As `facts.deadline` has it.
            f" CAST({day} AS bigint) * 10 + CASE due_precision {precisions} END AS due"
            " FROM projects_project",
        ),
        # A number for each stage, basis and kind that go together: sorting by numbers is fast.
        (
            "counted_standing",
            "stage, basis, kind",
            "SELECT ROW_NUMBER() OVER () AS id, stage, basis, kind FROM ("
            " SELECT stage, basis, kind FROM counted_read UNION"
            " SELECT stage, '', '' FROM counted_read UNION SELECT '', '', '') AS found",
        ),
        (
            "counted_project",
            "id",
            "SELECT p.id, p.district, w.place, w.root, s.id AS standing, p.parent, p.source,"
            " p.invested, p.investment, p.due FROM counted_read p"
            " JOIN counted_place w ON w.district = p.district JOIN counted_standing s"
            " ON s.stage = p.stage AND s.basis = p.basis AND s.kind = p.kind",
        ),
        (
            "counted_segment",
            "project, segment",
            "SELECT DISTINCT project_id AS project, segment_id AS segment"
            " FROM projects_capacity WHERE segment_id IS NOT NULL",
        ),
        (
            "counted_made",
            "project, segment",
            "SELECT project_id AS project, segment_id AS segment, unit_id AS unit, per_year,"
            f" {summed(whole('quantity'))} AS amount FROM projects_capacity"
            " WHERE segment_id IS NOT NULL AND quantity IS NOT NULL"
            " GROUP BY project_id, segment_id, unit_id, per_year",
        ),
        # Who takes part in what.
        (
            "counted_taken",
            "project",
            "SELECT t.project, t.company, p.standing, p.district FROM (SELECT DISTINCT"
            " project_id AS project, company_id AS company FROM projects_participation) AS t"
            " JOIN counted_project p ON p.id = t.project",
        ),
        (
            "counted_company",
            "",
            "SELECT company, standing, COUNT(*) AS projects FROM counted_taken"
            " GROUP BY company, standing",
        ),
        # Projects by segment, 0 for all, with what is invested in them.
        (
            "counted_standings",
            "",
            "SELECT place, segment, standing, invested, COUNT(*) AS projects,"
            f" {summed('investment')} AS amount FROM (SELECT place, 0 AS segment, standing,"
            " invested, investment FROM counted_project UNION ALL"
            " SELECT p.place, s.segment, p.standing, p.invested, p.investment"
            " FROM counted_segment s JOIN counted_project p ON p.id = s.project) AS found"
            " GROUP BY place, segment, standing, invested",
        ),
        # A tally with the number of its standing, still empty.
        (
            "counted_sum",
            "",
            'SELECT place, "having" AS having_segment, figure, segment, unit, per_year,'
            " id AS standing, projects, amount FROM projects_tally LIMIT 0",
        ),
    ]


PHASES = [
    # Each phase and what it is a phase of.
    (
        "counted_pair",
        "phase",
        "SELECT p.id AS phase, w.id AS whole, p.district, w.district AS above_district,"
        " p.standing, w.standing AS above_standing, p.investment,"
        " CASE WHEN p.invested = w.invested THEN p.invested ELSE '' END AS invested"
        " FROM counted_project p JOIN counted_project w ON w.id = p.parent",
    ),
    # The segments that both have, and 0.
    (
        "counted_both",
        "phase",
        "SELECT phase, 0 AS segment FROM counted_pair UNION ALL"
        " SELECT c.phase, s.segment FROM counted_pair c"
        " JOIN counted_segment s ON s.project = c.phase"
        " JOIN counted_segment w ON w.project = c.whole AND w.segment = s.segment",
    ),
    # What both state, with the amount of the phase.
    (
        "counted_shared",
        "phase",
        "SELECT c.phase, 0 AS having_segment, c.invested AS figure, b.segment, 0 AS unit,"
        " false AS per_year, c.investment AS amount"
        " FROM counted_pair c JOIN counted_both b ON b.phase = c.phase WHERE c.invested <> ''"
        f" UNION ALL SELECT c.phase, b.segment, '{CAPACITY}', m.segment, m.unit, m.per_year,"
        " m.amount FROM counted_pair c JOIN counted_made m ON m.project = c.phase"
        " JOIN counted_both b ON b.phase = c.phase AND b.segment <> m.segment"
        " WHERE EXISTS (SELECT 1 FROM counted_made w"
        " WHERE w.project = c.whole AND w.segment = m.segment AND w.unit = m.unit)",
    ),
    # The pairs of places by which both may be selected at once, as `counting._together` has them.
    (
        "counted_together",
        "district, above_district",
        "SELECT c.district, c.above_district, p.place, w.place AS above_place,"
        " d.parent_id IS NULL AS is_root"
        " FROM (SELECT DISTINCT district, above_district FROM counted_pair) AS c"
        " JOIN counted_above p ON p.district = c.district"
        " JOIN counted_above w ON w.district = c.above_district"
        " JOIN districts_district d ON d.id = p.place"
        " WHERE p.place = w.place OR NOT EXISTS (SELECT 1 FROM counted_above o"
        " WHERE o.district = c.above_district AND o.place = p.place)"
        " AND (NOT EXISTS (SELECT 1 FROM counted_above o"
        " WHERE o.district = c.district AND o.place = w.place)"
        " OR w.place = c.above_district)",
    ),
]
