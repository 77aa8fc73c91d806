"""The rows of a table of projects, written here because a template takes five times as long.

What a cell says and how it is marked is that of the template tags, which are called from here.
"""

from collections.abc import Callable, Collection, Iterable
from datetime import date
from html import escape
from typing import Any

from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from projects.models import Project
from zaozhuang.localised import localised
from zaozhuang.templatetags.tracker import cited, deadline, figure, money, stage_chip, when


class Rows:
    """Writes rows with the chosen columns; the words that every row repeats are looked up once."""

    def __init__(self, columns: Collection[str], on_day: str) -> None:
        self.on_day = on_day
        self.not_given = f'<span class="unknown">{escape(_("not given"))}</span>'
        self.inferred = f' <small class="inferred-mark">{escape(_("inferred"))}</small>'
        self.comma = escape(_(", "))
        # What several rows say, as it is written.
        self.sources: dict[Any, str] = {}
        self.chips: dict[tuple[str, str], str] = {}
        self.deadlines: dict[tuple[date | None, str], str] = {}
        cells: dict[str, tuple[str, Callable[[Project], str]]] = {
            "district": ("", self.district),
            "stage": ("", self.stage),
            "since": (_("Stage since"), self.since),
            "companies": (_("Companies"), self.companies),
            "capacity": (_("Capacity"), self.capacity),
            "due": (_("Due"), self.due),
            "kind": (_("Kind"), self.kind),
            "investment": (_("Investment"), self.investment),
            "updated": (_("Updated"), self.updated),
            "source": ("", self.source),
        }
        self.cells = [
            (
                f'<td class="c-{name}{" num" if name == "investment" else ""}"'
                + (f' data-label="{escape(label)}">' if label else ">"),
                cell,
            )
            for name, (label, cell) in cells.items()
            if name in columns
        ]

    def write(self, projects: Iterable[Project]) -> SafeString:
        return mark_safe("\n".join(self.row(project) for project in projects))

    def row(self, project: Project) -> str:
        head = (
            f'<tr><th scope="row" class="c-name"><a href="{project.get_absolute_url()}{self.on_day}">'
            f"{escape(project.label)}</a></th>"
        )
        return head + "".join(f"{td}{cell(project)}</td>" for td, cell in self.cells) + "</tr>"

    def district(self, project: Project) -> str:
        return escape(project.district.short_label)

    def stage(self, project: Project) -> str:
        key = project.at_stage, project.at_basis
        if key not in self.chips:
            self.chips[key] = stage_chip(
                project.at_stage, project.family, project.stage_label, project.at_basis
            )
        return self.chips[key]

    def since(self, project: Project) -> str:
        if not project.since:
            return ""
        day = when(project.since)
        return escape(_("seen %(day)s")) % {"day": day} if project.at_observed else day

    def companies(self, project: Project) -> str:
        return (
            self.comma.join(
                f'<a href="{item.company.get_absolute_url()}{self.on_day}">'
                f"{escape(item.company.short_label)}</a>"
                f"{self.inferred if item.basis == 'inferred' else ''}"
                for item in project.taking_part
            )
            or self.not_given
        )

    def capacity(self, project: Project) -> str:
        return (
            "".join(
                f'<span class="amount">{escape(localised(item, "product"))} '
                + (
                    f"<b>{escape(figure(item.quantity, item.unit, per_year=item.per_year))}</b>"
                    if item.quantity
                    else ""
                )
                + "</span>"
                for item in project.making
            )
            or self.not_given
        )

    def due(self, project: Project) -> str:
        key = project.due, project.due_precision
        if key not in self.deadlines:
            self.deadlines[key] = deadline(project.deadline)
        return self.deadlines[key] + (self.inferred if project.due_basis == "inferred" else "")

    def kind(self, project: Project) -> str:
        return escape(project.get_kind_display())

    def investment(self, project: Project) -> str:
        if not project.investment:
            return self.not_given
        amount = escape(money(project.investment, about=project.investment_approximate))
        return f"{amount} <small>{escape(project.get_investment_kind_display())}</small>"

    def updated(self, project: Project) -> str:
        return date_format(localtime(project.updated_at), "Y-m-d")

    def source(self, project: Any) -> str:
        key = project.source_id, project.locator
        if key not in self.sources:
            self.sources[key] = cited(project, self.on_day, whole=True)
        return self.sources[key]
