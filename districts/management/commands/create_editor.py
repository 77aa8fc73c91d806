"""`manage.py create_editor zhang --district tengzhou`: an account for the editors' desk."""

import getpass
import secrets
import sys
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import Group, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from districts.models import District, Membership
from districts.roles import Role


class Command(BaseCommand):
    help = (
        "Make an account for the editors' desk. The password is asked for, or, with --generate "
        "or without a terminal, made and printed once."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the name to log in with")
        parser.add_argument(
            "--district",
            action="append",
            default=[],
            metavar="SLUG",
            help="a place whose records the account writes, with all below it; may be repeated",
        )
        parser.add_argument(
            "--role",
            default=Role.DISTRICT_EDITOR.value,
            choices=Role.values,
            help="what the account may do (default: %(default)s)",
        )
        parser.add_argument(
            "--generate", action="store_true", help="make a password instead of asking for one"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        user = User(username=options["name"], is_staff=True)
        places = self._places(options["role"], options["district"])
        try:
            user.full_clean(exclude=["password"])
        except ValidationError as error:
            raise CommandError(_sentences(error)) from None
        made = options["generate"] or not sys.stdin.isatty()
        password = secrets.token_urlsafe(12) if made else _asked_for(user)
        user.set_password(password)
        with transaction.atomic():
            user.save()
            user.groups.add(Group.objects.get(name=options["role"]))
            Membership.objects.bulk_create(Membership(user=user, place=place) for place in places)
        where = ", ".join(place.slug for place in places)
        self.stdout.write(f"{user.username}: {options['role']}{', ' + where if where else ''}.")
        if made:
            self.stdout.write(f"Password, shown only now: {password}")

    def _places(self, role: str, slugs: list[str]) -> list[District]:
        """The places; raises CommandError for an unknown one, or where the role wants none."""
        if role == Role.DISTRICT_EDITOR and not slugs:
            raise CommandError("A district editor needs at least one --district.")
        if role != Role.DISTRICT_EDITOR and slugs:
            raise CommandError(f"--district is for district editors; a {role} has none.")
        places = {place.slug: place for place in District.objects.all()}
        unknown = [slug for slug in slugs if slug not in places]
        if unknown:
            known = ", ".join(places) or "none, load the data first"
            raise CommandError(f"There is no district {', '.join(unknown)}. Known: {known}.")
        return [places[slug] for slug in dict.fromkeys(slugs)]


def _asked_for(user: User) -> str:
    """The password, typed twice; raises CommandError where it is too weak or they differ."""
    password = getpass.getpass("Password: ")
    if password != getpass.getpass("Password (again): "):
        raise CommandError("The two passwords differ.")
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise CommandError(_sentences(error)) from None
    return password


def _sentences(error: ValidationError) -> str:
    return " ".join(error.messages)
