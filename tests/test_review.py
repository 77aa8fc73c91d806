"""Review: a district's save waits as a draft, and takes effect as it was typed."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client, override_settings
from django.utils import timezone

from districts.models import Draft, Membership, Reading, Target
from districts.roles import Role
from projects.models import Capacity, Participation, ProgressReport, Project, StageChange
from tests.desk import address, chosen_to_delete, confirmed, errors_of, input_of
from tests.factories import (
    change_stage,
    make_capacity,
    make_company,
    make_district,
    make_indicator,
    make_participation,
    make_project,
    make_reading,
    make_report,
    make_source,
    make_target,
    make_unit,
)
from tests.members import logged_in, make_editor
from zaozhuang.models import HistoryEntry

pytestmark = pytest.mark.django_db
State = Draft.State
THEN = datetime(2023, 3, 1, 9, tzinfo=timezone.get_default_timezone())


@pytest.fixture(autouse=True)
def _approval() -> Any:
    with override_settings(REVIEW="approval"):
        yield


class Desk:
    """A project of a district, its editor, and the city's."""

    def __init__(self) -> None:
        self.here = make_district("甲区")
        self.project = make_project("隔膜项目", stage="signed", district=self.here, due="2023-Q2")
        self.editor = make_editor(self.here, name="zhang")
        self.district = logged_in(self.editor)
        self.city = logged_in(make_editor(role=Role.CITY_EDITOR, name="shi"))

    def save(
        self, record: Any, client: Client | None = None, query: str = "", **changes: Any
    ) -> Any:
        client = client or self.district
        page = address(type(record), "change", record.pk) + query
        values = input_of(client.get(page)) | changes
        return client.post(
            page, {name: value for name, value in values.items() if value is not None}
        )

    def draft(self, record: Any = None, **changes: Any) -> Draft:
        """Save as the district does; the draft that comes of it, entered in March 2023."""
        response = self.save(record or self.project, **changes)
        assert response.status_code == 302, errors_of(response)
        draft = Draft.objects.latest("pk")
        Draft.objects.filter(pk=draft.pk).update(entered_at=THEN)
        draft.refresh_from_db()
        return draft

    def decide(self, draft: Draft, decision: str, client: Client | None = None, **more: str) -> Any:
        page = address(Draft, "change", draft.pk)
        response = (client or self.city).post(page, {"decision": decision} | more)
        draft.refresh_from_db()
        return response


@pytest.fixture
def desk() -> Desk:
    return Desk()


NEW_STAGE = {
    "stage_changes-0-stage": "building",
    "stage_changes-0-date": "2023年5月",
    "stage_changes-0-basis": "inferred",
}


def test_a_save_waits_and_then_takes_effect_as_it_was_typed(desk: Desk) -> None:
    """A page with every kind of change: fields, a new row, a changed row, a deleted one."""
    company, unit, source = make_company("丰元"), make_unit(), make_source()
    kept = make_capacity(desk.project, 4, product="隔膜")
    gone = make_participation(desk.project)
    draft = desk.draft(
        name="隔膜二期项目", due="2024年", investment="12.5", investment_kind="agreed",
        source=source.pk, locator="锂电 ¶8",
        **NEW_STAGE,
        **{
            "capacities-0-quantity": "6", "capacities-TOTAL_FORMS": "2",
            "capacities-1-product": "电解液", "capacities-1-quantity": "2",
            "capacities-1-unit": unit.pk, "capacities-1-basis": "stated",
            "participations-0-DELETE": "on", "participations-TOTAL_FORMS": "2",
            "participations-1-company": company.pk, "participations-1-role": "builder",
            "participations-1-basis": "stated",
        },
    )  # fmt: skip
    desk.project.refresh_from_db()
    kept.refresh_from_db()
    assert (desk.project.name, desk.project.stage, str(kept.quantity)) == (
        "隔膜项目",
        "signed",
        "4.000000",
    )
    assert Participation.objects.get() == gone
    assert (draft.author, draft.place, draft.state) == (desk.editor, desk.here, "submitted")
    main = draft.changes[0]["fields"]
    assert main["name"] == ["隔膜项目", "隔膜二期项目"]
    assert main["due"] == ["2023-Q2", "2024年"]
    assert "slug" not in main

    page: Any = desk.city.get("/en" + address(Draft, "change", draft.pk))
    words = {(d.row, d.field): (d.before, d.after) for d in page.context["differences"]}
    assert words["", "Due"] == ("Q2 2023", "2024")
    assert words["", "Kind of investment"] == ("", "agreed")
    assert words["", "Source"] == ("", str(source))
    assert words["stage change", "Stage"] == ("", "under construction")
    assert words["capacity “隔膜”", "Quantity"] == ("4", "6")
    assert words[f"participation “{gone}”", ""] == ("there", "deleted")
    assert not any(d.clashes for d in page.context["differences"])

    assert desk.decide(draft, "approve").status_code == 302
    project = desk.project
    project.refresh_from_db()
    kept.refresh_from_db()
    assert (project.name, str(project.due), project.due_precision) == (
        "隔膜二期项目",
        "2024-12-31",
        "year",
    )
    assert (str(project.investment), project.locator, project.stage) == (
        "12.5000",
        "锂电 ¶8",
        "building",
    )
    event = project.stage_changes.get(stage="building")
    assert (event.recorded_by, event.recorded_at, event.basis) == (desk.editor, THEN, "inferred")
    assert kept.quantity == 6
    assert sorted(Capacity.objects.values_list("product", flat=True)) == sorted(["隔膜", "电解液"])
    assert Participation.objects.get().company == company
    assert (draft.state, draft.decided_by) == (
        State.APPROVED,
        desk.city.get("/admin/").wsgi_request.user,
    )
    assert draft.entered_at == THEN
    assert LogEntry.objects.filter(user=desk.editor, object_id=str(project.pk)).count() == 1


def test_a_new_project_waits_with_its_rows(desk: Desk) -> None:
    page = address(Project, "add")
    entered = input_of(desk.district.get(page)) | NEW_STAGE | {
        "name": "正极项目", "slug": "cathode", "district": desk.here.pk, "kind": "manufacturing",
        "capacities-TOTAL_FORMS": "1", "capacities-0-product": "正极", "capacities-0-basis": "stated",
    }  # fmt: skip
    entered.pop("capacities-0-per_year", None)
    response = desk.district.post(page, entered)
    assert response.status_code == 302, errors_of(response)
    assert not Project.objects.filter(slug="cathode").exists()
    draft = Draft.objects.get()
    Draft.objects.update(entered_at=THEN)
    assert (draft.action, draft.object_id, draft.title) == ("add", None, "正极项目")
    assert desk.decide(draft, "approve").status_code == 302
    project = Project.objects.get(slug="cathode")
    assert (project.stage, project.created_at, draft.object_id) == ("building", THEN, project.pk)
    assert project.stage_changes.get().recorded_by == desk.editor
    entry = HistoryEntry.objects.filter(model="projects.project", object_id=project.pk).latest("pk")
    assert entry.user == desk.editor
    assert entry.reason.startswith("approved by ")
    assert project.capacities.get().per_year is False


@pytest.mark.parametrize("model", [StageChange, Target, Reading, Capacity, ProgressReport])
def test_every_published_figure_waits(desk: Desk, model: Any) -> None:
    """Adding, changing, deleting, one by one and several at once."""
    made: dict[Any, Any] = {
        StageChange: lambda: change_stage(desk.project, "building", "2023-05"),
        Target: lambda: make_target(district=desk.here),
        Reading: lambda: make_reading(district=desk.here),
        Capacity: lambda: make_capacity(desk.project),
        ProgressReport: lambda: make_report(desk.project, percent="20"),
    }
    record = made[model]()
    common = {"note": "想改", "source": make_source().pk}
    draft = desk.draft(record, **common)
    record.refresh_from_db()
    assert (record.note, record.source) == ("", None)
    assert desk.decide(draft, "approve").status_code == 302
    record.refresh_from_db()
    assert record.note == "想改"

    indicator = make_indicator()
    entered = {
        StageChange: {
            "project": desk.project.pk,
            "stage": "completed",
            "date": "2024",
            "basis": "stated",
        },
        Target: {
            "district": desk.here.pk,
            "indicator": indicator.pk,
            "value": "9",
            "comparator": "ge",
        },
        Reading: {
            "district": desk.here.pk,
            "indicator": indicator.pk,
            "value": "9",
            "period": "2020",
        },
        Capacity: {"project": desk.project.pk, "product": "另一种产品", "basis": "stated"},
        ProgressReport: {"project": desk.project.pk, "month": "2023-04", "percent": "30"},
    }[model] | {"claims-TOTAL_FORMS": "0", "claims-INITIAL_FORMS": "0"}
    before = model.objects.count()
    assert desk.district.post(address(model, "add"), entered).status_code == 302
    assert model.objects.count() == before
    assert desk.decide(Draft.objects.latest("pk"), "approve").status_code == 302
    assert model.objects.count() == before + 1

    page = address(model, "delete", record.pk)
    assert desk.district.post(page, confirmed(record)).status_code == 302
    others = list(model.objects.exclude(pk=record.pk))
    chosen = chosen_to_delete(*others)
    assert desk.district.post(address(model, "changelist"), chosen).status_code == 302
    assert model.objects.count() == before + 1
    deletions = Draft.objects.filter(action="delete")
    assert deletions.count() == before + 1
    assert not LogEntry.objects.filter(action_flag=3).exists()
    for deletion in deletions:
        assert desk.decide(deletion, "approve").status_code == 302
    assert model.objects.count() == 0


def test_who_needs_not_wait(desk: Desk) -> None:
    """The city, and everybody where the deployment says so; shared records never wait."""
    desk.save(desk.project, client=desk.city, name="市里改的")
    desk.project.refresh_from_db()
    assert desk.project.name == "市里改的"
    with override_settings(REVIEW="at_once"):
        desk.save(desk.project, name="区里改的")
    desk.project.refresh_from_db()
    assert (desk.project.name, Draft.objects.count()) == ("区里改的", 0)
    company = make_company(recorded_by=desk.editor)
    desk.save(company, name="改名公司")
    company.refresh_from_db()
    assert company.name == "改名公司"


def test_a_save_without_a_change_makes_no_draft(desk: Desk) -> None:
    response = desk.save(desk.project)
    assert (response.status_code, Draft.objects.count()) == (302, 0)


def test_wrong_input_is_refused_at_once_and_rights_hold(desk: Desk) -> None:
    there = make_district("乙区")
    assert list(errors_of(desk.save(desk.project, due="next May"))) == ["due"]
    assert list(errors_of(desk.save(desk.project, district=there.pk))) == ["district"]
    other = make_project(district=there)
    assert desk.district.post(address(Project, "change", other.pk), {}).status_code == 403
    assert not Draft.objects.exists()


def test_what_was_changed_meanwhile_is_not_overwritten(desk: Desk) -> None:
    draft = desk.draft(name="区里的名", note="说明", **NEW_STAGE)
    desk.save(desk.project, client=desk.city, name="市里的名")
    response = desk.decide(draft, "approve")
    assert response.status_code == 409
    text = response.text
    assert "市里的名" in text
    assert "区里的名" in text
    desk.project.refresh_from_db()
    assert (desk.project.name, desk.project.note, desk.project.stage) == ("市里的名", "", "signed")
    assert draft.state == State.SUBMITTED
    # What the draft does not touch may have changed.
    desk.save(desk.project, client=desk.city, name="隔膜项目", note_en="A remark")
    assert desk.decide(draft, "approve").status_code == 302
    desk.project.refresh_from_db()
    assert (desk.project.name, desk.project.note, desk.project.note_en) == (
        "区里的名",
        "说明",
        "A remark",
    )


def test_a_row_or_record_that_is_gone_refuses_the_draft(desk: Desk) -> None:
    capacity = make_capacity(desk.project, 4)
    draft = desk.draft(**{"capacities-0-quantity": "5"})
    capacity.delete()
    assert desk.decide(draft, "approve").status_code == 409
    other = make_project(district=desk.here)
    second = desk.draft(other, name="改")
    other.delete()
    assert desk.city.get(address(Draft, "change", second.pk)).status_code == 200
    assert desk.decide(second, "approve").status_code == 409
    assert {draft.state, second.state} == {State.SUBMITTED}


def test_a_deletion_does_not_take_away_what_was_changed_meanwhile(desk: Desk) -> None:
    page = address(Project, "delete", desk.project.pk)
    assert desk.district.post(page, confirmed(desk.project)).status_code == 302
    draft = Draft.objects.get()
    desk.save(desk.project, client=desk.city, name="市里的名")
    shown: Any = desk.city.get(address(Draft, "change", draft.pk))
    assert [record.name for record in shown.context["meanwhile"]] == ["市里的名"]
    response = desk.decide(draft, "approve")
    assert (response.status_code, draft.state) == (409, State.SUBMITTED)
    assert "市里的名" in response.text
    assert Project.objects.filter(pk=desk.project.pk).exists()
    # Asked for anew by one who has seen it.
    desk.decide(draft, "withdraw", desk.district)
    assert desk.district.post(page, confirmed(desk.project)).status_code == 302
    assert desk.decide(Draft.objects.latest("pk"), "approve").status_code == 302
    assert not Project.objects.exists()


def test_a_draft_that_no_longer_fits_is_refused_with_the_reason(desk: Desk) -> None:
    draft = desk.draft(name="同名")
    make_project("同名", district=desk.here)
    response = desk.decide(draft, "approve")
    assert response.status_code == 409
    assert "同名" in response.text
    Membership.objects.all().delete()
    draft = Draft.objects.get()
    Project.objects.filter(name="同名").delete()
    assert desk.decide(draft, "approve").status_code == 409  # the author writes here no more
    desk.project.refresh_from_db()
    assert desk.project.name == "隔膜项目"


def test_returned_with_a_remark_corrected_and_approved(desk: Desk) -> None:
    draft = desk.draft(name="错名", **NEW_STAGE)
    assert desk.decide(draft, "return").status_code == 409  # without a remark
    assert desk.decide(draft, "return", remark="名称应为全称").status_code == 302
    assert (draft.state, draft.remark) == (State.RETURNED, "名称应为全称")
    assert desk.decide(draft, "approve").status_code == 409
    shown = desk.district.get(address(Draft, "change", draft.pk)).text
    assert "名称应为全称" in shown
    page = f"{address(Project, 'change', desk.project.pk)}?draft={draft.pk}"
    response = desk.district.get(page)
    values = input_of(response)
    assert "名称应为全称" in str(errors_of(response))
    assert (values["name"], values["stage_changes-0-stage"]) == ("错名", "building")
    assert desk.district.post(page, values | {"name": "全称"}).status_code == 302
    draft.refresh_from_db()
    assert (Draft.objects.count(), draft.state) == (1, State.SUBMITTED)
    assert draft.entered_at > timezone.now() - timedelta(minutes=1)
    assert desk.decide(draft, "approve").status_code == 302
    desk.project.refresh_from_db()
    assert (desk.project.name, desk.project.stage) == ("全称", "building")


def test_kept_submitted_and_withdrawn_by_its_author_alone(desk: Desk) -> None:
    colleague = logged_in(make_editor(desk.here, name="li"))
    stranger = logged_in(make_editor(make_district(), name="wang"))
    draft = desk.draft(name="新名", _draft="1")
    assert draft.state == State.DRAFT
    assert desk.decide(draft, "approve").status_code == 409
    assert desk.decide(draft, "submit", colleague).status_code == 403
    assert colleague.get(address(Draft, "change", draft.pk)).status_code == 200
    assert stranger.get(address(Draft, "change", draft.pk)).status_code == 302
    assert desk.decide(draft, "submit", desk.district).status_code == 302
    assert draft.state == State.SUBMITTED
    for decision in ("approve", "return"):
        assert desk.decide(draft, decision, desk.district, remark="x").status_code == 403
    assert desk.decide(draft, "nonsense").status_code == 409
    assert desk.decide(draft, "withdraw", desk.district).status_code == 302
    assert draft.state == State.WITHDRAWN
    for decision, client in (("approve", desk.city), ("submit", desk.district)):
        assert desk.decide(draft, decision, client).status_code == 409
    # Another's draft is not opened by its number, nor one of another page.
    page = f"{address(Project, 'change', desk.project.pk)}?draft="
    for number in (draft.pk, "x", "9" * 30, "²"):
        assert input_of(colleague.get(f"{page}{number}"))["name"] == "隔膜项目"


def test_several_are_approved_at_once_each_by_itself(desk: Desk) -> None:
    second, third = (make_project(district=desk.here) for _n in range(2))
    drafts = [desk.draft(name="甲"), desk.draft(second, name="乙"), desk.draft(third, name="丙")]
    desk.save(second, client=desk.city, name="市里改的")
    listing = address(Draft, "changelist")
    chosen = {"action": "approve_selected", "_selected_action": [d.pk for d in drafts]}
    desk.district.post(listing, chosen)
    assert Draft.objects.submitted().count() == 3
    response = desk.city.post(listing, chosen, follow=True)
    assert len([m for m in response.context["messages"] if m.level_tag == "error"]) == 1
    for project in (desk.project, second, third):
        project.refresh_from_db()
    assert [desk.project.name, second.name, third.name] == ["甲", "市里改的", "丙"]
    assert Draft.objects.filter(state=State.APPROVED).count() == 2


@pytest.mark.long
def test_lists_of_drafts_cost_the_same_however_many(
    desk: Desk, django_assert_num_queries: Any
) -> None:
    listing = address(Draft, "changelist")
    for wanted in (2, 12):
        while Draft.objects.count() < wanted:
            desk.draft(make_project(district=desk.here), name=f"名{Draft.objects.count()}")
        with django_assert_num_queries(8):
            assert desk.city.get(listing).status_code == 200
