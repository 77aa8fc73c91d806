"""The list with scripting: results refresh in place, and the address says all that was asked."""

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.browser.conftest import DESKTOP, OpenPage

PATIENCE = 15_000  # milliseconds that an expectation may take on a busy machine


@pytest.fixture(autouse=True)
def _patient() -> None:
    expect.set_options(timeout=PATIENCE)


@pytest.fixture
def browse(page: Page) -> Page:
    """The list on a desktop, marked so that a test sees whether it was loaded anew."""
    page.set_default_timeout(PATIENCE)
    page.goto("/projects/")
    page.evaluate("window.sameDocument = true")
    return page


def assert_asked(page: Page, asked: dict[str, list[str]]) -> None:
    """The parameters in the address are `asked`, as soon as the results are there."""
    page.wait_for_url(lambda url: parse_qs(urlsplit(url).query) == asked)


def names(page: Page) -> list[str]:
    return page.locator("tbody .c-name").all_inner_texts()


def in_place(page: Page) -> bool:
    return bool(page.evaluate("window.sameDocument === true"))


def test_ticking_refreshes_in_place(browse: Page) -> None:
    everything = names(browse)
    assert "滕州市" not in browse.title()
    browse.check("#district-tengzhou")
    expect(browse.locator(".active-filter")).to_have_count(1)
    assert_asked(browse, {"district": ["tengzhou"]})
    assert 0 < len(names(browse)) < len(everything)
    expect(browse).to_have_title(re.compile("滕州市"))
    assert browse.evaluate("document.activeElement.id") == "district-tengzhou"
    browse.check("#stage-building")
    expect(browse.locator(".active-filter")).to_have_count(2)
    assert_asked(browse, {"district": ["tengzhou"], "stage": ["building"]})
    assert in_place(browse)
    # What stands outside the results goes with them.
    expect(browse.locator("#print-head")).to_contain_text("stage=building")
    assert len(names(browse)) == int(browse.locator("h1 b").inner_text())


def test_back_restores_what_was_there(browse: Page) -> None:
    everything = names(browse)
    browse.check("#district-tengzhou")
    expect(browse.locator(".active-filter")).to_have_count(1)
    few = names(browse)
    browse.check("#stage-building")
    expect(browse.locator(".active-filter")).to_have_count(2)
    browse.go_back()
    expect(browse.locator("tbody .c-name")).to_have_text(few)
    expect(browse.locator("#district-tengzhou")).to_be_checked()
    expect(browse.locator("#stage-building")).not_to_be_checked()
    browse.go_back()
    expect(browse.locator("tbody .c-name")).to_have_text(everything)
    expect(browse.locator("#district-tengzhou")).not_to_be_checked()
    browse.go_forward()
    expect(browse.locator("tbody .c-name")).to_have_text(few)


def test_the_search_waits_for_a_pause(browse: Page) -> None:
    requests: list[str] = []

    def note(request: Request) -> None:
        if "/projects/?" in request.url:
            requests.append(request.url)

    browse.on("request", note)
    browse.locator("#q").press_sequentially("lfp")
    expect(browse.locator(".active-filter")).to_have_count(1)
    assert len(requests) == 1
    assert_asked(browse, {"q": ["lfp"]})
    assert browse.evaluate("document.activeElement.id") == "q"
    assert in_place(browse)


def test_what_is_typed_while_results_come_is_kept(browse: Page, complaints: list[str]) -> None:
    held: list[Route] = []

    def hold_the_first(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    browse.route("**/projects/?q=*", hold_the_first)
    with browse.expect_request("**/projects/?q=*"):
        browse.fill("#q", "材料")
    browse.locator("#q").press_sequentially("abc")
    held[0].continue_()
    expect(browse.locator(".active-filter")).to_contain_text("材料abc")
    assert browse.input_value("#q") == "材料abc"
    assert_asked(browse, {"q": ["材料abc"]})
    # Of two requests the later one counts; htmx notes in the console that it dropped the earlier.
    dropped = ("htmx:afterRequest, [object", "htmx:sendAbort, [object")
    complaints[:] = [line for line in complaints if not any(note in line for note in dropped)]


def test_a_bad_value_is_refused_in_place(browse: Page, complaints: list[str]) -> None:
    browse.fill("#due_after", "12345-01-01")
    expect(browse.locator("#results [role=alert]")).to_contain_text("due_after")
    expect(browse.locator("tbody .c-name")).to_have_count(0)
    assert in_place(browse)
    # The form is still there, with what was typed.
    assert browse.input_value("#due_after") == "12345-01-01"
    assert browse.locator("header.top").count() == 1
    # The browser itself reports the answer 400; nothing else is forgiven.
    assert [line for line in complaints if "status of 400" not in line] == []
    complaints.clear()
    browse.fill("#due_after", "2023-12-31")
    expect(browse.locator("tbody .c-name").first).to_be_visible()


def test_a_slash_goes_to_the_search(browse: Page) -> None:
    browse.keyboard.press("/")
    assert browse.evaluate("document.activeElement.id") == "q"
    browse.keyboard.type("a/b")
    assert browse.input_value("#q") == "a/b"
    browse.goto("/about/")
    browse.keyboard.press("/")
    assert browse.evaluate("document.activeElement.name") == "q"


def test_columns_are_kept_in_the_address(browse: Page) -> None:
    browse.click("#facet-columns summary")
    browse.check("#columns-kind")
    expect(browse.locator("td.c-kind").first).to_be_visible()
    # The drawer stays open for the next choice.
    assert browse.evaluate("document.activeElement.id") == "columns-kind"
    browse.uncheck("#columns-companies")
    expect(browse.locator("td.c-companies")).to_have_count(0)
    columns = ["district", "stage", "capacity", "due", "kind", "source"]
    assert_asked(browse, {"columns": columns})
    browse.click("thead .c-due a")
    expect(browse.locator("thead .c-due")).to_have_attribute("aria-sort", "ascending")
    expect(browse.locator("td.c-kind").first).to_be_visible()
    expect(browse.locator("td.c-companies")).to_have_count(0)
    browse.evaluate("document.querySelector('#facet-columns').open = true")
    browse.check("#columns-companies")
    expect(browse.locator("td.c-companies").first).to_be_visible()
    browse.uncheck("#columns-kind")
    expect(browse.locator("td.c-kind")).to_have_count(0)
    # The usual columns need no word.
    assert_asked(browse, {"ordering": ["due"]})


def test_the_switch_of_language_keeps_page_and_filters(browse: Page) -> None:
    browse.check("#district-tengzhou")
    expect(browse.locator(".active-filter")).to_have_count(1)
    browse.check("#stage-building")
    expect(browse.locator(".active-filter")).to_have_count(2)
    count = len(names(browse))
    browse.click("#languages a[hreflang=en]")
    expect(browse.locator("html")).to_have_attribute("lang", "en")
    assert urlsplit(browse.url).path == "/en/projects/"
    assert_asked(browse, {"district": ["tengzhou"], "stage": ["building"]})
    expect(browse.locator("#stage-building")).to_be_checked()
    assert len(names(browse)) == count


def test_another_day_is_said_above_the_list(browse: Page) -> None:
    expect(browse.locator("#as-of")).to_be_hidden()
    browse.fill("#as_of", "2023-02-08")
    expect(browse.locator("#as-of")).to_contain_text("2023-02-08")
    browse.click("#as-of a")
    expect(browse.locator("#as-of")).to_be_hidden()
    assert_asked(browse, {})


def test_skip_to_the_content(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    skip = page.locator(".skip")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


# Everything that the keyboard must reach, in the order of the page.
REACHABLE = """() => [...document.querySelectorAll(
  'a[href], button, input:not([type=hidden]), select, summary, [tabindex="0"]')]
  .filter((element) => element.checkVisibility() && !element.disabled)
  .map((element, at) => (element.dataset.at = at))"""
FOCUSED = """() => {
  const element = document.activeElement;
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  return {
    at: element.dataset.at ?? null,
    name: element.outerHTML.slice(0, 120),
    outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    inside: box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
  };
}"""


@pytest.mark.parametrize("address", ["/", "/projects/?district=tengzhou&ordering=-due"])
def test_the_keyboard_reaches_everything_visibly(
    open_page: OpenPage, charts_drawn: Callable[[Page], None], address: str
) -> None:
    page = open_page(address, DESKTOP)
    charts_drawn(page)
    expected = page.evaluate(REACHABLE)
    reached: list[int] = []
    faults = []
    for _ in range(len(expected) * 4):  # a date has four stops: its parts and its calendar
        page.keyboard.press("Tab")
        here = page.evaluate(FOCUSED)
        if here["at"] is None:
            break
        number = int(here["at"])
        if not reached or reached[-1] != number:
            reached.append(number)
        if not (here["outlined"] and here["inside"]):
            faults.append(here["name"])
    assert faults == []
    assert reached == expected


def test_the_title_says_what_is_shown(browse: Page) -> None:
    assert re.match(r"\d+ 个项目 · ", browse.title())
