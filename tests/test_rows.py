"""Rows of a table of projects, whose parts are read past their records, against the records."""

from html import escape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from projects.models import Project
from projects.rows import Rows
from tests.factories import make_capacity, make_company, make_participation, make_project, make_unit
from zaozhuang.localised import localised
from zaozhuang.templatetags.tracker import figure

LANGUAGES = pytest.mark.parametrize("language", ["zh-hans", "en"])


def written(*columns: str) -> str:
    return Rows(columns, "").write(Project.objects.at().for_table().order_by("slug"))


@LANGUAGES
def test_a_row_says_what_its_records_say(report: None, language: str) -> None:
    with override(language):
        rows = written("companies", "capacity").split("\n")
        projects = Project.objects.order_by("slug").for_list()
        assert len(rows) == len(projects) == 25
        for row, project in zip(rows, projects, strict=True):
            at = 0
            for item in sorted(project.participations.all(), key=lambda item: item.pk):
                label = escape(item.company.short_label)
                at = row.index(f'<a href="{item.company.get_absolute_url()}">{label}</a>', at)
            for product in sorted(project.capacities.all(), key=lambda item: item.pk):
                label = escape(localised(product, "product"))
                at = row.index(f'<span class="amount">{label} ', at)
                if product.quantity:
                    amount = figure(product.quantity, product.unit, per_year=product.per_year)
                    at = row.index(f"<b>{escape(amount)}</b>", at)
            missing = (not project.participations.all()) + (not project.capacities.all())
            assert row.count('class="unknown"') == missing
            assert row.count("<b>") == sum(bool(c.quantity) for c in project.capacities.all())


@pytest.mark.parametrize(
    ("language", "names", "shown"),
    [
        ("zh-hans", {"short_name": "甲", "name": "甲公司", "name_en": "Alpha Co"}, "甲"),
        ("zh-hans", {"short_name": "", "name": "甲公司", "name_en": "Alpha Co"}, "甲公司"),
        ("en", {"short_name": "甲", "short_name_en": "Alpha", "name": "甲公司"}, "Alpha"),
        ("en", {"short_name": "甲", "name": "甲公司", "name_en": "Alpha Co"}, "甲"),
        ("en", {"short_name": "", "name": "甲公司", "name_en": "Alpha Co"}, "Alpha Co"),
        ("en", {"short_name": "", "name": "甲公司"}, "甲公司"),
    ],
)
def test_a_company_is_called_as_on_its_page(
    db: None, language: str, names: dict[str, str], shown: str
) -> None:
    company = make_company(**names)
    make_participation(make_project(), company)
    with override(language):
        assert company.short_label == shown
        assert f">{shown}</a>" in written("companies")


@LANGUAGES
def test_a_product_may_have_no_english_name_and_no_amount(db: None, language: str) -> None:
    project = make_project()
    make_capacity(project, None, product="隔膜")
    unit = make_unit("吉瓦时", name_en="GWh", factor=1)
    make_capacity(project, 3, product="电芯", product_en="cells", unit=unit)
    with override(language):
        row = written("capacity")
    cells = "cells <b>3 GWh" if language == "en" else "电芯 <b>3 吉瓦时"
    assert '<span class="amount">隔膜 </span>' in row
    assert f'<span class="amount">{cells}' in row


@pytest.mark.parametrize(
    ("columns", "asked"), [(["kind"], 1), (["companies"], 2), (["companies", "capacity"], 3)]
)
def test_only_what_is_shown_is_read_and_once_for_all(
    report: None, columns: list[str], asked: int
) -> None:
    with CaptureQueriesContext(connection) as queries:
        written(*columns)
    assert len(queries) == asked
