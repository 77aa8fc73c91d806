"""A city's figure against the sum of its districts', refusing to add what does not match."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from districts.models import District, Reading, Target
from zaozhuang.dates import PartialDate


@dataclass(frozen=True)
class LeftOut:
    """A district's figure that is not added, and why."""

    figure: Target | Reading
    reason: str


@dataclass
class SumCheck:
    """One figure of a place, and those of the places directly below that may be added to it.

    `silent` are the places below without any figure of the indicator: a sum over some of the
    districts is not the sum over all.
    """

    whole: Target | Reading
    added: list[Target | Reading] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    silent: list[District] = field(default_factory=list)

    @property
    def total(self) -> Decimal | None:
        """What the added figures come to, None where nothing may be added."""
        return sum((value_of(figure) for figure in self.added), Decimal(0)) if self.added else None

    @property
    def gap(self) -> Decimal | None:
        """What the districts' figures do not explain; negative where they exceed the whole."""
        return None if self.total is None else value_of(self.whole) - self.total

    @property
    def approximate(self) -> bool:
        return any(figure.approximate for figure in self.added)

    def mentions(self, district: District) -> bool:
        figures = [self.whole, *self.added, *(left.figure for left in self.left_out)]
        return any(figure.district_id == district.pk for figure in figures)


def value_of(figure: Target | Reading) -> Decimal:
    assert figure.value is not None
    return figure.value


def moment_of(figure: Target | Reading) -> PartialDate | None:
    """The deadline of a target, the period of a reading."""
    return figure.reported if isinstance(figure, Reading) else figure.deadline


def sum_checks(city: District, districts: Sequence[District], as_of: date) -> list[SumCheck]:
    """Every figure of the city of whose indicator some district below has a figure too.

    Targets are compared with targets and readings with readings; of the industry only. Two
    queries, whatever the number of figures.
    """
    places = [city, *districts]
    targets = Target.objects.industry().filter(district__in=places, value__isnull=False).for_list()
    readings = (
        Reading.objects.industry()
        .filter(district__in=places, place="", period__lte=as_of)
        .for_list()
    )
    return [*_checks(city, districts, targets), *_checks(city, districts, readings)]


def _checks(
    city: District, districts: Sequence[District], figures: Iterable[Target | Reading]
) -> list[SumCheck]:
    figures = list(figures)
    below = [figure for figure in figures if figure.district_id != city.pk]
    found = []
    for whole in figures:
        same = [figure for figure in below if figure.indicator_id == whole.indicator_id]
        if whole.district_id != city.pk or not same:
            continue
        check = SumCheck(whole)
        for figure in same:
            reason = why_not(whole, figure)
            if reason:
                check.left_out.append(LeftOut(figure, reason))
            else:
                check.added.append(figure)
        speaking = {figure.district_id for figure in same}
        check.silent = [district for district in districts if district.pk not in speaking]
        found.append(check)
    return found


def why_not(whole: Target | Reading, part: Target | Reading) -> str:
    """Why a district's figure may not be added up to the city's; empty where it may."""
    if not whole.indicator.summable:
        return _("shares and growth rates are not added")
    mine, its = moment_of(whole), moment_of(part)
    if its is None:
        return _("it names no date")
    if mine != its:
        return _("its period is %(period)s") % {"period": its.label}
    return ""
