"""The list's parameters against a naive recomputation, their counts, and what they refuse."""

import random
from collections.abc import Iterable
from datetime import date
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from django.test import Client
from pypinyin import Style, lazy_pinyin

from districts.models import District
from projects.facets import facets
from projects.filters import ORDERINGS, ProjectFilter
from projects.models import Company, Project, Segment
from projects.stages import ORDER, Stage
from tests.factories import (
    change_stage,
    day,
    make_capacity,
    make_company,
    make_district,
    make_participation,
    make_project,
    make_segment,
)


def select(query: str) -> ProjectFilter:
    return ProjectFilter(QueryDict(query), queryset=Project.objects.all())


def slugs(query: str) -> list[str]:
    filterset = select(query)
    assert filterset.is_valid(), filterset.errors
    return [project.slug for project in filterset.selection()]


def everything() -> list[Project]:
    """All projects with what the loops look at, fetched once for many selections."""
    return list(
        Project.objects.select_related("district__parent__parent").prefetch_related(
            "stage_changes", "capacities__segment", "participations__company"
        )
    )


def naive(projects: Iterable[Project], parameters: list[tuple[str, str]]) -> set[str]:
    """What the parameters select, by loops over everything."""
    wanted: dict[str, set[str]] = {}
    for name, value in parameters:
        wanted.setdefault(name, set()).add(value)
    as_of = date.fromisoformat(next(iter(wanted["as_of"]))) if "as_of" in wanted else None
    found = set()
    for project in projects:
        events = sorted(
            (
                event
                for event in project.stage_changes.all()
                if as_of is None or event.date <= as_of
            ),
            key=lambda event: (event.date, event.pk),
        )
        if as_of is not None and not events:
            continue
        stage, basis = (events[-1].stage, events[-1].basis) if events else ("unknown", "")
        places = {project.district.slug}
        above = project.district.parent
        while above is not None:
            places.add(above.slug)
            above = above.parent
        segments = {c.segment.code for c in project.capacities.all() if c.segment}
        companies = {p.company.slug for p in project.participations.all()}
        place = project.district
        names = [project.name, project.name_en]
        names += [place.name, place.name_en, place.short_name, place.short_name_en]
        names += [text for c in project.capacities.all() for text in (c.product, c.product_en)]
        for taking_part in project.participations.all():
            company = taking_part.company
            names += [company.name, company.name_en, company.short_name, company.short_name_en]
        first = {name: next(iter(chosen)) for name, chosen in wanted.items()}
        holds = {
            "district": places & wanted.get("district", set()),
            "stage": stage in wanted.get("stage", set()),
            "segment": segments & wanted.get("segment", set()),
            "company": companies & wanted.get("company", set()),
            "kind": project.kind in wanted.get("kind", set()),
            "basis": basis in wanted.get("basis", set()),
            "q": any(first.get("q", "").lower() in text for text in typed(names)),
            "due_after": project.due
            and project.due >= date.fromisoformat(first.get("due_after", "9999-12-31")),
            "due_before": project.due
            and project.due <= date.fromisoformat(first.get("due_before", "0001-01-01")),
            "as_of": True,
        }
        if all(holds[name] for name in wanted):
            found.add(project.slug)
    return found


def typed(names: list[str]) -> list[str]:
    """The names as people may type them: as they are, in pinyin, in its initials; without spaces."""
    texts = [*names]
    for name in names:
        texts.append("".join(lazy_pinyin(name)))
        texts.append("".join(lazy_pinyin(name, style=Style.FIRST_LETTER)))
    return ["".join(text.lower().split()) for text in texts]


def combinations(seed: int, count: int) -> Iterable[list[tuple[str, str]]]:
    """Random but repeatable selections of values that exist, and of some that match nothing."""
    chance = random.Random(seed)
    values: dict[str, list[str]] = {
        "district": list(District.objects.values_list("slug", flat=True)),
        "stage": Stage.values,
        "segment": list(Segment.objects.values_list("code", flat=True)),
        "company": list(Company.objects.values_list("slug", flat=True)),
        "kind": Project.Kind.values,
        "basis": ["stated", "inferred"],
    }
    single = {
        "q": ["磷酸", "电解", "项目", "Tai", "dianjie", "tzs", "没有这个"],
        "due_after": ["2023-01-01", "2023-06-01", "2024-01-01"],
        "due_before": ["2023-05-31", "2023-12-31"],
        "as_of": ["2023-02-01", "2023-02-08", "2023-02-28", "2022-01-01"],
    }
    for _ in range(count):
        chosen = [
            (name, value)
            for name in chance.sample(list(values), chance.randint(0, 3))
            for value in chance.sample(values[name], chance.randint(1, min(3, len(values[name]))))
        ]
        chosen += [
            (name, chance.choice(single[name]))
            for name in chance.sample(list(single), chance.randint(0, 2))
        ]
        yield chosen


@pytest.mark.parametrize("seed", range(4))
def test_any_combination_selects_what_loops_select(report: None, seed: int) -> None:
    sizes = set()
    projects = everything()
    for parameters in combinations(seed, 40):
        found = slugs(urlencode(parameters))
        assert set(found) == naive(projects, parameters), parameters
        assert len(found) == len(set(found)), parameters
        sizes.add(len(found))
    assert len(sizes) > 3  # the combinations do select different things


@pytest.mark.parametrize("seed", range(2))
def test_the_count_of_a_choice_is_what_adding_it_gives(report: None, seed: int) -> None:
    checked = 0
    for parameters in combinations(seed + 100, 12):
        before = len(slugs(urlencode(parameters)))
        for facet in facets(select(urlencode(parameters))):
            for choice in facet.choices:
                if choice.chosen:
                    alone = [(n, v) for n, v in parameters if n != facet.name]
                    assert choice.count == len(
                        slugs(urlencode([*alone, (facet.name, choice.value)]))
                    )
                    continue
                after = len(slugs(urlencode([*parameters, (facet.name, choice.value)])))
                gained = after - before if facet.any_chosen else after
                assert choice.count == gained, (parameters, facet.name, choice)
                checked += 1
    assert checked > 50


def test_a_facet_offers_nothing_that_selects_nothing(report: None) -> None:
    for facet in facets(select("district=shanting")):
        if facet.name != "district":
            assert all(choice.count for choice in facet.choices), facet.name


def test_two_companies_and_two_products_are_still_one_row(db: None) -> None:
    project = make_project("两家两样")
    segment = make_segment("M1")
    for number in range(2):
        make_participation(project, make_company(f"甲公司{number}"))
        make_capacity(project, segment=segment, product=f"甲产品{number}")
    assert slugs("q=甲") == [project.slug]
    assert slugs("segment=M1") == [project.slug]


def test_a_chosen_place_without_a_project_stands_among_its_neighbours(db: None) -> None:
    city = make_district("城", parent=make_district("省"))
    empty, other = make_district(parent=city), make_district(parent=city)
    make_project(district=other)

    asked = ProjectFilter(QueryDict(f"district={empty.slug}"), queryset=Project.objects.all())
    [places] = [facet for facet in facets(asked) if facet.name == "district"]

    assert [(choice.value, choice.count, choice.chosen) for choice in places.choices] == [
        (city.slug, 1, False),
        (empty.slug, 0, True),
        (other.slug, 1, False),
    ]


def test_a_city_contains_its_districts(db: None) -> None:
    city = make_district(slug="city")
    place = make_district(slug="place", parent=city)
    project = make_project(district=place)
    make_project(district=make_district(slug="elsewhere"))
    assert slugs("district=city") == [project.slug]


@pytest.mark.parametrize("literal", ["%", "_", "\\"])
def test_signs_of_patterns_are_literal_in_a_search(db: None, literal: str) -> None:
    with_sign = make_project(f"项目{literal}一")
    make_project("项目二")
    assert slugs(urlencode({"q": literal})) == [with_sign.slug]


@pytest.mark.parametrize("name", ORDERINGS)
def test_each_order_and_its_reverse(report: None, name: str) -> None:
    forward = list(select(f"ordering={name}").selection())
    backward = list(select(f"ordering=-{name}").selection())
    keys: dict[str, Any] = {
        "name": lambda p: p.name,
        "district": lambda p: p.district.path,
        "stage": lambda p: ORDER[p.stage],
        "due": lambda p: p.due,
        "updated": lambda p: p.updated_at,
    }
    key = keys[name]
    for rows, reverse in ((forward, False), (backward, True)):
        known = [key(p) for p in rows if key(p) is not None]
        if name != "name":  # each database has its own order of Chinese; that it sorts is enough
            assert known == sorted(known, reverse=reverse)
        # What is unknown comes last in either direction.
        assert [p for p in rows if key(p) is None] == rows[len(known) :]
    assert [p.pk for p in forward] != [p.pk for p in backward]


BAD = [
    ("stage", "foo"),
    ("stage", "在建"),
    ("kind", "factory"),
    ("basis", "guessed"),
    ("district", "atlantis"),
    ("district", "a\x00b"),
    ("segment", "Z9"),
    ("company", "' OR 1=1 --"),
    ("q", "a\x00b"),
    ("q", "字" * 101),
    ("due_after", "2023-13-01"),
    ("due_after", "yesterday"),
    ("due_before", "2023-02-30"),
    ("as_of", "2023"),
    ("as_of", "２０２３-02-13"),
    ("ordering", "password"),
    ("ordering", "--name"),
    ("page", "0"),
    ("page", "-1"),
    ("page", "１"),
    ("page", "99999999999999999999"),
    ("columns", "secret"),
]


@pytest.mark.parametrize("prefix", ["", "/en"])
@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_value_is_refused_by_name_and_shows_no_row(
    report: None, client: Client, prefix: str, name: str, value: str
) -> None:
    response = client.get(f"{prefix}/projects/", {name: value})
    text = response.content.decode()
    assert response.status_code == 400
    assert f"<code>{name}</code>" in text
    assert "/projects/chuangpusi" not in text
    assert ("网址参数有误" if not prefix else "cannot be answered") in text


@pytest.mark.parametrize(
    "path", ["/projects.csv", "/capacities.csv", "/targets.csv", "/readings.csv"]
)
def test_exports_refuse_what_the_page_refuses(report: None, client: Client, path: str) -> None:
    for query in ({"district": "atlantis"}, {"as_of": "soon"}, {"headers": "none"}):
        response = client.get(path, query)
        assert response.status_code == 400, query
        assert f"<code>{next(iter(query))}</code>" in response.content.decode()


@pytest.mark.parametrize(
    "path", ["/", "/districts/tengzhou/", "/targets/", "/chain/", "/charts/map.csv"]
)
def test_a_bad_day_is_refused_everywhere(report: None, client: Client, path: str) -> None:
    response = client.get(path, {"as_of": "2023-02-31"})
    assert response.status_code == 400
    assert "<code>as_of</code>" in response.content.decode()


def test_unknown_parameters_are_ignored(report: None, client: Client) -> None:
    assert client.get("/projects/?utm_source=wechat&fbclid=1").status_code == 200


def test_htmx_gets_the_fragment_and_a_reader_the_page(report: None, client: Client) -> None:
    page = client.get("/projects/?stage=building")
    fragment = client.get("/projects/?stage=building", headers={"HX-Request": "true"})
    assert "<html" in page.content.decode()
    assert "<html" not in fragment.content.decode()
    assert 'id="results"' in fragment.content.decode()
    assert "HX-Request" in page["Vary"]


def test_an_empty_result_names_the_filter_to_relax(report: None, client: Client) -> None:
    text = client.get("/projects/?district=yicheng&stage=producing").content.decode()
    assert 'href="?district=yicheng"' in text
    assert 'href="?stage=producing"' in text


def test_removing_one_filter_is_one_link(report: None, client: Client) -> None:
    text = client.get("/projects/?district=yicheng&district=tengzhou&stage=signed").content.decode()
    assert 'href="?district=tengzhou&amp;stage=signed"' in text
    assert 'href="?district=yicheng&amp;district=tengzhou"' in text


def test_as_of_a_past_day_shows_the_stage_of_that_day(db: None) -> None:
    project = make_project(stage="signed", since="2023-01-10")
    change_stage(project, "building", "2023-03-05")
    later = make_project(stage="building", since="2023-04-01")
    stages = {p.slug: p.at_stage for p in select("as_of=2023-02-13").selection()}
    assert stages == {project.slug: "signed"}
    assert slugs("as_of=2023-03-05&stage=building") == [project.slug]
    assert set(slugs("stage=building")) == {project.slug, later.slug}
    assert Project.objects.at(day("2023-01-09")).count() == 0
