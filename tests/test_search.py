"""A search finds what it means: in Chinese, by pinyin, by initials, in English; the known item first."""

import re
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.db import connection, models, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.models import F, Subquery, Value
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypinyin import Style, lazy_pinyin

from districts.models import District
from projects.filters import CompanyFilter, ProjectFilter
from projects.models import (
    Capacity,
    Company,
    CompanyPairs,
    Participation,
    Project,
    ProjectPairs,
)
from projects.search import keys, normal
from projects.words import words
from tests.factories import (
    make_capacity,
    make_company,
    make_district,
    make_participation,
    make_project,
)

pytestmark = pytest.mark.django_db


def projects(text: str) -> list[str]:
    parameters = QueryDict(mutable=True)
    parameters["q"] = text
    return [row.slug for row in ProjectFilter(parameters, Project.objects.all()).selection()]


def companies(text: str) -> list[str]:
    parameters = QueryDict(mutable=True)
    parameters["q"] = text
    return [row.slug for row in CompanyFilter(parameters, Company.objects.all()).selection()]


def ways(chinese: str, english: str) -> list[str]:
    """How people type a name."""
    return [
        chinese,
        "".join(lazy_pinyin(chinese)),
        " ".join(lazy_pinyin(chinese)).title(),
        "".join(lazy_pinyin(chinese, style=Style.FIRST_LETTER)),
        english,
    ]


def test_every_project_of_the_report_is_among_the_first_three(report: None) -> None:
    everything = Project.objects.all()
    assert len(everything) > 20
    for project in everything:
        for text in ways(project.name, project.name_en):
            assert project.slug in projects(text[:100])[:3], text


def test_every_company_of_the_report_is_among_the_first_three(report: None) -> None:
    everything = Company.objects.all()
    assert len(everything) > 10
    for company in everything:
        texts = ways(company.short_name, company.short_name_en)
        texts += [company.name, company.name_en]
        for text in texts:
            assert company.slug in companies(text[:100])[:3], text


def test_every_companys_projects_are_found_by_its_name(report: None) -> None:
    for part in Participation.objects.select_related("company", "project"):
        company = part.company
        own = {row.project.slug for row in company.participations.select_related("project")}
        for text in ways(company.short_name, company.short_name_en):
            found = projects(text)
            assert part.project.slug in found, text
            assert set(found[:3]) & own, text


def test_initials_of_a_district_and_pinyin_of_a_product(report: None) -> None:
    found = projects("tzs")
    assert set(
        Project.objects.filter(district__slug="tengzhou").values_list("slug", flat=True)
    ) <= set(found)
    assert "tianhe-electrolyte" in projects("dianjieye")
    assert "tianhe-electrolyte" in projects("djy")


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("重点实验室", ["zhongdianshiyanshi", "zdsys", "zhong dian", "点实"]),
        ("长城重工", ["changcheng", "cczg"]),
        ("银行大厦", ["yinhang", "YHDS"]),
        ("重庆铝箔", ["chongqinglvbo", "lübo", "cqlb"]),
        ("成长电池", ["chengzhang", "czdc"]),
        ("ＡＢＣ电池（深圳）", ["abc", "电池(深圳)", "电池（深圳）", "ABC电"]),
    ],
)
def test_characters_with_several_sounds_and_widths(name: str, texts: list[str]) -> None:
    project = make_project(name, district=make_district("区"))
    make_project("别的")
    for text in texts:
        assert projects(text) == [project.slug], text


@pytest.mark.parametrize("text", ["%", "_", "\\", "a%b", "%%", "' or 1=1"])
def test_nothing_is_a_wildcard(text: str) -> None:
    make_project("甲")
    hit = make_project(f"乙{text}丙")
    assert projects(text) == [hit.slug]


def test_what_is_called_so_comes_before_what_has_such_a_company() -> None:
    place = make_district("区")
    company = make_company("天和", slug="th")
    other = make_project("一号", slug="a-other", district=place)
    make_participation(other, company)
    inside = make_project("新天和", slug="b-inside", district=place)
    begins = make_project("天和电解液", slug="c-begins", district=place)
    exact = make_project("天和", slug="d-exact", district=place)
    order = [exact.slug, begins.slug, other.slug, inside.slug]
    assert projects("天和") == order
    assert projects("tianhe") == order
    assert projects("th") == order


def test_pages_and_exports_follow_the_same_order(report: None, client: Client) -> None:
    for text in ("tianhe", "锂", "dianjieye"):
        wanted = projects(text)
        assert wanted
        lines = b"".join(client.get("/projects.csv", {"q": text, "headers": "codes"})).decode()
        assert [line.split(",")[1] for line in lines.splitlines()[1:]] == wanted
        page = client.get("/projects/", {"q": text})
        assert [row.slug for row in page.context["page"].object_list] == wanted
    page = client.get("/projects/", {"q": "锂", "ordering": "name"})
    named = [row.name for row in page.context["page"].object_list]
    assert [row.slug for row in page.context["page"].object_list] == list(
        Project.objects.filter(name__in=named)
        .order_by("name", "slug")
        .values_list("slug", flat=True)
    )


def test_what_very_many_have_comes_in_the_order_of_the_page(
    report: None, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ranked = projects("锂")
    ranked_companies = companies("有限公司")
    monkeypatch.setattr("projects.words.MANY", len(ranked) - 1)
    everything = Project.objects.filter(slug__in=ranked)
    plain = list(everything.order_by("district__path", "slug").values_list("slug", flat=True))
    assert projects("锂") == plain != ranked
    page = client.get("/projects/", {"q": "锂"})
    assert [row.slug for row in page.context["page"].object_list] == plain
    assert page.context["page"].paginator.count == len(plain)
    answer = client.get("/api/capacities/", {"q": "锂", "page_size": "100"}).json()
    order = [row["project"] for row in answer["results"]]
    assert list(dict.fromkeys(order)) == [slug for slug in plain if slug in order]
    assert projects("tianhe")[0] == "tianhe-electrolyte"
    monkeypatch.setattr("projects.words.MANY", 1)
    assert sorted(companies("有限公司")) == sorted(ranked_companies)


def test_a_company_by_any_of_its_names(report: None) -> None:
    assert companies("zhongcailimo")[0] == "sinoma-separator"
    assert companies("zclm")[0] == "sinoma-separator"
    assert companies("Sinoma Separator")[0] == "sinoma-separator"
    assert companies("没有这个") == []


# Kept right, whatever is written


def drift() -> list[str]:
    """The rows whose kept text is not what a fresh reading of all names gives."""
    wrong = []
    for company in Company.objects.all():
        own = [company.name, company.name_en, company.short_name, company.short_name_en]
        if set(company.search.split("\n")) - {""} != set(keys(*own)):
            wrong.append(str(company))
    for project in Project.objects.all():
        place = project.district
        every = [project.name, project.name_en]
        related = [place.name, place.name_en, place.short_name, place.short_name_en]
        for part in project.participations.all():
            row = part.company
            related += [row.name, row.name_en, row.short_name, row.short_name_en]
        for capacity in project.capacities.all():
            related += [capacity.product, capacity.product_en]
        wanted = set(keys(*every)) | {f"\t{key}" for key in set(keys(*related)) - set(keys(*every))}
        if set(project.search.split("\n")) - {""} != wanted:
            wrong.append(str(project))
    for model, rows in ((Project, ProjectPairs), (Company, CompanyPairs)):
        kept = dict(rows._default_manager.values_list("pk", "pairs"))
        texts = dict(model._default_manager.values_list("pk", "search"))
        if kept != {pk: words(text) for pk, text in texts.items()}:
            wrong.append(f"words of {model.__name__}")
    return wrong


def misfound(model: type[Project] | type[Company]) -> list[str]:
    """The searches for one and two Chinese characters that do not find or count what contains them."""
    texts = dict(model.objects.values_list("pk", "search"))
    sought = {
        text[at : at + size] for text in texts.values() for at in range(99) for size in (1, 2)
    }
    return [
        f"{model.__name__} {part}"
        for part in sorted(sought | {"没有", "没"})
        if re.fullmatch("[㐀-鿿]+", part)
        and (
            (found := set(model.objects.matching(part).values_list("pk", flat=True)))
            != {pk for pk, text in texts.items() if part in text}
            or model.objects.matching(part).count() != len(found)
        )
    ]


@pytest.mark.parametrize("model", [Project, Company])
def test_counting_a_pair_reads_no_record(
    report: None, model: type[Project] | type[Company]
) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert model.objects.matching("电池").count() > 0
    assert len(queries) == 1
    assert f'"{model._meta.db_table}"' not in queries[0]["sql"]


def test_the_seed_leaves_no_drift(report: None) -> None:
    assert drift() == []
    call_command("rebuild_search", stdout=None)
    assert drift() == []
    assert misfound(Project) + misfound(Company) == []


def test_rebuilding_mends_what_was_written_past_the_tracker(
    report: None, capsys: pytest.CaptureFixture[str]
) -> None:
    models.QuerySet(Project).filter(slug="tianhe-electrolyte").update(name="改名", search="?")
    models.QuerySet(Company).filter(slug="tianhe").update(short_name="改称")
    assert drift()
    call_command("rebuild_search")
    assert "1 companies" in capsys.readouterr().out
    assert drift() == []
    call_command("rebuild_search")
    assert "0 companies, 0 projects" in capsys.readouterr().out


def test_the_index_is_made_anew_from_the_texts(
    report: None, capsys: pytest.CaptureFixture[str]
) -> None:
    models.QuerySet(ProjectPairs).filter(pk__in=Project.objects.all()[:9]).delete()
    models.QuerySet(CompanyPairs).update(pairs="没有")
    assert len(drift()) == 2
    assert misfound(Project)
    assert misfound(Company)
    call_command("rebuild_words")
    assert f"16 companies, {Project.objects.count()} projects" in capsys.readouterr().out
    assert drift() == []
    # The index goes on following.
    Project.objects.filter(slug="tianhe-electrolyte").update(name="改名")
    assert drift() == []
    assert misfound(Project) + misfound(Company) == []


def test_renaming_a_company() -> None:
    company = make_company("旧名")
    project = make_project("一号")
    make_participation(project, company)
    company.name = company.short_name = "新名"
    company.save()
    assert projects("xinming") == [project.slug]
    assert projects("旧名") == []
    Company.objects.filter(pk=company.pk).update(name="再改", short_name="再改")
    assert projects("zaigai") == [project.slug]
    assert companies("zg") == [company.slug]
    company.name_en = "Third"
    Company.objects.bulk_update([company], ["name_en"])
    assert projects("third") == [project.slug]
    company.short_name_en = "Fourth"
    company.save(update_fields=["short_name_en"])
    assert (projects("fourth"), companies("fourth")) == ([project.slug], [company.slug])
    assert drift() == []


def test_products_and_participations() -> None:
    first, second = make_project("一号"), make_project("二号")
    capacity = make_capacity(first, product="隔膜")
    assert projects("gemo") == [first.slug]
    capacity.project, capacity.product = second, "电解液"
    capacity.save()
    assert (projects("gemo"), projects("djy")) == ([], [second.slug])
    Capacity.objects.filter(pk=capacity.pk).update(product="铝箔", project=first)
    assert projects("lvbo") == [first.slug]
    first.capacities.all().delete()
    assert projects("lvbo") == []
    part = make_participation(first, make_company("天和"))
    assert projects("天和") == [first.slug]
    part.project = second
    part.company = make_company("欣旺达")
    part.save()
    assert (projects("天和"), projects("xwd")) == ([], [second.slug])
    other = Company.objects.filter(name="天和").values("pk")
    Participation.objects.filter(pk=part.pk).update(company=Subquery(other))
    assert (projects("天和"), projects("xwd")) == ([second.slug], [])
    first.participations.add(part)
    assert projects("tianhe") == [first.slug]
    part.delete()
    assert projects("tianhe") == []
    Capacity.objects.bulk_create(
        [Capacity(project=first, product="正极"), Capacity(project=second, product="负极")]
    )
    assert (projects("zhengji"), projects("fuji")) == ([first.slug], [second.slug])
    assert drift() == []


def test_projects_and_their_districts() -> None:
    old, new = make_district("甲县"), make_district("乙县")
    project = make_project("一号", district=old)
    assert projects("jx") == [project.slug]
    new.projects.add(project)
    assert (projects("jx"), projects("yixian")) == ([], [project.slug])
    new.name = new.short_name = "丙县"
    new.save()
    assert (projects("yixian"), projects("bingxian")) == ([], [project.slug])
    District.objects.filter(pk=new.pk).update(short_name="丁县")
    assert projects("dingxian") == [project.slug]
    new.refresh_from_db()
    new.name_en = "Wu"
    District.objects.bulk_update([new], ["name_en"])
    assert projects("wu") == [project.slug]
    Project.objects.filter(pk=project.pk).update(name=Value("二号"), name_en=F("slug"))
    assert projects("erhao") == projects(project.slug) == [project.slug]
    project.refresh_from_db()
    project.name = "三号"
    project.save(update_fields=["name"])
    assert projects("sanhao") == [project.slug]
    Project.objects.bulk_create([Project(name="四号", slug="four", district=old)])
    assert projects("sihao") == ["four"]
    assert drift() == []


def test_the_kept_text_cannot_be_written() -> None:
    project, company = make_project("一号"), make_company("天和")
    with pytest.raises(ValueError, match="search"):
        Project.objects.update(search="x")
    with pytest.raises(ValueError, match="search"):
        Company.objects.update(search="x")
    project.search = company.search = "x"
    project.save()
    company.save()
    assert drift() == []


NAMES = ["天和", "电解液", "重点", "Tianhe", "铝箔 A", ""]
steps = st.tuples(
    st.sampled_from(["project", "company", "district", "capacity", "part", "move", "drop", "bulk"]),
    st.integers(0, 5),
    st.sampled_from(NAMES[:-1]),
    st.sampled_from(NAMES),
)


@given(st.lists(steps, max_size=10))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_sequence_of_writes(moves: list[tuple[str, int, str, str]]) -> None:
    with transaction.atomic():
        places = [make_district(), make_district()]
        rows = [make_project(district=place) for place in places]
        firms = [make_company(), make_company()]
        for number, (kind, pick, name, english) in enumerate(moves):
            project, firm, place = rows[pick % 2], firms[pick // 2 % 2], places[pick % 2]
            unique = f"{name}{number}"
            if kind == "project":
                project.name, project.name_en = unique, english
                project.save()
            elif kind == "company":
                firm.name, firm.short_name, firm.name_en = unique, name, english
                firm.save()
            elif kind == "district":
                place.short_name, place.name_en = name, english
                place.save()
            elif kind == "capacity":
                make_capacity(project, product=unique, product_en=english)
            elif kind == "part":
                Participation.objects.get_or_create(project=project, company=firm, role="partner")
            elif kind == "move":
                Capacity.objects.filter(project=project).update(project=rows[(pick + 1) % 2])
            elif kind == "drop":
                Participation.objects.filter(project=project).delete()
                Capacity.objects.filter(project=project).delete()
            else:
                Company.objects.filter(pk=firm.pk).update(short_name=name)
                Project.objects.filter(pk=project.pk).update(name_en=english)
            assert drift() == []
        assert misfound(Project) + misfound(Company) == []
        transaction.set_rollback(True)


def test_normal_forms() -> None:
    assert normal(" Tian  He ") == "tianhe"
    assert keys("电解液", "Electrolyte", "") == ["电解液", "dianjieye", "djy", "electrolyte"]


def test_the_migration_fills_what_the_models_keep(report: None) -> None:
    migration = import_module("projects.migrations.0003_search_texts")
    kept = dict(Project.objects.values_list("pk", "search"))
    kept_companies = dict(Company.objects.values_list("pk", "search"))
    for model in (Project, Company):
        models.QuerySet(model).update(search="")
    then = MigrationLoader(connection).project_state(("projects", "0003_search_texts")).apps
    migration.fill(then, SimpleNamespace(connection=connection))
    assert dict(Project.objects.values_list("pk", "search")) == kept
    assert dict(Company.objects.values_list("pk", "search")) == kept_companies
