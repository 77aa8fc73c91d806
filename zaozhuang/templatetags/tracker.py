"""How figures, dates and sources are written. Built in: templates need not load it."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from zaozhuang import numbers
from zaozhuang.dates import PartialDate
from zaozhuang.localised import localised
from zaozhuang.localised import person as name_of
from zaozhuang.localised import remark as in_brackets

register = template.Library()

# How many sources the foot of a picture names.
CREDITED = 2


@register.filter
def local(record: Any, field: str) -> str:
    """`{{ company|local:"registered_in" }}`: a field of data in the reader's language."""
    return localised(record, field)


@register.filter
def person(user: Any) -> str:
    return name_of(user)


@register.filter
def grouped(value: Decimal | int) -> str:
    """`10,000`"""
    return numbers.grouped(value)


@register.filter
def remark(text: object) -> str:
    """`{{ label }}{{ basis|remark }}`: a remark in the brackets of the reader's language."""
    return in_brackets(text)


@register.filter
def percentage(share: Decimal) -> str:
    """`10%` of a share of one."""
    return numbers.percent(share)


@register.simple_tag
def figure(
    value: Decimal | None, unit: Any = None, per_year: bool = False, about: bool = False
) -> SafeString | str:
    """A figure with its unit, or a visible “not given”: blank is not zero."""
    if value is None:
        return format_html('<span class="unknown">{}</span>', _("not given"))
    return numbers.quantity(value, unit, per_year=per_year, about=about)


@register.simple_tag
def credit(sources: Iterable[Any] | None) -> str:
    """What a picture rests on, for its foot: ` · Sources: A newspaper page (Feb 2023)`.

    Two are named, further ones counted; empty where nothing is known of the sources.
    """
    every = list(sources or ())
    if not every:
        return ""
    named = [
        f"{source}{in_brackets(source.published.label) if source.published else ''}"
        for source in every[:CREDITED]
    ]
    if len(every) > CREDITED:
        more = len(every) - CREDITED
        named.append(ngettext("%(count)s more", "%(count)s more", more) % {"count": more})
    return _(" · Sources: %(sources)s") % {"sources": pgettext("between titles", "; ").join(named)}


@register.simple_tag
def money(value: Decimal, about: bool = False) -> str:
    """An investment, which is kept in 亿元: `50 亿元`, `CNY 5 billion`."""
    return numbers.quantity(value, numbers.HUNDRED_MILLION_YUAN, about=about)


@register.filter
def when(moment: PartialDate | None) -> SafeString | str:
    """A date at its own precision, with the machine's form beside it."""
    if moment is None:
        return format_html('<span class="unknown">{}</span>', _("not given"))
    return _time(moment, moment.label)


@register.filter
def deadline(moment: PartialDate | None) -> SafeString | str:
    """A date as the end of a promise: 2023年5月前."""
    if moment is None:
        return format_html('<span class="unknown">{}</span>', _("no date given"))
    return _time(moment, moment.deadline)


def _time(moment: PartialDate, label: str) -> SafeString:
    # HTML's <time> knows days, months and years; other precisions would be invalid there.
    if moment.precision in ("day", "month", "year"):
        return format_html('<time datetime="{}">{}</time>', moment.iso, label)
    return format_html("<span>{}</span>", label)


@register.filter
def isoday(day: date) -> str:
    """2023-02-13, in every language."""
    return day.isoformat()


@register.simple_tag(takes_context=True)
def on_day(context: template.Context, joint: str = "?") -> str:
    """`?as_of=2023-02-13` behind an address on a page of a past day, else nothing.

    `joint` is `&` behind an address that has parameters already.
    """
    day = context.get("as_of")
    return f"{joint}as_of={day.isoformat()}" if day else ""


@register.simple_tag(takes_context=True)
def cite(context: template.Context, record: Any, whole: bool = False) -> SafeString | str:
    """The small mark beside a figure that leads to the paragraph it rests on."""
    return cited(record, on_day(context), whole)


def cited(record: Any, day: str, whole: bool = False) -> SafeString:
    """The same, with what keeps a past day in addresses."""
    if record.source is None:
        none = format_html('<span class="cite cite-none" title="{0}">{0}</span>', _("no source"))
        return none + otherwise(record, day)
    place = record.place_label
    text = place if whole and place else record.paragraph or "§"
    title = f"{record.source} · {place}" if place else str(record.source)
    mark = format_html(
        '<a class="cite" href="{}" title="{}">{}</a>', record.citation_url, title, text
    )
    return mark + otherwise(record, day)


def otherwise(record: Any, day: str) -> SafeString:
    """The mark of a figure beside which other claims stand; nothing for all others.

    `day` is what keeps a past day in the address.
    """
    if not getattr(record, "contested", False):
        return SafeString("")
    return format_html(
        ' <a class="otherwise" href="{}{}#claims" title="{title}">≠<span class="sr-only">{title}</span></a>',
        record.figure_url,
        day,
        title=_("another source says otherwise"),
    )


@register.simple_tag
def stage_chip(stage: str, family: str, label: str, basis: str = "") -> SafeString:
    """A stage as a coloured label with its text; dashed where it is inferred."""
    if basis == "inferred":
        return format_html(
            '<span class="chip f-{} inferred">{} <small>{}</small></span>',
            family,
            label,
            _("inferred"),
        )
    return format_html('<span class="chip f-{}">{}</span>', family, label)
