"""Fill the search texts of what is there already; later ones are kept by the models."""

import re
import unicodedata

from django.db import migrations
from pypinyin import Style, lazy_pinyin


def normal(text):
    text = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\s\x00-\x1f]+", "", text).replace("ü", "v")


def keys(names):
    found = []
    for name in filter(None, names):
        found.append(normal(name))
        if re.search(r"[㐀-鿿]", name):
            found.append(normal("".join(lazy_pinyin(name))))
            found.append(normal("".join(lazy_pinyin(name, style=Style.FIRST_LETTER))))
    return list(dict.fromkeys(filter(None, found)))


def document(own, related):
    own = keys(own)
    related = [key for key in keys(related) if key not in own]
    return "\n" + "".join(f"{key}\n" for key in own) + "".join(f"\t{key}\n" for key in related)


def all_names(row):
    return [row.name, row.name_en, row.short_name, row.short_name_en]


def fill(apps, schema_editor):
    database = schema_editor.connection.alias
    Company = apps.get_model("projects", "Company").objects.using(database)
    Project = apps.get_model("projects", "Project").objects.using(database)
    companies = list(Company.order_by("pk"))
    for company in companies:
        company.search = document(all_names(company), [])
    Company.bulk_update(companies, ["search"], batch_size=500)
    projects = list(
        Project.order_by("pk")
        .select_related("district")
        .prefetch_related("capacities", "participations__company")
    )
    for project in projects:
        related = all_names(project.district)
        for part in project.participations.all():
            related += all_names(part.company)
        for capacity in project.capacities.all():
            related += [capacity.product, capacity.product_en]
        project.search = document([project.name, project.name_en], related)
    Project.bulk_update(projects, ["search"], batch_size=500)


class Migration(migrations.Migration):
    dependencies = [("projects", "0002_capacity_claims_and_search")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
