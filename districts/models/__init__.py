"""Places, sources, and what is promised and measured."""

from districts.models.base import Basis, Named
from districts.models.claims import ReadingClaim, TargetClaim
from districts.models.contested import CONTESTED, Claim, Contestable, contested
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
    "CONTESTED",
    "Basis",
    "Cited",
    "Claim",
    "Contestable",
    "District",
    "Indicator",
    "Named",
    "Passage",
    "Reading",
    "ReadingClaim",
    "ReadingQuerySet",
    "Source",
    "Target",
    "TargetClaim",
    "TargetQuerySet",
    "Theme",
    "Unit",
    "anchor",
    "contested",
]
