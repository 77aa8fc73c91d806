"""A chart saved as a picture: twice as large, light, and it says what it is and where it comes from."""

import re
from base64 import b64encode
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.drawings import OVERVIEW, SETTLED, data_of

SCALE = 2  # a saved picture to the screen
MARGIN = 24

# What is painted into the file is an image that the script makes; its markup is kept here.
KEEP_THE_MARKUP = """
const makeAddress = URL.createObjectURL;
URL.createObjectURL = (blob) => {
  if (blob.type === "image/svg+xml") blob.text().then((text) => (window.painted = text));
  return makeAddress.call(URL, blob);
};
"""
COLOURS = """async (source) => {
  const bytes = Uint8Array.from(atob(source), (letter) => letter.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const pixels = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer);
  const paper = pixels[0];
  return {
    corner: [...context.getImageData(0, 0, 1, 1).data],
    colours: new Set(pixels).size,
    inked: pixels.filter((pixel) => pixel !== paper).length / pixels.length,
  };
}"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_charts_are_saved_as_pictures(open_page: OpenPage, tmp_path: Path, dark: bool) -> None:
    page = open_page("", dark=dark)
    page.add_init_script(KEEP_THE_MARKUP)
    page.goto("/en/")
    for name in OVERVIEW:
        image = save(page, name, tmp_path / "chart.png")
        assert image.startswith(b"\x89PNG\r\n\x1a\n")
        width, height = int.from_bytes(image[16:20], "big"), int.from_bytes(image[20:24], "big")
        canvas = page.locator(f"#chart-{name} .chart-canvas").bounding_box()
        assert canvas is not None
        assert width == pytest.approx(SCALE * (canvas["width"] + 2 * MARGIN), abs=SCALE)
        # Title, date and source stand above and below.
        assert height > SCALE * (canvas["height"] + 2 * MARGIN)
        look = page.evaluate(COLOURS, b64encode(image).decode())
        # Light, whatever the theme of the page.
        assert look["corner"] == [255, 255, 255, 255]
        assert look["colours"] > 20
        assert 0.01 < look["inked"] < 0.9


def test_a_picture_says_what_it_is(page: Page, tmp_path: Path) -> None:
    page.add_init_script(KEEP_THE_MARKUP)
    page.goto("/en/")
    for name in OVERVIEW:
        save(page, name, tmp_path / "chart.png")
        markup = page.evaluate("window.painted")
        text = re.sub(
            r"&#(\d+);", lambda found: chr(int(found[1])), re.sub(r"<[^>]+>", " ", markup)
        )
        figure = page.locator(f"#chart-{name}")
        written = [
            figure.locator(".chart-title").text_content(),
            figure.get_attribute("data-date"),
            figure.get_attribute("data-source"),
        ]
        if name == "map":
            data = data_of(page, "map")
            written += [data["disclaimer"], data["measures"][0]["label"]]
        for part in written:
            assert part
            # Long titles break between words.
            assert " ".join(part.split()) in " ".join(text.split())


def save(page: Page, name: str, target: Path) -> bytes:
    """Press the button of a chart; the bytes of the file that the browser saves."""
    figure = page.locator(f"#chart-{name}")
    expect(figure.locator(SETTLED).first).to_be_attached()
    with page.expect_download() as caught:
        figure.locator("[data-png]").click()
    assert caught.value.suggested_filename == f"{name}-{figure.get_attribute('data-date')}.png"
    caught.value.save_as(target)
    return target.read_bytes()
