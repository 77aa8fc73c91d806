"""What is added up, what is not, and the chain against loops."""

from decimal import Decimal

from projects.chain import chain
from projects.models import Capacity, Project
from projects.places import Place
from projects.querysets import ProjectQuerySet
from projects.stages import FAMILY, Family
from projects.totals import totals
from tests.factories import (
    change_stage,
    day,
    make_capacity,
    make_district,
    make_project,
    make_segment,
    make_unit,
)


def capacity(rows: ProjectQuerySet) -> dict[tuple[str, str], Decimal]:
    return {
        (total.segment.code, total.unit.name): total.quantity for total in totals(rows).capacities
    }


def test_capacity_is_added_within_one_segment_and_unit(db: None) -> None:
    cathode, membrane = make_segment("M1"), make_segment("M3")
    project = make_project()
    make_capacity(project, 18, segment=cathode)
    make_capacity(project, 12, segment=cathode)
    make_capacity(project, "4.08", segment=membrane, unit=make_unit("亿平方米", "m²", 100_000_000))
    make_capacity(make_project(), None, segment=cathode)
    assert capacity(Project.objects.at()) == {
        ("M1", "万吨"): 30,
        ("M3", "亿平方米"): Decimal("4.08"),
    }


def test_a_long_sum_shows_no_trace_of_how_a_database_keeps_decimals(db: None) -> None:
    segment, unit = make_segment("M1"), make_unit()
    project = make_project(investment=Decimal("0.1"), investment_kind="agreed")
    Project.objects.bulk_create(
        Project(
            slug=f"tenth-{n}",
            name=f"{n}",
            district=project.district,
            investment=Decimal("0.1"),
            investment_kind="agreed",
        )
        for n in range(999)
    )
    Capacity.objects.bulk_create(
        Capacity(project=project, product=f"{n}", quantity="0.1", unit=unit, segment=segment)
        for n in range(1000)
    )
    # As a floating-point number it is 99.9999999999986.
    assert capacity(Project.objects.at()) == {("M1", "万吨"): 100}
    assert [total.amount for total in totals(Project.objects.at()).investments] == [100]


def test_a_phase_is_not_added_to_its_parent(db: None) -> None:
    segment = make_segment("M1")
    place = make_district()
    whole = make_project(district=place, investment=Decimal(50), investment_kind="agreed")
    phase = make_project(
        district=place, parent=whole, investment=Decimal(20), investment_kind="agreed"
    )
    make_capacity(whole, 30, segment=segment)
    make_capacity(phase, 10, segment=segment)
    assert capacity(Project.objects.at()) == {("M1", "万吨"): 30}
    [investment] = totals(Project.objects.at()).investments
    assert (int(investment.amount), investment.projects) == (50, 1)
    # Alone in a selection, the phase counts.
    assert capacity(Project.objects.at().filter(pk=phase.pk)) == {("M1", "万吨"): 10}


def test_a_phase_counts_where_its_parent_has_no_such_figure(db: None) -> None:
    place = make_district()
    whole = make_project(district=place, investment=Decimal(50), investment_kind="agreed")
    make_project(district=place, parent=whole, investment=Decimal(7), investment_kind="completed")
    amounts = {total.kind: total.amount for total in totals(Project.objects.at()).investments}
    assert sorted(amounts.values()) == [7, 50]
    assert len(amounts) == 2


def test_a_blank_investment_is_not_zero(db: None) -> None:
    make_project()
    assert totals(Project.objects.at()).investments == []


def test_unknown_is_counted_apart(report: None) -> None:
    found = totals(Project.objects.at())
    assert found.by_family[Family.UNKNOWN] == found.by_stage["unknown"] == 4
    assert found.count == sum(found.by_family.values()) == 25


def test_the_chain_holds_what_loops_find(report: None) -> None:
    from districts.models import District
    from projects.models import Capacity

    places = list(District.objects.filter(parent__isnull=False))
    matrix = chain(Project.objects.at(), places)
    for row in matrix.rows:
        for cell in row.cells:
            here = Capacity.objects.filter(
                segment=cell.segment, project__district=cell.district
            ).select_related("project")
            assert cell.count == len({capacity.project_id for capacity in here})
            known = sum((capacity.quantity for capacity in here if capacity.quantity), Decimal(0))
            assert sum((amount.quantity for amount in cell.amounts), Decimal(0)) == known
            assert set(cell.families) == {FAMILY[capacity.project.stage] for capacity in here}
    assert {row.segment.code for row in matrix.empty} >= {"B1", "B2", "R1", "R2"}


def test_the_chain_of_a_past_day(db: None) -> None:
    segment = make_segment("M1")
    place = make_district()
    project = make_project(district=place, stage="signed", since="2023-01-01")
    make_capacity(project, 10, segment=segment)
    change_stage(project, "producing", "2024-01-01")
    [row] = Place(place, day("2023-06-01")).chain.rows
    assert row.cells[0].family == Family.AGREED
    assert row.cells[0].amounts[0].family == Family.AGREED
    [row] = Place(place).chain.rows
    assert row.cells[0].family == Family.BUILT


def test_reported_against_tracked(report: None) -> None:
    """Literals of the report: 6 under construction of which three are named, and so on."""
    from districts.models import District

    city = Place(District.objects.get(slug="zaozhuang"), day("2023-02-28"))
    found = {
        (row.figure.district.slug, row.stage, row.due): (row.reported, row.tracked, row.unnamed)
        for row in city.reconciled
    }
    assert found == {
        ("tengzhou", "building", ""): (6, 3, 3),
        ("tengzhou", "signed", ""): (4, 1, 3),
        ("tengzhou", "negotiating", ""): (13, 0, 13),
        ("xuecheng", "completed", "due"): (5, 3, 2),
    }
