"""Lights on pages, and the published rule behind them."""

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from projects.lights import RULES, Colour

register = template.Library()


@register.simple_tag
def light_mark(colour: Colour) -> SafeString:
    """A light as its sign and its word; the sign alone tells it apart without colours."""
    return format_html(
        '<span class="light light-{}"><span class="light-sign" aria-hidden="true">{}</span> {}</span>',
        colour.value.replace("_", "-"),
        colour.shape,
        colour.label,
    )


@register.inclusion_tag("projects/_light_rules.html")
def light_rules() -> dict[str, Any]:
    """The whole rule with the thresholds in force, in the order in which it is tried."""
    return {"rules": RULES}
