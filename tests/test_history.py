"""Every change of a record is written down once: who, when, why, from what to what."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core import serializers
from django.core.management import call_command
from django.db import models, transaction
from django.db.models import F, Value
from django.db.models.functions import Concat
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from districts.models import (
    District,
    Draft,
    Passage,
    Reading,
    ReadingClaim,
    Source,
    TargetClaim,
    Unit,
)
from projects.models import (
    Capacity,
    CapacityClaim,
    Company,
    CompanyChange,
    CompanyPairs,
    CompanyTally,
    Overlap,
    Participation,
    Project,
    ProjectPairs,
    StageChange,
    Tally,
)
from projects.stages import Stage
from tests import factories as make
from tests.desk import address, input_of
from tests.factories import day
from zaozhuang.history.entries import label, plain_rows, recorded_fields, relations, states
from zaozhuang.history.scope import recording
from zaozhuang.history.tracking import Tracked, TrackedQuerySet
from zaozhuang.models import Edition, HistoryEntry, SeededRecord, Upload

pytestmark = pytest.mark.django_db

WITHOUT_HISTORY = {
    HistoryEntry: "is the history",
    Draft: "says itself who entered what and who decided; what it changes is recorded when it does",
    ProjectPairs: "follows the search text, which follows the names",
    CompanyPairs: "follows the search text, which follows the names",
    SeededRecord: "what the seed wrote last, which the history of the records themselves tells too",
    Upload: "a file that waits to be confirmed; what it changes is recorded when it is",
    Edition: "says no more than that somebody has written",
    **dict.fromkeys([Tally, Overlap, CompanyTally, CompanyChange], "what projects add up to"),
}
KEPT = [field.name for field in HistoryEntry._meta.concrete_fields if field.name != "at"]
TRACKED: list[type[models.Model]] = [
    model
    for app in ("zaozhuang", "districts", "projects")
    for model in apps.get_app_config(app).get_models()
    if model not in WITHOUT_HISTORY
]


def since(last: int = 0) -> list[HistoryEntry]:
    """The entries after one of that number, the oldest first."""
    return list(HistoryEntry.objects.filter(pk__gt=last).order_by("pk"))


def newest() -> int:
    entry = HistoryEntry.objects.first()
    return entry.pk if entry else 0


def written(do: Callable[[], Any]) -> list[HistoryEntry]:
    last = newest()
    do()
    return since(last)


def replayed() -> dict[tuple[str, int], dict[str, Any]]:
    """What every record must hold, by nothing but its history."""
    held: dict[tuple[str, int], dict[str, Any]] = {}
    for entry in since():
        key = entry.model, entry.object_id
        assert (key in held) == (entry.action != "added"), f"{entry} of what is (not) there"
        several = apps.get_model(entry.model)._meta.local_many_to_many
        before = held.get(key, {field.name: [] for field in several})
        for name, (old, _new) in entry.changes.items():
            assert (before.get(name) or None) == (old or None) or before[name] == old, (entry, name)
        if entry.action == "deleted":
            del held[key]
        else:
            held[key] = before | {name: new for name, (_old, new) in entry.changes.items()}
    return held


def stored() -> dict[tuple[str, int], dict[str, Any]]:
    """What every record holds."""
    held: dict[tuple[str, int], dict[str, Any]] = {}
    for model in TRACKED:
        keys = list(plain_rows(model, "default").values_list("pk", flat=True))
        found = states(model, keys, "default")
        for field in model._meta.local_many_to_many:
            for pk, related in relations(field, keys, "default").items():
                found[pk][field.name] = related
        held |= {(label(model), pk): state for pk, state in found.items()}
    return held


# Which records


def test_every_record_has_a_history_but_those_that_say_why_not() -> None:
    for model in TRACKED:
        assert issubclass(model, Tracked), f"{model}: inherit Tracked, or say why not above"
        for manager in (model._default_manager, model._base_manager):
            rows: Any = manager.all()
            assert isinstance(rows, TrackedQuerySet), f"{model}: {manager} records no updates"
        for field in model._meta.concrete_fields:
            if field.remote_field:  # which Django would write without telling anybody
                deletion: Any = field.remote_field
                assert deletion.on_delete in (models.CASCADE, models.PROTECT, models.RESTRICT), (
                    field
                )


def test_what_is_left_out_of_a_history() -> None:
    """Keys and stamps of time, and columns that follow from others with a history of their own."""
    left_out = {
        f"{model.__name__}.{field.name}"
        for model in TRACKED
        for field in model._meta.concrete_fields
        if field not in recorded_fields(model) and not field.primary_key
    }
    assert left_out == {
        "District.path",
        "Project.stage",
        "Project.stage_basis",
        "Project.stage_since",
        "Project.stage_since_precision",
        "Project.stage_observed",
        "Project.search",
        "Project.created_at",
        "Project.updated_at",
        "Company.search",
        "Target.created_at",
        "Reading.created_at",
        "Capacity.created_at",
        "ReadingClaim.created_at",
        "TargetClaim.created_at",
        "CapacityClaim.created_at",
        "StageChange.recorded_at",
        "ProgressReport.recorded_at",
    }


# Which ways of writing


def test_each_way_of_writing_makes_one_entry_for_each_record_changed() -> None:
    source = make.make_source(title="甲")
    first, second = make.make_unit("吨"), make.make_unit("台")
    place = make.make_district()
    project = make.make_project(district=place)
    company, reading = make.make_company(), make.make_reading()
    other = make.make_company()

    def rename(record: Any, **fields: Any) -> None:
        for name, value in fields.items():
            setattr(record, name, value)
        record.save()

    def again(**fields: Any) -> None:
        for unit in (first, second):
            for name, value in fields.items():
                setattr(unit, name, value)

    def bulk_update(**fields: Any) -> None:
        again(**fields)
        Unit.objects.bulk_update([first, second], list(fields))

    def load() -> None:
        first.name_en = "ton"
        text = serializers.serialize("json", [first])
        for loaded in serializers.deserialize("json", text):
            loaded.save()

    def add(**fields: Any) -> Any:
        return lambda: Unit.objects.create(**fields)

    def over() -> None:
        Unit.objects.bulk_create(
            [Unit(name="吨", name_en="t"), Unit(name="桶", name_en="barrel")],
            update_conflicts=True,
            unique_fields=["name"],
            update_fields=["name_en"],
        )

    ways: list[tuple[str, Callable[[], Any], list[tuple[str, str]]]] = [
        ("create", add(name="升"), [("unit", "added")]),
        ("get_or_create", lambda: Unit.objects.get_or_create(name="米"), [("unit", "added")]),
        ("get_or_create, there", lambda: Unit.objects.get_or_create(name="米"), []),
        ("update_or_create", lambda: Unit.objects.update_or_create(name="米", defaults={"name_en": "m"}), [("unit", "changed")]),
        ("save", lambda: rename(source, title="乙"), [("source", "changed")]),
        ("save, unchanged", source.save, []),
        ("save, an expression", lambda: rename(source, title=Concat(F("title"), Value("丙"))), [("source", "changed")]),
        ("update", lambda: Unit.objects.filter(pk__in=[first.pk, second.pk]).update(name_en="x"), [("unit", "changed")] * 2),
        ("update, unchanged", lambda: Unit.objects.filter(pk=first.pk).update(name_en="x"), []),
        ("bulk_update", lambda: bulk_update(name_en="y"), [("unit", "changed")] * 2),
        ("bulk_update, unchanged", lambda: bulk_update(name_en="y"), []),
        ("bulk_create", lambda: Unit.objects.bulk_create([Unit(name="瓦"), Unit(name="伏")]), [("unit", "added")] * 2),
        ("bulk_create, over", over, [("unit", "changed"), ("unit", "added")]),
        ("loaddata", load, [("unit", "changed")]),
        ("m2m add", lambda: company.readings.add(reading), [("company", "changed")]),
        ("m2m add, there", lambda: company.readings.add(reading), []),
        ("m2m set, same", lambda: company.readings.set([reading]), []),
        ("m2m from the other side", lambda: reading.companies.add(other), [("company", "changed")]),
        ("m2m clear from the other side", lambda: reading.companies.clear(), [("company", "changed")] * 2),
        ("m2m set", lambda: company.readings.set([reading]), [("company", "changed")]),
        ("m2m remove", lambda: company.readings.remove(reading), [("company", "changed")]),
        ("m2m remove, not there", lambda: company.readings.remove(reading), []),
        ("an event", lambda: make.change_stage(project, "building", "2023-05"), [("stagechange", "added")]),
        ("a related manager", lambda: project.stage_changes.update(basis="inferred"), [("stagechange", "changed")]),
        ("a row moved", lambda: make.make_project(district=place).stage_changes.add(project.stage_changes.get()), [("project", "added"), ("stagechange", "changed")]),
        ("delete", lambda: Unit.objects.get(name="米").delete(), [("unit", "deleted")]),
        ("delete in bulk", lambda: Unit.objects.filter(name__in=["瓦", "伏"]).delete(), [("unit", "deleted")] * 2),
        ("the code of a place", lambda: rename(place, code="999999"), [("district", "changed")]),
    ]  # fmt: skip
    for way, do, expected in ways:
        found = written(do)
        assert sorted((e.model.partition(".")[2], e.action) for e in found) == sorted(expected), way
        assert replayed() == stored(), way
    with pytest.raises(NotImplementedError, match="look before you write"):
        Unit.objects.bulk_create([Unit(name="升")], ignore_conflicts=True)


def test_an_entry_says_from_what_to_what() -> None:
    project = make.make_project("旧名", due="2023-05", investment="2.50", investment_kind="agreed")
    project.name, project.investment, project.due = "新名", None, day("2023-06-30")
    project.investment_kind = ""
    (entry,) = written(project.save)
    assert entry.changes == {
        "name": ["旧名", "新名"],
        "due": ["2023-05-31", "2023-06-30"],
        "due_precision": ["month", "month"],  # a date is both
        "investment": ["2.5", None],
        "investment_kind": ["agreed", ""],
    }
    assert (entry.model, entry.object_id, entry.user, entry.reason) == (
        "projects.project", project.pk, None, "",
    )  # fmt: skip


@pytest.mark.parametrize(
    "given",
    [
        {"stage": Stage.BUILDING, "date": day("2024-05-01"), "observed": True},
        {"stage": Value("building"), "date": "2024-05-01", "observed": 1, "note": Value("x")},
    ],
)
def test_a_new_row_is_recorded_as_it_is_stored(given: dict[str, Any]) -> None:
    event = StageChange.every.create(project=make.make_project(), **given)
    entry = HistoryEntry.objects.get(model=label(StageChange), object_id=event.pk)
    stored = states(StageChange, [event.pk], "default")[event.pk]
    assert {name: pair[1] for name, pair in entry.changes.items()} == stored
    assert stored["observed"] is True


def test_what_goes_with_a_record_has_its_own_entry_and_keeps_all_it_held() -> None:
    project = make.make_project("隔膜项目", name_en="Separator", stage="signed")
    make.make_capacity(project, 4)
    company = make.make_company()
    company.readings.add(reading := make.make_reading())
    gone = written(project.delete)
    assert {(e.model, e.action) for e in gone} == {
        ("projects.project", "deleted"),
        ("projects.stagechange", "deleted"),
        ("projects.capacity", "deleted"),
    }
    entry = next(e for e in gone if e.model == "projects.project")
    assert (entry.name, entry.name_en) == ("隔膜项目", "Separator")
    assert entry.changes["name"] == ["隔膜项目", None]
    assert {(e.owner, e.owner_id) for e in gone if e is not entry} == {
        ("projects.project", entry.object_id)
    }
    lost = written(reading.delete)
    assert [(e.model, e.action) for e in lost] == [
        ("districts.reading", "deleted"),
        ("projects.company", "changed"),
    ]
    assert lost[1].changes == {"readings": [[lost[0].object_id], []]}
    assert replayed() == stored()


def test_one_scope_makes_one_entry_of_several_writes(admin_user: User) -> None:
    project, last = make.make_project("甲"), newest()
    company = make.make_company()
    with recording(user=admin_user, reason="校对"):
        for name in ("乙", "丙"):
            project.name = name
            project.save()
        company.readings.add(make.make_reading())
        company.short_name = "丁"
        company.save()
        unit = Unit.objects.create(name="升")
        unit.name_en = "l"
        unit.save()
        passing = Unit.objects.create(name="米")
        passing.delete()
    entries = {e.model: e for e in since(last) if e.reason}
    assert entries["projects.project"].changes == {"name": ["甲", "丙"]}
    assert set(entries["projects.company"].changes) == {"readings", "short_name"}
    assert entries["districts.unit"].changes["name_en"] == [None, "l"]
    assert [e.object_id for e in since(last) if e.model == "districts.unit"].count(unit.pk) == 1
    assert not [
        e for e in since(last) if e.object_id == passing.pk and e.changes["name"][1] == "米"
    ]
    assert {e.user for e in entries.values()} == {admin_user}
    assert len({e.batch for e in entries.values()}) == 1
    # There and back again is no change.
    with recording():
        for name in ("乙", "丙"):
            project.name = name
            project.save()
    assert newest() == max(e.pk for e in entries.values())


def test_what_is_taken_back_leaves_no_trace() -> None:
    project, last = make.make_project("甲"), newest()
    with recording():
        for name in ("乙", "丙"):
            with transaction.atomic():
                project.name = name
                project.save()
                transaction.set_rollback(True)
        assert since(last) == []
        project.name = "丁"
        project.save()
    assert [e.changes for e in since(last)] == [{"name": ["甲", "丁"]}]


moments = st.tuples(
    st.sampled_from(["save", "update", "bulk", "add", "delete", "link", "unlink", "scope"]),
    st.integers(0, 5),
    st.sampled_from("甲乙丙丁"),
)


@given(st.lists(moments, max_size=8))
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_history_replayed_gives_what_is_stored(steps: list[tuple[str, int, str]]) -> None:
    with transaction.atomic():
        companies = [make.make_company() for _ in range(3)]
        readings = [make.make_reading() for _ in range(2)]
        with recording():
            for action, pick, text in steps:
                if action == "scope":
                    with recording(reason=text):
                        _write(companies, readings, "save", pick, text)
                        _write(companies, readings, "link", pick, text)
                        _write(companies, readings, "update", pick + 1, text)
                else:
                    _write(companies, readings, action, pick, text)
        assert replayed() == stored()
        transaction.set_rollback(True)


def _write(
    companies: list[Company], readings: list[Reading], action: str, pick: int, text: str
) -> None:
    company = Company.objects.filter(pk=companies[pick % 3].pk).first()
    if company is None:
        return
    match action:
        case "save":
            company.short_name = text
            company.save()
        case "update":
            Company.objects.filter(pk__gte=company.pk).update(note=text)
        case "bulk":
            company.note_en = text
            Company.objects.bulk_update([company], ["note_en"])
        case "add":
            make.make_honour(company, title=text, year=None)
        case "delete":
            company.honours.all().delete()
            if pick > 3:
                company.delete()
        case "link":
            company.readings.add(*readings[: pick % 3])
        case "unlink":
            company.readings.set(readings[pick % 2 : pick % 2 + 1])


# Who and why


def test_what_is_written_in_a_request_has_its_user(admin_client: Client, admin_user: User) -> None:
    project = make.make_project(stage="signed", since="2023-01")
    make.make_capacity(project)
    page = address(Project, "change", project.pk)
    entered = input_of(admin_client.get(page)) | {
        "name": "改名", "capacities-0-product": "隔膜", "stage_changes-0-stage": "building",
        "stage_changes-0-date": "2023-05", "stage_changes-0-basis": "stated",
    }  # fmt: skip
    found = written(lambda: admin_client.post(page, entered))
    assert sorted((e.model, e.action) for e in found) == [
        ("projects.capacity", "changed"),
        ("projects.project", "changed"),
        ("projects.stagechange", "added"),
    ]
    assert {e.user for e in found} == {admin_user}
    assert len({e.batch for e in found}) == 1
    assert written(lambda: admin_client.post(page, input_of(admin_client.get(page)))) == []


def test_the_seed_writes_one_entry_for_each_record_and_none_the_second_time() -> None:
    call_command("seed", verbosity=0)
    entries = since()
    assert {(e.user, e.reason, e.action) for e in entries} == {
        (None, "seed zaozhuang-lithium", "added")
    }
    assert len(entries) == sum(model._base_manager.count() for model in TRACKED)
    assert replayed() == stored()
    assert written(lambda: call_command("seed", verbosity=0)) == []
    Source.objects.update(publisher="别家")
    SeededRecord.objects.filter(model="dataset").delete()
    assert written(lambda: call_command("seed", verbosity=0)) == []


def test_the_seed_records_what_it_updates(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "units.yaml").write_text("- name: 吨\n  name_en: t\n")
    call_command("seed", str(folder), verbosity=0)
    (folder / "units.yaml").write_text("- name: 吨\n  name_en: ton\n")
    (entry,) = written(lambda: call_command("seed", str(folder), verbosity=0))
    assert (entry.action, entry.changes, entry.reason) == (
        "changed", {"name_en": ["t", "ton"]}, "seed data",
    )  # fmt: skip


def test_a_dump_that_is_loaded_writes_history() -> None:
    make.make_unit("吨")
    out = StringIO()
    call_command("dumpdata", "districts.unit", stdout=out)
    rows = json.loads(out.getvalue())
    rows[0]["fields"]["name_en"] = "ton"
    (loaded,) = serializers.deserialize("json", json.dumps(rows))
    (entry,) = written(loaded.save)
    assert entry.changes == {"name_en": ["t", "ton"]}


def test_a_backup_restores_the_history_as_it_was(tmp_path: Path, admin_user: User) -> None:
    with recording(user=admin_user):
        project = make.make_project(stage="signed", note="甲")
        company = make.make_company()
        company.readings.add(make.make_reading())
    project.note = "乙"
    project.save()
    wrong = make.change_stage(project, "building", "2023-05")
    wrong.withdrawn = "错"
    wrong.save()
    backup = tmp_path / "backup.json"
    call_command("dumpdata", "auth.user", "zaozhuang", "districts", "projects", output=str(backup))

    def held() -> Any:  # JSON keeps times to the millisecond
        return list(HistoryEntry.objects.order_by("pk").values_list(*KEPT)), stored()

    before = held()
    through: Any = Company.readings.through
    for model in (*TRACKED, through, *WITHOUT_HISTORY):
        plain_rows(model, "default")._raw_delete("default")
    call_command("loaddata", str(backup), verbosity=0)
    assert held() == before
    assert replayed() == stored()
    assert StageChange.every.count() == 2
    company = Company.objects.get()
    (entry,) = written(company.readings.clear)
    assert entry.action == "changed"


# Nobody changes it


def test_history_is_neither_changed_nor_deleted() -> None:
    make.make_unit("吨")
    entry = since()[0]
    for do in (
        entry.save,
        entry.delete,
        HistoryEntry.objects.all().delete,
        lambda: HistoryEntry.objects.update(reason="x"),
        lambda: HistoryEntry.objects.bulk_update([entry], ["reason"]),
    ):
        with pytest.raises(TypeError, match="History is not"):
            do()
    assert HistoryEntry._meta.default_permissions == ()


def test_an_owner_is_named_by_the_rows_that_belong_to_it() -> None:
    project = make.make_project(stage="signed")
    event = project.stage_changes.get()
    event.project = make.make_project()
    event.save()
    make.make_capacity(project)
    of = HistoryEntry.objects.of(Project, project.pk)
    assert {(e.model, e.action) for e in of} == {
        ("projects.project", "added"),
        ("projects.stagechange", "added"),
        ("projects.stagechange", "changed"),  # it went to another
        ("projects.capacity", "added"),
    }
    assert {model.__name__ for model in TRACKED if getattr(model, "history_owner", "")} == {
        model.__name__
        for model in (
            Passage,
            Capacity,
            CapacityClaim,
            Participation,
            StageChange,
            ReadingClaim,
            TargetClaim,
            apps.get_model("projects.Honour"),
        )
    }
    assert District.history_derived == ("path",)
