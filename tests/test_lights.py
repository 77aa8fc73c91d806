"""Lights: each rule on both sides of its threshold, counted by hand, and never two at once."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from projects.lights import RULES, SHAPES, Colour, Standing, judge, light
from projects.models import ProgressReport, Project
from tests.factories import day, make_district, make_project, make_report
from zaozhuang.dates import PartialDate, Precision


def standing(
    on: str,
    *,
    begun: bool = True,
    start: str = "",
    end: str = "",
    report: str = "",
    percent: str | None = None,
) -> Standing:
    """What is known on the day `on`; `report` is the month of the latest report."""
    told = None
    if report:
        month = PartialDate.parse(report).first
        told = ProgressReport(month=month, percent=None if percent is None else Decimal(percent))
    return Standing(
        day(on),
        "building" if begun else "preparing",
        PartialDate.parse(start) if start else None,
        PartialDate.parse(end) if end else None,
        told,
    )


def colour(on: str, **known: Any) -> str:
    return judge(standing(on, **known)).colour.value


def check(cases: list[tuple[str, dict[str, Any], str]]) -> None:
    wrong = [
        (on, known, expected, found)
        for on, known, expected in cases
        if (found := colour(on, **known)) != expected
    ]
    assert wrong == []


def test_a_start_that_falls_due_is_yellow_and_three_months_later_red() -> None:
    ready = {"begun": False}
    check(
        [
            ("2023-02-28", ready | {"start": "2023-03"}, "not_due"),
            ("2023-03-01", ready | {"start": "2023-03"}, "yellow"),
            ("2023-05-31", ready | {"start": "2023-03"}, "yellow"),
            ("2023-06-01", ready | {"start": "2023-03"}, "red"),
            # Due in the month of its last day, however exactly it is known.
            ("2023-03-01", ready | {"start": "2023-03-31"}, "yellow"),
            ("2023-02-28", ready | {"start": "2023-Q1"}, "not_due"),
            ("2023-03-31", ready | {"start": "2023-Q1"}, "yellow"),
            ("2023-11-30", ready | {"start": "2023"}, "not_due"),
            ("2023-12-01", ready | {"start": "2023"}, "yellow"),
            ("2024-02-29", ready | {"start": "2023"}, "yellow"),
            ("2024-03-01", ready | {"start": "2023"}, "red"),
            # Having begun, it is no longer late with its start.
            ("2023-06-01", {"start": "2023-03"}, "grey"),
            # A report changes nothing about a start that did not come.
            ("2023-06-01", ready | {"start": "2023-03", "report": "2023-06"}, "red"),
            ("2023-02-28", ready | {"start": "2023-03", "report": "2023-02"}, "not_due"),
        ]
    )


def test_no_report_in_two_months_is_grey() -> None:
    plan = {"start": "2023", "end": "2024", "percent": "50"}
    check(
        [
            ("2023-03-31", plan, "grey"),
            ("2023-03-31", plan | {"report": "2023-03"}, "green"),
            ("2023-03-31", plan | {"report": "2023-02"}, "green"),
            ("2023-03-01", plan | {"report": "2023-01"}, "grey"),
            ("2024-01-31", plan | {"report": "2023-12"}, "green"),
            ("2024-02-01", plan | {"report": "2023-12"}, "grey"),
            # Overdue by the calendar, but nobody has said so: not known is not failed.
            ("2026-11-23", {"end": "2023-05"}, "grey"),
            ("2026-11-23", {"begun": False, "end": "2023-05"}, "grey"),
        ]
    )


def test_points_behind_the_elapsed_share_of_the_plan() -> None:
    # 1 January to 30 June are 181 of the 365 days of 2023: 49.589…, so 49.6 %.
    june = {"start": "2023-01", "end": "2023-12", "report": "2023-06"}
    check(
        [
            ("2023-06-30", june | {"percent": "60"}, "green"),
            ("2023-06-30", june | {"percent": "49.6"}, "green"),
            ("2023-06-30", june | {"percent": "39.61"}, "green"),
            ("2023-06-30", june | {"percent": "39.6"}, "yellow"),
            ("2023-06-30", june | {"percent": "19.6"}, "yellow"),
            ("2023-06-30", june | {"percent": "19.59"}, "red"),
            ("2023-06-30", june | {"percent": "0"}, "red"),
            # In the month itself the day counts: 10 June is the 161st day, 44.1 %.
            ("2023-06-10", june | {"percent": "34.2"}, "green"),
            ("2023-06-10", june | {"percent": "34.1"}, "yellow"),
            # A month later the same report is still measured by its own month.
            ("2023-07-31", june | {"percent": "39.61"}, "green"),
            ("2023-07-31", june | {"percent": "19.59"}, "red"),
            # Begun before the plan: no time has passed, nothing can be behind.
            ("2023-06-30", june | {"start": "2023-08", "percent": "0"}, "green"),
        ]
    )


def test_an_end_that_passed_is_yellow_and_three_months_later_red() -> None:
    plan = {"start": "2022-05-11", "end": "2023-05-10", "percent": "95"}
    check(
        [
            ("2023-05-10", plan | {"report": "2023-05"}, "green"),
            ("2023-05-11", plan | {"report": "2023-05"}, "yellow"),
            ("2023-07-31", plan | {"report": "2023-07"}, "yellow"),
            ("2023-08-01", plan | {"report": "2023-08"}, "red"),
            # More than 30 points behind is worse than just over.
            ("2023-05-11", plan | {"report": "2023-05", "percent": "69.9"}, "red"),
            ("2023-05-11", plan | {"report": "2023-05", "percent": "70"}, "yellow"),
            # Done is done, even if the stage has not been changed yet.
            ("2023-08-01", plan | {"report": "2023-08", "percent": "100"}, "green"),
            # Without a percentage, or not even begun, it is overdue all the same.
            ("2023-05-11", plan | {"report": "2023-05", "percent": None}, "yellow"),
            ("2023-08-01", {"begun": False, "end": "2023-05", "report": "2023-08"}, "red"),
            ("2023-06-01", {"begun": False, "end": "2023-05", "report": "2023-06"}, "yellow"),
        ]
    )


def test_what_cannot_be_told_says_so() -> None:
    report: dict[str, Any] = {"report": "2023-06", "percent": "50"}
    check(
        [
            ("2023-06-30", report, "unknown"),
            ("2023-06-30", report | {"start": "2023"}, "unknown"),
            ("2023-06-30", report | {"end": "2023"}, "unknown"),
            ("2023-06-30", report | {"begun": False}, "unknown"),
            ("2023-06-30", report | {"start": "2023", "end": "2023", "percent": None}, "unknown"),
            ("2023-06-30", report | {"start": "2023", "end": "2023"}, "green"),
        ]
    )


def test_the_thresholds_are_settings() -> None:
    preparing = {"begun": False, "start": "2023-03"}
    june = {"start": "2023-01", "end": "2023-12", "report": "2023-06"}
    with override_settings(LIGHT_LATE_MONTHS=1):
        check([("2023-03-31", preparing, "yellow"), ("2023-04-01", preparing, "red")])
    with override_settings(LIGHT_BEHIND_YELLOW=5, LIGHT_BEHIND_RED=15):
        check(
            [
                ("2023-06-30", june | {"percent": "44.61"}, "green"),
                ("2023-06-30", june | {"percent": "44.6"}, "yellow"),
                ("2023-06-30", june | {"percent": "34.6"}, "yellow"),
                ("2023-06-30", june | {"percent": "34.59"}, "red"),
            ]
        )
        with translation.override("en"):
            texts = " ".join(rule.text for rule in RULES)
        assert "more than 15 points behind" in texts
        assert "5 to 15 points behind" in texts
    with override_settings(LIGHT_SILENT_MONTHS=3):
        check(
            [
                ("2023-08-31", june | {"percent": "50"}, "green"),
                ("2023-09-01", june | {"percent": "50"}, "grey"),
            ]
        )


def test_each_light_has_a_sign_and_a_word_of_its_own() -> None:
    assert set(SHAPES) == set(Colour)
    assert len(set(SHAPES.values())) == len(Colour)
    with translation.override("en"):
        assert len({str(colour.label) for colour in Colour}) == len(Colour)
        assert all(rule.text and "%" not in rule.text for rule in RULES)
    assert {rule.colour for rule in RULES} == set(Colour)


# Any project, any day: just one rule holds.

DAYS = st.dates(date(2021, 1, 1), date(2026, 12, 31))
PERIODS = st.none() | st.builds(PartialDate.containing, DAYS, st.sampled_from(Precision.values))
PERCENTS = st.none() | st.decimals(0, 100, places=2)


@st.composite
def standings(draw: st.DrawFn) -> Standing:
    on = draw(DAYS)
    report = None
    if draw(st.booleans()):
        # Near the day, so that a report of late is not a rarity.
        months = on.year * 12 + on.month - 1 - draw(st.integers(0, 4))
        report = ProgressReport(
            month=date(months // 12, months % 12 + 1, 1), percent=draw(PERCENTS)
        )
    start, end = draw(PERIODS), draw(PERIODS)
    if start and end and start.first > end.last:
        start, end = end, start
    return Standing(on, draw(st.sampled_from(["preparing", "building"])), start, end, report)


def conditions(s: Standing) -> list[str]:
    """The colours whose condition holds, each written out in full and apart from the others."""

    def month(at: date) -> int:
        return at.year * 12 + at.month

    begun = s.stage == "building"
    waits = not begun and s.start is not None
    late = month(s.day) - month(s.start.last) if s.start else 0
    told = s.report is not None and month(s.day) - month(s.report.month) < 2
    done = s.report is not None and s.report.percent == 100
    over = s.end is not None and s.end.last < s.day and not done
    over_by = month(s.day) - month(s.end.last) if s.end else 0
    gap: Decimal | None = None
    if begun and s.start and s.end and s.report and s.report.percent is not None:
        at = min(s.day, s.report.period.last)
        span = (s.end.last - s.start.first).days + 1
        gone = min(max((at - s.start.first).days + 1, 0), span)
        gap = round(Decimal(gone) * 100 / span + Decimal("0.0000001"), 1) - s.report.percent
    judged = told and not waits
    return [
        name
        for name, holds in {
            "not_due": waits and late < 0,
            "grey": not waits and not told,
            "red": (waits and late >= 3)
            or (judged and ((over and over_by >= 3) or (gap is not None and gap > 30))),
            "yellow": (waits and 0 <= late < 3)
            or (
                judged
                and not (over and over_by >= 3)
                and not (gap is not None and gap > 30)
                and (over or (gap is not None and 10 <= gap <= 30))
            ),
            "green": judged and not over and gap is not None and gap < 10,
            "unknown": judged and not over and gap is None,
        }.items()
        if holds
    ]


@given(standings())
def test_exactly_one_light_and_the_one_that_is_published(known: Standing) -> None:
    assert conditions(known) == [judge(known).colour.value]


# The light explains itself.


def shown(project: Project, on: str) -> Any:
    """The project's light as pages get it."""
    record = Project.objects.dispatched(day(on)).with_last_report(day(on)).get(pk=project.pk)
    return light(record, record.last_reports[0] if record.last_reports else None, day(on))


@pytest.mark.django_db
def test_a_light_tells_its_rule_its_inputs_and_its_day() -> None:
    project = make_project(stage="building", since="2023-01", start="2023-01", due="2023-12")
    make_report(project, "2023-04", percent="30")
    make_report(project, "2023-06", percent="25")
    make_report(project, "2023-07", percent="99")
    with translation.override("en"):
        found = shown(project, "2023-06-30")
        assert (found.colour, found.colour.shape) == (Colour.YELLOW, "▲")
        assert found.because == "25% done, 49.6% of the time gone: 24.6 points behind"
        assert found.rule.text == (
            "Progress is 10 to 30 points behind the share of the planned time that has passed."
        )
        assert found.inputs == [
            ("Stage", "under construction"),
            ("Planned start", "Jan 2023"),
            ("Planned end", "Dec 2023"),
            ("Last report", "Jun 2023"),
            ("Physical progress", "25%"),
            ("Planned time gone by 30 Jun 2023", "49.6%"),
        ]
        assert found.day == day("2023-06-30")
        # As of an earlier day only what was reported up to then counts.
        assert shown(project, "2023-05-31").because.startswith("30% done")
        assert shown(project, "2023-03-31").because == "never reported on"
        assert shown(project, "2023-09-01").because == "last report: Jul 2023"
        assert shown(project, "2023-07-31").because.endswith("points ahead")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "on", "report", "because"),
    [
        ({"start": "2023-03"}, "2023-02-28", {}, "start planned for Mar 2023"),
        ({"start": "2023-03"}, "2023-03-31", {}, "start planned for Mar 2023"),
        ({"start": "2023-03"}, "2023-04-30", {}, "start planned for Mar 2023, 1 month late"),
        ({"start": "2023-03"}, "2023-07-31", {}, "start planned for Mar 2023, 4 months late"),
        ({}, "2023-03-31", {}, "never reported on"),
        ({}, "2023-03-31", {"percent": "5"}, "neither planned start nor end"),
        ({"due": "2024"}, "2023-03-31", {"percent": "5"}, "no planned start"),
        ({"due": "2023-02"}, "2023-03-31", {"percent": "5"}, "due by Feb 2023, 1 month late"),
    ],
)
def test_the_reason_of_what_has_not_begun(
    fields: dict[str, str], on: str, report: dict[str, str], because: str
) -> None:
    project = make_project(stage="preparing", since="2023-01", **fields)
    if report:
        make_report(project, "2023-03", **report)
    with translation.override("en"):
        found = shown(project, on)
        assert found.because == because
        assert ("Planned start", "not given") in found.inputs or "start" in fields


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "report", "because"),
    [
        ({"start": "2023"}, {"percent": "5"}, "no planned end"),
        ({"start": "2023", "due": "2024"}, {"progress": "打桩"}, "no percentage reported"),
    ],
)
def test_the_reason_of_what_cannot_be_told(
    fields: dict[str, str], report: dict[str, str], because: str
) -> None:
    project = make_project(stage="building", since="2023-01", **fields)
    make_report(project, "2023-03", **report)
    with translation.override("en"):
        assert shown(project, "2023-03-31").because == because


@pytest.mark.django_db
def test_lights_of_many_projects_take_two_queries() -> None:
    place = make_district()
    for number in range(12):
        project = make_project(stage="building", since="2023-01", district=place)
        for month in range(1, number % 4 + 1):
            make_report(project, f"2023-{month:02}")
    rows = Project.objects.dispatched(day("2023-06-30")).with_last_report(day("2023-06-01"))
    with CaptureQueriesContext(connection) as queries:
        found = [
            light(row, row.last_reports[0] if row.last_reports else None, day("2023-06-30"))
            for row in rows
        ]
    assert len(queries) == 2
    assert len(found) == 12
    last = [row.last_reports[0].month.month if row.last_reports else 0 for row in rows]
    assert sorted(last) == [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3


@pytest.mark.django_db
def test_only_what_is_prepared_or_built_on_the_day_is_judged() -> None:
    names = ["reserve", "signed", "preparing", "building", "completed", "suspended", "unknown"]
    for stage in names:
        make_project(stage, stage=stage, since="2023-03-01")
    later = make_project("later", stage="building", since="2023-04-01")
    listed = Project.objects.dispatched(day("2023-03-31"))
    assert set(listed.values_list("name", flat=True)) == {"preparing", "building"}
    assert later in Project.objects.dispatched(day("2023-04-01"))
    march = day("2023-03-01")
    make_report(later, "2023-03")
    assert set(Project.objects.unreported(march)) == set(Project.objects.exclude(pk=later.pk))
