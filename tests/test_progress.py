"""The honest states of a promise."""

from decimal import Decimal

import pytest

from districts.models import Target
from districts.progress import TargetState
from tests.factories import day, make_district, make_indicator, make_reading, make_target


def state(target: Target, on: str) -> tuple[str, Decimal | None]:
    [measured] = Target.objects.filter(pk=target.pk).measured(day(on))
    return measured.progress.state, measured.progress.share


@pytest.fixture
def promise(db: None) -> Target:
    """300 of a yearly figure, due in 2023."""
    return make_target(
        300, "2023", district=make_district(), indicator=make_indicator(nature="flow")
    )


def read(target: Target, value: int, period: str, **fields: object) -> None:
    make_reading(value, period, district=target.district, indicator=target.indicator, **fields)


def test_not_due_until_the_year_is_over(promise: Target) -> None:
    assert state(promise, "2023-12-31") == (TargetState.NOT_DUE, None)
    assert state(promise, "2024-01-01") == (TargetState.UNKNOWN, None)


def test_met_by_a_reading_of_the_promised_year(promise: Target) -> None:
    read(promise, 300, "2023")
    assert state(promise, "2024-02-01") == (TargetState.MET, Decimal(1))


def test_exceeding_is_more_than_reaching(promise: Target) -> None:
    Target.objects.filter(pk=promise.pk).update(comparator="gt")
    read(promise, 300, "2023")
    assert state(promise, "2024-02-01") == (TargetState.MISSED, Decimal(1))


def test_missed_says_by_how_much(promise: Target) -> None:
    read(promise, 240, "2023")
    [measured] = Target.objects.measured(day("2024-02-01"))
    assert measured.progress.state == TargetState.MISSED
    assert measured.progress.lacking == 60
    assert measured.progress.share == Decimal("0.8")


def test_an_early_reading_that_falls_short_leaves_the_end_unknown(promise: Target) -> None:
    read(promise, 150, "2023-H1")
    assert state(promise, "2023-08-01") == (TargetState.NOT_DUE, Decimal("0.5"))
    assert state(promise, "2024-02-01") == (TargetState.UNKNOWN, Decimal("0.5"))


def test_the_output_of_another_year_says_nothing(promise: Target) -> None:
    read(promise, 400, "2022")
    read(promise, 400, "2024")
    assert state(promise, "2025-02-01") == (TargetState.UNKNOWN, None)


def test_a_capacity_counts_up_to_the_deadline(db: None) -> None:
    target = make_target(
        10_000,
        "2023",
        baseline=1000,
        district=make_district(),
        indicator=make_indicator(nature="stock"),
    )
    read(target, 1000, "2023-02")
    assert state(target, "2023-06-01") == (TargetState.NOT_DUE, Decimal("0.1"))
    assert state(target, "2024-06-01") == (TargetState.UNKNOWN, Decimal("0.1"))
    read(target, 10_000, "2023-11")
    assert state(target, "2024-06-01") == (TargetState.MET, Decimal(1))


def test_a_reading_of_a_part_of_the_district_is_no_reading_of_it(promise: Target) -> None:
    read(promise, 300, "2023", place="某镇")
    assert state(promise, "2024-02-01") == (TargetState.UNKNOWN, None)


def test_a_reading_of_another_district_or_indicator_is_none(promise: Target) -> None:
    make_reading(300, "2023", district=promise.district)
    make_reading(300, "2023", indicator=promise.indicator)
    assert state(promise, "2024-02-01") == (TargetState.UNKNOWN, None)


def test_a_promise_without_a_date_is_never_overdue(db: None) -> None:
    assert state(make_target(5, None), "2099-01-01") == (TargetState.NOT_DUE, None)


def test_a_milestone_has_no_share(db: None) -> None:
    assert state(make_target(None, "2023"), "2024-01-01") == (TargetState.UNKNOWN, None)


def test_as_of_a_day_knows_no_later_reading(promise: Target) -> None:
    read(promise, 300, "2023-12")
    assert state(promise, "2023-11-30") == (TargetState.NOT_DUE, None)


def test_the_state_does_not_depend_on_the_number_of_queries(
    promise: Target, django_assert_num_queries: object
) -> None:
    for _ in range(5):
        make_target(district=make_district())
    with django_assert_num_queries(2):  # type: ignore[operator]
        assert len(Target.objects.for_list().measured(day("2023-06-01"))) == 6
