"""The month's dispatch in a real browser: reported in two clicks, readable by everybody, on paper."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from projects.models import ProgressReport, Project
from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.browser.moves import follow, log_in
from tests.factories import day, make_district, make_project, make_report

pytestmark = pytest.mark.django_db(transaction=True)

MARCH = "/en/dispatch/?month=2023-03"


@pytest.fixture
def site(live_server: LiveServer) -> str:
    """A server of this test alone, since editors write."""
    return live_server.url


@pytest.fixture
def project() -> Project:
    """Not reported on in March; one project of each other light beside it."""
    place = make_district("东区", name_en="East")
    building = {"stage": "building", "since": "2023-01", "district": place}
    for name, due, percent in [
        ("甲", "2023", "30"),
        ("乙", "2023-04", "50"),
        ("丙", "2023-04", "1"),
    ]:
        planned = make_project(name, start="2023-01", due=due, **building)  # type: ignore[arg-type]
        make_report(
            planned, "2023-03", percent=percent, invested_month="1350.5", problem="供电线路迁改"
        )
    make_report(make_project("丁", **building), "2023-03", progress="打桩")  # type: ignore[arg-type]
    make_project("戊", stage="preparing", start="2023-08", since="2023-01", district=place)
    project = make_project("己", start="2023-01", due="2024", **building)  # type: ignore[arg-type]
    make_report(project, "2023-01", invested_total="900", percent="8")
    return project


def enter(page: Page, path: str, user: User) -> None:
    page.set_default_timeout(10_000)
    page.goto(path)
    log_in(page, user.get_username())


@pytest.mark.parametrize("javascript", [True, False])
def test_a_month_is_reported_in_two_clicks(
    open_page: OpenPage, admin_user: User, project: Project, javascript: bool
) -> None:
    page = open_page("", javascript=javascript)
    enter(page, f"{MARCH}&reported=no", admin_user)
    assert "reported=no" in page.url
    row = page.locator("tr", has_text="己")
    assert "grey" in row.locator(".c-light").inner_text()
    follow(page, row.get_by_role("link", name="Write the report"))
    assert page.input_value("#id_month") == "2023-03"
    assert page.locator("#id_project option:checked").inner_text() == "己"
    assert "Reported for Jan 2023: CNY 9 million." in page.inner_text(".field-invested_total")
    page.fill("#id_percent", "12")
    follow(page, page.locator("[name=_save]").first)
    assert page.url.endswith(f"{MARCH}&reported=no")
    assert page.locator(".said").count() == 1
    assert page.locator("tr", has_text="己").count() == 0
    report = ProgressReport.objects.get(project=project, month=day("2023-03-01"))
    assert report.percent == 12
    assert report.recorded_by == admin_user


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=lambda size: str(size[0]))
def test_the_page_is_fit_to_be_seen(
    open_page: OpenPage,
    admin_user: User,
    project: Project,
    size: tuple[int, int],
    accessibility_faults: Callable[[Page], list[str]],
    screenshots: Path,
) -> None:
    page = open_page("", size)
    enter(page, MARCH, admin_user)
    page.locator(".why summary").first.click()
    assert page.locator(".why dl").first.is_visible()
    faults = []
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        faults += [f"{theme}: {fault}" for fault in accessibility_faults(page)]
        page.screenshot(path=screenshots / f"dispatch-{size[0]}-{theme}.png", full_page=True)
    assert faults == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    if size == PHONE:
        page.set_viewport_size({"width": 320, "height": 640})
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
    # Six lights, six signs: nobody needs the colour.
    signs = page.locator(".light-choice .light-sign").all_inner_texts()
    assert len(set(signs)) == 6


def test_on_paper_there_are_rows_and_the_rule_but_no_tools(
    open_page: OpenPage, admin_user: User, project: Project
) -> None:
    page = open_page()
    enter(page, MARCH, admin_user)
    page.emulate_media(media="print")
    for tool in (".months", ".light-choice", ".why", ".dispatch .button"):
        assert not page.locator(tool).first.is_visible(), tool
    for part in (".dispatch .c-light .note", ".by-place", "#rules", ".print-head"):
        assert page.locator(part).first.is_visible(), part
