"""Bringing the database in line with a folder, without touching what editors changed."""

import copy
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models, transaction
from django.utils import translation

from zaozhuang.history.scope import recording
from zaozhuang.models import SeededRecord
from zaozhuang.seeding.columns import assign, default, digest, normal
from zaozhuang.seeding.folder import (
    DataProblems,
    Entry,
    Folder,
    Problem,
    find,
    folder_digest,
    key_text,
)
from zaozhuang.seeding.kinds import BOUNDARY_FIELD, KINDS, Kind, kind_of

# Under this name SeededRecord keeps which state of a folder was loaded last.
DATASET = "dataset"


@dataclass
class Report:
    """What a run did: counts by kind and outcome, and the records worth naming."""

    folder: Path
    skipped: bool = False
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return any(count["added"] or count["updated"] for count in self.counts.values())

    def count(self, kind: Kind, outcome: str, remark: str = "") -> None:
        self.counts.setdefault(kind.name, Counter())[outcome] += 1
        if remark:
            self.remarks.append(remark)


class Blocked(Exception):
    """A record refers to one that is not loaded (yet)."""


def seed(folder: Path, *, once: bool = False, write: bool = True) -> Report:
    """Load a folder: all of it or, raising DataProblems, nothing.

    With `once`, a folder that was last loaded in this very state is left alone. Without
    `write`, everything is tried, checked and taken back.
    """
    fingerprint = folder_digest(folder) if folder.is_dir() else ""
    with (
        translation.override(None),
        recording(reason=f"seed {folder.name}"),
        transaction.atomic(),
    ):
        last = SeededRecord.objects.filter(model=DATASET, key=folder.name).first()
        if once and last is not None and last.values == {"digest": fingerprint}:
            return Report(folder, skipped=True)
        merge = Merge(Folder(folder), strict=not write)
        merge.run()
        if merge.problems:
            raise DataProblems(folder, merge.problems)
        if last is None or last.values != {"digest": fingerprint}:
            SeededRecord.objects.update_or_create(
                model=DATASET, key=folder.name, defaults={"values": {"digest": fingerprint}}
            )
        if not write:
            transaction.set_rollback(True)
    return merge.report


class Merge:
    """One run over a folder, inside a transaction."""

    def __init__(self, folder: Folder, *, strict: bool) -> None:
        self.folder = folder
        self.strict = strict  # also check entries that would change nothing
        self.problems = list(folder.problems)
        self.report = Report(folder.path)
        self.rows: dict[tuple[str, str], models.Model] = {}
        # The folder's key of a record, which an editor may have renamed since.
        self.keys: dict[tuple[str, Any], str] = {}
        self.editors_own: set[Entry] = set()
        self.seeded: dict[str, SeededRecord] = {}
        self.found: dict[Any, models.Model] = {}

    def run(self) -> None:
        blocked: list[Entry] = []
        for kind in KINDS:
            waiting = [entry for entry in self.folder.of_kind(kind) if entry.sound]
            self._fetch(kind, waiting)
            # Several rounds: a place may stand before the one it belongs to, and an order
            # may be taken until the record that has it has moved on.
            while waiting:
                failures: list[tuple[Entry, ValidationError | Blocked]] = []
                for entry in waiting:
                    try:
                        self._merge(entry)
                    except (ValidationError, Blocked) as error:
                        failures.append((entry, error))
                if len(failures) == len(waiting):
                    for entry, failure in failures:
                        if isinstance(failure, ValidationError):
                            self._complain(entry, failure)
                        else:
                            blocked.append(entry)
                    break
                waiting = [entry for entry, _failure in failures]
        if blocked and not self.problems:
            for entry in blocked:
                self.problems.append(
                    Problem(entry.file, entry.line, f"{entry} refers to itself in a circle")
                )

    def _fetch(self, kind: Kind, entries: list[Entry]) -> None:
        """What was seeded of a kind before, and the records that came of it."""
        wanted = {entry.key_text for entry in entries}
        self.seeded = {
            record.key: record
            for record in SeededRecord.objects.filter(model=kind.label)
            if record.key in wanted
        }
        related = [
            name for name, column in kind.columns.items() if isinstance(column, models.ForeignKey)
        ]
        several = [
            name
            for name, column in kind.columns.items()
            if isinstance(column, models.ManyToManyField)
        ]
        rows = kind.model._default_manager.select_related(*related).prefetch_related(*several)
        self.found = rows.in_bulk([record.values["id"] for record in self.seeded.values()])

    def _merge(self, entry: Entry) -> None:
        """Add or update one record; raises ValidationError or Blocked and changes nothing then."""
        kind, key = entry.kind, entry.key_text
        wanted = dict(entry.values)
        if BOUNDARY_FIELD in kind.columns:
            geometry = self.folder.boundaries.get(key)
            wanted[BOUNDARY_FIELD] = None if geometry is None else digest(geometry)
        record = self.seeded.get(key)
        row = self.found.get(record.values["id"]) if record else None
        row = row or self._lookup(entry)
        if row is None:
            self._add(entry, wanted, record)
            return
        draft = copy.copy(row)
        self._fill(draft, kind, wanted, key)
        if self.strict:
            draft.full_clean()
        else:
            draft.clean()
        # As the model would keep it: clean() may settle a field from another one.
        wanted.update(self._plain_values(draft, kind))
        if record is not None:
            self._update(entry, wanted, record, row)
            return
        self._keep(entry, row)
        if all(self._held(row, column) == wanted[name] for name, column in kind.columns.items()):
            self.report.count(kind, "unchanged")
        else:
            self.editors_own.add(entry)
            self.report.count(kind, "left alone", f"left alone: {entry} (entered by an editor)")

    def _lookup(self, entry: Entry) -> models.Model | None:
        """The record with the entry's natural key, whoever entered it."""
        probe = entry.kind.model()
        self._fill(
            probe, entry.kind, {name: entry.values[name] for name in entry.kind.key}, entry.key_text
        )
        same = {name: getattr(probe, name) for name in entry.kind.key}
        return entry.kind.model._default_manager.filter(**same).first()

    def _add(self, entry: Entry, wanted: dict[str, Any], record: SeededRecord | None) -> None:
        kind = entry.kind
        if entry.parent in self.editors_own:
            self.editors_own.add(entry)
            self.report.count(
                kind, "left alone", f"left alone: {entry} (belongs to what an editor entered)"
            )
            return
        row = kind.model()
        self._fill(row, kind, wanted, entry.key_text)
        row.full_clean()
        row.save()
        self._link(row, kind, wanted)
        self._keep(entry, row)
        self._remember(entry, row, wanted | self._plain_values(row, kind), record)
        self.report.count(
            kind, "added", f"added again: {entry} (it had been deleted)" if record else ""
        )

    def _update(
        self, entry: Entry, wanted: dict[str, Any], record: SeededRecord, row: models.Model
    ) -> None:
        kind = entry.kind
        changes: dict[str, Any] = {}
        theirs: list[str] = []
        last = dict(record.values)
        for name, column in kind.columns.items():
            held = self._held(row, column)
            before = last.get(name, default(column))
            if held == wanted[name]:
                last[name] = held
            elif held == before:
                changes[name] = last[name] = wanted[name]
            else:
                theirs.append(name)
        if changes:
            # A copy, so that a failed attempt leaves no trace before the next round.
            row = copy.copy(row)
            filled = self._fill(row, kind, changes, entry.key_text)
            row.full_clean()
            stamps = [
                column.name
                for column in kind.model._meta.concrete_fields
                if getattr(column, "auto_now", False)
            ]
            row.save(update_fields=[*filled, *stamps])
            self._link(row, kind, changes)
            self.report.count(kind, "updated", f"updated: {entry}: {', '.join(changes)}")
        elif not theirs:
            self.report.count(kind, "unchanged")
        if theirs:
            self.report.count(
                kind,
                "left alone",
                f"left alone: {entry}: {', '.join(theirs)} (changed by an editor)",
            )
        self._keep(entry, row)
        self._remember(entry, row, last, record)

    def _remember(
        self, entry: Entry, row: models.Model, values: dict[str, Any], record: SeededRecord | None
    ) -> None:
        values = {**values, "id": row.pk}
        if record is None:
            SeededRecord.objects.create(model=entry.kind.label, key=entry.key_text, values=values)
        elif record.values != values:
            record.values = values
            record.save()

    def _keep(self, entry: Entry, row: models.Model) -> None:
        self.rows[entry.kind.label, entry.key_text] = row
        self.keys[entry.kind.label, row.pk] = entry.key_text

    # Fields and references

    def _plain_values(self, row: models.Model, kind: Kind) -> dict[str, Any]:
        """The normal forms of all fields but those with several references."""
        return {
            name: self._held(row, column)
            for name, column in kind.columns.items()
            if not isinstance(column, models.ManyToManyField)
        }

    def _held(self, row: models.Model, column: Any) -> Any:
        """The normal form of what a record holds; of a renamed record the folder's own key."""
        if isinstance(column, models.ManyToManyField):
            return sorted(self._key_of(other) for other in getattr(row, column.name).all())
        if isinstance(column, models.ForeignKey):
            other = getattr(row, column.name)
            return None if other is None else self._key_of(other)
        return normal(row, column)

    def _key_of(self, row: models.Model) -> str:
        kind = kind_of(type(row))
        return self.keys.get((kind.label, row.pk)) or key_text(
            kind, {name: getattr(row, name) for name in kind.key}
        )

    def _referred(self, column: Any, key: str) -> models.Model:
        """The record a reference means: the folder's, else one that an editor entered."""
        kind = kind_of(column.related_model)
        row = self.rows.get((kind.label, key))
        if row is None and (kind.label, (key,)) not in self.folder.index:
            row = find(kind, key)
        if row is None:
            raise Blocked(key)
        return row

    def _fill(self, row: models.Model, kind: Kind, values: dict[str, Any], key: str) -> list[str]:
        """Set the fields of a record but those with several references; returns the columns filled."""
        filled: list[str] = []
        for name, value in values.items():
            column = kind.columns[name]
            if isinstance(column, models.ManyToManyField):
                continue
            if isinstance(column, models.ForeignKey):
                setattr(row, name, None if value is None else self._referred(column, value))
                filled.append(name)
            elif name == BOUNDARY_FIELD:
                setattr(row, name, self.folder.boundaries.get(key))
                filled.append(name)
            else:
                filled += assign(row, column, value)
        return filled

    def _link(self, row: models.Model, kind: Kind, values: dict[str, Any]) -> None:
        for name, value in values.items():
            column = kind.columns[name]
            if isinstance(column, models.ManyToManyField):
                getattr(row, name).set([self._referred(column, key) for key in value])

    def _complain(self, entry: Entry, error: ValidationError) -> None:
        """A problem for each complaint of a record's full_clean(), at the line of its field."""
        for name, complaints in error.message_dict.items():
            field_name = name.removesuffix("_precision")
            line = entry.lines.get(field_name, entry.line)
            subject = str(entry) if name == NON_FIELD_ERRORS else field_name
            self.problems.extend(
                Problem(entry.file, line, f"{subject}: {text}") for text in complaints
            )
