"""Looking over what was uploaded: row by row, by the forms and rights of the desk, writing nothing."""

import re
from collections.abc import Iterator
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects
from django.http import HttpRequest
from django.utils.translation import gettext as _

from districts.drafts import changed_inputs, changes_of
from districts.models import Draft
from projects.models import ProgressReport, Project, StageChange
from projects.models.reports import AMOUNTS
from projects.sheets.kinds import REPORTS
from projects.sheets.rows import ADDED, CHANGED, REFUSED, UNCHANGED, Cell, Row
from projects.sheets.sheet import EVENT, EVENT_FIELDS, ID, STAGE, VERSION, Heads, Sheet
from projects.sheets.tables import Found
from zaozhuang.forms import PRECISION
from zaozhuang.history.display import Shown, show
from zaozhuang.history.entries import label
from zaozhuang.history.versions import later, newest_of
from zaozhuang.models import HistoryEntry
from zaozhuang.sheets.columns import Column, Unexpected, as_input
from zaozhuang.sheets.limits import Clock, Line, Table

NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)
# Rows that are read from the database together.
BATCH = 500
# Rows between two words about how far it is.
EVERY = 100
# The part of a page of the desk into which a new event of a project is typed.
EVENT_PART = "stage_changes"


class Check:
    """All rows of a file, looked over against what is there now."""

    def __init__(self, request: HttpRequest, found: Found, clock: Clock) -> None:
        self.request, self.found, self.clock = request, found, clock
        self.rows: list[Row] = []
        self.blank = 0
        self.total = sum(len(table.lines) for _sheet, table, _heads in found)

    def run(self) -> Iterator[int]:
        """Look at every row; yields how many were looked at. Raises Unreadable when time is over."""
        done = 0
        for sheet, table, heads in self.found:
            checker = _SheetCheck(self.request, sheet, table, heads)
            for start in range(0, len(table.lines), BATCH):
                lines = table.lines[start : start + BATCH]
                checker.load(lines)
                for line in lines:
                    row = checker.judge(line)
                    if row is None:
                        self.blank += 1
                    else:
                        self.rows.append(row)
                    done += 1
                    if done % EVERY == 0:
                        self.clock.check()
                        yield done
        yield done

    def of(self, *outcomes: str) -> list[Row]:
        return [row for row in self.rows if row.outcome in outcomes]

    @property
    def accepted(self) -> list[Row]:
        return [row for row in self.of(ADDED, CHANGED) if not row.waits_already]

    @property
    def refused(self) -> list[Row]:
        return self.of(REFUSED)

    @property
    def refused_key(self) -> str:
        """Which rows are refused, for a reader who agrees to leave them out."""
        return ",".join(f"{row.sheet.kind.code}:{row.line.number}" for row in self.refused)


class _SheetCheck:
    """The rows of one sheet."""

    def __init__(self, request: HttpRequest, sheet: Sheet, table: Table, heads: Heads) -> None:
        self.request, self.sheet, self.table, self.heads = request, sheet, table, heads
        self.kind, self.desk = sheet.kind, sheet.desk
        self.by_code = {column.code: column for column in sheet.all_columns}
        self.same_by = [self.by_code[code] for code in self.kind.same_by]
        self.records: dict[int, Any] = {}
        self.versions: dict[int, int] = {}
        self.twins: dict[tuple[Any, ...], Any] = {}
        self.rows_by_key: dict[tuple[Any, ...], int] = {}
        self.waiting = self._waiting_drafts() if sheet.waits else []

    def _waiting_drafts(self) -> list[tuple[Any, Any]]:
        drafts = Draft.objects.submitted().filter(
            author=self.request.user,  # type: ignore[misc]
            model=label(self.kind.model),
        )
        return list(drafts.values_list("object_id", "changes"))

    # What is there

    def load(self, lines: list[Line]) -> None:
        """The records that some rows are about, with their versions, in a few queries."""
        model = self.kind.model
        keys, added = [], []
        for line in lines:
            number = self._cell(line, ID)
            if NUMBER.fullmatch(number):
                keys.append(int(number))
            elif not number:
                added.append(line)
        self.records = model._default_manager.in_bulk(keys)
        self.twins = {}
        if added:
            self._load_twins(added)
        every = [*self.records.values(), *self.twins.values()]
        self.sheet.loaded.attach(every, self.kind.fields)
        self.versions = newest_of(model, [record.pk for record in every])
        if self.kind is REPORTS:
            self._load_other_months(lines)

    def _load_twins(self, lines: list[Line]) -> None:
        """Records that are there already and that rows without a number seem to be."""
        first = self.same_by[0]
        values = {self._read(first, line) for line in lines} - {"", None}
        found = self.kind.model._default_manager.filter(**{f"{first.code}__in": values})
        for record in found:
            key = tuple(column.plain(column.input_of(record)) for column in self.same_by)
            self.twins[key] = record

    def _load_other_months(self, lines: list[Line]) -> None:
        """The reports around those of the rows, with which their figures are compared."""
        projects = self.sheet.loaded.records(Project)
        column = self.by_code["project"]
        named = {self._read(column, line) for line in lines}
        wanted = [projects[key] for key in named if key in projects]
        for project in wanted:
            getattr(project, "_prefetched_objects_cache", {}).pop("reports", None)
        figures = ProgressReport.objects.only("project", "month", *AMOUNTS, "percent", "note")
        prefetch_related_objects(wanted, Prefetch("reports", figures))

    def _cell(self, line: Line, code: str) -> str:
        return line.cell(self.heads.at[code]).strip()

    def _read(self, column: Column, line: Line) -> str | None:
        try:
            return column.read(self._cell(line, column.code))
        except Unexpected:
            return None

    # What a row says

    def judge(self, line: Line) -> Row | None:
        """What is to become of a row; None for one in which nothing was filled in."""
        number = self._cell(line, ID)
        if not number:
            return self._judge_new(line)
        row = Row(self.sheet, self.table, line, number)
        if not NUMBER.fullmatch(number):
            return self._refuse(
                row, ID, _("This is not the number of a record; leave it as it was.")
            )
        record = self.records.get(int(number))
        if record is None:
            row.meanwhile = self._history(int(number), 0)
            return self._refuse(row, ID, _("There is no record of this number here."))
        row.record, row.title = record, str(record)
        if not self.desk.has_change_permission(self.request, record):
            return self._refuse(row, ID, _("You may not write the records of this place."))
        row.version = self.versions.get(record.pk, 0)
        given = {column.code: column.input_of(record) for column in self.sheet.columns}
        if self.sheet.event_columns:
            given |= self.sheet.initial_event(record)
        differing = [
            c for c in self.sheet.all_columns if not c.same(self._cell(line, c.code), given[c.code])
        ]
        if not differing:
            return row
        self._show(row, differing, given)
        self._tell_faults(row)
        for column in differing:
            if column.identifies:
                self._mark(
                    row, column, _("This says which record the row is, and cannot be changed here.")
                )
        if not row.problems and not any(cell.problem for cell in row.cells):
            self._compare_versions(row, differing)
        return self._ask_forms(row, differing, given)

    def _judge_new(self, line: Line) -> Row | None:
        filled = [c for c in self.sheet.all_columns if self._cell(line, c.code)]
        if all(column.code in self.kind.prefilled for column in filled):
            return None
        title = " · ".join(self._cell(line, column.code) for column in self.same_by)
        row = Row(self.sheet, self.table, line, title.strip(" ·"), is_new=True)
        if not self.desk.has_add_permission(self.request):
            row.problems.append(_("You may not add records of this kind."))
            row.outcome = REFUSED
            return row
        given = {column.code: "" for column in self.sheet.all_columns}
        key = tuple(column.plain(self._read(column, line) or "") for column in self.same_by)
        twin = self.twins.get(key) if any(key) else None
        if twin is not None:
            same = all(
                c.same(self._cell(line, c.code), c.input_of(twin))
                for c in filled
                if c in self.sheet.columns
            )
            event_same = all(
                c.code == STAGE and c.same(self._cell(line, c.code), twin.stage)
                for c in filled
                if c in self.sheet.event_columns
            )
            if same and (event_same or self._has_event(twin, line)):
                row.record, row.title = twin, str(twin)
                return row
            if self.kind.unique:
                row.meanwhile = self._history(twin.pk, 0)
                row.problems.append(
                    _(
                        "This record is there already, as number %(number)s; download the sheet anew to change it."
                    )
                    % {"number": twin.pk}
                )
        if self.kind.unique and any(key):
            before = self.rows_by_key.setdefault(key, line.number)
            if before != line.number:
                row.problems.append(_("Row %(row)s is about the same.") % {"row": before})
        self._show(row, filled, given)
        self._tell_faults(row)
        return self._ask_forms(row, filled, given)

    def _has_event(self, project: Project, line: Line) -> bool:
        """Whether the event of a row that was taken in before is there."""
        stage = self._read(self.by_code[STAGE], line)
        when = self.by_code[EVENT + "date"]
        events = project.stage_changes.counting().filter(stage=stage)
        return any(when.same(self._cell(line, when.code), event.when.iso) for event in events)

    # What is wrong with it

    def _show(self, row: Row, columns: list[Column], given: dict[str, str]) -> None:
        for column in columns:
            typed = row.line.cell(self.heads.at[column.code])
            row.cells.append(Cell(column.heading, column.shown(given[column.code]), typed))

    def _mark(self, row: Row, column: Column, problem: str) -> None:
        """Say at the cell what is wrong, and what was expected."""
        for cell in row.cells:
            if cell.heading == column.heading:
                break
        else:
            typed = row.line.cell(self.heads.at[column.code])
            cell = Cell(column.heading, "", typed)
            row.cells.append(cell)
        cell.problem = " ".join(filter(None, [cell.problem, problem]))
        cell.expected = "" if column.identifies else column.expected
        row.outcome = REFUSED

    def _refuse(self, row: Row, code: str, problem: str) -> Row:
        row.cells.append(
            Cell(self.table.head[self.heads.at[code]], "", self._cell(row.line, code), problem)
        )
        row.outcome = REFUSED
        return row

    def _tell_faults(self, row: Row) -> None:
        """Formulas and errors, which reading found."""
        for column in self.sheet.all_columns:
            fault = row.line.faults.get(self.heads.at[column.code])
            if fault:
                self._mark(row, column, fault)

    def _compare_versions(self, row: Row, differing: list[Column]) -> None:
        """Refuse what would write over a change that was made since the sheet was.

        Where the cell says what the change said, the sheet knows of it.
        """
        rested = self._cell(row.line, VERSION)
        number = int(rested) if NUMBER.fullmatch(rested) else 0
        if number == row.version:
            return
        if number > row.version:
            row.problems.append(
                _("This row does not come from the records that are here; download the sheet anew.")
            )
            return
        entries = later(self.kind.model, row.record.pk, rested)
        changed: set[str] = set()
        for entry in entries:
            if entry.model == label(self.kind.model):
                changed |= {name.removesuffix(PRECISION) for name in entry.changes}
            elif entry.model == label(StageChange):
                changed.add(STAGE)
        if changed & {column.code for column in differing}:
            row.problems.append(
                _(
                    "Somebody changed this record since the sheet was made. Download it anew, or type what holds now."
                )
            )
            row.meanwhile = show(entries, label(self.kind.model))

    def _history(self, pk: int, number: int) -> list[Shown]:
        """Who wrote what of a record lately."""
        entries = HistoryEntry.objects.of(self.kind.model, pk).select_related("user")[:3]
        return show(list(reversed(entries)), label(self.kind.model))

    # What the forms of the desk say

    def _ask_forms(self, row: Row, differing: list[Column], given: dict[str, str]) -> Row:
        adding = row.record is None
        inputs = dict(given)
        for column in differing:
            try:
                inputs[column.code] = column.read(self._cell(row.line, column.code))
            except Unexpected as error:
                self._mark(row, column, str(error))
        if row.problems or any(cell.problem for cell in row.cells):
            row.outcome = REFUSED
            return row
        self._ask_form(row, inputs, adding)
        if row.outcome != REFUSED and self.sheet.event_columns:
            self._ask_event_form(row, inputs, differing, adding)
        if row.outcome == REFUSED:
            return row
        if not adding and not row.changed and row.event is None:
            row.cells, row.outcome = [], UNCHANGED  # written otherwise, but the same
            return row
        row.outcome = ADDED if adding else CHANGED
        row.waits_already = (None if adding else row.record.pk, row.parts) in self.waiting
        return row

    def _ask_form(self, row: Row, inputs: dict[str, str], adding: bool) -> None:
        form_class = self.sheet.form
        data = {column.code: inputs[column.code] for column in self.sheet.columns}
        if adding:
            for name, form_field in form_class.base_fields.items():
                if not data[name] and (default := self._default(form_field, name)):
                    data[name] = default
        form = form_class(data, instance=row.record)
        if not form.is_valid():
            self._tell_errors(row, form, "")
            return
        row.record = form.instance
        row.changed = list(form.changed_data)
        if self.sheet.waits:
            row.parts = changes_of(form, [])

    def _default(self, form_field: Any, name: str) -> str:
        """What the desk's page of a new record begins with, where a cell is blank."""
        default = self.kind.model._meta.get_field(name).get_default()
        column = self.by_code[name]
        return as_input(default) if column.choices else ""

    def _ask_event_form(
        self, row: Row, inputs: dict[str, str], differing: list[Column], adding: bool
    ) -> None:
        typed = [column for column in differing if column in self.sheet.event_columns]
        if not typed:
            return
        if not adding and typed[0].code != STAGE:
            text = _(
                "The stage is as it was, so this stays blank. What is wrong with an event is corrected on the project’s page."
            )
            for column in typed:
                self._mark(row, column, text)
            return
        data = {name: inputs[name if name == STAGE else EVENT + name] for name in EVENT_FIELDS}
        form = self.sheet.event_form(data, instance=StageChange(project=row.record))
        if not form.is_valid():
            self._tell_errors(row, form, EVENT)
            return
        row.event = form.instance
        if self.sheet.waits:
            part = {
                "prefix": EVENT_PART,
                "pk": None,
                "delete": False,
                "fields": changed_inputs(form),
            }
            row.parts.append(part)

    def _tell_errors(self, row: Row, form: Any, prefix: str) -> None:
        for name, errors in form.errors.items():
            column = self.by_code.get(name if name == STAGE else prefix + name)
            for error in errors:
                if column is None:
                    row.problems.append(str(error))
                else:
                    self._mark(row, column, str(error))
        row.outcome = REFUSED
