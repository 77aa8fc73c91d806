"""A district's month in the browser, from the log-in to the approval and to what readers see."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from districts.models import District, Draft
from districts.roles import Role
from projects.models import ProgressReport, Project, StageChange
from tests.browser.conftest import OpenPage
from tests.browser.moves import follow, log_in
from tests.factories import make_district, make_project
from tests.members import make_editor
from zaozhuang.dates import PartialDate, Precision, today
from zaozhuang.models import HistoryEntry

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "four horses, one staple"
MONTH = PartialDate.containing(today(), Precision.MONTH)


@pytest.fixture
def site(live_server: LiveServer, settings: Any) -> str:
    settings.REVIEW = "approval"
    return live_server.url


@pytest.fixture
def district() -> District:
    return make_district("滕州市")


@pytest.fixture
def desk_of(open_page: OpenPage) -> Callable[[User], Page]:
    def enter(user: User) -> Page:
        page = open_page("/admin/")
        page.set_default_timeout(20_000)
        log_in(page, user.get_username(), PASSWORD)
        page.wait_for_selector("#desk-title")
        return page

    return enter


def lists(page: Page) -> list[str]:
    return page.locator(".desk-list h3").all_inner_texts()


def test_a_month_from_the_log_in_to_the_approval(
    desk_of: Callable[[User], Page],
    accessibility_faults: Callable[[Page], list[str]],
    district: District,
) -> None:
    project = make_project("隔膜项目", stage="building", since="2023-02", district=district)
    other = make_project("铜箔项目", stage="signed", district=district)
    zhang = make_editor(district, name="zhang", last_name="张", first_name="三", password=PASSWORD)
    shi = make_editor(role=Role.CITY_EDITOR, name="shi", last_name="史", first_name="四", password=PASSWORD)  # fmt: skip

    # The district reports; what is sent is no longer asked for.
    page = desk_of(zhang)
    assert faults_of_ours(accessibility_faults(page)) == []
    assert lists(page)[0] == f"{MONTH.label}尚无月报"
    follow(page, ".desk-row-ways a:has-text('填报')")
    assert page.input_value("#id_month") == MONTH.iso
    page.fill("#id_invested_month", "1200")
    page.fill("#id_percent", "35")
    page.fill("#id_problem", "供电线路未通")
    page.fill("#id_solver", "市供电公司")
    follow(page, "[name=_save] >> nth=0")
    page.wait_for_selector(".messagelist .warning")
    assert lists(page)[0] == "等待市级审核的草稿"
    assert not any("尚无月报" in title for title in lists(page))

    # A stage is changed in three clicks, counted from the first page.
    clicks = 0
    for target in (".desk-ways a >> nth=0", f"a.act[href$='project={other.pk}']", ".submit-row [type=submit] >> nth=0"):  # fmt: skip
        if clicks == 2:
            page.select_option("#id_stage", "preparing")
            page.fill("#id_date", MONTH.iso)
        follow(page, target)
        clicks += 1
    page.wait_for_selector(".messagelist .warning")
    assert clicks <= 3
    assert [ProgressReport.objects.count(), StageChange.objects.filter(project=other).count()] == [0, 1]  # fmt: skip

    # The city sees old and new, and returns the report.
    city = desk_of(shi)
    assert lists(city)[0] == "待您审核的草稿"
    follow(city, ".desk-list a:has-text('铜箔项目')")
    assert city.inner_text(".desk-differences del") == "签约"
    assert faults_of_ours(accessibility_faults(city)) == []
    city.go_back()
    follow(city, f".desk-list a:has-text('{MONTH.label}')")
    assert "供电线路未通" in city.inner_text(".desk-differences")
    city.fill("#remark", "请补充资金来源")
    follow(city, "[value=return]")
    city.wait_for_selector(".messagelist .success")

    # The district finds the remark, corrects and sends it again.
    page.goto("/admin/")
    assert lists(page)[0] == "退回给您修改的草稿"
    assert "请补充资金来源" in page.inner_text(".desk-list >> nth=0")
    follow(page, ".desk-list >> nth=0 >> li a")
    follow(page, "a[href*='draft=']")
    assert page.input_value("#id_problem") == "供电线路未通"
    page.fill("#id_note", "资金来源：企业自筹")
    follow(page, "[name=_save] >> nth=0")
    page.wait_for_selector(".messagelist .warning")

    # The city approves both at once.
    city.goto("/admin/districts/draft/?state__exact=submitted")
    city.check("#action-toggle")
    city.select_option("[name=action]", "approve_selected")
    follow(city, "button[name=index]")
    city.wait_for_selector(".messagelist .success")
    assert set(Draft.objects.values_list("state", flat=True)) == {"approved"}
    report = ProgressReport.objects.get()
    assert (report.recorded_by, report.note) == (zhang, "资金来源：企业自筹")

    # Everybody sees the stage, the staff the report, and the history who, what and who approved.
    city.goto(f"/projects/{other.slug}/")
    assert "前期" in city.inner_text("main")
    city.goto(f"/dispatch/?month={MONTH.iso}")
    row = city.locator(".dispatch tr", has_text=project.name)
    assert "供电线路未通" in row.inner_text()
    assert "35%" in row.inner_text()
    city.goto(f"/admin/projects/progressreport/{report.pk}/history/")
    told = city.inner_text("#content-main")
    assert "张三" in told
    assert "供电线路未通" in told
    assert HistoryEntry.objects.get(model="projects.progressreport").reason == "approved by shi"
    assert Project.objects.get(pk=other.pk).stage == "preparing"


def faults_of_ours(faults: list[str]) -> list[str]:
    """Without those of Django's own head, whose links only their colour tells apart."""
    return [fault for fault in faults if "breadcrumbs" not in fault and "首页" not in fault]
