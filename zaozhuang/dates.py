"""Dates that are known only to a month, a quarter, a half, a year or a five-year plan.

Two columns hold such a date: a day and a precision. An event is stored as the first day of
its period and a deadline as the last, so that plain comparisons in SQL are right: an event
holds from when its period begins, and a promise is overdue when its period is over.
"""

import calendar
import re
from dataclasses import dataclass
from datetime import date

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from zaozhuang.localised import reads_english


class Precision(models.TextChoices):
    DAY = "day", gettext_lazy("day")
    MONTH = "month", gettext_lazy("month")
    QUARTER = "quarter", gettext_lazy("quarter")
    HALF = "half", gettext_lazy("half year")
    YEAR = "year", gettext_lazy("year")
    PLAN = "plan", gettext_lazy("five-year plan")


# China's five-year plans; the 14th runs from 2021 to 2025.
PLAN_14_START = 2021
MONTHS = {
    Precision.MONTH: 1,
    Precision.QUARTER: 3,
    Precision.HALF: 6,
    Precision.YEAR: 12,
    Precision.PLAN: 60,
}

_FORMS = [
    (Precision.DAY, re.compile(r"(\d{4})-(\d{2})-(\d{2})")),
    (Precision.MONTH, re.compile(r"(\d{4})-(\d{2})")),
    (Precision.QUARTER, re.compile(r"(\d{4})-Q([1-4])")),
    (Precision.HALF, re.compile(r"(\d{4})-H([12])")),
    (Precision.PLAN, re.compile(r"(\d{4})/(\d{4})")),
    (Precision.YEAR, re.compile(r"(\d{4})")),
]

# The same as Chinese sources write them: 2023年5月31日, 2023年二季度, “十四五”末.
_CHINESE = re.compile(
    r"(?P<year>[0-9]{4})年"
    r"(?:(?P<month>[0-9]{1,2})月(?:(?P<day>[0-9]{1,2})[日号])?"
    r"|第?(?P<quarter>[1-4一二三四])季度|(?P<half>[上下])半年)?"
)
_CHINESE_PLAN = re.compile(
    r"[“\"]?十(?P<ones>[一二三四五六七八九]?)五[”\"]?(?:规划)?(?:时期|期间)?末?"
)


def today() -> date:
    """Today in Asia/Shanghai, the day by which everything here is due or not."""
    return timezone.localdate()


def plan_number(year: int) -> int:
    """Which five-year plan a year belongs to (2021 to 2025: 14)."""
    return 14 + (year - PLAN_14_START) // 5


@dataclass(frozen=True)
class PartialDate:
    """A period that contains a date, as exact as the source gives it."""

    first: date
    precision: Precision

    @classmethod
    def containing(cls, day: date, precision: str) -> "PartialDate":
        """The period of the given precision that contains `day`."""
        kind = Precision(precision)
        if kind is Precision.DAY:
            return cls(day, kind)
        if kind is Precision.PLAN:
            year = day.year - (day.year - PLAN_14_START) % 5
            return cls(date(year, 1, 1), kind)
        span = MONTHS[kind]
        return cls(date(day.year, (day.month - 1) // span * span + 1, 1), kind)

    @classmethod
    def parse(cls, text: str) -> "PartialDate":
        """Read `2023-05-31`, `2023-05`, `2023-Q2`, `2023-H1`, `2023` or `2021/2025`.

        Also what Chinese sources write: `2023年5月31日`, `2023年5月`, `2023年二季度`,
        `2023年上半年`, `2023年`, `“十四五”末`.
        Raises ValueError for anything else, impossible days and months included.
        """
        text = _iso(text.strip())
        for precision, pattern in _FORMS:
            match = pattern.fullmatch(text)
            if match is None or not text.isascii():
                continue
            numbers = [int(group) for group in match.groups()]
            if precision is Precision.DAY:
                return cls(date(*numbers), precision)
            if precision is Precision.YEAR:
                return cls(date(numbers[0], 1, 1), precision)
            if precision is Precision.PLAN:
                first, last = numbers
                if last != first + 4 or (first - PLAN_14_START) % 5:
                    break
                return cls(date(first, 1, 1), precision)
            year, part = numbers
            return cls(date(year, (part - 1) * MONTHS[precision] + 1, 1), precision)
        raise ValueError(
            _(
                "“%(text)s” is not a date; write 2023-05-31, 2023-05, 2023-Q2, 2023-H1, 2023 or 2021/2025."
            )
            % {"text": text}
        )

    @property
    def last(self) -> date:
        """The last day of the period."""
        if self.precision is Precision.DAY:
            return self.first
        months = self.first.month - 1 + MONTHS[self.precision] - 1
        # The calendar ends with the year 9999, within a five-year plan.
        year, month = min(self.first.year + months // 12, date.max.year), months % 12 + 1
        return date(year, month, calendar.monthrange(year, month)[1])

    @property
    def iso(self) -> str:
        """The date at its own precision; a five-year plan is an ISO 8601 interval of years."""
        year = f"{self.first.year:04}"
        match self.precision:
            case Precision.DAY:
                return self.first.isoformat()
            case Precision.MONTH:
                return f"{year}-{self.first.month:02}"
            case Precision.QUARTER:
                return f"{year}-Q{(self.first.month + 2) // 3}"
            case Precision.HALF:
                return f"{year}-H{1 if self.first.month == 1 else 2}"
            case Precision.YEAR:
                return year
            case Precision.PLAN:
                return f"{year}/{self.first.year + 4:04}"

    @property
    def label(self) -> str:
        """The period in the reader's language: 2023年5月, May 2023."""
        year, month, day = self.first.year, self.first.month, self.first.day
        english = reads_english()
        match self.precision:
            case Precision.DAY:
                if english:
                    return f"{day} {calendar.month_abbr[month]} {year}"
                return f"{year}年{month}月{day}日"
            case Precision.MONTH:
                return f"{calendar.month_abbr[month]} {year}" if english else f"{year}年{month}月"
            case Precision.QUARTER:
                quarter = (month + 2) // 3
                return f"Q{quarter} {year}" if english else f"{year}年{'一二三四'[quarter - 1]}季度"
            case Precision.HALF:
                half = 1 if month == 1 else 2
                return f"H{half} {year}" if english else f"{year}年{'上下'[half - 1]}半年"
            case Precision.YEAR:
                return f"{year}" if english else f"{year}年"
            case Precision.PLAN:
                return _("%(number)sth Five-Year Plan (%(first)s–%(last)s)") % {
                    "number": _plan_numeral(year),
                    "first": year,
                    "last": year + 4,
                }

    @property
    def deadline(self) -> str:
        """The period as the end of a promise: 2023年5月前, by May 2023; 2023年内, by the end of 2023."""
        if self.precision is Precision.PLAN:
            return _("by the end of the %(number)sth Five-Year Plan (%(year)s)") % {
                "number": _plan_numeral(self.first.year),
                "year": self.last.year,
            }
        if self.precision in (Precision.DAY, Precision.MONTH):
            return pgettext("deadline", "by %(period)s") % {"period": self.label}
        # 2023年前 and “by 2023” would be read as before the year begins.
        return pgettext("deadline", "by the end of %(period)s") % {"period": self.label}


def _plan_numeral(year: int) -> str:
    """The number of a year's five-year plan as it is written: 14, 十四."""
    number = plan_number(year)
    return str(number) if reads_english() else _chinese_number(number)


def _chinese_number(number: int) -> str:
    """14 as 十四; five-year plans are counted in Chinese numerals."""
    if not 0 < number < 100:
        return str(number)
    digits = "零一二三四五六七八九"
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else "十" if tens == 1 else f"{digits[tens]}十"
    return head + (digits[ones] if ones else "")


def _iso(text: str) -> str:
    """A date as Chinese sources write it, in ISO form; any other text as it was."""
    compact = "".join(text.split())
    if match := _CHINESE_PLAN.fullmatch(compact):
        # 十五 is the tenth plan and 十四五 the fourteenth: the last 五 is the word “five”.
        number = 10 + "零一二三四五六七八九".index(match["ones"] or "零")
        first = PLAN_14_START + 5 * (number - 14)
        return f"{first}/{first + 4}"
    match = _CHINESE.fullmatch(compact)
    if match is None:
        return text
    year, month, day = match["year"], match["month"], match["day"]
    if quarter := match["quarter"]:
        return f"{year}-Q{'一二三四'.find(quarter) + 1 or quarter}"
    if half := match["half"]:
        return f"{year}-H{'上下'.index(half) + 1}"
    return "-".join([year, *(part.zfill(2) for part in (month, day) if part)])


def event_day(day: date | None, precision: str) -> date | None:
    """The day under which an event is stored: the first of its period."""
    return PartialDate.containing(day, precision).first if day and precision else day


def deadline_day(day: date | None, precision: str) -> date | None:
    """The day under which a deadline is stored: the last of its period."""
    return PartialDate.containing(day, precision).last if day and precision else day


def partial(day: date | None, precision: str) -> PartialDate | None:
    """The partial date held in two columns, or None where the date is unknown."""
    return PartialDate.containing(day, precision) if day and precision else None


def date_has_precision(field: str) -> models.Q:
    """The condition of a check constraint: a date and its precision come together."""
    return models.Q(**{f"{field}__isnull": True, f"{field}_precision": ""}) | models.Q(
        **{f"{field}__isnull": False, f"{field}_precision__in": Precision.values}
    )
