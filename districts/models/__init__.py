"""Places, sources, and what is promised and measured."""

from districts.models.base import Basis, Named
from districts.models.claims import ReadingClaim, TargetClaim
from districts.models.contested import CONTESTED, Claim, Contestable, contested
from districts.models.drafts import Draft
from districts.models.figures import (
    Indicator,
    Reading,
    ReadingQuerySet,
    Target,
    TargetQuerySet,
    Theme,
    Unit,
)
from districts.models.members import Membership
from districts.models.places import District
from districts.models.sources import Cited, Passage, Recorded, Source, anchor

__all__ = [
    "CONTESTED",
    "Basis",
    "Cited",
    "Claim",
    "Contestable",
    "District",
    "Draft",
    "Indicator",
    "Membership",
    "Named",
    "Passage",
    "Reading",
    "ReadingClaim",
    "ReadingQuerySet",
    "Recorded",
    "Source",
    "Target",
    "TargetClaim",
    "TargetQuerySet",
    "Theme",
    "Unit",
    "anchor",
    "contested",
]
