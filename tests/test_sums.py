"""City against districts, and the open links of the chain: literals of the report, and rules."""

import csv
import io
from decimal import Decimal

import pytest
from django.test import Client

from districts.models import District
from projects.gaps import LinkState, links
from projects.places import Place
from projects.stages import Family
from projects.summaries.keeping import merge
from tests.factories import (
    day,
    make_capacity,
    make_company,
    make_district,
    make_indicator,
    make_participation,
    make_project,
    make_reading,
    make_segment,
    make_target,
)


def test_the_citys_output_target_against_its_districts(report: None) -> None:
    """300 for 2023; Tai'erzhuang's 100 is of that year, Tengzhou's 200 is for the plan's end."""
    [check] = Place(District.objects.get(slug="zaozhuang")).sums
    assert check.whole.value == 300
    assert [figure.district.slug for figure in check.added] == ["taierzhuang"]
    assert (check.total, check.gap) == (Decimal(100), Decimal(200))
    [left] = check.left_out
    assert left.figure.district.slug == "tengzhou"
    assert left.figure.value == 200
    assert "2025" in left.reason
    assert {place.slug for place in check.silent} == {"xuecheng", "shizhong", "yicheng", "shanting"}


def test_a_district_sees_the_sum_that_it_is_part_of(report: None) -> None:
    assert len(Place(District.objects.get(slug="tengzhou")).sums) == 1
    assert Place(District.objects.get(slug="shanting")).sums == []


@pytest.fixture
def city(db: None) -> District:
    city = make_district("城", slug="city")
    for number in range(2):
        make_district(f"区{number}", slug=f"place-{number}", parent=city)
    return city


def places(city: District) -> list[District]:
    return list(city.children.order_by("order"))


def test_growth_rates_are_not_added(city: District) -> None:
    growth = make_indicator(summable=False)
    for place in [city, *places(city)]:
        make_reading(10, "2023", district=place, indicator=growth)
    [check] = Place(city).sums
    assert check.total is None
    assert len(check.left_out) == 2


def test_readings_of_one_year_are_added_and_others_named(city: District) -> None:
    output = make_indicator(summable=True)
    first, second = places(city)
    make_reading(300, "2023", district=city, indicator=output)
    make_reading(120, "2023", district=first, indicator=output, approximate=True)
    make_reading(90, "2022", district=second, indicator=output)
    [check] = Place(city).sums
    assert (check.total, check.gap, check.approximate) == (Decimal(120), Decimal(180), True)
    assert [left.figure.value for left in check.left_out] == [90]


def test_another_indicator_is_never_added(city: District) -> None:
    make_target(300, "2023", district=city, indicator=make_indicator(summable=True))
    make_target(100, "2023", district=places(city)[0], indicator=make_indicator(summable=True))
    assert Place(city).sums == []


def test_a_target_is_not_added_to_readings(city: District) -> None:
    output = make_indicator(summable=True)
    make_target(300, "2023", district=city, indicator=output)
    make_reading(100, "2023", district=places(city)[0], indicator=output)
    assert Place(city).sums == []


def test_as_of_a_day_knows_no_later_reading(city: District) -> None:
    output = make_indicator(summable=True)
    make_reading(300, "2023-01", district=city, indicator=output)
    make_reading(100, "2023-06", district=places(city)[0], indicator=output)
    assert Place(city, day("2023-03-01")).sums == []


def test_the_state_of_a_link(city: District) -> None:
    first, second = places(city)
    segments = [
        make_segment(code, order=1000 + at) for at, code in enumerate(["A1", "A2", "A3", "A4"])
    ]
    one = make_project(district=first, stage="building")
    make_capacity(one, segment=segments[0])
    make_participation(one, make_company("独家"))
    other = make_project(district=second, stage="producing")
    make_capacity(other, segment=segments[2])
    found = {link.segment.code: link for link in Place(city).links}
    assert {code: link.state for code, link in found.items()} == {
        "A1": LinkState.SINGLE,
        "A2": LinkState.EMPTY,
        "A3": LinkState.UNNAMED,
        "A4": LinkState.EMPTY,
    }
    assert [(d.slug, s.code) for d, s in found["A2"].neighbours] == [
        ("place-0", "A1"),
        ("place-1", "A3"),
    ]
    assert [(d.slug, s.code) for d, s in found["A4"].neighbours] == [("place-1", "A3")]
    assert found["A3"].where(Family.BUILT) == [(second, 1)]
    make_participation(one, make_company("另一家"))
    assert {link.segment.code: link for link in Place(city).links}["A1"].state == LinkState.SHARED


def test_the_links_of_very_many_projects_are_the_same(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = make_district(slug="city")
    segments = [make_segment(f"L{number}") for number in range(5)]
    companies = [make_company(slug=f"c{number}") for number in range(4)]
    projects = [make_project(district=make_district(parent=city)) for _ in range(9)]
    for number, project in enumerate(projects):
        for at in {number % 2, number % 3}:
            make_capacity(project, 1, segment=segments[at])
        if number % 5:
            make_participation(project, companies[number % 4])
    make_capacity(make_project(district=city), 1, segment=segments[4])

    monkeypatch.setattr("projects.places.FEW", 0)
    for after in ("writes", "a merge", "another write", "a deletion"):
        if after == "a merge":
            merge([city.pk])
        elif after == "another write":
            make_participation(projects[0], companies[0])
        elif after == "a deletion":
            projects[1].participations.all().delete()
        expected = links(Place(city).chain, Place(city).projects)
        found = Place(city).links
        assert [(x.state, x.companies, x.others, x.unnamed) for x in found] == [
            (x.state, x.companies, 0, x.unnamed) for x in expected
        ]
        with monkeypatch.context() as patched:
            patched.setattr("projects.gaps.LARGEST", 1)
            cut = Place(city).links
        for short, whole in zip(cut, expected, strict=True):
            assert short.state == whole.state
            assert len(short.companies) + short.others == len(whole.companies)
            assert set(short.companies) <= set(whole.companies)
            assert len(short.names) == min(len(whole.names), 2)


def test_the_reports_chain_leaves_as_a_file(report: None, client: Client) -> None:
    text = b"".join(client.get("/chain.csv?headers=codes")).decode()
    rows = {row["segment"]: row for row in csv.DictReader(io.StringIO(text))}
    assert len(rows) == 21
    assert {code for code, row in rows.items() if row["state"] == "empty"} == {
        "U1", "B1", "B2", "D3", "D4", "R1", "R2", "X1", "X2",
    }  # fmt: skip
    assert rows["M3"]["state"] == "single"
    assert rows["M3"]["companies"] == "中材锂膜有限公司"
    assert (rows["M1"]["projects"], rows["M1"]["building"], rows["M1"]["talked"]) == ("7", "4", "3")
    assert rows["B1"]["neighbours"] == "薛城区"
    assert sum(Decimal(row["projects"]) for row in rows.values()) == 25
