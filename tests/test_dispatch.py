"""The dispatch page: who has reported, who has not, the light of each; and who may see it."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection
from django.test import Client, RequestFactory, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from django.utils.functional import SimpleLazyObject
from django.utils.timezone import localtime

from districts.roles import Role
from projects.lights import RULES
from projects.models import ProgressReport, Project
from tests.desk import address
from tests.factories import day, make_district, make_project, make_report
from tests.members import logged_in, make_editor
from zaozhuang.views import server_error

pytestmark = pytest.mark.django_db

MARCH = "/en/dispatch/?month=2023-03"


@pytest.fixture
def city() -> dict[str, Project]:
    """Five projects of two districts in March 2023, by the light that each has then."""
    root = make_district("市", slug="city", path="1/")
    east = make_district("东区", slug="east", parent=root)
    west = make_district("西区", slug="west", parent=root)
    building: dict[str, Any] = {"stage": "building", "since": "2023-01", "start": "2023"}
    found = {
        "green": make_project("甲", district=east, due="2023", **building),
        "red": make_project("乙", district=east, due="2023-04", **building),
        "grey": make_project("丙", district=east, due="2023", **building),
        "unknown": make_project("丁", district=west, **building),
        "not_due": make_project("戊", district=west, stage="preparing", start="2023-05"),
    }
    make_report(
        found["green"],
        "2023-03",
        percent="30",
        invested_month="1200.5",
        problem="供电线路",
        solver="供电公司",
        solve_by=day("2023-05-31"),
        solve_by_precision="month",
    )
    make_report(found["red"], "2023-03", percent="10", progress="=打桩", note="重新核定")
    make_report(found["grey"], "2023-01", percent="10")
    make_report(found["unknown"], "2023-02", percent="10")
    make_project("己", district=west, stage="completed")
    make_project("庚", district=west, stage="unknown")
    return found


def names(response: Any) -> set[str]:
    return {row.project.name for row in response.context["page"].object_list}


# Who may see it


@pytest.mark.parametrize("path", ["/dispatch/", "/en/dispatch/", "/dispatch.csv", "/en/dispatch.json"])  # fmt: skip
def test_it_is_for_staff_unless_the_city_publishes_it(client: Client, path: str) -> None:
    response: Any = client.get(path)
    assert response.status_code == 302
    assert response.url.endswith(f"/admin/login/?next={path}")
    client.force_login(User.objects.create_user("citizen"))
    assert client.get(path).status_code == 302
    client.force_login(User.objects.create_user("gone", is_staff=True, is_active=False))
    assert client.get(path).status_code == 302
    with override_settings(PUBLISH_DISPATCH=True):
        assert Client().get(path).status_code == 200
    client.force_login(User.objects.create_user("editor", is_staff=True))
    response = client.get(path)
    assert response.status_code == 200
    assert "private" in response["Cache-Control"]


def test_the_navigation_shows_it_to_those_who_may_see_it(client: Client) -> None:
    assert 'href="/dispatch/"' not in client.get("/about/").text
    with override_settings(PUBLISH_DISPATCH=True):
        assert 'href="/dispatch/"' in client.get("/about/").text
    client.force_login(User.objects.create_user("editor", is_staff=True))
    assert 'href="/dispatch/"' in client.get("/about/").text


def test_reports_on_a_projects_page_are_for_the_same_readers(
    client: Client, city: dict[str, Project]
) -> None:
    page = f"/en/projects/{city['green'].slug}/"
    assert "供电线路" not in client.get(page).text
    with override_settings(PUBLISH_DISPATCH=True):
        assert "供电线路" in client.get(page).text
    client.force_login(User.objects.create_user("editor", is_staff=True))
    text = client.get(page).text
    assert "供电线路" in text
    assert "CNY 12.005 million" in text
    assert 'id="reports"' not in client.get(f"/en/projects/{city['not_due'].slug}/").text


def test_the_page_of_a_breakdown_does_not_ask_who_is_reading() -> None:
    def broken() -> None:
        raise DatabaseError("gone")

    request = RequestFactory().get("/")
    request.user = SimpleLazyObject(broken)  # type: ignore[assignment]
    response = server_error(request)
    assert response.status_code == 500
    assert "<h1>" in response.content.decode()


# What it shows


def test_a_month_lists_what_was_prepared_or_built(
    admin_client: Client, city: dict[str, Project]
) -> None:
    response: Any = admin_client.get(MARCH)
    rows = {row.project.name: row for row in response.context["page"].object_list}
    assert {name: row.light.colour.value for name, row in rows.items()} == {
        project.name: colour for colour, project in city.items()
    }
    assert {name for name, row in rows.items() if row.report} == {"甲", "乙"}
    assert {str(row.light.day) for row in rows.values()} == {"2023-03-31"}
    text = response.text
    assert "Mar 2023: <b>5</b> projects are being prepared or built, 2 reported on, <b>3</b> not" in text  # fmt: skip
    assert "1 project whose stage is not stated is not listed" in text
    assert "CNY 12.005 million" in text
    assert "供电线路" in text
    assert "by May 2023" in text
    assert "last report: Jan 2023" in text
    assert text.count("Construction has not begun, and its planned start is not due before") == 2
    assert "10 to 30 points behind" in text


def test_counts_by_district_cover_the_month_whatever_is_chosen(
    admin_client: Client, city: dict[str, Project]
) -> None:
    response: Any = admin_client.get(f"{MARCH}&district=west&light=unknown")
    assert names(response) == {"丁"}
    counts = [
        (count.district.slug, count.projects, count.reported, count.missing)
        for count in response.context["month"].counts
    ]
    assert counts == [("east", 3, 2, 1), ("west", 2, 0, 2)]
    east = {colour.value: count for colour, count in response.context["month"].counts[0].lights}
    assert east == {"red": 1, "yellow": 0, "green": 1, "grey": 1, "not_due": 0, "unknown": 0}
    # Beside a light stands what choosing it would show.
    west = {colour.value: count for colour, count in response.context["lights"]}
    assert west == {"red": 0, "yellow": 0, "green": 0, "grey": 0, "not_due": 1, "unknown": 1}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("district=east", "甲乙丙"),
        ("district=city", "甲乙丙丁戊"),
        ("district=east&district=west", "甲乙丙丁戊"),
        ("light=red&light=green", "甲乙"),
        ("light=red&district=west", ""),
        ("reported=yes", "甲乙"),
        ("reported=no", "丙丁戊"),
        ("reported=no&reported=yes", "甲乙丙丁戊"),
        ("reported=no&light=grey&district=east", "丙"),
        ("month=2023-03&page=&utm_source=x", "甲乙丙丁戊"),
    ],
)
def test_filters_narrow_down(
    admin_client: Client, city: dict[str, Project], query: str, found: str
) -> None:
    response = admin_client.get(f"{MARCH}&{query}")
    assert names(response) == set(found)
    exported = admin_client.get(f"/dispatch.csv?month=2023-03&headers=codes&{query}")
    rows = list(csv.DictReader(io.StringIO(exported.getvalue().decode())))
    assert {row["project_name"] for row in rows} == set(found)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("month=May", "month"),
        ("month=2023-13", "month"),
        ("month=2023-03-01", "month"),
        ("month=9999-12", "month"),
        ("month=2023-03%00", "month"),
        ("district=nowhere", "district"),
        ("district=%00", "district"),
        ("light=blue", "light"),
        ("reported=maybe", "reported"),
        ("page=0", "page"),
    ],
)
def test_a_wrong_value_is_refused_by_name(admin_client: Client, query: str, name: str) -> None:
    paths = ["/dispatch/", "/en/dispatch/"] + ([] if name == "page" else ["/dispatch.csv"])
    for path in paths:
        response: Any = admin_client.get(f"{path}?{query}")
        assert response.status_code == 400, path
        assert list(response.context["errors"]) == [name]
    for form in ("csv", "xlsx", "json"):
        assert admin_client.get(f"/dispatch.{form}?headers=x").status_code == 400


def test_only_safe_methods_and_only_pages_there_are(admin_client: Client) -> None:
    assert admin_client.post("/dispatch/").status_code == 405
    assert admin_client.head("/dispatch/").status_code == 200
    assert admin_client.get("/dispatch/?page=2").status_code == 404


# Months


def test_without_a_month_it_is_this_one_judged_today(
    admin_client: Client, city: dict[str, Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("projects.dispatch", "zaozhuang.inputs"):
        monkeypatch.setattr(f"{module}.today", lambda: day("2023-04-10"))
    response: Any = admin_client.get("/en/dispatch/")
    month = response.context["month"]
    assert (month.period.iso, str(month.day)) == ("2023-04", "2023-04-10")
    assert (month.before.iso, month.after) == ("2023-03", None)
    assert "month=2023-03" in response.text
    assert admin_client.get("/en/dispatch/?month=2023-05").status_code == 400
    march: Any = admin_client.get(f"{MARCH}&district=east&page=1")
    assert march.context["month"].after.iso == "2023-04"
    assert 'href="?month=2023-04&amp;district=east"' in march.text
    # Of two months that end and begin in the same year or not.
    january: Any = admin_client.get("/dispatch/?month=2023年1月")
    assert january.context["month"].before.iso == "2022-12"
    first: Any = admin_client.get("/dispatch/?month=0001-01")
    assert first.context["month"].before is None


def test_a_month_is_shown_as_it_stood(admin_client: Client, city: dict[str, Project]) -> None:
    """Stages of the day, reports up to the month."""
    january: Any = admin_client.get("/en/dispatch/?month=2023-01")
    assert names(january) == {"甲", "乙", "丙", "丁"}
    assert january.context["reported"] == 1
    response: Any = admin_client.get("/en/dispatch/?month=2022-12")
    assert "no project was being prepared or built in this month" in response.text


# Honest where nothing has been reported


def test_the_reports_own_data_has_no_monthly_report_and_the_page_says_so(
    report: None, admin_client: Client
) -> None:
    assert not ProgressReport.objects.exists()
    assert not Project.objects.exclude(planned_start=None).exists()
    for month in ("2023-02", "2023-03", "2026-11"):
        response: Any = admin_client.get(f"/en/dispatch/?month={month}")
        rows = response.context["page"].object_list
        assert len(rows) > 5
        assert "No monthly report has been entered so far" in response.text
        assert {row.light.colour.value for row in rows} == {"grey"}
        assert {row.light.because for row in rows} == {"never reported on"}
    chinese = admin_client.get("/dispatch/?month=2023-02").text
    assert "2023年2月" in chinese


# Taken along


def test_the_other_formats_hold_the_same_rows_and_say_by_which_rules(
    admin_client: Client, city: dict[str, Project]
) -> None:
    query = "month=2023-03&district=east&headers=codes"
    exported = admin_client.get(f"/en/dispatch.csv?{query}")
    rows = list(csv.DictReader(io.StringIO(exported.getvalue().decode())))
    told: Any = admin_client.get(f"/en/dispatch.json?{query}")
    answer = json.loads(told.getvalue())
    assert [row["project"] for row in answer["rows"]] == [row["project"] for row in rows]
    assert answer["filters"] == {"month": ["2023-03"], "district": ["east"]}
    assert (answer["as_of"], answer["count"]) == ("2023-03-31", len(rows))
    green = next(row for row in answer["rows"] if row["project_name"] == "甲")
    assert (green["invested_month"], green["reported"]) == (1200.5, True)
    book: Any = admin_client.get(f"/en/dispatch.xlsx?{query}")
    cover, sheet = openpyxl.load_workbook(io.BytesIO(book.getvalue())).worksheets
    assert Client().get("/en/dispatch.xlsx").status_code == 302
    head, *lines = sheet.values
    assert list(head) == list(rows[0])
    assert [line[1] for line in lines] == [row["project"] for row in rows]
    text = "\n".join(str(cell) for line in cover.values for cell in line if cell)
    assert "2023-03-31" in text
    with translation.override("en"):
        assert all(rule.text in text for rule in RULES)


def test_the_csv_names_each_cell(admin_client: Client, city: dict[str, Project]) -> None:
    response: Any = admin_client.get("/en/dispatch.csv?month=2023-03&headers=codes")
    rows = {row["project_name"]: row for row in csv.DictReader(io.StringIO(response.getvalue().decode()))}  # fmt: skip
    report = city["green"].reports.get()
    green = rows["甲"]
    assert green.pop("recorded_at")[:10] == f"{localtime(report.recorded_at):%Y-%m-%d}"
    assert green == {
        "id": str(city["green"].pk),
        "project": city["green"].slug,
        "project_name": "甲",
        "district_code": city["green"].district.code,
        "district": "东区",
        "stage": "building",
        "planned_start": "2023",
        "due": "2023",
        "light": "green",
        "light_label": "green",
        "because": "30% done, 24.7% of the time gone: 5.3 points ahead",
        "rule": "Progress is less than 10 points behind the share of the planned time that has passed, or ahead of it.",
        "as_of": "2023-03-31",
        "reported": "true",
        "month": "2023-03",
        "invested_month": "1200.5",
        "invested_year": "",
        "invested_total": "",
        "unit": "万元",
        "percent": "30",
        "progress": "",
        "problem": "供电线路",
        "solver": "供电公司",
        "solve_by": "2023-05",
        "note": "",
    }
    assert rows["乙"]["progress"] == "'=打桩"
    silent = rows["丙"]
    assert (silent["reported"], silent["light"], silent["because"]) == (
        "false",
        "grey",
        "last report: Jan 2023",
    )
    # A light rests on an older report; its figures are not passed off as this month's.
    assert {silent[name] for name in ("month", "percent", "unit", "recorded_at")} == {""}
    assert "dispatch-" in response["Content-Disposition"]
    assert "month-2023-03" in response["Content-Disposition"]


# The quick way to report


def test_a_row_leads_to_its_report_and_back(admin_client: Client, city: dict[str, Project]) -> None:
    here = "/en/dispatch/?month=2023-03&district=east"
    response: Any = admin_client.get(here)
    back = "next=%2Fen%2Fdispatch%2F%3Fmonth%3D2023-03%26district%3Deast"
    add = f"/en{address(ProgressReport, 'add')}?project={city['grey'].pk}&month=2023-03&{back}"
    change = f"/en{address(ProgressReport, 'change', city['green'].reports.get().pk)}?{back}"
    assert f'href="{add.replace("&", "&amp;")}"' in response.text
    assert f'href="{change}"' in response.text
    form = admin_client.get(add).context["adminform"].form
    assert (form["project"].value(), form["month"].value()) == (str(city["grey"].pk), "2023-03")
    given = {"project": form["project"].value(), "month": "2023-03", "percent": "25"}
    saved: Any = admin_client.post(add, given)
    assert (saved.status_code, saved.url) == (302, here)
    response = admin_client.get(here)
    assert 'class="said"' in response.text
    assert response.context["month"].missing == 2


def test_links_to_write_are_for_those_who_may(city: dict[str, Project]) -> None:
    """Of 甲, 乙 and 丙 in the east and 丁 and 戊 in the west, 甲 and 乙 have reported."""

    def links(user: User) -> tuple[int, int]:
        text = logged_in(user).get(MARCH).text
        return text.count("Write the report"), text.count(">Correct<")

    east, west = city["green"].district, city["unknown"].district
    assert links(make_editor(role=Role.VIEWER)) == (0, 0)
    assert links(make_editor(east)) == (1, 2)
    assert links(make_editor(west)) == (2, 0)
    assert links(make_editor(role=Role.CITY_EDITOR)) == (3, 2)
    with override_settings(PUBLISH_DISPATCH=True):
        assert "Write the report" not in Client().get(MARCH).text


# Queries


@pytest.fixture
def count(admin_client: Client) -> Callable[[str], int]:
    def ask(path: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            response = admin_client.get(path)
            assert response.status_code == 200
            b"".join(response) if response.streaming else response.content
        return len(queries)

    return ask


def test_queries_do_not_grow_with_the_projects(
    count: Callable[[str], int], city: dict[str, Project]
) -> None:
    paths = [MARCH, f"{MARCH}&district=east&light=green", "/en/dispatch.csv?month=2023-03"]
    page = f"/en/projects/{city['green'].slug}/"
    few = [count(path) for path in [*paths, page]]
    for number in range(30):
        place = make_district(parent=city["green"].district)
        project = make_project(district=place, stage="building", since="2023-01", start="2023")
        make_report(project, "2023-03", percent="5", problem="用地")
        make_report(city["green"], f"{2010 + number // 12}-{number % 12 + 1:02}", percent="1")
    assert [count(path) for path in [*paths, page]] == few
    # Session and user; projects, their reports, those not stated, any report at all; filters.
    assert few[0] == 6
    assert max(few) <= 12


def test_the_rule_is_published_on_the_page_about_the_tracker(client: Client) -> None:
    with override_settings(LIGHT_BEHIND_RED=35):
        text = client.get("/en/about/").text
    assert "more than 35 points behind" in text
    assert 'id="lights"' in text


def test_chinese_readers_get_the_lights_in_words(
    admin_client: Client, city: dict[str, Project]
) -> None:
    with translation.override("zh-hans"):
        text = admin_client.get("/dispatch/?month=2023-03&light=red").text
    assert "2023年3月" in text
    assert '<html lang="zh-Hans">' in text
