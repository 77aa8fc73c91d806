"""`manage.py backup FILE`: the whole database in one file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, no_translations

from zaozhuang.backup import BackupProblem
from zaozhuang.backup.archive import verified, write


class Command(BaseCommand):
    help = (
        "Write the database, of SQLite or PostgreSQL, into a file that manage.py restore puts back into either. "
        "Editors may go on writing: it is the state of one moment. The file is read back and compared with what "
        "was read from the database; it holds accounts, so only its owner may read it. Sessions are left out."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", type=Path, help="a name that is not taken, such as tracker-2026-11-26.zip"
        )
        parser.add_argument(
            "--check",
            action="store_true",
            help="read a backup that is there and compare its hashes",
        )

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        path = options["file"].absolute()
        try:
            manifest = verified(path) if options["check"] else write(path)
        except BackupProblem as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(
            self.style.SUCCESS(
                f"{path}: {len(manifest.tables)} tables, {manifest.rows} rows, of {manifest.made_at}; verified."
            )
        )
