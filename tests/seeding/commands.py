"""What the tests of seeding do again and again."""

from io import StringIO
from typing import Any

from django.apps import apps
from django.core.management import call_command


def run(command: str, *args: Any, **options: Any) -> str:
    out = StringIO()
    call_command(command, *args, stdout=out, **options)
    return out.getvalue()


def dump() -> str:
    """Every row of every table, as text."""
    return "\n".join(
        f"{model._meta.db_table}: {row!r}"
        for model in apps.get_models(include_auto_created=True)
        for row in model._default_manager.order_by("pk").values_list()
    )
