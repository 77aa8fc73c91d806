"""Writing the sheet: as a workbook with everything, or one kind as CSV."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from io import StringIO
from typing import Any

from django.utils.timezone import localtime, now
from django.utils.translation import gettext as _

from projects.sheets.sheet import (
    ID,
    ID_LABEL,
    REASON,
    REASON_LABEL,
    VERSION,
    VERSION_LABEL,
    Sheet,
)
from zaozhuang.csvfile import BYTE_ORDER_MARK
from zaozhuang.dates import PartialDate, Precision
from zaozhuang.history.versions import newest_of
from zaozhuang.numbers import grouped
from zaozhuang.sheets import limits
from zaozhuang.sheets.columns import tidy
from zaozhuang.sheets.csvtext import defused
from zaozhuang.sheets.writing import Page, Slot, lists_title, workbook
from zaozhuang.xlsxfile import Cover, Section


def codes_of(sheet: Sheet, *, reason: bool = False) -> list[str]:
    """The columns in their order: the number, what is only read, what is typed, the version."""
    codes = [ID, *(shown.code for shown in sheet.kind.shown)]
    codes += [column.code for column in sheet.all_columns]
    return [*codes, VERSION, *([REASON] if reason else [])]


def headings_of(sheet: Sheet, codes: Iterable[str]) -> list[str]:
    labels: dict[str, Any] = {ID: ID_LABEL, VERSION: VERSION_LABEL, REASON: REASON_LABEL}
    labels |= {shown.code: shown.label for shown in sheet.kind.shown}
    labels |= {column.code: column.heading for column in sheet.all_columns}
    return [str(labels[code]) for code in codes]


def cells_of(sheet: Sheet, record: Any, version: int) -> dict[str, str]:
    """One record, or a row that is to become one, as its cells show it."""
    cells = {ID: str(record.pk or ""), VERSION: str(version) if record.pk else ""}
    cells |= {shown.code: shown.text(record) for shown in sheet.kind.shown}
    cells |= {column.code: column.shown(column.input_of(record)) for column in sheet.columns}
    events = sheet.initial_event(record) if sheet.event_columns else {}
    cells |= {c.code: c.shown(events[c.code]) for c in sheet.event_columns}
    return {code: tidy(text) for code, text in cells.items()}


def records_of(sheet: Sheet, month: date) -> Iterator[tuple[Any, int]]:
    """What the sheet holds, with the version of each record; to be asked in a snapshot."""
    records = list(sheet.kind.rows(sheet.request.user, month))
    versions = newest_of(sheet.kind.model, [record.pk for record in records if record.pk])
    sheet.loaded.attach(records, sheet.kind.fields)
    for record in records:
        yield record, versions.get(record.pk, 0)


def rows_of(sheet: Sheet, month: date) -> Iterator[tuple[list[str], bool]]:
    codes = codes_of(sheet)
    for record, version in records_of(sheet, month):
        cells = cells_of(sheet, record, version)
        # A report that is to be made has its project and month already.
        yield [cells[code] for code in codes], not record.pk and not sheet.kind.prefilled


def slots_of(sheet: Sheet, *, reason: bool = False) -> list[Slot]:
    codes = codes_of(sheet, reason=reason)
    columns = {column.code: column for column in sheet.all_columns}
    slots = []
    for code, heading in zip(codes, headings_of(sheet, codes), strict=True):
        column = columns.get(code)
        if column is None:
            slots.append(Slot(heading, locked=True, hidden=code == VERSION, reason=code == REASON))
            continue
        slots.append(
            Slot(
                heading,
                identifies=column.identifies,
                number=column.is_number,
                drop_down=column.drop_down,
            )
        )
    return slots


def district_workbook(sheets: Sequence[Sheet], month: date) -> Any:
    """The file with the sheets of an editor, for one month."""
    pages = [Page(sheet.title, slots_of(sheet), list(rows_of(sheet, month))) for sheet in sheets]
    return workbook(cover_of(sheets, month), pages)


def refused_workbook(sheets: dict[Sheet, list[tuple[dict[str, str], str]]]) -> Any:
    """The rows that were refused as they were typed, with the reason beside each."""
    pages = []
    for sheet, rows in sheets.items():
        codes = codes_of(sheet, reason=True)
        cells = [
            ([(row | {REASON: why}).get(code, "") for code in codes], not row.get(ID))
            for row, why in rows
        ]
        pages.append(Page(sheet.title, slots_of(sheet, reason=True), cells))
    title = _("Rows that were refused")
    how = _(
        "The reason stands in the last column. Correct the rows here and upload this file; the last column is passed over."
    )
    return workbook(Cover(title, [Section(_("What to do"), [("", how)])]), pages)


def cover_of(sheets: Sequence[Sheet], month: date) -> Cover:
    """What the workbook is, how it is filled in, and what every column means."""
    period = PartialDate.containing(month, Precision.MONTH)
    how = [
        (_("White cells"), _("are filled in; grey ones say which record a row is and are locked.")),
        (_("Dates"), _("as exactly as they are known: 2023-05-31, 2023-05, 2023-Q2, 2023-H1, 2023, 2021/2025, or 2023年5月.")),
        (_("Amounts"), _("in the unit of the heading, as plain numbers; what is not known stays blank, which is not zero.")),
        (_("Choices"), _("from the list of the cell; all lists stand on the sheet “%(sheet)s”.") % {"sheet": lists_title()}),
        (_("Something new"), _("is a row below the last one whose first column stays blank.")),
        (_("Nothing is deleted"), _("by leaving a row out: it stays as it is.")),
        (_("Formulas"), _("are refused; paste values.")),
        (_("Uploading"), _("shows what would change before anything is saved. Rows that somebody changed since this file was made are refused.")),
        (_("At most"), _("%(rows)s rows and %(size)s MB a file.") % {"rows": grouped(limits.ROWS), "size": limits.BYTES // 2**20}),
    ]  # fmt: skip
    made = localtime(now()).strftime("%Y-%m-%d %H:%M")
    sections = [
        Section(
            _("This file"),
            [(_("Month of the reports"), period.label), (_("Made"), made)],
        ),
        Section(_("How it is filled in"), how),
    ]
    for sheet in sheets:
        lines = [("", str(sheet.kind.about))]
        for column in sheet.all_columns:
            help_text = str(column.field.help_text or "")
            lines.append((column.heading, " ".join(filter(None, [help_text, column.expected]))))
        sections.append(Section(sheet.title, lines))
    return Cover(_("Sheet of the district, %(month)s") % {"month": period.label}, sections)


def csv_lines(sheet: Sheet, month: date) -> Iterator[str]:
    """One kind as CSV in UTF-8 with a mark; formulas are defused and taken back when it is read."""
    codes = codes_of(sheet)
    yield BYTE_ORDER_MARK + _line(headings_of(sheet, codes))
    for cells, _new in rows_of(sheet, month):
        yield _line([defused(cell) for cell in cells])


def _line(cells: list[str]) -> str:
    buffer = StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue()
