"""`manage.py rebuild_summaries`: count anew what is kept counted."""

from typing import Any

from django.core.management.base import BaseCommand

from projects.summaries.rebuilding import rebuild


class Command(BaseCommand):
    help = (
        "Count anew what pages show of many projects. Needed only after rows were written past "
        "the tracker."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        rebuild()
        self.stdout.write("Everything is counted anew.")
