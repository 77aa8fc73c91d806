"""A chart is a statement, a picture and a table of the same values."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import quote_plus, urlencode

from projects.stages import Family
from zaozhuang.addresses import page_url, record_url

# Charts grow by rows; a style attribute would break the content security policy, so heights
# are classes `rows-1` … `rows-24` in the style sheet.
MOST_ROWS = 24


@dataclass(frozen=True)
class Cell:
    """One cell of a chart's table: what it says and where it leads."""

    text: str
    href: str = ""
    number: bool = False
    family: Family | None = None

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Chart:
    """What the template, the script and the CSV file of one chart share.

    `title` says what the chart shows, computed from the data. `data` goes to the script by
    json_script; `heads` and `rows` are the same values as a table. `address` holds the
    parameters that give the same numbers as CSV.
    """

    name: str
    title: str
    subtitle: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    data: dict[str, Any]
    address: dict[str, str] = field(default_factory=dict)
    lines: int = 6
    # Lines where the figure is narrow; 0 for as many as where it is wide.
    narrow_lines: int = 0

    @property
    def csv_url(self) -> str:
        url = record_url("chart-csv", self.name)
        return f"{url}?{urlencode(self.address)}" if self.address else url

    @property
    def height(self) -> int:
        return max(1, min(self.lines, MOST_ROWS))

    @property
    def narrow_height(self) -> int:
        return max(1, min(self.narrow_lines or self.lines, MOST_ROWS))

    @property
    def json_id(self) -> str:
        return f"data-{self.name}"


def projects_url(**parameters: str | Sequence[str]) -> str:
    """The project list with the given filters; what a click on a chart opens."""
    return Selections()(**parameters)


class Selections:
    """`projects_url` for a picture that has a thousand of them: the page's address is found once."""

    def __init__(self) -> None:
        self.page = page_url("projects")

    def __call__(self, **parameters: str | Sequence[str]) -> str:
        # `urlencode` takes its time.
        query = "&".join(
            f"{name}={quote_plus(one)}"
            for name, value in parameters.items()
            for one in ([value] if isinstance(value, str) else value)
            if value
        )
        return f"{self.page}?{query}" if query else self.page


def number(value: int, href: str = "") -> Cell:
    """A count as a cell; a zero leads nowhere."""
    return Cell(str(value), href if value else "", number=True)


def on_day(url: str, as_of: Any) -> str:
    """A page's address on the same past day: the parameter goes before the fragment."""
    if not as_of:
        return url
    path, mark, fragment = url.partition("#")
    return f"{path}?as_of={as_of.isoformat()}{mark}{fragment}"


def address(as_of: date | None, district: str = "") -> dict[str, str]:
    """The parameters of a chart's day and place; today and the whole tracker need none."""
    day = {"as_of": as_of.isoformat()} if as_of else {}
    return {**day, "district": district} if district else day
