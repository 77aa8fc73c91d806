"""Deadlines in an order that an index gives, so that a day with thousands need not be sorted."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("projects", "0010_honour_recorded_by")]

    operations = [
        migrations.RemoveIndex(model_name="project", name="project_due"),
        migrations.AddIndex(
            model_name="project",
            index=models.Index(fields=["due", "slug"], name="project_due_order"),
        ),
    ]
