"""Numbers as people write them: 18 万吨 in Chinese, 180,000 t in English."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple, Protocol

from django.utils.translation import gettext as _

from zaozhuang.localised import reads_english

# From here on English readers get words instead of zeros.
SCALES = [(Decimal(10) ** 9, "billion"), (Decimal(10) ** 6, "million")]


class MeasuringUnit(Protocol):
    """What a unit must tell: its name, its English name, and how many of that one it is."""

    @property
    def name(self) -> str: ...

    @property
    def name_en(self) -> str: ...

    @property
    def factor(self) -> Decimal: ...


class PlainUnit(NamedTuple):
    """A unit without its record."""

    name: str
    name_en: str
    factor: Decimal


# Investments are columns of their own and have no unit beside them.
HUNDRED_MILLION_YUAN = PlainUnit("亿元", "CNY", Decimal(10) ** 8)
TEN_THOUSAND_YUAN = PlainUnit("万元", "CNY", Decimal(10) ** 4)


def plain(value: Decimal) -> str:
    """A number without trailing zeros or exponent, for machines: `18`, `4.08`."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def grouped(value: Decimal | int) -> str:
    """A number with separators of thousands and no trailing zeros: `10,000`."""
    whole, dot, part = plain(Decimal(value)).partition(".")
    return f"{int(whole):,}{dot}{part}" if whole not in ("-0", "") else whole + dot + part


def quantity(
    value: Decimal,
    unit: MeasuringUnit | None,
    *,
    per_year: bool = False,
    about: bool = False,
    english: bool | None = None,
) -> str:
    """A figure with its unit in the reader's language, marked where it is approximate.

    Chinese keeps what the source wrote (`18 万吨/年`, `约 50 亿元`); English scales to its own unit
    (`180,000 t/yr`, `about CNY 5 billion`). Who writes thousands of figures says once whether
    the reader is `english`.
    """
    if reads_english() if english is None else english:
        text = _english(value, unit)
        if per_year:
            text += "/yr" if unit and unit.name_en else " a year"
    else:
        name = unit.name if unit else ""
        text = f"{grouped(value)}%" if name == "%" else f"{grouped(value)} {name}".rstrip()
        if per_year:
            text += "/年"
    return _("about %(figure)s") % {"figure": text} if about else text


def _english(value: Decimal, unit: MeasuringUnit | None) -> str:
    if unit is None:
        return grouped(value)
    value = value * unit.factor
    number = grouped(value)
    for scale, word in SCALES:
        if abs(value) >= scale:
            scaled = (value / scale).quantize(Decimal("0.001"), ROUND_HALF_EVEN)
            number = f"{grouped(scaled)} {word}"
            break
    if unit.name_en == "%":
        return f"{number}%"
    if len(unit.name_en) == 3 and unit.name_en.isupper():  # a currency stands before its figure
        return f"{unit.name_en} {number}"
    return f"{number} {unit.name_en}".rstrip()


def percent(share: Decimal) -> str:
    """A share of one as a percentage without decimals that say nothing: 0.1 → `10%`."""
    return f"{grouped((share * 100).quantize(Decimal('0.1')))}%"
