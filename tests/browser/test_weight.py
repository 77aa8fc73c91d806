"""What a page costs a reader: bytes on the wire, and things that move while it loads."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import DESKTOP, PHONE, OpenPage

KB = 1000
WITHOUT_CHARTS = 60 * KB
WITH_CHARTS = 330 * KB
SHIFT = 0.05

WATCH_SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({type: "layout-shift", buffered: true});
"""


@pytest.fixture
def transferred(page: Page) -> Callable[[str], dict[str, int]]:
    """Opens an address with an empty cache; the bytes of each answer with its head, as sent."""

    def load(address: str) -> dict[str, int]:
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        urls: dict[str, str] = {}
        sizes: dict[str, int] = {}

        def asked(event: dict[str, Any]) -> None:
            urls[event["requestId"]] = event["request"]["url"]

        def finished(event: dict[str, Any]) -> None:
            sizes[urls[event["requestId"]]] = int(event["encodedDataLength"])

        session.on("Network.requestWillBeSent", asked)
        session.on("Network.loadingFinished", finished)
        page.goto(address, wait_until="networkidle")
        session.detach()
        return sizes

    return load


@pytest.mark.parametrize("language", ["", "/en"])
@pytest.mark.parametrize(
    "address",
    [
        "/projects/",
        "/companies/",
        "/companies/chuangpusi/",
        "/sources/",
        "/sources/newspaper-page-2023-02/",
        "/about/",
        "/districts/zaozhuang/briefing/",
    ],
)
def test_a_page_without_charts_is_light(
    transferred: Callable[[str], dict[str, int]],
    record_property: Callable[[str, object], None],
    address: str,
    language: str,
) -> None:
    sizes = transferred(language + address)
    record_property("bytes", sum(sizes.values()))
    assert len(sizes) >= 4, "the page, its style, its script and the icon"
    assert sum(sizes.values()) <= WITHOUT_CHARTS, sizes


@pytest.mark.parametrize("address", ["/", "/en/", "/districts/zaozhuang/"])
def test_a_page_with_charts_is_light_enough(
    transferred: Callable[[str], dict[str, int]],
    record_property: Callable[[str, object], None],
    address: str,
) -> None:
    sizes = transferred(address)
    record_property("bytes", sum(sizes.values()))
    assert any("charts." in url for url in sizes)
    assert sum(sizes.values()) <= WITH_CHARTS, sizes


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("address", ["/", "/en/"])
def test_nothing_moves_while_charts_load(
    open_page: OpenPage,
    charts_drawn: Callable[[Page], None],
    record_property: Callable[[str, object], None],
    address: str,
    size: tuple[int, int],
) -> None:
    page = open_page("", size, fresh=True)
    page.add_init_script(WATCH_SHIFTS)
    page.goto(address)
    charts_drawn(page)
    shifted = page.evaluate("window.shifted")
    record_property("shift", shifted)
    assert shifted <= SHIFT


def test_the_watch_sees_a_shift(page: Page, charts_drawn: Callable[[Page], None]) -> None:
    """The control of the test above."""
    page.add_init_script(WATCH_SHIFTS)
    page.goto("/about/")
    page.evaluate(
        "new Promise((done) => requestAnimationFrame(() => {"
        " document.querySelector('main').prepend("
        "  Object.assign(document.createElement('textarea'), {rows: 15})); done(); }))"
    )
    page.wait_for_function("window.shifted > 0.05")
