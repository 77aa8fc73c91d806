"""What a city follows: the chain, the companies, and the projects with their lives."""

from projects.models.chain import Segment, Stream, Technology
from projects.models.companies import Company, Honour
from projects.models.parts import Capacity, CapacityClaim, Participation, StageChange
from projects.models.project import Project
from projects.models.reports import ProgressReport

__all__ = [
    "Capacity",
    "CapacityClaim",
    "Company",
    "Honour",
    "Participation",
    "ProgressReport",
    "Project",
    "Segment",
    "StageChange",
    "Stream",
    "Technology",
]
