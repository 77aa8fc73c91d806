"""The parameters of the project list and of every export of projects.

The contract: each parameter repeats (or within one, and across); a value that is not valid
selects nothing and says so; unknown parameters are ignored.
"""

from collections.abc import Callable, Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

import django_filters
from django import forms
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Length
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from districts.models import Basis, District
from projects.models import Capacity, Company, Participation, Project, Segment
from projects.querysets import CompanyQuerySet, ProjectQuerySet
from projects.search import is_common, relevance
from projects.stages import Stage, stage_order
from zaozhuang.inputs import ChoicesField, DayField, RecordsField
from zaozhuang.localised import column

if TYPE_CHECKING:
    from projects.summaries.figures import Figures

# The parameters whose choices are counted beside them.
FACETS = ["district", "stage", "segment", "company", "kind", "basis"]

# Each value is a function, because the name's column depends on the reader's language.
ORDERINGS: dict[str, Callable[[], Any]] = {
    "name": lambda: F(column("name")),
    "district": lambda: F("district__path"),
    "stage": lambda: stage_order("at_stage"),
    "due": lambda: F("due"),
    "updated": lambda: F("updated_at"),
}


def within(districts: Iterable[District], path: str = "district__") -> Q:
    """In one of the districts or in a place below it; `path` leads to the district."""
    chosen = list(districts)
    if not chosen:
        return Q()
    inside = Q()
    for district in chosen:
        inside |= Q(path__startswith=district.path)
    # By their keys: an index finds what is in some places, but nothing by the beginning of a path.
    places = District.objects.filter(inside).order_by().values("pk")
    return Q(**{f"{path.removesuffix('__')}__in": places})


class DayFilter(django_filters.Filter):
    field_class = DayField


class RecordsFilter(django_filters.ModelMultipleChoiceFilter):
    field_class = RecordsField


class ChoicesFilter(django_filters.MultipleChoiceFilter):
    field_class = ChoicesField


class ProjectFilter(django_filters.FilterSet):
    """What `/projects/` and its exports can be asked."""

    q = django_filters.CharFilter(method="keep", label=_("Search"), max_length=100)
    district = RecordsFilter(
        method="in_districts",
        to_field_name="slug",
        queryset=District.objects.all(),
        label=_("District"),
    )
    stage = ChoicesFilter(method="at_stages", choices=Stage.choices, label=_("Stage"))
    segment = RecordsFilter(
        method="in_segments",
        to_field_name="code",
        queryset=Segment.objects.all(),
        label=_("Segment"),
    )
    company = RecordsFilter(
        method="of_companies",
        to_field_name="slug",
        queryset=Company.objects.all(),
        label=_("Company"),
    )
    kind = ChoicesFilter(method="of_kinds", choices=Project.Kind.choices, label=_("Kind"))
    basis = ChoicesFilter(method="on_bases", choices=Basis.choices, label=_("Basis of the stage"))
    due_after = DayFilter(field_name="due", lookup_expr="gte", label=_("Due on or after"))
    due_before = DayFilter(field_name="due", lookup_expr="lte", label=_("Due on or before"))
    as_of = DayFilter(method="keep", label=_("As of"))
    ordering = django_filters.ChoiceFilter(
        method="keep",
        choices=[(sign + name, sign + name) for name in ORDERINGS for sign in ("", "-")],
        label=_("Order"),
    )

    class Meta:
        model = Project
        fields: list[str] = []

    @cached_property
    def values(self) -> dict[str, Any]:
        """The validated parameters. Call is_valid() first; invalid ones select nothing."""
        return self.form.cleaned_data if self.is_valid() else {}

    @property
    def as_of_day(self) -> date | None:
        return self.values.get("as_of")

    @cached_property
    def chosen(self) -> dict[str, list[str]]:
        """The chosen codes of each facet, as they stand in the address."""
        chosen = {}
        for name in FACETS:
            value = self.values.get(name) or []
            key = self.filters[name].extra.get("to_field_name")
            chosen[name] = [getattr(item, key) if key else item for item in value]
        return chosen

    @cached_property
    def figures(self) -> "Figures":
        """What the selection adds up to, and what its choices would give."""
        from projects.summaries.figures import Figures

        return Figures(self)

    def selection(self, without: str = "", *, in_order: bool = True) -> ProjectQuerySet:
        """The projects that all parameters but `without` select, in the order asked for.

        To be counted, they need not be `in_order`, and a search asks its index for all it finds.
        An invalid parameter selects nothing: a bad value is never a silent "all".
        """
        rows: ProjectQuerySet = self.queryset
        if not self.is_valid():
            return rows.at().none()
        rows = rows.at(self.as_of_day)
        for name, value in self.values.items():
            if name != without:
                rows = self.filters[name].filter(rows, value)
        if self.values["q"]:
            rows = rows.matching(self.values["q"], in_order and self.common)
        return self.ordered(rows) if in_order else rows.order_by()

    @cached_property
    def ranked(self) -> bool:
        """Whether what fits a search best comes first: unless another order is asked for, or too much fits."""
        return bool(self.values.get("q") and not self.values.get("ordering") and not self.common)

    @cached_property
    def common(self) -> bool:
        """Whether the search alone finds very many projects."""
        return is_common(self.queryset, self.values.get("q", ""))

    def ordered(self, rows: ProjectQuerySet) -> ProjectQuerySet:
        """In the order asked for; of a search without one, what fits best comes first."""
        if self.ranked:
            return rows.order_by(
                relevance(self.values["q"]), Length("name"), "district__path", "slug"
            )
        code = self.values.get("ordering") or "district"
        expression = ORDERINGS[code.removeprefix("-")]()
        if code.startswith("-"):
            return rows.order_by(expression.desc(nulls_last=True), "slug")
        return rows.order_by(expression.asc(nulls_last=True), "slug")

    # One method a parameter.

    def keep(self, rows: ProjectQuerySet, _name: str, _value: Any) -> ProjectQuerySet:
        """Not a condition: q, as_of and ordering are applied by selection()."""
        return rows

    def in_districts(
        self, rows: ProjectQuerySet, _name: str, districts: list[District]
    ) -> ProjectQuerySet:
        return rows.filter(within(districts)) if districts else rows

    def at_stages(self, rows: ProjectQuerySet, _name: str, stages: list[str]) -> ProjectQuerySet:
        return rows.in_stage(*stages) if stages else rows

    def in_segments(
        self, rows: ProjectQuerySet, _name: str, segments: list[Segment]
    ) -> ProjectQuerySet:
        own = Capacity.objects.filter(project=OuterRef("pk"), segment__in=segments)
        return rows.filter(Exists(own)) if segments else rows

    def of_companies(
        self, rows: ProjectQuerySet, _name: str, companies: list[Company]
    ) -> ProjectQuerySet:
        # By its keys: SQLite would ask of each project whether the company takes part in it.
        own = Participation.objects.filter(company__in=companies).order_by()
        return rows.filter(pk__in=own.values("project")) if companies else rows

    def of_kinds(self, rows: ProjectQuerySet, _name: str, kinds: list[str]) -> ProjectQuerySet:
        return rows.filter(kind__in=kinds) if kinds else rows

    def on_bases(self, rows: ProjectQuerySet, _name: str, bases: list[str]) -> ProjectQuerySet:
        return rows.filter(at_basis__in=bases) if bases else rows


class PlacedFilter(django_filters.FilterSet):
    """What the pages and exports of targets and readings can be asked."""

    district = RecordsFilter(
        method="in_districts",
        to_field_name="slug",
        queryset=District.objects.all(),
        label=_("District"),
    )
    as_of = DayFilter(method="keep", label=_("As of"))

    def keep(self, rows: QuerySet[Any], _name: str, _value: Any) -> QuerySet[Any]:
        return rows

    def in_districts(
        self, rows: QuerySet[Any], _name: str, districts: list[District]
    ) -> QuerySet[Any]:
        return rows.filter(within(districts)) if districts else rows

    def selection(self) -> Any:
        """The rows selected, as the queryset they came from; none where a parameter is not valid."""
        return self.qs if self.is_valid() else self.queryset.none()


class StageChangeFilter(PlacedFilter):
    """What the events of projects can be asked."""

    project = RecordsFilter(
        method="of_projects",
        to_field_name="slug",
        queryset=Project.objects.all(),
        label=_("Project"),
    )
    stage = ChoicesFilter(method="to_stages", choices=Stage.choices, label=_("Stage"))
    since = DayFilter(field_name="date", lookup_expr="gte", label=_("Since"))
    until = DayFilter(field_name="date", lookup_expr="lte", label=_("Until"))

    def in_districts(
        self, rows: QuerySet[Any], _name: str, districts: list[District]
    ) -> QuerySet[Any]:
        here = Project.objects.filter(within(districts))
        return rows.filter(project__in=here) if districts else rows

    def of_projects(
        self, rows: QuerySet[Any], _name: str, projects: list[Project]
    ) -> QuerySet[Any]:
        return rows.filter(project__in=projects) if projects else rows

    def to_stages(self, rows: QuerySet[Any], _name: str, stages: list[str]) -> QuerySet[Any]:
        return rows.filter(stage__in=stages) if stages else rows


class CompanyFilter(django_filters.FilterSet):
    """What the page and export of companies can be asked."""

    q = django_filters.CharFilter(method="search", label=_("Search"), max_length=100)
    as_of = DayFilter(method="keep", label=_("As of"))

    def keep(self, rows: CompanyQuerySet, _name: str, _value: Any) -> CompanyQuerySet:
        """Not a condition: a company has no day, its projects have."""
        return rows

    def search(self, rows: CompanyQuerySet, _name: str, text: str) -> CompanyQuerySet:
        return rows.matching(text)

    def selection(self) -> CompanyQuerySet:
        """The rows selected in the order of their names, or what fits best first; none where a parameter is not valid."""
        rows: CompanyQuerySet = self.qs if self.is_valid() else self.queryset.none()
        text = self.form.cleaned_data.get("q") if self.is_valid() else ""
        if text and not is_common(rows, text):
            rows = rows.order_by(relevance(text), Length("name"), "slug")
        else:
            rows = rows.order_by(column("short_name"), "slug")
        return rows


class Everything(django_filters.FilterSet):
    """Of a short list nothing need be asked."""

    def selection(self) -> QuerySet[Any]:
        rows: QuerySet[Any] = self.queryset
        return rows


def errors_of(*forms_: forms.BaseForm) -> dict[str, list[str]]:
    """What is wrong with the parameters: name → messages in the reader's language."""
    return {
        name: [str(message) for message in messages]
        for form in forms_
        for name, messages in form.errors.items()
    }
