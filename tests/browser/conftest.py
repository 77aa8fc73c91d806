"""A real browser in front of a real server. Tests read; what one writes, all would see.

A visitor's browser (a context) goes from one test to the next without its cookies and what pages
stored: its cache of files and its process are warm, where a new one takes a second to be so. A
test gets windows of its own, and of the visitors at one time each has a context of their own.

Any error in the console, any blocked resource and any request to another host fails the
test that caused it.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    sync_playwright,
)

from tests import chromium
from tests.browser.server import ROOT, running_server

DESKTOP = (1440, 900)
PHONE = (390, 844)

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # There is no graphics card to be separate from; a process less to hand pictures over to.
    "--in-process-gpu",
]
REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`blocked by the content security policy: ${event.violatedDirective} ${event.blockedURI}`));
"""

# What axe-core is asked: WCAG 2.2 AA and what its authors advise beyond; in a second theme, its
# two rules that look at colours.
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOUR_RULES = ["color-contrast", "link-in-text-block"]

OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def _chromium() -> str:
    path = chromium.executable()
    if path is None:
        if chromium.REQUIRED:
            pytest.fail(chromium.ABSENT, pytrace=False)
        pytest.skip(chromium.ABSENT)
    return path


@pytest.fixture(scope="session")
def site(_chromium: str, tmp_path_factory: pytest.TempPathFactory, seeded: Path) -> Iterator[str]:
    """The address of a server with the report's data."""
    folder = tmp_path_factory.mktemp("server")
    shutil.copy(seeded / "tracker.sqlite3", folder)
    with running_server(folder, prepared=True) as url:
        yield url


@pytest.fixture(scope="session")
def browser(_chromium: str) -> Iterator[Browser]:
    # Playwright leaves an event loop in this thread, which Django takes for asynchronous code
    # and then refuses to query; there is none here.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained of so far; a test that provokes something clears it."""
    return []


class Visitors:
    """Contexts of the browser, taken by one test after the other."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.waiting: dict[str, list[BrowserContext]] = {}

    def enter(self, site: str, **options: Any) -> BrowserContext:
        """One that nobody uses; playwright's `options` are its for life."""
        waiting = self.waiting.setdefault(repr((site, options)), [])
        if waiting:
            return waiting.pop()
        context = self.browser.new_context(
            base_url=site,
            # Pages are looked at at rest; movement is not what these tests are about.
            reduced_motion="reduce",
            locale="zh-CN",
            **options,
        )
        context.add_init_script(REPORT_VIOLATIONS)
        # The process of a site ends with its last window.
        context.new_page().goto("/healthz")
        return context

    def leave(self, context: BrowserContext, site: str, **options: Any) -> None:
        """Forget all that a site could know this visitor by."""
        first, *others = context.pages
        for page in others:
            page.close()
        context.clear_cookies()
        session = context.new_cdp_session(first)
        stored = {"origin": site, "storageTypes": "all"}
        session.send("Storage.clearDataForOrigin", stored)
        session.detach()
        self.waiting[repr((site, options))].append(context)


@pytest.fixture(scope="session")
def visitors(browser: Browser) -> Visitors:
    return Visitors(browser)


@pytest.fixture
def open_page(
    visitors: Visitors, site: str, complaints: list[str], request: pytest.FixtureRequest
) -> Iterator[OpenPage]:
    """Opens windows, each of a visitor of its own: `open_page("/", PHONE, dark=True, javascript=False)`.

    A `fresh` one has an empty cache, as on somebody's first visit.
    """
    entered: list[tuple[BrowserContext, dict[str, Any]]] = []

    def open_one(
        path: str = "",
        size: tuple[int, int] = DESKTOP,
        *,
        dark: bool = False,
        javascript: bool = True,
        fresh: bool = False,
    ) -> Page:
        options = {"java_script_enabled": javascript, "has_touch": size == PHONE}
        context = visitors.enter(site, **options)
        entered.append((context, options))
        page = context.new_page()
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.emulate_media(color_scheme="dark" if dark else "light")
        _listen(page, site, complaints)
        if fresh:
            context.new_cdp_session(page).send("Network.clearBrowserCache")
        if path:
            page.goto(path)
        return page

    yield open_one
    for context, options in entered:
        if "live_server" in request.fixturenames:
            # Its threads must end while they may still use the test's connection to the database.
            context.close()
        else:
            visitors.leave(context, site, **options)
    assert complaints == []


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """A window of 1440 × 900 in the light theme, with JavaScript, on no page yet."""
    return open_page()


@pytest.fixture(scope="session")
def axe_source() -> str:
    return (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
def accessibility_faults(axe_source: str) -> Callable[..., list[str]]:
    """What axe-core finds against WCAG 2.2 AA on a page, one line a fault; [] is the goal."""

    def find(page: Page, *, only_colours: bool = False) -> list[str]:
        if not page.evaluate("'axe' in window"):
            page.evaluate(axe_source)
        found = page.evaluate(
            """async (runOnly) => (
                await axe.run(document, {preload: false, resultTypes: ["violations"], runOnly})
            ).violations""",
            {"type": "rule", "values": COLOUR_RULES}
            if only_colours
            else {"type": "tag", "values": LEVELS},
        )
        return [
            f"{fault['id']}: {node['html'][:160]} ({' '.join(map(str, node['target']))})"
            for fault in found
            for node in fault["nodes"]
        ]

    return find


@pytest.fixture(scope="session")
def charts_drawn() -> Callable[[Page], None]:
    """Waits until every chart of a page has its drawing, and the drawing is on the screen."""

    def wait(page: Page) -> None:
        page.wait_for_function(
            "() => [...document.querySelectorAll('.chart-canvas')]"
            ".every((canvas) => canvas.querySelector('svg > *'))"
        )
        page.evaluate(
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )

    return wait


@pytest.fixture
def screenshots() -> Path:
    """The folder for pictures that people look at; git ignores it."""
    folder = ROOT / "var" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _listen(page: Page, site: str, complaints: list[str]) -> None:
    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(f"{page.url}: {message.text}")

    def on_request(request: Request) -> None:
        if not request.url.startswith((site + "/", "data:", "blob:")):
            complaints.append(f"{page.url}: asks another host for {request.url}")

    page.on("console", on_console)
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
    page.on("request", on_request)
