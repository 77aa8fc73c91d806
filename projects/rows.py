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

from projects.models import Capacity, Participation, Project
from zaozhuang.addresses import record_url
from zaozhuang.localised import first_text, reads_english, text_columns
from zaozhuang.numbers import PlainUnit, quantity
from zaozhuang.templatetags.tracker import cited, deadline, money, stage_chip, when


class Rows:
    """Writes rows with the chosen columns; the words that every row repeats are looked up once.

    So are the projects' parts, where their column is shown, for all rows together.
    """

    def __init__(self, columns: Collection[str], on_day: str) -> None:
        self.on_day = on_day
        self.english = reads_english()
        self.not_given = f'<span class="unknown">{escape(_("not given"))}</span>'
        self.inferred = f' <small class="inferred-mark">{escape(_("inferred"))}</small>'
        self.comma = escape(_(", "))
        # What several rows say, as it is written.
        self.sources: dict[Any, str] = {}
        self.chips: dict[tuple[str, str], str] = {}
        self.deadlines: dict[tuple[date | None, str], str] = {}
        # By the key of the project: what it makes and who takes part, as it is written.
        self.making: dict[int, list[str]] = {}
        self.taking_part: dict[int, list[str]] = {}
        self.columns = columns
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
        rows = list(projects)
        keys = [project.pk for project in rows]
        if "companies" in self.columns:
            self.read_companies(keys)
        if "capacity" in self.columns:
            self.read_capacities(keys)
        return mark_safe("\n".join(self.row(project) for project in rows))

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

    # The parts are plain tuples: a record of each, with its company or its unit and the lists of
    # each project, took a fifth of the time of a page.

    def read_companies(self, keys: list[int]) -> None:
        taken = Participation.objects.filter(project__in=keys).order_by("pk")
        names = text_columns("company__short_name", "company__name")
        for project, basis, slug, *label in taken.values_list(
            "project", "basis", "company__slug", *names
        ):
            self.taking_part.setdefault(project, []).append(
                f'<a href="{record_url("company", slug)}{self.on_day}">'
                f"{escape(first_text(label))}</a>"
                f"{self.inferred if basis == 'inferred' else ''}"
            )

    def read_capacities(self, keys: list[int]) -> None:
        made = Capacity.objects.filter(project__in=keys).order_by("pk")
        amount = ("quantity", "per_year", "unit__name", "unit__name_en", "unit__factor")
        for project, number, per_year, name, name_en, factor, *product in made.values_list(
            "project", *amount, *text_columns("product")
        ):
            figure = ""
            if number:  # and so a unit, as the database demands
                unit = PlainUnit(name, name_en, factor)
                figure = quantity(number, unit, per_year=per_year, english=self.english)
                figure = f"<b>{escape(figure)}</b>"
            self.making.setdefault(project, []).append(
                f'<span class="amount">{escape(first_text(product))} {figure}</span>'
            )

    def companies(self, project: Project) -> str:
        return self.comma.join(self.taking_part.get(project.pk, ())) or self.not_given

    def capacity(self, project: Project) -> str:
        return "".join(self.making.get(project.pk, ())) or self.not_given

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
