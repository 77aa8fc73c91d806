"""Streaming a selection as CSV that spreadsheets and scripts both read rightly."""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils.functional import Promise
from django.utils.http import content_disposition_header
from django.utils.timezone import localtime
from django.utils.translation import get_language, override

from zaozhuang.dates import PartialDate, today
from zaozhuang.numbers import plain

Row = TypeVar("Row")

# Excel takes a CSV for UTF-8 only with this mark at its head.
BYTE_ORDER_MARK = "\ufeff"
# What a spreadsheet may take for a formula at the head of a cell (OWASP, CSV injection). The
# library defusedcsv also alters a lone `%`, which is the unit of a fifth of our readings.
FORMULA = re.compile(r"[=+@\t\r-]")
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
# Rows that are sent together; large enough that a chunk's overhead does not count.
CHUNK = 200


@dataclass(frozen=True)
class Column(Generic[Row]):
    """One column: its code, its heading in the reader's language, and its cell of a row.

    A cell keeps its type (Decimal, PartialDate, datetime …): each format writes it in its own way.
    """

    code: str
    heading: "str | Promise"
    cell: Callable[[Row], Any]


class _Line:
    """A file for csv.writer that hands each line back."""

    def write(self, line: str) -> str:
        return line


def text_of(value: Any) -> str:
    """A cell as text: blank for unknown, never `None`; decimals without trailing zeros.

    Dates are ISO at their own precision, moments ISO in local time with its offset.
    """
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Decimal():
            return plain(value)
        case PartialDate():
            return value.iso
        case datetime():
            return localtime(value).isoformat(timespec="seconds")
        case date():
            return value.isoformat()
    return str(value)


def defused(text: str) -> str:
    """The cell so that no spreadsheet runs it: an apostrophe before what may be a formula."""
    return f"'{text}" if FORMULA.match(text) and not NUMBER.fullmatch(text) else text


def file_name(request: HttpRequest, stem: str, extension: str, parameters: Iterable[str]) -> str:
    """`projects-2026-11-23-district-tengzhou.csv`: the date and the filters it rests on."""
    parts = [stem, today().isoformat()]
    for name in parameters:
        for value in request.GET.getlist(name):
            if value:
                parts.append(f"{name}-{re.sub(r'[^-0-9A-Za-z一-鿿]+', '_', value)}")
    return f"{'-'.join(parts)[:150]}.{extension}"


def named(
    response: HttpResponseBase,
    request: HttpRequest,
    stem: str,
    extension: str,
    parameters: Iterable[str],
) -> None:
    """Make the browser save the response, under the name that says what it rests on."""
    name = file_name(request, stem, extension, parameters)
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"


def csv_head(columns: Sequence[Column[Row]], *, codes: bool) -> str:
    """The first line: the columns' codes, or their headings in the reader's language."""
    head: str = csv.writer(_Line(), lineterminator="\r\n").writerow(
        [column.code if codes else str(column.heading) for column in columns]
    )
    return head


def csv_lines(columns: Sequence[Column[Row]], rows: Iterable[Row], *, codes: bool) -> Iterator[str]:
    """The head and the rows, some hundred lines at a time; codes or headings at the head."""
    writer = csv.writer(_Line(), lineterminator="\r\n")
    yield csv_head(columns, codes=codes)
    chunk: list[str] = []
    for row in rows:
        chunk.append(writer.writerow([defused(text_of(column.cell(row))) for column in columns]))
        if len(chunk) == CHUNK:
            yield "".join(chunk)
            chunk = []
    yield "".join(chunk)


def csv_response(
    request: HttpRequest,
    stem: str,
    columns: Sequence[Column[Row]],
    rows: Iterable[Row],
    parameters: Iterable[str],
    lines_of_rows: Callable[[], Iterable[str | bytes]] | None = None,
) -> StreamingHttpResponse:
    """The rows as a CSV file: UTF-8 with a byte-order mark, CRLF, formulas defused.

    `?headers=codes` gives the columns' codes as headings and no mark, for scripts. Where
    `lines_of_rows` is given, it makes the lines of the same rows, in a quicker way.
    """
    codes = request.GET.get("headers") == "codes"
    language = get_language() or ""

    def lines() -> Iterator[str | bytes]:
        # The response is streamed after the view returned and its language was reset.
        with override(language):
            if not codes:
                yield BYTE_ORDER_MARK
            if lines_of_rows:
                yield csv_head(columns, codes=codes)
                yield from lines_of_rows()
            else:
                yield from csv_lines(columns, rows, codes=codes)

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    named(response, request, stem, "csv", parameters)
    return response
