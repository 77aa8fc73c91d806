"""Where two sources differ, both stand: one figure counts, the other is shown beside it."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from textwrap import dedent

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from django.utils.timezone import localdate

from districts.evidence import citing_models, paragraphs
from districts.models import Reading, ReadingClaim, Target
from projects.models import Capacity, CapacityClaim, Project
from projects.totals import totals
from tests.desk import input_of
from tests.factories import (
    day,
    make_capacity,
    make_capacity_claim,
    make_district,
    make_indicator,
    make_project,
    make_reading,
    make_reading_claim,
    make_segment,
    make_source,
    make_target,
    make_target_claim,
    make_unit,
)
from zaozhuang.seeding import DataProblems, seed

pytestmark = pytest.mark.django_db


def companies_counted() -> Reading:
    """Ten companies by the report, thirty-five by a yearbook that counts differently."""
    reading = make_reading(
        10,
        "2022",
        slug="companies-2022",
        district=make_district("城", slug="city"),
        indicator=make_indicator(
            name="企业数", definition="规模以上企业", unit=make_unit("家", "")
        ),
        source=make_source(slug="report", title="工作报告"),
        locator="报告 ¶4",
        adopted_because="只数规模以上企业，与目标口径一致。",
    )
    make_reading_claim(
        reading,
        slug="companies-2022-yearbook",
        value=Decimal(35),
        definition="全部在册企业",
        source=make_source(slug="yearbook", title="统计年鉴"),
        locator="年鉴 ¶1",
        date=day("2022-01-01"),
        date_precision="year",
    )
    return reading


def test_a_figure_page_answers_in_one_look(client: Client) -> None:
    companies_counted()
    text = client.get("/figures/companies-2022/").content.decode()
    for part in (
        "10 家",
        "企业数",
        "规模以上企业",
        "2022年",
        "工作报告",
        "/sources/report/#报告-4",
        localdate().isoformat(),
        "与目标口径一致",
        "35 家",
        "全部在册企业",
        "统计年鉴",
        "/sources/yearbook/#年鉴-1",
    ):
        assert part in text, part


def test_tables_link_to_the_figure_and_mark_what_is_contested(client: Client) -> None:
    reading = companies_counted()
    quiet = make_reading(7, "2023", slug="quiet", district=reading.district)
    text = client.get("/districts/city/").content.decode()
    assert text.count('class="otherwise"') == 1
    assert 'href="/figures/companies-2022/#claims"' in text
    assert f'<a class="figure-link" href="{quiet.figure_url}">' in text
    assert (
        "/en/figures/companies-2022/#claims" in client.get("/en/districts/city/").content.decode()
    )


def test_targets_and_readings_of_progress_are_marked(client: Client) -> None:
    place = make_district("城", slug="city")
    indicator = make_indicator()
    target = make_target(
        100, "2023", slug="goal", district=place, indicator=indicator, adopted_because="原文"
    )
    make_target_claim(target, value=Decimal(120))
    reading = make_reading(
        40, "2023", slug="so-far", district=place, indicator=indicator, adopted_because="先有"
    )
    make_reading_claim(reading, value=Decimal(130))
    progress = Target.objects.measured(date(2024, 1, 1))[0].progress
    assert progress.share == Decimal("0.4")  # the claim of 130 counts nowhere
    text = client.get("/targets/").content.decode()
    assert 'href="/figures/goal/#claims"' in text
    assert 'href="/figures/so-far/#claims"' in text
    page = client.get("/figures/goal/").content.decode()
    assert "120 亿元" in page
    assert "40 亿元" in page


def test_a_product_that_another_source_calls_otherwise(client: Client) -> None:
    project = make_project("一号", slug="one")
    segment = make_segment("M1")
    capacity = make_capacity(
        project, 5, product="磷酸铁锂", segment=segment, adopted_because="业主公告在后。"
    )
    make_capacity_claim(capacity, text="磷酸锰铁锂", value=Decimal(8))
    page = client.get("/projects/one/").content.decode()
    assert f'href="/figures/capacity-{capacity.pk}/#claims"' in page
    text = client.get(f"/figures/capacity-{capacity.pk}/").content.decode()
    for part in ("磷酸铁锂", "5 万吨/年", "磷酸锰铁锂 8 万吨/年", "业主公告在后。"):
        assert part in text
    assert totals(Project.objects.at()).capacities[0].quantity == 5


@pytest.mark.parametrize("slug", ["nothing", "capacity-1", "capacity-99999999999999999999"])
def test_a_figure_that_is_not_there(client: Client, slug: str) -> None:
    assert client.get(f"/figures/{slug}/").status_code == 404


def test_every_figure_of_the_report_has_its_page(report: None, client: Client) -> None:
    every = [*Reading.objects.all(), *Target.objects.all(), *Capacity.objects.all()]
    assert len(every) > 80
    with translation.override("zh-hans"):
        addresses = [record.figure_url for record in every[::4]]
    for path in addresses:
        assert client.get(path).status_code == 200, path
        assert client.get(f"/en{path}").status_code == 200, path


def test_the_queries_of_a_figure_page_do_not_grow(client: Client) -> None:
    reading = companies_counted()
    counted = []
    for _round in range(2):
        with CaptureQueriesContext(connection) as queries:
            client.get("/figures/companies-2022/")
        counted.append(len(queries))
        for _number in range(5):
            make_reading_claim(reading, unit=make_unit())
    assert counted[0] == counted[1] <= 4


# What the records demand


def test_one_reading_for_one_thing() -> None:
    reading = make_reading(10, "2022", source=make_source())
    with pytest.raises(IntegrityError):
        make_reading(
            35, "2022", district=reading.district, indicator=reading.indicator, source=make_source()
        )


def test_a_claim_wants_the_reason_for_what_is_adopted() -> None:
    reading = make_reading()
    claim = ReadingClaim(reading=reading, slug="c", value=Decimal(3), source=make_source())
    with pytest.raises(ValidationError, match="采用|adopted"):
        claim.full_clean()
    reading.adopted_because = "先有"
    reading.save()
    claim.full_clean()
    claim.save()
    reading.adopted_because = ""
    with pytest.raises(ValidationError) as caught:
        reading.full_clean()
    assert list(caught.value.message_dict) == ["adopted_because"]


def test_an_address_belongs_to_one_figure() -> None:
    make_target(slug="same")
    for slug in ("same", "capacity-3"):
        with pytest.raises(ValidationError) as caught:
            Reading(
                slug=slug,
                district=make_district(),
                indicator=make_indicator(),
                period=day("2023-01-01"),
                period_precision="year",
                value=Decimal(1),
            ).full_clean()
        assert list(caught.value.message_dict) == ["slug"]


def test_a_claim_is_evidence_of_its_own_source() -> None:
    reading = companies_counted()
    claim = reading.claims.get()
    assert {ReadingClaim, CapacityClaim} <= set(citing_models())
    assert claim.source is not None
    place = next(place for place in paragraphs(claim.source) if place.locator == "年鉴 ¶1")
    assert [record for _kind, record in place.records] == [claim]
    assert str(claim).endswith("35 家")
    assert claim.get_absolute_url() == "/figures/companies-2022/#companies-2022-yearbook"


# The desk and the data set


def test_an_editor_enters_a_claim_beside_a_reading(admin_client: Client) -> None:
    reading = make_reading(10, "2022", slug="r", source=make_source(slug="first"))
    other = make_source(slug="second")
    address = f"/admin/districts/reading/{reading.pk}/change/"
    form = input_of(admin_client.get(address)) | {
        "district": reading.district_id,
        "indicator": reading.indicator_id,
        "slug": "r",
        "period": "2022",
        "value": "10",
        "source": reading.source_id,
        "claims-TOTAL_FORMS": 1,
        "claims-INITIAL_FORMS": 0,
        "claims-0-value": "35",
        "claims-0-date": "2022",
        "claims-0-source": other.pk,
    }
    response = admin_client.post(address, form)
    assert response.status_code == 200  # no reason is given yet
    assert not ReadingClaim.objects.exists()
    response = admin_client.post(address, form | {"adopted_because": "口径一致"})
    assert response.status_code == 302
    claim = ReadingClaim.objects.get()
    assert (claim.slug, str(claim.when and claim.when.iso)) == ("r-second", "2022")
    assert claim.value == 35


FOLDER = {
    "units.yaml": "- name: 家\n",
    "themes.yaml": "- slug: industry\n  name: 产业\n  is_industry: true\n",
    "sources.yaml": "- slug: report\n  title: 报告\n- slug: yearbook\n  title: 年鉴\n",
    "districts.yaml": '- slug: city\n  code: "990000"\n  name: 城\n  short_name: 城\n',
    "indicators.yaml": "- slug: companies\n  name: 企业数\n  unit: 家\n  theme: industry\n",
    "readings.yaml": """\
        - slug: companies-2022
          district: city
          indicator: companies
          period: "2022"
          value: 10
          source: report
          locator: 报告 ¶4
          adopted_because: 口径一致
          claims:
            - slug: companies-2022-yearbook
              value: 35
              definition: 全部在册企业
              source: yearbook
        """,
    "projects.yaml": """\
        - slug: one
          name: 一号
          district: city
          source: report
          capacities:
            - product: 磷酸铁锂
              adopted_because: 在后
              claims:
                - slug: one-lmfp
                  text: 磷酸锰铁锂
                  source: yearbook
        """,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FOLDER.items():
        (tmp_path / name).write_text(dedent(text), encoding="utf-8")
    return tmp_path


def test_a_data_set_may_hold_claims(folder: Path) -> None:
    seed(folder)
    claim = ReadingClaim.objects.get()
    assert (claim.definition, claim.locator) == ("全部在册企业", "")
    assert claim.value == 35
    assert claim.source is not None
    assert claim.source.slug == "yearbook"
    assert CapacityClaim.objects.get().said == "磷酸锰铁锂"
    assert not seed(folder).changed
    path = folder / "projects.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("锰", "锰锂"), encoding="utf-8")
    assert seed(folder).changed
    assert CapacityClaim.objects.get().text == "磷酸锰锂铁锂"


def test_a_claim_without_a_source_or_reason_is_a_problem(folder: Path) -> None:
    path = folder / "readings.yaml"
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole.replace("      source: yearbook\n", ""), encoding="utf-8")
    with pytest.raises(DataProblems, match="needs the source"):
        seed(folder)
    path.write_text(whole.replace("  adopted_because: 口径一致\n", ""), encoding="utf-8")
    with pytest.raises(DataProblems, match="why its own figure is adopted"):
        seed(folder)
