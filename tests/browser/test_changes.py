"""“What changed in this district between February and June, and who says so?”"""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import DESKTOP, PHONE, OpenPage


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no-scripts"])
@pytest.mark.parametrize("prefix", ["", "/en"])
def test_answered_within_three_clicks(open_page: OpenPage, prefix: str, javascript: bool) -> None:
    page = open_page(f"{prefix}/districts/zaozhuang/", javascript=javascript)
    # First click: the district. The two days are typed.
    page.locator("nav.places a[href*=tengzhou]").click()
    form = page.locator("form[action$='/changes/']")
    form.locator("[name=since]").fill("2023-02-01")
    form.locator("[name=until]").fill("2023-06-30")
    # Second click: compare.
    form.locator("button").click()
    assert "district=tengzhou&since=2023-02-01&until=2023-06-30" in page.url
    rows = page.locator(".changes-list tbody tr")
    assert rows.count() >= 5
    for row in rows.all():
        # Who says so stands in every line, before anybody asks.
        assert "¶" in row.locator(".c-source").inner_text()
    # Third click: the paragraph itself.
    rows.first.locator(".c-source a").click()
    assert "/sources/newspaper-page-2023-02/#" in page.url
    assert page.locator(":target").is_visible()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_page_fits_and_is_accessible(
    open_page: OpenPage,
    accessibility_faults: Callable[[Page], list[str]],
    screenshots: Path,
    size: tuple[int, int],
    dark: bool,
) -> None:
    page = open_page("/changes/?since=2023-02-01", size, dark=dark)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert accessibility_faults(page) == []
    name = f"changes-{size[0]}{'-dark' if dark else ''}.png"
    page.screenshot(path=screenshots / name, full_page=True)
