"""What `seed` and `check_data` say of a folder with mistakes: file, line and what was expected."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import CommandError

from districts.models import Target
from projects.models import Project
from tests.seeding.commands import dump, run
from tests.seeding.conftest import RECORDS, Edit
from zaozhuang.models import Edition, SeededRecord


def problems(folder: Path) -> list[str]:
    """What `seed` says is wrong, line by line, without its first and last line."""
    with pytest.raises(CommandError) as error:
        run("seed", folder)
    assert not Project.objects.exists()
    assert not SeededRecord.objects.exists()
    first, *lines, last = str(error.value).splitlines()
    assert first.startswith(f"{len(lines)} problem")
    assert last == "Nothing was written."
    return lines


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("projects.yaml", "district: east", "distrct: east", "projects.yaml:3: project: unknown “distrct”; did you mean “district”?"),
        ("projects.yaml", "district: east", "district: est", "projects.yaml:3: district: no district “est”; did you mean “east”?"),
        ("projects.yaml", "due: 2021/2025", "due: next year", "projects.yaml:4: due: “next year” is not a date; expected one such as 2023-05-31, 2023-05,"),
        ("projects.yaml", "date: 2023-01", "date: 2023-13", "projects.yaml:16: date: “2023-13” is not a date; expected one such as 2023-05-31, 2023-05,"),
        ("projects.yaml", "date: 2023-01", "date: 2023-02-30", "projects.yaml:16: date: “2023-02-30” is not a date; expected"),
        ("projects.yaml", "stage: signed", "stage: singed", "projects.yaml:15: stage: Value 'singed' is not a valid choice. Expected one of reserve, negotiating,"),
        ("projects.yaml", "locator: 玻璃 ¶1", "locator: 玻璃 ¶9", "projects.yaml:7: locator: “gazette” has no paragraph “玻璃 ¶9”; did you mean “玻璃 ¶2”?"),
        ("projects.yaml", "  name: 一号窑\n", "", "projects.yaml:1: project: “name” is missing"),
        ("projects.yaml", "note: 原来的说明", "note: [原来的说明]", "projects.yaml:8: note: expected one value, not a list or a block"),
        ("projects.yaml", "note: 原来的说明", "name: 二号窑", "projects.yaml:8: “name” stands here twice, first on line 2"),
        ("projects.yaml", "due_basis: stated", "note_en: none", "project “furnace”: "),
        ("projects.yaml", "- product: 平板玻璃", "- product: 平板玻璃\n      quantity: -3", "projects.yaml:10: capacity “furnace | 平板玻璃”: "),
        ("projects.yaml", "companies:\n    - company: clear", "companies: clear", "expected a list of entries (“participation”)"),
        ("projects.yaml", "note: 原来的说明", "note: “a”: b: c", "projects.yaml:8: not YAML: mapping values are not allowed"),
        ("readings.yaml", "value: 4.50", "value: 4,50", "readings.yaml:5: value: “4,50” is not a number; expected one such as 18 or 4.08"),
        ("readings.yaml", "value: 4.50", "value: 4.50\n  approximate: about", "readings.yaml:6: approximate: “about” is neither true nor false"),
        ("readings.yaml", "- slug: east-output-2022", "- slug: east output", "readings.yaml:1: slug: "),
        ("districts.yaml", "code: 990001", "code: 990000", "code: District with this GB/T 2260 code already exists."),
        ("districts.yaml", "- slug: east", "- slug: glassport", "districts.yaml:6: district “glassport” stands here a second time; the first is at districts.yaml:1"),
        ("districts.yaml", "short_name: 玻璃港", "short_name: 玻璃港\n  parent: east", "refers to itself in a circle"),
        ("segments.yaml", "segments:", "segmnts:", "segments.yaml:4: unknown heading “segmnts”; did you mean “segments”?"),
        ("companies.yaml", "readings: [east-output-2022]", "readings: [nope]", "companies.yaml:4: readings: no reading “nope”; expected east-output-2022"),
    ],
)  # fmt: skip
def test_a_problem_is_reported_with_file_line_and_what_was_expected(
    city: Path, edit: Edit, name: str, old: str, new: str, expected: str
) -> None:
    edit(name, old, new)
    found = problems(city)
    assert any(expected in line for line in found), found


@pytest.mark.django_db
def test_all_problems_are_reported_at_once_and_nothing_is_written(city: Path, edit: Edit) -> None:
    edit("units.yaml", "name_en: t", "nam_en: t")
    edit("projects.yaml", "due: 2021/2025", "due: 2021/2026")
    edit("targets.yaml", "due_basis: stated", "due_basis: stated\n  milestone: 太长" + "太" * 200)
    (city / "project.yaml").write_text("[]", encoding="utf-8")
    (city / "themes.yaml").write_bytes("- slug: glass\n  name: 玻璃\n".encode("gb18030"))
    (city / "boundaries.geojson").write_text('{"type": "FeatureCollection",\n]', encoding="utf-8")
    found = problems(city)
    assert [line.split(": ")[0] for line in found] == [
        "boundaries.geojson:2",
        "indicators.yaml:2",
        "project.yaml:1",
        "projects.yaml:4",
        "targets.yaml:8",
        "themes.yaml:2",
        "units.yaml:2",
    ]


@pytest.mark.django_db
def test_an_error_in_the_last_file_takes_everything_back(city: Path, edit: Edit) -> None:
    # Only the model's own constraint sees this one, after all else was written.
    edit("targets.yaml", "comparator: ge", "milestone: 达到")
    (line,) = problems(city)
    assert line.startswith("targets.yaml:1: target “east-output-2023”: ")
    for model in apps.get_models(include_auto_created=True):
        # That somebody has tried to write may be known.
        if model._meta.app_label in ("districts", "projects", "zaozhuang") and model is not Edition:
            assert not model._default_manager.exists()


@pytest.mark.django_db
def test_a_folder_that_is_not_there_or_empty_is_a_problem(tmp_path: Path) -> None:
    assert problems(tmp_path / "nowhere") == ["nowhere:1: no such folder"]
    (line,) = problems(tmp_path)
    assert "holds no data; expected one of companies.yaml, districts.yaml" in line


@pytest.mark.django_db
def test_check_data_lists_problems_and_writes_nothing(city: Path, edit: Edit) -> None:
    before = dump()
    assert run("check_data", city) == f"glassport: {RECORDS} records, no problem.\n"
    assert dump() == before
    edit("projects.yaml", "district: east", "district: est")
    with pytest.raises(CommandError, match=r"projects\.yaml:3: district: no district “est”"):
        run("check_data", city)
    assert dump() == before


@pytest.mark.django_db
def test_check_data_looks_past_what_an_editor_changed(city: Path, edit: Edit) -> None:
    run("seed", city)
    Target.objects.update(value=11)
    edit("targets.yaml", "value: 9", "value: -9")
    with pytest.raises(CommandError, match=r"targets\.yaml:1: target “east-output-2023”"):
        run("check_data", city)


def test_check_data_without_tables_says_what_to_do(tmp_path: Path) -> None:
    """In a process of its own, since the tests' database has its tables."""
    environment = os.environ | {"DATABASE_URL": f"sqlite:///{tmp_path / 'empty.sqlite3'}"}
    ran = subprocess.run(
        [sys.executable, "manage.py", "check_data"],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 1
    assert "run manage.py migrate first" in ran.stderr
    assert "Traceback" not in ran.stderr
