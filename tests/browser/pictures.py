"""`make screenshots`: the pictures of the README, taken from a server with the report's data.

Raises SystemExit where Chromium is missing or a picture is larger than the README should load.
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests import chromium
from tests.browser.conftest import DESKTOP, FLAGS, PHONE
from tests.browser.server import ROOT, running_server

FOLDER = ROOT / "docs" / "screenshots"
LIMIT = 250 * 1024  # bytes of one picture
# File, address, size of the window.
PICTURES = [
    ("overview.png", "/", DESKTOP),
    ("overview-en.png", "/en/", DESKTOP),
    ("list.png", "/projects/?district=tengzhou&district=taierzhuang", DESKTOP),
    ("phone.png", "/", PHONE),
]


def main() -> int:
    executable = chromium.executable()
    if executable is None:
        raise SystemExit(chromium.ABSENT)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="tracker-pictures-") as folder,
        running_server(Path(folder)) as site,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        for name, address, size in PICTURES:
            taken = take(browser, site + address, size, FOLDER / name)
            sys.stdout.write(f"{(FOLDER / name).relative_to(ROOT)}  {taken / 1024:.0f} KB\n")
            if taken > LIMIT:
                raise SystemExit(f"{name} is larger than {LIMIT // 1024} KB.")
        browser.close()
    return 0


def take(browser: Browser, url: str, size: tuple[int, int], target: Path) -> int:
    """A picture of the window as a reader first sees it; returns its bytes."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="light",
        reduced_motion="reduce",
        has_touch=size == PHONE,
        locale="zh-CN",
    )
    page = context.new_page()
    page.goto(url, wait_until="networkidle")
    page.evaluate("document.fonts.ready")
    taken = page.screenshot(path=target)
    context.close()
    return len(taken)


if __name__ == "__main__":
    sys.exit(main())
