"""An index that holds all of a tally: thirty places of a page were 2,000 looks into the table."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("projects", "0014_spare_indexes")]

    operations = [
        migrations.RemoveIndex("tally", "tally_place"),
        migrations.AddIndex(
            "tally",
            models.Index(
                fields=[
                    *("place", "figure", "having", "segment", "stage", "basis", "kind"),
                    *("unit", "per_year", "projects", "amount"),
                ],
                name="tally_whole",
            ),
        ),
    ]
