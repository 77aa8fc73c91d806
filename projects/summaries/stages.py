"""The kept stage of projects beside the latest event that counts."""

from collections.abc import Iterator
from typing import Any

from projects.summaries.facts import chunks
from projects.summaries.sql import among, fetch

# In the order of KEPT.
OF_PROJECT = "p.stage, p.stage_basis, p.stage_since, p.stage_since_precision, p.stage_observed"
OF_EVENT = "e.stage, e.basis, e.date, e.date_precision, e.observed"


def kept_and_latest(
    projects: set[Any],
) -> Iterator[tuple[int, tuple[Any, ...], tuple[Any, ...] | None]]:
    """Project, what is kept, and what it should be; None where no event counts."""
    for chunk in chunks(projects - {None}):
        some, values = among(chunk)
        for row in fetch(
            f"SELECT p.id, e.id, {OF_PROJECT}, {OF_EVENT} FROM projects_project p"
            " LEFT JOIN projects_stagechange e ON e.id = ("
            "SELECT s.id FROM projects_stagechange s"
            " WHERE s.project_id = p.id AND s.withdrawn = ''"
            " ORDER BY s.date DESC, s.id DESC LIMIT 1)"
            f" WHERE p.id IN ({some})",
            values,
        ):
            yield row[0], tuple(row[2:7]), tuple(row[7:]) if row[1] is not None else None
