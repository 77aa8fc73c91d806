"""The dispatch page: for one month, who has reported on what is prepared or built, and its light."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import django_filters
from django import forms
from django.conf import settings
from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.cache import cache_control

from districts.models import District, Source
from projects.filters import ChoicesFilter, RecordsFilter, errors_of
from projects.formats import as_csv, as_json, as_xlsx, table
from projects.lights import RULES, Colour, Light, light
from projects.models import ProgressReport, Project
from projects.provenance import Extract
from projects.reporting import reports_that_wait
from projects.stages import Stage
from projects.views import paginate
from zaozhuang.csvfile import Column
from zaozhuang.dates import PartialDate, Precision, today
from zaozhuang.inputs import MonthField, PageField
from zaozhuang.methods import require_safe
from zaozhuang.views import refuse
from zaozhuang.xlsxfile import Section


@dataclass(frozen=True)
class Row:
    """A project in a month: its report for it, where there is one, and its light."""

    project: Project
    report: ProgressReport | None
    light: Light


@dataclass(frozen=True)
class Count:
    """How many projects of a place are reported on, and how many have each light."""

    district: District
    projects: int
    reported: int
    lights: list[tuple[Colour, int]]

    @property
    def missing(self) -> int:
        return self.projects - self.reported


class Month:
    """All projects that are dispatched in a month, judged on its last day or, while it runs, today."""

    def __init__(self, first: date) -> None:
        self.period = PartialDate.containing(first, Precision.MONTH)
        self.day = min(self.period.last, today())

    @cached_property
    def rows(self) -> list[Row]:
        """In the order of places and names, in two queries."""
        projects = (
            Project.objects.dispatched(self.day)
            .with_last_report(self.period.first)
            .select_related("district")
            # Outlines of districts are long, and no row draws them.
            .defer("district__boundary", "note", "note_en")
            .order_by("district__path", "slug")
        )
        return [self._row(project) for project in projects]

    def _row(self, project: Project) -> Row:
        last = project.last_reports[0] if project.last_reports else None
        current = last if last and last.month == self.period.first else None
        return Row(project, current, light(project, last, self.day))

    @cached_property
    def counts(self) -> list[Count]:
        """By place, in the order of places; those without such projects are left out."""
        places: dict[int, list[Row]] = {}
        for row in self.rows:
            places.setdefault(row.project.district_id, []).append(row)
        return [
            Count(
                rows[0].project.district,
                len(rows),
                sum(row.report is not None for row in rows),
                lights_of(rows),
            )
            for rows in places.values()
        ]

    @property
    def missing(self) -> int:
        return sum(row.report is None for row in self.rows)

    @property
    def before(self) -> PartialDate | None:
        first = self.period.first
        if first == date.min:
            return None
        return PartialDate.containing(date.fromordinal(first.toordinal() - 1), Precision.MONTH)

    @property
    def after(self) -> PartialDate | None:
        """The next month, where it has begun."""
        if self.period.last >= today():
            return None
        following = date.fromordinal(self.period.last.toordinal() + 1)
        return PartialDate.containing(following, Precision.MONTH)

    @cached_property
    def unstated(self) -> int:
        """How many projects are left out because no source says how far they are."""
        return Project.objects.at(self.day).in_stage(Stage.UNKNOWN).count()


def lights_of(rows: list[Row]) -> list[tuple[Colour, int]]:
    counted = Counter(row.light.colour for row in rows)
    return [(colour, counted[colour]) for colour in Colour]


class MonthFilter(django_filters.Filter):
    field_class = MonthField


class DispatchFilter(django_filters.FilterSet):
    """What the dispatch page and its export can be asked; lights are computed, so rows are a list."""

    month = MonthFilter(label=_("Month"))
    district = RecordsFilter(
        to_field_name="slug", queryset=District.objects.all(), label=_("District")
    )
    light = ChoicesFilter(choices=Colour.choices, label=pgettext_lazy("report", "Light"))
    reported = ChoicesFilter(
        choices=[("yes", _("reported")), ("no", _("not reported"))], label=_("Report")
    )

    class Meta:
        model = Project
        fields: list[str] = []

    @cached_property
    def month_asked(self) -> Month:
        return Month(self.form.cleaned_data["month"] or today())

    def places(self) -> list[District]:
        return list(self.form.cleaned_data["district"])

    def selection(self, *, any_light: bool = False) -> list[Row]:
        """The rows that all parameters select; with `any_light`, all but the light."""
        places = [place.path for place in self.places()]
        lights = [] if any_light else self.form.cleaned_data["light"]
        reported = self.form.cleaned_data["reported"]
        return [
            row
            for row in self.month_asked.rows
            if (not places or row.project.district.path.startswith(tuple(places)))
            and (not lights or row.light.colour in lights)
            and (not reported or ("yes" if row.report else "no") in reported)
        ]


SEES_DRAFTS = "districts.view_draft"


class PageForm(forms.Form):
    page = PageField(required=False, label=_("Page"))


def for_readers_of_reports(
    view: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """For staff, who are asked to log in; for everybody where the city publishes its reports."""
    inside = staff_member_required(view)

    def guarded(request: HttpRequest) -> HttpResponseBase:
        return view(request) if settings.PUBLISH_DISPATCH else inside(request)

    return require_safe(cache_control(private=True)(guarded))


@for_readers_of_reports
def dispatch_page(request: HttpRequest) -> HttpResponse:
    """One month: counts by district, and every project with its light and its report."""
    filterset = DispatchFilter(request.GET, queryset=Project.objects.none())
    form = PageForm(request.GET)
    if not (filterset.is_valid() and form.is_valid()):
        return refuse(request, errors_of(filterset.form, form))
    month = filterset.month_asked
    selection = filterset.selection()
    page = paginate(selection, form.cleaned_data["page"])
    theirs = {
        row.project.pk
        for row in page.object_list
        if request.user.has_perm("projects.change_project", row.project)
    }
    waiting = reports_that_wait(month.period.first) if request.user.has_perm(SEES_DRAFTS) else {}
    context = {
        "month": month,
        # Reports that the city has not approved yet, by their project.
        "waiting": waiting,
        "filter": filterset,
        "reported": len(month.rows) - month.missing,
        "lights": lights_of(filterset.selection(any_light=True)),
        "page": page,
        # The projects on which this reader reports: those of their places.
        "theirs": theirs,
        "any_report": ProgressReport.objects.exists(),
    }
    return render(request, "projects/dispatch.html", context)


def _told(name: str) -> Callable[[Row], Any]:
    """A cell of the month's report; blank where there is none."""
    return lambda row: getattr(row.report, name) if row.report else ""


DISPATCH_COLUMNS: list[Column[Row]] = [
    Column("id", _("ID"), lambda r: r.project.pk),
    Column("project", _("Project (address)"), lambda r: r.project.slug),
    Column("project_name", _("Project"), lambda r: r.project.label),
    Column("district_code", _("District code"), lambda r: r.project.district.code),
    Column("district", _("District"), lambda r: r.project.district.label),
    Column("stage", _("Stage (code)"), lambda r: r.project.at_stage),
    Column("planned_start", _("Planned start"), lambda r: r.project.start),
    Column("due", _("Due"), lambda r: r.project.deadline),
    Column("light", _("Light (code)"), lambda r: r.light.colour.value),
    Column("light_label", pgettext_lazy("report", "Light"), lambda r: r.light.colour.label),
    Column("because", _("Reason of the light"), lambda r: r.light.because),
    Column("rule", _("Rule of the light"), lambda r: r.light.rule.text),
    Column("as_of", _("As of"), lambda r: r.light.day),
    Column("reported", pgettext_lazy("report", "Reported"), lambda r: r.report is not None),
    Column("month", _("Month"), lambda r: r.report.period.iso if r.report else ""),
    Column("invested_month", _("Invested in the month"), _told("invested_month")),
    Column("invested_year", _("Invested since January"), _told("invested_year")),
    Column("invested_total", _("Invested since the start"), _told("invested_total")),
    Column("unit", _("Unit of investment"), lambda r: r.report.UNIT.name if r.report else ""),
    Column("percent", _("Physical progress, %"), _told("percent")),
    Column("progress", _("Physical progress in words"), _told("progress")),
    Column("problem", pgettext_lazy("report", "Problem"), _told("problem")),
    Column("solver", _("Who solves it"), _told("solver")),
    Column("solve_by", _("To be solved by"), lambda r: r.report.to_solve_by if r.report else None),
    Column("note", _("Note"), _told("note")),
    Column(
        "recorded_at",
        _("Recorded"),
        lambda r: localtime(r.report.recorded_at).isoformat(timespec="seconds") if r.report else "",
    ),
]  # fmt: skip


@table("dispatch", _("Dispatch"), DispatchFilter, Project.objects.none)
def dispatch(filterset: DispatchFilter) -> Extract[Row]:
    """The rows of the page with the same parameters, one project a row."""
    rows = filterset.selection()
    return Extract(
        DISPATCH_COLUMNS,
        rows,
        lambda: len(rows),
        # What a district reports rests on no publication.
        Source.objects.none(),
        [f"{rule.colour.shape} {rule.colour.label}: {rule.text}" for rule in RULES],
        lambda: [
            Section(str(_("Light (code)")), [(str(code), label) for code, label in Colour.choices])
        ],
        filterset.month_asked.day,
    )


dispatch_csv, dispatch_xlsx, dispatch_json = (
    for_readers_of_reports(write(dispatch)) for write in (as_csv, as_xlsx, as_json)
)
