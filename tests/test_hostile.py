"""Nothing that somebody wrote runs, breaks a page or a file, or turns a number into something else."""

import csv
import io
import json
import logging
import re
import zipfile
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.test import Client
from docx import Document
from icalendar import Calendar

from districts.models import Source, Unit
from projects.models import Project
from tests.desk import DESK, address, input_of
from tests.hostile import HOSTILE, make_world
from tests.members import logged_in
from tests.routes import Route, paths, routes
from zaozhuang.csvfile import FORMULA, NUMBER

ADDRESSES = {"href", "src", "action", "formaction", "srcdoc", "data", "poster", "xlink:href"}
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


@pytest.fixture(scope="module")
def _world(django_db_setup: None, django_db_blocker: Any) -> Any:
    """One world for all tests here, which only read it; taken back when they are done."""
    with django_db_blocker.unblock(), transaction.atomic():
        make_world()
        yield logged_in(User.objects.create_superuser("chief"))
        transaction.set_rollback(True)


@pytest.fixture
def chief(_world: Client, db: None) -> Client:
    return _world


class Reader(HTMLParser):
    """A page as a browser takes it apart: what could run, and what stands in data islands."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.islands: list[Any] = []
        self.inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: (value or "").strip() for name, value in attrs}
        if tag in ("x-hacked", "iframe", "base", "style", "object", "embed"):
            self.faults.append(f"<{tag}>")
        if tag == "meta" and "http-equiv" in values:
            self.faults.append("<meta http-equiv>")
        self.inside = ""
        if tag == "script":
            self.inside = values.get("type", "")
            if "src" not in values and self.inside != "application/json":
                self.faults.append("a script in the page")
        for name, value in values.items():
            if name.startswith("on") or name == "style":
                self.faults.append(f"{name}={value}")
            plain = re.sub(r"[\s\x00-\x20]", "", value).lower()
            if name in ADDRESSES and plain.startswith(("javascript:", "data:", "vbscript:", "//")):
                self.faults.append(f"{name}={value}")

    def handle_data(self, data: str) -> None:
        if self.inside == "application/json":
            self.islands.append(json.loads(data))
            self.inside = ""


def content(response: Any) -> bytes:
    """What was sent, with its file closed; close() would end the connection of the tests too."""
    if not response.streaming:
        return bytes(response.content)
    body = b"".join(response.streaming_content)
    if getattr(response, "file_to_stream", None) is not None:
        response.file_to_stream.close()
    return body


def readable(extension: str) -> list[tuple[Route, str]]:
    found = [(route, paths(route)) for route in routes() if route.template.endswith(extension)]
    return [(route, path) for route, every in found for path in every]


@pytest.mark.long
def test_no_page_runs_what_is_written_in_it(chief: Client) -> None:
    """Every page with every kind of record, the desk included, in both languages by turns."""
    shown, islands = set(), 0
    for at, route in enumerate(routes()):
        if not route.localised or route.name == "logout" or route.template.startswith("api/"):
            continue
        for number, path in enumerate(paths(route)[: 1 if route.desk else 2]):
            response = chief.get(("/en" if (at + number) % 2 else "") + path)
            if not response.headers["Content-Type"].startswith("text/html"):
                content(response)
                continue
            assert response.status_code in (200, 301, 302, 403, 404, 405), path
            page = Reader(response.text)
            assert page.faults == [], path
            islands += len(page.islands)
            if response.status_code == 200:
                shown.add(route.template)
    assert len(shown) > 100
    assert islands > 10


def test_a_list_holds_every_text_as_it_is(chief: Client) -> None:
    """What is refused or taken out would be safe too, but wrong."""
    names = [row["name"] for row in json.loads(content(chief.get("/projects.json")))["rows"]]
    written = list(Project.objects.order_by("pk").values_list("name", flat=True))
    assert sorted(names) == sorted(written)
    text = chief.get("/projects/?page=1").text + chief.get("/projects/?page=2").text
    for name in written:
        escaped = name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        assert escaped.replace("'", "&#x27;").replace('"', "&quot;") in text, name


def test_tables_stay_tables(chief: Client) -> None:
    """CSV: as many cells in each row, no formula, and numbers in the columns of numbers."""
    numbers = {"id", "quantity", "value", "investment", "baseline", "progress"}
    checked = 0
    for _route, path in readable(".csv"):
        for query in ("?headers=codes", ""):
            response = chief.get(path + query)
            rows = list(csv.reader(io.StringIO(content(response).decode("utf-8-sig"), newline="")))
            assert response.status_code == 200
            assert len({len(row) for row in rows}) == 1, path
            for row in rows[1:]:
                for head, cell in zip(rows[0], row, strict=True):
                    assert NUMBER.fullmatch(cell) or not FORMULA.match(cell), (path, cell)
                    if head in numbers and cell:
                        Decimal(cell)
                        checked += 1
    assert checked > 200


def test_workbooks_open_and_hold_no_formula(chief: Client) -> None:
    for _route, path in readable(".xlsx"):
        data = content(chief.get(path + "?headers=codes"))
        book = openpyxl.load_workbook(io.BytesIO(data))
        rows = 0
        for sheet in book:
            for row in sheet.iter_rows():
                rows += 1
                for cell in row:
                    assert cell.data_type not in ("f", "e"), (path, cell.value)
        assert rows > 10, path
        sheet = book.worksheets[1]
        heads = [cell.value for cell in sheet[1]]
        for head in {"id", "quantity", "value"}.intersection(map(str, heads)):
            values = [row[heads.index(head)] for row in sheet.iter_rows(2, values_only=True)]
            assert all(isinstance(value, int | float | None) for value in values), (path, head)


def test_json_is_json(chief: Client) -> None:
    feature = json.loads(content(chief.get("/projects.geojson")))["features"][0]
    assert feature["type"] == "Feature"
    for _route, path in readable(".json"):
        assert len(json.loads(content(chief.get(path)))["rows"]) > 50
    api = [route for route in routes() if route.template.startswith("api/") and route.parameters]
    for route in api:
        for path in [*paths(route)[:1], "/" + route.template.split("%")[0]]:
            response = chief.get(path)
            assert response.headers["Content-Type"] == "application/json"
            assert json.loads(response.content), path
    rows = json.loads(chief.get("/api/capacities/").content)["results"]
    assert all(isinstance(row["quantity"], int | float) for row in rows)


def test_the_data_package_can_be_read(chief: Client) -> None:
    with zipfile.ZipFile(io.BytesIO(content(chief.get("/data.zip")))) as archive:
        package = json.loads(archive.read("datapackage.json"))
        for resource in package["resources"]:
            data = archive.read(resource["path"]).decode()
            if resource["path"].endswith(".csv"):
                rows = list(csv.reader(io.StringIO(data, newline="")))
                assert len({len(row) for row in rows}) == 1, resource["path"]
                assert len(rows[0]) == len(resource["schema"]["fields"])
            else:
                json.loads(data)


def test_the_feed_and_the_calendar_can_be_read(chief: Client) -> None:
    feed = ElementTree.fromstring(content(chief.get("/changes.atom")))
    entries = feed.findall("{http://www.w3.org/2005/Atom}entry")
    assert len(entries) > 50
    for entry in entries:
        # A summary is HTML, once more escaped inside XML.
        summary = entry.findtext("{http://www.w3.org/2005/Atom}summary") or ""
        assert Reader(summary).faults == []
    data = content(chief.get("/due.ics"))
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))
    assert b"\n" not in data.replace(b"\r\n", b"")
    events = list(Calendar.from_ical(data.decode()).walk("VEVENT"))
    # None was added by a text that looks like one.
    assert len(events) == len({str(event["uid"]) for event in events})
    assert not any(str(event["summary"]) == "hacked" for event in events)
    dated = Project.objects.exclude(due=None).count()
    assert len([event for event in events if str(event["uid"]).startswith("project-")]) <= dated


def test_the_word_file_opens(chief: Client) -> None:
    data = content(chief.get("/districts/city/briefing.docx"))
    document = Document(io.BytesIO(data))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    assert len(cells) > 100
    assert not any(CONTROL.search(cell) for cell in cells)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            if name.endswith(".xml"):
                ElementTree.fromstring(archive.read(name))
        assert b"instrText" not in archive.read("word/document.xml")


@pytest.mark.parametrize("text", HOSTILE[:6] + HOSTILE[20:24])
def test_a_message_of_the_desk_shows_the_name_as_text(chief: Client, text: str) -> None:
    unit = Unit.objects.all()[0]
    page = address(Unit, "change", unit.pk)
    sent = chief.post(page, input_of(chief.get(page)) | {"name": text[:20]}, follow=True)
    assert sent.status_code == 200
    found = Reader(sent.text)
    assert found.faults == []
    assert "messagelist" in sent.text
    assert Reader(chief.get(address(Unit, "history", unit.pk)).text).faults == []


def test_the_search_and_the_reasons_repeat_what_was_typed_as_text(chief: Client) -> None:
    """Reflected: in the field, in filters in force, in what is said to be wrong, on the desk."""
    asked = [
        ("/projects/", "q"),
        ("/en/projects/", "district"),
        ("/changes/", "since"),
        ("/en/admin/projects/project/", "q"),
        ("/", "as_of"),
        ("/admin/projects/project/", "stage__exact"),
    ]
    for at, text in enumerate(HOSTILE):
        for path, name in (asked[at % 6], asked[(at + 1) % 6]):
            response = chief.get(path, {name: text})
            assert response.status_code in (200, 400), (path, text)
            assert Reader(response.text).faults == [], (path, text)


@pytest.mark.parametrize(
    "url", ["javascript:hacked=1", "JAVASCRIPT:hacked=1", "data:text/html,x", " vbscript:x", "//x"]
)
def test_a_link_to_a_script_is_refused(chief: Client, url: str) -> None:
    source = Source.objects.all()[0]
    source.url = url
    with pytest.raises(ValidationError):
        source.full_clean()
    page = address(Source, "change", source.pk)
    sent = chief.post(page, input_of(chief.get(page)) | {"url": url})
    if sent.status_code == 302:  # `//x` is taken for a host: it leads elsewhere, but runs nothing
        assert Source.objects.get(pk=source.pk).url.startswith("https://")
    else:
        assert "errorlist" in sent.text


def test_a_link_that_came_past_the_forms_is_not_one(chief: Client) -> None:
    """An import or a shell may have written anything."""
    source = Source.objects.all()[0]
    Source.objects.filter(pk=source.pk).update(url="javascript:hacked=1")
    for path in (source.get_absolute_url(), address(Source, "change", source.pk)):
        assert Reader(chief.get(path).text).faults == []


def test_no_line_of_the_log_is_forged(chief: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for text in HOSTILE:
            chief.get("/projects/" + "".join(f"%{byte:02x}" for byte in text.encode()) + "/")
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) >= len(HOSTILE)
    assert not any(re.search("[\x00-\x1f\x7f-\x9f\u202e\u2028]", line) for line in lines)


def test_the_world_is_hostile_everywhere(chief: Client) -> None:
    """Each kind of the desk has a record that would run if it could."""
    for model in DESK[:-2]:
        texts = [
            str(value)
            for row in model._default_manager.values()[:50]
            for value in row.values()
            if isinstance(value, str)
        ]
        assert any("hacked" in text or text.startswith(("=", "<")) for text in texts), model
