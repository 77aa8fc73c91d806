"""What a test reads off the drawing of a chart."""

import json
from typing import Any

from playwright.sync_api import Page

# The charts of the overview.
OVERVIEW = ["targets", "map", "chain", "stages", "funnel", "timeline", "capacity"]
# What a figure contains once it is drawn.
SETTLED = "svg > *"

Word = dict[str, Any]


def data_of(page: Page, name: str) -> Any:
    """What the server gave the script to draw."""
    return json.loads(page.locator(f"#data-{name}").text_content() or "")


def words(page: Page, name: str) -> list[Word]:
    """The texts of a drawing with their places in the window: text, left, right, x, y (centre), fill."""
    page.locator(f"#chart-{name} .chart-canvas").scroll_into_view_if_needed()
    found: list[Word] = page.locator(f"#chart-{name} svg text").evaluate_all(
        """texts => texts.map((text) => {
            const {left, right, top, bottom} = text.getBoundingClientRect();
            return {text: text.textContent, left, right, x: (left + right) / 2, y: (top + bottom) / 2,
                    fill: text.getAttribute("fill")};
        })"""
    )
    return found


def word(page: Page, name: str, text: str) -> Word:
    """The first text of a drawing that reads `text`."""
    return next(word for word in words(page, name) if word["text"] == text)
