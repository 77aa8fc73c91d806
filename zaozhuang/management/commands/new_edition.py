"""`manage.py new_edition`: let every page be made anew."""

from typing import Any

from django.core.management.base import BaseCommand

from zaozhuang.edition import jump


class Command(BaseCommand):
    help = (
        "Let browsers ask for every page anew. Needed only after data was written past the tracker, "
        "with psql for example; restore does it by itself."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        jump()
