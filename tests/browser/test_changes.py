"""“What changed in this district between February and June, and who says so?”"""

from pathlib import Path

import openpyxl
import pytest

from tests.browser.conftest import OpenPage
from tests.browser.moves import follow


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no-scripts"])
@pytest.mark.parametrize("prefix", ["", "/en"])
def test_answered_within_three_clicks(open_page: OpenPage, prefix: str, javascript: bool) -> None:
    page = open_page(f"{prefix}/districts/zaozhuang/", javascript=javascript)
    # First click: the district. The two days are typed.
    follow(page, "nav.places a[href*=tengzhou]")
    form = page.locator("form[action$='/changes/']")
    form.locator("[name=since]").fill("2023-02-01")
    form.locator("[name=until]").fill("2023-06-30")
    # Second click: compare.
    follow(page, form.locator("button"))
    assert "district=tengzhou&since=2023-02-01&until=2023-06-30" in page.url
    rows = page.locator(".changes-list tbody tr")
    assert rows.count() >= 5
    for row in rows.all():
        # Who says so stands in every line, before anybody asks.
        assert "¶" in row.locator(".c-source").inner_text()
    # Third click: the paragraph itself.
    follow(page, rows.first.locator(".c-source a"))
    assert "/sources/newspaper-page-2023-02/#" in page.url
    assert page.locator(":target").is_visible()


def test_leaves_as_a_workbook_that_explains_itself(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page("/en/districts/tengzhou/")
    form = page.locator("form[action$='/changes/']")
    form.locator("[name=since]").fill("2023-02-01")
    form.locator("[name=until]").fill("2023-06-30")
    # First click: compare. Second: the file.
    follow(page, form.locator("button"))
    shown = page.locator(".changes-list tbody tr .c-name").all_inner_texts()
    with page.expect_download() as download:
        page.locator("a[href*='changes.xlsx']").click()
    file = download.value
    assert file.suggested_filename.endswith(
        "-since-2023-02-01-until-2023-06-30-district-tengzhou.xlsx"
    )
    file.save_as(tmp_path / "changes.xlsx")
    cover, rows = openpyxl.load_workbook(tmp_path / "changes.xlsx").worksheets[:2]
    told: list[tuple[str, ...]] = [
        tuple(str(cell) for cell in line if cell) for line in cover.iter_rows(values_only=True)
    ]
    # What was asked, and which words stand for what.
    for line in (
        ("From", "2023-02-01"),
        ("Until", "2023-06-30"),
        ("District", "Tengzhou City"),
        ("overdue", "came due, result unknown"),
    ):
        assert line in told
    # Who says so: the source with its address.
    assert any(
        line[0] == "newspaper-page-2023-02" and "/sources/newspaper-page-2023-02/" in line[1]
        for line in told
        if len(line) > 1
    )
    heads, *lines = rows.iter_rows(values_only=True)
    named = [dict(zip(heads, line, strict=True)) for line in lines]
    assert len(named) == len(shown) >= 5
    for text, row in zip(shown, named, strict=True):
        assert str(row["Project or target"]) in text
        assert (row["District"], row["Source"]) == ("Tengzhou City", "newspaper-page-2023-02")
        assert "¶" in str(row["Locator"])
