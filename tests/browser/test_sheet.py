"""A district's monthly update through Excel: downloaded, filled in, looked over, saved."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from districts.roles import Role
from projects.models import ProgressReport
from tests.browser.conftest import PHONE, OpenPage
from tests.browser.moves import follow, log_in
from tests.factories import make_district, make_project
from tests.members import make_editor

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def site(live_server: LiveServer) -> str:
    """A server of this test alone, since editors write."""
    return live_server.url


@pytest.mark.parametrize("javascript", [True, False])
def test_the_monthly_update_through_excel(
    open_page: OpenPage,
    accessibility_faults: Callable[[Page], list[str]],
    tmp_path: Path,
    javascript: bool,
) -> None:
    here = make_district("甲区")
    make_project("隔膜项目", stage="building", since="2023-01-01", district=here)
    make_project("铜箔项目", stage="preparing", since="2023-01-01", district=here)
    editor = make_editor(here, name="li", password="a-long-password")
    page = open_page("/admin/", javascript=javascript)
    page.set_default_timeout(10_000)
    log_in(page, "li", "a-long-password")
    follow(page, '.desk-ways a[href$="/sheet/"]')
    if javascript:
        assert ours(accessibility_faults(page)) == []
    with page.expect_download() as downloading:
        page.click("text=下载 Excel 表")
    file = tmp_path / "表格.xlsx"
    downloading.value.save_as(file)
    book = load_workbook(file)
    sheet = book["月调度"]
    heads = [cell.value for cell in sheet[1]]
    typed: list[tuple[Any, float]] = [(35, 12.5), ("很多", 3)]
    for row, (percent, invested) in enumerate(typed, 2):
        sheet.cell(row, heads.index("形象进度，%") + 1).value = percent
        sheet.cell(row, heads.index("当月完成投资，万元") + 1).value = invested
    book.save(file)
    page.set_input_files("#id_sheet", file)
    follow(page, "text=核对 >> nth=-1")
    assert "很多" in page.inner_text(".sheet-refused .sheet-wrong")
    assert page.inner_text(".sheet-counts .sheet-refused strong") == "1"
    assert not ProgressReport.objects.exists()
    if javascript:
        assert ours(accessibility_faults(page)) == []
    with page.expect_download() as downloading:
        page.click("text=下载不能接受的行及原因")
    downloading.value.save_as(tmp_path / "refused.xlsx")
    # What was refused is corrected in the file and uploaded again.
    sheet.cell(3, heads.index("形象进度，%") + 1).value = 8
    book.save(file)
    follow(page, "text=上传另一个文件")
    page.set_input_files("#id_sheet", file)
    follow(page, "form[enctype] button")
    follow(page, "text=保存 2 行")
    page.wait_for_selector(".messagelist .success")
    reports = ProgressReport.objects.order_by("percent")
    assert [(str(r.percent), r.recorded_by) for r in reports] == [
        ("8.00", editor),
        ("35.00", editor),
    ]
    if javascript:
        phone = page.context.new_page()
        phone.set_viewport_size({"width": 320, "height": PHONE[1]})
        phone.goto("/admin/projects/project/sheet/")
        assert phone.evaluate("document.documentElement.scrollWidth") <= 320


def test_a_sheet_waits_for_the_city_and_is_approved(
    open_page: OpenPage, tmp_path: Path, settings: Any, screenshots: Path
) -> None:
    """The month through Excel where the city approves first: nothing counts before it does."""
    settings.REVIEW = "approval"
    here = make_district("甲区")
    make_project("隔膜项目", stage="building", since="2023-01-01", district=here)
    editor = make_editor(here, name="li", password="a-long-password")
    make_editor(role=Role.CITY_EDITOR, name="shi", password="a-long-password")

    def enter(name: str) -> Page:
        page = open_page("/admin/")
        page.set_default_timeout(10_000)
        log_in(page, name, "a-long-password")
        return page

    page = enter("li")
    follow(page, '.desk-ways a[href$="/sheet/"]')
    with page.expect_download() as downloading:
        page.click("text=下载 Excel 表")
    file = tmp_path / "表格.xlsx"
    downloading.value.save_as(file)
    book = load_workbook(file)
    sheet = book["月调度"]
    heads = [cell.value for cell in sheet[1]]
    sheet.cell(2, heads.index("形象进度，%") + 1).value = 35
    book.save(file)
    page.set_input_files("#id_sheet", file)
    follow(page, "text=核对 >> nth=-1")
    page.screenshot(path=screenshots / "sheet-compared.png", full_page=True)
    follow(page, ".sheet-result form[method=post] button >> nth=0")
    page.wait_for_selector(".messagelist li")
    page.screenshot(path=screenshots / "sheet-waits.png", full_page=True)
    assert not ProgressReport.objects.exists()
    city = enter("shi")
    city.goto("/admin/districts/draft/?state__exact=submitted")
    city.check("#action-toggle")
    city.select_option("[name=action]", "approve_selected")
    city.screenshot(path=screenshots / "sheet-approved.png", full_page=True)
    follow(city, "button[name=index]")
    city.wait_for_selector(".messagelist .success")
    report = ProgressReport.objects.get()
    assert (str(report.percent), report.recorded_by) == ("35.00", editor)


def ours(faults: list[str]) -> list[str]:
    """Without those of Django's own head."""
    return [fault for fault in faults if "breadcrumbs" not in fault and "首页" not in fault]
