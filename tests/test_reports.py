"""Monthly reports: what a form refuses, at which field, and what it says of the months before."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.test import Client
from django.utils import translation

from projects.models import ProgressReport, Project
from tests.desk import address, errors_of, input_of
from tests.factories import day, make_project, make_report, make_source
from zaozhuang.inputs import MonthField

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return make_project("磷酸铁锂项目")


def add(client: Client, project: Project, month: str = "2023-03", **values: str) -> Any:
    """Posts the add form as a browser does."""
    given = {"project": str(project.pk), "month": month, **values}
    return client.post(address(ProgressReport, "add"), given)


def refused(response: Any) -> dict[str, list[str]]:
    """The fields that are refused, with their messages; none where the form was saved."""
    return {} if response.status_code == 302 else errors_of(response)


# The month


def test_a_month_is_written_in_two_ways() -> None:
    field = MonthField()
    assert field.clean("2023-03") == field.clean(" 2023年3月 ") == day("2023-03-01")
    assert field.prepare_value(day("2023-03-01")) == "2023-03"
    assert not field.has_changed(day("2023-03-01"), "2023年3月")
    assert field.has_changed(day("2023-03-01"), "2023-04")
    assert field.has_changed(day("2023-03-01"), "March")
    assert MonthField(required=False).clean("") is None


@pytest.mark.parametrize(
    "text",
    ["2023", "2023-13", "2023-00", "0000-01", "2023-3", "2023-03-01", "2023-Q1", "March", "２０２３-03"]
    + ["2023-03\0", "2023/03", "-2023-03", "2" * 300],
)  # fmt: skip
def test_what_is_not_a_month_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="YYYY-MM"), translation.override("en"):
        MonthField().clean(text)


def test_a_month_that_has_not_begun_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zaozhuang.inputs.today", lambda: day("2023-03-01"))
    assert MonthField().clean("2023-03") == day("2023-03-01")
    with pytest.raises(ValidationError, match="2023-04"):
        MonthField().clean("2023-04")


# What is refused, and at which field


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({"month": "March"}, ["month"]),
        ({"month": "9999-12"}, ["month"]),
        ({"project": ""}, ["project"]),
        ({"invested_month": "-1"}, ["invested_month"]),
        ({"invested_year": "-0.0001"}, ["invested_year"]),
        ({"invested_total": "many"}, ["invested_total"]),
        ({"invested_total": "1.00001"}, ["invested_total"]),
        ({"percent": "-0.01"}, ["percent"]),
        ({"percent": "100.01"}, ["percent"]),
        ({"percent": "NaN"}, ["percent"]),
        ({"invested_month": "9", "invested_year": "8.9999"}, ["invested_year"]),
        ({"invested_month": "9", "invested_total": "8.9999"}, ["invested_total"]),
        ({"invested_year": "9", "invested_total": "8.9999"}, ["invested_total"]),
        ({"solver": "发改局"}, ["problem"]),
        ({"solve_by": "2023-05"}, ["problem"]),
        ({"problem": "用地", "solve_by": "soon"}, ["solve_by"]),
        ({"locator": "¶1"}, ["source"]),
        ({"month": "2023-01", "invested_month": "5", "invested_year": "6"}, ["invested_year"]),
        ({"percent": ""}, ["__all__"]),
    ],
)
def test_a_report_is_refused_at_the_field_that_is_wrong(
    admin_client: Client, project: Project, values: dict[str, str], fields: list[str]
) -> None:
    given = {"project": str(project.pk), "month": "2023-03", "percent": "10"} | values
    response = admin_client.post(address(ProgressReport, "add"), given)
    assert list(refused(response)) == fields
    assert not ProgressReport.objects.exists()


def test_the_limits_themselves_are_allowed(admin_client: Client, project: Project) -> None:
    same = dict.fromkeys(("invested_month", "invested_year", "invested_total"), "9.5")
    assert refused(add(admin_client, project, "2023-01", **same, percent="0")) == {}
    assert refused(add(admin_client, project, "2023-02", invested_month="0", percent="100")) == {}
    first = ProgressReport.objects.get(month=day("2023-01-01"))
    second = ProgressReport.objects.get(month=day("2023-02-01"))
    assert [first.invested_year, first.percent] == [9.5, 0]
    # What was left blank is not known, and what was written as zero is zero.
    assert [second.invested_month, second.invested_year, second.invested_total] == [0, None, None]


def test_one_report_a_month(admin_client: Client, project: Project) -> None:
    make_report(project, "2023-03", percent="10")
    again = "/en" + address(ProgressReport, "add")
    given = {"project": str(project.pk), "month": "2023年3月", "percent": "11"}
    assert refused(admin_client.post(again, given)) == {
        "month": ["This project has a report for this month already."]
    }
    assert refused(add(admin_client, project, "2023-04", percent="11")) == {}
    assert refused(add(admin_client, make_project(), "2023-03", percent="11")) == {}


@pytest.mark.parametrize(
    ("name", "month", "value", "known"),
    [
        # March has 100; what comes after is not less, what comes before is not more.
        ("invested_year", "2023-04", "99.9999", "In Mar 2023 it was CNY 1 million already"),
        ("invested_year", "2023-12", "99", "In Mar 2023 it was CNY 1 million already"),
        ("invested_year", "2023-02", "100.0001", "In Mar 2023 it is only CNY 1 million"),
        ("invested_total", "2024-01", "99", "In Mar 2023 it was CNY 1 million already"),
        ("invested_total", "2022-12", "101", "In Mar 2023 it is only CNY 1 million"),
        ("percent", "2023-05", "49.99", "In Mar 2023 it was 50% already"),
        ("percent", "2023-01", "50.01", "In Mar 2023 it is only 50%"),
    ],
)
def test_a_sum_does_not_fall_without_a_reason(
    admin_client: Client, project: Project, name: str, month: str, value: str, known: str
) -> None:
    make_report(project, "2023-03", invested_year="100", invested_total="100", percent="50")
    make_report(project, "2023-06")  # gives none of them and is passed over
    given = {"project": str(project.pk), "month": month, name: value}
    page = "/en" + address(ProgressReport, "add")
    assert refused(admin_client.post(page, given)) == {
        name: [f"{known}; if it became less, say why in the note."]
    }
    assert refused(admin_client.post(page, given | {"note": "核减"})) == {}


def test_what_does_not_fall_needs_no_reason(admin_client: Client, project: Project) -> None:
    make_report(project, "2023-03", invested_year="100", invested_total="100", percent="50")
    # A new year begins anew, the same value is no fall, and other projects do not matter.
    assert refused(add(admin_client, project, "2024-01", invested_year="1")) == {}
    assert refused(add(admin_client, project, "2022-12", invested_year="900")) == {}
    assert refused(add(admin_client, project, "2023-04", invested_total="100", percent="50")) == {}
    assert refused(add(admin_client, make_project(), "2023-04", invested_year="1")) == {}


def test_a_fall_that_a_later_report_explains_is_explained(
    admin_client: Client, project: Project
) -> None:
    make_report(project, "2023-03", invested_total="100", note="核减 20 万元")
    assert refused(add(admin_client, project, "2023-02", invested_total="120")) == {}


def test_a_report_may_be_corrected_in_place(admin_client: Client, project: Project) -> None:
    """Its own old figures are not the month before."""
    report = make_report(project, "2023-03", invested_year="100", percent="50")
    page = address(ProgressReport, "change", report.pk)
    values = input_of(admin_client.get(page)) | {"invested_year": "90", "percent": "40"}
    assert refused(admin_client.post(page, values)) == {}
    report.refresh_from_db()
    assert [report.invested_year, report.percent] == [90, 40]


# Who, when, and what is kept


def test_a_report_says_who_entered_it_and_keeps_that(
    admin_client: Client, admin_user: User, project: Project
) -> None:
    values = {"problem": "用地手续", "solver": "自然资源局", "solve_by": "2023年二季度"}
    assert refused(add(admin_client, project, **values)) == {}
    report = ProgressReport.objects.get()
    assert report.recorded_by == admin_user
    assert (str(report.solve_by), report.solve_by_precision) == ("2023-06-30", "quarter")
    other = User.objects.create_superuser("other")
    client = Client()
    client.force_login(other)
    page = address(ProgressReport, "change", report.pk)
    values = input_of(client.get(page)) | {"percent": "5"}
    assert client.post(page, values).status_code == 302
    kept = ProgressReport.objects.get()
    assert (kept.recorded_by, kept.recorded_at) == (admin_user, report.recorded_at)
    assert kept.percent == 5


def test_a_report_is_no_public_record_of_its_source(project: Project, client: Client) -> None:
    source = make_source(slug="minutes")
    make_report(project, "2023-03", source=source, problem="用地手续")
    for path in ("/sources/minutes/", "/sources/", "/about/", f"/projects/{project.slug}/"):
        text = client.get(path).text
        assert "用地手续" not in text, path
        assert "2023年3月" not in text, path


# The quick way in


def test_the_form_says_what_was_reported_before(admin_client: Client, project: Project) -> None:
    make_report(project, "2022-12", invested_year="90", invested_total="1200", percent="20")
    make_report(project, "2023-02", invested_year="30.5")
    page = "/en" + address(ProgressReport, "add")
    response: Any = admin_client.get(f"{page}?project={project.pk}&month=2023-03")
    form = response.context["adminform"].form
    assert form["month"].value() == "2023-03"
    assert form["invested_year"].help_text.endswith("Reported for Feb 2023: CNY 305,000.")
    assert form["invested_total"].help_text.endswith("Reported for Dec 2022: CNY 12 million.")
    assert form["percent"].help_text.endswith("Reported for Dec 2022: 20%.")
    # Still there when the form comes back with an error; and only months before count.
    given = {"project": str(project.pk), "month": "2023-01", "percent": "900"}
    form = admin_client.post(page, given).context["adminform"].form
    assert form["percent"].help_text.endswith("Reported for Dec 2022: 20%.")
    assert "Reported" not in form["invested_year"].help_text
    response = admin_client.get(f"{page}?month=2023-03")
    assert "Reported" not in response.text


@pytest.mark.parametrize("project_", ["abc", "0", "９", "99999999999999999999999", ""])
def test_an_add_page_with_nonsense_in_its_address_answers(
    admin_client: Client, project_: str
) -> None:
    query = QueryDict(mutable=True)
    query.update({"project": project_, "month": "2023-99", "next": "//evil.example"})
    page = f"{address(ProgressReport, 'add')}?{query.urlencode()}"
    assert admin_client.get(page).status_code == 200


@pytest.mark.parametrize(
    ("url", "goes"),
    [
        ("/dispatch/?month=2023-03&light=red", True),
        ("/en/dispatch/?month=2023-03", True),
        ("", False),
        ("dispatch/", False),
        ("//evil.example/", False),
        ("///evil.example/", False),
        ("/\\evil.example/", False),
        ("http://testserver/dispatch/", False),
        ("https://evil.example/", False),
        ("javascript:alert(1)", False),
    ],
)
def test_after_saving_one_is_back_on_a_page_of_this_site(
    admin_client: Client, project: Project, url: str, goes: bool
) -> None:
    query = QueryDict(mutable=True)
    query["next"] = url
    given = {"project": str(project.pk), "month": "2023-03", "percent": "5"}
    listing = address(ProgressReport, "changelist")
    response: Any = admin_client.post(
        f"{address(ProgressReport, 'add')}?{query.urlencode()}", given
    )
    assert (response.status_code, response.url) == (302, url if goes else listing)
    page = address(ProgressReport, "change", ProgressReport.objects.get().pk)
    shown = input_of(admin_client.get(page))
    response = admin_client.post(f"{page}?{query.urlencode()}", shown | given)
    assert (response.status_code, response.url) == (302, url if goes else listing)


# The list


def test_the_list_is_filtered_by_month_and_district(admin_client: Client, project: Project) -> None:
    other = make_project()
    march, april = make_report(project, "2023-03"), make_report(project, "2023-04")
    make_report(other, "2023-04")
    listing = address(ProgressReport, "changelist")

    def found(query: str) -> set[int]:
        response: Any = admin_client.get(f"{listing}?{query}")
        return {report.pk for report in response.context["cl"].result_list}

    assert found("month=2023-03") == {march.pk}
    place = project.district.pk
    assert found(f"month=2023-04&project__district__id__exact={place}") == {april.pk}
    assert admin_client.get(f"{listing}?month=2023-04").text.count("2023年4月") >= 3
    assert admin_client.get(f"{listing}?month=May").status_code == 400


def test_a_plan_begins_before_it_ends(admin_client: Client) -> None:
    project = make_project()
    page = address(Project, "change", project.pk)

    def save(**values: str) -> list[str]:
        response = admin_client.post(page, input_of(admin_client.get(page)) | values)
        return list(refused(response))

    plan = {"planned_start_basis": "stated", "due": "2023-05", "due_basis": "stated"}
    assert save(**plan, planned_start="2023-06") == ["planned_start"]
    assert save(**plan, planned_start="2023") == []
    assert save(**plan, planned_start="2023-05-31") == []
    assert save(**(plan | {"planned_start_basis": ""}), planned_start="2023-01") == [
        "planned_start_basis"
    ]
    project.refresh_from_db()
    assert (str(project.planned_start), project.planned_start_precision) == ("2023-05-31", "day")
