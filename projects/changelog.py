"""What changed between two days: as a page, a table to take away, a feed and a calendar."""

from collections import Counter
from functools import partial
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from districts.models import District, Target
from projects import rules
from projects.changes import Change, DistrictTotals, Kind, Log
from projects.exports import source_slug
from projects.feeds import atom, calendar
from projects.filters import PlacedFilter, errors_of, within
from projects.formats import FormFilter, table
from projects.models import Project, Segment
from projects.provenance import Extract, sources_of
from projects.views import paginate
from zaozhuang.csvfile import Column, file_name
from zaozhuang.dates import today
from zaozhuang.inputs import DayField, PageField, RecordsField
from zaozhuang.methods import require_safe
from zaozhuang.views import refuse

# In the order of the contract.
CHANGE_COLUMNS: list[Column[Change]] = [
    Column("day", _("Day"), lambda c: c.moment),
    Column("precision", _("Precision of the day"), lambda c: c.moment.precision.value),
    Column("kind", pgettext_lazy("what changed", "Change"), lambda c: c.kind.value),
    Column("project", _("Project (address)"), lambda c: c.project.slug if c.project else ""),
    Column("project_name", _("Project or target"), lambda c: c.subject.label),
    Column("district_code", _("District code"), lambda c: c.district.code),
    Column("district", _("District"), lambda c: c.district.label),
    Column("from_stage", _("Stage before (code)"), lambda c: c.from_stage),
    Column("to_stage", _("Stage after (code)"), lambda c: c.to_stage),
    Column("basis", _("Basis"), lambda c: c.basis),
    Column("source", _("Source"), source_slug),
    Column("locator", _("Locator"), lambda c: c.record.locator),
]
# Entries of a feed; a reader that comes back has the older ones already.
IN_FEED = 200


class ChangesForm(forms.Form):
    """Which changes: between which days, where, and in which segments."""

    since = DayField(required=False, label=_("From"))
    until = DayField(required=False, label=_("Until"))
    district = RecordsField(
        required=False, to_field_name="slug", queryset=District.objects.all(), label=_("District")
    )
    segment = RecordsField(
        required=False, to_field_name="code", queryset=Segment.objects.all(), label=_("Segment")
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and since > until:
            self.add_error("until", _("The last day lies before the first."))
        return cleaned

    @property
    def compares(self) -> bool:
        """Whether two days are compared; else everything is listed."""
        return bool(self.cleaned_data["since"] or self.cleaned_data["until"])

    @property
    def log(self) -> Log:
        """The changes that the parameters select. Call is_valid() first."""
        values = self.cleaned_data
        return Log(
            values["since"], values["until"], list(values["district"]), list(values["segment"])
        )


class ChangesPage(ChangesForm):
    """The changes of one page of the list."""

    page = PageField(required=False, label=_("Page"))


@require_safe
def changes(request: HttpRequest) -> HttpResponse:
    """What changed, newest first; between two days also by district."""
    form = ChangesPage(request.GET)
    if not form.is_valid():
        return refuse(request, errors_of(form))
    log = form.log
    page = paginate(log.keys(), form.cleaned_data["page"])
    totals = log.totals() if form.compares else []
    counts = sum((row.kinds for row in totals), Counter[Kind]())
    kinds = [kind for kind in Kind if counts[kind]]
    context = {
        "form": form,
        "log": log,
        "page": page,
        "changes": log.read(page.object_list),
        "counts": [(kind, counts[kind]) for kind in kinds],
        "kinds": kinds,
        "totals": [_row(row, kinds) for row in totals],
        "districts": District.objects.order_by("path"),
        "segments": Segment.objects.all(),
        "chosen": {*log.districts, *log.segments},
    }
    return render(request, "projects/changes.html", context)


def _row(row: DistrictTotals, kinds: list[Kind]) -> tuple[DistrictTotals, list[int]]:
    return row, [row.kinds[kind] for kind in kinds]


@table("changes", _("Changes"), partial(FormFilter, ChangesForm))
def change_table(filterset: FormFilter) -> Extract[Change]:
    """The same changes in the same order, one a row, whatever the format."""
    log = filterset.form.log
    return Extract(
        CHANGE_COLUMNS,
        log,
        lambda: len(log.keys()),
        sources_of(*(rows for rows, _column, _what in log.parts())),
        rules.change_rules(),
        rules.change_codes,
    )


@require_safe
def changes_atom(request: HttpRequest) -> HttpResponse:
    """The newest of the same changes as a feed."""
    form = ChangesForm(request.GET)
    if not form.is_valid():
        return refuse(request, errors_of(form))
    log = form.log
    chosen = [place.label for place in (*log.districts, *log.segments)]
    if form.compares:
        chosen.append("/".join(day.isoformat() if day else "…" for day in (log.since, log.until)))
    return atom(request, log.read(log.keys()[:IN_FEED]), chosen)


@require_safe
def due_ics(request: HttpRequest) -> HttpResponse:
    """The expected dates of projects and targets as a calendar, as known on a day."""
    filterset = PlacedFilter(request.GET, queryset=Target.objects.industry().for_list())
    if not filterset.is_valid():
        return refuse(request, errors_of(filterset.form))
    places = list(filterset.form.cleaned_data["district"])
    day = filterset.form.cleaned_data["as_of"]
    projects = (
        Project.objects.at(day)
        .filter(within(places), due__isnull=False)
        .select_related("district", "source")
        .order_by("due", "slug")
    )
    targets = filterset.selection().filter(due__isnull=False).measured(day or today())
    response = calendar(request, projects, targets, [place.label for place in places])
    name = file_name(request, "due", "ics", filterset.form.fields)
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response
