"""How much of an uploaded file is read, and what is said where it is more."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from zaozhuang.numbers import grouped

BYTES = 5 * 2**20
UNPACKED = 100 * 2**20
ROWS = 10_000  # of all sheets of a file together, blank ones not counted
COLUMNS = 50
SECONDS = 20.0
# A workbook has a dozen parts; the letters of a cell are what Excel holds.
PARTS = 1_000
LETTERS = 32_767
# What is wrong with a file is told so many times; one who repairs these sees the rest.
TOLD = 20


class Unreadable(Exception):
    """A file that cannot be taken: what is wrong with it, in the reader's language."""

    def __init__(self, *messages: str, status: int = 400) -> None:
        super().__init__(*messages)
        self.messages: Sequence[str] = messages
        self.status = status


class Clock:
    """Ends what takes longer than an upload may take."""

    def __init__(self, seconds: float | None = None) -> None:
        self.seconds = SECONDS if seconds is None else seconds
        self.end = time.monotonic() + self.seconds

    def check(self) -> None:
        """Raises Unreadable when the time is over."""
        if time.monotonic() > self.end:
            raise Unreadable(
                _(
                    "This takes longer than %(seconds)s seconds, so it was stopped and nothing was saved. Upload fewer rows at a time."
                )
                % {"seconds": f"{self.seconds:g}"},
                status=413,
            )


@dataclass
class Line:
    """One row of a table: its number in the file, its cells as text, what is wrong with some."""

    number: int
    cells: list[str]
    faults: dict[int, str] = field(default_factory=dict)

    def cell(self, at: int) -> str:
        return self.cells[at] if at < len(self.cells) else ""


@dataclass
class Table:
    """A sheet of a workbook, or a CSV file, which has no title."""

    title: str
    head: list[str] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)


def place(title: str, row: int, column: str = "") -> str:
    """Where something stands: `sheet “Projects”, row 7, column “Due”`."""
    texts: dict[str, Any] = {"sheet": title, "row": row, "column": column}
    if title and column:
        return _("Sheet “%(sheet)s”, row %(row)s, column “%(column)s”") % texts
    if title:
        return _("Sheet “%(sheet)s”, row %(row)s") % texts
    if column:
        return _("Row %(row)s, column “%(column)s”") % texts
    return _("Row %(row)s") % texts


def too_large() -> Unreadable:
    text = _("The file is larger than %(size)s MB; upload fewer rows at a time.")
    return Unreadable(text % {"size": BYTES // 2**20}, status=413)


def too_many_rows() -> Unreadable:
    text = _("The file has more than %(count)s rows; upload fewer at a time.")
    return Unreadable(text % {"count": grouped(ROWS)}, status=413)


def too_many_columns(title: str) -> Unreadable:
    texts = {"count": COLUMNS, "sheet": title}
    if title:
        return Unreadable(_("Sheet “%(sheet)s” has more than %(count)s columns.") % texts)
    return Unreadable(_("The file has more than %(count)s columns.") % texts)
