"""Whose rows a sheet holds and takes, and what becomes of them where the city approves."""

from datetime import datetime
from decimal import Decimal

import pytest
from django.test import Client, override_settings

from districts.models import Draft
from districts.roles import Role
from projects.models import ProgressReport
from tests.desk import address
from tests.factories import (
    make_indicator,
    make_project,
    make_report,
)
from tests.members import logged_in, make_editor
from tests.sheets import (
    MONTH,
    PAGE,
    PROJECTS,
    REPORTS,
    Book,
    Office,
    confirm,
    counts,
    last_entry,
    look,
    reasons,
    upload,
)
from zaozhuang.models import Upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def office() -> Office:
    return Office()


# Who may what


def test_only_own_rows_go_out(office: Office) -> None:
    book = office.book()
    names = [row[1].value for row in book.sheet(PROJECTS).iter_rows(min_row=2)]
    assert "邻区项目" not in names
    offered = {cell.value for row in book.sheet("Choices").iter_rows(min_row=2) for cell in row}
    assert "甲区" in offered
    assert "乙区" not in offered
    assert "邻区项目" not in offered


def test_records_of_another_district_are_refused(office: Office) -> None:
    """By a typed number, by moving there or from there, by naming it in a new row."""
    report = make_report(office.other, "2023-02", percent="1")
    moved = make_project("搬走的", district=office.here)
    book = office.book()
    number = office.row(book)
    # Taken while it was ours; the city has given it to the neighbour since.
    moved.district = office.there
    moved.save()
    book.set(PROJECTS, book.row(PROJECTS, "Name", "搬走的"), Note="还是我的")
    book.set(PROJECTS, number, District="乙区")
    book.add(PROJECTS, Number=str(office.other.pk), Name="抢来的")
    book.add(PROJECTS, Name="新的", Address="new", District="乙区", Kind="park")
    book.add(REPORTS, Project="邻区项目", Month=MONTH, **{"Physical_progress,_%": 3})
    book.add(REPORTS, Number=str(report.pk), Project="邻区项目", Month="2023-02", Note="x")
    book.add("Capacities", Project="邻区项目", Product="隔膜")
    book.add("Readings", District="全市", Indicator=str(make_indicator()), Period="2023", Value=1)
    before = last_entry()
    page = look(office.client, book.data())
    assert counts(page) == (0, 0, 0, 8), page.context["check"].rows
    assert all("You may not write" in why for _title, _number, why in reasons(page))
    assert confirm(office.client, page).status_code == 409
    assert last_entry() == before
    # The city may all of it, but for the project that is not ours to name twice.
    assert counts(look(office.city_client, book.data()))[3] < 8


def test_identifiers_are_locked_in_the_file_and_when_it_comes_back(office: Office) -> None:
    book = office.book()
    sheet = book.sheet(PROJECTS)
    number = office.row(book)
    assert sheet.protection.sheet
    locked = {
        heading: sheet.cell(number, book.column(PROJECTS, heading)).protection.locked
        for heading in ("Number", "Version", "Address", "Name", "Due", "Stage")
    }
    assert [name for name, is_locked in locked.items() if is_locked] == [
        "Number",
        "Version",
        "Address",
    ]
    rules = {str(rule.sqref).rstrip("0123456789") for rule in sheet.data_validations.dataValidation}
    assert rules
    book.set(PROJECTS, number, Address="another")
    assert "which record the row is" in reasons(look(office.client, book.data()))[0][2]


@pytest.mark.parametrize("role", [Role.VIEWER, None])
def test_who_writes_nothing_has_no_sheet(office: Office, role: str | None) -> None:
    client = logged_in(make_editor(office.here, role=role)) if role else Client()
    data = office.book().data()
    page = look(office.client, data).wsgi_request.path
    for where in (PAGE, PAGE + "download/", page, page + "refused/"):
        for answer in (client.get(where), client.post(where)):
            assert answer.status_code == (403 if role else 302), where
    assert upload(client, data).status_code == (403 if role else 302)


def test_the_file_of_another_editor_is_not_seen(office: Office) -> None:
    book = office.book()
    book.set(PROJECTS, office.row(book), Note="新")
    page = look(office.client, book.data())
    for answer in (
        office.city_client.get(page.wsgi_request.path),
        confirm(office.city_client, page),
        office.city_client.get(page.wsgi_request.path + "refused/"),
    ):
        assert answer.status_code == 302
        assert answer.headers["Location"].endswith(PAGE)
    assert Upload.objects.count() == 1
    Upload.objects.update(at=datetime(2023, 1, 1, tzinfo=Upload.objects.get().at.tzinfo))
    assert confirm(office.client, page).status_code == 302
    office.project.refresh_from_db()
    assert office.project.note == "=1+1"
    look(office.client, book.data())
    assert Upload.objects.count() == 1  # the old one was thrown away


# Review


@override_settings(REVIEW="approval")
def test_under_review_rows_become_drafts(office: Office) -> None:
    book = office.book()
    number = office.row(book)
    book.set(PROJECTS, number, Note="新", Stage="completed")
    book.set(PROJECTS, number, **{"New_stage:_Date": "2024-05", "New_stage:_Basis": "stated"})
    book.set(REPORTS, 2, **{"Physical_progress,_%": 35})
    page = look(office.client, book.data())
    assert counts(page) == (1, 1, 0, 0), reasons(page)
    before = last_entry()
    assert confirm(office.client, page).status_code == 302
    assert last_entry() == before
    changed, added = Draft.objects.submitted().order_by("model", "pk").reverse()
    assert (changed.action, changed.author, changed.place) == ("change", office.editor, office.here)
    # Sent again, they are not kept twice.
    again = look(office.client, book.data())
    assert again.context["waiting"] == 2
    assert confirm(office.client, again).status_code == 409
    assert Draft.objects.count() == 2
    for draft in (changed, added):
        page = address(Draft, "change", draft.pk)
        assert office.city_client.post(page, {"decision": "approve"}).status_code == 302
    office.project.refresh_from_db()
    assert (office.project.note, office.project.stage) == ("新", "completed")
    report = ProgressReport.objects.get()
    assert (report.percent, report.recorded_by) == (Decimal(35), office.editor)
    # What the city itself uploads takes effect at once.
    city = Book(office.city_client)
    city.set(PROJECTS, office.row(city), Note="市里的")
    assert confirm(office.city_client, look(office.city_client, city.data())).status_code == 302
    office.project.refresh_from_db()
    assert office.project.note == "市里的"
