"""What readers subscribe to: the changes as an Atom feed, the expected dates as a calendar."""

from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from icalendar import Calendar, Event

from districts.models import Target
from projects.briefing import clean
from projects.changes import Change
from projects.charts.targets import promised, state_of
from projects.models import Project
from projects.stages import Stage
from zaozhuang.context import site
from zaozhuang.dates import PartialDate, today
from zaozhuang.localised import remark

# Since when the identifiers below are made in this way, as RFC 4151 wants to know.
TAGGED = "2026"


def words(change: Change) -> str:
    """A change in a line: `区 · 项目: 在建 → 投产（推进）`."""
    stages = [
        str(Stage(stage).label)
        for stage in dict.fromkeys([change.from_stage, change.to_stage])
        if stage
    ]
    line = f"{change.district.short_label} · {change.subject.label}"
    if stages:
        line += _(": ") + " → ".join(stages)
    return line + remark(change.kind.label)


def evidence(record: Change | Project | Target) -> str:
    """Who says so and where: the source and the paragraph."""
    rests = record.record if isinstance(record, Change) else record
    if rests.source is None:
        return _("no source")
    return " · ".join(filter(None, [str(rests.source), rests.place_label]))


def _host(request: HttpRequest) -> str:
    """The name under which identifiers are made; the same on every port."""
    return urlsplit(request.build_absolute_uri("/")).hostname or ""


def _end_of(moment: PartialDate) -> datetime:
    """The last second of a period, in the tracker's time zone."""
    return timezone.make_aware(datetime.combine(moment.last, time(23, 59, 59)))


def atom(request: HttpRequest, changes: Sequence[Change], chosen: Sequence[str]) -> HttpResponse:
    """A feed of the changes. An entry keeps its identifier as long as its record exists.

    An event is updated when it was recorded, a date that came due when it did: readers
    show a correction of last year as new on the day on which it was made.
    """
    title = str(site(request)["site_title"])
    here = request.build_absolute_uri()
    page = request.build_absolute_uri(reverse("changes"))
    query = request.META.get("QUERY_STRING", "")
    feed = Atom1Feed(
        title=clean(" · ".join([title, _("Changes"), *chosen])),
        link=f"{page}?{query}" if query else page,
        description="",
        language=get_language(),
        author_name=title,
        feed_url=here,
        feed_guid=here,
    )
    host = _host(request)
    for change in changes:
        feed.add_item(
            title=clean(words(change)),
            link=request.build_absolute_uri(change.subject.get_absolute_url()),
            description=escape(clean(f"{change.moment.label}{_('; ')}{evidence(change)}")),
            unique_id=f"tag:{host},{TAGGED}:{change.identifier}",
            updateddate=change.recorded or _end_of(change.moment),
            categories=[change.kind.value, change.district.slug],
        )
    return HttpResponse(feed.writeString("utf-8"), content_type=feed.content_type)


def calendar(
    request: HttpRequest,
    projects: Iterable[Project],
    targets: Iterable[Target],
    places: Sequence[str],
) -> HttpResponse:
    """All-day entries as wide as the dates are known: a month is a month, a year a year."""
    title = str(site(request)["site_title"])
    host = _host(request)
    book = Calendar()
    book.add("prodid", clean(f"-//{title}//{get_language()}"))
    book.add("version", "2.0")
    book.add("x-wr-calname", clean(" · ".join([title, _("Expected dates"), *places])))

    def enter(record: Project | Target, name: str, state: str, stamp: datetime) -> None:
        moment = record.deadline
        assert moment is not None
        entry = Event()
        entry.add("uid", f"{name}-{record.pk}@{host}")
        entry.add("dtstamp", stamp)
        entry.add("dtstart", moment.first)
        # The end is the day after; the calendar itself ends with the year 9999.
        if moment.last < moment.last.max:
            entry.add("dtend", moment.last + timedelta(1))
        entry.add("summary", clean(f"{record.district.short_label} · {record.label}"))
        due = moment.deadline
        if record.due_basis == "inferred":
            due += remark(_("inferred"))
        entry.add("description", clean(f"{due}\n{state}\n{evidence(record)}"))
        entry.add("url", request.build_absolute_uri(record.get_absolute_url()))
        entry.add("categories", [record.district.slug])
        # What is expected some time in a month keeps nobody busy for it.
        entry.add("transp", "TRANSPARENT")
        book.add_component(entry)

    for project in projects:
        enter(project, "project", project.stage_label, project.updated_at)
    # A promise's state changes with the days, so what is said of it is said today.
    morning = timezone.make_aware(datetime.combine(today(), time.min))
    for target in targets:
        state = " · ".join(filter(None, [promised(target), state_of(target)]))
        enter(target, "target", state, morning)
    return HttpResponse(book.to_ical(), content_type="text/calendar; charset=utf-8")
