"""A backup holds everything at one moment, goes back into either database, and never half."""

import json
import stat
import zipfile
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.test import Client

from districts.models import Draft, Source, Unit
from projects.models import Company, Project
from tests.databases import other_database
from tests.factories import (
    change_stage,
    make_capacity_claim,
    make_district,
    make_project,
    make_report,
    make_source,
)
from tests.members import make_editor
from zaozhuang import audit
from zaozhuang.backup import BackupProblem
from zaozhuang.backup.archive import MANIFEST, Manifest, verified, write
from zaozhuang.backup.restoring import restore
from zaozhuang.edition import current
from zaozhuang.history.scope import recording
from zaozhuang.models import HistoryEntry, Upload


@pytest.fixture
def world(report: None) -> User:
    """The report's data, and what only editors make."""
    place = make_district(boundary={"type": "Point", "coordinates": [117.30, 34.8]})
    user = make_editor(place, name="zhang", password="Correct-Horse-7")
    with recording(user=user, reason="“引号”, \\ and\nlines"):
        project = make_project("新项目", stage="building", district=place)
        change_stage(project, "suspended", "2023-06", note="😀 ‮")
        make_report(project, invested_total="1.5")
        make_capacity_claim()
        make_project(district=place).delete()
    Draft.objects.create(
        action="change",
        model="projects.project",
        object_id=project.pk,
        title="稿",
        place=place,
        author=user,
        changes=[{"prefix": "", "pk": project.pk, "delete": False, "fields": {"name": ["a", "b"]}}],
    )
    return user


def contents(manifest: Manifest) -> list[tuple[str, int, str]]:
    return [(table.name, table.rows, table.sha256) for table in manifest.tables]


def test_it_comes_back_as_it_was(world: User, tmp_path: Path) -> None:
    Client().force_login(world)
    Upload.objects.keep(world, "half.xlsx", b"half an upload")
    edition = current()
    history = list(HistoryEntry.objects.values_list())
    updated = dict(Project.objects.values_list("pk", "updated_at"))
    first = write(tmp_path / "a.zip")
    assert first.rows > 1400
    # Much happens.
    Project.objects.filter(phases=None).first().delete()  # type: ignore[union-attr]
    Company.objects.update(short_name="Anders")
    make_source()
    User.objects.create_superuser("intruder")
    Group.objects.create(name="others")
    done = restore(tmp_path / "a.zip", overwrite=True)
    assert done.replaced["auth.user"] == 2
    assert not done.migrated
    second = write(tmp_path / "b.zip")
    assert contents(second) == contents(first)
    assert list(HistoryEntry.objects.values_list()) == history
    assert dict(Project.objects.values_list("pk", "updated_at")) == updated
    assert list(audit.run()) == []
    # What is computed is computed anew, and no page is taken for an old one.
    assert [project.name for project in Project.objects.matching("新项目")] == ["新项目"]
    assert not Upload.objects.exists()
    assert current() > edition + 1_000_000
    # The same accounts with the same rights; everybody logs in anew.
    assert Session.objects.count() == 0
    zhang = User.objects.get()
    assert zhang.check_password("Correct-Horse-7")
    assert zhang.has_perm("projects.change_project", Project.objects.get(name="新项目"))


def test_the_key_of_what_was_deleted_is_not_given_again(world: User, tmp_path: Path) -> None:
    gone = make_source()
    key = gone.pk
    gone.delete()
    write(tmp_path / "a.zip")
    make_source()
    make_source()
    restore(tmp_path / "a.zip", overwrite=True)
    assert make_source().pk == key + 1
    # Also where all of them are gone.
    Draft.objects.all().delete()
    write(tmp_path / "b.zip")
    restore(tmp_path / "b.zip", overwrite=True)
    assert [t for t in verified(tmp_path / "b.zip").tables if t.name == "districts.draft"][
        0
    ].last_key


@pytest.mark.skipif(connection.vendor == "sqlite", reason="the tests on PostgreSQL go both ways")
def test_it_moves_from_postgresql_to_sqlite_and_back(world: User, tmp_path: Path) -> None:
    """Into the same kind it goes in tests.test_migrations."""
    first = write(tmp_path / "a.zip")
    with other_database("sqlite", tmp_path) as other:
        done = restore(tmp_path / "a.zip", using=other)
        assert done.replaced == {}
        second = write(tmp_path / "b.zip", using=other)
        assert (first.database, second.database) == ("postgresql", "sqlite")
        assert contents(second) == contents(first)
        # The groups are those of the backup, and its keys go on.
        added = Source.objects.using(other).create(slug="new", title="新")
        assert added.pk > max(Source.objects.values_list("pk", flat=True))
        connections[other].check_constraints()
    Unit.objects.create(name="新", name_en="new")
    restore(tmp_path / "b.zip", overwrite=True)
    assert contents(write(tmp_path / "c.zip")) == contents(first)
    assert list(audit.run()) == []


def test_data_is_not_overwritten_unasked(world: User, tmp_path: Path) -> None:
    first = write(tmp_path / "a.zip")
    source = make_source()
    with pytest.raises(BackupProblem, match=r"holds data \(.*districts.source \d+.*--overwrite"):
        restore(tmp_path / "a.zip")
    assert Source.objects.filter(pk=source.pk).exists()
    with pytest.raises(BackupProblem, match="is there already"):
        write(tmp_path / "a.zip")
    assert contents(verified(tmp_path / "a.zip")) == contents(first)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def changed(path: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """Another archive, in which something was changed."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    other = path.with_name("changed.zip")
    with zipfile.ZipFile(other, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return other


def of_manifest(**said: Any) -> Callable[[dict[str, bytes]], None]:
    def change(members: dict[str, bytes]) -> None:
        members[MANIFEST] = json.dumps(json.loads(members[MANIFEST]) | said).encode()

    return change


def one_digit(members: dict[str, bytes]) -> None:
    name = "tables/districts.target.ndjson"
    members[name] = members[name].replace(b"2023", b"2024", 1)


def a_row_less(members: dict[str, bytes]) -> None:
    name = "tables/districts.source.ndjson"
    members[name] = b""


def a_table_less(members: dict[str, bytes]) -> None:
    del members["tables/districts.source.ndjson"]


def other_values(members: dict[str, bytes]) -> None:
    """Well-formed and with the right hash, but not what the database accepts."""
    name = "districts.reading"
    lines = (
        members[f"tables/{name}.ndjson"]
        .replace(b'"month"', b'"moon"')
        .replace(b'"year"', b'"moon"')
    )
    members[f"tables/{name}.ndjson"] = lines
    from zaozhuang.backup.tables import sum_of

    said = json.loads(members[MANIFEST])
    for table in said["tables"]:
        if table["name"] == name:
            table["sha256"] = sum_of(lines.splitlines(keepends=True)).sha256
    members[MANIFEST] = json.dumps(said).encode()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (one_digit, "damaged: districts.target is not what was written"),
        (a_row_less, "damaged: districts.source is not what was written"),
        (a_table_less, "lacks a table"),
        (of_manifest(format="tracker-backup 9"), "its format is 'tracker-backup 9'"),
        (of_manifest(tables=[{"name": "x"}]), "no backup of the tracker"),
        (of_manifest(migrations=[["projects", "9999_future"]]), "newer release.*9999_future"),
        (of_manifest(migrations=[["projects", "0001_initial"]]), "and the database holds data"),
        (other_values, "districts.reading, rows 1 to"),
    ],
)
def test_what_is_wrong_is_refused_and_nothing_is_changed(
    world: User, tmp_path: Path, change: Callable[[dict[str, bytes]], None], said: str
) -> None:
    first = write(tmp_path / "a.zip")
    with pytest.raises(BackupProblem, match=said):
        restore(changed(tmp_path / "a.zip", change), overwrite=True)
    assert contents(write(tmp_path / "b.zip")) == contents(first)


def test_a_file_that_is_cut_off_or_none(world: User, tmp_path: Path) -> None:
    write(tmp_path / "a.zip")
    whole = (tmp_path / "a.zip").read_bytes()
    for number, content in enumerate([b"", whole[: len(whole) // 2], b"a" * 100]):
        (tmp_path / f"{number}.zip").write_bytes(content)
        with pytest.raises(BackupProblem, match="no backup of the tracker, or damaged"):
            restore(tmp_path / f"{number}.zip", overwrite=True)
    broken = bytearray(whole)
    broken[len(broken) // 3] ^= 0xFF
    (tmp_path / "broken.zip").write_bytes(broken)
    with pytest.raises(BackupProblem, match="damaged"):
        restore(tmp_path / "broken.zip", overwrite=True)
    with pytest.raises(BackupProblem, match="cannot be read: No such file"):
        restore(tmp_path / "none.zip")


def test_a_disk_that_is_full_leaves_no_file(world: User, tmp_path: Path) -> None:
    from tests.test_faults import no_room

    with (
        no_room(10_000),
        pytest.raises(BackupProblem, match="could not be written: File too large"),
    ):
        write(tmp_path / "a.zip")
    assert list(tmp_path.iterdir()) == []


def test_the_commands(world: User, tmp_path: Path) -> None:
    out = StringIO()
    file = tmp_path / "a.zip"
    call_command("backup", str(file), stdout=out)
    assert "rows, of 2" in out.getvalue()
    assert "verified." in out.getvalue()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert b"Correct-Horse-7" not in file.read_bytes()
    call_command("backup", str(file), "--check", stdout=out)
    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("restore", str(file))
    call_command("restore", str(file), "--overwrite", stdout=out)
    assert "replaced: districts.source" in out.getvalue()
    assert "Restored" in out.getvalue()
