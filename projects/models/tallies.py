"""What is kept counted, so that a page need not count a million projects; see projects.summaries.

No row here says anything that the projects do not say: `manage.py rebuild_summaries` makes all
of them anew. Rows are added, never changed: several rows with the same key add up, and are
merged now and then. So no editor waits for another who changes a project of the same place.
"""

from typing import Any

from django.db import models


class NotDumped(models.Manager[Any]):
    """Leaves out every row: a backup holds the projects, and loading them counts them again."""

    def get_queryset(self) -> "models.QuerySet[Any]":
        return super().get_queryset().none()


class Counting(models.Model):
    """Some projects and what they amount to, at a stage, on a basis, of a kind.

    `figure` says of what: blank for the projects themselves, `capacity`, a kind of investment,
    or `source` and `due`, which stand in the place of the segment. Amounts are in millionths of the unit, so that they add up exactly.
    """

    place = models.BigIntegerField()
    having = models.BigIntegerField()
    figure = models.CharField(max_length=10)
    segment = models.BigIntegerField()
    unit = models.BigIntegerField()
    per_year = models.BooleanField()
    stage = models.CharField(max_length=12)
    basis = models.CharField(max_length=8)
    kind = models.CharField(max_length=13)
    projects = models.BigIntegerField()
    amount = models.DecimalField(max_digits=38, decimal_places=0)

    objects = NotDumped()
    backed_up = False

    class Meta:
        abstract = True
        base_manager_name = "objects"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.place} {self.figure} {self.segment} {self.stage}: {self.projects}"


class Tally(Counting):
    """Projects in a place or below it, as they would be counted if all of them were selected.

    `segment` is the one that they have, 0 for all projects; for a capacity, the one in which it
    is. With `having`, kept for roots alone, only those that have that other segment too.
    """

    class Meta(Counting.Meta):
        indexes = [
            # All columns: a page reads a few rows of each of thirty places, and each would be a
            # look into the table.
            models.Index(
                fields=[
                    *("place", "figure", "having", "segment", "stage", "basis", "kind"),
                    *("unit", "per_year", "projects", "amount"),
                ],
                name="tally_whole",
            )
        ]


class Overlap(Counting):
    """What a phase and the project that it is a phase of both state, which counts once.

    To be taken off where both are selected: the phase in `place`, the whole in `above_place`.
    """

    above_place = models.BigIntegerField()
    above_stage = models.CharField(max_length=12)
    above_basis = models.CharField(max_length=8)
    above_kind = models.CharField(max_length=13)

    class Meta(Counting.Meta):
        indexes = [
            # All columns, since a country's overlaps are some ten thousand rows.
            models.Index(
                fields=[
                    *("place", "figure", "having", "segment", "above_place", "unit", "per_year"),
                    *("stage", "basis", "kind", "above_stage", "above_basis", "above_kind"),
                    *("projects", "amount"),
                ],
                name="overlap_place",
            )
        ]


class CompanyCounting(models.Model):
    """How many projects of one choice of a facet a company takes part in.

    `facet` and `choice` are those of the list: a stage, a segment's or a large place's key …
    """

    facet = models.CharField(max_length=8)
    choice = models.CharField(max_length=20)
    company = models.BigIntegerField()
    projects = models.BigIntegerField()

    objects = NotDumped()
    backed_up = False

    class Meta:
        abstract = True
        base_manager_name = "objects"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.facet} {self.choice} {self.company}: {self.projects}"


class CompanyTally(CompanyCounting):
    """One row for each company and choice, so that the largest are found by an index."""

    class Meta(CompanyCounting.Meta):
        constraints = [
            models.UniqueConstraint(fields=["facet", "choice", "company"], name="companytally_once")
        ]
        indexes = [
            models.Index(fields=["facet", "choice", "-projects"], name="companytally_largest")
        ]


class CompanyChange(CompanyCounting):
    """What has changed since and is to be added to the tally."""

    class Meta(CompanyCounting.Meta):
        indexes = [models.Index(fields=["facet", "choice"], name="companychange_choice")]
