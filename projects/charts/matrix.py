"""The chain as a matrix, and its capacities by how far they are."""

from datetime import date

from django.utils.translation import gettext as _

from projects.chain import FURTHEST, Amount, Chain, Row
from projects.chain import Cell as Link
from projects.charts.base import Cell, Chart, Selections, address, projects_url
from projects.charts.stages import joined
from projects.stages import Family
from zaozhuang.localised import reads_english, remark
from zaozhuang.numbers import quantity

# How many links the title names before it says "and more".
NAMED = 3


def amount_text(amount: Amount, english: bool | None = None) -> str:
    return quantity(amount.quantity, amount.unit, per_year=amount.per_year, english=english)


class Words:
    """What the cells of the matrix say; the words that they repeat are looked up once."""

    def __init__(self) -> None:
        self.english = reads_english()
        self.nobody = _("nobody yet")
        self.number = _("%(count)s %(family)s")
        self.labels = {family: str(family.label) for family in Family}
        self.remarks = {family: remark(label) for family, label in self.labels.items()}

    def of(self, link: Link) -> str:
        """Its capacities by family, or its projects where no figure is known."""
        if not link.count:
            return self.nobody
        if link.amounts:
            return joined(
                [amount_text(a, self.english) + self.remarks[a.family] for a in link.amounts]
            )
        return joined(
            [
                self.number % {"count": count, "family": self.labels[family]}
                for family, count in link.families.items()
            ]
        )

    def short(self, link: Link) -> str:
        """The little that fits a cell of the matrix: the furthest capacity, else the count."""
        if link.amounts:
            first = link.amounts[0]
            return quantity(first.quantity, first.unit, english=self.english)
        return str(link.count) if link.count else ""


def chain_statement(chain: Chain) -> str:
    """Which links are taken up most, and which by nobody."""
    taken = [row.segment.short_label for row in chain.occupied[:NAMED]]
    empty = [row.segment.short_label for row in chain.empty[:NAMED]]
    if not taken:
        return _("No link of the chain has a project yet")
    if not empty:
        return _("Most projects in %(taken)s; no link is empty") % {"taken": joined(taken)}
    if len(chain.empty) > len(empty):
        text = _("Most projects in %(taken)s; nobody yet in %(count)s links such as %(empty)s")
    else:
        text = _("Most projects in %(taken)s; nobody yet in %(empty)s")
    return text % {"taken": joined(taken), "empty": joined(empty), "count": len(chain.empty)}


def chain_chart(chain: Chain, as_of: date | None = None) -> Chart:
    """Segment × district. An empty cell says that nobody is there yet."""
    day, words, selection = address(as_of), Words(), Selections()

    def url(link: Link) -> str:
        return (
            selection(segment=link.segment.code, district=link.district.slug, **day)
            if link.count
            else ""
        )

    def row_cells(row: Row) -> list[Cell]:
        head = Cell(
            row.segment.label, projects_url(segment=row.segment.code, **day) if row.count else ""
        )
        return [head, *(Cell(words.of(link), url(link), family=link.family) for link in row.cells)]

    rows = [row_cells(row) for row in chain.rows]
    return Chart(
        name="chain",
        title=chain_statement(chain),
        subtitle=_(
            "Segments of the chain by district; dark is built, light is talked about, hatched is nobody yet"
        ),
        heads=[_("Segment"), *(place.label for place in chain.districts)],
        rows=rows,
        data={
            "districts": [place.short_label for place in chain.districts],
            "segments": [
                {
                    "code": row.segment.code,
                    "name": row.segment.short_label,
                    "stream": row.segment.stream.label,
                }
                for row in chain.rows
            ],
            "cells": [
                {
                    "segment": at,
                    "district": column,
                    "family": link.family.value if link.family else None,
                    "count": link.count,
                    "short": words.short(link),
                    "text": cell.text,
                    "url": cell.href,
                }
                for at, row in enumerate(chain.rows)
                for column, (link, cell) in enumerate(zip(row.cells, rows[at][1:], strict=True))
            ],
            "families": [
                {"family": family.value, "name": str(family.label)}
                for family in Family
                if any(cell.family is family for row in chain.rows for cell in row.cells)
            ],
            "nobody": words.nobody,
        },
        address=day,
        lines=len(chain.districts) + 4,
        narrow_lines=len(chain.rows) + 3,
    )


def capacity_chart(chain: Chain, as_of: date | None = None, district: str = "") -> Chart:
    """Capacity by segment and how far it is, each in its own unit; blank is not zero."""
    day = address(as_of, district)
    families = [
        family
        for family in FURTHEST
        if any(a.family is family for row in chain.rows for a in row.amounts)
    ]
    lines = []
    for row in chain.rows:
        units = {(a.unit.pk, a.per_year): a for a in row.amounts}
        for key, sample in units.items():
            amounts = {a.family: a for a in row.amounts if (a.unit.pk, a.per_year) == key}
            lines.append((row, sample, amounts))
    known = [row for row in chain.rows if row.amounts]
    silent = [row for row in chain.rows if row.count and not row.amounts]
    title = (
        _("Capacity is known for %(known)s of the %(taken)s links with projects")
        % {"known": len(known), "taken": len(known) + len(silent)}
        if known
        else _("No capacity is known yet")
    )
    return Chart(
        name="capacity",
        title=title,
        subtitle=_("Built, being built, talked about; each bar in the unit of its own segment"),
        heads=[_("Segment"), *(str(family.label) for family in families)],
        rows=[
            [
                Cell(row.segment.label, projects_url(segment=row.segment.code, **day)),
                *(
                    Cell(amount_text(amounts[f]) if f in amounts else "", number=True, family=f)
                    for f in families
                ),
            ]
            for row, _sample, amounts in lines
        ]
        + [
            [
                Cell(row.segment.label, projects_url(segment=row.segment.code, **day)),
                *(
                    Cell(_("not given") if f in row_families(row) else "", family=f)
                    for f in families
                ),
            ]
            for row in silent
        ],
        data={
            "segments": [row.segment.short_label for row, _sample, _amounts in lines],
            "urls": [
                projects_url(segment=row.segment.code, **day) for row, _sample, _amounts in lines
            ],
            "totals": [
                float(sum(a.quantity for a in amounts.values())) for _row, _sample, amounts in lines
            ],
            "series": [
                {
                    "family": family.value,
                    "name": str(family.label),
                    "values": [
                        float(amounts[family].quantity) if family in amounts else 0
                        for _r, _s, amounts in lines
                    ],
                    "texts": [
                        amount_text(amounts[family]) if family in amounts else ""
                        for _r, _s, amounts in lines
                    ],
                }
                for family in families
            ],
            "silent": _("No figure: %(segments)s")
            % {"segments": joined([row.segment.short_label for row in silent])}
            if silent
            else "",
        },
        address=day,
        lines=len(lines) + 2,
    )


def row_families(row: Row) -> set[Family]:
    return {family for cell in row.cells for family in cell.families}
