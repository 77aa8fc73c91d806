"""What is computed from the records is no part of a backup, and is made anew after one is restored."""

from typing import Any

from django.db import DEFAULT_DB_ALIAS

from projects import words
from projects.models import Company, Project
from projects.summaries import rebuilding


def after_restore(using: str, **kwargs: Any) -> None:
    for model in (Company, Project):
        words.rebuild(model, using)
    # The tallies are counted in the tracker's own database; another one gets them with `migrate`.
    if using == DEFAULT_DB_ALIAS:
        rebuilding.rebuild()
