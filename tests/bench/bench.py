"""One database of one size with all that is measured on it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import servers
from tests.bench.results import Book
from tests.bench.servers import Server, production
from tests.bench.timing import SERIOUS, timed
from tests.bench.web import Client
from tests.browser.server import ROOT

MILLION = 1_000_000


class Inside:
    """Asks `tests.bench.inside`, a process that has the database; raises RuntimeError when it fails."""

    def __init__(self, database: str) -> None:
        self.database = database
        self.process = self._start()

    def _start(self) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "tests.bench.inside"],
            cwd=ROOT,
            env=production(self.database),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, name: str, *arguments: Any) -> Any:
        if self.process.poll() is not None:
            self.process = self._start()
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps([name, *arguments]) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            raise RuntimeError(f"the process inside the tracker failed at: {name}")
        return json.loads(line)

    def close(self) -> None:
        if self.process.poll() is None:
            assert self.process.stdin
            self.process.stdin.close()
            self.process.wait()


@dataclass
class Bench:
    """What the comparisons need: addresses, processes, and where to write what they find."""

    size: int
    vendor: str  # sqlite or postgresql
    database: str  # DATABASE_URL
    folder: Path
    book: Book
    inside: Inside
    tracker: Server
    datasette: Server | None

    def __post_init__(self) -> None:
        self.client = self.tracker.client()
        self.peer: Client | None = self.datasette.client() if self.datasette else None

    def goal(self, by_size: dict[int, float] | float) -> float | None:
        """The goal at this size; none where the bench only shows that it works."""
        if self.size < SERIOUS:
            return None
        return by_size.get(self.size) if isinstance(by_size, dict) else by_size

    def compare(self, name: str, *values: Any, **options: Any) -> None:
        self.book.compare(name, self.vendor, self.size, *values, **options)

    def page(self, path: str) -> float:
        """Milliseconds of a page of the tracker."""
        return timed(lambda: fetched(self.client, path))

    def peer_page(self, path: str) -> float:
        """The same of Datasette."""
        assert self.peer
        client = self.peer
        return timed(lambda: fetched(client, path))

    def warm(self, *paths: str) -> None:
        """Let every worker of the tracker load its code and templates, by pages not measured."""
        for path in paths:
            for _ in range(4 * servers.WORKERS if self.size >= SERIOUS else 1):
                client = self.tracker.client()
                fetched(client, path)
                client.close()


def fetched(client: Client, path: str) -> bytes:
    """The body of a page; raises RuntimeError where the answer is not 200."""
    answer = client.get(path)
    if answer.status != 200:
        raise RuntimeError(f"{path} answered {answer.status}")
    return answer.body


@contextmanager
def prepared(
    size: int, vendor: str, database: str, folder: Path, book: Book, wide: Path | None
) -> Iterator[Bench]:
    """A loaded database with the tracker running on it, and Datasette on the wide table."""
    with ExitStack() as stack:
        inside = Inside(database)
        stack.callback(inside.close)
        rows, everything = inside("load", size)
        goal = 1.0 if vendor == "sqlite" and size >= SERIOUS else None
        for name, speed, judged in (
            ("load in bulk, with stages, search texts, indexes", rows, goal),
            ("the same with all tables of kept counts", everything, None),
        ):
            book.compare(name, vendor, size, speed, 20_000, judged, unit="/s", more_is_better=True)
        if wide and vendor == "sqlite":
            from tests.bench.peers import build_datasette

            build_datasette(folder / "tracker.sqlite3", wide, inside("stage_names"))
        tracker = stack.enter_context(servers.tracker(database, folder))
        peer = stack.enter_context(servers.datasette(wide, folder)) if wide else None
        yield Bench(size, vendor, database, folder, book, inside, tracker, peer)
