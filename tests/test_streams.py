"""The lines that the database writes are those that the exports' own columns give, byte for byte."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import OperationalError, connection, models, transaction
from django.db.models.expressions import RawSQL
from django.http import QueryDict
from django.test import Client
from django.utils.translation import override
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projects import exports
from projects.cells import project_cells
from projects.exports import PROJECT_COLUMNS
from projects.filters import ProjectFilter
from projects.models import Project
from projects.querysets import ProjectQuerySet
from projects.streams import project_lines
from tests.factories import (
    change_stage,
    make_capacity,
    make_company,
    make_district,
    make_participation,
    make_project,
    make_segment,
    make_source,
    make_unit,
)
from tests.test_export_limits import HOSTILE
from zaozhuang.csvfile import csv_lines
from zaozhuang.dates import PartialDate, Precision

pytestmark = pytest.mark.django_db
LANGUAGES = ["zh-hans", "en"]


def selected(query: str = "") -> ProjectQuerySet:
    return ProjectFilter(QueryDict(query), Project.objects.all()).selection()


def streamed(rows: ProjectQuerySet) -> str:
    return b"".join(
        part if isinstance(part, bytes) else part.encode() for part in project_lines(rows)
    ).decode()


def by_record(rows: ProjectQuerySet) -> str:
    lines = "".join(csv_lines(PROJECT_COLUMNS, rows.for_list(), codes=True))
    return lines.partition("\r\n")[2]


def assert_same(query: str = "") -> None:
    for language in LANGUAGES:
        with override(language):
            rows = selected(query)
            assert streamed(rows).split("\r\n") == by_record(rows).split("\r\n")


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite counts its own time alone")
def test_whoever_reads_slowly_is_not_cut_off() -> None:
    make_project(stage="building")
    slow = RawSQL("SELECT id FROM projects_project, (SELECT pg_sleep(0.3)) AS s", [])
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 100")
    with pytest.raises(OperationalError, match="timeout"), transaction.atomic():
        list(Project.objects.filter(pk__in=slow))
    assert list(project_lines(Project.objects.at(None).filter(pk__in=slow)))


def test_every_column_has_its_cell() -> None:
    assert list(project_cells()) == [column.code for column in PROJECT_COLUMNS]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "district=tengzhou&stage=building&ordering=-due",
        "q=%E7%A3%B7%E9%85%B8",
        "q=tianhe",
        "as_of=2023-02-08",
        "as_of=2022-01-01",
        "segment=M1&ordering=name",
        "ordering=-stage",
        "stage=closed",
    ],
)
def test_the_report(report: None, query: str) -> None:
    assert_same(query)


def test_the_answer_is_streamed_by_the_database(
    report: None, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(project: Project) -> list[str]:
        raise AssertionError("record by record")

    monkeypatch.setattr(exports, "company_names", never)
    lines = b"".join(client.get("/projects.csv?headers=codes")).decode()
    assert lines.count("\r\n") == Project.objects.count() + 1


UNITS: list[tuple[str, str, int | str]] = [
    ("万吨", "t", 10_000),
    ("%", "%", 1),
    ("亿元", "CNY", 100_000_000),
    ("", "", 1),
    ("GWh", "GWh", 1),
    ("个", "", "0.5"),
    ("百万", "KWH", "1000000"),
]


@pytest.fixture
def hostile(db: None) -> list[Project]:
    place = make_district('=区,“"', name_en="-1 County", code="+1", slug="d")
    units = [make_unit(name, name_en, factor) if name else None for name, name_en, factor in UNITS]
    links = [make_segment("-S1", order=9), make_segment("-5", order=3), make_segment("B", order=6)]
    projects: list[Project] = []
    for at, text in enumerate(HOSTILE):
        company = make_company(text, name_en=text[::-1] if at % 2 else "")
        project = make_project(
            text,
            name_en=text[1:],
            slug=f"{'-' * (at % 2)}{at}",
            district=place,
            source=make_source(title=text, slug=f"-{at}"),
            locator=text[:40],
            parent=projects[0] if at % 3 == 1 else None,
        )
        projects.append(project)
        for other in (
            company,
            make_company(f"{text}2", name_en="The same"),
            make_company(f"{at}", name_en="The same"),
        ):
            make_participation(project, other, role="operator")
        make_participation(project, company, role="builder")
        for number in range(at % 4):
            unit = units[(at + number) % len(units)]
            make_capacity(
                project,
                str(Decimal(1234567) / (number * 7 + 1) // Decimal("0.0001") / 10_000)
                if unit
                else None,
                product=f"{text}{number}" if number else text,
                product_en=text if number % 2 else "",
                unit=unit,
                segment=links[(at + number) % 3] if number != 2 else None,
                per_year=bool(at % 2),
            )
    return projects


def test_hostile_text(hostile: list[Project]) -> None:
    assert_same()


def days() -> Iterator[tuple[date, str]]:
    for day in (date(2023, 5, 31), date(2020, 12, 31), date(1999, 1, 1), date(2025, 7, 1)):
        for precision in Precision.values:
            yield day, precision


def test_dates_at_every_precision() -> None:
    place = make_district()
    for day, precision in days():
        project = make_project(district=place)
        whole = PartialDate.containing(day, precision)
        change_stage(project, "building", whole.iso)
        models.QuerySet(Project).filter(pk=project.pk).update(
            due=whole.last, due_precision=precision, due_basis="stated"
        )
    # Also what some other program has stored inside its period.
    models.QuerySet(Project).filter(due_precision="half").update(due=date(2024, 6, 30))
    assert_same()
    assert_same("as_of=2021-03-31")


@pytest.mark.parametrize(
    "moment",
    ["2023-02-13T09:30:00+08:00", "2023-12-31T23:59:59.999999+08:00", "1988-07-01T00:00:00+09:00"],
)
def test_moments(moment: str) -> None:
    make_project()
    models.QuerySet(Project).update(
        updated_at=datetime.fromisoformat(moment).astimezone(ZoneInfo("UTC"))
    )
    assert_same()


def test_nothing_selected() -> None:
    assert streamed(selected()) == ""


# A noncharacter stands between values; NUL and surrogates are in no text that PostgreSQL keeps.
texts = st.text(
    st.characters(exclude_characters="\x00\ufdd0", exclude_categories=["Cs"]), max_size=12
) | st.sampled_from(["-1", "-1.5", "=1", "\n", "\r", '"', ",", " ", "'", "+"])
amounts = st.decimals("0.0001", "99999999", places=4) | st.sampled_from(
    [Decimal(text) for text in ("1000", "0.5", "1000000", "0.0005", "2500.0005", "12500000")]
)


@given(
    st.tuples(texts, texts, texts, texts),
    st.lists(st.tuples(texts, amounts, st.integers(0, 6), st.booleans()), max_size=3),
    st.none() | st.decimals("0.0001", "999999999", places=4),
)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_text_and_amount(
    names: tuple[str, str, str, str],
    products: list[tuple[str, Decimal, int, bool]],
    investment: Decimal | None,
) -> None:
    with transaction.atomic():
        place = make_district(names[0] or "区", name_en=names[1])
        kind = "agreed" if investment else ""
        project = make_project(
            names[2], name_en=names[3], district=place, investment=investment, investment_kind=kind
        )
        make_participation(project, make_company(names[3], name_en=names[0]))
        for number, (product, amount, unit, per_year) in enumerate(products):
            make_capacity(
                project,
                str(amount),
                product=f"{product}{number}",
                product_en=names[1],
                unit=make_unit(*UNITS[unit]),
                per_year=per_year,
            )
        assert_same()
        transaction.set_rollback(True)
