"""What waits for an editor: the lists on the first page of the desk, one query each."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, IntegerField, QuerySet, Value
from django.db.models.functions import Coalesce, Greatest
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from districts.drafts import kind_of
from districts.models import Draft, Reading, Target
from districts.rights import in_places_of
from projects.models import Project, StageChange
from projects.querysets import ProjectQuerySet
from projects.reporting import reports_that_wait
from projects.stages import UNFINISHED
from zaozhuang.dates import PartialDate, Precision, today
from zaozhuang.localised import person

# What is shown of each list; the rest is behind its link.
SHOWN = 10
# After so many days without a change or a confirmation a record is asked about.
CONFIRM_AFTER = timedelta(days=183)


@dataclass(frozen=True)
class Row:
    """One record that waits: what it is, why it waits, and where it is dealt with.

    `ways` are further pages that deal with it: what is done there, and the address.
    """

    title: str
    why: str
    url: str
    confirm_url: str = ""
    ways: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Waiting:
    """One list of the desk; `more` says that it goes on, `url` is where all of it stands."""

    title: str
    rows: list[Row]
    more: bool = False
    url: str = ""


def own_projects(user: Any) -> ProjectQuerySet:
    """The projects that the user writes, with their places."""
    return Project.objects.filter(in_places_of(user, "district__path")).select_related("district")


def _listed(title: str, records: "QuerySet[Any]", row: Callable[[Any], Row], url: str) -> Waiting:
    found = list(records[: SHOWN + 1])
    return Waiting(title, [row(record) for record in found[:SHOWN]], len(found) > SHOWN, url)


def _page(project: Project) -> str:
    return reverse("admin:projects_project_change", args=[project.pk])


def _back() -> str:
    """In an address: that its page leads back to the desk when all is done."""
    return urlencode({"next": reverse("admin:index")})


def _stage_way(project: Project) -> tuple[str, str]:
    return _("Change the stage"), f"{stage_page(project)}&{_back()}"


def stage_page(project: Project) -> str:
    return f"{reverse('admin:projects_project_stage')}?project={project.pk}"


def _draft_row(draft: Draft) -> Row:
    url = reverse("admin:districts_draft_change", args=[draft.pk])
    return Row(
        draft.title,
        draft.remark or f"{kind_of(draft)} · {draft.place.label} · {person(draft.author)}",
        url,
    )


def returned_drafts(user: Any, day: date) -> Waiting:
    drafts = Draft.objects.returned().filter(author=user).select_related("place", "author")
    url = reverse("admin:districts_draft_changelist") + "?state__exact=returned"
    return _listed(_("Returned to you with a remark"), drafts, _draft_row, url)


def submitted_drafts(user: Any, day: date) -> Waiting:
    """For the city to decide; a district sees what of its own is on the way."""
    drafts = Draft.objects.submitted().seen_by(user).select_related("place", "author")
    if user.has_perm("districts.approve_draft"):
        title = _("Drafts that wait for your approval")
    else:
        title = _("Your drafts that wait for the city’s approval")
    url = reverse("admin:districts_draft_changelist") + "?state__exact=submitted"
    return _listed(title, drafts.order_by("entered_at"), _draft_row, url)


def overdue_projects(user: Any, day: date) -> Waiting:
    late = own_projects(user).filter(due__lt=day, stage__in=UNFINISHED).order_by("due", "pk")

    def row(project: Project) -> Row:
        due = project.deadline.label if project.deadline else ""
        why = _("due %(due)s, still %(stage)s") % {"due": due, "stage": project.get_stage_display()}
        return Row(
            project.label,
            f"{project.district.label} · {why}",
            _page(project),
            ways=(_stage_way(project),),
        )

    return _listed(_("Due dates that have passed"), late, row, "")


def unreported_projects(user: Any, day: date) -> Waiting:
    """What is prepared or built and has no report for the running month, not even one that waits."""
    month = PartialDate.containing(day, Precision.MONTH)
    silent = own_projects(user).dispatched(day).unreported(month.first)
    if drafted := reports_that_wait(month.first):
        silent = silent.exclude(pk__in=drafted)

    def row(project: Project) -> Row:
        asked = urlencode({"project": str(project.pk), "month": month.iso})
        url = f"{reverse('admin:projects_progressreport_add')}?{asked}&{_back()}"
        ways = ((_("Write the report"), url), _stage_way(project))
        return Row(project.label, project.district.label, url, ways=ways)

    title = _("No report yet for %(month)s") % {"month": month.label}
    page = f"{reverse('dispatch')}?{urlencode({'month': month.iso})}"
    return _listed(title, silent.order_by("district__path", "pk"), row, page)


def without_source(user: Any, day: date) -> Waiting:
    """Kinds of figures of which some rest on no source, in one query for all of them."""
    kinds: list[tuple[Any, str]] = [
        (Project, "district"),
        (StageChange, "project__district"),
        (Target, "district"),
        (Reading, "district"),
    ]
    counts = [
        model.objects.filter(in_places_of(user, f"{place}__path"), source=None)
        .order_by()
        .values(which=Value(number, output_field=IntegerField()))
        .annotate(found=Count("pk"))
        .values_list("which", "found")
        for number, (model, place) in enumerate(kinds)
    ]
    found = dict(counts[0].union(*counts[1:], all=True))
    rows = []
    for number, (model, _place) in enumerate(kinds):
        if found.get(number):
            name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
            title = str(model._meta.verbose_name_plural)
            rows.append(Row(title, str(found[number]), reverse(name) + "?source__isempty=1"))
    return Waiting(_("Figures without a source"), rows)


def unconfirmed_projects(user: Any, day: date) -> Waiting:
    last = Greatest("updated_at", Coalesce("confirmed_at", "updated_at"))
    old = own_projects(user).annotate(last=last).filter(last__lt=timezone.now() - CONFIRM_AFTER)

    def row(project: Any) -> Row:
        since = timezone.localdate(project.last).isoformat()
        why = _("%(stage)s, unchanged since %(day)s") % {
            "stage": project.get_stage_display(),
            "day": since,
        }
        confirm = reverse("admin:projects_project_confirm", args=[project.pk])
        ways = (_stage_way(project),)
        return Row(
            project.label, f"{project.district.label} · {why}", _page(project), confirm, ways
        )

    return _listed(_("Not confirmed for six months"), old.order_by("last", "pk"), row, "")


# In the order of the page. A list is a function of the editor and the day.
LISTS: list[Callable[[Any, date], Waiting]] = [
    returned_drafts,
    submitted_drafts,
    unreported_projects,
    overdue_projects,
    without_source,
    unconfirmed_projects,
]


def waiting_for(user: Any) -> list[Waiting]:
    """All that waits for the editor today; lists without a row are left out."""
    day = today()
    lists: Iterable[Waiting] = (make(user, day) for make in LISTS)
    return [found for found in lists if found.rows]
