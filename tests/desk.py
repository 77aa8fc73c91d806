"""What the tests of the desk share: its addresses, and forms as a browser sends them."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db import models
from django.urls import reverse
from django.utils import translation

from districts.models import District, Indicator, Reading, Source, Target, Theme, Unit
from projects.models import (
    Capacity,
    Company,
    Honour,
    ProgressReport,
    Project,
    Segment,
    StageChange,
    Stream,
    Technology,
)
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
    make_report,
    make_segment,
    make_source,
    make_stream,
    make_target,
    make_technology,
    make_theme,
    make_unit,
)
from zaozhuang.history.versions import seen

OURS = [
    Source, Unit, Theme, District, Indicator, Target, Reading,
    Stream, Segment, Technology, Company, Honour, Project, Capacity, StageChange, ProgressReport,
]  # fmt: skip
DESK = [*OURS, User, Group]
Model = type[models.Model]


def address(model: Model, page: str, *args: Any) -> str:
    """An address of the Chinese desk; `changelist`, `add`, `change`, `delete`, `history`."""
    with translation.override("zh-hans"):  # an English request before leaves its language behind
        return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def input_of(response: Any) -> dict[str, Any]:
    """What a browser would send back from a page of the desk on which nothing was touched."""
    context = response.context
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    values = {field.html_name: field.value() for form in forms for field in form}
    values["_version"] = context.get("version")  # which the form rests on; None where it adds
    values |= context.get("goes_back", {})
    return {
        name: value for name, value in values.items() if value is not None and value is not False
    }


def confirmed(*records: models.Model) -> dict[str, str]:
    """What the page that asks whether to delete these records sends back, as they stand now."""
    desk: Any = admin.site.get_model_admin(type(records[0]))
    if not hasattr(desk, "doomed"):  # Django's own accounts have no history of ours
        return {"post": "yes"}
    return {"post": "yes", "_version": seen(desk.doomed([record.pk for record in records]))}


def chosen_to_delete(*records: models.Model) -> dict[str, Any]:
    """The same for the action of a list."""
    pks = [record.pk for record in records]
    return {"action": "delete_selected", "_selected_action": pks} | confirmed(*records)


def errors_of(response: Any) -> dict[str, list[str]]:
    """The errors of a page by the full name of their field."""
    context = response.context
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += inline.formset.forms
    return {
        form.add_prefix(name): list(found) for form in forms for name, found in form.errors.items()
    }


def fill(start: int, stop: int) -> None:
    """One more of everything for each number: all under the first project, company and source."""
    project = Project.objects.order_by("pk").first() or make_project(due="2023-Q2")
    company = Company.objects.order_by("pk").first() or make_company()
    paper = Source.objects.order_by("pk").first() or make_source(
        date="2023-02-13", date_precision="day"
    )
    root = District.objects.roots().first() or make_district()
    for n in range(start, stop):
        source = make_source(publisher="日报", date="2023-02-13", date_precision="day")
        cited: dict[str, Any] = {"source": source, "locator": f"锂电 ¶{n}"}
        make_passage(paper)
        place = make_district(parent=root, position_source=source)
        unit, theme = make_unit(f"单位{n}"), make_theme(f"theme-{n}")
        indicator = make_indicator(unit=unit, theme=theme)
        make_target(district=place, indicator=indicator, **cited)
        company.readings.add(make_reading(district=place, indicator=indicator, **cited))
        make_honour(company, **cited)
        segment = make_segment(stream=make_stream(f"stream-{n}"), unit=unit)
        make_capacity(
            project, segment=segment, unit=unit, technology=make_technology(f"kind-{n}"), **cited
        )
        make_participation(project, make_company(**cited), **cited)
        change_stage(project, "building", f"2023-{n // 28 + 1:02}-{n % 28 + 1:02}", **cited)
        make_participation(
            make_project(parent=project, district=place, due="2023-Q2", **cited), company, **cited
        )
        change_stage(make_project(district=place), "signed", **cited)
        editor = User.objects.create_user(f"editor{n}", is_staff=True)
        make_report(
            project,
            f"{2016 + n // 12}-{n % 12 + 1:02}",
            percent="12.5",
            recorded_by=editor,
            source=source,
        )
        editor.groups.add(Group.objects.create(name=f"组{n}"))
