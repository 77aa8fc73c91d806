"""A project's kept stage is the stage of its latest event, however events are written."""

from datetime import date

import pytest
from django.db import transaction
from django.db.models import RestrictedError, Subquery
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projects.events import KEPT
from projects.models import Capacity, Project, StageChange
from projects.stages import Stage
from tests.factories import change_stage, day, make_project

pytestmark = pytest.mark.django_db


def kept(project: Project) -> dict[str, object]:
    """The stage columns as they are in the database now."""
    columns: dict[str, object] = Project.objects.filter(pk=project.pk).values(*KEPT).get()
    return columns


def by_hand(project: Project) -> dict[str, object]:
    """What they must be: the latest event of all, found without the code under test."""
    events = sorted(
        StageChange.every.filter(project=project, withdrawn=""),
        key=lambda event: (event.date, event.pk),
    )
    if not events:
        return {
            "stage": "unknown",
            "stage_basis": "",
            "stage_since": None,
            "stage_since_precision": "",
            "stage_observed": False,
        }
    last = events[-1]
    return {
        "stage": last.stage,
        "stage_basis": last.basis,
        "stage_since": last.date,
        "stage_since_precision": last.date_precision,
        "stage_observed": last.observed,
    }


def stage_of(project: Project) -> object:
    assert kept(project) == by_hand(project)
    return kept(project)["stage"]


def test_a_project_without_events_has_no_stated_stage() -> None:
    assert stage_of(make_project()) == "unknown"


def test_every_column_follows() -> None:
    project = make_project()
    change_stage(project, "building", "2023-05", basis="inferred", observed=True)
    assert kept(project) == {
        "stage": "building",
        "stage_basis": "inferred",
        "stage_since": day("2023-05-01"),
        "stage_since_precision": "month",
        "stage_observed": True,
    }


def test_a_later_event_counts_and_an_earlier_one_does_not() -> None:
    project = make_project()
    change_stage(project, "building", "2023-05-02")
    change_stage(project, "signed", "2023-03-01")
    assert stage_of(project) == "building"
    change_stage(project, "producing", "2023-09-01")
    assert stage_of(project) == "producing"


def test_of_two_on_one_day_the_one_recorded_later_counts() -> None:
    project = make_project()
    change_stage(project, "signed", "2023-05-02")
    change_stage(project, "building", "2023-05-02")
    assert stage_of(project) == "building"


def test_correcting_an_event() -> None:
    project = make_project()
    first = change_stage(project, "signed", "2023-03-01")
    second = change_stage(project, "building", "2023-05-01")
    second.stage = Stage.PREPARING
    second.save()
    assert stage_of(project) == "preparing"
    second.date = day("2023-02-01")
    second.save()
    assert stage_of(project) == "signed"
    first.basis = "inferred"
    first.save(update_fields=["basis"])
    assert kept(project)["stage_basis"] == "inferred"
    assert stage_of(project) == "signed"


def test_moving_an_event_to_another_project_changes_both() -> None:
    first, second = make_project(stage="building"), make_project()
    event = first.stage_changes.get()
    event.project = second
    event.save()
    assert stage_of(first) == "unknown"
    assert stage_of(second) == "building"


def test_an_event_that_was_withdrawn_stays_and_no_longer_counts() -> None:
    project = make_project(stage="signed", since="2023-01-01")
    wrong = change_stage(project, "building", "2023-05-01")
    wrong.withdrawn = "认错项目"
    wrong.save()
    assert stage_of(project) == "signed"
    assert [p.at_stage for p in Project.objects.at(day("2023-06-01"))] == ["signed"]
    assert list(Capacity.objects.at(day("2023-06-01"))) == []
    assert list(project.stage_changes.struck()) == [wrong]
    assert StageChange.objects.count() == 1
    assert StageChange.every.count() == 2
    # The same day and stage may be recorded again, rightly this time.
    right = change_stage(project, "building", "2023-05-01", corrects=wrong)
    assert stage_of(project) == "building"
    with pytest.raises(RestrictedError):
        wrong.delete()
    StageChange.every.filter(pk=right.pk).update(withdrawn="又错")
    assert stage_of(project) == "signed"
    project.delete()
    assert not StageChange.every.exists()


def test_deleting_an_event() -> None:
    project = make_project(stage="signed", since="2023-01-01")
    change_stage(project, "building", "2023-05-01").delete()
    assert stage_of(project) == "signed"


def test_deleting_an_event_that_was_about_to_move() -> None:
    first, second = make_project(stage="building"), make_project(stage="signed")
    event = first.stage_changes.get()
    event.project = second
    event.delete()
    assert stage_of(first) == "unknown"
    assert stage_of(second) == "signed"


def test_updating_events_in_bulk() -> None:
    first, second = make_project(stage="signed"), make_project(stage="signed")
    StageChange.objects.all().update(stage="building")
    assert stage_of(first) == "building"
    assert stage_of(second) == "building"
    StageChange.objects.filter(project=first).update(project=second, date=day("2023-06-01"))
    assert stage_of(first) == "unknown"
    assert stage_of(second) == "building"


def test_deleting_events_in_bulk() -> None:
    project = make_project(stage="signed", since="2023-01-01")
    change_stage(project, "building", "2023-05-01")
    StageChange.objects.filter(stage="building").delete()
    assert stage_of(project) == "signed"
    project.stage_changes.all().delete()
    assert stage_of(project) == "unknown"


def test_creating_events_in_bulk() -> None:
    first, second = make_project(), make_project()
    StageChange.objects.bulk_create(
        [
            StageChange(project=first, stage="signed", date=day("2023-01-01")),
            StageChange(project=first, stage="building", date=day("2023-02-01")),
            StageChange(project=second, stage="negotiating", date=day("2023-01-01")),
        ]
    )
    assert stage_of(first) == "building"
    assert stage_of(second) == "negotiating"


def test_creating_events_in_bulk_over_what_is_there() -> None:
    project = make_project(stage="signed", since="2023-01-01")
    event = project.stage_changes.get()
    event.basis = "inferred"
    StageChange.objects.bulk_create(
        [
            StageChange(
                pk=event.pk, project=project, stage="signed", date=event.date, basis="inferred"
            )
        ],
        update_conflicts=True,
        unique_fields=["pk"],
        update_fields=["basis"],
    )
    assert kept(project)["stage_basis"] == "inferred"
    assert stage_of(project) == "signed"


def test_moving_events_by_an_expression() -> None:
    first, second = make_project(stage="building"), make_project(stage="signed", since="2023-01-01")
    other = Project.objects.filter(pk=second.pk).values("pk")
    StageChange.objects.filter(project=first).update(project=Subquery(other))
    assert stage_of(first) == "unknown"
    assert stage_of(second) == "building"


def test_updating_given_events_in_bulk() -> None:
    first, second = make_project(stage="signed"), make_project(stage="building")
    events = [first.stage_changes.get(), second.stage_changes.get()]
    events[0].stage = Stage.PREPARING
    events[1].project = first
    events[1].date = day("2023-08-01")
    StageChange.objects.bulk_update(events, ["stage", "project", "date"])
    assert stage_of(first) == "building"
    assert stage_of(second) == "unknown"


def test_the_ways_through_a_project() -> None:
    project = make_project()
    project.stage_changes.create(stage="signed", date=day("2023-01-01"))
    assert stage_of(project) == "signed"
    project.stage_changes.update_or_create(
        stage="signed", defaults={"date": day("2023-02-01"), "stage": "building"}
    )
    assert stage_of(project) == "building"
    project.stage_changes.update(stage="producing")
    assert stage_of(project) == "producing"
    other = make_project()
    other.stage_changes.add(project.stage_changes.get())
    assert stage_of(project) == "unknown"
    assert stage_of(other) == "producing"


def test_deleting_a_project_takes_its_events_along() -> None:
    project, other = make_project(stage="building"), make_project(stage="signed")
    project.delete()
    assert not Project.objects.filter(pk=project.pk).exists()
    assert StageChange.objects.count() == 1
    assert stage_of(other) == "signed"


def test_deleting_projects_in_bulk_takes_their_events_along() -> None:
    make_project(stage="building")
    other = make_project(stage="signed")
    Project.objects.filter(stage="building").delete()
    assert list(Project.objects.all()) == [other]
    assert StageChange.objects.count() == 1


def test_a_write_that_fails_leaves_both_as_they_were() -> None:
    project = make_project(stage="signed")

    def write_and_fail() -> None:
        with transaction.atomic():
            change_stage(project, "building", "2023-05-01")
            assert stage_of(project) == "building"
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    assert stage_of(project) == "signed"
    assert StageChange.objects.count() == 1


def test_the_kept_stage_cannot_be_updated() -> None:
    project = make_project(stage="signed")
    for column in KEPT:
        with pytest.raises(ValueError, match=f"{column}: add a StageChange"):
            Project.objects.update(**{column: "building"})
    with pytest.raises(ValueError, match="add a StageChange"):
        Project.objects.bulk_update([project], ["stage"])
    assert stage_of(project) == "signed"


def test_saving_a_stale_project_does_not_bring_back_an_old_stage() -> None:
    project = make_project(stage="signed", since="2023-01-01")
    change_stage(Project.objects.get(pk=project.pk), "building", "2023-05-01")
    project.name = "改名"
    project.save()
    assert Project.objects.get(pk=project.pk).name == "改名"
    assert stage_of(project) == "building"


def test_writing_the_kept_stage_of_one_project_has_no_effect() -> None:
    project = make_project(stage="signed")
    project.stage = Stage.FULL
    project.save()
    assert stage_of(project) == "signed"
    project.save(update_fields=["stage"])
    assert stage_of(project) == "signed"


def test_writing_over_a_project_by_its_key() -> None:
    project = make_project(stage="signed")
    again = Project(pk=project.pk, name="新", slug="new", district=project.district, stage="full")
    again.created_at = project.created_at
    again.save()
    assert Project.objects.get().name == "新"
    assert stage_of(project) == "signed"


def test_a_project_is_created_without_a_stage_of_its_own() -> None:
    assert stage_of(make_project(stage_observed=True)) == "unknown"
    draft = make_project()
    copies = [Project(name="抄", slug="copy", district=draft.district, stage=Stage.FULL)]
    Project.objects.bulk_create(copies)
    assert stage_of(copies[0]) == "unknown"


moments = st.tuples(
    st.sampled_from(["create", "edit", "delete", "move", "update", "bulk", "withdraw"]),
    st.integers(0, 9),
    st.sampled_from(Stage.values),
    st.dates(date(2023, 1, 1), date(2023, 1, 9)),
)


@given(st.lists(moments, max_size=12))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_sequence_of_writes(steps: list[tuple[str, int, str, date]]) -> None:
    with transaction.atomic():
        projects = [make_project(), make_project()]
        for action, pick, stage, when in steps:
            _write(projects, action, pick, stage, when)
            for project in projects:
                assert kept(project) == by_hand(project)
        transaction.set_rollback(True)


def _write(projects: list[Project], action: str, pick: int, stage: str, when: date) -> None:
    project = projects[pick % 2]
    basis = "" if stage == "unknown" else "stated"
    events = list(StageChange.objects.filter(project__in=projects).order_by("pk"))
    event = events[pick % len(events)] if events else None
    if StageChange.objects.filter(project__in=projects, date=when).exists() and action != "delete":
        return  # so that no two writes collide in the unique key
    if action == "create" or event is None:
        StageChange.objects.create(project=project, stage=stage, basis=basis, date=when)
    elif action == "edit":
        event.stage, event.basis, event.date = Stage(stage), basis, when
        event.save()
    elif action == "delete":
        event.delete()
    elif action == "withdraw":
        StageChange.objects.filter(pk=event.pk).update(withdrawn="错")
    elif action == "move":
        event.project = project
        event.save()
    elif action == "update":
        StageChange.objects.filter(pk=event.pk).update(project=project, date=when)
    else:
        event.project, event.date = project, when
        StageChange.objects.bulk_update([event], ["project", "date"])
