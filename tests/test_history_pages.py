"""The history beside a record: readable in both languages, and a way back that is a save like any other."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import get_resolver

from districts.models import District
from projects.models import Company, Project, StageChange
from tests.desk import OURS, address, confirmed, errors_of, input_of
from tests.factories import (
    change_stage,
    make_capacity,
    make_company,
    make_district,
    make_participation,
    make_project,
    make_reading,
    make_source,
    make_unit,
)
from zaozhuang.models import HistoryEntry

pytestmark = pytest.mark.django_db

Told = tuple[str, str, dict[str, tuple[str, str]]]


def told(client: Client, record: Any, start: str = "") -> list[Told]:
    """The page's entries: what happened, to which row, and from what to what."""
    response: Any = client.get(start + address(type(record), "history", record.pk))
    assert response.status_code == 200
    return [
        (
            item.entry.action,
            item.part,
            {line.label: (line.old, line.new) for line in item.lines},
        )
        for item in response.context["shown"]
    ]


def newest() -> HistoryEntry:
    entry = HistoryEntry.objects.first()
    assert entry is not None
    return entry


def links(client: Client, record: Any) -> dict[str, str]:
    """The ways back from the newest entry of the page that has any."""
    response: Any = client.get(address(type(record), "history", record.pk))
    found: dict[str, str] = next(item.links for item in response.context["shown"] if item.links)
    return found


def test_what_happened_is_told_as_people_write_it(admin_client: Client) -> None:
    place, other = make_district("滕州市", name_en="Tengzhou"), make_district("薛城区")
    project = make_project("隔膜项目", due="2023-05", district=place)
    page = address(Project, "change", project.pk)
    entered = input_of(admin_client.get(page)) | {
        "due": "“十四五”末", "district": other.pk, "kind": "park", "investment": "12000.50",
        "investment_kind": "agreed", "investment_approximate": "on", "due_basis": "inferred",
        "source": make_source(title="枣庄日报").pk,
    }  # fmt: skip
    assert admin_client.post(page, entered).status_code == 302
    assert told(admin_client, project, "/en")[0] == (
        "changed",
        "",
        {
            "Source": ("", "枣庄日报"),
            "District": ("Tengzhou", "薛城区"),
            "Kind": ("manufacturing", "park"),
            "Due": ("May 2023", "14th Five-Year Plan (2021–2025)"),
            "Basis of the due date": ("stated", "inferred"),
            "Investment": ("", "12,000.5"),
            "Kind of investment": ("", "agreed"),
            "Investment is approximate": ("no", "yes"),
        },
    )
    chinese = told(admin_client, project)[0][2]
    assert ("滕州市", "薛城区") in chinese.values()
    assert ("2023年5月", "“十四五”时期（2021—2025年）") in chinese.values()
    text = admin_client.get("/en" + address(Project, "history", project.pk)).text
    for word in ("admin", "the system", "not given", "12,000.5"):
        assert word in text


def test_rows_are_told_beside_their_record_also_when_they_are_gone(admin_client: Client) -> None:
    project = make_project()
    change_stage(project, "building", "2023-Q2", observed=True)
    capacity = make_capacity(project, 4, product="隔膜", unit=make_unit("台", "台", 1))
    capacity.quantity = None
    capacity.save()
    capacity.delete()
    company = make_company("丰元")
    make_participation(project, company)
    company.short_name = "新名"
    company.save()
    found = told(admin_client, project, "/en")
    assert [(action, part) for action, part, _changes in found] == [
        ("added", "新名 · investor"),
        ("deleted", "隔膜 (deleted)"),
        ("changed", "隔膜 (deleted)"),
        ("added", "隔膜 (deleted)"),
        ("added", f"{project} · under construction · Q2 2023"),
        ("added", ""),
    ]
    assert found[2][2] == {"Quantity": ("4", "")}
    assert found[4][2]["Date"] == ("", "Q2 2023")
    assert found[4][2]["Seen, not begun"] == ("", "yes")
    assert "Quantity" not in found[1][2], "what was blank is not told of what is gone"


def test_who_may_see_a_record_sees_its_history_and_nobody_else(client: Client) -> None:
    project = make_project()
    history, gone = (
        address(Project, page, *key) for page, key in (("history", [project.pk]), ("deleted", []))
    )
    viewer = User.objects.create_user("viewer", is_staff=True)
    client.force_login(viewer)
    assert [client.get(page).status_code for page in (history, gone)] == [403, 403]
    viewer.user_permissions.add(Permission.objects.get(codename="view_project"))
    for page in (history, gone):
        response = client.get(page)
        assert response.status_code == 200
        assert "take_back" not in response.text
    project.name = "改名"
    project.save()
    assert "take_back" not in client.get(history).text
    project.delete()
    for page in (history, gone):
        response = client.get(page)
        assert (response.status_code, "改名" in response.text) == (200, True)
        assert "/add/" not in response.text


def test_history_has_no_address_at_which_it_is_changed(admin_client: Client) -> None:
    assert not Permission.objects.filter(content_type__model="historyentry").exists()
    addresses = str(get_resolver().reverse_dict.keys())
    assert "historyentry" not in addresses
    project = make_project()
    before = list(HistoryEntry.objects.values())
    for page in (address(Project, "history", project.pk), address(Project, "deleted")):
        admin_client.post(page, {"post": "yes", "action": "delete_selected"})
        admin_client.delete(page)
    assert list(HistoryEntry.objects.values()) == before


@pytest.mark.parametrize("key", ["999999", "x", "9" * 40, "%00"])
def test_a_record_that_never_was_has_no_history(admin_client: Client, key: str) -> None:
    page = address(Project, "history", 1).replace("/1/", f"/{key}/")
    assert admin_client.get(page).status_code == 302


def test_one_page_shows_fifty(admin_client: Client) -> None:
    project = make_project()
    for number in range(60):
        project.note = str(number)
        project.save()
    page = address(Project, "history", project.pk)
    assert [len(admin_client.get(f"{page}?p={n}").context["shown"]) for n in (1, 2, "x")] == [
        50,
        11,
        50,
    ]


# Going back


def test_a_change_is_taken_back_through_the_form(admin_client: Client, admin_user: User) -> None:
    project = make_project("旧名", due="2023-05", note="甲")
    project.name, project.note = "新名", "乙"
    project.due, project.due_precision = None, ""
    project.due_basis = ""
    project.save()
    wrong = newest()
    project.locator, project.source = "¶3", make_source()
    project.save()
    page: Any = admin_client.get(
        links(admin_client, project)["take_back"].replace(str(newest().pk), str(wrong.pk))
    )
    shown = input_of(page)
    assert (shown["name"], shown["due"], shown["due_basis"], shown["note"]) == (
        "旧名", "2023-05", "stated", "甲",
    )  # fmt: skip
    assert "旧名" in " ".join(str(message) for message in page.context["messages"])
    assert Project.objects.get().name == "新名", "a look changes nothing"
    response = admin_client.post(address(Project, "change", project.pk), shown)
    assert response.status_code == 302
    project.refresh_from_db()
    assert (project.name, str(project.due), project.locator) == ("旧名", "2023-05-31", "¶3")
    assert (newest().reverts, newest().user) == (wrong, admin_user)
    assert "goes back" in admin_client.get("/en" + address(Project, "history", project.pk)).text


def test_one_field_is_taken_back_or_all_since(admin_client: Client) -> None:
    project = make_project("一", note="甲")
    first = newest()
    for name, note in (("二", "乙"), ("三", "丙")):
        project.name, project.note = name, note
        project.save()
    page = address(Project, "change", project.pk)
    only = input_of(admin_client.get(f"{page}?take_back={newest().pk}&field=note"))
    assert (only["name"], only["note"]) == ("三", "乙")
    all_of_it = input_of(admin_client.get(f"{page}?back_to={first.pk}"))
    assert (all_of_it["name"], all_of_it["note"]) == ("一", "甲")
    assert admin_client.post(page, all_of_it).status_code == 302
    project.refresh_from_db()
    assert (project.name, newest().reverts) == ("一", first)


def test_going_back_meets_the_checks_of_the_form_and_of_versions(admin_client: Client) -> None:
    project = make_project("一", slug="one")
    project.slug = "two"
    project.save()
    wrong = newest()
    make_project("别的", slug="one")
    page = address(Project, "change", project.pk)
    shown = input_of(admin_client.get(f"{page}?take_back={wrong.pk}"))
    refused = admin_client.post(page, shown)
    assert list(errors_of(refused)) == ["slug"]
    project.note = "meanwhile"
    project.save()
    response: Any = admin_client.post(page, shown | {"slug": "three"})
    assert (response.status_code, bool(response.context["meanwhile"])) == (200, True)
    assert admin_client.post(page, input_of(response)).status_code == 302
    assert newest().reverts == wrong


def test_rows_go_back_too(admin_client: Client) -> None:
    project = make_project(stage="signed")
    unit = make_unit("台", "台", 1)
    changed, gone = (make_capacity(project, 4, product=name, unit=unit) for name in ("甲", "乙"))
    changed.quantity = None
    changed.save()
    first = newest()
    gone.delete()
    second = newest()
    make_capacity(project, 9, product="丙", unit=unit)
    third = newest()
    page = address(Project, "change", project.pk)

    def back(entry: HistoryEntry) -> dict[str, Any]:
        response = admin_client.get(f"{page}?take_back={entry.pk}")
        assert response.status_code == 200
        sent = input_of(response)
        saved = admin_client.post(page, sent)
        assert saved.status_code == 302, errors_of(saved)
        return sent

    assert back(first)["capacities-0-quantity"] == 4
    assert back(second)["capacities-2-product"] == "乙"
    assert back(third)["capacities-1-DELETE"]
    assert dict(project.capacities.values_list("product", "quantity")) == {"甲": 4, "乙": 4}
    event = project.stage_changes.get()
    event.delete()
    back(newest())
    project.refresh_from_db()
    assert project.stage == "signed"


def test_several_references_go_back(admin_client: Client) -> None:
    company, reading = make_company(), make_reading()
    company.readings.add(reading)
    company.readings.clear()
    page = address(Company, "change", company.pk)
    sent = input_of(admin_client.get(f"{page}?take_back={newest().pk}"))
    assert admin_client.post(page, sent).status_code == 302
    assert list(company.readings.all()) == [reading]


def test_a_deleted_record_is_entered_again_with_its_rows(admin_client: Client) -> None:
    project = make_project(
        "隔膜项目", slug="separator", due="2023-05", investment="2.5", investment_kind="agreed"
    )
    change_stage(project, "signed", "2023-01")
    change_stage(project, "building", "2023-05")
    make_capacity(project, 4, product="隔膜")
    make_participation(project, make_company("丰元"))
    pk = project.pk
    assert admin_client.post(address(Project, "delete", pk), confirmed(project)).status_code == 302
    assert "隔膜项目" in admin_client.get(address(Project, "deleted")).text
    project.pk = pk
    way = links(admin_client, project)
    assert list(way) == ["restore"]
    sent = input_of(admin_client.get(way["restore"]))
    response = admin_client.post(address(Project, "add"), sent)
    assert response.status_code == 302, errors_of(response)
    again = Project.objects.get(slug="separator")
    assert (again.stage, str(again.due), again.due_precision, again.investment) == (
        "building",
        "2023-05-31",
        "month",
        Decimal("2.5"),
    )
    assert (again.capacities.get().product, again.participations.get().company.name) == (
        "隔膜",
        "丰元",
    )
    assert again.stage_changes.count() == 2
    added = HistoryEntry.objects.get(model="projects.project", object_id=again.pk)
    assert added.reverts == HistoryEntry.objects.get(model="projects.project", action="deleted")


@pytest.mark.parametrize(
    "asked", ["take_back=999999", "take_back=x", "back_to=", "take_back=٣", "take_back=" + "9" * 40]
)
def test_what_is_asked_for_wrongly_shows_the_form_as_it_is(
    admin_client: Client, asked: str
) -> None:
    project, other = make_project("一"), make_project("二")
    other.name = "三"
    other.save()
    for question in (asked, f"take_back={newest().pk}"):  # which belongs to another record
        for page in (address(Project, "change", project.pk), address(Project, "add")):
            if "add" in page and question != asked:
                continue
            response = admin_client.get(f"{page}?{question}")
            assert response.status_code == 200
            assert input_of(response).get("name", "一") in ("一", "")


def test_every_kind_of_record_has_its_pages(admin_client: Client) -> None:
    make_participation(
        make_project(stage="signed", district=make_district(position_source=make_source()))
    )
    for model in OURS:
        assert admin_client.get(address(model, "deleted")).status_code == 200
        for record in model._default_manager.all()[:1]:
            assert admin_client.get(address(model, "history", record.pk)).status_code == 200
    assert District.objects.exists()
    assert StageChange.objects.exists()
