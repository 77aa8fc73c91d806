"""What the database's own index of words finds projects and companies by."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from projects.models.companies import Company
from projects.models.project import Project


class Pairs(models.Model):
    """The pairs of Chinese characters in a search text, which `projects.found` keeps.

    SQLite reads them through a table of FTS5 and PostgreSQL through a GIN index, both made
    by the migration that made these tables. They stand apart from the records so that a
    write to anything but a name leaves the index alone.
    """

    pairs = models.TextField(editable=False)

    backed_up = False

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.pairs


class ProjectPairs(Pairs):
    record = models.OneToOneField(
        Project, models.CASCADE, primary_key=True, db_column="id", related_name="+"
    )

    class Meta(Pairs.Meta):
        verbose_name = _("search words")
        verbose_name_plural = _("search words")


class CompanyPairs(Pairs):
    record = models.OneToOneField(
        Company, models.CASCADE, primary_key=True, db_column="id", related_name="+"
    )

    class Meta(Pairs.Meta):
        verbose_name = _("search words")
        verbose_name_plural = _("search words")
