"""A district editor who names another district: in fields, rows, ids, actions and popups."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Permission, User
from django.test import Client

from districts.models import District, Membership, Reading, Source, Target
from districts.rights import may_write, may_write_record
from districts.roles import Role
from projects.models import Capacity, Company, Honour, Project, StageChange
from tests.desk import address, chosen_to_delete, confirmed, errors_of, input_of
from tests.factories import (
    change_stage,
    make_capacity,
    make_company,
    make_district,
    make_honour,
    make_indicator,
    make_participation,
    make_passage,
    make_project,
    make_reading,
    make_source,
    make_target,
)
from tests.members import logged_in, make_editor

pytestmark = pytest.mark.django_db


class Two:
    """Two districts of a city with a project each; `client` writes for the first."""

    def __init__(self) -> None:
        self.city = make_district("全市")
        self.ours = make_district("甲区", parent=self.city)
        self.theirs = make_district("乙区", parent=self.city)
        self.mine = make_project("我们的", stage="signed", district=self.ours)
        self.other = make_project("他们的", stage="signed", district=self.theirs)
        self.editor = make_editor(self.ours)
        self.client = logged_in(self.editor)

    def save(self, record: Any, **changes: Any) -> Any:
        page = address(type(record), "change", record.pk)
        return self.client.post(page, input_of(self.client.get(page)) | changes)


@pytest.fixture
def two() -> Two:
    return Two()


def test_the_rule(two: Two) -> None:
    below = make_district("甲镇", parent=two.ours)
    # A code that begins like another is not a place below it.
    beside = make_district("丙区", parent=two.city, code=two.ours.code + "0")
    table: dict[User, list[District | None]] = {
        two.editor: [two.ours, below],
        make_editor(two.city): [two.city, two.ours, below, two.theirs, beside],
        make_editor(two.ours, two.theirs): [two.ours, below, two.theirs],
        make_editor(): [],
        make_editor(role=Role.VIEWER): [],
        make_editor(role=Role.CITY_EDITOR): [two.city, two.ours, below, two.theirs, beside, None],
        make_editor(role=Role.ADMINISTRATOR): [two.city, two.ours, below, two.theirs, beside, None],
    }
    for user, places in table.items():
        for place in (two.city, two.ours, below, two.theirs, beside, None):
            assert may_write(user, place) == (place in places), (user, place)
    assert not may_write(AnonymousUser(), two.ours)
    gone = make_editor(two.ours, is_active=False)
    assert not gone.has_perm("projects.change_project", two.mine)


def test_permissions_over_a_record_ask_for_both_the_kind_and_the_place(two: Two) -> None:
    change = "projects.change_project"
    assert two.editor.has_perm(change, two.mine)
    assert not two.editor.has_perm(change, two.other)
    assert two.editor.has_perm("projects.view_project", two.other)
    viewer = make_editor(two.ours, role=Role.VIEWER)
    assert not viewer.has_perm(change, two.mine)
    # A membership alone, or a permission alone, gives nothing.
    nobody = User.objects.create_user("nobody", is_staff=True)
    nobody.user_permissions.add(Permission.objects.get(codename="change_project"))
    assert not nobody.has_perm(change, two.mine)
    # A record that hangs on nothing yet belongs to nobody's place.
    assert not may_write_record(two.editor, Project())
    assert not may_write_record(two.editor, StageChange())


@pytest.mark.parametrize("where", ["theirs", "city"])
def test_nothing_is_created_elsewhere(two: Two, where: str) -> None:
    place = getattr(two, where)
    no_rows = {
        f"{rows}-{count}_FORMS": "0"
        for rows in ("stage_changes", "capacities", "participations", "claims")
        for count in ("TOTAL", "INITIAL")
    }
    project = no_rows | {"name": "新", "slug": "new", "district": place.pk, "kind": "park"}
    figure = no_rows | {"district": place.pk, "indicator": make_indicator().pk, "value": "3"}
    for model, entered in (
        (Project, project),
        (Project, project | {"_popup": "1", "slug": "newer", "name": "更新"}),
        (Target, figure | {"comparator": "ge"}),
        (Reading, figure | {"period": "2023"}),
    ):
        response = two.client.post(address(model, "add"), entered)
        found = errors_of(response)
        assert list(found) == ["district"], model
        assert place.label in found["district"][0]
        ours = two.client.post(address(model, "add"), entered | {"district": two.ours.pk})
        assert ours.status_code == (200 if "_popup" in entered else 302)
        assert model.objects.filter(district=two.ours).latest("pk")
    assert not Target.objects.filter(district=place).exists()
    assert set(Project.objects.values_list("slug", "district")) >= {
        ("new", two.ours.pk),
        ("newer", two.ours.pk),
    }


def test_the_message_names_the_field_in_the_readers_language(two: Two) -> None:
    page = "/en" + address(Project, "change", two.mine.pk)
    entered = input_of(two.client.get(page)) | {"district": two.theirs.pk}
    response = two.client.post(page, entered)
    assert errors_of(response) == {"district": ["You may not write the records of “乙区”."]}


def test_nothing_is_moved_there_or_taken_from_there(two: Two) -> None:
    target, reading = make_target(district=two.ours), make_reading(district=two.ours)
    for record in (two.mine, target, reading):
        for place in (two.theirs, two.city):
            response = two.save(record, district=place.pk)
            assert list(errors_of(response)) == ["district"], record
        record.refresh_from_db()
        assert record.district == two.ours
    event = change_stage(two.mine, "building", "2023-05")
    assert list(errors_of(two.save(event, project=two.other.pk))) == ["project"]
    # Taken from there: their page refuses before it reads what was sent.
    for theirs in (two.other, make_target(district=two.theirs), two.other.stage_changes.get()):
        page = address(type(theirs), "change", theirs.pk)
        entered = {"district": two.ours.pk, "project": two.mine.pk, "name": "抢来的"}
        response = two.client.post(page, entered)
        assert response.status_code == 403
        assert "403" not in response.text
    two.other.refresh_from_db()
    assert (two.other.district, two.other.name) == (two.theirs, "他们的")


def test_a_phase_and_a_stage_stay_in_their_district(two: Two) -> None:
    assert list(errors_of(two.save(two.mine, parent=two.other.pk))) == ["parent"]
    added = {"project": two.other.pk, "stage": "building", "date": "2024", "basis": "stated"}
    for sent in (added, added | {"_popup": "1"}):
        response = two.client.post(address(StageChange, "add"), sent)
        assert list(errors_of(response)) == ["project"]
    assert two.other.stage_changes.count() == 1
    # What the city set before stays savable by the district.
    two.mine.parent = two.other
    two.mine.save()
    assert two.save(two.mine, name="改名").status_code == 302
    two.mine.refresh_from_db()
    assert (two.mine.name, two.mine.parent) == ("改名", two.other)


def test_forged_ids_of_rows_reach_nothing(two: Two) -> None:
    """A row's id, or its owner's, that belongs to another district's project."""
    foreign, own = make_capacity(two.other, product="别人的"), make_capacity(two.mine)
    event = change_stage(two.other, "building", "2023-05")
    old = make_participation(two.other)
    for changes in (
        {"capacities-0-id": foreign.pk, "capacities-0-product": "抢"},
        {"capacities-0-id": foreign.pk, "capacities-0-DELETE": "on"},
        {"stage_changes-2-0-id": event.pk, "stage_changes-2-0-stage": "closed"},
        {"stage_changes-2-0-id": event.pk, "stage_changes-2-0-DELETE": "on"},
        {"capacities-0-project": two.other.pk, "capacities-0-product": "搬"},
        {"stage_changes-0-project": two.other.pk, "stage_changes-0-stage": "closed",
         "stage_changes-0-date": "2024", "stage_changes-0-basis": "stated"},
        {"participations-TOTAL_FORMS": "1", "participations-INITIAL_FORMS": "1",
         "participations-0-id": old.pk, "participations-0-role": "builder"},
    ):  # fmt: skip
        response = two.save(two.mine, **changes)
        # A row to be deleted that is not of this project is passed over.
        assert response.status_code == (302 if "DELETE" in str(changes) else 200), changes
    own.refresh_from_db()
    assert own.project == two.mine
    assert list(two.other.capacities.values_list("product", flat=True)) == ["别人的"]
    assert two.other.participations.get().role == "investor"
    assert list(two.other.stage_changes.values_list("stage", flat=True)) == ["building", "signed"]


def test_rows_of_another_project_are_not_even_read(two: Two) -> None:
    make_capacity(two.other)
    page = address(Project, "change", two.other.pk)
    response = two.client.get(page)
    assert response.status_code == 200
    assert 'name="capacities-0-product"' not in response.text
    assert two.client.post(page, {"capacities-TOTAL_FORMS": "0"}).status_code == 403


def test_one_foreign_record_stops_a_whole_action(two: Two) -> None:
    """Also where it only goes along: a project's events and capacities with the project."""
    for own, other in (
        (two.mine, two.other),
        (two.mine.stage_changes.get(), two.other.stage_changes.get()),
        (make_target(district=two.ours), make_target(district=two.theirs)),
    ):
        listing = address(type(own), "changelist")
        chosen = chosen_to_delete(own, other)
        for sent in (chosen, chosen | {"post": ""}):
            response: Any = two.client.post(listing, sent)
            if sent["post"]:
                assert response.status_code == 403
            else:
                assert response.context["perms_lacking"]
        assert type(own)._default_manager.filter(pk__in=[own.pk, other.pk]).count() == 2
        if own != two.mine:
            assert two.client.post(listing, chosen_to_delete(own)).status_code == 302
            assert not type(own)._default_manager.filter(pk=own.pk).exists()


def test_shared_records_are_added_by_all_and_corrected_by_who_entered_them(two: Two) -> None:
    page = address(Source, "add")
    sent = input_of(two.client.get(page)) | {
        "title": "公报", "slug": "bulletin", "passages-TOTAL_FORMS": "1",
        "passages-0-order": "1", "passages-0-locator": "工业 ¶2", "passages-0-summary": "产值",
    }  # fmt: skip
    response = two.client.post(page, sent)
    assert response.status_code == 302, errors_of(response)
    source = Source.objects.get(slug="bulletin")
    assert (source.recorded_by, source.passages.count()) == (two.editor, 1)
    assert two.save(source, title="统计公报").status_code == 302
    source.refresh_from_db()
    assert (source.title, source.recorded_by) == ("统计公报", two.editor)
    colleague = logged_in(make_editor(two.theirs))
    page = address(Source, "change", source.pk)
    assert colleague.post(page, input_of(two.client.get(page))).status_code == 403
    city = logged_in(make_editor(role=Role.CITY_EDITOR))
    response = city.post(page, input_of(two.client.get(page)) | {"title": "市公报"})
    assert response.status_code == 302
    source.refresh_from_db()
    assert (source.title, source.recorded_by) == ("市公报", two.editor)
    # A seeded source and company belong to the city.
    seeded, company = make_source(), make_company()
    make_passage(seeded)
    make_honour(company)
    for record in (seeded, company):
        page = address(type(record), "change", record.pk)
        assert two.client.post(page, {}).status_code == 403
        assert (
            two.client.post(address(type(record), "delete", record.pk), {"post": "yes"}).status_code
            == 403
        )


def test_a_district_adds_honours_to_companies_of_its_projects_and_writes_nothing_else_of_them(
    two: Two,
) -> None:
    """As long as the company takes part, and only what they added themselves."""
    theirs, foreign = make_company(), make_company()
    part = make_participation(two.mine, theirs)
    make_participation(two.other, foreign)
    page = address(Honour, "add")
    typed = {"title": "专精特新", "year": "2023", "slug": "a"}

    def add(company: Company, slug: str) -> int:
        sent = typed | {"company": company.pk, "slug": slug, "title": slug}
        response = two.client.post(page, sent)
        assert (response.status_code == 302) == Honour.objects.filter(slug=slug).exists()
        return int(response.status_code)

    assert add(theirs, "ours") == 302
    assert add(foreign, "foreign") == 200
    assert add(make_company(), "nobodys") == 200
    honour = Honour.objects.get()
    assert honour.recorded_by == two.editor
    assert two.save(honour, year="2024").status_code == 302
    # It does not move to another's company; another's honour and the company itself stay shut.
    response = two.save(honour, company=foreign.pk)
    assert (response.status_code, list(errors_of(response))) == (200, ["__all__"])
    earlier = make_honour(theirs)
    colleague = make_honour(theirs, recorded_by=make_editor(two.theirs))
    for record in (earlier, colleague, theirs):
        for name in ("change", "delete"):
            where = address(type(record), name, record.pk)
            assert two.client.post(where, confirmed(record)).status_code == 403, (record, name)
    assert address(Honour, "add") in two.client.get(address(Company, "change", theirs.pk)).text
    # With the company gone from the project the right goes too.
    part.delete()
    where = address(Honour, "change", honour.pk)
    assert two.client.post(where, {"title": "改"}).status_code == 403
    assert add(theirs, "late") == 200
    honour.refresh_from_db()
    assert (honour.company, honour.year) == (theirs, 2024)


def test_a_company_takes_no_reading_of_another_district(two: Two) -> None:
    company = make_company(recorded_by=two.editor)
    foreign, own = make_reading(district=two.theirs), make_reading(district=two.ours)
    assert two.save(company, readings=[own.pk]).status_code == 302
    assert list(errors_of(two.save(company, readings=[own.pk, foreign.pk]))) == ["readings"]
    company.readings.add(foreign)  # by the city: it may stay, but not be taken away
    assert two.save(company, readings=[foreign.pk]).status_code == 302
    assert list(errors_of(two.save(company, readings=[]))) == ["readings"]
    assert list(company.readings.all()) == [foreign]


def test_figures_of_the_whole_city_are_not_the_districts(two: Two) -> None:
    reading = make_reading(district=two.city)
    assert two.client.post(address(Reading, "change", reading.pk), {}).status_code == 403


def test_what_was_sent_from_own_page_still_works(two: Two) -> None:
    company = make_company()
    response = two.save(
        two.mine,
        **{
            "stage_changes-0-stage": "building", "stage_changes-0-date": "2023-05",
            "stage_changes-0-basis": "stated", "capacities-TOTAL_FORMS": "1",
            "capacities-0-product": "隔膜", "capacities-0-basis": "stated",
            "participations-TOTAL_FORMS": "1", "participations-0-company": company.pk,
            "participations-0-role": "investor", "participations-0-basis": "stated",
        },
    )  # fmt: skip
    assert response.status_code == 302, errors_of(response)
    two.mine.refresh_from_db()
    assert (two.mine.stage, Capacity.objects.get().project) == ("building", two.mine)
    assert two.mine.stage_changes.get(stage="building").recorded_by == two.editor


def test_a_list_that_is_edited_in_place_asks_too(two: Two, monkeypatch: Any) -> None:
    """No list is today; one that becomes so must not open a way around."""
    from django.contrib import admin

    desk = admin.site._registry[Target]
    monkeypatch.setattr(desk, "list_editable", ["value"])
    monkeypatch.setattr(desk, "list_display", ["slug", "value"])
    own, other = make_target(5, district=two.ours), make_target(6, district=two.theirs)
    listing = address(Target, "changelist")
    formset = two.client.get(listing).context["cl"].formset
    for record, status in ((own, 302), (other, 200)):
        sent = {
            "_save": "1",
            **{f"form-{n}": v for n, v in formset.management_form.initial.items()},
        }
        for number, form in enumerate(formset.forms):
            sent[f"form-{number}-id"] = form.instance.pk
            sent[f"form-{number}-value"] = "7" if form.instance == record else form.instance.value
        assert two.client.post(listing, sent).status_code == status, record
    own.refresh_from_db()
    other.refresh_from_db()
    assert [own.value, other.value] == [Decimal(7), Decimal(6)]


def test_administrators_give_nobody_more_than_they_have(two: Two) -> None:
    administrator = make_editor(role=Role.ADMINISTRATOR)
    client: Client = logged_in(administrator)
    for user, page_opens in ((two.editor, True), (administrator, True)):
        page = address(User, "change", user.pk)
        sent = input_of(client.get(page)) | {
            "is_superuser": "on",
            "memberships-TOTAL_FORMS": "0",
            "memberships-INITIAL_FORMS": "0",
        }
        assert (client.post(page, sent).status_code == 302) == page_opens
        user.refresh_from_db()
        assert not user.is_superuser
    root = User.objects.create_superuser("root")
    for page in ("change", "delete"):
        assert client.post(address(User, page, root.pk), {"post": "yes"}).status_code == 403
    # A place is given on the page of the account.
    page = address(User, "change", two.editor.pk)
    sent = input_of(client.get(page)) | {
        "memberships-TOTAL_FORMS": "2",
        "memberships-1-place": two.theirs.pk,
    }
    response = client.post(page, sent)
    assert response.status_code == 302, errors_of(response)
    assert set(Membership.objects.filter(user=two.editor).values_list("place", flat=True)) == {
        two.ours.pk,
        two.theirs.pk,
    }
    assert District.objects.count() == 3
    assert Company.objects.count() == 0
