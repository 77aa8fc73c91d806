"""Drops two indexes with which others begin: they cost each write, and led PostgreSQL astray."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

SPARE = [
    ("projects_project_district_id_e91f2f34", "projects_project", "district_id"),
    ("projects_participation_project_id_6cd5bdb9", "projects_participation", "project_id"),
]


class Migration(migrations.Migration):
    dependencies = [("projects", "0013_unnamed")]

    # By hand: on SQLite Django would write both tables anew.
    operations: list[Any] = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    f'DROP INDEX "{name}"', f'CREATE INDEX "{name}" ON "{table}" ("{column}")'
                )
                for name, table, column in SPARE
            ],
            state_operations=[
                migrations.AlterField(
                    "project",
                    "district",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        db_index=False,
                        related_name="projects",
                        to="districts.district",
                        verbose_name="district",
                    ),
                ),
                migrations.AlterField(
                    "participation",
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        db_index=False,
                        related_name="participations",
                        to="projects.project",
                        verbose_name="project",
                    ),
                ),
            ],
        )
    ]
