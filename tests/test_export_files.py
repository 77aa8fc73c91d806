"""Excel, JSON and GeoJSON, read back by the tools that people open them with."""

import csv
import io
import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pandas
import pytest
from django.test import Client

from districts.models import District, Indicator, Reading, Target
from projects.models import Project
from tests.factories import (
    make_capacity,
    make_district,
    make_participation,
    make_project,
    make_segment,
    make_source,
)
from zaozhuang import xlsxfile
from zaozhuang.dates import today

XLSX = ["projects", "capacities", "targets", "readings", "companies"]
EVERY = [*(f"{stem}.xlsx" for stem in XLSX), "projects.json", "projects.geojson"]
QUERIES = [
    "",
    "district=tengzhou",
    "stage=building&stage=signed&ordering=-due",
    "q=%E7%A3%B7%E9%85%B8",
    "as_of=2023-02-08",
    "segment=M3&ordering=name",
    "kind=park&district=tengzhou&district=shanting&ordering=-stage",
]


def content(client: Client, path: str) -> bytes:
    response = client.get(path)
    assert response.status_code == 200, path
    return b"".join(response)


def heads(client: Client, path: str) -> Any:
    """The headers of a file."""
    response = client.get(path)
    assert b"".join(response)
    return response.headers


def workbook(client: Client, path: str) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(content(client, path)))


def records(client: Client, path: str) -> list[dict[str, Any]]:
    """The rows of a workbook's last sheet, by the codes of their columns."""
    mark = "&" if "?" in path else "?"
    book = workbook(client, f"{path}{mark}headers=codes")
    head, *rows = book.worksheets[-1].iter_rows(values_only=True)
    return [dict(zip(map(str, head), row, strict=True)) for row in rows]


def cover(client: Client, path: str) -> dict[str, Any]:
    """The lines of the cover that have a label, and its title under the empty one."""
    sheet = workbook(client, path).worksheets[0]
    found = {str(label): value for label, value in sheet.iter_rows(max_col=2, values_only=True)}
    return found | {"": sheet["A1"].value}


def csv_rows(client: Client, path: str) -> list[dict[str, str]]:
    text = content(client, path).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


# --- The same rows ---------------------------------------------------------------------------


@pytest.mark.parametrize("query", QUERIES)
def test_every_format_holds_the_pages_rows_in_the_pages_order(
    report: None, client: Client, query: str
) -> None:
    page = client.get(f"/projects/?{query}")
    shown = [project.slug for project in page.context["page"].object_list]
    assert shown
    assert [row["slug"] for row in records(client, f"/projects.xlsx?{query}")] == shown
    answer = json.loads(content(client, f"/projects.json?{query}"))
    assert [row["slug"] for row in answer["rows"]] == shown
    assert answer["count"] == len(shown)
    collection = json.loads(content(client, f"/projects.geojson?{query}"))
    assert [feature["id"] for feature in collection["features"]] == shown
    # With all columns, and in the order of the columns.
    exported = csv_rows(client, f"/projects.csv?headers=codes&{query}")
    assert [list(row) for row in answer["rows"]] == [list(row) for row in exported]
    for feature, row in zip(collection["features"], answer["rows"], strict=True):
        assert feature["properties"] == row | {"geometry_of": "district"}


@pytest.mark.parametrize("stem", XLSX)
@pytest.mark.parametrize("prefix", ["", "/en"])
def test_a_workbook_holds_what_the_csv_holds(
    report: None, client: Client, stem: str, prefix: str
) -> None:
    written = csv_rows(client, f"{prefix}/{stem}.csv?as_of=2023-03-01")
    book = workbook(client, f"{prefix}/{stem}.xlsx?as_of=2023-03-01")
    assert book.sheetnames[1:] == [stem]
    sheet = book[stem]
    head, *rows = sheet.iter_rows(values_only=True)
    assert list(head) == list(written[0])
    assert len(rows) == len(written) > 2
    for row, expected in zip(rows, written, strict=True):
        for value, text in zip(row, expected.values(), strict=True):
            if isinstance(value, bool):
                assert text == str(value).lower()
            elif isinstance(value, int | float):
                assert Decimal(str(value)) == Decimal(text).quantize(Decimal("1e-12")) or float(
                    text
                ) == pytest.approx(value)
            elif isinstance(value, datetime) and len(text) > len("2023-05-31"):
                assert text == f"{value.isoformat()}+08:00"
            elif isinstance(value, datetime):
                assert text == value.date().isoformat()
            else:
                assert (value or "") == text
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == sheet.dimensions
    assert sheet.print_title_rows == "$1:$1"


def test_pandas_reads_numbers_as_numbers(report: None, client: Client) -> None:
    frame = pandas.read_excel(
        io.BytesIO(content(client, "/capacities.xlsx?headers=codes")), sheet_name="capacities"
    )
    assert frame["quantity"].dtype == float
    materials = frame[(frame["segment"] == "M3") & (frame["unit"] == "亿平方米")]
    assert materials["quantity"].max() == pytest.approx(4.08)
    answer = json.loads(content(client, "/projects.json"))
    rows = pandas.DataFrame(answer["rows"])
    assert len(rows) == Project.objects.count()
    assert rows["id"].dtype == int


# --- Typed cells -----------------------------------------------------------------------------


@pytest.fixture
def typed(db: None) -> Project:
    project = make_project(
        "甲",
        slug="a",
        district=make_district(slug="d"),
        stage="building",
        since="2023-02-13",
        due="2023-05",
        investment=Decimal("12.50"),
        investment_kind="agreed",
    )
    make_capacity(project, "4.08", product="隔膜", segment=make_segment("M3"))
    make_capacity(project, None, product="电解液")
    return project


def test_numbers_days_and_text_keep_their_types(typed: Project, client: Client) -> None:
    (row,) = records(client, "/projects.xlsx")
    assert row["investment"] == 12.5
    assert row["stage_since"] == datetime(2023, 2, 13)  # noqa: DTZ001 — Excel knows no zones
    assert row["due"] == "2023-05"  # a month is no day
    assert isinstance(row["updated_at"], datetime)
    assert row["parent"] is None
    first, second = records(client, "/capacities.xlsx")
    assert (first["quantity"], first["per_year"]) == (4.08, True)
    assert second["quantity"] is None  # blank, not zero
    sheet = workbook(client, "/projects.xlsx?headers=codes")["projects"]
    formats = {sheet.cell(1, at).value: sheet.cell(2, at).number_format for at in range(1, 23)}
    assert formats["stage_since"] == "yyyy-mm-dd"
    assert formats["updated_at"] == "yyyy-mm-dd hh:mm"


def test_json_keeps_numbers_and_says_null_for_unknown(typed: Project, client: Client) -> None:
    (row,) = json.loads(content(client, "/projects.json"))["rows"]
    assert row["investment"] == 12.5
    assert (row["stage_since"], row["due"]) == ("2023-02-13", "2023-05")
    assert row["parent"] is None
    assert row["source"] is None
    assert row["capacity"] == "隔膜 4.08 万吨/年; 电解液"


def test_a_day_before_excels_calendar_is_text(db: None, client: Client) -> None:
    make_project(slug="old", stage="building", since="1899-06-01")
    (row,) = records(client, "/projects.xlsx")
    assert row["stage_since"] == "1899-06-01"


# --- What it rests on ------------------------------------------------------------------------


def test_the_cover_says_what_the_rows_rest_on(report: None, client: Client) -> None:
    path = "/en/projects.xlsx?district=tengzhou&stage=building&as_of=2023-02-28&ordering=-due"
    lines = cover(client, path)
    assert lines[""] == "Zaozhuang Lithium Tracker · Projects"
    assert lines["District"] == "Tengzhou City"
    assert lines["Stage"] == "under construction"
    assert lines["As of"] == "2023-02-28"
    assert lines["State of"] == datetime(2023, 2, 28)  # noqa: DTZ001
    assert lines["Order"] == "Due ↓"
    assert lines["Rows"] == 3
    assert lines["Link"].endswith(path)
    assert "Filters" not in lines
    # The codes in the rows, and who says so.
    assert lines["building"] == "under construction"
    assert lines["M3"].startswith("Separators")
    assert "Zaozhuang" in lines["newspaper-page-2023-02"]
    assert "/en/sources/newspaper-page-2023-02/" in lines["newspaper-page-2023-02"]


def test_a_cover_without_filters_says_so(report: None, client: Client) -> None:
    assert cover(client, "/en/companies.xlsx")["Filters"] == "none: everything"


def test_indicators_are_defined_where_they_are_used(report: None, client: Client) -> None:
    for stem, model in (("targets", Target), ("readings", Reading)):
        lines = cover(client, f"/en/{stem}.xlsx?district=tengzhou")
        place = District.objects.get(slug="tengzhou")
        used = Indicator.objects.filter(
            pk__in=model.objects.filter(district=place).values("indicator")
        )
        assert used
        for indicator in used:
            assert indicator.definition_en in lines[indicator.name_en], stem
        other = Indicator.objects.exclude(pk__in=used).exclude(name_en__in=used.values("name_en"))
        assert not {indicator.name_en for indicator in other} & set(lines)


def test_the_json_head_says_what_the_rows_rest_on(report: None, client: Client) -> None:
    query = "district=tengzhou&district=xuecheng&stage=building&as_of=2023-02-28&utm_source=x"
    answer = json.loads(content(client, f"/projects.json?{query}"))
    assert list(answer)[-1] == "rows"
    assert answer["as_of"] == "2023-02-28"
    assert answer["filters"] == {
        "district": ["xuecheng", "tengzhou"],
        "stage": ["building"],
        "as_of": ["2023-02-28"],
    }
    assert [source["slug"] for source in answer["sources"]] == ["newspaper-page-2023-02"]
    assert datetime.fromisoformat(answer["generated"]).utcoffset() is not None
    unfiltered = json.loads(content(client, "/projects.json"))
    assert (unfiltered["as_of"], unfiltered["filters"]) == (today().isoformat(), {})


def test_only_sources_of_the_selection_are_named(db: None, client: Client) -> None:
    """Of the rows, and of the stages, capacities and companies that they tell of."""
    here, elsewhere = make_district(slug="here"), make_district(slug="elsewhere")
    named = [make_source(slug=f"s{number}") for number in range(6)]
    project = make_project(district=here, source=named[0])
    make_capacity(project, source=named[1])
    make_participation(project, source=named[2])
    project.stage_changes.create(
        stage="building", date="2023-02-01", date_precision="day", source=named[3]
    )
    project.stage_changes.create(
        stage="full", date="2024-02-01", date_precision="day", source=named[4]
    )
    make_project(district=elsewhere, source=named[5])

    def slugs(query: str) -> set[str]:
        answer = json.loads(content(client, f"/projects.json?{query}"))
        return {source["slug"] for source in answer["sources"]}

    assert slugs("district=here") == {"s0", "s1", "s2", "s3", "s4"}
    assert slugs("district=here&as_of=2023-06-01") == {"s0", "s1", "s2", "s3"}
    assert slugs("district=elsewhere") == {"s5"}


@pytest.mark.parametrize("path", EVERY)
def test_the_name_carries_the_filters_and_a_bad_value_is_refused(
    report: None, client: Client, path: str
) -> None:
    stem, _dot, extension = path.partition(".")
    assert heads(client, f"/{path}?headers=codes")["Content-Disposition"].endswith(f'.{extension}"')
    if stem != "companies":
        name = heads(client, f"/{path}?district=tengzhou")["Content-Disposition"]
        assert name.endswith(f'-district-tengzhou.{extension}"')
        refused = client.get(f"/{path}?district=nowhere")
        assert refused.status_code == 400
        assert "nowhere" in refused.content.decode()
    refused = client.get(f"/{path}?headers=fancy")
    assert refused.status_code == 400
    assert client.post(f"/{path}").status_code == 405


@pytest.mark.parametrize("path", ["/projects.json", "/projects.geojson"])
def test_json_is_streamed_in_the_language_of_the_address(
    report: None, client: Client, path: str
) -> None:
    assert client.get(path).streaming
    assert '"stage_label":"在建"' in content(client, path).decode()
    assert '"stage_label":"under construction"' in content(client, f"/en{path}").decode()


def test_types_of_content(report: None, client: Client) -> None:
    assert heads(client, "/projects.json")["Content-Type"] == "application/json"
    assert heads(client, "/projects.geojson")["Content-Type"] == "application/geo+json"
    assert heads(client, "/projects.xlsx")["Content-Type"] == xlsxfile.XLSX
