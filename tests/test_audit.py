"""Each invariant is broken by raw SQL, and the audit names the record."""

from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, models, transaction

from districts.models import District, Draft, Passage, Reading, Target
from projects.models import (
    Capacity,
    Company,
    ProgressReport,
    Project,
    StageChange,
    Tally,
)
from tests.factories import (
    change_stage,
    make_passage,
    make_project,
    make_reading_claim,
    make_report,
    make_target,
)
from tests.members import make_editor
from zaozhuang import audit
from zaozhuang.models import HistoryEntry


def sql(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def put(model: type[models.Model], pk: int, **columns: Any) -> str:
    """Write past everything that follows writes; returns how a finding names the record."""
    for name, value in columns.items():
        table = model._meta.db_table
        sql(f'UPDATE "{table}" SET "{name}" = %s WHERE id = %s', value, pk)
    return audit.named(model, pk)


def first(model: Any, **wanted: Any) -> Any:
    return models.QuerySet(model).filter(**wanted).order_by("pk").first()


def no_constraint() -> str:
    """One that is gone, as after a hurried repair."""
    if connection.vendor == "postgresql":
        sql("SET CONSTRAINTS ALL IMMEDIATE")  # what is pending forbids it
        sql('ALTER TABLE projects_project DROP CONSTRAINT "project_not_its_own_parent"')
    else:
        sql("PRAGMA writable_schema = 1")
        sql(
            "UPDATE sqlite_master SET sql = replace(sql, 'project_not_its_own_parent', 'another')"
            " WHERE name = 'projects_project'"
        )
        sql("PRAGMA writable_schema = 0")
    return "projects_project has no constraint project_not_its_own_parent"


def past_a_constraint() -> str:
    if connection.vendor == "postgresql":
        sql("SET CONSTRAINTS ALL IMMEDIATE")
        sql("ALTER TABLE districts_unit DROP CONSTRAINT unit_factor_positive")
        sql("UPDATE districts_unit SET factor = 0 WHERE name = '万吨'")
        sql(
            "ALTER TABLE districts_unit ADD CONSTRAINT unit_factor_positive CHECK (factor > 0) NOT VALID"
        )
        return "districts_unit: unit_factor_positive"
    sql("PRAGMA ignore_check_constraints = 1")
    sql("UPDATE districts_unit SET factor = 0 WHERE name = '万吨'")
    sql("PRAGMA ignore_check_constraints = 0")
    return "CHECK constraint failed in districts_unit"


def an_event_of_no_project() -> str:
    event = first(StageChange)
    return put(StageChange, event.pk, project_id=987_654)


def silent_claim() -> str:
    claim = make_reading_claim()
    return put(Reading, claim.reading_id, adopted_because="")


def same_address() -> str:
    return put(Target, first(Target).pk, slug=first(Reading).slug)


def paragraph_zero() -> str:
    return put(Passage, make_passage().pk, order=0)


def phase_of_a_phase() -> str:
    whole, part = make_project(), make_project()
    make_project(parent=part)
    phase = Project.objects.get(parent=part)
    put(Project, part.pk, parent_id=whole.pk)
    return audit.named(phase)


def corrected_elsewhere() -> str:
    wrong = change_stage(make_project(), "signed", withdrawn="falsch")
    right = change_stage(make_project(), "building")
    return put(StageChange, right.pk, corrects_id=wrong.pk)


def corrected_and_counting() -> str:
    project = make_project()
    wrong, right = change_stage(project, "signed"), change_stage(project, "building", "2023-03-01")
    return put(StageChange, right.pk, corrects_id=wrong.pk)


def falling_sum() -> str:
    project = make_project()
    make_report(project, "2023-03", invested_total="10")
    make_report(project, "2023-04", invested_total="12")
    report = make_report(project, "2023-05", invested_total="15")
    return put(ProgressReport, report.pk, invested_total=11)


def draft(**fields: Any) -> Draft:
    return Draft.objects.create(
        **{
            "action": "add",
            "model": "projects.project",
            "title": "稿",
            "place": first(District),
            "author": make_editor(),
        }
        | fields
    )


def gone_by_stealth() -> str:
    target = make_target()
    sql("DELETE FROM districts_target WHERE id = %s", target.pk)
    return audit.named(Target, target.pk)


def back_by_stealth() -> str:
    target = make_target()
    row = models.QuerySet(Target).filter(pk=target.pk).values().get()
    target.delete()
    # As a row that somebody copies in from elsewhere.
    rows: models.QuerySet[Target] = models.QuerySet(Target)
    rows.bulk_create([Target(**row)])
    return audit.named(Target, row["id"])


def pair_by_stealth() -> str:
    reading = first(Reading, companies=None)
    company = first(Company)
    sql(
        "INSERT INTO projects_company_readings (company_id, reading_id) VALUES (%s, %s)",
        company.pk,
        reading.pk,
    )
    # Nothing said of this field yet says otherwise.
    entry = HistoryEntry.objects.filter(model="projects.company", object_id=company.pk).first()
    assert entry
    models.QuerySet(HistoryEntry).filter(pk=entry.pk).update(
        changes=entry.changes | {"readings": [None, []]}
    )
    return audit.named(company)


def words_of_another() -> str:
    project = first(Project)
    sql("UPDATE projects_projectpairs SET pairs = %s WHERE id = %s", "别的", project.pk)
    return audit.named(project)


def counted_wrong() -> str:
    tally: Tally | None
    tally = models.QuerySet(Tally).filter(figure="", segment=0).order_by("pk").first()
    assert tally
    sql("UPDATE projects_tally SET projects = projects + 1 WHERE id = %s", tally.pk)
    return f"projects.tally ({tally.place}, 0, ''"


@dataclass(frozen=True)
class Break:
    check: str
    how: Callable[[], str]
    name: str = ""


BREAKS = [
    Break("constraints", no_constraint),
    Break("constraints", past_a_constraint),
    Break("orphans", an_event_of_no_project),
    Break("orphans", lambda: put(Project, first(Project).pk, confirmed_by_id=987_654)),
    Break("history", lambda: put(Reading, first(Reading).pk, value=1)),
    Break("history", gone_by_stealth),
    Break("history", back_by_stealth),
    Break("history", pair_by_stealth),
    Break("figure-dates", lambda: put(Target, first(Target, due_precision="year").pk, due="2023-01-01")),
    Break("figure-dates", lambda: put(Reading, first(Reading, period_precision="year").pk, period="2022-12-31")),
    Break("paths", lambda: put(District, first(District, slug="tengzhou").pk, path="370481/")),
    Break("sources", lambda: put(Reading, first(Reading).pk, locator="锂电 ¶999")),
    Break("sources", lambda: put(District, first(District, slug="tengzhou").pk, position_locator="锂电 ¶999")),
    Break("claims", silent_claim),
    Break("figure-addresses", same_address),
    Break("passages", paragraph_zero),
    Break("drafts", lambda: audit.named(draft(state="approved"))),
    Break("drafts", lambda: audit.named(draft(action="change"))),
    Break("drafts", lambda: audit.named(draft(model="projects.nothing"))),
    Break("drafts", lambda: audit.named(draft(changes={"name": "x"}))),
    Break("drafts", lambda: put(Draft, draft().pk, state="lost")),
    Break("kept-stages", lambda: put(Project, first(Project, stage="building").pk, stage="full")),
    Break("kept-stages", lambda: put(Project, make_project().pk, stage="full")),
    Break("kept-stages", lambda: put(Project, first(Project, stage="building").pk, stage_observed=not first(Project, stage="building").stage_observed)),
    Break("search-texts", lambda: put(Project, first(Capacity).project_id, search="\n")),
    Break("search-texts", lambda: put(Company, first(Company).pk, search="\nother\n")),
    Break("search-words", words_of_another),
    Break("summaries", counted_wrong),
    Break("project-dates", lambda: put(Project, first(Project, due_precision="month").pk, due="2023-05-02")),
    Break("project-dates", lambda: put(StageChange, first(StageChange, date_precision="month").pk, date="2023-02-28")),
    Break("phases", phase_of_a_phase),
    Break("corrections", corrected_elsewhere),
    Break("corrections", corrected_and_counting),
    Break("sums", falling_sum),
]  # fmt: skip


def test_the_reports_data_is_sound(report: None) -> None:
    out = StringIO()
    call_command("audit_data", stdout=out)
    assert out.getvalue() == f"{len(audit.checks())} checks, nothing found.\n"


@pytest.mark.parametrize("case", BREAKS, ids=lambda case: case.check)
def test_what_is_broken_is_named(report: None, case: Break) -> None:
    # Taken back before the end: a test that leaves orphans behind would not pass.
    with transaction.atomic():
        named = case.how()
        found = [str(finding) for finding in audit.run([case.check])]
        transaction.set_rollback(True)
    assert any(named in text for text in found), found
    assert all(text.startswith(f"{case.check}: ") for text in found)
    assert list(audit.run([case.check])) == []


def test_every_check_is_broken_once() -> None:
    assert {case.check for case in BREAKS} == set(audit.checks())


def test_a_finding_ends_the_command_with_an_error(report: None) -> None:
    out = StringIO()
    name = put(Reading, first(Reading).pk, value=1)
    with pytest.raises(CommandError, match=r"\A1 findings of 1 checks\.\Z"):
        call_command("audit_data", "history", stdout=out)
    assert f"history: {name}: value is '1', its history says" in out.getvalue()
    call_command("audit_data", "kept-stages", stdout=out)
    with pytest.raises(CommandError, match="No check nothing. Known: constraints, "):
        call_command("audit_data", "nothing")
    call_command("audit_data", "--list", stdout=out)
    assert "kept-stages            The stage kept beside a project is" in out.getvalue()
    models.QuerySet(Reading).filter(pk=first(Reading).pk).update(value=1)


def test_the_number_of_queries_does_not_grow(report: None, django_assert_num_queries: Any) -> None:
    """Some thousand records of each kind are read in batches, not one by one."""
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as before:
        list(audit.run())
    place = first(District)
    for _number in range(10):
        make_project(district=place, stage="building")
    with CaptureQueriesContext(connection) as after:
        list(audit.run())
    assert len(after) == len(before)
