"""What a city follows: the chain, the companies, and the projects with their lives."""

from projects.models.chain import Segment, Stream, Technology
from projects.models.companies import Company, Honour
from projects.models.pairs import CompanyPairs, ProjectPairs
from projects.models.parts import Capacity, CapacityClaim, Participation, StageChange
from projects.models.project import Project
from projects.models.reports import ProgressReport
from projects.models.tallies import CompanyChange, CompanyTally, Overlap, Tally

__all__ = [
    "Capacity",
    "CapacityClaim",
    "Company",
    "CompanyChange",
    "CompanyPairs",
    "CompanyTally",
    "Honour",
    "Overlap",
    "Participation",
    "ProgressReport",
    "Project",
    "ProjectPairs",
    "Segment",
    "StageChange",
    "Stream",
    "Tally",
    "Technology",
]
