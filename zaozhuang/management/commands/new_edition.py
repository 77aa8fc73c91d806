"""`manage.py new_edition`: let every page be made anew."""

import time
from typing import Any

from django.core.management.base import BaseCommand

from zaozhuang.models import Edition


class Command(BaseCommand):
    help = (
        "Let browsers ask for every page anew. Needed only after data was written past the tracker, "
        "for example restored from a backup."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        # A jump, so that no number of the time before a backup comes again.
        Edition.objects.create(writes=int(time.time()))
