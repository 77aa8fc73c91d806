"""Charts: drawn, clickable, and in agreement with their tables, filters and files."""

import csv
import gzip
import io
from urllib.parse import unquote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.browser.drawings import OVERVIEW, SETTLED, data_of, word, words
from tests.browser.server import ROOT

PROJECT = "/projects/chuangpusi-lfp-and-silicon-carbon/"
LIGHTEST = 230 * 1024  # bytes of the charts' script, compressed


def address(page: Page) -> str:
    """Path and query of the page."""
    return str(page.evaluate("location.pathname + location.search"))


def click(page: Page, x: float, y: float, leads_to: str) -> None:
    """Click into a drawing; the page at `leads_to` (path and query) must come up."""
    page.mouse.move(x, y)
    page.mouse.click(x, y)
    page.wait_for_url(lambda url: unquote(url).endswith(unquote(leads_to)))


def csv_rows(page: Page, url: str) -> list[list[str]]:
    body = page.request.get(url).body().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(body)))


def assert_the_list_has(page: Page, count: int) -> None:
    """The list that a click opened: its headline, its rows and its file have so many projects."""
    expect(page.locator("#browse h1 b").first).to_have_text(str(count))
    expect(page.locator("table.list tbody tr")).to_have_count(count)
    file = page.locator(".exports a").first.get_attribute("href")
    assert file is not None
    assert len(csv_rows(page, file)) == count + 1


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("path", ["/", "/en/"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_chart_is_drawn(
    open_page: OpenPage, path: str, size: tuple[int, int], dark: bool
) -> None:
    page = open_page(path, size, dark=dark)
    for name in OVERVIEW:
        canvas = page.locator(f"#chart-{name} .chart-canvas")
        expect(canvas.locator(SETTLED).first).to_be_attached()
        assert len(words(page, name)) >= 5
        sizes = canvas.evaluate(
            "canvas => [canvas.clientWidth, +canvas.querySelector('svg').getAttribute('width')]"
        )
        assert sizes[0] == sizes[1]


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("path", ["/", "/en/"])
def test_no_text_leaves_its_drawing(open_page: OpenPage, path: str, size: tuple[int, int]) -> None:
    page = open_page(path, size)
    for name in OVERVIEW:
        box = page.locator(f"#chart-{name} .chart-canvas").bounding_box()
        assert box is not None
        shown = words(page, name)
        left = page.locator(f"#chart-{name} .chart-canvas").evaluate(
            "canvas => canvas.getBoundingClientRect().left"
        )
        out = [
            word["text"]
            for word in shown
            if word["left"] < left - 1 or word["right"] > left + box["width"] + 1
        ]
        assert out == []


def test_a_history_is_drawn(page: Page) -> None:
    page.goto(PROJECT)
    events = data_of(page, "history")["events"]
    shown = [word["text"] for word in words(page, "history")]
    for event in events:
        assert event["stage"] in shown
        assert event["when"] in shown


def test_a_bar_of_stages_opens_its_projects(page: Page) -> None:
    page.goto("/")
    data = data_of(page, "stages")
    for row in (0, len(data["districts"]) - 1):
        district = data["districts"][row]
        series = next(series for series in data["series"] if series["values"][row])
        count, url = series["values"][row], series["urls"][row]
        assert page.locator(f'#chart-stages table a[href="{url}"]').text_content() == str(count)
        name = word(page, "stages", district)
        click(page, name["right"] + 20, name["y"], url)
        assert_the_list_has(page, count)
        page.goto("/")


def test_a_step_of_the_funnel_opens_its_projects(page: Page) -> None:
    page.goto("/")
    step = next(step for step in data_of(page, "funnel")["steps"] if step["stage"] == "building")
    assert page.locator(f'#chart-funnel table a[href="{step["url"]}"]').text_content() == str(
        step["value"]
    )
    name = word(page, "funnel", step["name"])
    click(page, name["right"] + 20, name["y"], step["url"])
    assert_the_list_has(page, step["value"])


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_cell_of_the_chain_opens_its_projects(open_page: OpenPage, size: tuple[int, int]) -> None:
    """Both ways round: segments are columns on a wide screen and rows on a narrow one."""
    page = open_page("/", size)
    data = data_of(page, "chain")
    cell = max(data["cells"], key=lambda cell: cell["count"])
    segment = word(page, "chain", data["segments"][cell["segment"]]["name"])
    district = word(page, "chain", data["districts"][cell["district"]])
    wide = size == DESKTOP
    assert (district["x"] < segment["x"]) == wide
    assert (
        page.locator(f'#chart-chain table a[href="{cell["url"]}"]').text_content() == cell["text"]
    )
    x, y = (segment["x"], district["y"]) if wide else (district["x"], segment["y"])
    click(page, x, y, cell["url"])
    assert_the_list_has(page, cell["count"])


def test_an_empty_cell_of_the_chain_leads_nowhere(page: Page) -> None:
    page.goto("/")
    data = data_of(page, "chain")
    cell = next(cell for cell in data["cells"] if not cell["count"])
    segment = word(page, "chain", data["segments"][cell["segment"]]["name"])
    district = word(page, "chain", data["districts"][cell["district"]])
    page.mouse.move(segment["x"], district["y"])
    cursor = page.locator("#chart-chain .chart-canvas > div").first.evaluate(
        "stage => stage.style.cursor"
    )
    assert cursor == "default"
    # The pointer is told in words what the texture says.
    expect(page.locator("#chart-chain svg text", has_text=data["nobody"])).to_have_count(2)
    page.mouse.click(segment["x"], district["y"])
    assert address(page) == "/"


def test_a_district_of_the_map_opens_its_page(page: Page) -> None:
    page.goto("/")
    districts = data_of(page, "map")["districts"]
    for district in (districts[0], districts[-1]):
        name = word(page, "map", district["name"])
        click(page, name["x"], name["y"], district["url"])
        page.goto("/")


def test_the_numbers_on_the_map_lead_to_as_many_projects(page: Page) -> None:
    page.goto("/")
    data = data_of(page, "map")
    at = data["measures"][0]["values"].index(max(data["measures"][0]["values"]))
    shown = words(page, "map")
    name = next(word for word in shown if word["text"] == data["districts"][at]["name"])
    # The number stands under the name.
    number = min(
        (word for word in shown if word["y"] > name["y"]),
        key=lambda word: abs(word["x"] - name["x"]) + word["y"] - name["y"],
    )
    page.goto(data["measures"][0]["urls"][at])
    assert_the_list_has(page, int(number["text"]))


def test_the_map_shows_the_measure_that_is_chosen(page: Page) -> None:
    page.goto("/")
    data = data_of(page, "map")
    measures = data["measures"]
    chooser = page.locator("#chart-map select[data-measure]")
    assert chooser.locator("option").all_text_contents() == [m["label"] for m in measures]
    assert chooser.locator("optgroup").count() == 2
    # A district without a figure is not a zero: it has its texture, and the key says so.
    capacity = next(at for at, m in enumerate(measures) if not m["count"] and None in m["values"])
    assert data["unknown"] not in [word["text"] for word in words(page, "map")]
    chooser.select_option(str(capacity))
    expect(page.locator("#chart-map svg text", has_text=data["unknown"])).to_have_count(1)
    assert page.locator("#chart-map svg pattern").count() > 0
    known = [
        t
        for t, v in zip(measures[capacity]["texts"], measures[capacity]["values"], strict=True)
        if v
    ]
    shown = [word["text"] for word in words(page, "map")]
    assert all(text in shown for text in known)


def test_a_target_opens_its_entry_and_its_paragraph(page: Page) -> None:
    page.goto("/")
    target = data_of(page, "targets")["targets"][0]
    paragraph = word(page, "targets", target["paragraph"])
    click(page, paragraph["x"], paragraph["y"], target["source"])
    page.goto("/")
    name = word(page, "targets", target["district"])
    click(page, name["x"], name["y"], target["url"])


def test_a_date_opens_what_is_due(page: Page) -> None:
    page.goto("/")
    item = next(item for item in data_of(page, "timeline")["items"] if item["kind"] == "project")
    due = word(page, "timeline", item["due"])
    click(page, due["x"], due["y"], item["url"])


def test_a_bar_of_capacity_opens_its_segment(page: Page) -> None:
    page.goto("/")
    data = data_of(page, "capacity")
    name = word(page, "capacity", data["segments"][0])
    click(page, name["right"] + 20, name["y"], data["urls"][0])
    assert page.locator("table.list tbody tr").count() > 0


@pytest.mark.parametrize("path", ["/", "/en/"])
def test_table_and_file_of_every_chart_agree(page: Page, path: str) -> None:
    page.goto(path)
    for name in OVERVIEW:
        table = page.locator(f"#chart-{name} table tr").evaluate_all(
            "rows => rows.map((row) => [...row.cells].map((cell) => cell.textContent.trim()))"
        )
        assert len(table) > 2
        file = page.locator(f"#chart-{name} .chart-tools a").get_attribute("href")
        assert file is not None
        assert csv_rows(page, file) == table


def test_the_table_opens_and_closes(page: Page) -> None:
    page.goto("/")
    button, table = page.locator("#chart-stages [data-table]"), page.locator("#table-stages")
    expect(table).to_be_hidden()
    assert button.get_attribute("aria-expanded") == "false"
    button.click()
    expect(table).to_be_visible()
    assert button.get_attribute("aria-expanded") == "true"
    button.press("Enter")
    expect(table).to_be_hidden()
    assert button.get_attribute("aria-expanded") == "false"


@pytest.mark.parametrize("path", ["/", PROJECT])
def test_without_javascript_the_tables_stand_for_the_drawings(
    open_page: OpenPage, path: str
) -> None:
    page = open_page(path, javascript=False)
    figures = page.locator("figure.chart")
    assert figures.count() == (len(OVERVIEW) if path == "/" else 1)
    for figure in figures.all():
        expect(figure.locator("table")).to_be_visible()
        expect(figure.locator(".chart-canvas")).to_be_hidden()
        expect(figure.locator(".chart-tools a")).to_be_visible()
        for tool in figure.locator("button, select").all():
            expect(tool).to_be_hidden()


def test_a_change_of_theme_redraws(page: Page) -> None:
    page.goto("/")
    names = [district["name"] for district in data_of(page, "map")["districts"]]
    light = {name: word(page, "stages", name)["fill"] for name in names}
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(
        """([name, fill]) => [...document.querySelectorAll("#chart-stages svg text")]
            .some((text) => text.textContent === name && text.getAttribute("fill") !== fill)""",
        arg=[names[0], light[names[0]]],
    )
    dark = {name: word(page, "stages", name)["fill"] for name in names}
    assert all(dark[name] != light[name] for name in names)
    # A reader may also ask for a theme of the page alone.
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    page.wait_for_function(
        """([name, fill]) => [...document.querySelectorAll("#chart-stages svg text")]
            .some((text) => text.textContent === name && text.getAttribute("fill") === fill)""",
        arg=[names[0], light[names[0]]],
    )


def test_a_narrower_window_redraws(page: Page) -> None:
    page.goto("/")
    expect(page.locator("#chart-chain").locator(SETTLED).first).to_be_attached()
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    page.wait_for_function(
        """() => [...document.querySelectorAll(".chart-canvas")].every((canvas) =>
            +canvas.querySelector("svg").getAttribute("width") === canvas.clientWidth)"""
    )
    data = data_of(page, "chain")
    segment = word(page, "chain", data["segments"][0]["name"])
    assert segment["x"] < word(page, "chain", data["districts"][0])["x"]


def test_figures_that_come_and_go_with_a_swap(page: Page) -> None:
    page.goto("/")
    expect(page.locator("#chart-stages").locator(SETTLED).first).to_be_attached()
    page.evaluate(
        """() => {
            const old = document.querySelector("#chart-stages");
            const fresh = old.cloneNode(true);
            fresh.querySelector(".chart-canvas").replaceChildren();
            old.replaceWith(fresh);
            fresh.dispatchEvent(new CustomEvent("htmx:load", {bubbles: true, detail: {elt: fresh}}));
        }"""
    )
    expect(page.locator("#chart-stages").locator(SETTLED).first).to_be_attached()
    page.locator("#chart-stages [data-table]").click()
    expect(page.locator("#table-stages")).to_be_visible()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_nothing_moves_when_charts_are_drawn(open_page: OpenPage, size: tuple[int, int]) -> None:
    page = open_page("", size, fresh=True)
    page.add_init_script(
        """window.shift = 0;
           new PerformanceObserver((list) => list.getEntries().forEach(({value}) => (window.shift += value)))
             .observe({type: "layout-shift", buffered: true});"""
    )
    page.goto("/")
    for name in OVERVIEW:
        expect(page.locator(f"#chart-{name}").locator(SETTLED).first).to_be_attached()
    page.wait_for_timeout(200)
    assert page.evaluate("window.shift") < 0.01


def test_the_script_is_light(site: str) -> None:
    script = ROOT / "assets" / "dist" / "charts.js"
    assert len(gzip.compress(script.read_bytes(), 9)) < LIGHTEST
