"""What phases and the projects that they are phases of both state, counted for all at once.

The statements say of all phases what `counting.Sums.add_overlaps` says of one.
"""

from typing import Any

from projects.models import Overlap
from projects.summaries.counting import CAPACITY
from projects.summaries.keeping import columns
from projects.summaries.sql import summed

STANDINGS = "c.stage, c.basis, c.kind, c.above_stage, c.above_basis, c.above_kind"

# By name and key, each from those before it; see `rebuilding` for the first of all.
TABLES = [
    # Each phase and its whole.
    (
        "counted_pair",
        "phase",
        "SELECT p.id AS phase, w.id AS whole, p.district, w.district AS above_district,"
        " p.stage, p.basis, p.kind, w.stage AS above_stage, w.basis AS above_basis,"
        " w.kind AS above_kind, CASE WHEN p.invested = w.invested THEN p.invested ELSE '' END"
        " AS invested, p.investment"
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
        "SELECT c.district, c.above_district, p.place, w.place AS above_place"
        " FROM (SELECT DISTINCT district, above_district FROM counted_pair) AS c"
        " JOIN counted_above p ON p.district = c.district"
        " JOIN counted_above w ON w.district = c.above_district"
        " WHERE p.place = w.place OR NOT EXISTS (SELECT 1 FROM counted_above o"
        " WHERE o.district = c.above_district AND o.place = p.place)"
        " AND (NOT EXISTS (SELECT 1 FROM counted_above o"
        " WHERE o.district = c.district AND o.place = w.place)"
        " OR w.place = c.above_district)",
    ),
]


def insert_all(cursor: Any) -> None:
    """Fill the table of overlaps."""
    names = columns(Overlap)
    cursor.execute(
        f'INSERT INTO "{Overlap._meta.db_table}" ({", ".join(names)})'
        " SELECT t.place, s.having_segment, s.figure, s.segment, s.unit, s.per_year,"
        f" c.stage, c.basis, c.kind, COUNT(*), {summed('s.amount')},"
        " t.above_place, c.above_stage, c.above_basis, c.above_kind"
        " FROM counted_shared s JOIN counted_pair c ON c.phase = s.phase"
        " JOIN counted_together t"
        " ON t.district = c.district AND t.above_district = c.above_district"
        " JOIN districts_district d ON d.id = t.place"
        " WHERE s.having_segment = 0 OR d.parent_id IS NULL"
        " GROUP BY t.place, s.having_segment, s.figure, s.segment, s.unit, s.per_year,"
        f" t.above_place, {STANDINGS}"
    )
