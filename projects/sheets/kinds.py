"""What the sheet of a district consists of: kinds of records, their columns, and whose they are."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from districts.models import Reading, Target
from districts.rights import in_places_of
from projects.desk import own_projects
from projects.dispatch import Month
from projects.models import Capacity, ProgressReport, Project
from zaozhuang.localised import localised

CITATION = ["source", "locator", "note", "note_en"]


@dataclass(frozen=True)
class Shown:
    """A column that is only read: it says more about what a row is about."""

    code: str
    label: Any
    text: Callable[[Any], str]


@dataclass(frozen=True)
class Kind:
    """One sheet."""

    code: str
    title: Any
    about: Any
    model: type[Any]
    fields: list[str]
    # What tells which record a row is; locked where the record is there.
    identified_by: list[str]
    # By these a new row is recognised as a record that is there already.
    same_by: list[str]
    rows: Callable[[Any, date], Iterable[Any]]
    # Whether two records cannot have the same in `same_by`.
    unique: bool = True
    # What a row holds that nobody has filled in yet.
    prefilled: tuple[str, ...] = ()
    shown: tuple[Shown, ...] = ()
    # Headings that say more than the name of the field, such as its unit.
    labels: tuple[tuple[str, Any], ...] = ()


def _reports(user: Any, month: date) -> list[ProgressReport]:
    """One row for each project that is reported on in the month: its report, or one to be made."""
    asked = Month(month)
    there = {
        report.project_id: report
        for report in ProgressReport.objects.filter(
            in_places_of(user, "project__district__path"), month=month
        )
    }
    projects = own_projects(user)
    wanted = set(projects.dispatched(asked.day).values_list("pk", flat=True)) | there.keys()
    return [
        there.get(project.pk) or ProgressReport(project=project, month=month)
        for project in projects.order_by("district__path", "slug")
        if project.pk in wanted
    ]


def _projects(user: Any, month: date) -> Iterable[Project]:
    return own_projects(user).order_by("district__path", "slug")


def _of(model: type[Any], place: str, *order: str) -> Callable[[Any, date], Iterable[Any]]:
    def rows(user: Any, month: date) -> Iterable[Any]:
        found = model.objects.filter(in_places_of(user, f"{place}__path"))
        return found.order_by(*order)  # type: ignore[no-any-return]

    return rows


def _unit(record: Any) -> str:
    return localised(record.indicator.unit, "name") if record.indicator.unit else ""


REPORTS = Kind(
    "reports",
    _("Monthly reports"),
    _("One row for each project that is prepared or built. Fill in the white cells; a row in which nothing is filled in is passed over."),
    ProgressReport,
    [
        "project", "month", "invested_month", "invested_year", "invested_total", "percent",
        "progress", "problem", "solver", "solve_by", "source", "locator", "note",
    ],
    ["project", "month"],
    ["project", "month"],
    _reports,
    prefilled=("project", "month"),
    shown=(
        Shown("district", _("District"), lambda report: report.project.district.label),
        Shown("stage", _("Stage"), lambda report: str(report.project.get_stage_display())),
    ),
    labels=(("month", pgettext_lazy("report", "month")),),
)  # fmt: skip
PROJECTS = Kind(
    "projects",
    _("Projects"),
    _("A new project is a row of its own below the last, without a number in the first column. To change a stage, choose the new one and give its date and basis in the columns beside it."),
    Project,
    [
        "name", "name_en", "slug", "district", "kind", "parent", "planned_start",
        "planned_start_basis", "due", "due_basis", "investment", "investment_kind",
        "investment_approximate", *CITATION,
    ],
    ["slug"],
    ["slug"],
    _projects,
    labels=(("investment", _("investment, 亿元")),),
)  # fmt: skip
CAPACITIES = Kind(
    "capacities",
    _("Capacities"),
    _("One product of a project a row."),
    Capacity,
    [
        "project", "product", "product_en", "quantity", "unit", "per_year", "segment",
        "technology", "basis", *CITATION,
    ],
    ["project"],
    ["project", "product"],
    _of(Capacity, "project__district", "project__district__path", "project__slug", "pk"),
    shown=(Shown("district", _("District"), lambda capacity: capacity.project.district.label),),
)  # fmt: skip
TARGETS = Kind(
    "targets",
    _("Targets"),
    _("What is promised: a figure with its comparator, or a milestone in words."),
    Target,
    [
        "district", "indicator", "slug", "comparator", "value", "approximate", "baseline",
        "milestone", "milestone_en", "due", "due_basis", *CITATION,
    ],
    ["district", "indicator", "slug"],
    ["district", "indicator", "milestone", "due"],
    _of(Target, "district", "district__path", "indicator__order", "slug"),
    unique=False,
    shown=(Shown("unit", _("Unit"), _unit),),
)  # fmt: skip
READINGS = Kind(
    "readings",
    _("Readings"),
    _("What has been reached: one figure of an indicator for one period a row."),
    Reading,
    [
        "district", "place", "place_en", "indicator", "slug", "period", "value", "approximate",
        *CITATION,
    ],
    ["district", "indicator", "slug"],
    ["district", "place", "indicator", "period"],
    _of(Reading, "district", "district__path", "indicator__order", "-period", "slug"),
    shown=(Shown("unit", _("Unit"), _unit),),
)  # fmt: skip

# In the order of the workbook, and of what is written: nothing rests on what comes after it.
KINDS = [REPORTS, PROJECTS, CAPACITIES, TARGETS, READINGS]
# What tells records of these kinds apart where their names are the same; their key otherwise.
CODES = {"district": "code", "segment": "code", "unit": "name"}


def code_of(model: type[models.Model]) -> str:
    """The attribute that tells two records of a kind apart."""
    return CODES.get(model._meta.model_name or "", "slug")
