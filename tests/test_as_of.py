"""As of a day: the list, totals, chain, exports and changes against a naive replay.

The replay knows nothing of the code under test: it keeps the events in a plain list and goes
through them in the order of their dates, and of two on one day in the order of recording.
"""

import csv
import io
import json
import re
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from projects.chain import chain
from projects.changes import Log
from projects.models import Project, StageChange
from projects.stages import FAMILY, Stage
from projects.totals import totals
from tests.factories import make_capacity, make_district, make_project, make_segment
from zaozhuang.dates import PartialDate

pytestmark = pytest.mark.django_db

FIRST = date(2023, 1, 1)
DAYS = 8


@dataclass
class Told:
    """One event as the replay remembers it; `pk` says in which order they were recorded."""

    pk: int
    project: str
    stage: str
    day: date
    basis: str
    observed: bool


@dataclass
class World:
    """Three projects in two districts below one city, and what has been told of them."""

    projects: dict[str, Project]
    told: list[Told]

    def replay(self, day: date) -> dict[str, Told]:
        """Project → its last event up to a day; projects without one are not known."""
        state: dict[str, Told] = {}
        for event in sorted(self.told, key=lambda event: (event.day, event.pk)):
            if event.day <= day:
                state[event.project] = event
        return state

    def taken(self, project: str, day: date, stage: str, but: Told | None = None) -> bool:
        """Whether the database has such an event already and would refuse another."""
        return any(
            event is not but and (event.project, event.day, event.stage) == (project, day, stage)
            for event in self.told
        )


def make_world() -> World:
    city = make_district()
    near, far = make_district(parent=city), make_district(parent=city)
    projects = {
        name: make_project(name, slug=name, district=place)
        for name, place in (("a", near), ("b", near), ("c", far))
    }
    cathode, anode = make_segment("M1"), make_segment("M2")
    make_capacity(projects["a"], 18, segment=cathode)
    make_capacity(projects["a"], 12, segment=anode)
    make_capacity(projects["b"], 5, segment=cathode)
    make_capacity(projects["b"], None, segment=anode)
    make_capacity(projects["c"], 7, segment=cathode)
    return World(projects, [])


WAYS = ["save", "create_many", "edit", "edit_many", "update", "delete", "delete_many", "move"]
steps = st.tuples(
    st.sampled_from(WAYS),
    st.integers(0, 11),
    st.sampled_from("abc"),
    st.sampled_from(Stage.values),
    st.integers(0, DAYS - 1).map(lambda number: FIRST + timedelta(number)),
    st.booleans(),
)
Step = tuple[str, int, str, str, date, bool]


def take(world: World, step: Step) -> None:
    """Do the same to the database, by one of the ways there are, and to the replay's list."""
    way, pick, name, stage, day, flag = step
    basis = "" if stage == "unknown" else "inferred" if flag else "stated"
    old = world.told[pick % len(world.told)] if world.told else None
    if way in ("save", "create_many") or old is None:
        if world.taken(name, day, stage):
            return
        event = StageChange(
            project=world.projects[name], stage=stage, date=day, basis=basis, observed=flag
        )
        if way == "create_many":
            StageChange.objects.bulk_create([event])
        else:
            event.save()
        world.told.append(Told(event.pk, name, stage, day, basis, flag))
        return
    rows = StageChange.objects.filter(pk=old.pk)
    if way == "delete":
        rows.get().delete()
        world.told.remove(old)
    elif way == "delete_many":
        rows.delete()
        world.told.remove(old)
    elif way == "move":
        if world.taken(name, old.day, old.stage, but=old):
            return
        event = rows.get()
        event.project = world.projects[name]
        event.save()
        old.project = name
    elif not world.taken(old.project, day, stage, but=old):
        if way == "update":
            rows.update(stage=stage, date=day, basis=basis, observed=flag)
        else:
            event = rows.get()
            event.stage, event.date = Stage(stage), day
            event.basis, event.observed = basis, flag
            if way == "edit":
                event.save()
            else:
                StageChange.objects.bulk_update([event], ["stage", "date", "basis", "observed"])
        old.stage, old.day, old.basis, old.observed = stage, day, basis, flag


def same_list(world: World, day: date) -> None:
    shown = {
        project.slug: (project.at_stage, project.at_basis, project.at_since, project.at_observed)
        for project in Project.objects.at(day)
    }
    assert shown == {
        name: (event.stage, event.basis, event.day, event.observed)
        for name, event in world.replay(day).items()
    }


PRODUCTS: dict[str, dict[str, Decimal | None]] = {
    "a": {"M1": Decimal(18), "M2": Decimal(12)},
    "b": {"M1": Decimal(5), "M2": None},
    "c": {"M1": Decimal(7)},
}


def same_totals(world: World, day: date) -> None:
    state = world.replay(day)
    found = totals(Project.objects.at(day))
    assert found.count == len(state)
    assert found.by_stage == Counter(event.stage for event in state.values())
    assert found.inferred == sum(event.basis == "inferred" for event in state.values())
    sums: dict[str, Decimal] = {}
    for name in state:
        for segment, quantity in PRODUCTS[name].items():
            if quantity is not None:
                sums[segment] = sums.get(segment, Decimal(0)) + quantity
    assert {total.segment.code: total.quantity for total in found.capacities} == sums


def same_chain(world: World, day: date) -> None:
    state = world.replay(day)
    near, far = world.projects["a"].district, world.projects["c"].district
    found = chain(Project.objects.at(day), [near, far], day)
    for row in found.rows:
        for cell in row.cells:
            code = cell.segment.code
            here = [
                name
                for name in state
                if code in PRODUCTS[name] and world.projects[name].district == cell.district
            ]
            assert cell.projects == Counter(state[name].stage for name in here)
            sums: dict[str, Decimal] = {}
            for name in here:
                quantity = PRODUCTS[name][code]
                if quantity is not None:
                    family = FAMILY[state[name].stage]
                    sums[family] = sums.get(family, Decimal(0)) + quantity
            assert {amount.family: amount.quantity for amount in cell.amounts} == sums


def exported(client: Client, path: str) -> list[dict[str, str]]:
    response = client.get(path)
    assert response.status_code == 200
    return list(csv.DictReader(io.StringIO(b"".join(response).decode())))


def same_exports(world: World, day: date, client: Client) -> None:
    state = world.replay(day)
    query = f"headers=codes&as_of={day.isoformat()}"
    projects = exported(client, f"/projects.csv?{query}")
    assert {
        row["slug"]: (row["stage"], row["stage_basis"], row["stage_since"]) for row in projects
    } == {name: (event.stage, event.basis, event.day.isoformat()) for name, event in state.items()}
    assert len(projects) == len(state)
    capacities = exported(client, f"/capacities.csv?{query}")
    assert sorted((row["project"], row["segment"], row["stage"]) for row in capacities) == sorted(
        (name, segment, event.stage) for name, event in state.items() for segment in PRODUCTS[name]
    )
    stages = exported(client, f"/charts/stages.csv?{query}")
    assert sum(int(row[max(row, key=int)]) for row in stages) == len(state)


def same_changes(world: World, since: date, until: date) -> None:
    """One line an event, each beginning with the stage with which the one before it ended."""
    expected, stage, lives = [], dict.fromkeys("abc", ""), Counter[str]()
    for event in sorted(world.told, key=lambda event: (event.day, event.pk)):
        if since <= event.day <= until:
            expected.append((event.day, event.pk, event.project, stage[event.project], event.stage))
        stage[event.project] = event.stage
        lives[event.project] += 1
    found = list(Log(since, until))
    assert [
        (
            change.moment.first,
            change.record.pk,
            change.subject.slug,
            change.from_stage,
            change.to_stage,
        )
        for change in found
    ] == sorted(expected, reverse=True)
    before, after = world.replay(since - timedelta(1)), world.replay(until)
    assert sum(change.kind == "new" for change in found) == len(after.keys() - before.keys())
    for row in Log(since, until).totals():
        names = [n for n, project in world.projects.items() if project.district == row.district]
        assert row.before == sum(name in before for name in names)
        assert row.after == sum(name in after for name in names)
        assert row.before + row.kinds["new"] == row.after  # type: ignore[index]


BACKFILLED: list[Step] = [
    ("save", 0, "a", "building", FIRST + timedelta(5), False),
    ("save", 0, "a", "signed", FIRST + timedelta(2), True),
    ("save", 0, "a", "producing", FIRST + timedelta(5), False),
]


days = st.integers(-1, DAYS).map(lambda number: FIRST + timedelta(number))


@given(st.lists(steps, max_size=14), days)
@example(BACKFILLED, FIRST + timedelta(3))
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_sequence_of_events_and_corrections(told: list[Step], any_day: date) -> None:
    """The list on every day; what is added up from it on one of them, and on the last."""
    with transaction.atomic():
        world = make_world()
        for one in told:
            take(world, one)
        for number in range(-1, DAYS + 1):
            day = FIRST + timedelta(number)
            same_list(world, day)
        for day in (any_day, FIRST + timedelta(DAYS)):
            same_totals(world, day)
            same_chain(world, day)
        for since, until in ((0, DAYS), (2, 5), (3, 3)):
            same_changes(world, FIRST + timedelta(since), FIRST + timedelta(until))
        transaction.set_rollback(True)


@given(st.lists(steps, min_size=3, max_size=10), st.integers(0, DAYS - 1))
@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_exports_of_any_sequence(client: Client, told: list[Step], number: int) -> None:
    with transaction.atomic():
        world = make_world()
        for one in told:
            take(world, one)
        same_exports(world, FIRST + timedelta(number), client)
        transaction.set_rollback(True)


def test_the_replay_would_notice(client: Client) -> None:
    """A fault in what is compared shows: the check can fail."""
    world = make_world()
    for one in BACKFILLED:
        take(world, one)
    world.told[1].stage = "full"
    day = FIRST + timedelta(3)
    for check in (same_list, same_totals, same_chain):
        with pytest.raises(AssertionError):
            check(world, day)
    with pytest.raises(AssertionError):
        same_exports(world, day, client)
    with pytest.raises(AssertionError):
        same_changes(world, FIRST, day)


def test_a_month_holds_from_its_first_day() -> None:
    project = make_project()
    may = PartialDate.parse("2023-05")
    StageChange.objects.create(
        project=project, stage="building", date=may.first, date_precision="month"
    )
    assert not Project.objects.at(date(2023, 4, 30)).exists()
    assert Project.objects.at(date(2023, 5, 1)).get().at_stage == "building"


# What the pages and files say of the day.

DAY = "2023-02-10"
ON_A_DAY = [
    "/",
    "/districts/zaozhuang/",
    "/districts/tengzhou/",
    "/districts/tengzhou/briefing/",
    "/projects/",
    "/projects/sinoma-separator-phase-3/",
    "/companies/",
    "/companies/chuangpusi/",
    "/targets/",
    "/chain/",
    "/figures/zaozhuang-lithium-companies-2022/",
    "/figures/tengzhou-lithium-output-2025/",
]
# Pages without a day: what a source says, what words mean, who edits.
WITHOUT_DAY = ("/sources/", "/about/", "/admin/", "#")


@pytest.mark.parametrize("prefix", ["", "/en"])
@pytest.mark.parametrize("path", ON_A_DAY)
def test_the_day_stands_in_the_head_and_in_every_link(
    report: None, client: Client, prefix: str, path: str
) -> None:
    text = client.get(f"{prefix}{path}?as_of={DAY}").content.decode()
    assert f"<strong>{DAY}</strong>" in text[: text.index("<main")]
    links = [unescape(link) for link in re.findall(r'<a [^>]*href="([^"]*)"', text)]
    links += [
        url
        for data in re.findall(r'type="application/json">(.*?)</script>', text)
        for url in urls_in(json.loads(data))
    ]
    lost = {
        link
        for link in links
        if not link.removeprefix(prefix).startswith(WITHOUT_DAY)
        and f"as_of={DAY}" not in link
        and f"until={DAY}" not in link
    }
    # What leads back to today, and what clears all filters, the day among them.
    assert lost <= {"?", f"{prefix}/projects/"} if path == "/projects/" else lost == {"?"}
    assert len(links) > 15


def urls_in(data: object) -> list[str]:
    """Every address within the data of a chart."""
    if isinstance(data, dict):
        return [url for value in data.values() for url in urls_in(value)]
    if isinstance(data, list):
        return [url for value in data for url in urls_in(value)]
    return [data] if isinstance(data, str) and data.startswith("/") else []


@pytest.mark.parametrize(
    "path",
    [
        "/projects.csv",
        "/capacities.csv",
        "/targets.csv",
        "/readings.csv",
        "/companies.csv",
        "/charts/stages.csv",
        "/charts/history.csv?project=sinoma-separator-phase-3&",
        "/due.ics",
        "/districts/tengzhou/briefing.docx",
    ],
)
def test_the_day_stands_in_the_name_of_every_file(report: None, client: Client, path: str) -> None:
    joint = "" if path.endswith("&") else "?"
    response = client.get(f"{path}{joint}as_of={DAY}")
    assert response.status_code == 200
    assert DAY in response["Content-Disposition"]


def test_a_projects_page_is_that_of_the_day(report: None, client: Client) -> None:
    project = Project.objects.get(slug="sinoma-separator-phase-3")
    StageChange.objects.create(
        project=project, stage="producing", date="2024-03-01", date_precision="day", basis="stated"
    )
    address = "/projects/sinoma-separator-phase-3/"
    now = client.get(address)
    then = client.get(f"{address}?as_of=2023-12-31")
    assert now.context["project"].at_stage == "producing"
    assert then.context["project"].at_stage == "building"
    assert (len(now.context["events"]), len(then.context["events"])) == (2, 1)
    assert "投产" not in then.content.decode()
    assert then.context["history"].data["today"] == "2023-12-31"


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_a_project_before_its_first_event(report: None, client: Client, prefix: str) -> None:
    response = client.get(f"{prefix}/projects/sinoma-separator-phase-3/?as_of=2020-01-01")
    assert response.status_code == 404
    assert f'href="{prefix}/projects/sinoma-separator-phase-3/"' in response.content.decode()
    assert client.get("/projects/nothing/?as_of=2020-01-01").status_code == 404
    assert client.get("/projects/sinoma-separator-phase-3/?as_of=x").status_code == 400


def test_a_figure_before_its_time(report: None, client: Client) -> None:
    reading = "/figures/zaozhuang-lithium-companies-2022/"
    assert client.get(f"{reading}?as_of=2023-01-01").status_code == 200
    early = client.get(f"{reading}?as_of=2021-12-31")
    assert early.status_code == 404
    assert f'href="{reading}"' in early.content.decode()
    target = "/figures/tengzhou-lithium-output-2025/"
    states = [
        client.get(target + query).context["figure"].progress.state
        for query in ("?as_of=2025-12-30", "?as_of=2026-01-01")
    ]
    assert states == ["not_due", "unknown"]
    assert client.get(f"{target}?as_of=x").status_code == 400


def test_companies_show_what_was_known(report: None, client: Client) -> None:
    now = exported(client, "/companies.csv?headers=codes")
    then = exported(client, "/companies.csv?headers=codes&as_of=2020-01-01")
    assert [row["slug"] for row in now] == [row["slug"] for row in then]
    assert any(row["projects"] for row in now)
    assert not any(row["projects"] for row in then)
    page = client.get("/companies/chuangpusi/?as_of=2020-01-01")
    assert list(page.context["projects"]) == []
    assert client.get("/companies/?as_of=x").status_code == 400
