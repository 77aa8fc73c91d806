"""What holds of places, sources, figures and drafts."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Exists, OuterRef

from districts.models import (
    Cited,
    Contestable,
    District,
    Draft,
    Passage,
    Reading,
    ReadingClaim,
    Target,
    TargetClaim,
)
from zaozhuang.audit import check, named
from zaozhuang.dates import PartialDate
from zaozhuang.invariants import own_models, rows_of

# An event is stored as the first day of its period, a deadline as the last.
EVENTS: list[tuple[type[models.Model], str]] = [
    (Reading, "period"),
    (ReadingClaim, "date"),
    (TargetClaim, "date"),
]
DEADLINES: list[tuple[type[models.Model], str]] = [(Target, "due")]


def wrong_days(columns: list[tuple[type[models.Model], str]], side: str) -> Iterator[str]:
    """The dates that are not on the `first` or `last` day of their period."""
    for model, name in columns:
        dated = rows_of(model).exclude(**{f"{name}_precision": "day"}).order_by("pk")
        days: Any = dated.filter(**{f"{name}__isnull": False}).values_list(
            "pk", name, f"{name}_precision"
        )
        for pk, day, precision in days.iterator():
            wanted: date = getattr(PartialDate.containing(day, precision), side)
            if day != wanted:
                yield f"{named(model, pk)}: {name} is {day}, of its {precision} it should be {wanted}."


@check
def figure_dates() -> Iterator[str]:
    """Periods begin, and due dates end, with the period that their precision names."""
    yield from wrong_days(EVENTS, "first")
    yield from wrong_days(DEADLINES, "last")


@check
def paths() -> Iterator[str]:
    """The path of a place is that of the place above it and its code."""
    found = rows_of(District).order_by("pk").values_list("pk", "code", "path", "parent__path")
    for pk, code, path, above in found:
        if path != f"{above or ''}{code}/":
            yield f"{named(District, pk)}: its path is {path!r}, not {above or ''}{code}/."


@check
def sources() -> Iterator[str]:
    """A paragraph that is named has its source, and stands among the paragraphs that it has."""
    cited = [model for model in own_models() if issubclass(model, Cited)]
    columns: list[tuple[type[models.Model], str, str]]
    columns = [(model, "source", "locator") for model in cited]
    columns += [(District, "position_source", "position_locator")]
    columns += [
        (model, "source", "locator")
        for model in own_models()
        if model not in cited
        and {"source", "locator"} <= {f.name for f in model._meta.fields}
        and model is not Passage
    ]
    for model, source, locator in columns:
        placed = rows_of(model).exclude(**{locator: ""})
        for pk in (
            placed.filter(**{f"{source}__isnull": True}).order_by("pk").values_list("pk", flat=True)
        ):
            yield f"{named(model, pk)}: it names a paragraph but no source."
        of_source = Passage.objects.filter(source=OuterRef(source))
        lost = placed.filter(
            Exists(of_source), ~Exists(of_source.filter(locator=OuterRef(locator)))
        )
        for pk, slug, text in lost.order_by("pk").values_list("pk", f"{source}__slug", locator):
            yield f"{named(model, pk)}: {slug} has no paragraph {text!r}."


@check
def claims() -> Iterator[str]:
    """Where another source says otherwise, the record says why its own figure counts."""
    for model in apps.get_models():
        if not issubclass(model, Contestable):
            continue
        options: Any = model._meta
        field = options.get_field("claims")
        beside = rows_of(field.related_model).filter(**{field.field.name: OuterRef("pk")})
        silent = rows_of(model).filter(Exists(beside), adopted_because="").order_by("pk")
        for pk in silent.values_list("pk", flat=True):
            yield f"{named(model, pk)}: claims stand beside it, and it does not say why it counts."


@check
def figure_addresses() -> Iterator[str]:
    """No target has the address of a reading: each has its page by it."""
    shared = rows_of(Target).filter(slug__in=rows_of(Reading).values("slug")).order_by("pk")
    for pk, slug in shared.values_list("pk", "slug"):
        yield f"{named(Target, pk)}: a reading has its address {slug!r} too."


@check
def drafts() -> Iterator[str]:
    """A draft names a kind of record that there is and what to change; a decided one by whom and when."""
    states, kinds = (
        set(Draft.State.values),
        {model._meta.label_lower for model in apps.get_models()},
    )
    for draft in rows_of(Draft).order_by("pk").iterator():
        if draft.state not in states:
            yield f"{named(draft)}: there is no state {draft.state!r}."
        if draft.model not in kinds:
            yield f"{named(draft)}: there is no kind of record {draft.model!r}."
        if draft.action != Draft.Action.ADD and draft.object_id is None:
            yield f"{named(draft)}: it does not say which record it would {draft.action}."
        if draft.state in (Draft.State.APPROVED, Draft.State.RETURNED) and not (
            draft.decided_by_id and draft.decided_at
        ):
            yield f"{named(draft)}: it is {draft.state}, but not by whom and when."
        parts = draft.changes
        if not isinstance(parts, list) or not all(
            isinstance(part, dict) and {"prefix", "pk", "delete", "fields"} <= part.keys()
            for part in parts
        ):
            yield f"{named(draft)}: what it would change cannot be read."


@check
def passages() -> Iterator[str]:
    """The paragraphs of a source are counted from 1."""
    for pk in rows_of(Passage).filter(order__lt=1).order_by("pk").values_list("pk", flat=True):
        yield f"{named(Passage, pk)}: its place in the source is not counted from 1."
