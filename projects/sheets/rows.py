"""What is to become of a row of an upload, and of each of its cells."""

from dataclasses import dataclass, field
from typing import Any

from projects.models import StageChange
from projects.sheets.sheet import Sheet
from zaozhuang.history.display import Shown
from zaozhuang.sheets.limits import Line, Table

ADDED, CHANGED, UNCHANGED, REFUSED = "added", "changed", "unchanged", "refused"


@dataclass
class Cell:
    """One cell that says something new, or cannot be taken."""

    heading: str
    before: str
    after: str
    problem: str = ""
    expected: str = ""


@dataclass
class Row:
    """What is to become of one row of the file."""

    sheet: Sheet
    table: Table
    line: Line
    title: str
    outcome: str = UNCHANGED
    cells: list[Cell] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    meanwhile: list[Shown] = field(default_factory=list)
    # Of a row without a number, which says nothing of what was there before.
    is_new: bool = False
    # What is to be written: the record with the columns that change, and a project's new event.
    record: Any = None
    changed: list[str] = field(default_factory=list)
    event: StageChange | None = None
    # The newest entry of the record's history when it was looked at.
    version: int = 0
    # The same as a draft holds it.
    parts: list[dict[str, Any]] = field(default_factory=list)
    waits_already: bool = False

    @property
    def why(self) -> str:
        """All reasons in one text, for the sheet of refused rows."""
        found = [
            f"{cell.heading}: {cell.problem} {cell.expected}".strip()
            for cell in self.cells
            if cell.problem
        ]
        return "\n".join([*self.problems, *found])
