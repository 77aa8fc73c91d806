"""The light of a project: one published rule decides it, and it says which, on what, and when.

Judged are projects that are being prepared or built, by their plan, their stage and their
monthly reports, as of a day. The first rule that fits decides. “Not yet due”, “no report”,
“cannot be told” and “overdue” are four different things and have four different lights.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from django.conf import settings
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from projects.models import ProgressReport, Project
from projects.stages import Stage
from zaozhuang.dates import PartialDate, Precision
from zaozhuang.numbers import grouped

ONE_DECIMAL = Decimal("0.1")


class Colour(models.TextChoices):
    RED = "red", pgettext_lazy("light", "red")
    YELLOW = "yellow", pgettext_lazy("light", "yellow")
    GREEN = "green", pgettext_lazy("light", "green")
    GREY = "grey", pgettext_lazy("light", "grey")
    NOT_DUE = "not_due", pgettext_lazy("light", "not yet due")
    UNKNOWN = "unknown", pgettext_lazy("light", "cannot be told")

    @property
    def shape(self) -> str:
        """A sign of its own for each, so that nobody needs to see the colour."""
        return SHAPES[self]


SHAPES = {
    Colour.RED: "■",
    Colour.YELLOW: "▲",
    Colour.GREEN: "●",
    Colour.GREY: "○",
    Colour.NOT_DUE: "◇",
    Colour.UNKNOWN: "?",
}


@dataclass(frozen=True)
class Rule:
    """One line of the published rule; its text names the thresholds in force."""

    colour: Colour
    template: Promise

    @property
    def text(self) -> str:
        return str(self.template) % {
            "late": settings.LIGHT_LATE_MONTHS,
            "silent": settings.LIGHT_SILENT_MONTHS,
            "yellow": settings.LIGHT_BEHIND_YELLOW,
            "red": settings.LIGHT_BEHIND_RED,
        }


START_LATE = Rule(
    Colour.RED,
    gettext_lazy(
        "Construction has not begun, and its planned start fell due %(late)s months ago or more."
    ),
)
START_DUE = Rule(
    Colour.YELLOW,
    gettext_lazy(
        "Construction has not begun, and its planned start falls due this month or did so less than %(late)s months ago."
    ),
)
START_AHEAD = Rule(
    Colour.NOT_DUE,
    gettext_lazy("Construction has not begun, and its planned start is not due before next month."),
)
SILENT = Rule(
    Colour.GREY,
    gettext_lazy("There is no report of the last %(silent)s months, this one included."),
)
END_LATE = Rule(
    Colour.RED,
    gettext_lazy(
        "The planned end fell due %(late)s months ago or more, and the project is not reported as done."
    ),
)
FAR_BEHIND = Rule(
    Colour.RED,
    gettext_lazy(
        "Progress is more than %(red)s points behind the share of the planned time that has passed."
    ),
)
END_DUE = Rule(
    Colour.YELLOW,
    gettext_lazy(
        "The planned end passed less than %(late)s months ago, and the project is not reported as done."
    ),
)
BEHIND = Rule(
    Colour.YELLOW,
    gettext_lazy(
        "Progress is %(yellow)s to %(red)s points behind the share of the planned time that has passed."
    ),
)
NO_PLAN = Rule(
    Colour.UNKNOWN,
    gettext_lazy("It is reported on, but the plan lacks the start or the end to compare with."),
)
NO_PERCENT = Rule(
    Colour.UNKNOWN, gettext_lazy("It is reported on, but the last report gives no percentage.")
)
ON_PLAN = Rule(
    Colour.GREEN,
    gettext_lazy(
        "Progress is less than %(yellow)s points behind the share of the planned time that has passed, or ahead of it."
    ),
)

# As they are published and tried: the first that fits decides.
RULES = [
    START_LATE, START_DUE, START_AHEAD, SILENT,
    END_LATE, FAR_BEHIND, END_DUE, BEHIND,
    NO_PLAN, NO_PERCENT, ON_PLAN,
]  # fmt: skip


@dataclass(frozen=True)
class Standing:
    """What is known of a project on a day; `report` is its latest up to then."""

    day: date
    stage: str
    start: PartialDate | None
    end: PartialDate | None
    report: ProgressReport | None

    @property
    def begun(self) -> bool:
        return self.stage == Stage.BUILDING

    @property
    def silent(self) -> bool:
        report = self.report
        return report is None or _months(report.month, self.day) >= settings.LIGHT_SILENT_MONTHS

    @property
    def percent(self) -> Decimal | None:
        return self.report.percent if self.report else None

    @property
    def start_late(self) -> int | None:
        """Months since the start fell due: 0 in that month, negative before it."""
        return None if self.start is None else _months(self.start.last, self.day)

    @property
    def end_late(self) -> int | None:
        """Months since the planned end passed; None before that, and where all is done."""
        if self.end is None or self.end.last >= self.day or self.percent == 100:
            return None
        return _months(self.end.last, self.day)

    @property
    def measured(self) -> date:
        """The day on which progress was as reported: the end of that month, at most today."""
        assert self.report is not None
        return min(self.day, self.report.period.last)

    @property
    def elapsed(self) -> Decimal | None:
        """The share of the planned time that had passed when progress was measured, in percent.

        Rounded to one decimal before anything is compared, so that readers who count from
        the figures shown come to the same light.
        """
        if self.start is None or self.end is None or self.report is None:
            return None
        whole = (self.end.last - self.start.first).days + 1
        passed = (self.measured - self.start.first).days + 1
        share = Decimal(min(max(passed, 0), whole)) / Decimal(whole)
        return (share * 100).quantize(ONE_DECIMAL, ROUND_HALF_UP)

    @property
    def behind(self) -> Decimal | None:
        """Points of progress that are lacking; negative where it is ahead."""
        if self.elapsed is None or self.percent is None:
            return None
        return self.elapsed - self.percent


@dataclass(frozen=True)
class Light:
    """A light with its reason, which is worded only where it is shown."""

    rule: Rule
    standing: Standing

    @property
    def colour(self) -> Colour:
        return self.rule.colour

    @property
    def day(self) -> date:
        return self.standing.day

    @property
    def because(self) -> str:
        """Why, in a few words."""
        return _because(self.rule, self.standing)

    @property
    def inputs(self) -> list[tuple[str, str]]:
        """All that the rules look at, with its heading."""
        return list(_inputs(self.standing))


def judge(standing: Standing) -> Rule:
    """The one rule that decides."""
    late, yellow = settings.LIGHT_LATE_MONTHS, settings.LIGHT_BEHIND_YELLOW
    start_late, end_late = standing.start_late, standing.end_late
    if not standing.begun and start_late is not None:
        return START_LATE if start_late >= late else START_DUE if start_late >= 0 else START_AHEAD
    if standing.silent:
        return SILENT
    if end_late is not None and end_late >= late:
        return END_LATE
    behind = standing.behind if standing.begun else None
    if behind is not None and behind > settings.LIGHT_BEHIND_RED:
        return FAR_BEHIND
    if end_late is not None:
        return END_DUE
    if behind is not None:
        return BEHIND if behind >= yellow else ON_PLAN
    return NO_PERCENT if standing.elapsed is not None and standing.begun else NO_PLAN


def light(project: Project, report: ProgressReport | None, day: date) -> Light:
    """The light of a project as of a day, from its latest report up to then.

    The project comes from `ProjectQuerySet.at(day)` and is being prepared or built.
    """
    standing = Standing(day, project.at_stage, project.start, project.deadline, report)
    return Light(judge(standing), standing)


def _because(rule: Rule, standing: Standing) -> str:
    if rule in (START_LATE, START_DUE, START_AHEAD):
        assert standing.start is not None
        planned = _("start planned for %(period)s") % {"period": standing.start.label}
        return _with_months(planned, standing.start_late)
    if rule is SILENT:
        if standing.report is None:
            return _("never reported on")
        return _("last report: %(month)s") % {"month": standing.report.period.label}
    if rule in (END_LATE, END_DUE):
        assert standing.end is not None
        return _with_months(
            _("due %(deadline)s") % {"deadline": standing.end.deadline}, standing.end_late
        )
    if rule is NO_PERCENT:
        return _("no percentage reported")
    if rule is NO_PLAN:
        if standing.start or standing.end:
            return _("no planned end") if standing.start else _("no planned start")
        return _("neither planned start nor end")
    return _compared(standing)


def _compared(standing: Standing) -> str:
    assert standing.behind is not None
    assert standing.percent is not None
    assert standing.elapsed is not None
    texts = {
        "done": grouped(standing.percent),
        "passed": grouped(standing.elapsed),
        "points": grouped(abs(standing.behind)),
    }
    if standing.behind > 0:
        return _("%(done)s%% done, %(passed)s%% of the time gone: %(points)s points behind") % texts
    return _("%(done)s%% done, %(passed)s%% of the time gone: %(points)s points ahead") % texts


def _with_months(text: str, late: int | None) -> str:
    if not late or late < 0:
        return text
    over = ngettext("%(count)s month late", "%(count)s months late", late) % {"count": late}
    return _("%(finding)s, %(late)s") % {"finding": text, "late": over}


def _inputs(standing: Standing) -> Iterator[tuple[str, str]]:
    """Everything the rules look at, whichever of them decided; unknown is said to be unknown."""
    unknown = _("not given")
    report = standing.report
    yield _("Stage"), str(Stage(standing.stage).label)
    yield _("Planned start"), standing.start.label if standing.start else unknown
    yield _("Planned end"), standing.end.label if standing.end else unknown
    yield _("Last report"), report.period.label if report else _("none")
    if report:
        percent = unknown if standing.percent is None else f"{grouped(standing.percent)}%"
        yield _("Physical progress"), percent
    if standing.elapsed is not None:
        day = PartialDate(standing.measured, Precision.DAY).label
        heading = _("Planned time gone by %(day)s") % {"day": day}
        yield heading, f"{grouped(standing.elapsed)}%"


def _months(since: date, until: date) -> int:
    """Calendar months from one day's month to another's."""
    return (until.year - since.year) * 12 + until.month - since.month
