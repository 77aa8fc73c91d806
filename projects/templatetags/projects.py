"""What tables of projects and the filters beside them repeat many times."""

import json
from html import escape
from typing import Any

from django import template
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.safestring import SafeString, mark_safe

from projects.charts.base import Cell, Chart, address, projects_url
from projects.facets import Choice, Facet
from projects.listing import SHOWN
from projects.rows import Rows
from zaozhuang.templatetags.tracker import on_day

register = template.Library()


@register.simple_tag(takes_context=True)
def project_rows(context: template.Context, projects: Any, columns: Any) -> SafeString:
    """The rows of a table of projects, with the usual columns where none are chosen."""
    return Rows(columns or SHOWN, on_day(context)).write(projects)


@register.simple_tag(takes_context=True)
def projects_at(context: template.Context, **parameters: str) -> str:
    """The address of the list with these filters, on the day of the page."""
    return projects_url(**parameters, **address(context.get("as_of")))


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


@register.simple_tag
def chart_rows(chart: Chart) -> SafeString:
    """The rows of the table of a chart; the first cell of each says what the row is about."""
    num = ' class="num"'
    return mark_safe(
        "\n".join(
            f'<tr><th scope="row">{_linked(row[0])}</th>'
            + "".join(f"<td{num if cell.number else ''}>{_linked(cell)}</td>" for cell in row[1:])
            + "</tr>"
            for row in chart.rows
        )
    )


def _linked(cell: Cell) -> str:
    text = escape(cell.text)
    return f'<a href="{escape(cell.href)}">{text}</a>' if cell.href else text


@register.simple_tag
def chart_data(chart: Chart) -> SafeString:
    """What the script draws, as `json_script` writes it; that takes three times as long and as much."""
    data = json.dumps(chart.data, cls=DjangoJSONEncoder, ensure_ascii=False, separators=(",", ":"))
    for sign, code in (("<", "\\u003C"), (">", "\\u003E"), ("&", "\\u0026")):
        data = data.replace(sign, code)
    return mark_safe(
        f'<script id="{escape(chart.json_id)}" type="application/json">{data}</script>'
    )
