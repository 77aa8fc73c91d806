"""Pages on A4: the filters and the date in the head, tables instead of tools, two pages a briefing."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import OpenPage

# A4 at 96 dots an inch; the sheet's margins of 12 mm a side leave 703 of the 794 px.
A4 = (703, 1123)
# A page of the document in a PDF as Chromium writes it; /Pages is the tree of them.
PDF_PAGE = re.compile(rb"/Type\s*/Page\b")

PAGES = [
    "/projects/?district=tengzhou&stage=building",
    "/projects/",
    "/",
    "/districts/tengzhou/",
    "/districts/tengzhou/briefing/",
    "/targets/",
    "/chain/",
]
DISTRICTS = ["shizhong", "xuecheng", "yicheng", "taierzhuang", "shanting", "tengzhou"]


def on_paper(open_page: OpenPage, address: str) -> Page:
    page = open_page(address, A4)
    page.emulate_media(media="print")
    return page


@pytest.mark.parametrize("language", ["", "/en"])
@pytest.mark.parametrize("address", PAGES)
def test_a_page_prints(open_page: OpenPage, address: str, language: str) -> None:
    page = on_paper(open_page, language + address)
    head = page.locator(".print-head")
    assert head.is_visible()
    assert language + address in head.inner_text()
    assert re.search(r"\d{4}-\d{2}-\d{2}", head.inner_text())
    for tool in (".top", ".foot", ".filters", ".chart-tools", ".page-actions", ".exports", ".day"):
        assert page.locator(f"{tool}:visible").count() == 0, tool
    for table in page.locator("main table").all():
        assert table.is_visible()
    assert page.locator(".chart-canvas:visible").count() == 0
    too_wide = page.evaluate(
        """(width) => [...document.querySelectorAll("main *")]
          .filter((element) => element.checkVisibility() && !element.closest(".sr-only"))
          .filter((element) => element.getBoundingClientRect().right > width + 1)
          .map((element) => element.outerHTML.slice(0, 150))""",
        A4[0],
    )
    assert too_wide == []


def test_the_filters_are_on_the_paper(open_page: OpenPage) -> None:
    page = on_paper(open_page, PAGES[0])
    said = [" ".join(text.split()) for text in page.locator(".active-filter").all_inner_texts()]
    assert [text.removesuffix(" 移除") for text in said] == ["区(市) 滕州市", "阶段 在建"]


@pytest.mark.parametrize("language", ["", "/en"])
@pytest.mark.parametrize("district", DISTRICTS)
def test_the_briefing_of_a_district_has_two_pages(
    open_page: OpenPage, screenshots: Path, district: str, language: str
) -> None:
    page = open_page(f"{language}/districts/{district}/briefing/")
    path = screenshots / f"briefing-{district}-{'en' if language else 'zh'}.pdf"
    written = page.pdf(path=path, prefer_css_page_size=True)
    assert len(PDF_PAGE.findall(written)) in (1, 2)


def test_pages_of_a_pdf_are_counted(open_page: OpenPage) -> None:
    """The control of the test above."""
    page = open_page("/sources/")
    before = len(PDF_PAGE.findall(page.pdf()))
    page.evaluate(
        """for (let at = 0; at < 2; at += 1) {
          const part = document.querySelector("main").appendChild(document.createElement("p"));
          part.textContent = "probe";
          part.style.breakBefore = "page";
        }"""
    )
    assert len(PDF_PAGE.findall(page.pdf())) == before + 2


def test_lists_and_the_overview_make_a_pdf(open_page: OpenPage, screenshots: Path) -> None:
    for name, address in (
        ("list", PAGES[0]),
        ("overview", "/"),
        ("city", "/districts/zaozhuang/briefing/"),
    ):
        page = open_page(address)
        written = page.pdf(path=screenshots / f"{name}.pdf", prefer_css_page_size=True)
        assert len(PDF_PAGE.findall(written)) >= 1
