"""`manage.py rebuild_words`: make the index of the search anew."""

from typing import Any

from django.core.management.base import BaseCommand, no_translations
from django.db import DEFAULT_DB_ALIAS

from projects.models import Company, Project
from projects.words import rebuild


class Command(BaseCommand):
    help = (
        "Make the index by which a search finds Chinese anew from the search texts, all at once. Needed only after "
        "rows were written past the tracker; `rebuild_search` makes the texts anew too, and takes far longer."
    )

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        companies = rebuild(Company, DEFAULT_DB_ALIAS)
        projects = rebuild(Project, DEFAULT_DB_ALIAS)
        self.stdout.write(f"Indexed: {companies} companies, {projects} projects.")
