"""No statement of a request runs without end: after STATEMENT_TIMEOUT seconds it is given up.

Only servers connect this (zaozhuang.wsgi): a migration, a seed or a backup takes as long as it takes.
"""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db.backends.signals import connection_created

# Steps of SQLite's machine between two looks at the clock: well under a millisecond of work.
STEPS = 10_000
# What lies between two looks counts at most this much, in seconds: the rest was not SQLite's,
# but the time of whoever took the rows.
MOST = 0.01


def limit_statements() -> None:
    """From now on every new connection of this process gives long statements up."""
    connection_created.connect(_limit, dispatch_uid="zaozhuang.timeouts")


def _limit(connection: Any, **kwargs: Any) -> None:
    seconds: int = settings.STATEMENT_TIMEOUT
    if not seconds:
        return
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET statement_timeout = {seconds * 1000}")
    elif connection.vendor == "sqlite":
        budget = _Budget(seconds)
        connection.connection.set_progress_handler(budget.spent, STEPS)
        held = connection.execute_wrappers
        held[:] = [wrapper for wrapper in held if not isinstance(wrapper, _Budget)]
        held.append(budget)


class _Budget:
    """The time that SQLite has worked on the statement in hand."""

    def __init__(self, seconds: float) -> None:
        self.seconds = self.left = seconds
        self.looked = 0.0

    def __call__(self, execute: Callable[..., Any], *args: Any) -> Any:
        self.left, self.looked = self.seconds, time.monotonic()
        return execute(*args)

    def spent(self) -> bool:
        """True interrupts the statement."""
        now = time.monotonic()
        self.left -= min(now - self.looked, MOST)
        self.looked = now
        return self.left < 0
