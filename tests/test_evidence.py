"""What rests on a source, what rests on none, and how much of it all does."""

import re
from collections import Counter
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from districts.evidence import Coverage, records_by_source, without_source
from districts.models import Source
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
    # A company's part in a project is edited with the project, an honour with the company.
    kinds = Counter(url.split("/")[3] for url in forms)
    assert kinds == {
        "project": 2, "company": 2, "target": 2, "reading": 2, "district": 2, "capacity": 2, "stagechange": 5,
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
