"""The kinds of record that a data set holds: the one place that knows its files."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.apps import apps
from django.db import models


@dataclass(frozen=True)
class Kind:
    """One kind of record: its model, its natural key, and where its entries are written.

    An entry stands either in the list of a file (`file`, under the heading `section` where
    the file has several lists) or inside another entry, whose record its foreign key
    `parent` names, under the heading `inside`.
    """

    label: str
    key: tuple[str, ...]
    file: str = ""
    section: str = ""
    parent: str = ""
    inside: str = ""
    # Whether an entry inside another takes its source and locator where it names none.
    inherits: bool = True

    @cached_property
    def model(self) -> type[models.Model]:
        return apps.get_model(self.label)

    @cached_property
    def name(self) -> str:
        """The kind in a sentence: `stage change`."""
        return str(self.model._meta.verbose_name)

    @cached_property
    def columns(self) -> dict[str, Any]:
        """The model's fields that a data set fills, by name.

        A date and its precision are one text in YAML ("2023-05"), so the second column of
        the pair is left out.
        """
        every = [*self.model._meta.concrete_fields, *self.model._meta.many_to_many]
        precisions = {f"{field.name}_precision" for field in every}
        return {
            field.name: field
            for field in every
            if field.editable and not field.primary_key and field.name not in precisions
        }

    @cached_property
    def children(self) -> "dict[str, Kind]":
        """The kinds whose entries stand inside this one's, by their heading."""
        return {
            kind.inside: kind
            for kind in KINDS
            if kind.inside and kind.columns[kind.parent].related_model is self.model
        }

    @cached_property
    def citations(self) -> dict[str, str]:
        """Fields that name a paragraph, by the field that names its source."""
        pairs = {
            name: name.removesuffix("source") + "locator"
            for name in self.columns
            if name.endswith("source")
        }
        return {
            source: locator
            for source, locator in pairs.items()
            if locator in self.columns and source != self.parent
        }


# In the order in which they are loaded: what others refer to comes first.
KINDS = [
    Kind("districts.Unit", ("name",), file="units"),
    Kind("districts.Theme", ("slug",), file="themes"),
    Kind("districts.Source", ("slug",), file="sources"),
    Kind("districts.Passage", ("source", "locator"), parent="source", inside="passages"),
    Kind("districts.District", ("slug",), file="districts"),
    Kind("districts.Indicator", ("slug",), file="indicators"),
    Kind("districts.Reading", ("slug",), file="readings"),
    Kind("districts.Target", ("slug",), file="targets"),
    # A claim is another source's, so the one it contests is never taken for its own.
    Kind("districts.ReadingClaim", ("slug",), parent="reading", inside="claims", inherits=False),
    Kind("districts.TargetClaim", ("slug",), parent="target", inside="claims", inherits=False),
    Kind("projects.Stream", ("slug",), file="segments", section="streams"),
    Kind("projects.Segment", ("code",), file="segments", section="segments"),
    Kind("projects.Technology", ("slug",), file="segments", section="technologies"),
    Kind("projects.Company", ("slug",), file="companies"),
    Kind("projects.Honour", ("slug",), parent="company", inside="honours"),
    Kind("projects.Project", ("slug",), file="projects"),
    Kind("projects.Capacity", ("project", "product"), parent="project", inside="capacities"),
    Kind("projects.CapacityClaim", ("slug",), parent="capacity", inside="claims", inherits=False),
    Kind(
        "projects.Participation",
        ("project", "company", "role"),
        parent="project",
        inside="companies",
    ),
    Kind("projects.StageChange", ("project", "date", "stage"), parent="project", inside="stages"),
]

# The file of boundaries: GeoJSON whose features name their place by this property and field.
BOUNDARIES = "boundaries.geojson"
BOUNDARY_KIND, BOUNDARY_KEY, BOUNDARY_FIELD = "districts.District", "code", "boundary"


def kind_of(model: type[models.Model]) -> Kind:
    """The kind of record of a model; raises LookupError where a data set holds none."""
    for kind in KINDS:
        if kind.model is model:
            return kind
    raise LookupError(f"{model._meta.label} is not part of a data set.")
