"""Who may write what: one rule for forms, lists, actions and whatever else writes.

Django's groups say which kinds of records a user may add, change and delete; the rule
here says which of these records: those of the user's places and of what lies below. Ask
`user.has_perm("projects.change_project", project)`.
"""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ObjectDoesNotExist
from django.db import models

from districts.models import District, Recorded

EVERYWHERE = "districts.write_everywhere"


def root_of(record: models.Model) -> models.Model:
    """What a record hangs on: a place, or a record that all places share.

    A model says with `belongs_to()` which record the next one is; a company, a source or
    a unit has none. Raises ObjectDoesNotExist where the way breaks off, as from a stage
    change of which nobody has said yet whose it is.
    """
    while not isinstance(record, District) and hasattr(record, "belongs_to"):
        record = record.belongs_to()
    return record


def may_write(user: User | AnonymousUser, place: District | None) -> bool:
    """Whether the user may write the records of the place; None stands for shared records."""
    if user.has_perm(EVERYWHERE):
        return True
    return place is not None and any(place.path.startswith(path) for path in paths_of(user))


def places_of(user: User | AnonymousUser) -> list[District]:
    """The places that the user is entered for, asked for once in a request."""
    if not hasattr(user, "_places"):
        memberships: Any = getattr(user, "memberships", None)
        rows = memberships.select_related("place").defer("place__boundary") if memberships else []
        user._places = [row.place for row in rows]  # type: ignore[union-attr]
    return user._places  # type: ignore[union-attr, no-any-return]


def paths_of(user: User | AnonymousUser) -> list[str]:
    return [place.path for place in places_of(user)]


def in_places_of(user: Any, path: str) -> models.Q:
    """The condition that a record lies where the user writes; `path` leads to its place's path."""
    if user.has_perm(EVERYWHERE):
        return models.Q()
    condition = models.Q(pk__in=[])
    for prefix in paths_of(user):
        condition |= models.Q(**{f"{path}__startswith": prefix})
    return condition


def may_write_record(user: User | AnonymousUser, record: models.Model) -> bool:
    """The same for a record; who entered a source or a company may go on correcting it.

    What says with `concerns()` which places it is about, such as an honour of a company, may be
    added by these, and corrected by who added it.
    """
    try:
        root = root_of(record)
    except ObjectDoesNotExist:
        return may_write(user, None)
    if isinstance(root, District):
        return may_write(user, root)
    if may_write(user, None) or (isinstance(root, Recorded) and _entered_by(user, root)):
        return True
    # An addition to a shared record, by a place that it concerns: theirs as long as it does.
    concerns = getattr(record, "concerns", None)
    if concerns is None or not _entered_by(user, record):
        return False
    return any(may_write(user, place) for place in concerns())


def _entered_by(user: User | AnonymousUser, record: Any) -> bool:
    """Whether the user entered the record, or is about to."""
    return record.pk is None or record.recorded_by_id == user.pk


class PlaceBackend(ModelBackend):
    """Django's permissions, which for one record also ask for its place."""

    def has_perm(self, user_obj: Any, perm: str, obj: models.Model | None = None) -> bool:
        if not super().has_perm(user_obj, perm):
            return False
        action = perm.partition(".")[2].partition("_")[0]
        return obj is None or action == "view" or may_write_record(user_obj, obj)
