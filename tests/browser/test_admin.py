"""The desk in a real browser, under the policy that forbids inline code and styles."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from projects.models import Project
from tests.browser.conftest import OpenPage
from tests.browser.moves import follow, log_in
from tests.factories import (
    change_stage,
    make_company,
    make_district,
    make_honour,
    make_indicator,
    make_project,
    make_segment,
    make_source,
    make_unit,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def site(live_server: LiveServer) -> str:
    """A server of this test alone, since editors write."""
    return live_server.url


@pytest.fixture
def desk(open_page: OpenPage, admin_user: User) -> Page:
    """A window logged in to the Chinese desk; any complaint of the browser fails the test."""
    page = open_page("/admin/")
    page.set_default_timeout(10_000)
    log_in(page, admin_user.get_username())
    return page


def choose(page: Page, field: str, text: str) -> None:
    """Pick a record in an autocomplete as an editor does: open, type, click."""
    page.click(f"#id_{field} + .select2-container")
    page.fill(".select2-container--open .select2-search__field", text)
    page.click(f".select2-results__option--highlighted:has-text('{text}')")


def test_a_project_is_entered_with_all_its_rows(desk: Page) -> None:
    make_district("滕州市")
    make_source(title="枣庄日报")
    make_company("丰元锂能")
    make_segment("M1", name="正极材料")
    make_unit("万吨")
    desk.goto("/admin/projects/project/")
    follow(desk, ".object-tools .addlink")
    desk.fill("#id_name", "磷酸铁锂正极材料项目")
    desk.locator("#id_name_en").press_sequentially("LFP cathode project")
    assert desk.input_value("#id_slug") == "lfp-cathode-project"
    choose(desk, "district", "滕州")
    desk.fill("#id_due", "2023年5月")
    desk.select_option("#id_due_basis", "stated")
    desk.select_option("#id_stage_changes-0-stage", "building")
    desk.fill("#id_stage_changes-0-date", "2023-Q1")
    choose(desk, "stage_changes-0-source", "枣庄")
    desk.click("#capacities-group .add-row a")
    desk.fill("#id_capacities-0-product", "磷酸铁锂")
    desk.fill("#id_capacities-0-quantity", "18")
    choose(desk, "capacities-0-unit", "万吨")
    choose(desk, "capacities-0-segment", "正极")
    desk.click("#participations-group .add-row a")
    choose(desk, "participations-0-company", "丰元")
    follow(desk, "[name=_continue] >> nth=0")
    desk.wait_for_selector(".messagelist .success")
    project = Project.objects.get(slug="lfp-cathode-project")
    assert (project.stage, str(project.due), project.due_precision) == (
        "building",
        "2023-05-31",
        "month",
    )
    assert desk.input_value("#id_due") == "2023-05"
    assert desk.input_value("#id_capacities-0-quantity") == "18"
    desk.fill("#id_due", "soon")
    follow(desk, "[name=_save] >> nth=0")
    assert "soon" in desk.inner_text(".field-due .errorlist")
    assert desk.input_value("#id_due") == "soon"


def test_the_stage_of_two_projects_is_changed_in_three_clicks(
    desk: Page, accessibility_faults: Callable[[Page], list[str]]
) -> None:
    first, second = make_project("隔膜项目", stage="signed"), make_project("铜箔项目")
    desk.goto("/admin/projects/project/")
    for project in (first, second):
        desk.check(f"input.action-select[value='{project.pk}']")
    desk.select_option("[name=action]", "change_the_stage")
    follow(desk, "button[name=index]")
    assert "隔膜项目" in desk.inner_text("#content-main")
    assert accessibility_faults_of_ours(accessibility_faults(desk)) == []
    desk.select_option("#id_stage", "building")
    desk.fill("#id_date", "2023年5月")
    follow(desk, ".submit-row [type=submit]")
    desk.wait_for_selector(".messagelist .success")
    assert [str(p.stage_since) for p in Project.objects.filter(stage="building")] == [
        "2023-05-01"
    ] * 2
    # One project: its link, what is wrong with it, and a correction; the old event stays.
    follow(desk, f"a[href$='stage/?project={first.pk}']")
    desk.select_option("#id_stage", "negotiating")
    desk.fill("#id_date", "2023-06")
    follow(desk, ".submit-row [type=submit]")
    desk.wait_for_selector(".errorlist")
    assert desk.input_value("#id_date") == "2023-06"
    desk.check("#id_corrects_1")
    desk.fill("#id_withdrawn", "认错项目")
    desk.fill("#id_note", "重新谈")
    follow(desk, ".submit-row [type=submit]")
    desk.wait_for_selector(".messagelist .success")
    desk.goto(f"/projects/{first.slug}/")
    assert "2023年5月" in desk.inner_text("del")


def accessibility_faults_of_ours(faults: list[str]) -> list[str]:
    """Without those of Django's own head, whose links only their colour tells apart."""
    return [fault for fault in faults if "breadcrumbs" not in fault and "首页" not in fault]


def test_two_windows_on_one_project(desk: Page, open_page: OpenPage) -> None:
    project = make_project("隔膜项目", note="甲")
    form = f"/admin/projects/project/{project.pk}/change/"
    desk.goto(form)
    other = desk.context.new_page()
    other.goto(form)
    other.fill("#id_name", "隔膜二期")
    follow(other, "[name=_continue] >> nth=0")
    other.wait_for_selector(".messagelist .success")
    desk.fill("#id_note", "乙")
    follow(desk, "[name=_save] >> nth=0")
    assert "隔膜二期" in desk.inner_text(".meanwhile table")
    assert (desk.input_value("#id_name"), desk.input_value("#id_note")) == ("隔膜二期", "乙")
    follow(desk, "[name=_save] >> nth=0")
    desk.wait_for_selector(".messagelist .success")
    project.refresh_from_db()
    assert (project.name, project.note) == ("隔膜二期", "乙")
    # What was wrong is taken back where it is told.
    desk.goto(f"/admin/projects/project/{project.pk}/history/")
    follow(desk, "a[href*=take_back] >> nth=0")
    assert desk.input_value("#id_note") == "甲"
    follow(desk, "[name=_save] >> nth=0")
    desk.wait_for_selector(".messagelist .success")
    project.refresh_from_db()
    assert (project.name, project.note) == ("隔膜二期", "甲")


def test_nothing_on_the_desk_needs_inline_code_or_styles(desk: Page) -> None:
    """Lists with filters, forms with rows, pickers, confirmations: the browser blocks nothing."""
    project = make_project(stage="signed", due="2023-05")
    change_stage(project, "building", "2023-05")
    make_honour()
    make_indicator()
    pages = [
        "",
        "districts/source/add/",
        "districts/district/",
        f"districts/district/{project.district.pk}/change/",
        "districts/target/add/",
        "districts/reading/",
        "projects/company/",
        "projects/company/add/",
        "projects/project/?stage__exact=building",
        f"projects/project/{project.pk}/change/",
        f"projects/project/{project.pk}/history/",
        f"projects/project/{project.pk}/delete/",
        "projects/project/deleted/",
        f"projects/project/stage/?project={project.pk}",
        "projects/stagechange/",
        "projects/stagechange/add/",
        "auth/user/",
        "auth/user/add/",
        "auth/group/add/",
        "password_change/",
    ]
    for language in ("", "/en"):
        for page in pages:
            response = desk.goto(f"{language}/admin/{page}")
            assert response is not None
            assert response.status == 200
            assert "unsafe" not in response.headers["content-security-policy"]


def test_the_policy_is_in_force(desk: Page, complaints: list[str]) -> None:
    """The control of the test above: an inline style on the desk is blocked and complained of."""
    desk.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<p id=probe style=\"color: red\">x</p>')"
    )
    colour = desk.evaluate("getComputedStyle(document.querySelector('#probe')).color")
    assert colour != "rgb(255, 0, 0)"
    assert any("Content Security Policy" in complaint for complaint in complaints)
    complaints.clear()
