"""What exports do with hostile text, with more rows than a sheet holds, and with many rows."""

import io
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

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
from tests.test_export_files import XLSX, content, workbook
from zaozhuang import xlsxfile
from zaozhuang.csvfile import Column
from zaozhuang.xlsxfile import Cover

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
    data = content(client, f"/{stem}.xlsx")
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


def test_a_workbook_that_fails_leaves_no_file_behind(rf: Any, tmp_path: Path) -> None:

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
    "targets.xlsx": 5,
    "readings.xlsx": 5,
    "companies.xlsx": 8,
    "projects.json": 10,
    "projects.geojson": 12,
}


def test_the_number_of_queries_does_not_grow(db: None, client: Client) -> None:
    many(3)
    few = {path: _queries(client, path) for path in BUDGETS}
    many(30)
    assert {path: _queries(client, path) for path in BUDGETS} == few
    assert {path: n for path, n in few.items() if n > BUDGETS[path]} == {}


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
