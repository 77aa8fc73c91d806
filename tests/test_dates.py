"""Dates known to a day, a month, a quarter, a half, a year or a five-year plan."""

from datetime import date, timedelta

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from zaozhuang.dates import PartialDate, Precision, deadline_day, event_day, plan_number

precisions = st.sampled_from(list(Precision))
days = st.dates(max_value=date(9995, 12, 31))
ONE_DAY = timedelta(days=1)


@given(days, precisions)
def test_a_period_contains_the_day_it_was_made_from(day: date, precision: Precision) -> None:
    period = PartialDate.containing(day, precision)
    assert period.first <= day <= period.last


@given(days, precisions)
def test_what_is_written_is_read_back(day: date, precision: Precision) -> None:
    period = PartialDate.containing(day, precision)
    assert PartialDate.parse(period.iso) == period


@given(days, precisions)
def test_every_day_of_a_period_belongs_to_the_same_one(day: date, precision: Precision) -> None:
    period = PartialDate.containing(day, precision)
    assert PartialDate.containing(period.first, precision) == period
    assert PartialDate.containing(period.last, precision) == period


@given(days, precisions)
def test_periods_follow_each_other_without_a_gap(day: date, precision: Precision) -> None:
    period = PartialDate.containing(day, precision)
    following = PartialDate.containing(period.last + ONE_DAY, precision)
    assert following.first == period.last + ONE_DAY


@given(days, precisions)
def test_an_event_is_stored_first_and_a_deadline_last(day: date, precision: Precision) -> None:
    period = PartialDate.containing(day, precision)
    assert event_day(day, precision) == period.first
    assert deadline_day(day, precision) == period.last


@pytest.mark.parametrize("day", [date.min, date.max])
@pytest.mark.parametrize("precision", list(Precision))
def test_the_ends_of_the_calendar(day: date, precision: Precision) -> None:
    period = PartialDate.containing(day, precision)
    assert period.first <= day <= period.last
    assert period.label
    assert period.deadline


@given(st.text(max_size=12))
def test_any_text_is_a_date_or_refused(text: str) -> None:
    try:
        period = PartialDate.parse(text)
    except ValueError:
        return
    assert period.first <= period.last


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2023-05-31", "2023-05-31", "2023-05-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2023-Q2", "2023-04-01", "2023-06-30"),
        ("2023-H2", "2023-07-01", "2023-12-31"),
        ("2023", "2023-01-01", "2023-12-31"),
        ("2021/2025", "2021-01-01", "2025-12-31"),
        (" 2023-05 ", "2023-05-01", "2023-05-31"),
        ("2023年5月31日", "2023-05-31", "2023-05-31"),
        ("2023年5月", "2023-05-01", "2023-05-31"),
        ("2023年二季度", "2023-04-01", "2023-06-30"),
        ("2023年上半年", "2023-01-01", "2023-06-30"),
        ("2023年", "2023-01-01", "2023-12-31"),
        ("“十四五”末", "2021-01-01", "2025-12-31"),
        ("十五五", "2026-01-01", "2030-12-31"),
    ],
)
def test_reading(text: str, first: str, last: str) -> None:
    period = PartialDate.parse(text)
    assert (period.first, period.last) == (date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2023-13",
        "2023-02-30",
        "2023-Q5",
        "2023-H3",
        "2022/2026",
        "2021/2024",
        "0000",
        "２０２３",
        "23",
        "2023-5",
        "May 2023",
    ],
)
def test_refusing(text: str) -> None:
    with pytest.raises(ValueError, match="."):
        PartialDate.parse(text)


@pytest.mark.parametrize(
    ("text", "chinese", "english"),
    [
        ("2023-05-31", "2023年5月31日", "31 May 2023"),
        ("2023-05", "2023年5月", "May 2023"),
        ("2023-Q2", "2023年二季度", "Q2 2023"),
        ("2023-H1", "2023年上半年", "H1 2023"),
        ("2023", "2023年", "2023"),
        ("2021/2025", "“十四五”时期（2021—2025年）", "14th Five-Year Plan (2021–2025)"),
    ],
)
def test_labels(text: str, chinese: str, english: str) -> None:
    period = PartialDate.parse(text)
    with translation.override("zh-hans"):
        assert period.label == chinese
    with translation.override("en"):
        assert period.label == english


@pytest.mark.parametrize(
    ("text", "chinese", "english"),
    [
        ("2023-05-31", "2023年5月31日前", "by 31 May 2023"),
        ("2023-05", "2023年5月前", "by May 2023"),
        # 2023年前 would be read as before 2023.
        ("2023-Q1", "2023年一季度内", "by the end of Q1 2023"),
        ("2023-H1", "2023年上半年内", "by the end of H1 2023"),
        ("2023", "2023年内", "by the end of 2023"),
        ("2021/2025", "“十四五”末（2025年）", "by the end of the 14th Five-Year Plan (2025)"),
    ],
)
def test_deadlines(text: str, chinese: str, english: str) -> None:
    period = PartialDate.parse(text)
    with translation.override("zh-hans"):
        assert period.deadline == chinese
    with translation.override("en"):
        assert period.deadline == english


@pytest.mark.parametrize(
    ("year", "number"), [(1966, 3), (2020, 13), (2021, 14), (2025, 14), (2026, 15)]
)
def test_plan_numbers(year: int, number: int) -> None:
    # From the third plan (1966) on they follow each other without a gap.
    assert plan_number(year) == number
