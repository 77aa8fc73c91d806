"""Two editors at once: who comes second sees what the first one changed, and loses nothing."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from districts.models import Reading
from projects.models import Company, Project, StageChange
from tests.desk import address, errors_of, input_of
from tests.factories import (
    change_stage,
    make_capacity,
    make_company,
    make_district,
    make_project,
    make_reading,
    make_source,
    make_unit,
)
from zaozhuang.models import HistoryEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def other(client: Client) -> Client:
    """The window of a second editor."""
    client.force_login(User.objects.create_superuser("li", first_name="李", last_name="四"))
    return client


def outcomes(response: Any) -> dict[str, tuple[str, str, str]]:
    """What the table says of each field: what it was, is now, and was typed."""
    return {
        clash.label: (clash.was, clash.now, clash.yours)
        for record in response.context["meanwhile"]
        for clash in record.clashes
    }


def test_an_outdated_save_is_refused_and_what_was_typed_is_kept(
    admin_client: Client, other: Client
) -> None:
    project = make_project("隔膜项目", due="2023-05", note="甲")
    page = "/en" + address(Project, "change", project.pk)
    mine, theirs = (input_of(window.get(page)) for window in (admin_client, other))
    changed = theirs | {"name": "隔膜二期", "due": "2024", "kind": "park"}
    assert other.post(page, changed).status_code == 302
    last = HistoryEntry.objects.first()
    response: Any = admin_client.post(page, mine | {"due": "2023-06", "note": "乙", "kind": "park"})
    assert response.status_code == 200
    assert list(errors_of(response)) == ["__all__"]
    assert outcomes(response) == {
        "Name": ("隔膜项目", "隔膜二期", "隔膜项目"),
        "Kind": ("manufacturing", "park", "park"),
        "Due": ("May 2023", "2024", "Jun 2023"),
    }
    (record,) = response.context["meanwhile"]
    assert [entry.user for entry in record.entries] == [User.objects.get(username="li")]
    assert "四" in response.text
    project.refresh_from_db()
    assert (project.name, str(project.due), project.note) == ("隔膜二期", "2024-12-31", "甲")
    assert HistoryEntry.objects.first() == last
    # Their name is taken over; what was typed stays. Saving again goes on.
    again = input_of(response)
    assert (again["name"], again["due"], again["note"]) == ("隔膜二期", "2023-06", "乙")
    assert admin_client.post(page, again).status_code == 302
    project.refresh_from_db()
    assert (project.name, str(project.due), project.note) == ("隔膜二期", "2023-06-30", "乙")


def test_a_third_change_between_the_two_saves_is_refused_again(
    admin_client: Client, other: Client
) -> None:
    project = make_project("一")
    page = address(Project, "change", project.pk)
    mine = input_of(admin_client.get(page)) | {"note": "我的"}
    for name in ("二", "三"):
        assert other.post(page, input_of(other.get(page)) | {"name": name}).status_code == 302
        response: Any = admin_client.post(page, mine)
        assert (response.status_code, len(response.context["meanwhile"])) == (200, 1)
        mine = input_of(response)
    assert admin_client.post(page, mine).status_code == 302
    project.refresh_from_db()
    assert (project.name, project.note) == ("三", "我的")


@pytest.mark.parametrize("sent", [None, "", "0", "x", "-1", "９", "9" * 30])
def test_a_save_that_does_not_say_what_it_rests_on_is_refused(
    admin_client: Client, sent: str | None
) -> None:
    project = make_project("一")
    page = address(Project, "change", project.pk)
    entered = input_of(admin_client.get(page)) | {"name": "二"}
    entered = {name: value for name, value in entered.items() if name != "_version"}
    entered |= {} if sent is None else {"_version": sent}
    response: Any = admin_client.post(page, entered)
    assert (response.status_code, bool(response.context["meanwhile"])) == (200, True)
    assert Project.objects.get().name == "一"


def test_rows_of_a_project_changed_added_and_deleted_meanwhile(
    admin_client: Client, other: Client
) -> None:
    project = make_project(stage="signed")
    units = make_unit("万吨"), make_unit("台")
    kept, gone, last = (
        make_capacity(project, 4, product=name, unit=units[0]) for name in ("隔膜", "铜箔", "铝箔")
    )
    page = "/en" + address(Project, "change", project.pk)
    mine = input_of(admin_client.get(page))
    theirs = input_of(other.get(page)) | {
        "capacities-0-quantity": "5", "capacities-0-unit": units[1].pk, "capacities-1-DELETE": "on",
        "stage_changes-0-stage": "building", "stage_changes-0-date": "2023-05",
        "stage_changes-0-basis": "stated",
    }  # fmt: skip
    assert other.post(page, theirs).status_code == 302
    mine |= {
        "capacities-0-quantity": "6", "capacities-1-quantity": "7", "capacities-2-quantity": "8",
    }  # fmt: skip
    response: Any = admin_client.post(page, mine)
    assert response.status_code == 200
    assert outcomes(response) == {
        "Quantity": ("4", "5", "6"),
        "Unit": ("万吨 (10,000 t)", "台 (10,000 t)", "万吨 (10,000 t)"),
    }
    remarks = {record.kind: record.remark for record in response.context["meanwhile"]}
    assert remarks["stage change"] == "It was added."
    told = " ".join(record.remark for record in response.context["meanwhile"])
    assert "It was deleted." in told
    assert "Product: 铜箔" in told
    assert "Quantity: 7" in told
    again = input_of(response)
    assert (again["capacities-0-quantity"], again["capacities-0-unit"]) == ("6", str(units[1].pk))
    assert admin_client.post(page, again).status_code == 302, errors_of(response)
    held = dict(project.capacities.values_list("product", "quantity"))
    assert held == {"隔膜": 6, "铝箔": 8}
    project.refresh_from_db()
    assert project.stage == "building"


def test_a_row_moved_to_another_project_meanwhile(admin_client: Client, other: Client) -> None:
    project, elsewhere = make_project(stage="signed"), make_project()
    page = address(Project, "change", project.pk)
    mine = input_of(admin_client.get(page)) | {"note": "乙"}
    event = project.stage_changes.get()
    event.project = elsewhere
    event.save()
    response: Any = admin_client.post(page, mine)
    assert (response.status_code, bool(response.context["meanwhile"])) == (200, True)
    assert admin_client.post(page, input_of(response)).status_code == 302
    assert StageChange.objects.get().project == elsewhere
    project.refresh_from_db()
    assert project.note == "乙"


def test_what_is_not_in_the_form_is_told_too(admin_client: Client) -> None:
    """A shell or a command may write what this page does not show."""
    event = make_project(stage="signed").stage_changes.get()
    page = address(StageChange, "change", event.pk)
    mine = input_of(admin_client.get(page)) | {"note": "乙"}
    StageChange.objects.update(recorded_by=User.objects.get(username="admin"))
    response: Any = admin_client.post("/en" + page, mine)
    assert list(outcomes(response)) == ["Recorded by"]
    assert admin_client.post(page, input_of(response)).status_code == 302


def test_many_to_many_fields_are_brought_up_to_date(admin_client: Client) -> None:
    company = make_company()
    first, second = make_reading(), make_reading()
    page = address(Company, "change", company.pk)
    mine = input_of(admin_client.get(page)) | {"note": "乙"}
    company.readings.set([first, second])
    response: Any = admin_client.post(page, mine)
    assert set(input_of(response)["readings"]) == {str(first.pk), str(second.pk)}
    assert admin_client.post(page, input_of(response)).status_code == 302
    assert set(company.readings.all()) == {first, second}
    assert list(Reading.objects.filter(companies=company)) != []


def test_other_records_do_not_stand_in_the_way(admin_client: Client) -> None:
    project, neighbour = make_project(), make_project(stage="signed")
    page = address(Project, "change", project.pk)
    mine = input_of(admin_client.get(page)) | {"name": "改名", "source": make_source().pk}
    neighbour.note = "乙"
    neighbour.save()
    change_stage(neighbour, "building", "2023-05")
    make_district()
    assert admin_client.post(page, mine).status_code == 302


def test_a_record_without_history_can_be_saved(admin_client: Client) -> None:
    """One that is older than the history itself."""
    project = make_project("一")
    HistoryEntry.objects.all()._raw_delete("default")
    page = address(Project, "change", project.pk)
    entered = input_of(admin_client.get(page))
    assert entered["_version"] == 0
    assert admin_client.post(page, entered | {"name": "二"}).status_code == 302
    assert admin_client.get(address(Project, "history", project.pk)).status_code == 200
