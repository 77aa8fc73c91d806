"""Reading workbooks that anybody may have made: bounded, without entities, without formulas."""

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from io import BytesIO
from typing import IO, Any, cast
from zipfile import ZipFile, ZipInfo

import defusedxml.ElementTree
from defusedxml.common import DefusedXmlException
from django.utils.translation import gettext as _
from openpyxl.reader.excel import ExcelReader

from zaozhuang.numbers import plain
from zaozhuang.sheets import limits
from zaozhuang.sheets.limits import Clock, Line, Table, Unreadable

# What Excel writes for characters that XML cannot hold, and for an underscore that begins such a word.
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
# The letters of a number format that are not in brackets or quotes.
QUOTED = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.')
EVERY = 200  # rows between two looks at the clock
# Parts that grow with the data are read piece by piece; all others are looked at as a whole.
GROWING = re.compile(r"(?i)xl/(worksheets/[^/]+|sharedstrings)\.xml")


class _Bounded:
    """A part of the archive that stops when all parts together become too large or too slow."""

    def __init__(self, part: IO[bytes], archive: "BoundedZip") -> None:
        self.part, self.archive = part, archive

    def read(self, size: int = -1) -> bytes:
        data = self.part.read(size)
        self.archive.unpacked += len(data)
        if self.archive.unpacked > 2 * limits.UNPACKED:  # parts may be read twice
            raise _unpacks_too_large()
        self.archive.clock.check()
        return data

    def __enter__(self) -> "_Bounded":
        return self

    def __exit__(self, *error: object) -> None:
        self.part.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.part, name)


class BoundedZip(ZipFile):
    """An archive that says how large it is before anything is unpacked, and is held to it."""

    def __init__(self, data: bytes, clock: Clock) -> None:
        super().__init__(BytesIO(data))
        self.clock, self.unpacked = clock, 0
        parts = self.infolist()
        if len(parts) > limits.PARTS or sum(part.file_size for part in parts) > limits.UNPACKED:
            raise _unpacks_too_large()
        if any(part.flag_bits & 1 for part in parts):
            raise Unreadable(_("The workbook is protected by a password; save it without one."))

    def open(self, name: str | ZipInfo, *args: Any, **kwargs: Any) -> Any:
        return _Bounded(super().open(name, *args, **kwargs), self)


def _unpacks_too_large() -> Unreadable:
    text = _("The workbook unpacks to more than %(size)s MB, so it was not opened.")
    return Unreadable(text % {"size": limits.UNPACKED // 2**20}, status=413)


def read_workbook(
    data: bytes, clock: Clock, passed_over: Callable[[str], bool] = lambda _title: False
) -> list[Table]:
    """Every visible sheet that is not empty, its first row as the head; `passed_over` says by
    their titles which are not read, and do not count.

    Raises Unreadable for what is no workbook, is too large, or takes too long.
    """
    try:
        archive = BoundedZip(data, clock)
        _look_for_entities(archive)
        reader = ExcelReader(BytesIO(data), read_only=True, keep_links=False)
        reader.archive = archive
        reader.read()
        tables, rows = [], 0
        for sheet in cast(Any, reader.wb).worksheets:
            if sheet.sheet_state != "visible" or passed_over(sheet.title):
                continue
            table = Table(sheet.title)
            for line in _lines(sheet, clock):
                if not table.head:
                    table.head = line.cells
                    continue
                table.lines.append(line)
                rows += 1
                if rows > limits.ROWS:
                    raise limits.too_many_rows()
            if table.head:
                tables.append(table)
        return tables
    # What a broken file leads to inside the library is not to be foreseen.
    except Exception as error:
        raise _told(error) from error


def _told(error: BaseException) -> Unreadable:
    """What stopped the reading; the library wraps what it does not know in errors of its own."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, Unreadable):
            return cause
        if isinstance(cause, DefusedXmlException):
            text = _("The workbook declares XML entities, which no spreadsheet program does.")
            return Unreadable(text)
        cause = cause.__cause__ or cause.__context__
    return _broken()


def _broken() -> Unreadable:
    return Unreadable(
        _("The file cannot be read as an Excel workbook; open it in Excel and save it as .xlsx.")
    )


def _look_for_entities(archive: BoundedZip) -> None:
    """Raises DefusedXmlException: openpyxl guards the large parts itself, by defusedxml too."""
    for part in archive.infolist():
        name = part.filename
        if name.endswith((".xml", ".rels")) and not GROWING.fullmatch(name):
            with archive.open(part) as stream:
                defusedxml.ElementTree.parse(stream, forbid_dtd=True)


def _lines(sheet: Any, clock: Clock) -> Iterator[Line]:
    """The rows in which something stands."""
    # What the file says of its own size is not always so, and rows beyond it would be lost.
    sheet.reset_dimensions()
    for number, row in enumerate(sheet.iter_rows(), 1):
        if number % EVERY == 0:
            clock.check()
        line = Line(number, [])
        for at, cell in enumerate(row):
            if cell.value is None:
                line.cells.append("")
                continue
            text, fault = text_of(cell)
            if text and at >= limits.COLUMNS:
                raise limits.too_many_columns(sheet.title)
            line.cells.append(text)
            if fault:
                line.faults[at] = fault
        del line.cells[limits.COLUMNS :]
        if any(line.cells):
            yield line


def text_of(cell: Any) -> tuple[str, str]:
    """A cell as it would be typed, and what is wrong with it."""
    value = cell.value
    if cell.data_type == "f":
        text = value if isinstance(value, str) else f"={getattr(value, 'text', '')}"
        return text, _("This is a formula; write the value itself.")
    if cell.data_type == "e":
        return str(value), _("Excel shows an error here; write the value itself.")
    if isinstance(value, bool):
        return ("true" if value else "false"), ""
    if isinstance(value, float):
        return _number(value), ""
    if isinstance(value, datetime):
        return _date(value, cell.number_format), ""
    if isinstance(value, date):
        return value.isoformat(), ""
    if isinstance(value, time | timedelta):
        return str(value), _("This is a time of day; write a date or a number.")
    return ESCAPED.sub(lambda match: chr(int(match[1], 16)), str(value)), ""


def _number(value: float) -> str:
    """As many digits as Excel keeps: 0.3, not 0.30000000000000004; no exponent."""
    if value != value or value in (float("inf"), float("-inf")):
        return str(value)
    return plain(Decimal(f"{value:.15g}"))


def _date(value: datetime, number_format: str) -> str:
    """A date at the precision at which the cell shows it: 2023年5月 is no day."""
    shown = QUOTED.sub("", number_format).lower()
    if "d" in shown or "m" not in shown:
        return value.date().isoformat()
    return f"{value.year:04}-{value.month:02}"
