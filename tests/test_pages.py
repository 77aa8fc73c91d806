"""Every page, in both languages, with a number of queries that does not grow with the rows."""

from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import translation

from tests.factories import (
    change_stage,
    make_capacity,
    make_company,
    make_district,
    make_honour,
    make_participation,
    make_passage,
    make_project,
    make_reading,
    make_reading_claim,
    make_segment,
    make_source,
    make_target,
    make_target_claim,
)
from tests.queries import queries_of

PAGES = [
    "/",
    "/districts/zaozhuang/",
    "/districts/tengzhou/",
    "/districts/tengzhou/briefing/",
    "/projects/",
    "/projects/?district=tengzhou&stage=building",
    "/companies/",
    "/targets/",
    "/chain/",
    "/changes/",
    "/changes/?since=2023-02-01&until=2023-06-30&district=tengzhou",
    "/figures/zaozhuang-lithium-companies-2022/",
    "/figures/tengzhou-lithium-output-2025/",
    "/sources/",
    "/about/",
]


@pytest.mark.parametrize("prefix", ["", "/en"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_answers_in_its_language(
    report: None, client: Client, prefix: str, path: str
) -> None:
    response = client.get(prefix + path)
    text = response.content.decode()
    assert response.status_code == 200
    assert ('<html lang="en">' if prefix else '<html lang="zh-Hans">') in text
    assert ("Zaozhuang Lithium Tracker" if prefix else "枣庄锂电产业跟踪") in text


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_every_record_with_a_page_has_one(report: None, client: Client, prefix: str) -> None:
    """Every record in Chinese; in English every third, since it is the same template."""
    from districts.models import District, Source
    from projects.models import Company, Project

    for model in (District, Project, Company, Source):
        for record in model.objects.all()[:: 3 if prefix else 1]:
            with translation.override("zh-hans"):
                path = record.get_absolute_url()
            response = client.get(prefix + path)
            assert response.status_code == 200, record
            name = record.name_en if prefix and hasattr(record, "name_en") else None
            if name:
                assert (
                    name.replace("&", "&amp;").replace("'", "&#x27;") in response.content.decode()
                )


def test_the_language_switch_keeps_page_and_filters(report: None, client: Client) -> None:
    text = client.get("/projects/?district=tengzhou&q=%E9%94%82").content.decode()
    assert 'href="/en/projects/?district=tengzhou&amp;q=%E9%94%82"' in text
    assert 'hreflang="en"' in text
    text = client.get("/en/projects/?district=tengzhou&q=%E9%94%82").content.decode()
    assert 'href="/projects/?district=tengzhou&amp;q=%E9%94%82"' in text


def test_an_empty_database_still_has_pages(db: None, client: Client) -> None:
    for path in ("/", "/projects/", "/companies/", "/targets/", "/chain/", "/sources/", "/about/"):
        assert client.get(path).status_code == 200, path


def test_health_and_readiness(db: None, client: Client) -> None:
    assert client.get("/healthz").content == b"ok\n"
    assert client.get("/readyz").content == b"ready\n"


def test_readiness_fails_while_a_migration_is_missing(db: None, client: Client) -> None:
    from django.db.migrations.recorder import MigrationRecorder

    MigrationRecorder.Migration.objects.filter(app="projects").latest("pk").delete()
    response = client.get("/readyz")
    assert response.status_code == 503
    assert b"migrations" in response.content


def test_a_page_past_the_end_is_404_and_an_unknown_address_too(
    report: None, client: Client
) -> None:
    assert client.get("/projects/?page=2").status_code == 404
    assert client.get("/projects/nothing/").status_code == 404
    assert client.get("/districts/nowhere/").status_code == 404
    assert client.get("/charts/nothing.csv").status_code == 404


@pytest.mark.parametrize("query", ["", "ordering=-name", "as_of=2023-02-08", "q=%E9%94%82"])
def test_a_page_far_from_the_first_holds_its_part(
    report: None, client: Client, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    whole = client.get(f"/projects/?{query}").context["page"].object_list
    monkeypatch.setattr("projects.views.PER_PAGE", 3)
    for near in (0, 1000):
        monkeypatch.setattr("projects.summaries.listed.NEAR", near)
        parts: list[Any] = []
        for number in range(1, -(-len(whole) // 3) + 1):
            parts += client.get(f"/projects/?{query}&page={number}").context["page"].object_list
        assert parts == list(whole)
        assert client.get(f"/projects/?{query}&page={number + 1}").status_code == 404


@pytest.mark.parametrize("path", ["/projects/", "/", "/projects.csv"])
def test_only_safe_methods(report: None, client: Client, path: str) -> None:
    assert client.post(path).status_code == 405
    assert client.head(path).status_code == 200


def test_a_tab_says_where_one_is(report: None, client: Client) -> None:
    assert "<title>滕州市 · 在建 3" in client.get("/districts/tengzhou/").content.decode()
    assert (
        "<title>Tengzhou City · 3 under construction"
        in client.get("/en/districts/tengzhou/").content.decode()
    )


def test_figures_link_to_their_paragraph(report: None, client: Client) -> None:
    text = client.get("/targets/").content.decode()
    assert "/sources/newspaper-page-2023-02/#%E9%94%82%E7%94%B5-4" in text or "#锂电-4" in text
    source = client.get("/sources/newspaper-page-2023-02/").content.decode()
    assert 'id="锂电-4"' in source


def test_the_sources_paragraphs_come_in_order(report: None, client: Client) -> None:
    text = client.get("/sources/newspaper-page-2023-02/").content.decode()
    places = [text.index(f'id="锂电-{number}"') for number in range(1, 12)]
    assert places == sorted(places)


def test_other_fields_of_life_are_apart_from_the_industry(report: None, client: Client) -> None:
    text = client.get("/districts/shanting/").content.decode()
    industry, context = text.split("区情", 1)
    assert "CCER" in context or "减排" in context
    assert "CCER" not in industry
    overview = client.get("/").content.decode()
    assert "CCER" not in overview


def test_unknown_is_shown_as_unknown(report: None, client: Client) -> None:
    text = client.get("/projects/sinoma-separator-phase-3/").content.decode()
    assert "未注明" in text
    assert ">0 " not in text


def fill(rows: int) -> dict[str, Any]:
    """`rows` of everything that a page may list, under one city."""
    city = make_district("城", slug="city")
    place = make_district("区", slug="place", parent=city)
    source = make_source(slug="page")
    segment = make_segment("M1")
    for number in range(rows):
        below = make_district(parent=city)
        project = make_project(
            stage="building",
            due="2023-05",
            district=below if number % 2 else place,
            source=source,
            # Each its own: what is the same in all rows is looked up once.
            locator=f"文 ¶{number}",
        )
        change_stage(project, "completed", "2024-01", source=source, locator="文 ¶2")
        make_capacity(project, segment=segment, source=source)
        make_capacity(project, quantity=None, segment=make_segment())
        company = make_company(source=source)
        make_honour(company, source=source)
        make_participation(project, company)
        make_target_claim(make_target(district=place, source=source))
        make_target(None, district=place, source=source)
        make_reading(district=place, source=source)
        make_passage(source)
        make_reading_claim(make_reading(district=place, source=source))
    make_reading(district=place, source=source, slug="reading")
    make_target(district=place, source=source, slug="target")
    make_project(slug="one", district=place, source=source, stage="signed")
    company = make_company(slug="one", source=source)
    make_participation(make_project(district=place), company)
    return {"city": city, "place": place}


# A page's queries, counted on the data of fill(); the same for 3 rows as for 12. One of each tells
# whether the page is the one that the visitor has.
BUDGETS = {
    "/": 32,
    "/districts/city/": 47,
    "/districts/place/": 44,
    "/districts/place/briefing/": 32,
    "/projects/": 27,
    "/projects/?district=place&stage=building&segment=M1": 24,
    "/projects/one/": 8,
    "/companies/": 8,
    "/companies/one/": 12,
    "/targets/": 20,
    "/chain/": 17,
    "/figures/reading/": 6,
    "/figures/target/": 6,
    "/sources/": 14,
    "/sources/page/": 16,
    "/about/": 15,
    "/projects.csv": 8,
    "/capacities.csv": 10,
    "/targets.csv": 5,
    "/readings.csv": 5,
    "/companies.csv": 6,
}


def test_queries_do_not_grow_with_the_rows(db: None, client: Client) -> None:
    def counted(rows: int) -> dict[str, int]:
        with transaction.atomic():
            fill(rows)
            found = {path: queries_of(client, path) for path in BUDGETS}
            transaction.set_rollback(True)
        return found

    few = counted(3)
    assert counted(12) == few
    assert {path: n for path, n in few.items() if n > BUDGETS[path]} == {}


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_a_foreign_host_is_refused_with_a_page(db: None, client: Client, prefix: str) -> None:
    response = client.get(f"{prefix}/projects/", headers={"host": "evil.example"})
    assert response.status_code == 400
    assert "<h1>" in response.content.decode()


def test_a_thousand_parameters_are_refused_with_a_page(db: None, client: Client) -> None:
    response = client.get("/projects/?" + "&".join(f"a={number}" for number in range(1100)))
    assert response.status_code == 400
    assert "<h1>" in response.content.decode()
