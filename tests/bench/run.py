"""`make bench`: the tracker against its peers and limits, on synthetic data, side by side.

`make bench` runs all sizes on both databases; `make bench SIZE=10000` one. Writes
`var/bench/results.json` (see tests/bench/results.py for its columns), `cost.svg` and
`cost.png`. A size below 10,000 only shows that the bench works: one round, no goals.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench import crowd, downloads, growth, pages, queries
from tests.bench.bench import MILLION, Bench, prepared
from tests.bench.results import Book, say
from tests.browser.server import ROOT
from tests.postgres import postgres_server

SIZES = [10_000, 100_000, MILLION]
TARGET = ROOT / "var" / "bench"
# What is measured, in an order in which writes come after what only reads.
MEASURED: dict[str, Callable[[Bench], None]] = {
    "csv": downloads.csv,
    "lists": pages.lists,
    "growing": pages.growing,
    "deep": pages.far_down,
    "search": queries.searches,
    "unchanged": pages.unchanged,
    "overview": pages.overview,
    "writes": queries.writes,
    "crowd": crowd.crowd,
}


def main() -> int:
    options = _options()
    book, begun = Book(), time.monotonic()
    TARGET.mkdir(parents=True, exist_ok=True)
    for size in options.size or SIZES:
        with tempfile.TemporaryDirectory(prefix=f"{size}-", dir=TARGET) as place:
            folder = Path(place)
            wide = folder / "wide.db"
            for vendor in options.database:
                say(
                    f"\n{size:,} projects on {vendor}, {time.monotonic() - begun:.0f} s after the start"
                )
                # Datasette serves what the SQLite database holds; PostgreSQL alone has no copy of it.
                peer = wide if vendor == "sqlite" or wide.exists() else None
                with (
                    _database(vendor, folder) as url,
                    prepared(size, vendor, url, folder, book, peer) as bench,
                ):
                    for name in options.only:
                        try:
                            MEASURED[name](bench)
                        except (RuntimeError, OSError, EOFError) as error:
                            # The rest is measured all the same; the end says that this was not.
                            book.fail(f"{name}, {size:,} projects on {vendor}: {error}")
                            say(bench.tracker.last_words())
                book.write(TARGET / "results.json")
    growth.exponents(book)
    book.table()
    book.write(TARGET / "results.json")
    made = growth.draw(book, TARGET)
    names = ", ".join(str(path.relative_to(ROOT)) for path in [TARGET / "results.json", *made])
    say(f"{time.monotonic() - begun:.0f} s. Written: {names}")
    return 1 if book.failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--size", type=int, nargs="*", help="projects; without it all of %(default)s"
    )
    parser.add_argument("--database", nargs="*", default=["sqlite", "postgresql"])
    parser.add_argument("--only", nargs="*", choices=list(MEASURED), default=list(MEASURED))
    return parser.parse_args()


@contextmanager
def _database(vendor: str, folder: Path) -> Iterator[str]:
    """The DATABASE_URL of an empty database."""
    if vendor == "sqlite":
        yield f"sqlite:///{folder / 'tracker.sqlite3'}"
        return
    with postgres_server(hurried=False) as url:
        yield url


if __name__ == "__main__":
    sys.exit(main())
