"""`manage.py restore FILE`: the database as a backup holds it."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, no_translations

from zaozhuang import audit
from zaozhuang.backup import BackupProblem
from zaozhuang.backup.restoring import restore


class Command(BaseCommand):
    help = (
        "Fill the database from a file of manage.py backup: all of it or, where anything is wrong, nothing. A database "
        "that holds data is refused without --overwrite. Everybody has to log in again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--overwrite",
            action="store_true",
            help="replace all that the database holds; take a backup of it first",
        )

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = restore(options["file"].absolute(), overwrite=options["overwrite"])
        except BackupProblem as problem:
            raise CommandError(str(problem)) from problem
        for name, count in done.replaced.items():
            self.stdout.write(f"replaced: {name}, {count} rows")
        if done.migrated:
            self.stdout.write(
                "The backup was of a former release; the database is migrated to this one."
            )
        self.stdout.write(
            self.style.SUCCESS(
                f"Restored {done.manifest.rows} rows of {done.manifest.made_at}, verified."
            )
        )
        # The backup is what it was; if something was wrong in it, it is now known.
        findings = list(audit.run())
        for finding in findings:
            self.stdout.write(self.style.WARNING(str(finding)))
