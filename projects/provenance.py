"""What an export rests on: its filters in words, its day, its rules and its sources."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Generic

from django import forms
from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from districts.models import Source
from projects.listing import COLUMNS
from projects.models import Project
from projects.querysets import ProjectQuerySet
from zaozhuang.csvfile import Column, Row, text_of
from zaozhuang.dates import today
from zaozhuang.localised import localised, reads_english
from zaozhuang.xlsxfile import Cover, Section


@dataclass(frozen=True)
class Extract(Generic[Row]):
    """What an export holds. Only the formats that tell of sources and codes ask for them."""

    columns: Sequence[Column[Row]]
    rows: Iterable[Row]
    count: Callable[[], int]
    sources: QuerySet[Source]
    rules: Sequence[str]
    codes: Callable[[], list[Section]] = field(default=list)
    day: date | None = None  # that of the rows, where no parameter of the address is it
    # The lines of a CSV of the rows, where the database makes them itself.
    lines: Callable[[], Iterable[str | bytes]] | None = None


def as_of(filterset: Any) -> date:
    """The day that the export shows: the one asked for, or today."""
    return filterset.form.cleaned_data.get("as_of") or today()


def parameters(filterset: Any) -> dict[str, list[str]]:
    """The parameters in force as they stand in the address: `{"district": ["tengzhou"]}`."""
    found = {
        name: [str(code) for code, _label in _values(filterset.form.fields[name], value)]
        for name, value in filterset.form.cleaned_data.items()
    }
    return {name: values for name, values in found.items() if values}


def in_words(filterset: Any) -> list[tuple[str, str]]:
    """The parameters in force as people read them: (District, Tengzhou City)."""
    orders = {sort: str(label) for _code, label, sort, _shown in COLUMNS if sort}
    orders["name"] = _("Project")
    found = []
    for name, value in filterset.form.cleaned_data.items():
        form_field = filterset.form.fields[name]
        labels = [str(label) for _code, label in _values(form_field, value)]
        if name == "ordering" and value:
            labels = [f"{orders[value.removeprefix('-')]} {'↓' if value[0] == '-' else '↑'}"]
        if labels:
            found.append((str(form_field.label), _("; ").join(labels)))
    return found


def _values(form_field: forms.Field, value: Any) -> list[tuple[Any, Any]]:
    """The chosen values of a field: (code in the address, name for people)."""
    if not value:
        return []
    if isinstance(form_field, forms.ModelMultipleChoiceField):
        key = form_field.to_field_name or "pk"
        return [(getattr(record, key), record.label) for record in value]
    if isinstance(value, list):
        labels = dict(form_field.choices)  # type: ignore[attr-defined]
        return [(code, labels[code]) for code in value]
    text = text_of(form_field.prepare_value(value))
    return [(text, text)]


def head(request: HttpRequest, filterset: Any, extract: Extract[Any]) -> dict[str, Any]:
    """The members of a JSON export before its rows."""
    return {
        "title": site_title(),
        "url": request.build_absolute_uri(),
        "generated": now(),
        "as_of": (extract.day or as_of(filterset)).isoformat(),
        "filters": parameters(filterset),
        "sources": [
            {
                "slug": source.slug,
                "title": str(source),
                "publisher": localised(source, "publisher") or None,
                "date": text_of(source.published) or None,
                "url": request.build_absolute_uri(source.get_absolute_url()),
            }
            for source in extract.sources
        ],
        "count": extract.count(),
    }


def cover(
    request: HttpRequest, title: "str | Promise", filterset: Any, extract: Extract[Any]
) -> Cover:
    """The cover of a workbook."""
    filters = in_words(filterset) or [(_("Filters"), _("none: everything"))]
    selection = [
        *filters,
        (_("State of"), extract.day or as_of(filterset)),
        (_("Rows"), extract.count()),
        (_("Exported"), timezone.now()),
        (_("Link"), request.build_absolute_uri()),
    ]
    rules = [("", rule) for rule in extract.rules]
    sources = [
        (
            source.slug,
            _("; ").join(
                filter(
                    None,
                    [
                        str(source),
                        localised(source, "publisher"),
                        source.published.label if source.published else "",
                        request.build_absolute_uri(source.get_absolute_url()),
                    ],
                )
            ),
        )
        for source in extract.sources
    ]
    sections = [
        Section(_("What was selected"), selection),
        Section(_("How to read it"), rules),
        *extract.codes(),
        Section(_("Sources"), sources or [("", _("No record here names a source."))]),
    ]
    return Cover(f"{site_title()} · {title}", sections)


def now() -> str:
    """This moment in local time, to the second."""
    return text_of(timezone.now())


def site_title() -> str:
    title: str = settings.SITE_TITLE["en" if reads_english() else "zh-hans"]
    return title


# --- What the rows rest on -------------------------------------------------------------------


def sources_of_projects(selection: ProjectQuerySet, day: date | None) -> QuerySet[Source]:
    """The sources of the projects and of what their rows tell: capacities, companies, stages."""
    chosen = selection.order_by().values("pk")
    events = Q(project__in=chosen)
    if day is not None:
        events &= Q(date__lte=day)
    resting = [Project.objects.filter(pk__in=chosen, source=OuterRef("pk"))]
    for name, condition in (
        ("capacities", Q(project__in=chosen)),
        ("participations", Q(project__in=chosen)),
        ("stage_changes", events),
    ):
        model: Any = Project._meta.get_field(name).related_model
        resting.append(model.objects.filter(condition, source=OuterRef("pk")))
    condition = Q()
    for records in resting:
        condition |= Q(Exists(records))
    return Source.objects.filter(condition)


def sources_of(*selections: QuerySet[Any]) -> QuerySet[Source]:
    """The sources that the records of the selections name."""
    condition = Q()
    for selection in selections:
        condition |= Q(pk__in=selection.order_by().values("source"))
    return Source.objects.filter(condition)
