"""Starts what is measured: the tracker as in production, a bare Django view, Datasette."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.web import Client
from tests.browser.server import ROOT, free_port

PATIENCE = 120  # seconds until a server must answer
WORKERS = 2


def production(database: str) -> dict[str, str]:
    """The environment of a server on the internet, but for https, which a proxy would speak."""
    return os.environ | {
        "PRODUCTION": "1",
        "SECURE_SSL_REDIRECT": "0",
        "ALLOWED_HOSTS": "127.0.0.1",
        "SECRET_KEY": "for a bench only, so that none is written to a file",
        "DATABASE_URL": database,
        "DJANGO_SETTINGS_MODULE": "zaozhuang.settings",
        "WEB_CONCURRENCY": str(WORKERS),
    }


@contextmanager
def tracker(database: str, folder: Path, **environment: str) -> Iterator["Server"]:
    """gunicorn with the tracker, or with other settings of it."""
    port = free_port()
    command = ["-m", "gunicorn", "--config", "zaozhuang/gunicorn.py", "zaozhuang.wsgi"]
    with serving(
        [sys.executable, *command],
        production(database) | {"PORT": str(port)} | environment,
        folder / f"server-{port}.log",
        f"http://127.0.0.1:{port}",
        "/" if "DJANGO_SETTINGS_MODULE" in environment else "/healthz",
    ) as server:
        yield server


@contextmanager
def hello(database: str, folder: Path) -> Iterator["Server"]:
    """gunicorn with a view that says hello, behind the same middleware."""
    with tracker(database, folder, DJANGO_SETTINGS_MODULE="tests.bench.hello") as server:
        yield server


@contextmanager
def datasette(file: Path, folder: Path) -> Iterator["Server"]:
    """Datasette with its limits of time lifted, so that it answers in full.

    The file is served as immutable and suggestions of facets are off: both make it faster.
    """
    port = free_port()
    settings = {
        "sql_time_limit_ms": "600000",
        "facet_time_limit_ms": "600000",
        "max_csv_mb": "0",
        "suggest_facets": "off",
    }
    command = [sys.executable, "-m", "datasette", "serve", "-i", str(file), "-p", str(port)]
    for name, value in settings.items():
        command += ["--setting", name, value]
    with serving(
        command,
        dict(os.environ),
        folder / "datasette.log",
        f"http://127.0.0.1:{port}",
        "/-/versions.json",
    ) as server:
        yield server


class Server:
    """A running server, its address, and the memory of its processes."""

    def __init__(self, site: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.site, self.process, self.log = site, process, log

    def last_words(self) -> str:
        """The end of what it has logged."""
        return self.log.read_text(errors="replace")[-1500:]

    def client(self) -> Client:
        return Client(self.site)

    def memory(self) -> float:
        """Megabytes that its processes hold (RSS)."""
        return sum(_resident(pid) for pid in [self.process.pid, *_children(self.process.pid)])

    def workers(self) -> list[int]:
        return _children(self.process.pid)


@contextmanager
def serving(
    command: list[str], environment: dict[str, str], log: Path, site: str, ready: str
) -> Iterator[Server]:
    """A server that answers at the address `ready`, until the block ends.

    Raises RuntimeError with what it said when it does not come up.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            _wait(site, ready, process, log)
            yield Server(site, process, log)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(site: str, ready: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        client = Client(site)
        try:
            if client.get(ready).status == 200:
                return
        except (OSError, EOFError):
            pass
        finally:
            client.close()
        time.sleep(0.1)
    raise RuntimeError(f"{site} did not come up:\n{log.read_text(errors='replace')[-4000:]}")


def _children(pid: int) -> list[int]:
    try:
        return [
            int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]
    except OSError:
        return []


def _resident(pid: int) -> float:
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0
