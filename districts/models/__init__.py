"""Places, sources, and what is promised and measured."""

from districts.models.base import Basis, Named
from districts.models.figures import (
    Indicator,
    Reading,
    ReadingQuerySet,
    Target,
    TargetQuerySet,
    Theme,
    Unit,
)
from districts.models.places import District
from districts.models.sources import Cited, Passage, Source, anchor

__all__ = [
    "Basis",
    "Cited",
    "District",
    "Indicator",
    "Named",
    "Passage",
    "Reading",
    "ReadingQuerySet",
    "Source",
    "Target",
    "TargetQuerySet",
    "Theme",
    "Unit",
    "anchor",
]
