"""What the desk refuses, where it says so, and what it fills in by itself."""

from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.test import Client

from districts.models import District, Reading, Source, Target
from projects.models import Company, Project, StageChange
from tests.desk import address, confirmed, errors_of, input_of
from tests.factories import (
    change_stage,
    make_capacity,
    make_company,
    make_district,
    make_indicator,
    make_participation,
    make_project,
    make_reading,
    make_source,
    make_target,
    make_unit,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"due": "May"}, "due"),
        ({"due": "2023-05", "due_basis": ""}, "due_basis"),
        ({"due": "", "due_basis": "stated"}, "due_basis"),
        ({"investment": "18"}, "investment_kind"),
        ({"investment_kind": "agreed"}, "investment_kind"),
        ({"investment": "0", "investment_kind": "agreed"}, "investment"),
        ({"locator": "锂电 ¶8"}, "source"),
        ({"name": "another"}, "__all__"),
        ({"slug": "another"}, "slug"),
        ({"capacities-0-quantity": "-1"}, "capacities-0-quantity"),
        ({"capacities-0-unit": ""}, "capacities-0-unit"),
        ({"capacities-1-product": "隔膜"}, "capacities-1-__all__"),
    ],
)
def test_a_project_is_refused_at_the_field_that_is_wrong(
    admin_client: Client, changes: dict[str, str], field: str
) -> None:
    project = make_project()
    make_project("another", slug="another", district=project.district)
    make_capacity(project, 4, product="隔膜", unit=make_unit())
    make_capacity(project, None, product="电解液")
    page = address(Project, "change", project.pk)
    response = admin_client.post(page, input_of(admin_client.get(page)) | changes)
    assert response.status_code == 200
    assert list(errors_of(response)) == [field]


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"value": "", "comparator": ""}, ["value"]),
        ({"value": "", "comparator": "", "milestone": "建成启用", "baseline": "1"}, ["baseline"]),
        ({"value": "", "milestone": "建成启用"}, ["comparator"]),
        ({"comparator": ""}, ["comparator"]),
        ({"value": "0"}, ["value"]),
        ({"due_basis": ""}, ["due_basis"]),
        ({"value": "", "comparator": "", "milestone": "建成启用"}, []),
    ],
)
def test_a_target_is_a_figure_or_a_milestone(
    admin_client: Client, changes: dict[str, str], fields: list[str]
) -> None:
    page = address(Target, "change", make_target(100, "2023").pk)
    response = admin_client.post(page, input_of(admin_client.get(page)) | changes)
    assert (list(errors_of(response)) if response.status_code == 200 else []) == fields


def test_figures_and_honours_get_an_address_by_themselves(admin_client: Client) -> None:
    place = make_district(slug="tengzhou")
    output = make_indicator(slug="output")
    no_claims = {"claims-TOTAL_FORMS": "0", "claims-INITIAL_FORMS": "0"}
    promise = {"district": place.pk, "indicator": output.pk, "value": "200", "comparator": "ge"}
    promise |= no_claims
    for _time in range(2):
        entered = promise | {"due": "2025年", "due_basis": "stated"}
        assert admin_client.post(address(Target, "add"), entered).status_code == 302
    assert sorted(Target.objects.values_list("slug", flat=True)) == [
        "tengzhou-output-2025",
        "tengzhou-output-2025-2",
    ]
    figure = {"district": place.pk, "indicator": output.pk, "value": "12.5", "period": "“十四五”"}
    figure |= no_claims
    assert admin_client.post(address(Reading, "add"), figure).status_code == 302
    assert Reading.objects.get().slug == "tengzhou-output-2021-2025"
    page = address(Company, "change", make_company(slug="fengyuan").pk)
    honour = {"honours-TOTAL_FORMS": "1", "honours-0-title": "小巨人", "honours-0-year": "2021"}
    response = admin_client.post(page, input_of(admin_client.get(page)) | honour)
    assert response.status_code == 302, errors_of(response)
    assert Company.objects.get().honours.get().slug == "fengyuan-2021"


def test_one_figure_of_one_source_is_entered_once(admin_client: Client) -> None:
    """The constraint names the precision, which has no input of its own."""
    reading = make_reading(10, "2023", source=make_source())
    page = address(Reading, "change", reading.pk)
    again = input_of(admin_client.get(page)) | {"slug": "", "value": "11"}
    response = admin_client.post(address(Reading, "add"), again)
    assert (response.status_code, list(errors_of(response))) == (200, ["__all__"])
    assert (
        admin_client.post(address(Reading, "add"), again | {"period": "2023-01"}).status_code == 302
    )


def test_what_others_rest_on_stays(admin_client: Client) -> None:
    """PROTECT answers with a page that lists what stands in the way, one by one or in bulk."""
    source = make_source()
    company = make_company()
    project = make_project(source=source)
    make_participation(project, company)
    for record in (source, company, project.district):
        page = address(type(record), "delete", record.pk)
        for response in (admin_client.get(page), admin_client.post(page, {"post": "yes"})):
            assert response.status_code == 200
            assert response.context["protected"]
        chosen = {"action": "delete_selected", "_selected_action": [record.pk], "post": "yes"}
        bulk: Any = admin_client.post(address(type(record), "changelist"), chosen)
        assert bulk.status_code == 200
        assert bulk.context["protected"]
    assert Source.objects.count() == Company.objects.count() == District.objects.count() == 1


def test_deleting_a_project_shows_what_goes_with_it(admin_client: Client) -> None:
    project = make_project("隔膜项目", stage="signed")
    change_stage(project, "building", "2023-05")
    make_capacity(project)
    page = address(Project, "delete", project.pk)
    response = admin_client.get(page)
    assert {str(name): count for name, count in response.context["model_count"]} == {
        str(Project._meta.verbose_name_plural): 1,
        str(StageChange._meta.verbose_name_plural): 2,
        str(project.capacities.model._meta.verbose_name_plural): 1,
    }
    assert "2023-05" in response.text or "2023年5月" in response.text
    assert admin_client.post(page, confirmed(project)).status_code == 302
    assert not Project.objects.exists()
    assert not StageChange.objects.exists()


@pytest.mark.parametrize("term", ["滕州", "锂能", "磷酸"])
def test_projects_are_found_by_place_company_and_product(admin_client: Client, term: str) -> None:
    project = make_project("正极材料（滕州）项目")
    make_participation(project, make_company("丰元锂能科技"))
    make_capacity(project, product="磷酸铁锂")
    make_capacity(project, product="磷酸锰铁锂")
    make_project("隔膜项目")
    response: Any = admin_client.get(address(Project, "changelist"), {"q": term})
    assert list(response.context["cl"].result_list) == [project]


def test_the_desk_is_named_in_the_readers_language(admin_client: Client) -> None:
    chinese, english = admin_client.get("/admin/").text, admin_client.get("/en/admin/").text
    assert settings.SITE_TITLE["zh-hans"] in chinese
    assert settings.SITE_TITLE["en"] in english
    assert '<a href="/en/">' in english
    assert 'href="/admin/" lang="zh-Hans"' in english
    assert 'href="/en/admin/" lang="en"' in chinese


def test_who_may_only_look_sees_every_page(client: Client) -> None:
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(viewer)
    project = make_project(stage="signed", due="2023-05")
    make_capacity(project)
    target = make_target()
    for record in (project, target, target.district, project.stage_changes.get()):
        page = address(type(record), "change", record.pk)
        assert client.get(page).status_code == 200
        assert client.post(page, {"slug": "mine"}).status_code == 403
