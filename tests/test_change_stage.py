"""“Change the stage”: one action for one or several projects, which also corrects mistakes."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import translation

from projects.admin import ProjectAdmin
from projects.models import Project, StageChange
from projects.stages import FUNNEL, Stage, Unusual, unusual_step
from tests.desk import address, errors_of, input_of
from tests.factories import change_stage, make_project, make_source
from zaozhuang.models import HistoryEntry

pytestmark = pytest.mark.django_db

Send = Callable[..., Any]


def page() -> str:
    with translation.override("zh-hans"):
        return reverse("admin:projects_project_stage")


@pytest.fixture
def change(admin_client: Client) -> Send:
    """Opens the page for some projects and saves it with these inputs."""

    def send(
        *projects: Project, client: Client = admin_client, start: str = "", **inputs: Any
    ) -> Any:
        chosen = [project.pk for project in projects]
        shown = client.get(start + page(), {"project": chosen})
        assert shown.status_code == 200
        defaults = {"stage": "building", "date": "2023-05", "basis": "stated"}
        sent = defaults | {"project": chosen, "_version": shown.context["version"]} | inputs
        return client.post(start + page(), sent)

    return send


def faults(response: Any) -> dict[str, list[str]]:
    assert response.status_code == 200
    return dict(response.context["form"].errors)


def stages(*projects: Project) -> list[str]:
    return [Project.objects.get(pk=project.pk).stage for project in projects]


def written() -> int:
    return HistoryEntry.objects.count()


def test_which_steps_are_unusual() -> None:
    cases: list[tuple[list[str], str, Unusual | None]] = [
        ([], "full", None),
        (["unknown"], "full", None),
        (["signed"], "signed", None),
        (["signed"], "preparing", None),
        (["signed"], "building", None),
        (["signed"], "completed", Unusual.OVER),
        (["negotiating"], "building", Unusual.OVER),
        (["building"], "full", Unusual.OVER),
        (["building"], "signed", Unusual.BACK),
        (["building", "unknown"], "signed", Unusual.BACK),
        (["building"], "unknown", None),
        (["building"], "suspended", None),
        (["building", "suspended"], "building", None),
        (["building", "suspended"], "signed", Unusual.BACK),
        (["building", "suspended"], "full", Unusual.OVER),
        (["producing", "idle"], "producing", None),
        (["signed", "cancelled"], "signed", Unusual.AFTER_END),
        (["producing", "closed"], "suspended", Unusual.AFTER_END),
        (["suspended"], "full", None),
    ]
    for life, after, expected in cases:
        assert unusual_step(life, after) == expected, (life, after)
    for before in Stage.values:
        for after in Stage.values:
            unusual_step([before], after)  # answers for every pair
    assert [unusual_step([FUNNEL[0]], stage) for stage in FUNNEL][:4] == [
        None,
        None,
        None,
        Unusual.OVER,
    ]


def test_several_projects_change_at_once(change: Send, admin_user: User) -> None:
    source = make_source()
    first, second = make_project(stage="signed"), make_project()
    untouched = make_project(stage="signed")
    before = written()
    response = change(
        first, second, date="2023年二季度", observed="on", basis="inferred",
        source=source.pk, locator="锂电 ¶8", note="因为", note_en="because",
    )  # fmt: skip
    assert response.status_code == 302
    assert stages(first, second, untouched) == ["building", "building", "signed"]
    for project in (first, second):
        event = project.stage_changes.get(stage="building")
        assert (event.date_precision, event.observed, event.basis, event.source) == (
            "quarter", True, "inferred", source,
        )  # fmt: skip
        assert (event.locator, event.note, event.note_en) == ("锂电 ¶8", "因为", "because")
        assert event.recorded_by == admin_user
    assert written() == before + 2
    assert len({entry.batch for entry in HistoryEntry.objects.all()[:2]}) == 1


@pytest.mark.parametrize(
    ("inputs", "field"),
    [
        ({"stage": ""}, "stage"),
        ({"stage": "planned"}, "stage"),
        ({"date": ""}, "date"),
        ({"date": "next May"}, "date"),
        ({"basis": ""}, "basis"),
        ({"locator": "锂电 ¶8"}, "source"),
        ({"source": "999"}, "source"),
        ({"stage": "negotiating"}, "note"),
        ({"stage": "producing"}, "note"),
        ({"stage": "signed", "date": "2023-02-01"}, "__all__"),
        ({"withdrawn": "错"}, "withdrawn"),
        ({"nothing": "on"}, "nothing"),
        ({"corrects": "999"}, "corrects"),
        ({"corrects": "latest"}, "withdrawn"),
    ],
)
def test_what_is_wrong_is_refused_for_all_at_its_field(
    change: Send, inputs: dict[str, str], field: str
) -> None:
    first, second = make_project(stage="signed"), make_project()
    before = written()
    response = change(first, second, **inputs)
    assert field in faults(response)
    assert stages(first, second) == ["signed", "unknown"]
    assert written() == before


def test_an_unusual_step_asks_for_a_reason_and_takes_it(change: Send) -> None:
    first, second = (
        make_project("甲项目", stage="completed"),
        make_project("乙项目", stage="signed"),
    )
    said = faults(change(first, second, start="/en"))["note"][0]
    assert said == "This is unusual: 甲项目: completed → under construction goes back. Say why."
    assert change(first, second, note="验收未通过").status_code == 302
    assert stages(first, second) == ["building", "building"]


def test_the_rows_of_a_project_ask_for_a_reason_too(admin_client: Client) -> None:
    project = make_project(stage="completed")
    form = address(Project, "change", project.pk)
    row = {"stage": "building", "date": "2023-05", "basis": "stated"}
    sent = input_of(admin_client.get(form)) | {f"stage_changes-0-{k}": v for k, v in row.items()}
    assert list(errors_of(admin_client.post(form, sent))) == ["stage_changes-0-note"]
    assert admin_client.post(form, sent | {"stage_changes-0-note": "返工"}).status_code == 302
    added = row | {"project": project.pk, "date": "2023-06", "stage": "signed"}
    assert list(errors_of(admin_client.post(address(StageChange, "add"), added))) == ["note"]
    assert (
        admin_client.post(address(StageChange, "add"), added | {"note": "重签"}).status_code == 302
    )
    assert stages(project) == ["signed"]


def test_a_mistaken_event_is_corrected_and_stays_visible(
    change: Send, admin_client: Client, client: Client
) -> None:
    project = make_project(stage="signed", since="2023-01-01", slug="separator")
    wrong = change_stage(project, "completed", "2023-05-01")
    before = written()
    response = change(
        project,
        corrects=str(wrong.pk),
        withdrawn="把二期当成一期",
        stage="building",
        date="2023-05-01",
    )
    assert response.status_code == 302
    assert stages(project) == ["building"]
    right = StageChange.objects.get(stage="building")
    wrong.refresh_from_db()
    assert (right.corrects, wrong.withdrawn) == (wrong, "把二期当成一期")
    assert written() == before + 2
    for start in ("", "/en"):
        text = client.get(f"{start}/projects/separator/").text
        assert text.count("<del>") == 1
        assert "把二期当成一期" in text
    form: Any = admin_client.get("/en" + address(Project, "change", project.pk))
    assert "<del>completed · 1 May 2023</del>" in form.text
    assert "under construction · 1 May 2023" in form.text
    # What was corrected is looked at, not changed again.
    assert admin_client.get(address(StageChange, "change", wrong.pk)).status_code == 200
    assert admin_client.post(address(StageChange, "change", wrong.pk), {}).status_code == 403
    assert "<del>" in admin_client.get(address(StageChange, "changelist")).text
    # The project's own form still saves, with the struck row on it.
    assert (
        admin_client.post(address(Project, "change", project.pk), input_of(form)).status_code == 302
    )
    exported: Any = client.get("/projects.csv?headers=codes")
    assert b"completed" not in exported.getvalue()


def test_an_event_that_never_was_is_struck_and_nothing_put_in_its_place(change: Send) -> None:
    first, second = (make_project(stage="signed", since="2023-01-01") for _ in range(2))
    for project in (first, second):
        change_stage(project, "building", "2023-05-01")
    sent = {"corrects": "latest", "withdrawn": "误报", "nothing": "on", "stage": "", "date": ""}
    assert faults(change(first, second, **sent, note="x")).keys() == {"note"}
    assert change(first, second, **sent).status_code == 302
    assert stages(first, second) == ["signed", "signed"]
    assert StageChange.every.struck().count() == 2
    assert change(first, stage="building", date="2023-05-01").status_code == 302


def test_a_correction_is_judged_without_what_it_corrects(change: Send) -> None:
    project = make_project(stage="signed", since="2023-01-01")
    wrong = change_stage(project, "full", "2023-05-01")
    sent = {"corrects": str(wrong.pk), "withdrawn": "误报", "date": "2023-05-01"}
    assert change(project, **sent, stage="preparing").status_code == 302
    assert stages(project) == ["preparing"]


def test_the_action_of_the_list_leads_to_the_page(admin_client: Client) -> None:
    projects = [make_project(), make_project()]
    chosen = {"action": "change_the_stage", "_selected_action": [p.pk for p in projects]}
    response = admin_client.post(address(Project, "changelist"), chosen)
    assert response.status_code == 302
    shown: Any = admin_client.get(response.headers["Location"])
    assert set(shown.context["projects"]) == set(projects)
    assert (
        f"{page()}?project={projects[0].pk}"
        in admin_client.get(address(Project, "changelist")).text
    )


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "?project=",
        "?project=x",
        "?project=999999",
        "?project=-1",
        "?project=" + "9" * 30,
        "?project=%D9%A3",
    ],
)
def test_projects_that_are_not_there(admin_client: Client, asked: str) -> None:
    make_project()
    assert admin_client.get(page() + asked).status_code == 302
    assert admin_client.post(page() + asked, {"project": asked[9:]}).status_code == 302


def test_too_many_projects_at_once(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("projects.stage_desk", "projects.admin"):
        monkeypatch.setattr(f"{module}.MOST", 2)
    chosen = [make_project().pk for _ in range(3)]
    sent = {"action": "change_the_stage", "_selected_action": chosen}
    response = admin_client.post(address(Project, "changelist"), sent)
    assert page() not in response.headers["Location"]
    assert admin_client.get(page(), {"project": chosen}).status_code == 302


def test_one_project_that_may_not_be_changed_refuses_all(
    client: Client, change: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, theirs = make_project(stage="signed"), make_project(stage="signed")
    editor = User.objects.create_user("editor", is_staff=True)
    names = ["view_project", "change_project", "add_stagechange"]
    editor.user_permissions.set(Permission.objects.filter(codename__in=names[:2]))
    client.force_login(editor)
    assert client.get(page(), {"project": mine.pk}).status_code == 403
    editor.user_permissions.set(Permission.objects.filter(codename__in=names))

    def only_mine(self: Any, request: Any, obj: Any = None) -> bool:
        return obj is None or obj.pk == mine.pk

    monkeypatch.setattr(ProjectAdmin, "has_change_permission", only_mine)
    both = [mine.pk, theirs.pk]
    sent = {"stage": "building", "date": "2023-05", "basis": "stated", "project": both}
    assert client.get(page(), {"project": both}).status_code == 403
    assert client.post(page(), sent).status_code == 403
    assert stages(mine, theirs) == ["signed", "signed"]
    assert change(mine, client=client).status_code == 302
    assert admin.site.is_registered(Project)


def test_a_change_that_fails_halfway_changes_nothing(
    change: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = make_project(stage="signed"), make_project(stage="signed")
    before = written()
    save = StageChange.save

    def fail_at_the_second(self: StageChange, *args: Any, **kwargs: Any) -> None:
        if StageChange.objects.filter(stage="building").exists():
            raise RuntimeError
        save(self, *args, **kwargs)

    monkeypatch.setattr(StageChange, "save", fail_at_the_second)
    with pytest.raises(RuntimeError):
        change(first, second)
    assert stages(first, second) == ["signed", "signed"]
    assert written() == before


def test_two_editors_change_one_stage(change: Send) -> None:
    project = make_project(stage="signed")
    refused = change(project, _version="0", start="/en")
    assert "Somebody changed a stage" in faults(refused)["__all__"][0]
    assert refused.context["form"]["date"].value() == "2023-05"
    assert stages(project) == ["signed"]
    assert change(project, _version=refused.context["version"]).status_code == 302
    assert stages(project) == ["building"]
