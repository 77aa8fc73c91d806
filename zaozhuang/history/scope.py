"""Who is writing and why: one scope for a request or a command."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponseBase


@dataclass
class Scope:
    """Changes that belong together. A record that is written twice in it has changed once."""

    user: Any = None  # a user, an anonymous one, or None; may be lazy
    reason: str = ""
    reverts: int | None = None  # the HistoryEntry that these changes take back
    batch: UUID = field(default_factory=uuid4)
    # What has an entry, unless a savepoint took it back: (model, key).
    touched: set[tuple[str, int]] = field(default_factory=set)

    @property
    def user_id(self) -> int | None:
        return self.user.pk if self.user and self.user.is_authenticated else None


_current: ContextVar[Scope | None] = ContextVar("history_scope", default=None)


def current() -> Scope:
    """The scope in force; outside of any, every write is a change of its own by nobody known."""
    return _current.get() or Scope()


@contextmanager
def recording(user: Any = None, reason: str = "", reverts: int | None = None) -> Iterator[Scope]:
    """What is written inside belongs together and has this author and reason.

    Without a user, that of the scope around it (the request's) is kept.
    """
    outer = _current.get()
    scope = Scope(user if user is not None else outer and outer.user, reason, reverts)
    token = _current.set(scope)
    try:
        yield scope
    finally:
        _current.reset(token)


def middleware(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Every change of a request has its user; comes after the authentication."""

    def handle(request: HttpRequest) -> HttpResponseBase:
        with recording(user=request.user):
            return get_response(request)

    return handle
