"""`manage.py seed`, on the report and on a small made-up city."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from districts.models import District, Passage, Reading, Source, Target, Unit
from projects.models import Capacity, Company, Project, StageChange
from tests.seeding.commands import dump, run
from tests.seeding.conftest import RECORDS, Edit
from zaozhuang.models import SeededRecord

# The report


def test_seeding_the_report_twice_changes_no_byte(report: None) -> None:
    before = dump()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        said = run("seed")
    writes = [
        query["sql"]
        for query in queries
        if query["sql"].split()[0] in ("INSERT", "UPDATE", "DELETE")
    ]
    assert writes == []
    assert dump() == before
    assert said.endswith("zaozhuang-lithium: nothing to do.\n")
    assert "left alone" not in said


def test_the_report_has_no_problem(report: None) -> None:
    before = dump()
    assert "no problem" in run("check_data")
    assert dump() == before


def test_seeding_once_does_nothing_after_an_editor_deleted_a_record(report: None) -> None:
    Project.objects.get(slug="tianhe-electrolyte").delete()
    before = dump()
    assert "nothing to do" in run("seed", once=True)
    assert dump() == before
    said = run("seed")
    assert "added again: project “tianhe-electrolyte” (it had been deleted)" in said
    assert Project.objects.get(slug="tianhe-electrolyte").stage == "building"
    assert dump() != before


# A city of its own


@pytest.mark.django_db
def test_a_folder_of_another_city_is_loaded(city: Path) -> None:
    said = run("seed", city)
    assert "project          1 added\n" in said
    assert said.endswith("glassport: loaded.\n")
    # The district was written before the city it belongs to, and its code without quotes.
    assert District.objects.get(slug="east").path == "990000/990001/"
    assert SeededRecord.objects.exclude(model="dataset").count() == RECORDS
    assert Reading.objects.get().value == Decimal("4.5")
    project = Project.objects.get()
    assert (str(project.due), project.due_precision) == ("2025-12-31", "plan")
    assert (project.stage, str(project.stage_since), project.stage_since_precision) == (
        "signed",
        "2023-01-01",
        "month",
    )
    assert str(Source.objects.get().date) == "2023-02-13"
    assert [reading.slug for reading in Company.objects.get().readings.all()] == [
        "east-output-2022"
    ]


@pytest.mark.django_db
def test_what_stands_inside_a_project_inherits_its_source(city: Path) -> None:
    run("seed", city)
    capacity, stage = Capacity.objects.get(), StageChange.objects.get()
    assert capacity.source is not None
    assert (capacity.source.slug, capacity.locator) == ("gazette", "玻璃 ¶1")
    assert stage.source is not None
    assert (stage.source.slug, stage.locator) == ("gazette", "玻璃 ¶2")


@pytest.mark.django_db
def test_an_order_that_is_left_out_is_the_place_in_the_list(city: Path, edit: Edit) -> None:
    run("seed", city)
    edit(
        "sources.yaml",
        "- locator: 玻璃 ¶2",
        "- locator: 前言 ¶1\n      summary: 新的一段\n    - locator: 玻璃 ¶2",
    )
    run("seed", city)
    assert list(Passage.objects.order_by("order").values_list("locator", "order")) == [
        ("玻璃 ¶1", 1),
        ("前言 ¶1", 2),
        ("玻璃 ¶2", 3),
    ]
    assert "nothing to do" in run("seed", city)


@pytest.mark.django_db
def test_a_change_of_the_folder_updates_that_field_alone(city: Path, edit: Edit) -> None:
    run("seed", city)
    company = Company.objects.values().get()
    updated_at = Project.objects.get().updated_at
    edit("projects.yaml", "原来的说明", "新的说明")
    said = run("seed", city)
    assert "updated: project “furnace”: note\n" in said
    project = Project.objects.get()
    assert project.note == "新的说明"
    assert project.updated_at > updated_at
    assert Company.objects.values().get() == company
    assert "nothing to do" in run("seed", city)


@pytest.mark.django_db
def test_what_the_folder_no_longer_says_becomes_blank(city: Path, edit: Edit) -> None:
    run("seed", city)
    edit("projects.yaml", "  note: 原来的说明\n", "")
    edit("companies.yaml", "readings: [east-output-2022]", "readings: []")
    run("seed", city)
    assert Project.objects.get().note == ""
    assert not Company.objects.get().readings.exists()


@pytest.mark.django_db
def test_an_editors_change_is_kept_and_named(city: Path, edit: Edit) -> None:
    run("seed", city)
    Project.objects.update(note="编辑的说明")
    assert "left alone: project “furnace”: note (changed by an editor)" in run("seed", city)
    # The same field changed on both sides stays the editor's; another one is updated.
    edit("projects.yaml", "原来的说明", "新的说明")
    edit("projects.yaml", "name: 一号窑", "name: 一号窑炉")
    said = run("seed", city)
    assert "updated: project “furnace”: name\n" in said
    assert "left alone: project “furnace”: note (changed by an editor)" in said
    project = Project.objects.get()
    assert (project.name, project.note) == ("一号窑炉", "编辑的说明")
    before = dump()
    assert run("seed", city).endswith("nothing to do.\n")
    assert dump() == before


@pytest.mark.django_db
def test_an_editors_date_and_readings_are_kept(city: Path) -> None:
    run("seed", city)
    Project.objects.update(due_precision="year")
    Company.objects.get().readings.clear()
    said = run("seed", city)
    assert "left alone: project “furnace”: due (changed by an editor)" in said
    assert "left alone: company “clear”: readings (changed by an editor)" in said


@pytest.mark.django_db
def test_a_record_that_an_editor_renamed_is_not_added_again(city: Path) -> None:
    run("seed", city)
    project, change = Project.objects.get(), StageChange.objects.get()
    project.slug = "furnace-one"
    project.save()
    change.date, change.date_precision = "2023-01-20", "day"
    change.save()
    said = run("seed", city)
    assert "left alone: project “furnace”: slug (changed by an editor)" in said
    assert "date (changed by an editor)" in said
    assert Project.objects.count() == StageChange.objects.count() == Capacity.objects.count() == 1


@pytest.mark.django_db
def test_a_record_that_an_editor_entered_first_is_theirs(city: Path) -> None:
    whole = (city / "projects.yaml").read_text(encoding="utf-8")
    (city / "projects.yaml").write_text("# nothing yet\n", encoding="utf-8")
    run("seed", city)
    mine = Project.objects.create(
        slug="furnace", name="我的窑", district=District.objects.get(slug="east")
    )
    (city / "projects.yaml").write_text(whole, encoding="utf-8")
    said = run("seed", city)
    assert "left alone: project “furnace” (entered by an editor)" in said
    mine.refresh_from_db()
    assert (mine.name, mine.stage) == ("我的窑", "unknown")
    assert not Capacity.objects.exists()
    assert said.endswith("nothing to do.\n")


@pytest.mark.django_db
def test_a_new_stage_in_the_folder_moves_the_project(city: Path, edit: Edit) -> None:
    run("seed", city)
    edit(
        "projects.yaml",
        "    - stage: signed",
        "    - stage: building\n      date: 2023-05\n    - stage: signed",
    )
    run("seed", city)
    project = Project.objects.get()
    assert (project.stage, str(project.stage_since)) == ("building", "2023-05-01")


@pytest.mark.django_db
def test_a_boundary_is_matched_by_code_and_updated(city: Path) -> None:
    def draw(x: float) -> None:
        (city / "boundaries.geojson").write_text(
            '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"code": "990001"},'
            f' "geometry": {{"type": "Polygon", "coordinates": [[[{x}, 1], [2, 2], [3, 1], [{x}, 1]]]}}}}]}}',
            encoding="utf-8",
        )

    def corner(district: District) -> Any:
        return district.boundary and district.boundary["coordinates"][0][0]

    draw(1.5)
    run("seed", city)
    east = District.objects.get(slug="east")
    assert corner(east) == [1.5, 1]
    assert District.objects.get(slug="glassport").boundary is None
    draw(1.25)
    assert "updated: district “east”: boundary\n" in run("seed", city)
    east.refresh_from_db()
    assert corner(east) == [1.25, 1]


@pytest.mark.django_db
def test_seeding_once_loads_again_what_changed(city: Path, edit: Edit) -> None:
    assert "loaded." in run("seed", city, once=True)
    assert "was loaded before" in run("seed", city, once=True)
    edit("projects.yaml", "原来的说明", "新的说明")
    assert "updated: project “furnace”: note" in run("seed", city, once=True)
    assert "was loaded before" in run("seed", city, once=True)


@pytest.mark.django_db
def test_a_reference_may_mean_what_an_editor_entered(city: Path, edit: Edit) -> None:
    Unit.objects.create(name="箱")
    edit("indicators.yaml", "unit: 吨", "unit: 箱")
    run("seed", city)
    assert Target.objects.get().indicator.unit == Unit.objects.get(name="箱")
