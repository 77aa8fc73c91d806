"""The editors' desk: every page answers, the stage follows its events, nothing is lost."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.forms.models import model_to_dict
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from districts.models import Draft, Passage
from projects.models import (
    Capacity,
    Honour,
    Participation,
    Project,
    StageChange,
)
from tests.desk import DESK, OURS, Model, address, chosen_to_delete, errors_of, fill, input_of
from tests.factories import (
    change_stage,
    make_company,
    make_district,
    make_project,
    make_unit,
)

pytestmark = pytest.mark.django_db


def test_every_kind_of_record_has_its_desk_except_what_the_seed_keeps() -> None:
    # A draft has a page of its own kind: nobody types one there.
    assert set(admin.site._registry) == {*DESK, Draft}


@pytest.mark.long
def test_queries_do_not_grow_with_the_rows(admin_client: Client) -> None:
    """Lists, forms with all their rows, searches, and the choices of autocompletes."""
    fill(0, 4)
    pages = []
    for model in DESK:
        record = model._default_manager.order_by("pk").first()
        assert record is not None
        listing = address(model, "changelist")
        pages += [listing, f"{listing}?q=1", address(model, "change", record.pk)]
        if model not in OURS:
            continue
        for field in admin.site._registry[model].autocomplete_fields:
            asks = f"app_label={model._meta.app_label}&model_name={model._meta.model_name}&field_name={field}"
            pages.append(f"/admin/autocomplete/?term=&{asks}")

    def count(page: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert admin_client.get(page).status_code == 200, page
        return len(queries)

    for page in pages:  # fill the caches that outlive a request
        count(page)
    few = {page: count(page) for page in pages}
    fill(4, 30)
    many = {page: count(page) for page in pages}
    assert many == few
    assert max(many.values()) <= 20


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_saving_an_untouched_form_changes_nothing(admin_client: Client, model: Model) -> None:
    """Dates keep their precision, numbers their decimals, rows their records."""
    fill(0, 3)
    record = model._default_manager.order_by("pk").first()
    assert record is not None

    def everything() -> list[Any]:
        kinds = [*OURS, Passage, Honour, Capacity, Participation]
        return [
            list(kind._default_manager.order_by("pk").values())
            for kind in kinds
            if kind is not Project
        ] + [
            [
                model_to_dict(project) | {"stage": project.stage, "since": project.stage_since}
                for project in Project.objects.order_by("pk")
            ]
        ]

    before = everything()
    page = address(model, "change", record.pk)
    response = admin_client.post(page, input_of(admin_client.get(page)))
    assert response.status_code == 302, errors_of(response)
    assert everything() == before


# The stage of a project follows its events.


def stage_of(project: Project) -> tuple[str, str, str]:
    project.refresh_from_db()
    return project.stage, project.stage_basis, str(project.stage_since)


@pytest.fixture
def project() -> Project:
    return make_project(
        "磷酸铁锂项目", stage="signed", since="2023-02", district=make_district("滕州市")
    )


@pytest.fixture
def edit(admin_client: Client, project: Project) -> Callable[..., HttpResponse]:
    """Saves the project's page with some inputs changed."""

    def post(**changes: str) -> HttpResponse:
        page = address(Project, "change", project.pk)
        response: Any = admin_client.post(page, input_of(admin_client.get(page)) | changes)
        return response  # type: ignore[no-any-return]

    return post


NEW = "stage_changes-0-"
OLD = "stage_changes-2-0-"


def row(prefix: str, **values: str) -> dict[str, str]:
    return {prefix + name: value for name, value in values.items()}


def test_the_page_begins_with_the_stage_and_one_empty_row_for_the_next(
    admin_client: Client, project: Project
) -> None:
    change_stage(project, "building", "2023-05", basis="inferred")
    response: Any = admin_client.get("/en" + address(Project, "change", project.pk))
    assert "under construction · inferred · May 2023" in response.text
    new, history = response.context["inline_admin_formsets"][:2]
    assert [len(new.formset.forms), len(history.formset.forms)] == [1, 2]
    assert [form["date"].value() for form in history.formset.forms] == ["2023-05", "2023-02"]


def test_a_row_added_is_the_new_stage_and_says_who_recorded_it(
    edit: Callable[..., HttpResponse], project: Project, admin_user: User
) -> None:
    response = edit(**row(NEW, stage="building", date="2023年5月", basis="inferred"))
    assert response.status_code == 302, errors_of(response)
    assert stage_of(project) == ("building", "inferred", "2023-05-01")
    event = project.stage_changes.get(stage="building")
    assert (event.recorded_by, event.date_precision) == (admin_user, "month")
    assert project.stage_changes.get(stage="signed").recorded_by is None


def test_an_earlier_event_does_not_change_the_stage(
    edit: Callable[..., HttpResponse], project: Project
) -> None:
    assert edit(**row(NEW, stage="negotiating", date="2022", basis="stated")).status_code == 302
    assert stage_of(project) == ("signed", "stated", "2023-02-01")


def test_a_row_corrected_takes_the_stage_along(
    edit: Callable[..., HttpResponse], project: Project
) -> None:
    assert edit(**row(OLD, stage="preparing", date="2023-Q2")).status_code == 302
    assert stage_of(project) == ("preparing", "stated", "2023-04-01")


def test_a_row_deleted_leaves_the_stage_before_it(
    edit: Callable[..., HttpResponse], project: Project
) -> None:
    change_stage(project, "building", "2023-05")
    assert stage_of(project)[0] == "building"
    assert edit(**row(OLD, DELETE="on")).status_code == 302
    assert stage_of(project) == ("signed", "stated", "2023-02-01")


def test_not_stated_needs_no_basis(edit: Callable[..., HttpResponse], project: Project) -> None:
    assert edit(**row(NEW, stage="unknown", date="2023-06", basis="stated")).status_code == 302
    assert stage_of(project) == ("unknown", "", "2023-06-01")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"stage": "building", "date": "next May", "basis": "stated"}, "date"),
        ({"stage": "building", "date": "", "basis": "stated"}, "date"),
        ({"stage": "", "date": "2023-05", "basis": "stated"}, "stage"),
        ({"stage": "building", "date": "2023-05", "basis": ""}, "basis"),
        (
            {"stage": "building", "date": "2023-05", "basis": "stated", "locator": "锂电 ¶8"},
            "source",
        ),
        ({"stage": "signed", "date": "2023-02-01", "basis": "stated"}, "__all__"),
    ],
)
def test_a_wrong_row_is_refused_at_its_field(
    edit: Callable[..., HttpResponse], project: Project, values: dict[str, str], field: str
) -> None:
    response = edit(**row(NEW, **values))
    assert response.status_code == 200
    assert list(errors_of(response)) == [NEW + field]
    assert stage_of(project)[0] == "signed"


def test_events_deleted_from_their_list_take_the_stage_along(
    admin_client: Client, project: Project
) -> None:
    event = change_stage(project, "building", "2023-05")
    chosen = chosen_to_delete(event)
    assert admin_client.post(address(StageChange, "changelist"), chosen).status_code == 302
    assert stage_of(project) == ("signed", "stated", "2023-02-01")


def test_an_event_of_its_own_page_moves_to_another_project(
    admin_client: Client, project: Project, admin_user: User
) -> None:
    other = make_project()
    added = {"project": project.pk, "stage": "building", "date": "2023-05", "basis": "stated"}
    assert admin_client.post(address(StageChange, "add"), added).status_code == 302
    event = project.stage_changes.get(stage="building")
    assert event.recorded_by == admin_user
    page = address(StageChange, "change", event.pk)
    moved = input_of(admin_client.get(page)) | {"project": other.pk}
    assert admin_client.post(page, moved).status_code == 302
    assert (stage_of(project)[0], stage_of(other)[0]) == ("signed", "building")


def test_a_project_is_entered_with_its_rows_at_once(admin_client: Client, admin_user: User) -> None:
    page = address(Project, "add")
    company, place, unit = make_company(), make_district(), make_unit()
    entered = input_of(admin_client.get(page)) | {
        "name": "隔膜项目", "slug": "separator", "district": place.pk, "kind": "manufacturing",
        "due": "“十四五”末", "due_basis": "stated",
        **row(NEW, stage="building", date="2023", basis="stated"),
        "capacities-TOTAL_FORMS": "1",
        **row("capacities-0-", product="隔膜", quantity="4", unit=str(unit.pk), basis="stated"),
        "participations-TOTAL_FORMS": "1",
        **row("participations-0-", company=str(company.pk), role="investor", basis="stated"),
    }  # fmt: skip
    response = admin_client.post(page, entered)
    assert response.status_code == 302, errors_of(response)
    project = Project.objects.get(slug="separator")
    assert (project.stage, str(project.due), project.due_precision) == (
        "building",
        "2025-12-31",
        "plan",
    )
    assert project.stage_changes.get().recorded_by == admin_user
    assert [project.capacities.get().product, project.participations.get().company] == [
        "隔膜",
        company,
    ]
