"""What changed between two days: what each line is called, and that all ways out agree."""

import csv
import io
import json
from datetime import date
from typing import Any
from xml.etree import ElementTree

import icalendar
import pytest
from django.db import transaction
from django.test import Client

from projects.changes import Kind, Log, step
from projects.models import Project
from tests.factories import (
    change_stage,
    day,
    make_capacity,
    make_district,
    make_indicator,
    make_project,
    make_reading,
    make_segment,
    make_source,
    make_target,
)
from tests.queries import queries_of

CODES = (
    "day,precision,kind,project,project_name,district_code,district,"
    "from_stage,to_stage,basis,source,locator"
)
ATOM = "{http://www.w3.org/2005/Atom}"

pytestmark = pytest.mark.django_db


def log(since: str = "", until: str = "", **choice: Any) -> Log:
    return Log(day(since) if since else None, day(until) if until else None, **choice)


def kinds(since: str = "", until: str = "", **choice: Any) -> list[str]:
    return [change.kind.value for change in log(since, until, **choice)]


def lines(client: Client, query: str = "") -> list[dict[str, str]]:
    response = client.get(f"/changes.csv?headers=codes&{query}")
    assert response.status_code == 200
    return list(csv.DictReader(io.StringIO(b"".join(response).decode())))


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("negotiating", "signed", Kind.MOVED_ON),
        ("building", "producing", Kind.MOVED_ON),
        ("producing", "building", Kind.FELL_BACK),
        ("building", "suspended", Kind.STOPPED),
        ("suspended", "cancelled", Kind.STOPPED),
        ("suspended", "building", Kind.MOVED_ON),
        ("idle", "reserve", Kind.MOVED_ON),
        ("unknown", "building", Kind.UNCLEAR),
        ("building", "unknown", Kind.UNCLEAR),
        ("unknown", "unknown", Kind.CONFIRMED),
        ("building", "building", Kind.CONFIRMED),
    ],
)
def test_what_a_step_is_called(before: str, after: str, kind: Kind) -> None:
    assert step(before, after) is kind


def test_a_life_line_by_line() -> None:
    project = make_project(stage="signed", since="2023-02-01")
    change_stage(project, "building", "2023-03")
    change_stage(project, "suspended", "2023-04-05", basis="inferred")
    change_stage(project, "building", "2023-05-01")
    assert kinds() == ["moved_on", "stopped", "moved_on", "new"]
    first = next(iter(log("2023-04-01", "2023-04-30")))
    assert (first.from_stage, first.to_stage, first.basis) == ("building", "suspended", "inferred")


def test_both_days_of_the_window_are_included() -> None:
    project = make_project(stage="signed", since="2023-02-01")
    change_stage(project, "building", "2023-06-30")
    assert kinds("2023-02-01", "2023-06-30") == ["moved_on", "new"]
    assert kinds("2023-02-02", "2023-06-29") == []
    assert kinds("2023-02-02") == ["moved_on"]
    assert kinds(until="2023-06-29") == ["new"]


def test_an_event_recorded_later_for_the_same_day_corrects() -> None:
    project = make_project(stage="signed", since="2023-02-01")
    change_stage(project, "negotiating", "2023-02-01")
    assert kinds() == ["corrected", "new"]
    newest = next(iter(log()))
    assert (newest.from_stage, newest.to_stage) == ("signed", "negotiating")


def test_an_event_recorded_later_for_an_earlier_day_corrects() -> None:
    project = make_project(stage="signed", since="2023-02-01")
    change_stage(project, "producing", "2023-06-01")
    change_stage(project, "building", "2023-04-01")
    assert kinds() == ["moved_on", "corrected", "new"]
    assert [(c.from_stage, c.to_stage) for c in log()] == [
        ("building", "producing"),
        ("signed", "building"),
        ("", "signed"),
    ]
    # Whether it corrects does not hang on where the window ends.
    assert kinds(until="2023-05-01") == ["corrected", "new"]


def test_the_earliest_event_is_new_even_when_it_was_recorded_last() -> None:
    project = make_project(stage="building", since="2023-06-01")
    change_stage(project, "signed", "2023-02-01")
    assert kinds() == ["moved_on", "new"]


@pytest.mark.parametrize(
    ("events", "until", "kind"),
    [
        ([("building", "2023-02-01")], "2023-05-30", None),
        ([("building", "2023-02-01")], "2023-05-31", "due"),
        ([("building", "2023-02-01")], "2023-06-01", "overdue"),
        ([("building", "2023-02-01"), ("completed", "2023-05-31")], "2023-06-30", "due"),
        # What came of it afterwards does not take back that the date was kept.
        ([("completed", "2023-04-01"), ("idle", "2023-05-01")], "2023-06-30", "due"),
        ([("building", "2023-02-01"), ("producing", "2023-06-01")], "2023-06-30", "missed"),
        # At the end of June it was not known that it would be finished in July.
        ([("building", "2023-02-01"), ("producing", "2023-07-01")], "2023-06-30", "overdue"),
        ([("building", "2023-02-01"), ("cancelled", "2023-04-01")], "2023-06-30", "missed"),
        ([("unknown", "2023-02-01")], "2023-06-30", "overdue"),
    ],
)
def test_a_deadline(events: list[tuple[str, str]], until: str, kind: str | None) -> None:
    project = make_project(due="2023-05")
    for stage, when in events:
        change_stage(project, stage, when)
    found = [c for c in log("2023-05-02", until) if isinstance(c.record, Project)]
    assert [c.kind.value for c in found] == ([kind] if kind else [])


def test_seen_finished_after_the_deadline_is_not_a_miss() -> None:
    project = make_project(stage="building", due="2023-05")
    change_stage(project, "producing", "2023-07-01", observed=True)
    assert [c.kind for c in log("2023-03-01") if c.event is None] == [Kind.DUE]


def test_nothing_comes_due_in_the_future() -> None:
    make_project(stage="building", due="2999")
    make_target(due="2999")
    assert kinds(until="3000-01-01") == ["new"]


def test_targets_come_due_with_their_state() -> None:
    place, output = make_district(), make_indicator()
    for number, (value, reading) in enumerate([(100, 120), (100, 80), (100, None)]):
        where = place if number == 0 else make_district()
        make_target(value, "2023", district=where, indicator=output)
        if reading is not None:
            make_reading(reading, "2023", district=where, indicator=output)
    assert sorted(kinds()) == ["target_met", "target_missed", "target_unknown"]
    assert kinds(until="2023-12-31").count("target_due") == 2
    assert kinds(until="2023-12-30") == []


def test_promises_of_other_fields_of_life_stay_apart() -> None:
    from tests.factories import make_theme

    other = make_theme("weather", is_industry=False)
    make_target(1, "2022", indicator=make_indicator(theme=other))
    assert kinds() == []


def test_places_contain_those_below_and_segments_leave_promises_out() -> None:
    city = make_district()
    place = make_district(parent=city)
    project = make_project(stage="building", district=place)
    make_project(stage="building")
    make_target(1, "2022", district=place)
    segment = make_segment()
    make_capacity(project, segment=segment)
    make_capacity(project, segment=segment)
    assert kinds(districts=[city]) == ["new", "target_unknown"]
    assert kinds(districts=[city], segments=[segment]) == ["new"]
    assert kinds(segments=[make_segment()]) == []


def test_totals_add_up() -> None:
    place = make_district()
    make_project(stage="signed", since="2023-01-01", district=place)
    project = make_project(stage="signed", since="2023-02-01", district=place)
    change_stage(project, "building", "2023-03-01")
    make_project(stage="signed", since="2023-07-01", district=place)
    make_project(stage="signed", since="2023-01-01")
    (row,) = log("2023-02-01", "2023-06-30").totals()
    assert (row.district, row.before, row.after) == (place, 1, 2)
    assert row.kinds == {Kind.NEW: 1, Kind.MOVED_ON: 1}


# The addresses.


@pytest.mark.parametrize("prefix", ["", "/en"])
@pytest.mark.parametrize("path", ["/changes/", "/changes.csv", "/changes.json", "/changes.atom"])
@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("since=2023-2-1", "since"),
        ("until=2023-02-30", "until"),
        ("since=2023-05-01&until=2023-04-30", "until"),
        ("district=nowhere", "district"),
        ("district=%00", "district"),
        ("segment=Z9", "segment"),
    ],
)
def test_a_bad_parameter_is_named(
    client: Client, prefix: str, path: str, query: str, name: str
) -> None:
    response = client.get(f"{prefix}{path}?{query}")
    assert response.status_code == 400
    assert f"<code>{name}</code>" in response.content.decode()


def test_the_calendar_names_a_bad_parameter(client: Client) -> None:
    assert "<code>district</code>" in client.get("/due.ics?district=x").content.decode()
    assert client.get("/due.ics?as_of=x").status_code == 400


def test_extreme_days_and_unknown_parameters(client: Client) -> None:
    make_project(stage="building", due="9999")
    assert client.get("/changes/?since=0001-01-01&until=9999-12-31&utm=1").status_code == 200
    assert client.get("/changes/?since=9999-12-31").status_code == 200
    assert client.get("/changes/?page=2").status_code == 404
    assert "<code>page</code>" in client.get("/changes/?page=0").content.decode()
    assert client.get("/due.ics").status_code == 200


QUESTION = "district=tengzhou&since=2023-02-01&until=2023-06-30"


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_what_changed_in_a_district_and_who_says_so(
    report: None, client: Client, prefix: str
) -> None:
    text = client.get(f"{prefix}/changes/?{QUESTION}").content.decode()
    assert ("中材" if not prefix else "Sinoma") in text
    assert "2023-02-01" in text
    assert "/sources/newspaper-page-2023-02/#%E9%94%82%E7%94%B5-10" in text or "#锂电-10" in text


def test_every_way_out_has_the_same_lines_in_the_same_order(report: None, client: Client) -> None:
    for query in ("", QUESTION, "segment=M1&segment=M2"):
        rows = lines(client, query)
        assert rows
        # A blank cell is null in JSON.
        told = json.loads(b"".join(client.get(f"/changes.json?{query}")))["rows"]
        assert [{name: value or "" for name, value in row.items()} for row in told] == rows
        page = client.get(f"/changes/?{query}").context
        assert [c.subject.label for c in page["changes"]] == [
            row["project_name"] for row in rows[: len(page["changes"])]
        ]
        assert page["page"].paginator.count == len(rows)
        feed = ElementTree.fromstring(client.get(f"/changes.atom?{query}").content)
        entries = feed.findall(f"{ATOM}entry")
        assert [entry.findall(f"{ATOM}category")[0].get("term") for entry in entries] == [
            row["kind"] for row in rows
        ]


def test_the_columns_are_the_contracts(client: Client) -> None:
    place = make_district("甲区", code="123456", slug="a")
    source = make_source(slug="page")
    project = make_project(
        "=甲", slug="x", district=place, stage="signed", source=source, locator="文 ¶1"
    )
    change_stage(project, "building", "2023-05", basis="inferred", source=source, locator="文 ¶2")
    text = b"".join(client.get("/changes.csv?headers=codes")).decode()
    assert text == (
        f"{CODES}\r\n"
        "2023-05,month,moved_on,x,'=甲,123456,甲区,signed,building,inferred,page,文 ¶2\r\n"
        "2023-02-01,day,new,x,'=甲,123456,甲区,,signed,stated,,\r\n"
    )
    head = client.get("/en/changes.csv?district=a&since=2023-01-01")
    assert head["Content-Disposition"].endswith('-since-2023-01-01-district-a.csv"')
    assert b"".join(head).startswith(b"\xef\xbb\xbfDay,")


def test_pages_of_fifty_hold_every_line_once(client: Client) -> None:
    for _ in range(60):
        make_project(stage="building", due="2023-02")
    seen = []
    for number in (1, 2, 3):
        page = client.get(f"/changes/?page={number}")
        seen += [change.identifier for change in page.context["changes"]]
    assert len(seen) == len(set(seen)) == 120
    assert [change.identifier for change in log()] == seen


def entries(client: Client, query: str = "") -> dict[str, tuple[str, str]]:
    feed = ElementTree.fromstring(client.get(f"/changes.atom?{query}").content)
    texts = [
        {name: entry.findtext(f"{ATOM}{name}") or "" for name in ("id", "title", "updated")}
        for entry in feed.findall(f"{ATOM}entry")
    ]
    return {text["id"]: (text["title"], text["updated"]) for text in texts}


def test_a_feeds_entry_keeps_its_identifier(client: Client) -> None:
    project = make_project("甲\x0b&<b>", stage="signed", due="2023-03")
    before = entries(client)
    assert len(before) == 2
    assert all(name.startswith("tag:testserver,2026:") for name in before)
    project.name = "乙"
    project.save()
    change_stage(project, "completed", "2023-03-01")
    after = entries(client)
    assert set(before) < set(after)
    assert set(entries(client, "until=2023-02-28")) < set(before)
    due = next(title for name, (title, _updated) in after.items() if "project-" in name)
    assert "乙" in due


def test_the_calendar_is_as_wide_as_the_date_is_known(client: Client) -> None:
    place = make_district("甲区", slug="a")
    month = make_project("月", stage="building", due="2023-05", district=place)
    target = make_target(due="2021/2025", district=place)
    make_project("处", stage="building", due="2023")
    make_project("无", stage="building", district=place)
    book = icalendar.Calendar.from_ical(client.get("/due.ics?district=a").content.decode())
    spans = {
        str(event["UID"]): (event["DTSTART"].dt, event["DTEND"].dt) for event in book.walk("VEVENT")
    }
    assert spans == {
        f"project-{month.pk}@testserver": (date(2023, 5, 1), date(2023, 6, 1)),
        f"target-{target.pk}@testserver": (date(2021, 1, 1), date(2026, 1, 1)),
    }


def test_the_calendar_as_of_a_day(report: None, client: Client) -> None:
    response = client.get("/due.ics?as_of=2023-02-07")
    known = Project.objects.at(day("2023-02-07")).filter(due__isnull=False).count()
    book = icalendar.Calendar.from_ical(response.content.decode())
    uids = [str(event["UID"]) for event in book.walk("VEVENT")]
    assert len([uid for uid in uids if uid.startswith("project-")]) == known
    assert "as_of-2023-02-07" in response["Content-Disposition"]


def test_the_feeds_parse_on_the_reports_data(report: None, client: Client) -> None:
    for prefix in ("", "/en"):
        book = icalendar.Calendar.from_ical(client.get(f"{prefix}/due.ics").content.decode())
        assert len(book.walk("VEVENT")) > 10
        ElementTree.fromstring(client.get(f"{prefix}/changes.atom").content)


# The number of queries.

BUDGETS = {
    "/changes/": 10,
    "/changes/?since=2023-01-01&until=2024-06-30": 20,
    "/changes/?district=a&segment=M1&until=2024-06-30": 20,
    "/changes.csv": 8,
    "/changes.json": 9,
    "/changes.atom?district=a": 8,
    "/due.ics": 6,
}


def fill(rows: int) -> None:
    place = make_district(slug="a")
    segment = make_segment("M1")
    source = make_source()
    for _ in range(rows):
        project = make_project(stage="building", due="2023-05", district=place, source=source)
        change_stage(project, "completed", "2024-01", source=make_source())
        make_capacity(project, segment=segment)
        make_target(district=place, source=source)
        make_project(stage="signed", due="2023-05", district=make_district(parent=place))


def test_queries_do_not_grow_with_the_rows(client: Client) -> None:
    def counted(rows: int) -> dict[str, int]:
        with transaction.atomic():
            fill(rows)
            found = {path: queries_of(client, path) for path in BUDGETS}
            transaction.set_rollback(True)
        return found

    few = counted(3)
    assert counted(12) == few
    assert {path: n for path, n in few.items() if n > BUDGETS[path]} == {}


def test_more_than_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("projects.changes.BATCH", 3)
    for _ in range(5):
        make_project(stage="building", due="2023-05")
    assert len(list(log())) == 10
