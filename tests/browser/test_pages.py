"""Every kind of page × language × width × theme: accessible, quiet, within the window, pictured.

With PICTURES=1 they are also taken as pictures, in var/screenshots/, for people to look at.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import DESKTOP, PHONE, OpenPage

# Name of the pictures → address without its language, and the status that it answers.
PAGES: dict[str, tuple[str, int]] = {
    "overview": ("/", 200),
    "overview-as-of": ("/?as_of=2023-02-13", 200),
    "district": ("/districts/tengzhou/", 200),
    "city": ("/districts/zaozhuang/", 200),
    "briefing": ("/districts/tengzhou/briefing/", 200),
    "list": ("/projects/", 200),
    "list-filtered": ("/projects/?district=tengzhou&stage=building&ordering=-due", 200),
    "list-empty": ("/projects/?district=shanting&stage=cancelled&q=%E9%94%82", 200),
    "list-refused": ("/projects/?stage=flying&due_after=tomorrow", 400),
    "not-found": ("/projects/there-is-none/", 404),
    "project": ("/projects/chuangpusi-lfp-and-silicon-carbon/", 200),
    "companies": ("/companies/", 200),
    "company": ("/companies/chuangpusi/", 200),
    "targets": ("/targets/", 200),
    "chain": ("/chain/", 200),
    "changes": ("/changes/", 200),
    "changes-compared": ("/changes/?since=2023-02-01&until=2023-06-30&district=tengzhou", 200),
    "figure-reading": ("/figures/zaozhuang-lithium-companies-2022/", 200),
    "figure-target": ("/figures/tengzhou-lithium-output-2025/?as_of=2023-06-30", 200),
    "sources": ("/sources/", 200),
    "source": ("/sources/newspaper-page-2023-02/", 200),
    "about": ("/about/", 200),
    "login": ("/admin/login/", 200),
}
NARROWEST = 320
TAKE_PICTURES = bool(os.environ.get("PICTURES"))  # a third of the time, and a test looks at none


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_fit_to_be_seen(
    name: str,
    language: str,
    open_page: OpenPage,
    complaints: list[str],
    accessibility_faults: Callable[..., list[str]],
    charts_drawn: Callable[[Page], None],
    screenshots: Path,
) -> None:
    """One load shows both widths and both themes, as a reader's window and system change them.

    A theme changes colours and nothing else, so in the dark only the rules about colours are asked;
    a language changes words, so English is asked in one of the four.
    """
    address, status = PAGES[name]
    page = open_page("", DESKTOP)
    response = page.goto(("/en" if language == "en" else "") + address)
    assert response is not None
    assert response.status == status
    if status != 200:
        _forgive_the_document(page, status, complaints)
    faults = []
    for size in (DESKTOP, PHONE):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        for theme in ("light", "dark"):
            asked = language == "zh" or (size, theme) == (PHONE, "light")
            if not asked and not TAKE_PICTURES:
                continue
            page.emulate_media(color_scheme=theme)
            charts_drawn(page)
            if asked:
                found = accessibility_faults(page, only_colours=theme == "dark")
                faults += [f"{size[0]} {theme}: {fault}" for fault in found]
            if TAKE_PICTURES:
                path = screenshots / f"{name}-{language}-{size[0]}-{theme}.png"
                page.screenshot(path=path, full_page=True)
        charts_drawn(page)
        assert _width(page) <= size[0]
    assert faults == []
    page.set_viewport_size({"width": NARROWEST, "height": 640})
    charts_drawn(page)
    assert _width(page) <= NARROWEST


def _width(page: Page) -> int:
    width: int = page.evaluate("document.documentElement.scrollWidth")
    return width


def _forgive_the_document(page: Page, status: int, complaints: list[str]) -> None:
    """The browser reports the refused page itself as a failed resource; nothing else is forgiven."""
    complaints[:] = [
        line
        for line in complaints
        if not line.startswith(
            f"{page.url}: Failed to load resource: the server responded with a status of {status}"
        )
    ]
