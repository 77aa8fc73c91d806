"""Another city and another industry need data and three settings, and no code."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import translation
from pytest_django.fixtures import Settings as SettingsWrapper

from districts.models import District, Reading, Source, Target
from projects.api_urls import router
from projects.models import Capacity, Company, Project, Segment

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tests" / "data" / "yunling-tea"
# The city and industry of this repository's own data set.
OURS = re.compile(r"枣庄|锂|\bZaozhuang\b|\blithium\b", re.IGNORECASE)
# Files that hold their text compressed; it comes from the same columns as that of the others.
PACKED = ("application/zip", "application/vnd.openxmlformats")


@pytest.fixture
def tea(db: None, settings: SettingsWrapper) -> None:
    settings.SITE_TITLE = {"zh-hans": "云岭茶业跟踪", "en": "Yunling Tea Tracker"}
    settings.INDUSTRY = {"zh-hans": "茶业", "en": "tea"}
    settings.DATASET = FOLDER
    call_command("seed", verbosity=0)


def test_the_folder_has_no_problem(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("check_data", FOLDER)
    assert "no problem" in capsys.readouterr().out
    assert not Project.objects.exists()


def pages() -> list[str]:
    """An address for every named page, and for every record that has a page of its own."""
    with translation.override("zh-hans"):
        slugs: dict[str, Any] = {
            "district": District, "district-briefing": District, "district-briefing-docx": District,
            "project": Project, "company": Company, "source": Source,
        }  # fmt: skip
        found = [
            reverse(name, args=[record.slug])
            for name, model in slugs.items()
            for record in model.objects.all()
        ]
        for kind in (Reading, Target, Capacity):
            found += [record.figure_url for record in kind.objects.all()]
        charts = ["targets", "map", "stages", "funnel", "chain", "capacity", "timeline"]
        found += [reverse("chart-csv", args=[name]) for name in charts]
        viewset: Any
        for _resource, viewset, name in router.registry:
            argument = viewset.lookup_url_kwarg or viewset.lookup_field
            for record in viewset.queryset.all():
                address = {argument: getattr(record, viewset.lookup_field)}
                found.append(reverse(f"{name}-detail", kwargs=address))
        details = {f"{name}-detail" for _resource, _viewset, name in router.registry}
        with_argument = {*slugs, *details, "figure", "chart-csv"}
        # The design system is shown to developers only and holds no data.
        # Metrics are switched off unless a deployment wants them.
        for name in names() - {"style", "metrics"}:
            if name not in with_argument:
                found.append(reverse(name))
    return found


def names() -> set[str]:
    """The names of all pages, those of the admin apart."""
    found: set[str] = set()

    def walk(patterns: list[URLPattern | URLResolver]) -> None:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                if pattern.namespace != "admin":
                    walk(pattern.url_patterns)
            elif pattern.name:
                found.add(pattern.name)

    walk(get_resolver().url_patterns)
    return found


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_every_page_shows_the_other_city(tea: None, admin_client: Client, prefix: str) -> None:
    """As its editors see it, who have some more pages."""
    assert Project.objects.count() == 2
    addresses = pages()
    assert len(addresses) > 40
    for path in addresses:
        response = admin_client.get(path if path in ("/healthz", "/readyz") else prefix + path)
        assert response.status_code == 200, path
        body = b"".join(response) if response.streaming else response.content
        if not response["Content-Type"].startswith(PACKED):
            text = body.decode()
            assert not OURS.findall(text), path
            if response["Content-Type"].startswith("text/html"):
                assert ("Yunling Tea Tracker" if prefix else "云岭茶业跟踪") in text, path


def test_its_own_chain_targets_and_search(tea: None, client: Client) -> None:
    assert list(Segment.objects.values_list("code", flat=True)) == ["T1", "T2", "T3"]
    text = client.get("/chain/").content.decode()
    assert "茶饮料" in text
    assert "800 吨/年" in text
    # Last year's output says nothing of this year's promise.
    assert "50 亿元" in client.get("/targets/").content.decode()
    assert "210 家" in client.get("/figures/yunling-tea-companies-2023/").content.decode()
    page = client.get("/projects/", {"q": "yyhc"})
    assert [row.slug for row in page.context["page"]] == ["cloudleaf-black-tea"]


def test_no_template_script_or_style_names_our_city_or_industry() -> None:
    """Code is searched by test_structure.py, where docstrings may give an example."""
    found = []
    for folder in ("templates", "assets"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "dist" not in path.parts:
                for word in OURS.findall(path.read_text(encoding="utf-8")):
                    found.append((path.name, word))
    assert found == []


def test_only_settings_hold_the_names() -> None:
    text = (ROOT / "zaozhuang" / "settings.py").read_text(encoding="utf-8")
    assert OURS.search(text)  # the search can find them
    assert settings.DATASET.name == "zaozhuang-lithium"
