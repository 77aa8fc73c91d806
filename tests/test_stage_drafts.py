"""The action that changes stages, where the city approves first: it keeps drafts instead."""

from typing import Any

import pytest
from django.test import override_settings
from django.urls import reverse

from districts.models import Draft
from projects.models import Project, StageChange
from tests.desk import address
from tests.factories import make_district, make_project
from tests.test_review import THEN, Desk, desk

pytestmark = pytest.mark.django_db
State = Draft.State
# The world of the other tests of the review.
__all__ = ["desk"]


@pytest.fixture(autouse=True)
def _approval() -> Any:
    with override_settings(REVIEW="approval"):
        yield


BUILDING: dict[str, Any] = {
    "stage": "building",
    "date": "2023年5月",
    "basis": "stated",
    "note": "已开工",
}


def send(desk: Desk, *projects: Project, query: str = "", **typed: Any) -> Any:
    """What a district's editor types into the page of the action; the answer of the page."""
    page = reverse("admin:projects_project_stage") + query
    asked = {"project": [project.pk for project in projects]}
    shown: Any = desk.district.get(page, asked)
    assert shown.context["must_wait"]
    return desk.district.post(page, asked | {"_version": shown.context["version"]} | typed)


def shown_of(desk: Desk, draft: Draft) -> dict[str, tuple[str, str]]:
    page: Any = desk.city.get("/en" + address(Draft, "change", draft.pk))
    return {d.field: (d.before, d.after) for d in page.context["differences"]}


def test_several_projects_wait_and_take_effect_each_by_itself(desk: Desk) -> None:
    others = [make_project(f"项目{n}", stage="preparing", district=desk.here) for n in range(4)]
    before = StageChange.every.count()
    response = send(desk, desk.project, *others, **BUILDING)
    assert response.status_code == 302
    assert StageChange.every.count() == before
    assert Draft.objects.submitted().count() == 5
    said = [str(m) for m in desk.district.get("/en/admin/").context["messages"]]
    assert len(said) == 1
    assert "5" in said[0]
    draft = Draft.objects.get(object_id=desk.project.pk)
    assert (draft.author, draft.place, draft.title) == (desk.editor, desk.here, "隔膜项目")
    assert shown_of(desk, draft) == {
        "Stage": ("signed", "under construction"),
        "Date": ("", "May 2023"),
        "Basis": ("", "stated"),
        "Note": ("", "已开工"),
    }
    Draft.objects.update(entered_at=THEN)
    # One of them is corrected meanwhile by the city; the others do not wait for it.
    chosen = {"action": "approve_selected", "_selected_action": list(Draft.objects.values_list("pk", flat=True))}  # fmt: skip
    assert desk.city.post(address(Draft, "changelist"), chosen).status_code == 302
    assert Draft.objects.filter(state=State.APPROVED).count() == 5
    assert set(Project.objects.values_list("stage", flat=True)) == {"building"}
    event = desk.project.stage_changes.get(stage="building")
    assert (event.recorded_by, event.recorded_at, str(event.date)) == (
        desk.editor,
        THEN,
        "2023-05-01",
    )


def test_an_event_that_was_mistaken_is_struck_when_the_city_approves(desk: Desk) -> None:
    wrong = desk.project.stage_changes.get()
    typed: dict[str, Any] = {"corrects": wrong.pk, "withdrawn": "认错项目", "stage": "negotiating", "date": "2023-01", "basis": "stated"}  # fmt: skip
    assert send(desk, desk.project, **typed).status_code == 302
    wrong.refresh_from_db()
    assert wrong.withdrawn == ""
    draft = Draft.objects.get()
    shown = shown_of(desk, draft)
    assert shown["What it is"][1].startswith("A correction of: signed")
    assert shown["Why the event was wrong"] == ("", "认错项目")
    assert desk.decide(draft, "approve").status_code == 302
    wrong.refresh_from_db()
    assert wrong.withdrawn == "认错项目"
    made = StageChange.objects.get(project=desk.project)
    assert (made.stage, made.corrects, made.recorded_by) == ("negotiating", wrong, desk.editor)


def test_of_several_projects_each_corrects_its_own_latest_event(desk: Desk) -> None:
    """And one that has none is left as it is where nothing took place."""
    second = make_project(stage="signed", district=desk.here)
    without = make_project(district=desk.here)
    typed: dict[str, Any] = {"corrects": "latest", "withdrawn": "重复登记", "nothing": "on"}
    assert send(desk, desk.project, second, without, **typed).status_code == 302
    assert Draft.objects.count() == 2
    for draft in Draft.objects.all():
        assert desk.decide(draft, "approve").status_code == 302
    assert not StageChange.objects.filter(project__in=[desk.project, second]).exists()
    assert StageChange.every.filter(withdrawn="重复登记").count() == 2


def test_a_correction_of_what_was_changed_meanwhile_is_refused(desk: Desk) -> None:
    wrong = desk.project.stage_changes.get()
    typed: dict[str, Any] = {"corrects": wrong.pk, "withdrawn": "认错项目", "nothing": "on"}
    assert send(desk, desk.project, **typed).status_code == 302
    draft = Draft.objects.get()
    desk.save(wrong, client=desk.city, note="市里核实过")
    page: Any = desk.city.get(address(Draft, "change", draft.pk))
    assert [c.now for record in page.context["meanwhile"] for c in record.clashes] == ["市里核实过"]
    assert desk.decide(draft, "approve").status_code == 409
    wrong.refresh_from_db()
    assert (wrong.withdrawn, draft.state) == ("", State.SUBMITTED)


def test_what_is_wrong_or_unusual_is_said_before_a_draft_is_kept(desk: Desk) -> None:
    response = send(desk, desk.project, **BUILDING | {"note": "", "stage": "producing"})
    assert (response.status_code, Draft.objects.count()) == (200, 0)
    assert list(response.context["form"].errors) == ["note"]
    other = make_project(district=make_district())
    page = reverse("admin:projects_project_stage")
    sent = BUILDING | {"project": [desk.project.pk, other.pk], "_version": "0"}
    assert desk.district.post(page, sent).status_code == 403
    assert not Draft.objects.exists()


def test_what_became_unusual_while_it_waited_is_refused_with_the_reason(desk: Desk) -> None:
    assert send(desk, desk.project, **BUILDING | {"note": ""}).status_code == 302
    draft = Draft.objects.get()
    event = desk.project.stage_changes.get()
    event.stage, event.basis = "completed", "stated"
    event.save()
    response = desk.decide(draft, "approve")
    assert response.status_code == 409
    assert StageChange.objects.filter(project=desk.project).count() == 1


def test_returned_and_corrected_on_the_page_it_was_typed_into(desk: Desk) -> None:
    assert send(desk, desk.project, **BUILDING).status_code == 302
    draft = Draft.objects.get()
    assert desk.decide(draft, "return", remark="开工日期以施工许可证为准").status_code == 302
    page: Any = desk.district.get(address(Draft, "change", draft.pk))
    way = page.context["typed_url"]
    assert (
        way
        == f"{reverse('admin:projects_project_stage')}?project={desk.project.pk}&draft={draft.pk}"
    )
    shown: Any = desk.district.get(way)
    form = shown.context["form"]
    assert "施工许可证" in str(form.errors)
    assert (form["stage"].value(), form["date"].value()) == ("building", "2023年5月")
    # The project's own page does not open what was typed elsewhere.
    own: Any = desk.district.get(f"{address(Project, 'change', desk.project.pk)}?draft={draft.pk}")
    assert not own.context["adminform"].form.is_bound
    again = send(desk, desk.project, query=f"?draft={draft.pk}", **BUILDING | {"date": "2023-06"})
    assert again.status_code == 302
    draft.refresh_from_db()
    assert (Draft.objects.count(), draft.state) == (1, State.SUBMITTED)
    assert desk.decide(draft, "approve").status_code == 302
    assert str(desk.project.stage_changes.get(stage="building").date) == "2023-06-01"


def test_a_draft_that_was_decided_is_not_written_over(desk: Desk) -> None:
    assert send(desk, desk.project, **BUILDING, _draft="1").status_code == 302
    draft = Draft.objects.get()
    assert draft.state == State.DRAFT
    desk.decide(draft, "withdraw", desk.district)
    query = f"?draft={draft.pk}"
    assert send(desk, desk.project, query=query, **BUILDING).status_code == 302
    draft.refresh_from_db()
    assert (draft.state, Draft.objects.count()) == (State.WITHDRAWN, 2)
