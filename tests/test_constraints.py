"""The database itself refuses rows that cannot be true, whatever code writes them.

Each case makes a good row and then spoils it through a plain queryset, past every `save` and
`clean`. A constraint without a case fails the last test.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, models
from django.db.models import F, ProtectedError
from django.utils import translation

from districts.models import District, Membership, Source, Unit
from projects.models import Company, Project, Segment, StageChange
from tests import factories as make
from tests.factories import day
from zaozhuang.models import SeededRecord

pytestmark = pytest.mark.django_db


class Case(NamedTuple):
    constraint: str
    make: Callable[[], models.Model]
    spoil: dict[str, Any]


def stage_change() -> StageChange:
    return make.make_project(stage="building").stage_changes.get()


CLAIM_MAKERS: list[tuple[str, Callable[[], models.Model]]] = [
    ("readingclaim", make.make_reading_claim),
    ("targetclaim", make.make_target_claim),
    ("capacityclaim", make.make_capacity_claim),
]
CLAIM_RULES: list[tuple[str, dict[str, Any]]] = [
    ("has_source", {"source": None}),
    ("locator_needs_source", {"source": None, "locator": "锂电 ¶2"}),
    ("says_something", {"value": None, "text": ""}),
    ("date_has_precision", {"date": day("2023-02-13")}),
]
CLAIMS = [
    Case(f"{kind}_{rule}", maker, spoil)
    for kind, maker in CLAIM_MAKERS
    for rule, spoil in CLAIM_RULES
]

CHECKS = [
    Case("unit_factor_positive", make.make_unit, {"factor": 0}),
    Case("district_not_its_own_parent", make.make_district, {"parent": F("id")}),
    Case("source_date_has_precision", make.make_source, {"date": day("2023-02-13")}),
    Case("source_date_has_precision", make.make_source, {"date_precision": "day"}),
    Case("target_locator_needs_source", make.make_target, {"locator": "锂电 ¶2"}),
    Case("target_due_has_precision", make.make_target, {"due_precision": ""}),
    Case("target_due_has_precision", make.make_target, {"due_precision": "week"}),
    Case("target_due_has_basis", make.make_target, {"due_basis": ""}),
    Case("target_value_or_milestone", make.make_target, {"value": None}),
    Case("target_value_or_milestone", make.make_target, {"comparator": ""}),
    Case("target_value_or_milestone", lambda: make.make_target(None), {"milestone": ""}),
    Case("target_value_positive", make.make_target, {"value": 0}),
    Case("reading_locator_needs_source", make.make_reading, {"locator": "锂电 ¶2"}),
    Case("reading_period_has_precision", make.make_reading, {"period_precision": ""}),
    *CLAIMS,
    Case("company_locator_needs_source", make.make_company, {"locator": "锂电 ¶2"}),
    Case("honour_locator_needs_source", make.make_honour, {"locator": "锂电 ¶2"}),
    Case("project_locator_needs_source", make.make_project, {"locator": "锂电 ¶2"}),
    Case(
        "project_due_has_precision",
        make.make_project,
        {"due": day("2023-05-31"), "due_basis": "stated"},
    ),
    Case(
        "project_planned_start_has_precision",
        lambda: make.make_project(start="2023-05"),
        {"planned_start_precision": ""},
    ),
    Case(
        "project_planned_start_has_basis",
        lambda: make.make_project(start="2023-05"),
        {"planned_start_basis": ""},
    ),
    Case(
        "project_starts_before_due",
        lambda: make.make_project(start="2023", due="2023-05"),
        {"planned_start": day("2023-06-01")},
    ),
    Case("project_due_has_basis", lambda: make.make_project(due="2023-05"), {"due_basis": ""}),
    Case(
        "project_stage_since_has_precision", make.make_project, {"stage_since": day("2023-01-01")}
    ),
    Case("project_investment_has_kind", make.make_project, {"investment": 5}),
    Case("project_investment_has_kind", make.make_project, {"investment_kind": "agreed"}),
    Case(
        "project_investment_has_kind",
        make.make_project,
        {"investment": -1, "investment_kind": "agreed"},
    ),
    Case("project_not_its_own_parent", make.make_project, {"parent": F("id")}),
    Case("capacity_locator_needs_source", make.make_capacity, {"locator": "锂电 ¶2"}),
    Case("capacity_quantity_positive", make.make_capacity, {"quantity": 0}),
    Case("capacity_has_unit", make.make_capacity, {"unit": None}),
    Case("participation_locator_needs_source", make.make_participation, {"locator": "锂电 ¶2"}),
    Case("stagechange_locator_needs_source", stage_change, {"locator": "锂电 ¶2"}),
    Case("stagechange_date_has_precision", stage_change, {"date_precision": ""}),
    Case("stagechange_has_basis", stage_change, {"basis": ""}),
    Case("stagechange_has_basis", stage_change, {"stage": "unknown"}),
    Case("report_month_is_its_first_day", make.make_report, {"month": day("2023-03-02")}),
    Case("report_invested_month_not_negative", make.make_report, {"invested_month": -1}),
    Case("report_invested_year_not_negative", make.make_report, {"invested_year": -1}),
    Case("report_invested_total_not_negative", make.make_report, {"invested_total": -1}),
    Case(
        "report_invested_year_contains_month",
        lambda: make.make_report(invested_month="9"),
        {"invested_year": "8.9999"},
    ),
    Case(
        "report_invested_total_contains_month",
        lambda: make.make_report(invested_month="9"),
        {"invested_total": "8.9999"},
    ),
    Case(
        "report_invested_total_contains_year",
        lambda: make.make_report(invested_year="9"),
        {"invested_total": "8.9999"},
    ),
    Case("report_percent_from_0_to_100", make.make_report, {"percent": "100.01"}),
    Case("report_percent_from_0_to_100", make.make_report, {"percent": "-0.01"}),
    Case("report_solve_by_has_precision", make.make_report, {"solve_by_precision": "day"}),
    Case("report_solver_needs_problem", make.make_report, {"solver": "发改局"}),
    Case("report_locator_needs_source", make.make_report, {"locator": "锂电 ¶2"}),
]


@pytest.mark.parametrize("case", CHECKS, ids=lambda case: case.constraint)
def test_a_row_that_cannot_be_true(case: Case) -> None:
    row = case.make()
    # A locator without a source breaks two rules of a claim; the database names one of them.
    named = case.constraint.replace("claim_locator_needs_source", "claim_")
    with pytest.raises(IntegrityError, match=named):
        models.QuerySet(type(row)).filter(pk=row.pk).update(**case.spoil)


def two_passages() -> tuple[models.Model, models.Model]:
    source = make.make_source()
    return make.make_passage(source), make.make_passage(source)


def two_projects() -> tuple[models.Model, models.Model]:
    place = make.make_district()
    return make.make_project(district=place), make.make_project(district=place)


def two_capacities() -> tuple[models.Model, models.Model]:
    project = make.make_project()
    return make.make_capacity(project), make.make_capacity(project)


def two_participations() -> tuple[models.Model, models.Model]:
    project = make.make_project()
    return make.make_participation(project), make.make_participation(project)


def two_changes() -> tuple[models.Model, models.Model]:
    project = make.make_project()
    return (
        make.change_stage(project, "signed", "2023-02-01"),
        make.change_stage(project, "building", "2023-02-01"),
    )


def two_reports() -> tuple[models.Model, models.Model]:
    project = make.make_project()
    return make.make_report(project, "2023-03"), make.make_report(project, "2023-04")


def two_readings() -> tuple[models.Model, models.Model]:
    same: dict[str, Any] = {
        "district": make.make_district(),
        "indicator": make.make_indicator(),
        "source": make.make_source(),
    }
    return make.make_reading(10, "2022", **same), make.make_reading(10, "2023", **same)


def two_honours() -> tuple[models.Model, models.Model]:
    company = make.make_company()
    return make.make_honour(company, year=2022), make.make_honour(company, year=2022)


def two_seeded() -> tuple[models.Model, models.Model]:
    return tuple(  # type: ignore[return-value]
        SeededRecord.objects.create(model="unit", key=key, values={}) for key in ("a", "b")
    )


def two_memberships() -> tuple[models.Model, models.Model]:
    user = User.objects.create_user("editor")
    return (
        Membership.objects.create(user=user, place=make.make_district()),
        Membership.objects.create(user=user, place=make.make_district()),
    )


UNIQUE: list[tuple[str, Callable[[], tuple[models.Model, models.Model]], list[str]]] = [
    ("passage_once", two_passages, ["locator"]),
    ("passage_order_once", two_passages, ["order"]),
    ("reading_once", two_readings, ["period"]),
    ("honour_once", two_honours, ["title"]),
    ("project_name_once_in_district", two_projects, ["name"]),
    ("capacity_once_per_product", two_capacities, ["product"]),
    ("participation_once", two_participations, ["company"]),
    ("stagechange_once_a_day", two_changes, ["stage"]),
    ("report_once_a_month", two_reports, ["month"]),
    ("seededrecord_once", two_seeded, ["key"]),
    ("membership_once", two_memberships, ["place"]),
]


@pytest.mark.parametrize(
    ("constraint", "make_two", "fields"), UNIQUE, ids=[row[0] for row in UNIQUE]
)
def test_a_row_that_is_there_already(
    constraint: str, make_two: Callable[[], tuple[models.Model, models.Model]], fields: list[str]
) -> None:
    first, second = make_two()
    # SQLite names the columns of a unique constraint, not the constraint.
    named = constraint if connection.vendor == "postgresql" else "UNIQUE.*" + fields[0]
    with pytest.raises(IntegrityError, match=named):
        models.QuerySet(type(second)).filter(pk=second.pk).update(
            **{field: getattr(first, field) for field in fields}
        )


@pytest.mark.parametrize(
    ("model", "field"),
    [
        (District, "code"),
        (District, "slug"),
        (Source, "slug"),
        (Unit, "name"),
        (Project, "slug"),
        (Company, "slug"),
        (Company, "name"),
        (Segment, "code"),
    ],
)
def test_natural_keys_are_unique(model: type[models.Model], field: str) -> None:
    assert model._meta.get_field(field).unique  # type: ignore[union-attr]


def test_what_others_rest_on_cannot_be_deleted() -> None:
    project = make.make_project(stage="building", source=make.make_source())
    capacity = make.make_capacity(project, segment=make.make_segment())
    part = make.make_participation(project)
    target = make.make_target()
    for needed in (
        project.district,
        project.source,
        capacity.segment,
        capacity.unit,
        part.company,
        target.district,
        target.indicator,
    ):
        assert needed is not None
        with pytest.raises(ProtectedError):
            needed.delete()


def test_every_constraint_is_tried() -> None:
    own = [apps.get_app_config(label) for label in ("zaozhuang", "districts", "projects")]
    declared = {
        constraint.name
        for app in own
        for model in app.get_models()
        if getattr(model, "backed_up", True)  # what is computed is held by its own tests
        for constraint in model._meta.constraints
    }
    assert declared == {case.constraint for case in CHECKS} | {row[0] for row in UNIQUE}


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_what_a_constraint_says_can_be_said(language: str) -> None:
    """Django fills in the constraint's name with %, so that a bare percent sign would be an error."""
    own = [apps.get_app_config(label) for label in ("zaozhuang", "districts", "projects")]
    with translation.override(language):
        said = {
            constraint.name: constraint.get_violation_error_message()
            for app in own
            for model in app.get_models()
            for constraint in model._meta.constraints
        }
    assert (
        said["report_percent_from_0_to_100"]
        .rstrip(".。")
        .endswith({"en": "0 and 100 %", "zh-hans": "0 到 100 % 之间"}[language])
    )
