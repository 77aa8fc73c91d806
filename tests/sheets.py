"""The sheet of a district as an office handles it: downloaded, filled in, uploaded, confirmed."""

import csv
from io import BytesIO, StringIO
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import Workbook, load_workbook

from districts.roles import Role
from tests.factories import make_district, make_project, make_source
from tests.members import logged_in, make_editor
from zaozhuang.models import HistoryEntry

PAGE = "/admin/projects/project/sheet/"
MONTH = "2023-03"


def download(client: Client, month: str = MONTH, language: str = "", kind: str = "") -> bytes:
    """The file that an editor gets for a month."""
    response: Any = client.get(f"{language}{PAGE}download/", {"month": month, "kind": kind})
    assert response.status_code == 200, response.headers
    return b"".join(response) if response.streaming else response.content


class Book:
    """A downloaded workbook, with its cells by heading; in English."""

    def __init__(self, client: Client, month: str = MONTH, language: str = "/en") -> None:
        self.book: Workbook = load_workbook(BytesIO(download(client, month, language)))

    def sheet(self, title: str) -> Any:
        return self.book[title]

    def column(self, title: str, heading: str) -> int:
        heads = [cell.value for cell in self.sheet(title)[1]]
        return heads.index(heading) + 1

    def row(self, title: str, heading: str, value: str) -> int:
        """The number of the row in which this stands."""
        at = self.column(title, heading)
        rows = range(2, self.sheet(title).max_row + 1)
        return next(n for n in rows if self.sheet(title).cell(n, at).value == value)

    def set(self, title: str, number: int, **cells: Any) -> None:
        """Type into cells; spaces of headings are written `_`."""
        for heading, value in cells.items():
            at = self.column(title, heading.replace("_", " "))
            cell = self.sheet(title).cell(number, at)
            cell.value = value
            if isinstance(value, str):
                cell.data_type = "s"

    def add(self, title: str, **cells: Any) -> int:
        number = self.sheet(title).max_row + 1
        self.set(title, number, **cells)
        return int(number)

    def keep_only(self, *titles: str) -> None:
        for sheet in self.book.worksheets[1:]:
            if sheet.title not in titles:
                self.book.remove(sheet)

    def data(self) -> bytes:
        out = BytesIO()
        self.book.save(out)
        return out.getvalue()


def upload(client: Client, data: bytes, name: str = "sheet.xlsx", language: str = "/en") -> Any:
    return client.post(language + PAGE, {"sheet": SimpleUploadedFile(name, data)})


def look(client: Client, data: bytes, name: str = "sheet.xlsx", language: str = "/en") -> Any:
    """The page that shows what would change; its address is in `.wsgi_request.path`."""
    response = upload(client, data, name, language)
    assert response.status_code == 302, response.context["problems"]
    return client.get(response.headers["Location"])


def confirm(client: Client, page: Any, **sent: str) -> Any:
    return client.post(page.wsgi_request.path, sent)


def counts(page: Any) -> tuple[int, int, int, int]:
    """Added, changed, unchanged, refused."""
    found = page.context["counts"]
    return found["added"], found["changed"], found["unchanged"], found["refused"]


def reasons(page: Any) -> list[tuple[str, int, str]]:
    """What is said of each refused row: its sheet and number, and why."""
    return [(row.table.title, row.line.number, row.why) for row in page.context["check"].refused]


def as_csv(rows: list[list[str]], delimiter: str = ",") -> str:
    out = StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return out.getvalue()


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(StringIO(text.removeprefix("\ufeff"), newline="")))


REPORTS, PROJECTS = "Monthly reports", "Projects"


class Office:
    """A district with a project that is being built, its editor, and a neighbour."""

    def __init__(self) -> None:
        self.city = make_district("全市")
        self.here = make_district("甲区", parent=self.city)
        self.there = make_district("乙区", parent=self.city)
        self.source = make_source(title="公报")
        self.project = make_project(
            "隔膜项目", stage="building", since="2023-01-01", district=self.here, due="2024",
            note="=1+1", source=self.source, locator="工业 ¶2",
        )  # fmt: skip
        self.other = make_project("邻区项目", stage="building", district=self.there)
        self.editor = make_editor(self.here, name="zhang")
        self.client = logged_in(self.editor)
        self.city_client = logged_in(make_editor(role=Role.CITY_EDITOR, name="shi"))

    def book(self, **options: Any) -> Book:
        return Book(self.client, **options)

    def row(self, book: Book) -> int:
        return book.row(PROJECTS, "Name", "隔膜项目")


def last_entry() -> int:
    """The number of the newest entry of the history."""
    entry = HistoryEntry.objects.first()
    return entry.pk if entry else 0
