"""The CSV of all projects: how fast, how soon, and with how much memory."""

import threading
import time
from pathlib import Path
from statistics import median

from tests.bench import peers
from tests.bench.bench import Bench
from tests.bench.servers import Server
from tests.bench.timing import rounds, timed
from tests.bench.web import Download, download

# Datasette's stream is as fast at its end as at its beginning, so a part of it will do.
ROWS_OF_DATASETTE = 50_000
COUNT = 5


def csv(bench: Bench) -> None:
    """The real view, all columns of the contract, against the database's own shell and Datasette."""
    target = bench.folder / "out.csv"
    sql = peers.csv_sql(bench.vendor, bench.inside("stage_names"))
    if bench.vendor == "sqlite":
        name, goal = "sqlite3 -csv", 0.6
        shell = peers.sqlite_shell(Path(bench.database.removeprefix("sqlite:///")), sql, target)
    else:
        name, goal = "psql COPY", 0.8
        shell = peers.psql_copy(bench.database, sql, target)
    if shell is None:
        bench.book.remark(f"{name.split()[0]} is not installed: the CSV is not compared with it")
    # The first answer of a worker also loads code.
    download(bench.tracker.site, "/projects.csv?headers=codes&stage=idle", target)
    download(bench.tracker.site, "/projects.csv?headers=codes&stage=closed", target)
    ours: list[Download] = []
    by_shell: list[float] = []
    by_datasette: list[float] = []
    count = COUNT if rounds(bench.size) > 1 else 1
    with Watch(bench.tracker) as memory:
        for number in range(count):
            if shell:
                by_shell.append(timed(lambda: peers.run(shell)))
                _check_rows(bench, target)
            # Another address each time, so that no answer is at hand.
            path = f"/projects.csv?headers=codes&round={number}"
            memory.begin()
            ours.append(download(bench.tracker.site, path, target))
            memory.end()
            _check_rows(bench, target)
            if bench.datasette:
                stream = "/wide/projects.csv?_stream=on&_size=max"
                part = download(bench.datasette.site, stream, target, ROWS_OF_DATASETTE)
                by_datasette.append(part.milliseconds / part.rows * bench.size)
    mine = median(one.milliseconds for one in ours)
    bench.compare(
        f"CSV of all projects · {name}",
        mine,
        median(by_shell) if by_shell else None,
        bench.goal(goal),
    )
    if by_datasette:
        bench.compare(
            "CSV of all projects · Datasette's stream", mine, median(by_datasette), bench.goal(8.0)
        )
    serious = bench.goal(1.0) is not None
    first = median(one.first_row for one in ours)
    limit = bench.book.at_most
    limit(
        "CSV, time to its first row", bench.vendor, bench.size, first, 100, unit="ms", goal=serious
    )
    limit(
        "CSV, memory of the server above idle",
        bench.vendor,
        bench.size,
        memory.most,
        40,
        unit="MB",
        goal=serious,
    )
    target.unlink()


def _check_rows(bench: Bench, target: Path) -> None:
    """A peer that writes less would not be one."""
    with target.open("rb") as written:
        rows = sum(block.count(b"\n") for block in iter(lambda: written.read(1 << 20), b"")) - 1
    if rows != bench.size:
        raise RuntimeError(f"A CSV of {bench.size:,} projects has {rows:,} rows.")


class Watch:
    """The most memory that a server took while it worked, above what it held before, in MB."""

    def __init__(self, server: Server) -> None:
        self.server, self.most = server, 0.0
        self.idle = 0.0
        self.working, self.stopped = threading.Event(), threading.Event()

    def __enter__(self) -> "Watch":
        self.thread = threading.Thread(target=self._look, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stopped.set()
        self.working.set()
        self.thread.join()

    def begin(self) -> None:
        self.idle = self.idle or self.server.memory()
        self.working.set()

    def end(self) -> None:
        self.most = max(self.most, self.server.memory() - self.idle)
        self.working.clear()

    def _look(self) -> None:
        while not self.stopped.is_set():
            self.working.wait()
            if self.idle:
                self.most = max(self.most, self.server.memory() - self.idle)
            time.sleep(0.05)
