"""Which records rest on which source, whatever app they live in."""

from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.db.models import Count

from districts.models import Cited, Claim, Passage, Source, anchor


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


def coverage() -> list[Coverage]:
    """One query a kind of record, however many records there are."""
    found = []
    for model in citing_models():
        counts = model._default_manager.aggregate(total=Count("pk"), sourced=Count("source"))
        found.append(
            Coverage(str(model._meta.verbose_name_plural), counts["total"], counts["sourced"])
        )
    return found


@dataclass
class Paragraph:
    """A place in a source and the records that rest on it."""

    locator: str
    passage: Passage | None
    records: list[tuple[str, Any]] = field(default_factory=list)

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
        place.records.append(
            (str(type(district)._meta.get_field("position").verbose_name), district)
        )
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
