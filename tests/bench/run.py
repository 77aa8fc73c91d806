"""`make bench`: how long the pages take, as ratios to the least the server can do.

Starts the real server on the report's data and asks for each page in turn with `/healthz`, so
that what the machine does meanwhile falls on both. Writes `var/bench/results.json`, a list of
`{name, database, size, ours, against, ratio, goal, met}`: `ours` and `against` in milliseconds
(medians), `size` in projects, `goal` null where none is set yet.
"""

import json
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from statistics import median
from typing import TypedDict

from tests.browser.server import ROOT, running_server

ROUNDS = 15
PAGES = ["/projects/", "/projects.csv"]
BASELINE = "/healthz"


class Result(TypedDict):
    name: str
    database: str
    size: int
    ours: float
    against: float
    ratio: float
    goal: float | None
    met: bool | None


def main() -> int:
    with (
        tempfile.TemporaryDirectory(prefix="tracker-bench-") as folder,
        running_server(Path(folder)) as site,
    ):
        size = len(fetch(f"{site}/projects.csv").splitlines()) - 1
        results = [compare(site, page, size) for page in PAGES]
    target = ROOT / "var" / "bench" / "results.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    write(
        f"{'page':16} {'ms':>8} {'healthz':>8} {'ratio':>8}   {size} projects on sqlite, medians of {ROUNDS}"
    )
    for row in results:
        write(f"{row['name']:16} {row['ours']:8.2f} {row['against']:8.2f} {row['ratio']:8.1f}")
    write(f"Written to {target.relative_to(ROOT)}")
    return 0


def compare(site: str, page: str, size: int) -> Result:
    """The page against the baseline, asked in turn after one unmeasured round."""
    ours: list[float] = []
    against: list[float] = []
    for number in range(ROUNDS + 1):
        timed = [(against, milliseconds(site + BASELINE)), (ours, milliseconds(site + page))]
        if number:
            for series, value in timed:
                series.append(value)
    mine, theirs = median(ours), median(against)
    return {
        "name": page,
        "database": "sqlite",
        "size": size,
        "ours": round(mine, 3),
        "against": round(theirs, 3),
        "ratio": round(mine / theirs, 2),
        "goal": None,
        "met": None,
    }


def milliseconds(url: str) -> float:
    start = time.perf_counter()
    fetch(url)
    return (time.perf_counter() - start) * 1000


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as response:
        body: bytes = response.read()
    return body


def write(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
