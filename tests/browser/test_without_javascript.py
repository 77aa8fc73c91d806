"""Without JavaScript everything works: filters, order, pages, exports, and the tables of charts."""

import csv
import io
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import PHONE, OpenPage
from tests.browser.moves import follow

CHARTED = ["/", "/districts/tengzhou/", "/districts/zaozhuang/", "/targets/", "/chain/"]
PROJECT = "/projects/chuangpusi-lfp-and-silicon-carbon/"


@pytest.fixture
def plain(open_page: OpenPage) -> Page:
    return open_page("/projects/", javascript=False)


def asked(page: Page) -> dict[str, list[str]]:
    """The parameters in the address that say something."""
    return parse_qs(urlsplit(page.url).query)


def names(page: Page) -> list[str]:
    return page.locator("tbody .c-name").all_inner_texts()


def submit(page: Page) -> None:
    follow(page, "#filters button")


@pytest.mark.parametrize("facet", ["district", "stage", "segment", "company", "kind", "basis"])
def test_every_facet_filters(plain: Page, facet: str) -> None:
    everything = names(plain)
    drawer = plain.locator(f"#facet-{facet}")
    if drawer.get_attribute("open") is None:
        drawer.locator("summary").click()
    box = drawer.locator("input").first
    value = box.get_attribute("value")
    counted = int(drawer.locator(".choice-count").first.inner_text())
    box.check()
    submit(plain)
    assert asked(plain)[facet] == [value]
    assert len(names(plain)) == counted
    assert set(names(plain)) <= set(everything)
    assert plain.locator(f"#facet-{facet} input:checked").get_attribute("value") == value
    # Removing the filter is one click.
    follow(plain, ".active-filter")
    assert facet not in asked(plain)
    assert names(plain) == everything


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("q", "电解液"),
        ("due_after", "2023-06-01"),
        ("due_before", "2023-06-01"),
        ("as_of", "2023-02-07"),
    ],
)
def test_every_field_filters(plain: Page, field: str, text: str) -> None:
    everything = names(plain)
    plain.fill(f"#{field}", text)
    submit(plain)
    assert asked(plain)[field] == [text]
    assert plain.input_value(f"#{field}") == text
    assert len(names(plain)) < len(everything)
    follow(plain, ".active-filter")
    assert names(plain) == everything


def test_heads_sort_and_turn_round(plain: Page) -> None:
    for head in ("name", "district", "stage", "due"):
        follow(plain, f"thead .c-{head} a")
        assert asked(plain)["ordering"] == [head]
        assert plain.get_attribute(f"thead .c-{head}", "aria-sort") == "ascending"
        upwards = names(plain)
        follow(plain, f"thead .c-{head} a")
        assert asked(plain)["ordering"] == [f"-{head}"]
        assert plain.get_attribute(f"thead .c-{head}", "aria-sort") == "descending"
        assert sorted(names(plain)) == sorted(upwards)
        assert names(plain) != upwards


def test_the_order_survives_a_filter(plain: Page) -> None:
    follow(plain, "thead .c-name a")
    plain.check("#district-tengzhou")
    submit(plain)
    assert asked(plain)["ordering"] == ["name"]
    assert names(plain) == sorted(names(plain), key=names(plain).index)
    assert plain.get_attribute("thead .c-name", "aria-sort") == "ascending"


def test_columns_are_chosen(plain: Page) -> None:
    plain.click("#facet-columns summary")
    plain.check("#columns-investment")
    plain.uncheck("#columns-source")
    submit(plain)
    assert plain.locator("td.c-investment").count() == len(names(plain))
    assert plain.locator("td.c-source").count() == 0


def test_an_empty_result_leads_on(plain: Page) -> None:
    plain.goto("/projects/?district=shanting&q=电解液")
    assert names(plain) == []
    follow(plain, plain.locator(".empty li a").first)
    assert names(plain)


def test_exports_have_the_rows_of_the_page(plain: Page) -> None:
    plain.goto("/projects/?district=tengzhou&ordering=-name")
    rows = names(plain)
    for link, column in (("/projects.csv", 2), ("/capacities.csv", 2)):
        with plain.expect_download() as caught:
            plain.click(f".exports a[href^='{link}']")
        text = caught.value.path().read_text(encoding="utf-8-sig")
        head, *body = list(csv.reader(io.StringIO(text)))
        assert len(head) > column
        listed = [row[column] for row in body]
        if link == "/projects.csv":
            assert listed == rows
        else:
            assert listed
            assert set(listed) <= set(rows)


@pytest.mark.parametrize("address", [*CHARTED, PROJECT])
def test_charts_are_tables(open_page: OpenPage, address: str) -> None:
    page = open_page(address, PHONE, javascript=False)
    figures = page.locator("figure.chart")
    assert figures.count()
    for figure in figures.all():
        assert figure.locator(".chart-canvas").is_hidden()
        assert figure.locator(".chart-table").is_visible()
        assert figure.locator("tbody tr").count()
        assert figure.locator(".chart-tools button:visible").count() == 0
        assert figure.locator(".chart-tools a").is_visible()
    assert page.locator("[data-print]:visible").count() == 0


def test_the_day_of_the_overview(open_page: OpenPage) -> None:
    page = open_page("/", javascript=False)
    page.fill("[name=as_of]", "2023-02-08")
    follow(page, ".day button")
    assert asked(page) == {"as_of": ["2023-02-08"]}
    assert "2023-02-08" in page.inner_text(".as-of")
    follow(page, ".as-of a")
    assert asked(page) == {}


def test_the_search_in_the_head(open_page: OpenPage) -> None:
    page = open_page("/", javascript=False)
    page.fill(".search input", "隔膜")
    with page.expect_navigation():
        page.press(".search input", "Enter")
    assert urlsplit(page.url).path == "/projects/"
    assert names(page)
