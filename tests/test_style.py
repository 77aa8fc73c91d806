"""The design system: contrast of its colours, and a page that only developers see."""

import pytest
from django.test import Client, override_settings

from zaozhuang.tokens import EDGE_ON, TEXT_ON, contrast, themes


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("table", "needed"), [(TEXT_ON, 4.5), (EDGE_ON, 3)], ids=["text", "edges"])
def test_colours_that_meet_have_contrast(
    theme: str, table: dict[str, list[str]], needed: float
) -> None:
    colours = themes()[theme]
    weak = {
        f"{front} on {back}": round(contrast(colours[front], colours[back]), 2)
        for front, backs in table.items()
        for back in backs
        if contrast(colours[front], colours[back]) < needed
    }
    assert weak == {}


def test_contrast_is_computed_as_wcag_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


def test_both_themes_are_read() -> None:
    assert themes()["light"]["f-built"] == "#0f4453"
    assert themes()["dark"]["f-built"] == "#b5dbe3"
    assert themes()["dark"]["paper"] != themes()["light"]["paper"]


@pytest.mark.parametrize("address", ["/style/", "/en/style/"])
def test_the_page_is_there_for_developers_only(report: None, client: Client, address: str) -> None:
    assert client.get(address).status_code == 404
    with override_settings(DEBUG=True):
        response = client.get(address)
    assert response.status_code == 200
    text = response.content.decode()
    assert text.count('class="chip f-unknown inferred"') == 1
    for part in ("swatches", "chart-canvas", "inferred-mark", "cite-none", 'class="list cards"'):
        assert part in text


@override_settings(DEBUG=True)
def test_the_page_does_without_data(db: None, client: Client) -> None:
    assert client.get("/style/").status_code == 200
