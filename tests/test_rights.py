"""Who may what: every address of the desk, every operation, every role, own and other."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import models, transaction
from django.template.response import TemplateResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, reverse

from districts.models import (
    District,
    Draft,
    Indicator,
    Membership,
    Reading,
    Source,
    Target,
    Theme,
    Unit,
)
from districts.roles import Role
from projects.models import (
    Capacity,
    Company,
    Honour,
    ProgressReport,
    Project,
    Segment,
    StageChange,
    Stream,
    Technology,
)
from tests.desk import Model, address, chosen_to_delete, confirmed, input_of
from tests.factories import (
    make_capacity,
    make_company,
    make_district,
    make_honour,
    make_indicator,
    make_participation,
    make_project,
    make_reading,
    make_report,
    make_segment,
    make_source,
    make_stream,
    make_target,
    make_technology,
    make_theme,
    make_unit,
)
from tests.members import logged_in, make_editor
from zaozhuang.models import HistoryEntry, SeededRecord

pytestmark = pytest.mark.django_db

SHEET = "/admin/projects/project/sheet/"
ANONYMOUS = "anonymous"
ROLES = [ANONYMOUS, *Role.values]

# What a kind of record is to a district editor.
PLACE, SHARED, CITY, ACCOUNTS, GROUPS = "of a place", "shared", "the city's", "accounts", "groups"
WHOSE: dict[Model, str] = {
    Project: PLACE, Capacity: PLACE, StageChange: PLACE, ProgressReport: PLACE, Target: PLACE, Reading: PLACE,
    # An honour is its places' in whose projects the company takes part.
    Honour: PLACE, Source: SHARED, Company: SHARED,
    District: CITY, Unit: CITY, Theme: CITY, Indicator: CITY,
    Stream: CITY, Segment: CITY, Technology: CITY,
    User: ACCOUNTS, Group: GROUPS,
}  # fmt: skip
OF_A_RECORD = ["changelist", "add", "change", "delete", "history", "deleted", "(redirect)"]
# Addresses beyond those that every kind of record has, and who may: a test below is named.
OTHERS = {
    "auth_user_password_change": "test_only_administrators_set_passwords",
    "projects_project_confirm": "test_only_own_projects_are_confirmed",
    "projects_project_stage": "test_only_the_stages_of_own_projects_are_changed",
    "projects_project_sheet": "test_the_sheet_is_for_those_who_write",
    "projects_project_sheet_download": "test_the_sheet_is_for_those_who_write",
    "projects_project_sheet_preview": "test_the_sheet_is_for_those_who_write",
    "projects_project_sheet_refused": "test_the_sheet_is_for_those_who_write",
}
OTHERS |= {
    "(redirect)"
    if page == "(redirect)"
    else f"districts_draft_{page}": "test_drafts_are_decided_by_the_city"
    for page in OF_A_RECORD
    if page != "deleted"  # a draft has no history of its own
}
# Of the desk itself: open to all of the staff, and to anybody where it says so.
OF_THE_DESK = {
    "index": "staff", "app_list": "staff", "autocomplete": "its own test", "jsi18n": "anybody",
    "login": "anybody", "logout": "staff", "password_change": "staff",
    "password_change_done": "staff", "view_on_site": "staff", "(rest)": "staff",
}  # fmt: skip


def may(role: str, action: str, model: Model, own: bool) -> bool:
    """The matrix."""
    whose = WHOSE[model]
    if role == ANONYMOUS:
        return False
    if whose == GROUPS:
        return role == Role.ADMINISTRATOR and action == "view"
    if whose == ACCOUNTS:
        return role == Role.ADMINISTRATOR
    if action == "view":
        return True
    if role in (Role.CITY_EDITOR, Role.ADMINISTRATOR):
        return True
    if role == Role.VIEWER or whose == CITY:
        return False
    return own or (whose == SHARED and action == "add")


def names(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
    """Every address of the desk by its name; those without one by what they are."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from names(pattern.url_patterns)
        elif pattern.name:
            yield pattern.name
        else:
            yield "(redirect)" if "object_id" in str(pattern.pattern) else "(rest)"


def test_every_address_of_the_desk_is_in_the_matrix() -> None:
    of_records = {
        page if page == "(redirect)" else f"{model._meta.app_label}_{model._meta.model_name}_{page}"
        for model in WHOSE
        for page in OF_A_RECORD
        # Django's own records have no history of ours, from which deleted ones could come back.
        if page != "deleted" or model not in (User, Group)
    }
    assert set(admin.site._registry) == {*WHOSE, Draft}
    assert set(names(admin.site.get_urls())) == of_records | set(OTHERS) | set(OF_THE_DESK)
    assert set(OTHERS.values()) <= set(globals())


# Kinds of records that hang on no place, directly or through others: the city's.
WITHOUT_PLACE = {
    Source, Company, Unit, Theme, Indicator, Stream, Segment, Technology, Membership, SeededRecord,
    HistoryEntry,
}  # fmt: skip


def test_every_kind_of_record_says_where_it_belongs() -> None:
    """A new model that says nothing is written by the city alone, until it is listed or says."""
    kinds = {
        model
        for label in ("districts", "projects", "zaozhuang")
        for model in apps.get_app_config(label).get_models()
        if getattr(model, "backed_up", True)  # nobody writes what is computed
    }
    assert {kind for kind in kinds if not hasattr(kind, "belongs_to")} == WITHOUT_PLACE


@dataclass
class World:
    """Two districts with a record of each kind, one of them ours, and an account of each role."""

    ours: District
    theirs: District
    records: dict[tuple[Model, bool], models.Model]
    clients: dict[str, Client]
    root: Client


@pytest.fixture
def world(admin_client: Client) -> World:
    city = make_district()
    ours, theirs = make_district(parent=city), make_district(parent=city)
    clients = {ANONYMOUS: Client()}
    editor = make_editor(ours)
    for role in (Role.VIEWER, Role.CITY_EDITOR, Role.ADMINISTRATOR):
        clients[role] = logged_in(make_editor(role=role))
    clients[Role.DISTRICT_EDITOR] = logged_in(editor)
    records: dict[tuple[Model, bool], models.Model] = {}
    for own, place in ((True, ours), (False, theirs)):
        project = make_project(stage="signed", district=place)
        hand = editor if own else None
        company = make_participation(project).company
        made = [
            project, project.stage_changes.get(), make_target(district=place),
            make_reading(district=place), make_source(recorded_by=hand),
            make_company(recorded_by=hand), make_honour(company, recorded_by=hand), make_district(parent=place), make_unit(f"单位{own}"),
            make_theme(f"theme-{own}"), make_indicator(), make_stream(f"stream-{own}"),
            make_segment(), make_technology(f"kind-{own}"), make_capacity(project),
        make_report(project, percent="20"),
            User.objects.create_user(f"someone-{own}"), Group.objects.create(name=f"group-{own}"),
        ]  # fmt: skip
        records |= {(type(record), own): record for record in made}
    return World(ours, theirs, records, clients, admin_client)


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside is rolled back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


UNIQUE = {
    "slug": "new-one", "title": "新的荣誉", "product": "新的产品", "month": "2023-04", "name": "新的", "code": "999", "order": "987", "username": "new-one",
}  # fmt: skip


def filled_in(model: Model, untouched: dict[str, Any]) -> dict[str, Any]:
    """What a form that adds a record would send, in the place of one whose form says `untouched`."""
    if model is User:
        return {"username": "new-one", "usable_password": "false"}
    values = {name: value for name, value in untouched.items() if "-" not in name} | {
        name: value for name, value in untouched.items() if name.endswith("_FORMS")
    }
    values |= {name: new for name, new in UNIQUE.items() if name in values}
    if model is StageChange:
        values["date"] = "2024-05"
    if model is Reading:
        values["period"] = "2019"
    none = ("INITIAL_FORMS", "TOTAL_FORMS")
    return {name: "0" if name.endswith(none) else value for name, value in values.items()}


@pytest.mark.long
def test_the_matrix(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each operation with valid input: it succeeds where the matrix says so, and nowhere else."""
    untouched = {
        key: input_of(world.root.get(address(key[0], "change", record.pk)))
        for key, record in world.records.items()
    }
    # What is right is decided before a page is written, which other tests look at.
    monkeypatch.setattr(TemplateResponse, "rendered_content", "")
    wrong: list[str] = []
    for role in ROLES:
        for (model, own), record in world.records.items():
            if own and WHOSE[model] not in (PLACE, SHARED):
                continue  # these are nobody's own
            wrong += faults_of(role, world.clients[role], record, own, untouched[model, own])
    assert wrong == []


def faults_of(
    role: str,
    client: Client,
    record: models.Model,
    own: bool,
    untouched: dict[str, Any],
) -> list[str]:
    """What a role may with a record against the matrix, or may not though it should."""
    model = type(record)
    entered = filled_in(model, untouched)
    rows = model._default_manager
    refused = 302 if role == ANONYMOUS else 403  # to the log-in, or the page that says no
    what = f"{role}, {model.__name__}, {'own' if own else 'other'}: "
    wrong: list[str] = []

    def expect(operation: str, response: Any, right: bool, done: int) -> None:
        expected = done if right else refused
        if response.status_code != expected:
            wrong.append(f"{what}{operation}: {response.status_code}, not {expected}")
        if role == ANONYMOUS and not response.headers["Location"].startswith("/admin/login/"):
            wrong.append(f"{what}{operation}: {response.headers['Location']}")

    def right(action: str) -> bool:
        return may(role, action, model, own)

    def page(name: str) -> str:
        many = name in ("changelist", "add", "deleted")
        return address(model, name) if many else address(model, name, record.pk)

    expect("list", client.get(page("changelist")), right("view"), 200)
    expect("history", client.get(page("history")), right("view"), 200)
    if model not in (User, Group):  # Django's own have Django's own history
        expect("deleted", client.get(page("deleted")), right("view"), 200)
    expect("look", client.get(page("change")), right("view"), 200)
    may_add = may(role, "add", model, True)
    expect("add page", client.get(page("add")), may_add, 200)
    expect("delete page", client.get(page("delete")), right("delete"), 200)

    with undone():
        before = rows.count()
        response = client.post(page("add"), entered)
        # The form of the kind is theirs, but the place in it is not.
        forbidden_place = may_add and not right("add")
        expect("add", response, may_add, 200 if forbidden_place else 302)
        if rows.count() - before != right("add"):
            wrong.append(f"{what}add: {rows.count() - before} more")
    with undone():
        expect("save", client.post(page("change"), untouched), right("change"), 302)
    with undone():
        expect("delete", client.post(page("delete"), confirmed(record)), right("delete"), 302)
        if rows.filter(pk=record.pk).exists() == right("delete"):
            wrong.append(f"{what}delete: there or gone")
    with undone():
        client.post(page("changelist"), chosen_to_delete(record))
        if rows.filter(pk=record.pk).exists() == right("delete"):
            wrong.append(f"{what}bulk delete: there or gone")
    return wrong


@pytest.mark.parametrize("role", ROLES)
def test_the_desk_itself(world: World, role: str) -> None:
    client = world.clients[role]
    inside = 302 if role == ANONYMOUS else 200
    assert client.get("/admin/jsi18n/").status_code == inside
    for name in ("index", "password_change", "password_change_done"):
        assert client.get(reverse(f"admin:{name}")).status_code == inside, name
    for label in ("projects", "districts"):
        assert client.get(reverse("admin:app_list", args=[label])).status_code == inside
    assert client.get("/admin/nothing/").status_code == (302 if role == ANONYMOUS else 404)
    for model, fields in ((Project, ["district", "parent", "source"]), (Target, ["indicator"])):
        for field in fields:
            asks = {"app_label": model._meta.app_label, "model_name": model.__name__.lower()}
            response = client.get(reverse("admin:autocomplete"), asks | {"field_name": field})
            assert response.status_code == inside, field
    forged = {"app_label": "districts", "model_name": "membership", "field_name": "user"}
    found = client.get(reverse("admin:autocomplete"), forged).status_code
    assert found == (200 if role == Role.ADMINISTRATOR else 302 if role == ANONYMOUS else 403)


def test_only_administrators_set_passwords(world: World) -> None:
    root = User.objects.get(is_superuser=True)
    someone = world.records[User, True]
    for role, client in world.clients.items():
        for user, right in ((someone, role == Role.ADMINISTRATOR), (root, False)):
            response = client.get(reverse("admin:auth_user_password_change", args=[user.pk]))
            assert (response.status_code == 200) == right, (role, user)


def test_drafts_are_decided_by_the_city(world: World) -> None:
    """Seen by the district it is of and by the city; typed, changed and deleted by nobody."""
    editor = User.objects.get(groups__name=Role.DISTRICT_EDITOR)
    drafts = {
        own: Draft.objects.create(
            action="change", model="projects.project", object_id=project.pk, title="改",
            place=place, author=author, changes=[],
        )
        for own, place, author, project in (
            (True, world.ours, editor, world.records[Project, True]),
            (False, world.theirs, make_editor(world.theirs), world.records[Project, False]),
        )
    }  # fmt: skip
    city = (Role.CITY_EDITOR, Role.ADMINISTRATOR)
    for role, client in world.clients.items():
        no = 302 if role == ANONYMOUS else 403
        sees_some = role in (*city, Role.DISTRICT_EDITOR)
        listing = client.get(address(Draft, "changelist"))
        assert listing.status_code == (200 if sees_some else no), role
        for own, draft in drafts.items():
            what = (role, own)
            sees = role in city or (role == Role.DISTRICT_EDITOR and own)
            page = address(Draft, "change", draft.pk)
            # What is not seen is as if it was not there, as everywhere in the desk.
            assert client.get(page).status_code == (200 if sees else 302), what
            for name in ("add", "delete"):
                where = address(Draft, name, *([draft.pk] if name == "delete" else []))
                assert client.get(where).status_code == no, what
                assert client.post(where, {"post": "yes"}).status_code == no, what
            with undone():
                client.post(page, {"decision": "return", "remark": "x"})
                draft.refresh_from_db()
                assert (draft.state == Draft.State.RETURNED) == (role in city), what
            with undone():
                client.post(page, {"decision": "withdraw"})
                draft.refresh_from_db()
                assert (draft.state == Draft.State.WITHDRAWN) == (
                    role == Role.DISTRICT_EDITOR and own
                ), what
            history = client.get(address(Draft, "history", draft.pk)).status_code
            assert history == (200 if sees else 302), what
            draft.refresh_from_db()


def test_only_own_projects_are_confirmed(world: World) -> None:
    for (model, own), record in world.records.items():
        if model is Project:
            page = address(Project, "confirm", record.pk)
            for role, client in world.clients.items():
                with undone():
                    client.post(page)
                    record.refresh_from_db()
                    right = may(role, "change", Project, own)
                    assert (getattr(record, "confirmed_at", None) is not None) == right, role


def test_only_the_stages_of_own_projects_are_changed(world: World) -> None:
    page = reverse("admin:projects_project_stage")
    for (model, own), record in world.records.items():
        if model is Project:
            events = StageChange.objects.filter(project=record.pk)
            sent = {"project": record.pk, "stage": "building", "date": "2024", "basis": "stated"}
            for role, client in world.clients.items():
                with undone():
                    shown = client.get(page, {"project": record.pk})
                    version = shown.context["version"] if shown.status_code == 200 else ""
                    client.post(page, sent | {"_version": version})
                    right = may(role, "change", Project, own)
                    assert (events.count() == 2) == right, (role, own)


def test_the_sheet_is_for_those_who_write(world: World) -> None:
    """Whose rows it holds and takes, tests/test_sheets.py tells; a file is its uploader's alone."""
    own, other = (world.records[Project, mine].pk for mine in (True, False))
    writers = (Role.DISTRICT_EDITOR, Role.CITY_EDITOR, Role.ADMINISTRATOR)
    for role, client in world.clients.items():
        no = 302 if role == ANONYMOUS else 403
        listed = client.get(SHEET + "download/", {"kind": "projects"})
        assert (client.get(SHEET).status_code, listed.status_code) == (
            (200, 200) if role in writers else (no, no)
        )
        file = SimpleUploadedFile("a.csv", sheet_of_both(world, own, other))
        sent = client.post(SHEET, {"sheet": file})
        assert sent.status_code == (302 if role in writers else no)
        if role not in writers:
            pages = [SHEET + f"{UUID(int=1)}/", SHEET + f"{UUID(int=1)}/refused/"]
            assert {client.post(page).status_code for page in pages} == {no}
            continue
        page = sent.headers["Location"]
        outcomes = [row.outcome for row in client.get(page).context["check"].rows]
        with undone():
            right = [may(role, "change", Project, mine) for mine in (True, False)]
            assert outcomes == ["changed" if mine else "refused" for mine in right], role
            assert client.post(page).status_code == (302 if all(right) else 409)
            renamed = Project.objects.filter(name="改").values_list("pk", flat=True)
            assert set(renamed) == ({own, other} if all(right) else set())
        for stranger, window in world.clients.items():
            if stranger != role:
                seen = [window.get(where).status_code for where in (page, page + "refused/")]
                assert set(seen) <= {302, 403}, (role, stranger)


def sheet_of_both(world: World, *keys: int) -> bytes:
    """A sheet that renames the projects of these keys, whoever sends it."""
    city = world.clients[Role.CITY_EDITOR]
    text = city.get(SHEET + "download/", {"kind": "projects"}).content.decode("utf-8-sig")
    head, *rows = csv.reader(StringIO(text, newline=""))
    name = head.index("名称")
    rows = [[*row[:name], "改", *row[name + 1 :]] for row in rows if int(row[0]) in keys]
    out = StringIO()
    csv.writer(out).writerows([head, *sorted(rows, key=lambda row: keys.index(int(row[0])))])
    return out.getvalue().encode()


def test_migrate_puts_the_four_groups_right_and_leaves_others_alone() -> None:
    viewer, editor = Group.objects.get(name="viewer"), Group.objects.get(name="district-editor")
    held = {group.name: set(group.permissions.all()) for group in (viewer, editor)}
    assert {p.codename for p in held["district-editor"]} >= {
        "change_project",
        "add_source",
        "view_unit",
    }
    assert not {p.codename for p in held["district-editor"]} & {
        "change_unit",
        "write_everywhere",
        "add_user",
    }
    assert {p.codename.partition("_")[0] for p in held["viewer"]} == {"view"}
    own = Group.objects.create(name="own")
    for group in (viewer, own):
        group.permissions.set(held["district-editor"])
    editor.delete()
    call_command("migrate", verbosity=0)
    assert set(viewer.permissions.all()) == held["viewer"]
    assert (
        set(Group.objects.get(name="district-editor").permissions.all()) == held["district-editor"]
    )
    assert set(own.permissions.all()) == held["district-editor"]
