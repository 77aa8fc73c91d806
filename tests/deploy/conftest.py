"""What the tests of a served tracker share: one database with the report's data for all of them."""

import fcntl
from pathlib import Path

import pytest

from tests.soak.server import Server


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `tracker.sqlite3`, to be copied: the first worker makes it, the others wait."""
    base = tmp_path_factory.getbasetemp()
    # Each worker of xdist has a folder of its own in that of the run.
    shared = base.parent if base.name.startswith("popen-") else base
    with (shared / "seeded.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = shared / "seeded"
        if not folder.exists():
            making = shared / "seeded.making"
            making.mkdir()
            server = Server(making)
            try:
                server.prepare()
            finally:
                server.close()
            making.rename(folder)
    return folder
