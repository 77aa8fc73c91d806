"""Hostile texts in a real browser: no script runs, no window opens, no policy is needed to stop one."""

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import ConsoleMessage, Dialog, Page
from pytest_django.live_server_helper import LiveServer

from districts.models import Source
from projects.models import Project
from tests.browser.conftest import OpenPage
from tests.browser.moves import log_in
from tests.desk import address
from tests.hostile import HOSTILE, make_world

pytestmark = pytest.mark.django_db(transaction=True)

PAGES = [
    "/", "/en/", "/projects/", "/en/projects/?page=2", "/projects/project-1/", "/districts/city/",
    "/en/districts/place-1/", "/targets/", "/chain/", "/companies/", "/changes/", "/sources/source-1/",
    "/en/figures/reading-0/", "/about/", "/districts/city/briefing/",
]  # fmt: skip


@pytest.fixture
def site(live_server: LiveServer) -> str:
    """A server of this test alone, with the world in it."""
    make_world()
    return live_server.url


def looked_at(page: Page, path: str) -> None:
    page.goto(path)
    if page.locator(".chart-canvas").count():
        page.wait_for_function(
            "() => [...document.querySelectorAll('.chart-canvas')]"
            ".every((canvas) => canvas.querySelector('svg > *'))"
        )
        # What a chart says of a mark is HTML of its own.
        for canvas in page.locator(".chart-canvas").all()[:4]:
            canvas.hover(force=True)
    assert page.evaluate("window.hacked") is None, path
    assert page.locator("x-hacked, iframe, base, main style").count() == 0, path


def test_nothing_runs(open_page: OpenPage, admin_user: User, complaints: list[str]) -> None:
    """Any complaint of the browser fails the test, so also what only the policy stopped."""
    page = open_page()
    page.set_default_timeout(20_000)
    opened: list[str] = []
    warned: list[str] = []

    def on_dialog(dialog: Dialog) -> None:
        opened.append(dialog.message)
        dialog.dismiss()

    def on_console(message: ConsoleMessage) -> None:
        warned.append(message.text)

    page.on("dialog", on_dialog)
    page.on("popup", lambda popup: opened.append(popup.url))
    page.on("console", on_console)
    for path in PAGES:
        looked_at(page, path)
    # Typed into the search, which answers in place.
    page.goto("/projects/")
    for text in HOSTILE[:8]:
        page.fill("#q", text)
        page.wait_for_timeout(100)
    assert page.evaluate("window.hacked") is None
    page.goto("/admin/")
    log_in(page, admin_user.get_username())
    project, source = Project.objects.all()[0], Source.objects.all()[0]
    for path in (
        address(Project, "changelist"),
        address(Project, "change", project.pk),
        address(Project, "history", project.pk),
        address(Source, "change", source.pk),
        address(Project, "delete", project.pk),
        "/admin/",
    ):
        looked_at(page, path)
    # An autocomplete lists what hostile records are called.
    page.goto(address(Project, "change", project.pk))
    page.click("#id_district + .select2-container")
    page.wait_for_selector(".select2-results__option >> nth=2")
    assert page.evaluate("window.hacked") is None
    assert page.locator("x-hacked").count() == 0
    assert opened == []
    assert {text for text in warned if "ermissions-Policy" in text} == set()
