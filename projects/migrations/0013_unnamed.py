"""Counts the projects of a segment without a company beside those of its companies."""

from typing import Any

from django.db import migrations

# Where nothing is counted yet, everything is counted after the migrations.
COUNT = """
    INSERT INTO projects_companytally (facet, choice, company, projects)
    SELECT 'segment', CAST(c.segment_id AS varchar(20)), 0, COUNT(DISTINCT p.id)
    FROM projects_project p JOIN projects_capacity c ON c.project_id = p.id
    WHERE c.segment_id IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM projects_participation t WHERE t.project_id = p.id)
    AND EXISTS (SELECT 1 FROM projects_tally)
    GROUP BY c.segment_id
"""
FORGET = [
    "DELETE FROM projects_companytally WHERE company = 0",
    "DELETE FROM projects_companychange WHERE company = 0",
]


class Migration(migrations.Migration):
    dependencies = [("projects", "0012_escaped_percent")]

    operations: list[Any] = [migrations.RunSQL([*FORGET, COUNT], FORGET)]
