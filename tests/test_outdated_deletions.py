"""A deletion that rests on an outdated version is refused, and says who changed what meanwhile."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client

from districts.models import Source, Target
from projects.models import Capacity, ProgressReport, Project
from tests.desk import address, chosen_to_delete, confirmed, errors_of, input_of
from tests.factories import (
    make_capacity,
    make_project,
    make_report,
    make_source,
    make_target,
    make_unit,
)
from zaozhuang.models import HistoryEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def other(client: Client) -> Client:
    """The window of a second editor."""
    client.force_login(User.objects.create_superuser("li", last_name="李", first_name="四"))
    return client


def rename(window: Client, record: Any, **changes: Any) -> None:
    page = address(type(record), "change", record.pk)
    assert window.post(page, input_of(window.get(page)) | changes).status_code == 302


def meanwhile(response: Any) -> dict[str, list[tuple[str, str, str]]]:
    """What the page tells of each record, by its name."""
    return {
        record.name: [(clash.label, clash.was, clash.now) for clash in record.clashes]
        or [(record.remark, "", "")]
        for record in response.wsgi_request.meanwhile
    }


def version_on(response: Any) -> str:
    """The hidden input, as it stands on the page."""
    page: str = response.text
    return page.split('name="_version" value="')[1].split('"')[0]


def test_a_deletion_is_refused_once_and_shows_what_changed(
    admin_client: Client, other: Client
) -> None:
    project = make_project("隔膜项目", stage="signed", note="甲")
    page = "/en" + address(Project, "delete", project.pk)
    seen = version_on(admin_client.get(page))
    rename(other, project, name="隔膜二期", note="乙")
    before = HistoryEntry.objects.count()
    response = admin_client.post(page, {"post": "yes", "_version": seen})
    assert response.status_code == 200
    assert meanwhile(response) == {
        "隔膜二期": [("Name", "隔膜项目", "隔膜二期"), ("Note", "甲", "乙")]
    }
    assert "四" in response.text
    assert "nothing was deleted" in response.text
    assert "What you typed" not in response.text
    assert HistoryEntry.objects.count() == before
    again = {"post": "yes", "_version": version_on(response)}
    assert admin_client.post(page, again).status_code == 302
    assert not Project.objects.exists()


def test_what_was_changed_since_the_form_was_opened_is_told_before(
    admin_client: Client, other: Client
) -> None:
    target = make_target()
    form = admin_client.get(
        address(Target, "change", target.pk) + "?_changelist_filters=q%3Dx"
    ).text
    link = form.split('class="deletelink"')[0].rsplit('href="', 1)[1].split('"')[0]
    link = link.replace("&amp;", "&")
    assert parse_qs(urlsplit(link).query).keys() == {"_version", "_changelist_filters"}
    assert meanwhile(admin_client.get(link)) == {}
    rename(other, target, value="7")
    response = admin_client.get(link)
    assert [[row[2] for row in rows] for rows in meanwhile(response).values()] == [["7"]]
    sent = {"post": "yes", "_version": version_on(response)}
    assert admin_client.post(link, sent).status_code == 302
    assert not Target.objects.exists()


def test_what_would_go_along_counts_too(admin_client: Client, other: Client) -> None:
    """A row that changed, and a report that was written after the question was asked."""
    project = make_project(stage="building")
    make_capacity(project, 4, product="隔膜", unit=make_unit())
    page = "/en" + address(Project, "delete", project.pk)
    seen = confirmed(project)
    rename(other, project, **{"capacities-0-product": "铜箔"})
    entered = {"project": project.pk, "month": "2023-04", "percent": "30"}
    assert other.post(address(ProgressReport, "add"), entered).status_code == 302
    response = admin_client.post(page, seen)
    told = meanwhile(response)
    assert told["铜箔"] == [("Product", "隔膜", "铜箔")]
    assert [("It was added.", "", "")] in told.values()
    assert admin_client.post(page, confirmed(project)).status_code == 302
    assert ProgressReport.objects.count() == Capacity.objects.count() == 0


def test_the_action_of_a_list_deletes_all_or_nothing(admin_client: Client, other: Client) -> None:
    first, second = make_source(title="甲"), make_source(title="乙")
    listing = "/en" + address(Source, "changelist")
    sent = chosen_to_delete(first, second)
    rename(other, second, title="丙")
    response = admin_client.post(listing, sent)
    assert response.status_code == 200
    assert meanwhile(response) == {"丙": [("Title", "乙", "丙")]}
    assert Source.objects.count() == 2
    assert str(first.pk) in response.text
    again = sent | {"_version": version_on(response)}
    assert admin_client.post(listing, again).status_code == 302
    assert not Source.objects.exists()


@pytest.mark.parametrize("sent", ["", "0", "x", "-1", "９", "9" * 30, "1-" * 20_000])
def test_a_deletion_that_does_not_say_what_it_rests_on_is_refused(
    admin_client: Client, sent: str
) -> None:
    source = make_source()
    make_source()  # so that the first number is another's
    page = address(Source, "delete", source.pk)
    number = HistoryEntry.objects.get(model="districts.source", object_id=source.pk).pk
    response = admin_client.post(page, {"post": "yes", "_version": sent.replace("1", f"{number}1")})
    assert (response.status_code, Source.objects.count()) == (200, 2)


def test_a_row_of_a_form_is_not_deleted_unseen(admin_client: Client, other: Client) -> None:
    report = make_report(make_project(stage="building"), percent="20")
    capacity = make_capacity(report.project, 4, product="隔膜", unit=make_unit())
    page = "/en" + address(Project, "change", report.project.pk)
    mine = input_of(admin_client.get(page)) | {"capacities-0-DELETE": "on"}
    rename(other, report.project, **{"capacities-0-quantity": "5"})
    response: Any = admin_client.post(page, mine)
    assert list(errors_of(response)) == ["__all__"]
    (record,) = response.context["meanwhile"]
    assert [(c.label, c.was, c.now) for c in record.clashes] == [("Quantity", "4", "5")]
    capacity.refresh_from_db()
    again = input_of(response)
    assert again["capacities-0-DELETE"]
    assert admin_client.post(page, again).status_code == 302
    assert not Capacity.objects.exists()
