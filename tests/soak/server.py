"""The tracker served as systemd serves it: the door is opened first and outlives the server."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.browser.server import ROOT
from tests.browser.server import variables as base_variables

PATIENCE = (
    180  # seconds until a server must be up, or have ended; gunicorn itself gives requests 30
)
# What systemd does for a unit with a socket: the open door is file 3, and the process is told so.
HAND_OVER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.executable, [sys.executable, "-m", "gunicorn", *sys.argv[2:]])
"""


class Server:
    """gunicorn on an address of its own, with its files in `folder`.

    `database` is a DATABASE_URL; without one it is an SQLite file in the folder. `variables` are
    added to the environment. Nothing runs before `start`.
    """

    def __init__(self, folder: Path, database: str = "", **variables: str) -> None:
        self.folder = folder
        self.log = folder / "server.log"
        self.environment: Mapping[str, str] = (
            base_variables(database or f"sqlite:///{folder / 'tracker.sqlite3'}") | variables
        )
        self.door = socket.create_server(("127.0.0.1", 0), backlog=2048)
        self.port: int = self.door.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def manage(self, *words: str) -> str:
        """What `manage.py` printed. Raises CalledProcessError where it failed."""
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout

    def start(self) -> None:
        """Start gunicorn; returns when it answers.

        Raises RuntimeError with what it said where it does not.
        """
        self._launch()
        assert self.process is not None
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            if self.healthy():
                return
        raise RuntimeError(f"The server did not come up:\n{self.said()}")

    def healthy(self) -> bool:
        """What deploy/healthcheck.py says, asked as a container would."""
        environment = dict(self.environment) | {"PORT": str(self.port)}
        asked = [sys.executable, "-S", "-E", "deploy/healthcheck.py"]
        return not subprocess.run(asked, cwd=ROOT, env=environment, capture_output=True).returncode

    def _launch(self) -> None:
        door = self.door.fileno()
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", HAND_OVER, str(door)]
                + ["--config", "zaozhuang/gunicorn.py", "zaozhuang.wsgi"],
                cwd=ROOT,
                env=dict(self.environment),
                pass_fds=[door],
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def pid(self) -> int:
        assert self.process is not None, "not started"
        return self.process.pid

    def reload(self) -> None:
        """SIGHUP: new workers take over, the old ones end what they are at. Returns at once."""
        os.kill(self.pid, signal.SIGHUP)

    def end(self) -> None:
        """SIGTERM, and wait until the last request under way has its answer."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self.process = None

    def restart(self) -> None:
        """As `systemctl restart`: who asks meanwhile waits at the door."""
        self.end()
        self.start()

    def workers(self) -> list[psutil.Process]:
        """The processes that answer, oldest first."""
        children: list[psutil.Process] = psutil.Process(self.pid).children()
        return sorted(children, key=lambda child: child.create_time())

    def wait_until(self, true: Callable[[set[int]], object], patience: float = PATIENCE) -> None:
        """Wait until this is true of the workers' process ids; TimeoutError after `patience` s."""
        end = time.monotonic() + patience
        while not true({worker.pid for worker in self.workers()}):
            if time.monotonic() > end:
                raise TimeoutError(f"{patience:g} s")
            time.sleep(0.05)

    def kill_worker(self) -> int:
        """`kill -9` of the oldest worker; its process id."""
        worker = self.workers()[0]
        pid: int = worker.pid
        worker.kill()
        return pid

    def memory(self) -> dict[int, int]:
        """Bytes that each process of the server has for itself, by process id (USS)."""
        sizes = {}
        for process in [psutil.Process(self.pid), *self.workers()]:
            try:
                sizes[process.pid] = process.memory_full_info().uss
            except psutil.Error:  # it ended meanwhile
                continue
        return sizes

    def said(self) -> str:
        """All that the server and its workers wrote."""
        return self.log.read_text(errors="replace")

    def close(self) -> None:
        try:
            self.end()
        finally:
            self.door.close()


@contextmanager
def serving(folder: Path, database: str = "", **variables: str) -> Iterator[Server]:
    """A server on the prepared database that runs until the block ends."""
    server = Server(folder, database, **variables)
    try:
        server.start()
        yield server
    finally:
        server.close()
