"""The figures of the page's other articles, and what holds of every record of the page."""

from typing import Any

import pytest
from django.apps import apps
from django.db.models import Q

from districts.models import (
    Cited,
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
    StageChange,
    Stream,
    Technology,
)
from tests.reported import PAGE, iso, number, reading

pytestmark = pytest.mark.usefixtures("report")

# The other articles


@pytest.mark.parametrize(
    ("district", "place", "indicator", "year", "value", "approximate", "locator"),
    [
        ("shanting", "两会", "carbon-offset", 2023, "25", False, "碳中和 ¶3"),
        ("shanting", "两会", "room-temperature-limit", 2023, "20", False, "碳中和 ¶2"),
        ("xuecheng", "常庄街道", "firms-inspected", 2023, "51", False, "安全生产 ¶4"),
        ("xuecheng", "常庄街道", "shops-inspected", 2023, "60", False, "安全生产 ¶4"),
        ("xuecheng", "常庄街道", "hazards-removed", 2023, "12", False, "安全生产 ¶4"),
        ("yicheng", "坛山街道", "grid-workers", 2023, "80", False, "政务公开 ¶2"),
        ("yicheng", "坛山街道", "grid-communities", 2023, "69", False, "政务公开 ¶2"),
        ("yicheng", "坛山街道", "grid-buildings", 2023, "381", False, "政务公开 ¶2"),
        ("yicheng", "坛山街道", "information-campaigns", 2023, "70", True, "政务公开 ¶3"),
        ("shizhong", "", "section-heads-assessed", 2022, "100", False, "两个百名评 ¶2"),
        ("shizhong", "", "section-heads-warned", 2022, "15", False, "两个百名评 ¶2"),
        ("shizhong", "", "section-heads-commended", 2022, "30", False, "两个百名评 ¶2"),
        ("shizhong", "", "assessment-steps", 2022, "3", False, "两个百名评 ¶2"),
        ("shizhong", "", "assessment-aspects", 2023, "5", False, "两个百名评 ¶3"),
        ("zaozhuang", "腾达", "export-growth", 2022, "70", True, "营商环境 ¶2"),
        ("zaozhuang", "腾达", "export-growth-japan", 2022, "90", True, "营商环境 ¶2"),
        ("zaozhuang", "", "service-areas", 2023, "2623", False, "营商环境 ¶3"),
        ("zaozhuang", "", "service-staff", 2023, "3636", False, "营商环境 ¶3"),
        ("zaozhuang", "", "service-levels", 2023, "4", False, "营商环境 ¶3"),
        ("xuecheng", "吴庄村", "village-awards", 2020, "4.68", False, "集体经济 ¶2"),
        ("xuecheng", "吴庄村", "village-officials-rewarded", 2020, "5", False, "集体经济 ¶2"),
        ("xuecheng", "吴庄村", "village-income", 2020, "100", True, "集体经济 ¶2"),
        ("xuecheng", "吴庄村", "village-income", 2021, "134.9", False, "集体经济 ¶2"),
        ("zaozhuang", "", "growth-award-share", 2019, "20", False, "集体经济 ¶3"),
        ("zaozhuang", "", "keeping-award-share", 2019, "10", False, "集体经济 ¶3"),
        ("zaozhuang", "", "awards-paid-in-all", 2023, "2923.8", False, "集体经济 ¶3"),
        ("zaozhuang", "", "award-steps", 2023, "4", False, "集体经济 ¶4"),
        ("taierzhuang", "西张村", "village-growth-award", 2023, "2.6", False, "集体经济 ¶5"),
        ("taierzhuang", "西张村", "village-keeping-award", 2023, "0.57", False, "集体经济 ¶5"),
        ("taierzhuang", "西张村", "village-roads-paved", 2023, "13500", False, "集体经济 ¶5"),
        ("taierzhuang", "西张村", "village-street-lamps", 2023, "40", False, "集体经济 ¶5"),
        ("shizhong", "孟庄镇", "villages-rewarded", 2022, "10", False, "集体经济 ¶6"),
        ("shizhong", "候庄村", "village-income", 2021, "24.8", False, "集体经济 ¶6"),
        ("shizhong", "候庄村", "village-income-increase", 2021, "14.8", False, "集体经济 ¶6"),
        ("shizhong", "候庄村", "village-awards", 2021, "3.7", False, "集体经济 ¶6"),
        ("yicheng", "大刘庄村", "village-income", 2021, "57.97", False, "集体经济 ¶8"),
        ("yicheng", "大刘庄村", "village-income-increase", 2021, "17.4", False, "集体经济 ¶8"),
    ],
)  # fmt: skip
def test_readings_of_the_context(
    district: str,
    place: str,
    indicator: str,
    year: int,
    value: str,
    approximate: bool,
    locator: str,
) -> None:
    figure = reading(district, indicator, place, period__year=year)
    assert (number(figure.value), figure.approximate, figure.locator) == (
        value,
        approximate,
        locator,
    )
    assert bool(figure.place) == bool(place)
    assert not figure.indicator.theme.is_industry
    assert figure.indicator.scope == "all"


def test_what_is_planned_for_deputy_directors_is_a_promise() -> None:
    promises = Target.objects.filter(indicator__theme__is_industry=False).order_by("value")
    assert [
        (number(promise.value), promise.approximate, promise.locator) for promise in promises
    ] == [
        ("5", False, "两个百名评 ¶4"),
        ("10", False, "两个百名评 ¶4"),
        ("15", False, "两个百名评 ¶4"),
        ("30", False, "两个百名评 ¶4"),
        ("100", True, "两个百名评 ¶3"),
    ]
    assert {(promise.district.slug, iso(promise, "due")) for promise in promises} == {
        ("shizhong", "2023-12-31 year")
    }


# Of every record


CITED = [model for model in apps.get_models() if issubclass(model, Cited)]


@pytest.mark.parametrize("model", CITED, ids=lambda model: str(model.__name__))
def test_every_record_rests_on_a_paragraph_that_is_listed(model: type[Any]) -> None:
    listed = set(Passage.objects.values_list("locator", flat=True))
    records = model._default_manager.all()
    for record in records:
        assert record.source == Source.objects.get(slug=PAGE)
        assert record.locator in listed


@pytest.mark.parametrize("model", CITED, ids=lambda model: str(model.__name__))
def test_what_is_inferred_says_why(model: type[Any]) -> None:
    names = {field.name for field in model._meta.fields}
    inferred = Q()
    for name in ("basis", "due_basis"):
        if name in names:
            inferred |= Q(**{name: "inferred"})
    for record in model._default_manager.filter(inferred) if inferred else []:
        assert record.note, record


def test_every_unknown_stage_says_why() -> None:
    assert StageChange.objects.filter(stage="unknown").count() == 4
    assert not StageChange.objects.filter(stage="unknown", note="").exists()


@pytest.mark.parametrize(
    "model",
    [District, Indicator, Passage, Reading, Source, Target, Theme, Unit, Capacity, Company, Honour]
    + [Participation, Project, Segment, StageChange, Stream, Technology],
    ids=lambda model: str(model.__name__),
)
def test_everything_can_be_read_in_english(model: type[Any]) -> None:
    names = {field.name for field in model._meta.fields}
    for record in model._default_manager.all():
        for name in names & {f"{name}_en" for name in names}:
            chinese, english = getattr(record, name.removesuffix("_en")), getattr(record, name)
            # English counts projects and firms without a word for the unit.
            if model is Unit and record.name in {"个", "家", "处", "幢", "次", "套"}:
                assert english == ""
                continue
            assert bool(english) == bool(chinese), f"{record!r}: {name}"
            assert not any("\u4e00" <= sign <= "\u9fff" for sign in english), f"{record!r}: {name}"
