"""A month's report of a project: what was spent, how far the works are, what is in the way."""

from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from districts.models import Source
from projects.models.project import Project
from zaozhuang.dates import PartialDate, Precision, date_has_precision, deadline_day, partial
from zaozhuang.history.tracking import Tracked
from zaozhuang.numbers import TEN_THOUSAND_YUAN

AMOUNTS = ["invested_month", "invested_year", "invested_total"]


def amount_field(name: Any, help_text: Any) -> "models.DecimalField[Any, Any]":
    """Investment in 万元, to the yuan; blank where it is not known, which is not zero."""
    return models.DecimalField(
        name,
        max_digits=16,
        decimal_places=4,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=help_text,
    )


def _known(*names: str) -> models.Q:
    """The condition that none of the columns is blank."""
    return models.Q(**{f"{name}__isnull": False for name in names})


def _contains(part: str, whole: str) -> models.CheckConstraint:
    """A sum is not less than a part of it, where both are known."""
    return models.CheckConstraint(
        condition=~_known(part, whole) | models.Q(**{f"{part}__lte": models.F(whole)}),
        name=f"report_{whole}_contains_{part.removeprefix('invested_')}",
        violation_error_message=_(
            "Investment of the month, since January and since the start cannot become less."
        ),
    )


class ProgressReport(Tracked):
    """What a district reports of a project for one month.

    It is the office's own word, a working paper: it needs no source, and it is not among
    the public records that rest on one.
    """

    UNIT = TEN_THOUSAND_YUAN

    project = models.ForeignKey(
        Project, models.CASCADE, related_name="reports", verbose_name=_("project")
    )
    # Kept as its first day.
    month = models.DateField(pgettext_lazy("report", "month"))
    invested_month = amount_field(
        _("invested in the month, 万元"),
        _("In 万元 (ten thousand yuan); blank where it is not known, which is not zero."),
    )
    invested_year = amount_field(
        _("invested since January, 万元"), _("In 万元, from January to the end of the month.")
    )
    invested_total = amount_field(
        _("invested since the start, 万元"),
        _("In 万元, from the start of the project to the end of the month."),
    )
    percent = models.DecimalField(
        _("physical progress, %"),
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text=_("How much of the works is done, from 0 to 100."),
    )
    progress = models.TextField(
        _("physical progress in words"),
        blank=True,
        help_text=_("What stands, what is being built."),
    )
    problem = models.TextField(_("problem"), blank=True, help_text=_("Blank where there is none."))
    solver = models.CharField(_("who solves it"), max_length=100, blank=True)
    solve_by = models.DateField(_("to be solved by"), null=True, blank=True)
    solve_by_precision = models.CharField(
        _("precision of the day to solve it by"), max_length=8, choices=Precision, blank=True
    )
    source = models.ForeignKey(
        Source,
        models.PROTECT,
        null=True,
        blank=True,
        # Without a way back, so that no public page of the source lists a working paper.
        related_name="+",
        verbose_name=_("source"),
        help_text=_("Blank where the report itself is all there is."),
    )
    locator = models.CharField(_("locator"), max_length=40, blank=True)
    note = models.TextField(
        _("note"), blank=True, help_text=_("Such as why a sum became less than a month before.")
    )
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="progress_reports",
        verbose_name=_("recorded by"),
    )
    recorded_at = models.DateTimeField(_("recorded"), auto_now_add=True)

    class Meta:
        ordering = ["-month", "project"]
        verbose_name = _("monthly report")
        verbose_name_plural = _("monthly reports")
        get_latest_by = "month"
        constraints = [
            models.UniqueConstraint(fields=["project", "month"], name="report_once_a_month"),
            models.CheckConstraint(
                # As text, not by a function that only Django gives to SQLite: other tools
                # check the file too.
                condition=models.Q(month__endswith="-01"),
                name="report_month_is_its_first_day",
                violation_error_message=_("A month is kept as its first day."),
            ),
            *(
                models.CheckConstraint(
                    condition=models.Q(**{f"{name}__isnull": True})
                    | models.Q(**{f"{name}__gte": 0}),
                    name=f"report_{name}_not_negative",
                    violation_error_message=_("An investment cannot be less than zero."),
                )
                for name in AMOUNTS
            ),
            _contains("invested_month", "invested_year"),
            _contains("invested_month", "invested_total"),
            _contains("invested_year", "invested_total"),
            models.CheckConstraint(
                condition=models.Q(percent__isnull=True)
                | models.Q(percent__gte=0, percent__lte=100),
                name="report_percent_from_0_to_100",
                violation_error_message=_("Progress lies between 0 and 100 %%."),
            ),
            models.CheckConstraint(
                condition=date_has_precision("solve_by"),
                name="report_solve_by_has_precision",
                violation_error_message=_("Give the date and its precision together."),
            ),
            models.CheckConstraint(
                condition=~models.Q(problem="") | models.Q(solver="", solve_by__isnull=True),
                name="report_solver_needs_problem",
                violation_error_message=_("Say what the problem is that is to be solved."),
            ),
            models.CheckConstraint(
                condition=models.Q(locator="") | models.Q(source__isnull=False),
                name="report_locator_needs_source",
                violation_error_message=_("A locator needs the source that it is in."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project.label} · {self.period.label}"

    def belongs_to(self) -> Project:
        return self.project

    @property
    def period(self) -> PartialDate:
        return PartialDate.containing(self.month, Precision.MONTH)

    @property
    def to_solve_by(self) -> PartialDate | None:
        return partial(self.solve_by, self.solve_by_precision)

    def clean(self) -> None:
        if self.month:
            self.month = self.month.replace(day=1)
        self.solve_by = deadline_day(self.solve_by, self.solve_by_precision)
