"""What a bench finds: rows of one form, told as they come and written as JSON."""

import json
import sys
import unicodedata
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Result:
    """One comparison.

    `ratio` is how many times better `ours` is than `against`, and the goal is met from
    `ratio >= goal` on. `unit` is that of `ours` and `against`. Where there is nothing to
    compare with (a limit, or a peer that is not installed) `against` and `ratio` may be
    null; where there is no goal at this size, `goal` and `met` are.
    """

    name: str
    database: str
    size: int
    ours: float | None
    against: float | None
    ratio: float | None
    goal: float | None
    met: bool | None
    unit: str = "ms"


class Book:
    """The results so far; each is printed when it is known."""

    HEAD = ("what", "database", "size", "ours", "against", "ratio", "goal", "")
    WIDTHS = (58, 10, 9, 11, 11, 8, 6, 6)

    def __init__(self) -> None:
        self.results: list[Result] = []
        self.remarks: list[str] = []
        self.failed = False

    def compare(
        self,
        name: str,
        database: str,
        size: int,
        ours: float,
        against: float | None,
        goal: float | None = None,
        *,
        unit: str = "ms",
        more_is_better: bool = False,
    ) -> Result:
        """Keep a comparison; the ratio is how many times better ours is."""
        ratio = None
        if against is not None and ours and against:
            ratio = ours / against if more_is_better else against / ours
        met = None if goal is None or ratio is None else ratio >= goal
        return self.keep(Result(name, database, size, ours, against, ratio, goal, met, unit))

    def at_most(
        self,
        name: str,
        database: str,
        size: int,
        ours: float,
        limit: float,
        *,
        unit: str,
        goal: bool,
    ) -> Result:
        """Keep a figure that must not pass a limit; without a goal at this size it is only told."""
        met = ours <= limit if goal else None
        return self.keep(
            Result(name, database, size, ours, limit, None, 1.0 if goal else None, met, unit)
        )

    def keep(self, result: Result) -> Result:
        if not self.results:
            self.head()
        self.results.append(result)
        self.line(result)
        return result

    def remark(self, text: str) -> None:
        """Something that a reader of the table must know: a peer that is missing."""
        if text not in self.remarks:
            self.remarks.append(text)
            say(f"  ! {text}")

    def fail(self, text: str) -> None:
        """Something that could not be measured: the bench or the tracker is broken."""
        self.failed = True
        self.remark(text)

    def head(self) -> None:
        say(_line(self.HEAD, self.WIDTHS))

    def line(self, result: Result) -> None:
        verdict = {None: "", True: "met", False: "MISSED"}[result.met]
        cells = (
            result.name,
            result.database,
            f"{result.size:,}",
            _figure(result.ours, result.unit),
            _figure(result.against, result.unit),
            "" if result.ratio is None else f"{result.ratio:,.3g} ×",
            "" if result.goal is None else f"{result.goal:g}",
            verdict,
        )
        say(_line(cells, self.WIDTHS))

    def table(self) -> None:
        """All results again, together, with the remarks below."""
        say("")
        self.head()
        for result in self.results:
            self.line(result)
        for text in self.remarks:
            say(f"  ! {text}")
        judged = [result for result in self.results if result.met is not None]
        met = sum(bool(result.met) for result in judged)
        say(
            f"{met} of {len(judged)} goals met. Ratio: how many times better ours is; met from the goal on."
        )

    def write(self, target: Path) -> None:
        rows = [{**asdict(result), **_rounded(result)} for result in self.results]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def say(text: str) -> None:
    sys.stdout.write(text.rstrip() + "\n")
    sys.stdout.flush()


def _rounded(result: Result) -> dict[str, float | None]:
    return {
        name: None if value is None else float(f"{value:.4g}")
        for name, value in (
            ("ours", result.ours),
            ("against", result.against),
            ("ratio", result.ratio),
        )
    }


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{text} {unit}".strip()


def _line(cells: tuple[str, ...], widths: tuple[int, ...]) -> str:
    padded = [cells[0] + " " * max(0, widths[0] - _width(cells[0])), cells[1].ljust(widths[1])]
    padded += [text.rjust(width) for text, width in zip(cells[2:], widths[2:], strict=True)]
    return " ".join(padded)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
