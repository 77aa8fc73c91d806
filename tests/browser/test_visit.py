"""The browser, the server and what watches over them."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import DESKTOP, PHONE, OpenPage, Visitors


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("path", ["/", "/en/"])
def test_the_first_page_opens(open_page: OpenPage, path: str, size: tuple[int, int]) -> None:
    page = open_page(path, size)
    assert page.title()
    assert page.locator("main").is_visible()
    # Nothing may be wider than the window.
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_without_javascript(open_page: OpenPage) -> None:
    page = open_page("/", javascript=False)
    assert page.locator("main").is_visible()


def test_nothing_of_a_visitor_is_left_to_the_next(visitors: Visitors, site: str) -> None:
    found = "[document.cookie, localStorage.getItem('kept'), sessionStorage.getItem('kept')]"
    visitor = visitors.enter(site, accept_downloads=False)
    for expected in (["kept=1", "1", "1"], ["", None, None]):
        page = visitor.new_page()
        page.goto("/about/")
        if expected[0]:
            page.evaluate(
                "document.cookie = 'kept=1';"
                "localStorage.setItem('kept', 1); sessionStorage.setItem('kept', 1)"
            )
        assert page.evaluate(found) == expected
        visitors.leave(visitor, site, accept_downloads=False)
        assert visitors.enter(site, accept_downloads=False) is visitor
    visitor.close()


def test_a_first_visit_brings_every_file(open_page: OpenPage) -> None:
    """The cache of a visitor is one, and is empty when it shall be."""
    sent = """performance.getEntriesByType("resource")
        .filter((file) => ["link", "script"].includes(file.initiatorType))
        .map((file) => file.transferSize)"""
    page = open_page("/", fresh=True)
    assert min(page.evaluate(sent)) > 0
    page.goto("/about/")
    assert page.evaluate(sent) == [0, 0]


def test_static_files_keep_for_ever(page: Page) -> None:
    with page.expect_response(lambda response: "/static/" in response.url) as caught:
        page.goto("/")
    assert "immutable" in caught.value.headers["cache-control"]


def test_the_watch_sees_errors(page: Page, complaints: list[str]) -> None:
    page.goto("/")
    page.evaluate("console.error('from the test')")
    page.evaluate("setTimeout(() => { throw new Error('thrown') })")
    page.wait_for_timeout(100)
    assert [line.partition(": ")[2] for line in complaints] == ["from the test", "thrown"]
    complaints.clear()


def test_the_watch_sees_what_the_policy_blocks(page: Page, complaints: list[str]) -> None:
    page.goto("/")
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: '1'}))"
    )
    page.wait_for_timeout(100)
    assert any("content security policy" in line.lower() for line in complaints)
    complaints.clear()


def test_the_watch_sees_other_hosts(page: Page, complaints: list[str]) -> None:
    page.goto("/")
    page.evaluate("fetch('http://elsewhere.invalid/').catch(() => 0)")
    page.wait_for_timeout(100)
    assert complaints
    complaints.clear()


def test_axe_runs_under_the_policy(
    page: Page, accessibility_faults: Callable[[Page], list[str]]
) -> None:
    page.goto("/")
    page.evaluate("document.querySelector('main').append(document.createElement('img'))")
    page.locator("main img").evaluate(
        "image => image.src = document.querySelector('.brand img').src"
    )
    assert any(fault.startswith("image-alt") for fault in accessibility_faults(page))
