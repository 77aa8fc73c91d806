"""What tables of projects and the filters beside them repeat many times."""

from html import escape
from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe

from projects.facets import Choice, Facet
from projects.listing import SHOWN
from projects.rows import Rows
from zaozhuang.templatetags.tracker import on_day

register = template.Library()


@register.simple_tag(takes_context=True)
def project_rows(context: template.Context, projects: Any, columns: Any) -> SafeString:
    """The rows of a table of projects, with the usual columns where none are chosen."""
    return Rows(columns or SHOWN, on_day(context)).write(projects)


@register.simple_tag
def facet_choices(facet: Facet) -> SafeString:
    """The choices of a facet with their counts, as boxes to tick."""
    name, sign = escape(facet.name), "+" if facet.any_chosen else ""
    return mark_safe("\n".join(_box(name, choice, sign) for choice in facet.choices))


def _box(name: str, choice: Choice, sign: str) -> str:
    value = escape(choice.value)
    return (
        f'<label class="choice{" chosen" if choice.chosen else ""}">'
        f'<input type="checkbox" id="{name}-{value}" name="{name}" value="{value}"'
        f"{' checked' if choice.chosen else ''}>"
        f' <span class="choice-label">{escape(choice.label)}</span>'
        f' <span class="choice-count">{"" if choice.chosen else sign}{choice.count}</span></label>'
    )
