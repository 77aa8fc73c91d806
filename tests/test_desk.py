"""The first page of the desk: what waits for whom, and the click that says “still true”."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from districts.models import Draft
from districts.roles import Role
from projects.desk import SHOWN, waiting_for
from projects.models import Project, StageChange
from tests.factories import (
    change_stage,
    make_district,
    make_project,
    make_reading,
    make_source,
    make_target,
)
from tests.members import logged_in, make_editor
from zaozhuang.dates import today

pytestmark = pytest.mark.django_db

LONG_AGO = timezone.now() - timedelta(days=184)


def aged(project: Project, at: datetime = LONG_AGO) -> Project:
    """The project as if nobody had touched it since."""
    Project.objects.filter(pk=project.pk).update(updated_at=at)
    return project


def lists(user: Any) -> dict[str, list[tuple[str, str]]]:
    return {
        found.title: [(row.title, row.why) for row in found.rows] for found in waiting_for(user)
    }


def test_each_list_holds_what_is_theirs() -> None:
    city = make_district("全市")
    here, there = make_district("甲区", parent=city), make_district("乙区", parent=city)
    source = make_source()
    editor, colleague = make_editor(here), make_editor(there)
    for place in (here, there):
        cited: dict[str, Any] = {"source": source, "district": place}
        name = place.name
        make_project(f"{name}过期", stage="building", due="2023-05", **cited)
        make_project(f"{name}投产", stage="producing", due="2023-05", **cited)
        make_project(f"{name}未到期", stage="building", due="2099", **cited)
        aged(make_project(f"{name}久未更新", stage="signed", **cited))
        fresh = aged(make_project(f"{name}已确认", **cited))
        Project.objects.filter(pk=fresh.pk).update(confirmed_at=timezone.now())
        make_target(district=place)
        make_reading(district=place)
        make_reading(**cited)
    change = {"action": "change", "model": "projects.project", "changes": []}
    Draft.objects.create(
        title="退回的", state="returned", remark="补来源", author=editor, place=here, **change
    )
    Draft.objects.create(title="别人的", state="returned", author=colleague, place=there, **change)
    Draft.objects.create(title="待审", state="submitted", author=editor, place=here, **change)
    Draft.objects.create(
        title="乙区待审", state="submitted", author=colleague, place=there, **change
    )

    mine = lists(editor)
    assert [[title for title, _why in rows] for rows in mine.values()] == [
        ["退回的"],
        ["待审"],
        ["甲区过期", "甲区未到期"],
        ["甲区过期"],
        ["阶段变更", "目标", "实绩"],
        ["甲区久未更新"],
    ]
    returned, _submitted, silent, late, bare, _old = mine.values()
    assert silent[0] == ("甲区过期", "甲区")
    assert returned == [("退回的", "补来源")]
    assert "2023年5月" in late[0][1]
    assert [why for _title, why in bare] == ["4", "1", "1"]

    everything = lists(make_editor(role=Role.CITY_EDITOR))
    assert [[title for title, _why in rows] for rows in everything.values()] == [
        ["待审", "乙区待审"],
        ["甲区过期", "甲区未到期", "乙区过期", "乙区未到期"],
        ["甲区过期", "乙区过期"],
        ["阶段变更", "目标", "实绩"],
        ["甲区久未更新", "乙区久未更新"],
    ]
    assert lists(make_editor()) == {}


def test_the_page_costs_the_same_however_much_waits() -> None:
    here = make_district()
    for role in (Role.DISTRICT_EDITOR, Role.CITY_EDITOR):
        client = logged_in(make_editor(here, role=role))
        counts = []
        for number in (1, SHOWN + 5):
            for _n in range(number):
                aged(make_project(stage="building", due="2023", district=here))
                make_target(district=here)
            with CaptureQueriesContext(connection) as queries:
                response = client.get("/admin/")
            counts.append(len(queries))
        assert counts[0] == counts[1]
        # Session, user, two of permissions, places, six lists, and the log of the admin.
        assert counts[0] <= 13
        assert response.text.count("/confirm/") == SHOWN


def test_readers_have_no_desk_and_editors_may_have_nothing_to_do() -> None:
    aged(make_project(stage="building", due="2023"))
    assert 'id="desk-title"' not in logged_in(make_editor(role=Role.VIEWER)).get("/admin/").text
    idle = logged_in(make_editor(make_district())).get("/en/admin/").text
    assert "Nothing: all is up to date." in idle
    assert 'id="desk-title"' not in logged_in(make_editor()).get("/admin/projects/").text


def test_one_click_says_that_a_record_is_still_true() -> None:
    here = make_district()
    editor = make_editor(here)
    client = logged_in(editor)
    project = aged(make_project("久未更新", stage="signed", district=here, source=make_source()))
    change_stage(project, "building", "2023-05", source=make_source())
    project.refresh_from_db()
    aged(project)
    page = client.get("/admin/")
    address = f"/admin/projects/project/{project.pk}/confirm/"
    assert address in page.text
    response = client.post(address, follow=True)
    assert response.redirect_chain == [("/admin/", 302)]
    assert address not in response.text
    kept = project.stage
    project.refresh_from_db()
    assert (project.confirmed_by, project.stage) == (editor, kept)
    assert project.confirmed_at is not None
    assert timezone.now() - project.confirmed_at < timedelta(minutes=1)
    assert project.updated_at == LONG_AGO  # nothing was changed
    # Six months later it is asked about again.
    Project.objects.update(confirmed_at=LONG_AGO)
    assert address in client.get("/admin/").text


def test_own_projects_alone_are_confirmed() -> None:
    """By a POST, of one's own place."""
    here = make_district()
    project = make_project(district=here)
    address = f"/admin/projects/project/{project.pk}/confirm/"
    roles = {
        Role.VIEWER: 403,
        Role.DISTRICT_EDITOR: 302,
        Role.CITY_EDITOR: 302,
        Role.ADMINISTRATOR: 302,
    }
    for role, status in roles.items():
        Project.objects.update(confirmed_at=None)
        client = logged_in(make_editor(here, role=role))
        assert client.get(address).status_code == 405
        assert client.post(address).status_code == status, role
        project.refresh_from_db()
        assert (project.confirmed_at is not None) == (status == 302), role
    Project.objects.update(confirmed_at=None)
    stranger = logged_in(make_editor(make_district()))
    assert stranger.post(address).status_code == 403
    assert stranger.post("/admin/projects/project/999999/confirm/").status_code == 404
    project.refresh_from_db()
    assert project.confirmed_at is None


@pytest.mark.parametrize("state", Draft.State.values)
def test_a_report_that_waits_for_approval_is_not_asked_for_again(state: str) -> None:
    here = make_district("甲区")
    editor = make_editor(here)
    reported, silent = (make_project(stage="building", district=here) for _n in range(2))
    fields = {"project": ["", str(reported.pk)], "month": ["", f"{today():%Y-%m}"]}
    part = {"prefix": "", "pk": None, "delete": False, "fields": fields}
    Draft.objects.create(
        action="add", model="projects.progressreport", title="月报", author=editor, place=here,
        state=state, changes=[part],
    )  # fmt: skip
    with override_settings(REVIEW="approval"):
        (asked,) = [rows for title, rows in lists(editor).items() if "尚无月报" in title]
        page = logged_in(editor).get("/dispatch/").text
    waits = state in Draft.OPEN
    assert {title for title, _why in asked} == {silent.label} | (
        set() if waits else {reported.label}
    )
    assert page.count("待市级审核") == waits
    # Where nothing waits for approval, an old draft hides nothing.
    (asked,) = [rows for title, rows in lists(editor).items() if "尚无月报" in title]
    assert len(asked) == 2


def test_lists_can_be_narrowed_to_where_one_writes_and_offer_only_what_one_may() -> None:
    city = make_district()
    here, there = make_district(parent=city), make_district(parent=city)
    own, other = (make_project(stage="signed", district=place) for place in (here, there))
    client = logged_in(make_editor(here))
    way = "/admin/projects/project/stage/?project="
    text = client.get("/admin/projects/project/").text
    assert f"{way}{own.pk}" in text
    assert f"{way}{other.pk}" not in text
    for model, path in ((Project, "project"), (StageChange, "stagechange")):
        response: Any = client.get(f"/admin/projects/{path}/?whose=mine")
        found = response.context["cl"].queryset
        assert found.count() == 1
        assert getattr(found.get(), "project", found.get()) == own
        assert model.objects.count() == 2
    for client in (logged_in(make_editor(city)), logged_in(make_editor(role=Role.CITY_EDITOR))):
        response = client.get("/admin/projects/project/?whose=mine")
        assert response.context["cl"].queryset.count() == 2


def test_pages_lead_back_to_the_desk_and_never_to_another_site() -> None:
    here = make_district()
    project = make_project(stage="signed", district=here)
    client = logged_in(make_editor(here))
    page = f"/admin/projects/project/stage/?project={project.pk}&next="
    sent = {"project": project.pk, "stage": "preparing", "basis": "stated"}
    for number, (url, leads) in enumerate(
        (("/admin/", "/admin/"), ("//evil.example/", "/admin/projects/project/"))
    ):
        shown: Any = client.get(page + url)
        typed = sent | {"date": f"2023-0{number + 3}", "_version": shown.context["version"]}
        response: Any = client.post(page + url, typed | {"note": "核实"})
        assert (response.status_code, response.url) == (302, leads)
