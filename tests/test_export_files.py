"""Excel, JSON and GeoJSON, read back by the tools that people open them with."""

import csv
import io
import json
import zipfile
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pandas
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from districts.models import District, Indicator, Reading, Target
from projects.models import Project
from tests.factories import (
    make_capacity,
    make_company,
    make_district,
    make_honour,
    make_indicator,
    make_participation,
    make_project,
    make_reading,
    make_segment,
    make_source,
    make_target,
)
from zaozhuang import xlsxfile
from zaozhuang.csvfile import Column
from zaozhuang.dates import today
from zaozhuang.xlsxfile import Cover

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


# --- Hostile text ----------------------------------------------------------------------------

HOSTILE = [
    '=HYPERLINK("http://evil.example","x")',
    "=1+1",
    "+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "#N/A",
    "#DIV/0!",
    "<script>alert(1)</script>",
    "]]>&amp;&#0;",
    'a"b,c;d\ne',
    "\u202eright to left\u202c",
    "emoji 🔋",
    "_x0041_",
    "bell\x07 escape\x1b[31m",
    "\ufffe\uffff",
    "  spaces  ",
    "'quoted",
]


@pytest.fixture
def hostile(db: None) -> list[Project]:
    place = make_district(slug="d")
    projects = []
    for at, text in enumerate(HOSTILE):
        project = make_project(
            text, name_en=text, slug=f"h{at}", district=place, source=make_source(title=text)
        )
        make_capacity(project, product=text)
        company = make_company(text, registered_in=text)
        make_participation(project, company)
        make_honour(company, title=text)
        make_target(
            None, None, milestone=text, indicator=make_indicator(name=text, definition=text)
        )
        projects.append(project)
    return projects


@pytest.mark.parametrize("stem", XLSX)
def test_hostile_text_is_text_in_a_workbook(
    hostile: list[Project], client: Client, stem: str
) -> None:
    query = "" if stem == "companies" else "?as_of=2023-01-01" if stem == "readings" else ""
    data = content(client, f"/{stem}.xlsx{query}")
    for sheet in openpyxl.load_workbook(io.BytesIO(data)):
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type not in ("f", "e"), cell.value
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            assert b"<f>" not in archive.read(name)


def test_hostile_names_come_back_as_they_were(hostile: list[Project], client: Client) -> None:
    sheet = workbook(client, "/projects.xlsx?headers=codes")["projects"]
    cells = {sheet.cell(at, 2).value: sheet.cell(at, 3) for at in range(2, len(HOSTILE) + 2)}
    answer = json.loads(content(client, "/projects.json"))
    names = {row["slug"]: row["name"] for row in answer["rows"]}
    for at, text in enumerate(HOSTILE):
        cell = cells[f"h{at}"]
        # What XML cannot hold is gone; Excel reads `_x005F_` as the underscore it stands for.
        expected = xlsxfile.NOT_IN_XML.sub("", text).replace("_x0041_", "_x005F_x0041_")
        assert (cell.value or "") == expected
        if text[0] in "=+-@\t":
            assert cell.quotePrefix, text
        assert names[f"h{at}"] == text
    collection = json.loads(content(client, "/projects.geojson"))
    assert {f["properties"]["name"] for f in collection["features"]} == set(HOSTILE)


def test_a_hostile_search_stays_text_on_the_cover(db: None, client: Client) -> None:
    sheet = workbook(client, "/projects.xlsx?q=%3D1%2B1%01").worksheets[0]
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value == "=1+1"]
    assert [cell.data_type for cell in cells] == ["s"]


# --- Size ------------------------------------------------------------------------------------


def test_what_one_sheet_cannot_hold_goes_on_the_next(
    monkeypatch: pytest.MonkeyPatch, rf: Any
) -> None:
    monkeypatch.setattr(xlsxfile, "MAX_ROWS", 101)
    columns: list[Column[int]] = [Column("n", "N", lambda n: n)]
    response = xlsxfile.xlsx_response(
        rf.get("/"), "numbers", columns, range(250), [], Cover("Numbers")
    )
    book = openpyxl.load_workbook(io.BytesIO(b"".join(response)))
    assert response.file_to_stream is not None
    response.file_to_stream.close()
    assert book.sheetnames[1:] == ["numbers", "numbers 2", "numbers 3"]
    found = [
        row[0] for sheet in book.worksheets[1:] for row in sheet.iter_rows(2, values_only=True)
    ]
    assert found == list(range(250))
    assert [sheet["A1"].value for sheet in book.worksheets[1:]] == ["N"] * 3
    assert book["numbers 3"].auto_filter.ref == "A1:A51"


def test_a_workbook_that_fails_leaves_no_file_behind(rf: Any, tmp_path: Any) -> None:
    import tempfile

    def rows() -> Any:
        yield from range(300)
        raise RuntimeError("the database is gone")

    before = tempfile.tempdir
    tempfile.tempdir = str(tmp_path)
    try:
        with pytest.raises(RuntimeError, match="is gone"):
            xlsxfile.xlsx_response(
                rf.get("/"), "n", [Column("n", "N", lambda n: n)], rows(), [], Cover("N")
            )
    finally:
        tempfile.tempdir = before
    assert list(tmp_path.iterdir()) == []


def many(count: int) -> None:
    place = make_district(boundary=SQUARE)
    segment, source = make_segment(), make_source()
    for _number in range(count):
        project = make_project(district=place, stage="building", source=source)
        make_capacity(project, segment=segment, source=source)
        company = make_company(source=source)
        make_participation(project, company)
        make_honour(company, source=source)
        indicator = make_indicator()
        make_target(district=place, indicator=indicator, source=source)
        make_reading(district=place, indicator=indicator, source=source)


SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [0, 1], [1, 1], [1, 0], [0, 0]]]}
BUDGETS = {
    "projects.xlsx": 11,
    "capacities.xlsx": 12,
    "targets.xlsx": 4,
    "readings.xlsx": 5,
    "companies.xlsx": 8,
    "projects.json": 10,
    "projects.geojson": 12,
}


@pytest.mark.parametrize("path", BUDGETS)
def test_the_number_of_queries_does_not_grow(db: None, client: Client, path: str) -> None:
    asked: Callable[[], int] = lambda: _queries(client, path)  # noqa: E731
    many(3)
    few = asked()
    many(30)
    assert asked() == few
    assert few <= BUDGETS[path]


def _queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        content(client, f"/{path}?as_of=2024-01-01")
    return sum("SAVEPOINT" not in query["sql"] for query in captured)


def test_no_row_of_an_export_carries_the_boundary(db: None, client: Client) -> None:
    many(2)
    with CaptureQueriesContext(connection) as captured:
        content(client, "/projects.csv")
    assert not any('"boundary"' in query["sql"] for query in captured)
