"""CSV: byte for byte on a small case, and in step with the page."""

import csv
import io
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import models
from django.test import Client

from projects.filters import ProjectFilter
from projects.models import Project
from tests.factories import (
    make_capacity,
    make_company,
    make_district,
    make_honour,
    make_indicator,
    make_participation,
    make_project,
    make_reading,
    make_segment,
    make_source,
    make_target,
    make_unit,
)

PROJECT_CODES = (
    "id,slug,name,name_en,district_code,district,kind,stage,stage_label,stage_basis,stage_since,"
    "companies,segments,capacity,due,due_precision,investment,investment_kind,parent,source,locator,updated_at"
)
CODES = {
    "/projects.csv": PROJECT_CODES,
    "/capacities.csv": "id,project,project_name,district,stage,product,segment,quantity,unit,per_year,technology,basis,source,locator",
    "/targets.csv": "id,district_code,district,indicator,comparator,value,unit,baseline,due,due_precision,state,progress,source,locator",
    "/readings.csv": "id,district_code,district,indicator,period,value,unit,approximate,source,locator",
    "/companies.csv": "id,slug,name,short_name,registered_in,projects,honours,source,locator",
}


def body(client: Client, path: str) -> bytes:
    response = client.get(path)
    assert response.status_code == 200
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    return b"".join(response)


def rows(client: Client, path: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body(client, path).decode("utf-8-sig"))))


@pytest.fixture
def small(db: None) -> Project:
    place = make_district("滕州市", name_en="Tengzhou", code="370481", slug="tengzhou")
    source = make_source(slug="page")
    project = make_project(
        "甲, “乙”",
        name_en="A",
        slug="a",
        district=place,
        stage="building",
        since="2023-02",
        due="2023-05",
        investment=Decimal("12.50"),
        investment_kind="agreed",
        source=source,
        locator="锂电 ¶8",
    )
    make_capacity(
        project,
        18,
        product="磷酸铁锂",
        product_en="LFP",
        segment=make_segment("M1"),
        source=source,
        locator="锂电 ¶1",
    )
    make_capacity(project, None, product="=1+1", segment=make_segment("M2"))
    company = make_company("某某有限公司", slug="x", registered_in="深圳", source=source)
    make_participation(project, company)
    make_honour(company, title="绿色工厂", year=2022, awarded_by="工信部")
    moment = datetime(2023, 2, 13, 9, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
    models.QuerySet(Project).update(updated_at=moment)
    make_target(
        100,
        "2021/2025",
        district=place,
        indicator=make_indicator(name="产值"),
        comparator="gt",
        source=source,
        locator="锂电 ¶10",
    )
    make_reading(
        "0.5",
        "2022",
        district=place,
        indicator=make_indicator(name="占比", unit=make_unit("%", "%", 1)),
        approximate=True,
    )
    return Project.objects.get(pk=project.pk)


def test_projects_byte_for_byte(small: Project, client: Client) -> None:
    assert body(client, "/projects.csv?headers=codes").decode() == (
        f"{PROJECT_CODES}\r\n"
        f'{small.pk},a,"甲, “乙”",A,370481,滕州市,manufacturing,building,在建,stated,2023-02,'
        "某某有限公司,M1; M2,磷酸铁锂 18 万吨/年; =1+1,2023-05,month,12.5,agreed,,page,锂电 ¶8,2023-02-13T09:30:00+08:00\r\n"
    )


def test_capacities_byte_for_byte_with_the_formula_defused(small: Project, client: Client) -> None:
    first, second = small.capacities.order_by("pk").values_list("pk", flat=True)
    head, one, two, end = body(client, "/capacities.csv?headers=codes").decode().split("\r\n")
    assert head == CODES["/capacities.csv"]
    assert (
        one == f'{first},a,"甲, “乙”",滕州市,building,磷酸铁锂,M1,18,万吨,true,,stated,page,锂电 ¶1'
    )
    assert two == f'{second},a,"甲, “乙”",滕州市,building,\'=1+1,M2,,,true,,stated,,'
    assert end == ""


def test_targets_readings_and_companies(small: Project, client: Client) -> None:
    target = rows(client, "/targets.csv?headers=codes")[0]
    assert target | {"id": ""} == {
        "id": "", "district_code": "370481", "district": "滕州市", "indicator": "产值", "comparator": ">", "value": "100",
        "unit": "亿元", "baseline": "", "due": "2021/2025", "due_precision": "plan", "state": "unknown", "progress": "",
        "source": "page", "locator": "锂电 ¶10",
    }  # fmt: skip
    reading = rows(client, "/readings.csv?headers=codes")[0]
    assert (reading["value"], reading["unit"], reading["period"], reading["approximate"]) == (
        "0.5",
        "%",
        "2022",
        "true",
    )
    company = rows(client, "/companies.csv?headers=codes")[0]
    assert company["projects"] == "a"
    assert company["honours"] == "绿色工厂 (2022, 工信部)"


@pytest.mark.parametrize("path", CODES)
def test_codes_are_the_contracts_columns(small: Project, client: Client, path: str) -> None:
    text = body(client, f"{path}?headers=codes")
    assert text.decode().split("\r\n")[0] == CODES[path]


@pytest.mark.parametrize("path", CODES)
def test_headings_follow_the_address_and_carry_a_mark(
    small: Project, client: Client, path: str
) -> None:
    chinese = body(client, path)
    english = body(client, f"/en{path}")
    assert chinese.startswith(b"\xef\xbb\xbf")
    assert english.startswith(b"\xef\xbb\xbf")
    head = english.decode("utf-8-sig").split("\r\n")[0]
    assert head.isascii()
    assert len(head.split(",")) == len(CODES[path].split(","))
    assert not chinese.decode("utf-8-sig").split("\r\n")[0].isascii()


@pytest.mark.parametrize(
    "query",
    [
        "",
        "district=tengzhou",
        "stage=building&ordering=-due",
        "q=%E7%A3%B7%E9%85%B8",
        "as_of=2023-02-08",
        "ordering=name",
    ],
)
def test_the_file_holds_the_pages_rows_in_the_pages_order(
    report: None, client: Client, query: str
) -> None:
    page = client.get(f"/projects/?{query}")
    shown = [project.slug for project in page.context["page"].object_list]
    exported = [row["slug"] for row in rows(client, f"/projects.csv?{query}&headers=codes")]
    assert exported == shown
    assert shown
    capacities = [row["project"] for row in rows(client, f"/capacities.csv?{query}&headers=codes")]
    assert list(dict.fromkeys(capacities)) == [slug for slug in shown if slug in capacities]


def test_the_stage_is_that_of_the_day(report: None, client: Client) -> None:
    from projects.models import StageChange

    project = Project.objects.get(slug="sinoma-separator-phase-3")
    StageChange.objects.create(
        project=project, stage="producing", date="2024-03-01", date_precision="day", basis="stated"
    )
    query = "district=tengzhou&headers=codes"
    now = {row["slug"]: row["stage"] for row in rows(client, f"/projects.csv?{query}")}
    then = {
        row["slug"]: row["stage"] for row in rows(client, f"/projects.csv?{query}&as_of=2023-02-28")
    }
    assert (then[project.slug], now[project.slug]) == ("building", "producing")


def test_the_name_carries_the_date_and_the_filters(report: None, client: Client) -> None:
    name = client.get("/projects.csv?district=tengzhou&stage=building")["Content-Disposition"]
    assert name.startswith('attachment; filename="projects-20')
    assert name.endswith('-district-tengzhou-stage-building.csv"')
    assert "\n" not in client.get("/projects.csv?q=%0d%0aSet-Cookie:x")["Content-Disposition"]


def test_an_export_is_streamed(report: None, client: Client) -> None:
    assert client.get("/projects.csv").streaming


def test_every_chart_gives_its_numbers(report: None, client: Client) -> None:
    stages = rows(client, "/charts/stages.csv")
    assert (
        sum(int(row["合计"]) for row in stages)
        == ProjectFilter({}, queryset=Project.objects.all()).selection().count()
    )
    for name in ("targets", "map", "funnel", "chain", "capacity", "timeline"):
        assert len(body(client, f"/en/charts/{name}.csv").splitlines()) > 2, name
    history = rows(client, "/charts/history.csv?project=sinoma-separator-phase-3")
    assert len(history) == 1
