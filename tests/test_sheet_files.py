"""What is uploaded may be anything: every kind of file, and what is said of each."""

import zipfile
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

import pytest
from django.test import Client
from openpyxl import Workbook
from openpyxl.utils import get_column_letter

from projects.models import Project
from tests.factories import make_district, make_project
from tests.members import logged_in, make_editor
from tests.sheets import PAGE, Book, as_csv, counts, download, look, reasons, rows_of, upload
from zaozhuang.models import HistoryEntry, Upload
from zaozhuang.sheets import limits
from zaozhuang.sheets.csvtext import armed, defused
from zaozhuang.sheets.limits import Clock, Unreadable
from zaozhuang.sheets.xlsx import read_workbook

pytestmark = pytest.mark.django_db


class Desk:
    """An editor with two projects, and the sheet of projects as rows of text."""

    def __init__(self) -> None:
        here = make_district("甲区")
        for name in ("隔膜项目", "电解液项目"):
            make_project(name, district=here)
        self.client: Client = logged_in(make_editor(here))
        self.text = download(self.client, kind="projects", language="/en").decode("utf-8-sig")
        self.rows = rows_of(self.text)

    def column(self, heading: str) -> int:
        return self.rows[0].index(heading)

    def refused(self, data: bytes, name: str, status: int = 400) -> str:
        """What is said of a file that is not taken, in both languages; nothing is kept of it."""
        texts, kept = [], Upload.objects.count()
        for language in ("/en", ""):
            answer = upload(self.client, data, name, language)
            assert answer.status_code == status, answer.headers
            texts.append("\n".join(answer.context["problems"]))
        english, chinese = texts
        assert english != chinese
        assert all(line in answer.text or "&" in answer.text for line in chinese.split("\n"))
        assert Upload.objects.count() == kept
        return english


@pytest.fixture
def desk() -> Desk:
    return Desk()


# CSV


ENCODINGS = ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"]


def test_csv_is_read_in_every_encoding_of_an_office(desk: Desk) -> None:
    text = "改；€ 𠮷, “引号”\n第二行"
    desk.rows[1][desk.column("Note")] = text
    for encoding in ENCODINGS:
        for delimiter in ",\t;" if encoding == "gb18030" else ",":
            data = as_csv(desk.rows, delimiter).encode(encoding)
            page = look(desk.client, data, "a.csv")
            assert counts(page) == (0, 1, 1, 0), (encoding, delimiter)
            (row,) = page.context["check"].of("changed")
            assert row.cells[0].after == text


def test_defused_cells_come_back_as_they_were() -> None:
    for text in ("=1", "'=1", "''=1", "-5", "'-5", "-5a", "@x", "'x", "x", "", "\t=", "+86 1"):
        assert armed(defused(text)) == text
        assert defused(text)[:1] not in tuple("=+@\t") or text == "-5"


def test_csv_that_is_no_csv(desk: Desk) -> None:
    said = desk.refused(b"\xff\xfe\x00\xd8", "a.csv")
    assert "GB18030" in said
    assert "headings" in desk.refused(b"\x00\x01\x02" * 50, "a.csv")
    assert "headings" in desk.refused("甲,乙\n1,2\n".encode(), "a.csv")
    broken = desk.text.replace("电解液项目", '"电解液项目')
    assert "Row 3: the quotation marks" in desk.refused(broken.encode(), "a.csv")
    assert "is empty" in desk.refused(b" \n", "a.csv")
    answer = desk.client.post("/en" + PAGE, {})
    assert (answer.status_code, answer.context["problems"]) == (400, ["Choose the file."])
    assert desk.client.post("/en" + PAGE, {"sheet": "text"}).status_code == 400


# Columns and rows


def test_columns_that_are_missing_unknown_or_there_twice(desk: Desk) -> None:
    at = desk.column("Due")
    heads = desk.rows[0]
    without = as_csv([row[:at] + row[at + 1 :] for row in desk.rows])
    assert "these columns are missing: “Due”" in desk.refused(without.encode(), "a.csv")
    more = as_csv([[*desk.rows[0], "电话"], *desk.rows[1:]])
    assert "not known here: “电话”" in desk.refused(more.encode(), "a.csv")
    twice = as_csv([[*heads, "Due"], *desk.rows[1:]])
    assert "there twice: “Due”" in desk.refused(twice.encode(), "a.csv")
    swapped = as_csv([row[::-1] for row in desk.rows])
    assert counts(look(desk.client, swapped.encode(), "a.csv")) == (0, 0, 2, 0)


def test_the_same_record_twice_is_refused_with_both_rows(desk: Desk) -> None:
    data = as_csv([*desk.rows, desk.rows[1]]).encode()
    assert "Row 4: is the same record as row 2" in desk.refused(data, "a.csv")
    new = [""] * len(desk.rows[0])
    for heading, text in (
        ("Name", "新"),
        ("Address", "new"),
        ("District", "甲区"),
        ("Kind", "park"),
    ):
        new[desk.column(heading)] = text
    page = look(desk.client, as_csv([*desk.rows, new, new]).encode(), "a.csv")
    assert counts(page) == (1, 0, 2, 1)
    assert "Row 4 is about the same." in reasons(page)[0][2]


@pytest.mark.parametrize("letter", ["\x00", "\x1b", "\ufffe"])
def test_nul_and_control_characters_are_named_with_their_place(desk: Desk, letter: str) -> None:
    desk.rows[2][desk.column("Note")] = f"甲{letter}乙"
    said = desk.refused(as_csv(desk.rows).encode(), "a.csv")
    assert (
        said == f"Row 3, column “Note”: holds the control character U+{ord(letter):04X}; delete it."
    )
    if letter == "\x1b":
        book = Book(desk.client)
        sheet = book.sheet("Projects")
        # As Excel writes what XML cannot hold.
        sheet.cell(3, book.column("Projects", "Note")).value = f"_x{ord(letter):04X}_"
        said = desk.refused(book.data(), "a.xlsx")
        assert said.startswith("Sheet “Projects”, row 3, column “Note”: holds the control")


def test_a_number_that_is_none(desk: Desk) -> None:
    for number in ("x", "-1", "1.5", "9" * 30, "٣"):
        desk.rows[1][0] = number
        page = look(desk.client, as_csv(desk.rows).encode(), "a.csv")
        assert "not the number of a record" in reasons(page)[0][2]
    desk.rows[1][0] = "99999999"
    page = look(desk.client, as_csv(desk.rows).encode(), "a.csv")
    assert "There is no record" in reasons(page)[0][2]
    gone = Project.objects.get(name="电解液项目")
    desk.rows[1][0] = str(gone.pk)
    gone.delete()
    page = look(desk.client, as_csv(desk.rows[:2]).encode(), "a.csv")
    assert "There is no record" in reasons(page)[0][2]
    assert "deleted" in page.text


def test_odd_cells_are_refused_and_named(desk: Desk) -> None:
    for heading, text in (
        ("Due", "2023-13"), ("Due", "soon"), ("Investment, 亿元", "1e400"), ("Investment, 亿元", "NaN"),
        ("Investment, 亿元", "三"), ("Investment, 亿元", "1.23456"), ("Kind", "manufacturing, park"),
        ("Source", "1"), ("Phase of", "隔膜"), ("Name", "长" * 201), ("Name", " "),
    ):  # fmt: skip
        rows = [list(row) for row in desk.rows]
        rows[1][desk.column(heading)] = text
        page = look(desk.client, as_csv(rows).encode(), "a.csv")
        assert [(n, why.startswith(heading)) for _t, n, why in reasons(page)] == [(2, True)], text
    rows[1][desk.column("Name")] = "长" * 40_000
    assert "longer than 32,767" in desk.refused(as_csv(rows).encode(), "a.csv")


# Workbooks


def repacked(data: bytes, **parts: bytes) -> bytes:
    """A workbook in which parts are replaced or added; `/` and `.` of names are written `__` and `_`."""
    out = BytesIO()
    new = {name.replace("__", "/").replace("_xml", ".xml"): body for name, body in parts.items()}
    with (
        zipfile.ZipFile(BytesIO(data)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made,
    ):
        for item in old.infolist():
            if item.filename not in new:
                made.writestr(item, old.read(item))
        for name, body in new.items():
            made.writestr(name, body)
    return out.getvalue()


def as_excel_saves(title: str, rows: list[list[str]]) -> bytes:
    """A workbook as Excel itself writes one: texts are shared, blank cells are left out."""
    texts = sorted({text for row in rows for text in row if text})
    lines = []
    for number, row in enumerate(rows, 1):
        cells = "".join(
            f'<c r="{get_column_letter(at)}{number}" t="s"><v>{texts.index(text)}</v></c>'
            for at, text in enumerate(row, 1)
            if text
        )
        lines.append(f'<row r="{number}">{cells}</row>')
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}.sharedStrings+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="{title}" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><dimension ref="A1:A1"/><sheetData>{"".join(lines)}</sheetData></worksheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{main}">'
        + "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in texts)
        + "</sst>",
    }
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return out.getvalue()


def test_a_workbook_as_excel_saves_it(desk: Desk) -> None:
    """Also one that says of itself that it is smaller than it is: no row is lost."""
    data = as_excel_saves("Projects", desk.rows)
    assert counts(look(desk.client, data)) == (0, 0, 2, 0)
    desk.rows[2][desk.column("Note")] = "第一行_x000D_\n第二行 <&>"
    page = look(desk.client, as_excel_saves("Projects", desk.rows))
    (row,) = page.context["check"].of("changed")
    assert row.cells[0].after == "第一行\r\n第二行 <&>"


ENTITIES = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;">]><x>&d;</x>"""


@pytest.mark.parametrize(
    "part",
    ["xl__worksheets__sheet1_xml", "xl__sharedStrings_xml", "xl__workbook_xml", "xl__theme_xml"],
)
def test_entities_are_not_followed(desk: Desk, part: str) -> None:
    data = repacked(as_excel_saves("Projects", desk.rows), **{part: ENTITIES})
    assert "XML entities" in desk.refused(data, "a.xlsx")


def test_a_zip_bomb_is_not_unpacked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    book = download(desk.client, language="/en")
    bomb = repacked(book, xl__media__bomb_xml=bytes(101 * 2**20))
    assert len(bomb) < 200_000
    opened: list[Any] = []
    monkeypatch.setattr("zaozhuang.sheets.xlsx.BoundedZip.open", lambda *args: opened.append(args))
    assert "more than 100 MB" in desk.refused(bomb, "a.xlsx", 413)
    many = repacked(book, **{f"p{n}_xml": b"" for n in range(limits.PARTS)})
    assert "more than 100 MB" in desk.refused(many, "a.xlsx", 413)
    assert opened == []


def test_a_zip_that_lies_about_its_size_is_stopped_while_it_is_read(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The directory may say anything; what comes out is counted."""
    whole = as_excel_saves("Projects", desk.rows)
    data = repacked(whole, xl__sharedStrings_xml=b"<sst>" + bytes(2**21))
    small = data.replace((2**21 + 5).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    assert small != data
    with pytest.raises(Unreadable):
        read_workbook(small, Clock())
    # As if the directory had said nothing of the size at all.
    monkeypatch.setattr("zaozhuang.sheets.xlsx.sum", lambda _sizes: 0, raising=False)
    assert read_workbook(whole, Clock())
    monkeypatch.setattr(limits, "UNPACKED", 1_000)
    with pytest.raises(Unreadable) as refused:
        read_workbook(whole, Clock())
    assert refused.value.status == 413


def test_renamed_files_are_told_what_they_are(desk: Desk) -> None:
    book = download(desk.client, language="/en")
    for data, name, said in (
        (desk.text.encode(), "a.xlsx", "no Excel workbook"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "a.xlsx", "no Excel workbook"),
        (book, "a.csv", "it is a workbook"),
        (book, "a.xls", "it is a workbook"),
        (b"\xd0\xcf\x11\xe0" + bytes(500), "a.xlsx", "old Excel"),
        (b"\xd0\xcf\x11\xe0" + bytes(500), "a.xls", "old Excel"),
        (desk.text.encode(), "a.pdf", "neither"),
        (b"%PDF-1.7 x", "a", "neither"),
        (book[: len(book) // 2], "a.xlsx", "cannot be read"),
        (b"PK\x03\x04" + bytes(500), "a.xlsx", "cannot be read"),
    ):
        assert said in desk.refused(data, name), (name, said)
    empty = BytesIO()
    zipfile.ZipFile(empty, "w").close()
    desk.refused(empty.getvalue(), "a.xlsx")
    word = BytesIO()
    with zipfile.ZipFile(word, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<w/>")
    assert "cannot be read" in desk.refused(word.getvalue(), "a.xlsx")


def test_sheets_that_are_not_ours(desk: Desk) -> None:
    book = Workbook()
    book.active.title = "Sheet1"  # type: ignore[union-attr]
    out = BytesIO()
    book.save(out)
    assert "none of the sheets" in desk.refused(out.getvalue(), "a.xlsx")
    mine = Book(desk.client)
    mine.book.create_sheet("备忘").append(["自己记的"])
    assert "Sheet “备忘” is not known" in desk.refused(mine.data(), "a.xlsx")
    mine.book["备忘"].title = "项目"
    assert "twice" in desk.refused(mine.data(), "a.xlsx")


# Limits


def test_limits(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    data = desk.text.encode()
    # Two projects; neither the cover nor the lists of choices count.
    monkeypatch.setattr(limits, "ROWS", 2)
    workbook = download(desk.client, language="/en")
    assert counts(look(desk.client, workbook)) == (0, 0, 2, 0)
    Upload.objects.all().delete()
    monkeypatch.setattr(limits, "ROWS", 1)
    assert "more than 1 rows" in desk.refused(data, "a.csv", 413)
    assert "more than 1 rows" in desk.refused(download(desk.client, language="/en"), "a.xlsx", 413)
    monkeypatch.undo()
    wide = as_csv([row + [""] * 50 + ["x"] for row in desk.rows])
    assert "more than 50 columns" in desk.refused(wide.encode(), "a.csv")
    book = Book(desk.client)
    book.sheet("Projects").cell(2, 51).value = "x"
    assert "Sheet “Projects” has more than 50 columns" in desk.refused(book.data(), "a.xlsx")
    large = data + b"," * (limits.BYTES + 1 - len(data))
    assert "larger than 5 MB" in desk.refused(large, "a.csv", 413)
    monkeypatch.setattr(limits, "SECONDS", -1.0)
    monkeypatch.setattr("zaozhuang.sheets.csvtext.EVERY", 1)
    assert "longer than" in desk.refused(data, "a.csv", 413)
    assert "longer than" in desk.refused(download(desk.client, language="/en"), "a.xlsx", 413)


def test_time_that_runs_out_while_rows_are_looked_at_saves_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.rows[1][desk.column("Note")] = "新"
    page = look(desk.client, as_csv(desk.rows).encode(), "a.csv")
    before = HistoryEntry.objects.count()
    monkeypatch.setattr(limits, "SECONDS", -1.0)
    monkeypatch.setattr("projects.sheets.checking.EVERY", 1)
    answer = desk.client.post(page.wsgi_request.path)
    assert answer.status_code == 413
    assert "longer than" in answer.context["problem"]
    assert HistoryEntry.objects.count() == before


def test_the_largest_file_is_read_in_time(desk: Desk) -> None:
    """10,000 rows of 50 columns, the upper limits, in a workbook of less than 5 MB."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Projects")
    sheet.append([f"c{n}" for n in range(50)])
    for _row in range(limits.ROWS // 10):
        sheet.append(["x"] * 50)
    out = BytesIO()
    book.save(out)
    (table,) = read_workbook(out.getvalue(), Clock())
    assert (len(table.lines), len(table.head)) == (limits.ROWS // 10, 50)
