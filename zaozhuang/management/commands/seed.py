"""`manage.py seed`: load a data set."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, no_translations
from django.db import DatabaseError

from zaozhuang.faults import fault_of
from zaozhuang.seeding import DataProblems, Report, seed

OUTCOMES = ["added", "updated", "left alone", "unchanged"]


class Command(BaseCommand):
    help = (
        "Load a folder of YAML files: all of it or, where anything is wrong, nothing. Adds what is missing and "
        "updates what the folder changed; what an editor changed is left alone. Run again, it has nothing to do."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "folder", nargs="?", type=Path, default=settings.DATASET, help="default: %(default)s"
        )
        parser.add_argument(
            "--once",
            action="store_true",
            help="do nothing if the folder was last loaded in its present state",
        )

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = seed(options["folder"].resolve(), once=options["once"])
        except DataProblems as problems:
            raise CommandError(f"{problems}\nNothing was written.") from None
        except (DatabaseError, OSError) as error:
            fault = fault_of(error)
            if fault is None:
                raise
            raise CommandError(f"{fault.title}: {error}\nNothing was written.") from error
        if options["verbosity"]:
            self._print(report)

    def _print(self, report: Report) -> None:
        if report.skipped:
            self.stdout.write(
                f"{report.folder.name} was loaded before and has not changed: nothing to do."
            )
            return
        for kind, counts in report.counts.items():
            parts = [f"{counts[outcome]} {outcome}" for outcome in OUTCOMES if counts[outcome]]
            self.stdout.write(f"{kind:16} {', '.join(parts)}")
        for remark in report.remarks:
            self.stdout.write(remark)
        self.stdout.write(
            self.style.SUCCESS(
                f"{report.folder.name}: " + ("loaded." if report.changed else "nothing to do.")
            )
        )
