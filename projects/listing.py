"""The dress of the project list: its columns, its sortable heads, its active filters."""

from dataclasses import dataclass

from django import forms
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext_lazy as _

from projects.filters import FACETS, ProjectFilter
from zaozhuang.inputs import ChoicesField, PageField

# Code, heading, parameter to sort by, shown unless the reader chooses.
COLUMNS = [
    ("district", _("District"), "district", True),
    ("stage", _("Stage"), "stage", True),
    ("since", _("Stage since"), "", False),
    ("companies", _("Companies"), "", True),
    ("capacity", _("Capacity"), "", True),
    ("due", _("Due"), "due", True),
    ("kind", _("Kind"), "", False),
    ("investment", _("Investment"), "", False),
    ("updated", _("Updated"), "updated", False),
    ("source", _("Source"), "", True),
]
SHOWN = [code for code, _label, _sort, shown in COLUMNS if shown]
# Parameters that dress the list; everything else that filters can be removed with one click.
SINGLE = ["q", "due_after", "due_before", "as_of"]


class ListForm(forms.Form):
    """Which page, and which columns; kept in the address."""

    page = PageField(required=False, label=_("Page"))
    columns = ChoicesField(
        required=False,
        choices=[(code, label) for code, label, _sort, _default in COLUMNS],
        label=_("Columns"),
    )

    @property
    def shown(self) -> list[str]:
        """The codes of the columns to show, in their fixed order."""
        chosen = self.cleaned_data["columns"]
        return [code for code, *_ in COLUMNS if code in chosen] if chosen else SHOWN


@dataclass(frozen=True)
class Head:
    """A head of the table; a click sorts by it or turns the order round."""

    code: str
    label: str
    url: str = ""
    direction: str = ""


@dataclass(frozen=True)
class Active:
    """One filter in force, and the address without it."""

    name: str
    label: str
    value: str
    url: str


@dataclass(frozen=True)
class Relaxation:
    """A filter whose removal would give results, and how many."""

    filter: Active
    count: int


def address(parameters: QueryDict) -> str:
    """The page's address with other parameters; never an empty one, which would keep the old."""
    return f"?{parameters.urlencode()}"


def sort_heads(request: HttpRequest, shown: list[str]) -> list[Head]:
    current = request.GET.get("ordering", "")
    heads = []
    for code, label, sort, _default in [("name", _("Project"), "name", True), *COLUMNS]:
        if code != "name" and code not in shown:
            continue
        if not sort:
            heads.append(Head(code, str(label)))
            continue
        parameters = request.GET.copy()
        parameters["ordering"] = f"-{sort}" if current == sort else sort
        parameters.pop("page", None)
        direction = {sort: "ascending", f"-{sort}": "descending"}.get(current, "none")
        heads.append(Head(code, str(label), address(parameters), direction))
    return heads


def active_filters(request: HttpRequest, filterset: ProjectFilter) -> list[Active]:
    """Every filter in force, in the order of the form, with the address that lacks it."""
    found = []
    for name in [*FACETS, *SINGLE]:
        label = str(filterset.filters[name].label)
        values = _labels(filterset, name) if name in FACETS else {request.GET.get(name, ""): ""}
        for value, text in values.items():
            if value:
                found.append(Active(name, label, text or value, _without(request, name, value)))
    return found


def _labels(filterset: ProjectFilter, name: str) -> dict[str, str]:
    """The chosen values of a facet with their names: records name themselves, codes are looked up."""
    values = filterset.values.get(name) or []
    choices = (
        {}
        if filterset.filters[name].extra.get("to_field_name")
        else dict(filterset.filters[name].extra["choices"])
    )
    return {
        code: str(choices.get(code, value))
        for code, value in zip(filterset.chosen[name], values, strict=True)
    }


def _without(request: HttpRequest, name: str, value: str) -> str:
    parameters = request.GET.copy()
    left = [item for item in parameters.getlist(name) if item != value]
    parameters.setlist(name, left)
    if not left:
        del parameters[name]
    parameters.pop("page", None)
    return address(parameters)


def relaxations(request: HttpRequest, filterset: ProjectFilter) -> list[Relaxation]:
    """For an empty result: which filter to relax, and how many projects that would show."""
    found = []
    for active in active_filters(request, filterset):
        if active.name == "as_of":
            continue
        parameters = QueryDict(active.url.removeprefix("?"))
        count = ProjectFilter(parameters, queryset=filterset.queryset).selection().count()
        if count:
            found.append(Relaxation(active, count))
    return sorted(found, key=lambda relaxation: -relaxation.count)
