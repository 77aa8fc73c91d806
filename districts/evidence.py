"""Which records rest on which source, whatever app they live in."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from typing import Any

from django.db import models
from django.db.models import Count

from districts.models import Cited, Claim, Contestable, District, Passage, Source, anchor

# Of one kind without a source; those behind them come up as the first are completed.
LISTED = 200


def citing_models() -> list[type[Cited]]:
    """Every kind of record that cites a source, found through the reverse relations."""
    return [
        relation.related_model
        for relation in Source._meta.related_objects
        if isinstance(relation.related_model, type) and issubclass(relation.related_model, Cited)
    ]


@dataclass(frozen=True)
class Coverage:
    """How many records of one kind there are and how many of them name their source."""

    label: str
    total: int
    sourced: int
    is_figure: bool = False

    @property
    def share(self) -> Decimal | None:
        """Of one, rounded down, so that only all is all; None where there is nothing."""
        if not self.total:
            return None
        return (Decimal(self.sourced) / self.total).quantize(Decimal("0.001"), ROUND_DOWN)


def together(rows: Iterable[Coverage], label: str) -> Coverage:
    """Several kinds of record as one."""
    rows = list(rows)
    return Coverage(label, sum(row.total for row in rows), sum(row.sourced for row in rows))


def coverage() -> list[Coverage]:
    """One query a kind of record, however many records there are."""
    found = []
    for model in citing_models():
        counts = model._default_manager.aggregate(total=Count("pk"), sourced=Count("source"))
        found.append(
            Coverage(
                str(model._meta.verbose_name_plural),
                counts["total"],
                counts["sourced"],
                issubclass(model, Contestable),
            )
        )
    positions = District.objects.exclude(position="")
    counts = positions.aggregate(total=Count("pk"), sourced=Count("position_source"))
    found.append(Coverage(_position(), counts["total"], counts["sourced"]))
    return found


def records_by_source() -> dict[int, int]:
    """Source → how many records rest on it, those that `paragraphs()` shows."""
    resting: dict[int, int] = {}
    for rows in (
        *(model._default_manager.values_list("source") for model in citing_models()),
        District.objects.filter(position_source__isnull=False).values_list("position_source"),
    ):
        for source, count in rows.order_by().annotate(Count("pk")):
            if source:
                resting[source] = resting.get(source, 0) + count
    return resting


def without_source() -> list[tuple[str, int, list[Any]]]:
    """Kind of record, how many name no source, and the first of them, for editors to complete."""
    selections = [
        (str(model._meta.verbose_name_plural), _with_names(model).filter(source__isnull=True))
        for model in citing_models()
    ]
    positions = District.objects.filter(position_source__isnull=True).exclude(position="")
    selections.append((_position(), positions))
    counted = [(kind, rows.count(), rows) for kind, rows in selections]
    return [(kind, count, list(rows[:LISTED])) for kind, count, rows in counted if count]


def _position() -> str:
    """What a district's position is called, which names a source of its own."""
    return str(District._meta.get_field("position").verbose_name)


@dataclass
class Paragraph:
    """A place in a source and the records that rest on it."""

    locator: str
    passage: Passage | None
    records: list[tuple[str, Any]] = field(default_factory=list)

    label: str = ""

    @property
    def anchor(self) -> str:
        return anchor(self.locator)


def paragraphs(source: Source) -> list[Paragraph]:
    """The source paragraph by paragraph, each with its records; unplaced records come last."""
    found = {
        passage.locator: Paragraph(passage.locator, passage) for passage in source.passages.all()
    }
    for model in citing_models():
        kind = str(model._meta.verbose_name)
        for record in _with_names(model).filter(source=source):
            if record.locator not in found:
                found[record.locator] = Paragraph(record.locator, None)
            found[record.locator].records.append((kind, record))
    for district in source.positions.all():
        place = found.setdefault(
            district.position_locator, Paragraph(district.position_locator, None)
        )
        place.records.append((_position(), district))
    for place in found.values():
        place.label = source.place_label(place.locator)
    return list(found.values())


def _with_names(model: type[Cited]) -> models.QuerySet[Any]:
    """The records with all foreign keys that their names are made of: one query a kind."""
    names = [
        relation.name
        for relation in model._meta.get_fields()
        if isinstance(relation, models.ForeignKey)
        and relation.name in ("district", "indicator", "project", "company", "unit")
    ]
    if "indicator" in names:
        names += ["indicator__unit"]
    if issubclass(model, Claim):
        names += model.named_by
    return model._default_manager.select_related(*names, "source").order_by("pk")
