"""The sheet of a district goes out, comes back filled in, is looked over and taken in."""

from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook

from districts.models import District, Target
from districts.roles import Role
from projects.models import Capacity, ProgressReport, Project
from projects.sheets import saving, views
from tests.desk import address, input_of
from tests.factories import (
    change_stage,
    day,
    make_capacity,
    make_indicator,
    make_project,
    make_reading,
    make_report,
    make_segment,
    make_source,
    make_target,
    make_unit,
)
from tests.members import logged_in, make_editor
from tests.sheets import (
    MONTH,
    PAGE,
    PROJECTS,
    REPORTS,
    Office,
    as_csv,
    confirm,
    counts,
    download,
    last_entry,
    look,
    reasons,
    rows_of,
)
from zaozhuang.models import HistoryEntry, Upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def office() -> Office:
    return Office()


# Going out and coming back


def test_an_export_imported_unchanged_changes_nothing(report: None) -> None:
    """The whole city with its real data, as a workbook in both languages and as CSV of each kind."""
    client = logged_in(make_editor(role=Role.CITY_EDITOR))
    project = Project.objects.filter(stage="building")[0]
    project.note = "=SUM(A1)\r\n  @x _x0041_ 'y"
    project.note_en = "'=x"
    project.save()
    make_report(project, MONTH, percent="35.5", problem="-1 天", invested_month="0.3")
    before = last_entry()
    for language in ("", "/en"):
        page = look(client, download(client, language=language), language=language)
        added, changed, unchanged, refused = counts(page)
        assert (added, changed, refused) == (0, 0, 0), page.context["check"].rows
        assert unchanged > 80
        assert page.context["check"].blank > 0  # projects without a report yet
        answer = confirm(client, page)
        assert answer.status_code == 409
    for kind in ("reports", "projects", "capacities", "targets", "readings"):
        data = download(client, kind=kind)
        for name, bytes_ in (
            (f"{kind}.csv", data),
            ("a.csv", data.decode("utf-8-sig").encode("gb18030")),
        ):
            page = look(client, bytes_, name)
            assert counts(page)[:2] == (0, 0)
            assert counts(page)[3] == 0, reasons(page)
    assert last_entry() == before


def test_the_monthly_update_is_a_filled_in_column(office: Office) -> None:
    book = office.book()
    number = book.row(REPORTS, "Project", "隔膜项目")
    book.set(
        REPORTS, number,
        **{
            "Invested_in_the_month,_万元": 12.5, "Invested_since_January,_万元": 100,
            "Physical_progress,_%": "35", "Problem": "=缺电", "Who_solves_it": "供电公司",
            "To_be_solved_by": "2023年5月",
        },
    )  # fmt: skip
    page = look(office.client, book.data())
    assert counts(page) == (1, 0, 1, 0), reasons(page)
    assert not ProgressReport.objects.exists()
    text = page.text
    assert "=缺电" in text
    assert "2023年5月" in text
    before = last_entry()
    answer = confirm(office.client, page)
    assert answer.status_code == 302
    report = ProgressReport.objects.get()
    assert (report.project, report.month, report.invested_month, report.problem) == (
        office.project,
        date(2023, 3, 1),
        Decimal("12.5"),
        "=缺电",
    )
    assert (str(report.solve_by), report.solve_by_precision) == ("2023-05-31", "month")
    assert report.recorded_by == office.editor
    (entry,) = HistoryEntry.objects.filter(pk__gt=before)
    assert (entry.user, entry.action, entry.object_id) == (office.editor, "added", report.pk)
    assert "sheet.xlsx" in entry.reason
    assert not Upload.objects.exists()
    # The very file again says nothing new; corrected, it is refused: the report is there now.
    again = look(office.client, book.data())
    assert counts(again) == (0, 0, 2, 0)
    book.set(REPORTS, number, **{"Physical_progress,_%": 40})
    late = look(office.client, book.data())
    assert counts(late) == (0, 0, 1, 1)
    assert "there already" in reasons(late)[0][2]
    assert "zhang" in late.text
    # Downloaded anew, it can be changed.
    fresh = office.book()
    fresh.set(REPORTS, number, **{"Physical_progress,_%": 40})
    page = look(office.client, fresh.data())
    assert counts(page) == (0, 1, 1, 0)
    confirm(office.client, page)
    report.refresh_from_db()
    assert report.percent == 40


def test_every_kind_of_cell_is_shown_before_anything_is_written(office: Office) -> None:
    kept = make_project("原样项目", district=office.here)
    bad = make_project("错的项目", district=office.here)
    book = office.book()
    book.set(PROJECTS, office.row(book), Due="2024年6月", Note="=1+2", **{"Investment,_亿元": 3})
    book.set(PROJECTS, book.row(PROJECTS, "Name", "错的项目"), Due="明年", Kind="工厂")
    book.add(PROJECTS, Name="新项目", Address="new", District="甲区", Kind="park")
    before = last_entry()
    page = look(office.client, book.data())
    assert counts(page) == (1, 0, 1, 2)
    found = {row.title: row for row in page.context["check"].rows}
    assert found[str(kept)].outcome == "unchanged"
    due, kind = sorted(found[str(bad)].cells, key=lambda cell: cell.heading)
    assert (kind.heading, kind.before, kind.after) == ("Kind", "manufacturing", "工厂")
    assert "“工厂”" in kind.problem
    assert "manufacturing" in kind.expected
    assert (due.heading, due.after, due.before) == ("Due", "明年", "")
    # An investment needs its kind, as on the screen.
    assert [(c.heading, c.problem) for c in found["隔膜项目"].cells if c.problem] == [
        ("Kind of investment", "Say this too, since “Investment” is given.")
    ]
    row = book.row(PROJECTS, "Name", "错的项目")
    assert (PROJECTS, row) in {(title, number) for title, number, _why in reasons(page)}
    # Refused rows are offered as a sheet, which may be corrected and uploaded itself.
    response: Any = office.client.get(page.wsgi_request.path + "refused/")
    sheet = load_workbook(BytesIO(b"".join(response)))[PROJECTS]
    heads = [cell.value for cell in sheet[1]]
    assert sheet.max_row == 3
    why = {
        sheet.cell(n, 2).value: sheet.cell(n, heads.index("Why it was refused") + 1).value
        for n in (2, 3)
    }
    assert "“工厂”" in str(why["错的项目"])
    # All or nothing.
    answer = confirm(office.client, page)
    assert answer.status_code == 409
    assert last_entry() == before
    # Unless its reader leaves out what is refused: just that, and no more than was seen.
    assert confirm(office.client, page, without="projects:99").status_code == 409
    key = page.context["check"].refused_key
    assert confirm(office.client, page, without=key).status_code == 302
    assert Project.objects.get(slug="new").kind == "park"
    assert Project.objects.get(pk=bad.pk).due is None


def test_formula_looking_text_stays_and_real_formulas_are_refused(office: Office) -> None:
    book = office.book()
    number = office.row(book)
    sheet = book.sheet(PROJECTS)
    note = sheet.cell(number, book.column(PROJECTS, "Note"))
    assert (note.value, note.data_type, note.quotePrefix) == ("=1+1", "s", True)
    investment = sheet.cell(number, book.column(PROJECTS, "Investment, 亿元"))
    investment.value = "=2+3"
    page = look(office.client, book.data())
    assert "formula" in reasons(page)[0][2]
    text = download(office.client, kind="projects").decode("utf-8-sig")
    assert "'=1+1" in text
    assert counts(look(office.client, text.encode(), "a.csv")) == (0, 0, 1, 0)


def test_dates_that_excel_made_of_what_was_typed_keep_their_precision(office: Office) -> None:
    book = office.book()
    cell = book.sheet(PROJECTS).cell(office.row(book), book.column(PROJECTS, "Due"))
    cell.value, cell.number_format = day("2025-06-01"), "yyyy年m月"
    page = look(office.client, book.data())
    (row,) = page.context["check"].of("changed")
    assert [(c.before, c.after) for c in row.cells] == [("2024", "2025-06")]
    cell.number_format = "yyyy-mm-dd"
    (row,) = look(office.client, book.data()).context["check"].of("changed")
    assert row.cells[0].after == "2025-06-01"


def test_capacities_targets_and_readings_come_along(office: Office) -> None:
    make_unit("万吨"), make_segment("M1", name="正极材料")
    capacity = make_capacity(office.project, 4, product="隔膜")
    indicator = make_indicator(name="产值")
    target = make_target(100, "2023", district=office.here, indicator=indicator)
    reading = make_reading(10, "2022", district=office.here, indicator=indicator)
    book = office.book()
    book.set("Capacities", 2, Quantity="6.5", Segment="正极材料")
    book.add("Capacities", Project="隔膜项目", Product="电解液", Quantity=2, Unit="万吨")
    book.set("Targets", 2, Value=120, Approximate="是")
    book.add(
        "Readings", District="甲区", Indicator="产值", Period="2023-H1", Value=7, Source="公报"
    )
    page = look(office.client, book.data())
    assert counts(page) == (2, 2, 2, 0), reasons(page)
    assert confirm(office.client, page).status_code == 302
    for record in (capacity, target, reading):
        record.refresh_from_db()
    assert (capacity.quantity, str(capacity.segment)) == (Decimal("6.5"), "正极材料")
    assert (target.value, target.approximate) == (Decimal(120), True)
    made = Capacity.objects.get(product="电解液")
    # What the desk's page of a new record begins with holds for a blank cell too.
    assert (made.per_year, made.basis, made.quantity) == (True, "stated", Decimal(2))
    fresh = office.here.readings.get(period_precision="half")
    assert (fresh.value, fresh.source, bool(fresh.slug)) == (Decimal(7), office.source, True)
    # Once more: what was added is recognised, though the file has no numbers for it.
    assert counts(look(office.client, book.data())) == (0, 0, 6, 0)
    assert Target.objects.count() == 1


# Stages


def test_a_stage_is_changed_by_an_event_with_its_date(office: Office) -> None:
    book = office.book()
    number = office.row(book)
    book.set(PROJECTS, number, Stage="in production")
    page = look(office.client, book.data())
    ((_title, _number, why),) = reasons(page)
    assert "New stage: Date: This field is required." in why
    assert "New stage: Basis" in why
    book.set(PROJECTS, number, **{"New_stage:_Date": "2024-05", "New_stage:_Basis": "stated"})
    page = look(office.client, book.data())
    assert counts(page) == (0, 1, 0, 0), reasons(page)
    confirm(office.client, page)
    office.project.refresh_from_db()
    assert (office.project.stage, str(office.project.stage_since)) == ("producing", "2024-05-01")
    event = office.project.stage_changes.get(stage="producing")
    assert (event.recorded_by, event.date_precision) == (office.editor, "month")
    # A date without a new stage is no correction of the old one.
    fresh = office.book()
    fresh.set(PROJECTS, number, **{"New_stage:_Date": "2024-06"})
    assert "stays blank" in reasons(look(office.client, fresh.data()))[0][2]
    # A step back asks why, as on the screen.
    back = {"Stage": "signed", "New_stage:_Date": "2024-06", "New_stage:_Basis": "stated"}
    fresh.set(PROJECTS, number, **back)
    assert "unusual" in reasons(look(office.client, fresh.data()))[0][2]
    fresh.set(PROJECTS, number, **{"New_stage:_Note": "重新签约"})
    assert counts(look(office.client, fresh.data())) == (0, 1, 0, 0)


def test_a_new_project_comes_with_its_stage(office: Office) -> None:
    book = office.book()
    book.add(
        PROJECTS, Name="新项目", Address="new", District="甲区", Kind="park", Stage="签约",
        **{"New_stage:_Date": "2023", "New_stage:_Basis": "推断"},
    )  # fmt: skip
    page = look(office.client, book.data())
    assert counts(page) == (1, 0, 1, 0), reasons(page)
    assert confirm(office.client, page).status_code == 302
    project = Project.objects.get(slug="new")
    assert (project.stage, project.stage_basis) == ("signed", "inferred")
    assert counts(look(office.client, book.data())) == (0, 0, 2, 0)


# Two at once


def test_a_row_that_somebody_changed_meanwhile_is_refused_with_who_and_what(office: Office) -> None:
    book = office.book()
    number = office.row(book)
    city = office.city_client
    page = address(Project, "change", office.project.pk)
    assert city.post(page, input_of(city.get(page)) | {"due": "2025"}).status_code == 302
    # Untouched, the row would turn the date back.
    page = look(office.client, book.data())
    assert counts(page) == (0, 0, 0, 1)
    assert "Somebody changed this record" in reasons(page)[0][2]
    assert "shi" in page.text
    assert "2025" in page.text
    assert confirm(office.client, page).status_code == 409
    # The same value is no clash, and another cell of the row may be changed beside it.
    book.set(PROJECTS, number, Due="2025", Note="新")
    page = look(office.client, book.data())
    assert counts(page) == (0, 1, 0, 0), reasons(page)
    # A stage that was changed meanwhile is not turned back either.
    change_stage(office.project, "completed", "2024")
    page = look(office.client, book.data())
    assert "Somebody changed" in reasons(page)[0][2]
    # Nor is a number believed that no record here has come to.
    fresh = office.book()
    fresh.set(PROJECTS, number, Note="新", Version="999999999")
    assert "does not come from" in reasons(look(office.client, fresh.data()))[0][2]


def test_what_changes_between_look_and_confirmation_is_looked_at_again(office: Office) -> None:
    book = office.book()
    book.set(PROJECTS, office.row(book), Note="新")
    page = look(office.client, book.data())
    office.project.note = "旧"
    office.project.save()
    answer = confirm(office.client, page)
    assert answer.status_code == 409
    assert counts(answer) == (0, 0, 0, 1)
    office.project.refresh_from_db()
    assert office.project.note == "旧"


def test_a_write_between_the_second_look_and_the_lock_loses_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = office.book()
    book.set(PROJECTS, office.row(book), Note="新")
    page = look(office.client, book.data())

    def late(*args: Any) -> Any:
        Project.objects.filter(pk=office.project.pk).update(note="别人的")
        return saving.save(*args)

    monkeypatch.setattr(views, "save", late)
    answer = confirm(office.client, page)
    assert (answer.status_code, counts(answer)) == (409, (0, 1, 0, 0))
    office.project.refresh_from_db()
    assert office.project.note == "别人的"
    assert Upload.objects.exists()


def test_a_file_is_taken_in_once(office: Office) -> None:
    book = office.book()
    book.add("Targets", District="甲区", Indicator=str(make_indicator()), Milestone="x")
    page = look(office.client, book.data())
    assert confirm(office.client, page).status_code == 302
    assert confirm(office.client, page).status_code == 302
    assert Target.objects.count() == 1
    assert "taken in already" in office.client.get("/en" + PAGE).text


# Names


def test_names_that_read_the_same_are_told_apart(office: Office) -> None:
    twin = make_source(title="公报", slug="other-bulletin")
    book = office.book()
    number = office.row(book)
    cell = book.sheet(PROJECTS).cell(number, book.column(PROJECTS, "Source"))
    assert cell.value == f"公报 [{office.source.slug}]"
    cell.value = "公报"
    assert "Several are called" in reasons(look(office.client, book.data()))[0][2]
    cell.value = "公报 [other-bulletin]"
    page = look(office.client, book.data())
    confirm(office.client, page)
    office.project.refresh_from_db()
    assert office.project.source == twin


def test_a_file_in_one_language_is_read_in_the_other(office: Office) -> None:
    District.objects.filter(pk=office.here.pk).update(name_en="District A")
    book = office.book()
    page = look(office.client, book.data(), language="")
    assert counts(page) == (0, 0, 1, 0)
    rows = rows_of(download(office.client, kind="projects").decode("utf-8-sig"))
    rows[1][rows[0].index("区(市)")] = "District A"
    assert counts(look(office.client, as_csv(rows).encode(), "a.csv")) == (0, 0, 1, 0)
