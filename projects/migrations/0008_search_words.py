"""The words that a search for Chinese asks, and the index that the database finds them by."""

import re

import django.db.models.deletion
from django.db import migrations, models

TABLES = {
    "projects_projectpairs": ("Project", "ProjectPairs"),
    "projects_companypairs": ("Company", "CompanyPairs"),
}
WORD = re.compile(r"(?=([㐀-鿿]{1,2}))")
# Rows that are written together.
BATCH = 2000

# The index reads the words where they are kept and only learns of what changes there.
# `ascii` leaves every character beyond ASCII as it is; of the words, nothing but which
# records have them is wanted.
SQLITE = """
CREATE VIRTUAL TABLE "{table}_index" USING fts5(
    pairs, content='{table}', content_rowid='id', tokenize='ascii', detail=none, columnsize=0
);;
CREATE TRIGGER "{table}_added" AFTER INSERT ON "{table}" BEGIN
    INSERT INTO "{table}_index"(rowid, pairs) VALUES (new.id, new.pairs);
END;;
CREATE TRIGGER "{table}_deleted" AFTER DELETE ON "{table}" BEGIN
    INSERT INTO "{table}_index"("{table}_index", rowid, pairs) VALUES ('delete', old.id, old.pairs);
END;;
CREATE TRIGGER "{table}_changed" AFTER UPDATE ON "{table}" BEGIN
    INSERT INTO "{table}_index"("{table}_index", rowid, pairs) VALUES ('delete', old.id, old.pairs);
    INSERT INTO "{table}_index"(rowid, pairs) VALUES (new.id, new.pairs);
END
"""
# Without `fastupdate`, a search never reads through a list of what was written lately.
POSTGRESQL = """
CREATE INDEX "{table}_index" ON "{table}"
USING gin (array_to_tsvector(string_to_array("pairs", ' '))) WITH (fastupdate = off)
"""


def install(apps, schema_editor):
    database = schema_editor.connection
    script = POSTGRESQL if database.vendor == "postgresql" else SQLITE
    for table in TABLES:
        for statement in script.split(";;"):
            schema_editor.execute(statement.format(table=table), params=None)


def remove(apps, schema_editor):
    """PostgreSQL drops the index, and SQLite the triggers, with the table."""
    if schema_editor.connection.vendor == "sqlite":
        for table in TABLES:
            schema_editor.execute(f'DROP TABLE "{table}_index"', params=None)


def fill(apps, schema_editor):
    database = schema_editor.connection.alias
    for record_name, words_name in TABLES.values():
        records = apps.get_model("projects", record_name).objects.using(database)
        rows = apps.get_model("projects", words_name)
        batch = []
        for pk, text in records.order_by("pk").values_list("pk", "search").iterator(BATCH):
            words = " ".join(dict.fromkeys(WORD.findall(text)))
            batch.append(rows(pk=pk, pairs=words))
            if len(batch) == BATCH:
                rows.objects.using(database).bulk_create(batch)
                batch = []
        rows.objects.using(database).bulk_create(batch)


def words_of(record):
    return [
        (
            "record",
            models.OneToOneField(
                db_column="id",
                on_delete=django.db.models.deletion.CASCADE,
                primary_key=True,
                related_name="+",
                serialize=False,
                to=record,
            ),
        ),
        ("pairs", models.TextField(editable=False)),
    ]


NAMED = {"verbose_name": "search words", "verbose_name_plural": "search words", "abstract": False}


class Migration(migrations.Migration):
    dependencies = [("projects", "0007_summaries")]

    operations = [
        migrations.CreateModel("ProjectPairs", words_of("projects.project"), NAMED),
        migrations.CreateModel("CompanyPairs", words_of("projects.company"), NAMED),
        migrations.RunPython(install, remove),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
