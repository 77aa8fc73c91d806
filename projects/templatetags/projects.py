"""What tables of projects and the filters beside them repeat many times."""

from typing import Any

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from projects.facets import Facet
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
    sign = "+" if facet.any_chosen else ""
    return format_html_join(
        "\n",
        '<label class="choice{}"><input type="checkbox" id="{}-{}" name="{}" value="{}"{}>'
        ' <span class="choice-label">{}</span> <span class="choice-count">{}{}</span></label>',
        (
            (
                " chosen" if choice.chosen else "",
                facet.name,
                choice.value,
                facet.name,
                choice.value,
                SafeString(" checked") if choice.chosen else "",
                choice.label,
                "" if choice.chosen else sign,
                choice.count,
            )
            for choice in facet.choices
        ),
    )
