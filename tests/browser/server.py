"""A real server with the report's data: gunicorn, hashed static files, a database of its own."""

import fcntl
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LIMITS = [f"{what}_REQUESTS_PER_MINUTE" for what in ("API", "EXPORT", "LOGIN")]
PATIENCE = 30  # seconds until the server must answer


@contextmanager
def running_server(folder: Path, database: str = "", *, prepared: bool = False) -> Iterator[str]:
    """The address of a server that keeps its files in `folder`, seeded and ready.

    `database` is a DATABASE_URL; without one it is an SQLite file in the folder. One that is
    `prepared` already is taken as it is.
    Raises RuntimeError with what the server said when it does not come up.
    """
    port = free_port()
    url = database or f"sqlite:///{folder / 'tracker.sqlite3'}"
    environment = variables(url) | {"PORT": str(port)}
    collect_static_files()
    if not prepared:
        prepare(url)
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "gunicorn",
                "--config",
                "zaozhuang/gunicorn.py",
                "zaozhuang.wsgi",
            ],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(url, process, log)
            yield url
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def variables(database: str) -> dict[str, str]:
    """The environment of a server for tests, with its database."""
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "zaozhuang.settings",
        "DATABASE_URL": database,
        "SECRET_KEY": "for tests only, so that none is written to a file, and long enough",
        "WEB_CONCURRENCY": "1",
        # Tests ask more than a reader would.
        **dict.fromkeys(LIMITS, "1000000"),
    }


def prepare(database: str) -> None:
    """Bring an empty database to where a server can start: migrated, with the report's data."""
    for words in (["migrate", "-v0"], ["seed", "-v0"]):
        _run([sys.executable, "manage.py", *words], variables(database))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def collect_static_files() -> None:
    """Build and collect what has changed, as `make run` does; of two workers, one waits and finds it done."""
    (ROOT / "var").mkdir(exist_ok=True)
    with (ROOT / "var" / "static.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # What make is told by the make above it, as to go on after an error, is not for this one.
        outside = {
            name: value
            for name, value in os.environ.items()
            if name not in ("MAKEFLAGS", "DJANGO_SETTINGS_MODULE")
        }
        _run(["make", "--silent", "var/static/staticfiles.json"], outside)


def _run(command: list[str], environment: dict[str, str]) -> None:
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if ran.returncode:
        raise RuntimeError(f"{' '.join(command[1:])} failed:\n{ran.stdout}{ran.stderr}")


def _wait(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise RuntimeError(f"The server did not come up:\n{log.read_text(errors='replace')}")
