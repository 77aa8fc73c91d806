"""The file: written whole or not at all, and read only where its content is what it says."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile
from zlib import error as DeflateError

from django.db import connections
from django.db.migrations.recorder import MigrationRecorder

from zaozhuang.backup import BackupProblem
from zaozhuang.backup.tables import Migrations, Sum, last_key, sum_of, tables_at
from zaozhuang.snapshot import snapshot

FORMAT = "tracker-backup 1"
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Kept:
    """What the manifest says of one table."""

    name: str
    columns: list[str]
    rows: int
    sha256: str
    last_key: int | None

    @property
    def member(self) -> str:
        return f"tables/{self.name}.ndjson"


@dataclass(frozen=True)
class Manifest:
    made_at: str
    database: str
    migrations: Migrations
    tables: list[Kept]

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)


def applied(using: str) -> Migrations:
    """The migrations that are applied in the database."""
    return frozenset(MigrationRecorder(connections[using]).applied_migrations())


def write(path: Path, using: str = "default") -> Manifest:
    """Write the database, as it stands at one moment, into a file that is not there yet.

    Editors may write meanwhile. The file is read back and compared before it gets its name.
    Raises BackupProblem; then there is no file.
    """
    if path.exists():
        raise BackupProblem(f"{path} is there already; a backup overwrites nothing.")
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            with snapshot(using), ZipFile(file, "w", ZIP_DEFLATED) as archive:
                manifest = _fill(archive, using)
            file.flush()
            os.fsync(file.fileno())
        if verified(partial) != manifest:
            raise BackupProblem("What was written cannot be read back.")
        _name(partial, path)
    except OSError as error:
        raise BackupProblem(f"{path} could not be written: {error.strerror}.") from error
    finally:
        partial.unlink(missing_ok=True)
    return manifest


def _fill(archive: ZipFile, using: str) -> Manifest:
    migrations = applied(using)
    kept = []
    for table in tables_at(migrations):
        found = Sum()
        with archive.open(f"tables/{table.name}.ndjson", "w", force_zip64=True) as member:
            for line in found.passing(table.lines(using)):
                member.write(line)
        kept.append(
            Kept(table.name, list(table.columns), found.rows, found.sha256, last_key(table, using))
        )
    manifest = Manifest(
        datetime.now(UTC).isoformat(timespec="seconds"),
        connections[using].vendor,
        migrations,
        kept,
    )
    described = {"format": FORMAT} | asdict(manifest) | {"migrations": sorted(migrations)}
    archive.writestr(MANIFEST, json.dumps(described, indent=1) + "\n")
    return manifest


def _name(partial: Path, path: Path) -> None:
    """Give the file its name, unless somebody else has taken it meanwhile."""
    try:
        os.link(partial, path)
    except FileExistsError:
        raise BackupProblem(f"{path} is there already; a backup overwrites nothing.") from None
    except OSError:  # a file system without links
        os.rename(partial, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """What goes wrong in reading the file is told as such."""
    try:
        yield
    except OSError as error:
        raise BackupProblem(f"{path} cannot be read: {error.strerror}.") from error
    except (BadZipFile, DeflateError, EOFError, KeyError, TypeError, ValueError) as error:
        raise BackupProblem(f"{path} is no backup of the tracker, or damaged: {error}") from error


@contextmanager
def opened(path: Path) -> Iterator[tuple[ZipFile, Manifest]]:
    """The archive with its manifest."""
    with _readable(path):
        archive = ZipFile(path)
        manifest = _manifest(json.loads(archive.read(MANIFEST)))
    with archive:
        yield archive, manifest


def _manifest(said: Any) -> Manifest:
    if said["format"] != FORMAT:
        raise ValueError(f"its format is {said['format']!r}, this release reads {FORMAT!r}.")
    return Manifest(
        said["made_at"],
        said["database"],
        frozenset((app, name) for app, name in said["migrations"]),
        [Kept(**table) for table in said["tables"]],
    )


def verified(path: Path) -> Manifest:
    """The manifest of a file in which every table has the rows and the hash that it says."""
    with _readable(path), opened(path) as (archive, manifest):
        members = set(archive.namelist())
        if members != {MANIFEST, *(table.member for table in manifest.tables)}:
            raise BackupProblem(f"{path} lacks a table, or holds one that it does not name.")
        for table in manifest.tables:
            with archive.open(table.member) as lines:
                found = sum_of(lines)
            if (found.rows, found.sha256) != (table.rows, table.sha256):
                raise BackupProblem(f"{path} is damaged: {table.name} is not what was written.")
        return manifest
