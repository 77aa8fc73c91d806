"""`manage.py check_data`: what is wrong with a data set, without loading it."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, no_translations
from django.db import DatabaseError

from zaozhuang.seeding import DataProblems, seed


class Command(BaseCommand):
    help = (
        "List every problem of a folder of YAML files, with file, line and what was expected, and exit with 1 if there "
        "is one. Nothing is written: the folder is loaded and taken back."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "folder", nargs="?", type=Path, default=settings.DATASET, help="default: %(default)s"
        )

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        folder = options["folder"].resolve()
        try:
            report = seed(folder, write=False)
        except DataProblems as problems:
            raise CommandError(str(problems)) from None
        except DatabaseError as error:
            raise CommandError(
                "The records are tried out in the database, which has no tables for them "
                f"or does not answer; run manage.py migrate first. It says: {error}"
            ) from None
        total = sum(sum(counts.values()) for counts in report.counts.values())
        self.stdout.write(self.style.SUCCESS(f"{folder.name}: {total} records, no problem."))
