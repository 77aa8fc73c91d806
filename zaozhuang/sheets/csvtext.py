"""Reading CSV in the encodings in which Excel and Chinese offices write it."""

import codecs
import csv
from collections.abc import Callable, Iterator
from io import StringIO

from django.utils.translation import gettext as _

from zaozhuang.csvfile import FORMULA, NUMBER
from zaozhuang.sheets import limits
from zaozhuang.sheets.limits import Clock, Line, Table, Unreadable

MARKS = [
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
]
# Without a mark at its head, a file is in the first of these in which its headings are known.
WITHOUT_MARK = ["utf-8", "gb18030", "utf-16-le", "utf-16-be"]
# Excel's “Unicode text” has tabs; where the comma is a decimal sign it writes semicolons.
DELIMITERS = ",\t;"
EVERY = 500


def defused(text: str) -> str:
    """The cell so that no spreadsheet runs it; unlike that of exports, it can be taken back."""
    return f"'{text}" if _looks_like_a_formula(text) else text


def armed(text: str) -> str:
    """What the cell was before it was defused."""
    return text[1:] if text.startswith("'") and _looks_like_a_formula(text[1:]) else text


def _looks_like_a_formula(text: str) -> bool:
    inner = text.lstrip("'")
    return bool(FORMULA.match(inner)) and not NUMBER.fullmatch(inner)


def read_csv(data: bytes, clock: Clock, known: Callable[[list[str]], bool]) -> Table:
    """The rows of a CSV file; `known` says whether headings are those of one of our sheets.

    Raises Unreadable for what is no text, is too large, or takes too long.
    """
    first: Table | None = None
    for text in _decoded(data):
        for delimiter in DELIMITERS:
            head = _head(text, delimiter)
            if head and known(head):
                return _table(text, delimiter, clock)
        if first is None:
            first = Table("", _head(text, ",") or [])
            if any(first.head[limits.COLUMNS :]):
                raise limits.too_many_columns("")
    if first is None:
        raise Unreadable(
            _("The file is no text in UTF-8, GB18030 or UTF-16; save it as “CSV UTF-8”.")
        )
    return first


def _decoded(data: bytes) -> Iterator[str]:
    marked = [encoding for mark, encoding in MARKS if data.startswith(mark)]
    for encoding in marked or WITHOUT_MARK:
        try:
            yield data.decode(encoding)
        except UnicodeDecodeError:
            continue


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The rows as a spreadsheet numbers them; raises csv.Error."""
    lines = StringIO(text, newline="")  # unlike splitlines(), ends lines only where CSV does
    yield from enumerate(csv.reader(lines, delimiter=delimiter, strict=True), 1)


def _head(text: str, delimiter: str) -> list[str] | None:
    try:
        rows = _rows(text[: 2 * limits.LETTERS], delimiter)
        return next((row for _number, row in rows if any(row)), None)
    except csv.Error:
        return None


def _table(text: str, delimiter: str, clock: Clock) -> Table:
    table, number = Table(""), 0
    try:
        for number, row in _rows(text, delimiter):
            if number % EVERY == 0:
                clock.check()
            if not any(row):
                continue
            if len(row) > limits.COLUMNS and any(row[limits.COLUMNS :]):
                raise limits.too_many_columns("")
            cells = [armed(cell) for cell in row[: limits.COLUMNS]]
            if not table.head:
                table.head = cells
                continue
            table.lines.append(Line(number, cells))
            if len(table.lines) > limits.ROWS:
                raise limits.too_many_rows()
    except csv.Error as error:
        raise Unreadable(
            _("Row %(row)s: the quotation marks are not closed as they should be (%(error)s).")
            % {"row": number + 1, "error": error}
        ) from None
    return table
