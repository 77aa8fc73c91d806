"""Dates as editors write them: one text, two columns."""

from datetime import date

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from projects.forms import ProjectForm
from tests.factories import make_project
from zaozhuang.dates import PartialDate
from zaozhuang.forms import PartialDateField, for_editor

WRITTEN = [
    ("2023-05-31", "2023-05-31"),
    ("2023-05", "2023-05"),
    ("2023-Q2", "2023-Q2"),
    ("2023-H1", "2023-H1"),
    ("2023", "2023"),
    ("2021/2025", "2021/2025"),
    ("  2023-05 ", "2023-05"),
    ("2023年5月31日", "2023-05-31"),
    ("2023年05月01号", "2023-05-01"),
    ("2023 年 5 月", "2023-05"),
    ("2023年12月", "2023-12"),
    ("2023年", "2023"),
    ("2023年上半年", "2023-H1"),
    ("2023年下半年", "2023-H2"),
    ("2023年二季度", "2023-Q2"),
    ("2023年第四季度", "2023-Q4"),
    ("2023年3季度", "2023-Q3"),
    ("“十四五”末", "2021/2025"),
    ("十四五", "2021/2025"),
    ("十四五期间", "2021/2025"),
    ("“十五五”规划", "2026/2030"),
    ("十三五末", "2016/2020"),
    ("十五", "2001/2005"),
]
NOT_DATES = [
    "2023-02-30",
    "2023-13",
    "2023-Q5",
    "2023-H3",
    "2022/2026",
    "2021/2024",
    "23-05",
    "2023.05",
    "5月",
    "May 2023",
    "2023年13月",
    "2023年2月30日",
    "2023年五季度",
    "2023年中半年",
    "2023年5月前",
    "２０２３年５月",
    "２０２３",
    "0000",
    "十四四",
    "五",
    "2023-05\x00",
]


@pytest.mark.parametrize(("text", "iso"), WRITTEN)
def test_what_sources_write_is_read(text: str, iso: str) -> None:
    assert PartialDate.parse(text).iso == iso


@pytest.mark.parametrize("text", NOT_DATES)
def test_what_is_no_date_is_refused_at_the_field(text: str) -> None:
    with pytest.raises(ValueError, match="is not a date|不是|must be in|out of range"):
        PartialDate.parse(text)
    with pytest.raises(ValidationError):
        PartialDateField(required=False).clean(text)


def test_every_period_reads_back_what_it_shows() -> None:
    for text, _iso in WRITTEN:
        period = PartialDate.parse(text)
        assert PartialDate.parse(period.iso) == period


def test_blank_is_no_date_unless_one_is_demanded() -> None:
    assert PartialDateField(required=False).clean("  ") is None


def test_another_way_of_writing_the_same_is_no_change() -> None:
    field = PartialDateField()
    assert not field.has_changed(PartialDate.parse("2023-05"), "2023年5月")
    assert field.has_changed(PartialDate.parse("2023-05"), "2023-05-01")
    assert field.has_changed(PartialDate.parse("2023-05"), "nonsense")
    assert not field.has_changed(None, "")


def form_of_an_editor() -> type[ProjectForm]:
    return for_editor(ProjectForm, User(username="root", is_superuser=True))


@pytest.mark.django_db
def test_a_form_shows_the_date_at_its_precision_and_writes_both_columns() -> None:
    project = make_project(due="2023-Q2")
    form = form_of_an_editor()(instance=project)
    assert form["due"].value() == "2023-Q2"
    changed = {
        name: value for name in form.fields if (value := form[name].value()) not in (None, False)
    }
    form = form_of_an_editor()(changed | {"due": "2023年5月"}, instance=project)
    assert form.is_valid(), form.errors
    form.save()
    project.refresh_from_db()
    assert (project.due, project.due_precision) == (date(2023, 5, 31), "month")
    form = form_of_an_editor()(changed | {"due": "", "due_basis": ""}, instance=project)
    assert form.is_valid(), form.errors
    form.save()
    project.refresh_from_db()
    assert (project.due, project.due_precision) == (None, "")


@pytest.mark.django_db
def test_a_wrong_text_is_an_error_at_its_field_and_stays_in_it() -> None:
    form = form_of_an_editor()({"due": "next May"}, instance=make_project(due="2023"))
    assert "next May" in form.errors["due"][0]
    assert form["due"].value() == "next May"
    assert "__all__" not in form.errors
