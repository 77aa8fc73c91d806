"""`manage.py audit_data`: whether what must always hold does."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError, no_translations

from zaozhuang import audit


class Command(BaseCommand):
    help = (
        "Check every invariant of the data and list each record that breaks one; exits with 1 if there is one. Changes "
        "nothing, and editors may go on writing: it is meant for every night. Name checks to run only these."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("checks", nargs="*", metavar="CHECK", help="default: all of them")
        parser.add_argument("--list", action="store_true", help="say which checks there are")

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        every = audit.checks()
        if options["list"]:
            for name, function in every.items():
                about = " ".join((function.__doc__ or "").split())
                self.stdout.write(f"{name:22} {about}")
            return
        if unknown := set(options["checks"]) - every.keys():
            raise CommandError(f"No check {', '.join(sorted(unknown))}. Known: {', '.join(every)}.")
        findings = list(audit.run(options["checks"]))
        for finding in findings:
            self.stdout.write(str(finding))
        count = len(options["checks"] or every)
        if findings:
            raise CommandError(f"{len(findings)} findings of {count} checks.")
        self.stdout.write(self.style.SUCCESS(f"{count} checks, nothing found."))
