"""`manage.py rebuild_search`: make the search texts anew."""

from typing import Any

from django.core.management.base import BaseCommand, no_translations

from projects.models import Company, Project


class Command(BaseCommand):
    help = (
        "Make the texts by which projects and companies are found anew from their names, and say how many were "
        "wrong. Needed only after rows were written past the tracker, or when a new release reads pinyin differently."
    )

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        companies = Company.objects.refresh_search()
        projects = Project.objects.refresh_search()
        self.stdout.write(f"Made anew: {companies} companies, {projects} projects.")
