"""Writing what was looked over: all of it or nothing, in one transaction, in few statements."""

from dataclasses import dataclass
from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.db import IntegrityError, router, transaction
from django.utils import timezone

from districts.drafts import keep
from districts.models import Draft
from projects.models import StageChange
from projects.sheets.checking import Check
from projects.sheets.rows import ADDED, Row
from zaozhuang.forms import PRECISION
from zaozhuang.history.entries import lock
from zaozhuang.history.scope import recording
from zaozhuang.history.versions import newest_of
from zaozhuang.models import Upload

# Rows that change the same columns are written together, so many at a time.
BATCH = 200


class Outdated(Exception):
    """Something changed between the look and the write, so nothing was written."""


class Gone(Exception):
    """The upload was confirmed already, or thrown away."""


@dataclass
class Saved:
    """What came of it."""

    added: int = 0
    changed: int = 0
    drafts: int = 0


def save(check: Check, upload: Upload, user: Any) -> Saved:
    """Write the accepted rows of the check; raises Outdated or Gone, and writes nothing then."""
    reason = f"sheet “{upload.name}” ({upload.digest[:12]})"
    try:
        with recording(user=user, reason=reason[:300]), transaction.atomic():
            # Two who confirm at once: the second waits here, and finds nothing.
            if not Upload.objects.select_for_update().filter(pk=upload.pk).exists():
                raise Gone
            saved = Saved()
            for sheet, _table, _heads in check.found:
                rows = [row for row in check.accepted if row.sheet is sheet]
                if sheet.waits:
                    saved.drafts += _keep_drafts(rows, user)
                else:
                    _write(rows, saved, user)
            upload.delete()
            return saved
    except IntegrityError as error:
        raise Outdated from error


def _keep_drafts(rows: list[Row], user: Any) -> int:
    for row in rows:
        action = Draft.Action.ADD if row.outcome == ADDED else Draft.Action.CHANGE
        keep(user, action, row.record, row.parts)
    return len(rows)


def _write(rows: list[Row], saved: Saved, user: Any) -> None:
    if not rows:
        return
    model = rows[0].sheet.kind.model
    new = [row.record for row in rows if row.outcome == ADDED]
    old = {row.record.pk: row for row in rows if row.outcome != ADDED}
    owner = getattr(model, "history_owner", "")
    above = [getattr(record, f"{owner}_id") for record in new] if owner else []
    # From here on nobody else writes them; what was written before is seen.
    lock(model, old, router.db_for_write(model), above)
    versions = newest_of(model, old)
    if any(versions.get(pk, 0) != row.version for pk, row in old.items()):
        raise Outdated
    if model._default_manager.filter(pk__in=list(old)).count() != len(old):
        raise Outdated
    model._default_manager.bulk_create(new, batch_size=BATCH)
    _update(model, [row for row in old.values() if row.changed])
    events = []
    for row in rows:
        if row.event is not None:
            row.event.project = row.record  # which may have its key only now
            events.append(row.event)
    StageChange.every.bulk_create(events, batch_size=BATCH)
    _log(user, new, ADDITION)
    _log(user, [row.record for row in old.values()], CHANGE)
    saved.added += len(new)
    saved.changed += len(old)


def _update(model: type[Any], rows: list[Row]) -> None:
    """Write the changed columns, with the precision of dates and the stamp of the change."""
    groups: dict[tuple[str, ...], list[Any]] = {}
    names = {column.name for column in model._meta.concrete_fields}
    stamps = [c.name for c in model._meta.concrete_fields if getattr(c, "auto_now", False)]
    for row in rows:
        changed = {*row.changed, *(name + PRECISION for name in row.changed)} & names
        for stamp in stamps:
            setattr(row.record, stamp, timezone.now())
        groups.setdefault(tuple(sorted([*changed, *stamps])), []).append(row.record)
    for changed_names, records in groups.items():
        model._default_manager.bulk_update(records, changed_names, batch_size=BATCH)


def _log(user: Any, records: list[Any], flag: int) -> None:
    """In Django's own list of what somebody did lately, as the pages of the desk do."""
    if records:
        LogEntry.objects.log_actions(user.pk, records, flag, "")
