"""The order of the pages as an index, so that a page or an export need not sort."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("projects", "0008_search_words")]

    operations = [
        migrations.AddIndex(
            model_name="project",
            index=models.Index(fields=["district", "slug"], name="project_page_order"),
        ),
    ]
