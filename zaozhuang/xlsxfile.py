"""A selection as an Excel workbook that explains itself: typed cells, and a cover that says
what was selected, on which day, by which rules, and who says so.
"""

import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, islice
from typing import Any
from unicodedata import east_asian_width

from django.http import FileResponse, HttpRequest
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from zaozhuang.csvfile import FORMULA, Column, Row, named, text_of
from zaozhuang.dates import PartialDate, Precision

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

# The rows that a sheet of Excel holds, the head included; the rest goes on the next sheet.
MAX_ROWS = 1_048_576
# Characters that XML cannot hold, and control characters, which nobody wrote on purpose.
NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# Excel reads `_x0041_` as the letter A; the underscore has to be written so itself.
ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
# Excel counts days from 1900 and holds that year for a leap year.
FIRST_YEAR = 1901
# What is above goes to the disk.
SPOOL = 5 * 2**20
# Rows that the widths of the columns are measured on, and the widths' bounds, in characters.
MEASURED, NARROWEST, WIDEST = 200, 9, 50

HEAD = Font(bold=True)
HEAD_FILL = PatternFill("solid", fgColor="FFDFE9EC")
TITLE = Font(bold=True, size=16)
WRAPPED = Alignment(wrap_text=True, horizontal="left", vertical="top")
COVER_WIDTHS = (26, 100)


@dataclass(frozen=True)
class Section:
    """A heading on the cover and what stands under it: pairs of a label and a cell."""

    heading: str
    lines: Sequence[tuple[str, Any]]


@dataclass(frozen=True)
class Cover:
    """The first sheet."""

    title: str
    sections: Sequence[Section] = field(default_factory=list)


def xlsx_response(
    request: HttpRequest,
    stem: str,
    columns: Sequence[Column[Row]],
    rows: Iterable[Row],
    parameters: Iterable[str],
    cover: Cover,
) -> FileResponse:
    """The rows as a workbook: a cover, and a sheet named by `stem` with a frozen head and filters.

    `?headers=codes` gives the columns' codes as headings. The workbook is complete before the
    first byte is sent, so that an error while writing is a page and not half a file.
    """
    codes = request.GET.get("headers") == "codes"
    heads = [column.code if codes else str(column.heading) for column in columns]
    book = Workbook(write_only=True)
    book.properties.title = clean(cover.title)
    book.properties.creator = ""
    book.iso_dates = False
    file = tempfile.SpooledTemporaryFile(SPOOL)  # noqa: SIM115 — the response closes it
    try:
        write_cover(book.create_sheet(_("About this file")), cover)
        lines = ([column.cell(row) for column in columns] for row in rows)
        _write_rows(book, stem, heads, lines)
        book.save(file)
    except BaseException:
        file.close()
        discard(book)
        raise
    file.seek(0)
    response = FileResponse(file, content_type=XLSX)
    named(response, request, stem, "xlsx", parameters)
    return response


def discard(book: Workbook) -> None:
    """Remove the sheets' own files, which only saving the workbook would do."""
    sheets: list[Any] = book.worksheets
    for sheet in sheets:
        if sheet._writer is not None:
            # What is unfinished cannot be closed where the disk is full.
            with suppress(Exception):
                if not sheet.closed:
                    sheet.close()
            sheet._writer.cleanup()


def clean(text: str) -> str:
    """The text without what a workbook cannot hold, and safe from Excel's own escapes."""
    return ESCAPE.sub("_x005F_", NOT_IN_XML.sub("", text))


def cell_of(sheet: Any, value: Any) -> Any:
    """A value as openpyxl takes it: numbers, days and moments typed, all else as text.

    A date known only to a month or a year is text: Excel would invent the day. No text
    becomes a formula, not even when somebody edits its cell (Excel's quote prefix).
    """
    match value:
        case None | "":
            return None
        case bool() | int() | float() | Decimal():
            return value
        case PartialDate() if value.precision == Precision.DAY:
            value = value.first
        case datetime():
            value = localtime(value).replace(tzinfo=None, microsecond=0)
    if isinstance(value, date) and value.year >= FIRST_YEAR:
        cell = WriteOnlyCell(sheet)
        cell.value = value
        cell.number_format = "yyyy-mm-dd hh:mm" if isinstance(value, datetime) else "yyyy-mm-dd"
        return cell
    text = clean(text_of(value))
    if not FORMULA.match(text) and not text.startswith("#"):
        return text
    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"
    cell.quotePrefix = True
    return cell


def _styled(sheet: Any, value: Any, **style: Any) -> Any:
    cell = cell_of(sheet, value)
    if cell is None:
        return None
    if not isinstance(cell, Cell):
        cell = WriteOnlyCell(sheet, cell)
    for name, worth in style.items():
        setattr(cell, name, worth)
    return cell


def write_cover(sheet: Any, cover: Cover) -> None:
    for letter, width in zip("AB", COVER_WIDTHS, strict=True):
        sheet.column_dimensions[letter].width = width
    _for_paper(sheet, "portrait")
    sheet.append([_styled(sheet, cover.title, font=TITLE)])
    for section in cover.sections:
        sheet.append([])
        sheet.append([_styled(sheet, section.heading, font=HEAD, fill=HEAD_FILL)])
        for line in section.lines:
            sheet.append([_styled(sheet, cell, alignment=WRAPPED) for cell in line])


def _write_rows(
    book: Workbook, title: str, heads: Sequence[str], lines: Iterator[list[Any]]
) -> None:
    """The rows under a frozen head with filters, on as many sheets as they need."""
    sample = list(islice(lines, MEASURED))
    widths = [
        max(NARROWEST, min(WIDEST, 2 + max(map(width_of, [head, *(line[at] for line in sample)]))))
        for at, head in enumerate(heads)
    ]
    left = chain(sample, lines)
    number = 1
    while True:
        sheet: Any = book.create_sheet(title if number == 1 else f"{title} {number}")
        for at, width in enumerate(widths, 1):
            sheet.column_dimensions[get_column_letter(at)].width = width
        sheet.freeze_panes = "A2"
        sheet.print_title_rows = "1:1"
        _for_paper(sheet, "landscape")
        sheet.append([_styled(sheet, head, font=HEAD, fill=HEAD_FILL) for head in heads])
        count = 1
        for line in islice(left, MAX_ROWS - 1):
            sheet.append([cell_of(sheet, value) for value in line])
            count += 1
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(heads))}{count}"
        following = next(left, None)
        if following is None:
            return
        left, number = chain([following], left), number + 1


def _for_paper(sheet: Any, orientation: str) -> None:
    """A4, as wide as the page."""
    sheet.page_setup.paperSize = Worksheet.PAPERSIZE_A4
    sheet.page_setup.orientation = orientation
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True


def width_of(value: Any) -> int:
    """How wide a cell is in characters; a Chinese one counts as two."""
    if isinstance(value, datetime):
        return len("2023-05-31 09:30")
    text = text_of(value)[: 2 * WIDEST]
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)
