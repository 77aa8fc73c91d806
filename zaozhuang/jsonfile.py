"""Streaming a selection as JSON: a head that says what it rests on, then the rows."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse
from django.utils.translation import get_language, override

from zaozhuang.csvfile import CHUNK, Column, Row, named, text_of


def json_value(value: Any) -> Any:
    """A cell as JSON holds it: null for unknown, numbers as numbers, dates ISO at their precision."""
    match value:
        case None | "":
            return None
        case bool() | int() | float():
            return value
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
    return text_of(value)


def record(columns: Sequence[Column[Row]], row: Row) -> dict[str, Any]:
    """A row with the columns' codes as keys."""
    return {column.code: json_value(column.cell(row)) for column in columns}


def dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def json_lines(head: Mapping[str, Any], key: str, items: Iterable[str]) -> Iterator[str]:
    """An object with the members of `head` and, last, the encoded `items` as the list `key`."""
    yield dumps(head)[:-1] + ("," if head else "") + f"{dumps(key)}:["
    before = "\n"
    chunk: list[str] = []
    for item in items:
        chunk += [before, item]
        before = ",\n"
        if len(chunk) >= 2 * CHUNK:
            yield "".join(chunk)
            chunk = []
    yield "".join([*chunk, "\n]}\n"])


def json_response(
    request: HttpRequest,
    stem: str,
    extension: str,
    parameters: Iterable[str],
    lines: Iterator[str],
    *,
    content_type: str = "application/json",
) -> StreamingHttpResponse:
    """The lines as a file, written in the language of the request."""
    language = get_language() or ""

    def written() -> Iterator[str]:
        # The response is streamed after the view returned and its language was reset.
        with override(language):
            yield from lines

    response = StreamingHttpResponse(written(), content_type=content_type)
    named(response, request, stem, extension, parameters)
    return response
