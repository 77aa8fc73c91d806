"""The browser, the server and what watches over them."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import DESKTOP, PHONE, OpenPage


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
