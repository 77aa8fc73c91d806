"""What rests on a source, what rests on none, and how much of it all does."""

import re
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from districts.evidence import Coverage, records_by_source, without_source
from districts.models import Passage, Source
from tests.factories import (
    change_stage,
    make_capacity,
    make_company,
    make_district,
    make_honour,
    make_participation,
    make_project,
    make_reading,
    make_source,
    make_target,
)

PAGE = "/without-source/"


@pytest.fixture
def editor(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_superuser("editor"))
    return client


def test_the_list_of_sources_counts_what_each_page_shows(report: None, client: Client) -> None:
    counted = records_by_source()
    listed = {source.pk: records for source, records in client.get("/sources/").context["sources"]}
    for source in Source.objects.all():
        shown = client.get(source.get_absolute_url()).context["records"]
        assert listed[source.pk] == counted.get(source.pk, 0) == shown
    assert sum(counted.values()) > 150


@pytest.mark.parametrize(
    ("total", "sourced", "share"),
    [(3, 2, "0.666"), (2000, 1999, "0.999"), (2, 2, "1"), (2, 0, "0")],
)
def test_only_all_is_all(total: int, sourced: int, share: str) -> None:
    assert Coverage("", total, sourced).share == Decimal(share)


def test_of_nothing_there_is_no_share() -> None:
    assert Coverage("", 0, 0).share is None


@pytest.mark.django_db
def test_the_share_of_figures_with_a_source(client: Client) -> None:
    source = make_source()
    place = make_district(position="要做强", position_source=source)
    make_reading(district=place, source=source)
    make_target(district=place, source=source)
    make_capacity(make_project(district=place))
    # Names and events are no figures.
    make_company(source=source)
    english = client.get("/en/about/").content.decode()
    assert "<b>66.6%</b> of the figures" in english
    assert "2 of 3." in english
    rows = {
        row.label: (row.total, row.sourced) for row in client.get("/about/").context["coverage"]
    }
    assert rows["全部记录"] == (6, 4)


def everything(rows: int, source: Source | None = None) -> None:
    for _number in range(rows):
        place = make_district(position="要做强", position_source=source)
        project = make_project(stage="building", district=place, source=source)
        change_stage(project, "completed", "2024-01", source=source)
        make_capacity(project, source=source)
        company = make_company(source=source)
        make_honour(company, source=source)
        make_participation(project, company, source=source)
        make_target(district=place, source=source)
        make_reading(district=place, source=source)


def test_records_without_a_source_lead_to_their_forms(editor: Client) -> None:
    everything(2)
    everything(1, make_source())
    found = without_source()
    # Two events a project, and the first event of the third, to which the factory gives none.
    assert {kind: count for kind, count, _records in found} == {
        kind: 5 if kind == "阶段变更" else 2 for kind, _count, _records in found
    }
    assert len(found) == 9
    text = editor.get(PAGE).content.decode()
    links = re.findall(r'<ul class="records">.*?</ul>', text, re.S)
    forms = {url for part in links for url in re.findall(r'href="([^"]+)"', part)}
    # A company's part in a project is edited with the project.
    kinds = Counter(url.split("/")[3] for url in forms)
    assert kinds == {
        "project": 2, "company": 2, "target": 2, "reading": 2, "district": 2, "capacity": 2, "stagechange": 5, "honour": 2,
    }  # fmt: skip
    for url in forms:
        assert editor.get(url).status_code == 200, url


def test_where_all_is_sourced_it_says_so(editor: Client) -> None:
    everything(1, make_source())
    # The earliest event comes with the project; the factory gives it no source.
    for kind, _count, records in without_source():
        assert kind == "阶段变更"
        for record in records:
            record.source = make_source()
            record.save()
    assert "每条记录都注明了来源" in editor.get(PAGE).content.decode()


def test_a_long_list_says_how_long_it_is(editor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("districts.evidence.LISTED", 2)
    for _number in range(3):
        make_company()
    text = editor.get(f"/en{PAGE}").content.decode()
    assert "· 3</h2>" in text
    assert "The first 2:" in text


def test_it_is_for_editors(client: Client, db: None) -> None:
    for prefix in ("", "/en"):
        response = client.get(prefix + PAGE)
        assert response.status_code == 302
        assert response["Location"].startswith(f"{prefix}/admin/login/")


def test_its_queries_do_not_grow_with_the_rows(editor: Client) -> None:
    counted = []
    for rows in (2, 8):
        with transaction.atomic():
            everything(rows)
            with CaptureQueriesContext(connection) as queries:
                editor.get(PAGE)
            counted.append(len(queries))
            transaction.set_rollback(True)
    assert counted[0] == counted[1] <= 30


# Where in a source, for readers of English.


@pytest.mark.django_db
def test_english_readers_are_shown_the_article_by_its_english_name(client: Client) -> None:
    """The locator itself stays the identifier: in addresses, in exports, and in Chinese."""
    source = make_source(articles_en="锂电 = Lithium; 环境=Environment")
    project = make_project(source=source, locator="锂电 ¶4")
    assert source.place_label("锂电 ¶4") == "锂电 ¶4"
    with translation.override("en"):
        for locator, shown in {
            "锂电 ¶4": "Lithium ¶4",
            "环境": "Environment",
            "锂 ¶4": "锂 ¶4",
            "¶4": "¶4",
            "": "",
        }.items():
            assert source.place_label(locator) == shown
        assert make_source().place_label("锂电 ¶4") == "锂电 ¶4"
    chinese, english = (
        client.get(f"{path}{project.get_absolute_url()}").text for path in ("", "/en")
    )
    assert ("锂电 ¶4" in chinese, "Lithium ¶4" in chinese) == (True, False)
    assert ("锂电 ¶4" in english, "Lithium ¶4" in english) == (False, True)
    assert "#锂电-4" in english
    rows: Any = client.get("/en/projects.csv?headers=codes")
    assert "锂电 ¶4" in rows.getvalue().decode()


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["锂电", "锂电 =", "= Lithium", "锂电 = Lithium; 环境"])
def test_an_article_without_its_english_name_is_refused(text: str) -> None:
    with pytest.raises(ValidationError) as found:
        make_source(articles_en=text).full_clean()
    assert list(found.value.message_dict) == ["articles_en"]


@pytest.mark.usefixtures("report")
def test_every_paragraph_of_the_report_has_an_english_name() -> None:
    with translation.override("en"):
        shown = {p.source.place_label(p.locator) for p in Passage.objects.select_related("source")}
    assert len(shown) == Passage.objects.count()
    assert not [text for text in shown if re.search("[一-鿿]", text)]
