"""Workbooks to be filled in: drop-downs, locked identifiers, and a cover that explains them."""

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill, Protection
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.datavalidation import DataValidation

from zaozhuang.sheets.columns import DIGITS
from zaozhuang.xlsxfile import (
    HEAD,
    HEAD_FILL,
    SPOOL,
    Cover,
    cell_of,
    clean,
    discard,
    width_of,
    write_cover,
)

# Rows below the last one in which something new can be entered, with the same drop-downs.
SPARE = 200
NARROWEST, WIDEST, MEASURED = 9, 40, 200
# What is not to be typed into stands on the colour of paper that lies deeper.
LOCKED_FILL = PatternFill("solid", fgColor="FFF3F1EC")
QUIET = Font(color="FF56606B")
REFUSED = Font(color="FFA8133A")
TEXT = "@"
TOP = Alignment(wrap_text=True, vertical="top")
OPEN, LOCKED = Protection(locked=False), Protection(locked=True)


@dataclass(frozen=True)
class Slot:
    """One column of a sheet to be filled in."""

    heading: str
    hint: str = ""
    locked: bool = False  # in all rows
    identifies: bool = False  # in the rows that are there
    number: bool = False
    drop_down: Sequence[str] | None = None
    hidden: bool = False
    reason: bool = False


@dataclass
class Page:
    """One sheet: its columns and, for each row, its cells and whether it is a new one."""

    title: str
    slots: list[Slot]
    rows: list[tuple[list[str], bool]] = field(default_factory=list)


def workbook(cover: Cover, pages: Iterable[Page]) -> Any:
    """The file of a workbook with these sheets, rewound; whoever asked closes it."""
    book = Workbook(write_only=True)
    book.properties.title = clean(cover.title)
    book.properties.creator = ""
    file = tempfile.SpooledTemporaryFile(SPOOL)  # noqa: SIM115 — the caller closes it
    pages = list(pages)
    try:
        write_cover(book.create_sheet(_("About this file")), cover)
        sheets = [book.create_sheet(page.title) for page in pages]
        ranges = _write_lists(book, pages)
        for sheet, page in zip(sheets, pages, strict=True):
            _write_page(sheet, page, ranges)
        book.save(file)
    except BaseException:
        file.close()
        discard(book)
        raise
    file.seek(0)
    return file


def lists_title() -> str:
    return _("Choices")


def _write_lists(book: Workbook, pages: Sequence[Page]) -> dict[tuple[str, ...], str]:
    """All drop-downs side by side on a sheet of their own; returns where each stands.

    Written into a cell, a list could hold 255 characters.
    """
    found: dict[tuple[str, ...], str] = {}
    heads: list[str] = []
    for page in pages:
        for slot in page.slots:
            key = tuple(slot.drop_down or ())
            if key and key not in found:
                letter = get_column_letter(len(found) + 1)
                name = quote_sheetname(lists_title())
                found[key] = f"{name}!${letter}$2:${letter}${len(key) + 1}"
                heads.append(slot.heading)
    sheet: Any = book.create_sheet(lists_title())
    sheet.protection.sheet = True
    for at in range(len(found)):
        sheet.column_dimensions[get_column_letter(at + 1)].width = 24
    sheet.append([_cell(sheet, head, font=HEAD, fill=HEAD_FILL) for head in heads])
    columns = list(found)
    for at in range(max(map(len, columns), default=0)):
        sheet.append([cell_of(sheet, key[at]) if at < len(key) else None for key in columns])
    return found


def _write_page(sheet: Any, page: Page, ranges: dict[tuple[str, ...], str]) -> None:
    last = len(page.rows) + 1 + SPARE
    for at, slot in enumerate(page.slots, 1):
        letter = get_column_letter(at)
        column = sheet.column_dimensions[letter]
        column.width = _width(page, at - 1)
        column.hidden = slot.hidden
        # For the rows below the last, in which nothing stands yet.
        column.protection = LOCKED if slot.locked else OPEN
        if not slot.number:
            column.number_format = TEXT
        if slot.drop_down:
            rule = DataValidation(
                type="list", formula1=ranges[tuple(slot.drop_down)], allow_blank=True
            )
            rule.errorTitle = clean(slot.heading)[:32]
            rule.error = _("Choose from the list.")
            rule.showErrorMessage = True
            rule.add(f"{letter}2:{letter}{last}")
            sheet.data_validations.append(rule)
    sheet.freeze_panes = f"{get_column_letter(_fixed(page) + 1)}2"
    _protect(sheet)
    sheet.append(
        [
            _cell(sheet, slot.heading, font=HEAD, fill=HEAD_FILL, alignment=TOP)
            for slot in page.slots
        ]
    )
    for cells, new in page.rows:
        sheet.append(
            [
                _filled(sheet, slot, text, locked=slot.locked or (slot.identifies and not new))
                for slot, text in zip(page.slots, cells, strict=True)
            ]
        )


def _fixed(page: Page) -> int:
    """How many columns stay in view: up to the first that says what a row is about."""
    for at, slot in enumerate(page.slots, 1):
        if not slot.hidden and not slot.locked:
            return at
    return 1


def _protect(sheet: Any) -> None:
    """Without a password: it is there against slips, not against anybody."""
    sheet.protection.sheet = True
    for name in ("formatColumns", "formatRows", "autoFilter", "sort"):
        setattr(sheet.protection, name, False)


def _filled(sheet: Any, slot: Slot, text: str, *, locked: bool) -> Any:
    value: Any = text
    if slot.number and _is_exact(text):
        value = Decimal(text)
    cell = cell_of(sheet, value)
    if not isinstance(cell, Cell):
        cell = WriteOnlyCell(sheet, cell)
    cell.protection = LOCKED if locked else OPEN
    if not slot.number:
        cell.number_format = TEXT
    if locked:
        cell.fill, cell.font = LOCKED_FILL, QUIET
    if slot.reason:
        cell.font, cell.alignment = REFUSED, TOP
    return cell


def _is_exact(text: str) -> bool:
    """Whether Excel's numbers hold all of its digits; otherwise it stays a text."""
    digits = text.lstrip("-").replace(".", "", 1)
    return digits.isascii() and digits.isdigit() and len(digits) <= DIGITS


def _cell(sheet: Any, value: str, **style: Any) -> Any:
    cell = WriteOnlyCell(sheet, clean(value))
    cell.data_type = "s"
    for name, worth in style.items():
        setattr(cell, name, worth)
    return cell


def _width(page: Page, at: int) -> int:
    texts = [cells[at] for cells, _new in page.rows[:MEASURED]]
    longest = max([0, *(width_of(text) for text in texts)])
    head = min(16, width_of(page.slots[at].heading))
    return max(NARROWEST, min(WIDEST, 2 + max(longest, head)))
