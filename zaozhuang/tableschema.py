"""The tracker's models as tables of a Frictionless data package (Table Schema 1.0).

Records are told apart and refer to each other by their natural keys (slugs and codes), as in
the data sets under fixtures/: those stay the same in every database, row numbers do not.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, models
from django.db.models.functions import Collate
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from zaozhuang.csvfile import Column
from zaozhuang.dates import partial
from zaozhuang.seeding.kinds import KINDS, Kind, kind_of

# A date at its own precision, as PartialDate.iso writes it.
PARTIAL_DATE = r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?|-Q[1-4]|-H[12]|/[0-9]{4})?"
# The order of text by its bytes, the same in both databases and in every language.
BY_BYTES = {"sqlite": "BINARY", "postgresql": "C"}
BATCH = 2000

Values = Mapping[str, Any]


@dataclass(frozen=True)
class TableColumn:
    """A column of a table: what describes it, and its cell of a row of `values()`.

    A foreign key is written as the natural key of the record it refers to, in as many columns
    as that key has; all of them carry the name of the field in `reference`.
    """

    column: Column[Values]
    schema: dict[str, Any]
    lookups: tuple[str, ...]
    reference: str = ""
    refers_to: tuple[str, str] | None = None


@dataclass(frozen=True)
class DataTable:
    """One table of the package."""

    name: str
    title: str
    queryset: models.QuerySet[Any]
    columns: list[TableColumn]
    key: list[str]
    order: list[Any] = field(repr=False)

    def rows(self) -> Iterator[Values]:
        lookups = dict.fromkeys(lookup for column in self.columns for lookup in column.lookups)
        return self.queryset.order_by(*self.order).values(*lookups).iterator(BATCH)

    def schema(self) -> dict[str, Any]:
        references: dict[str, list[tuple[str, str, str]]] = {}
        for column in self.columns:
            if column.refers_to:
                references.setdefault(column.reference, []).append(
                    (column.column.code, *column.refers_to)
                )
        keys = []
        for parts in references.values():
            own, tables, other = zip(*parts, strict=True)
            single = len(parts) == 1
            reference = {
                # A table names itself by an empty string.
                "resource": "" if tables[0] == self.name else tables[0],
                "fields": other[0] if single else list(other),
            }
            keys.append({"fields": own[0] if single else list(own), "reference": reference})
        return {
            "fields": [column.schema for column in self.columns],
            "missingValues": [""],
            "primaryKey": self.key,
            **({"foreignKeys": keys} if keys else {}),
        }


def data_tables(
    kept: Mapping[str, Iterable[str]], units: Mapping[tuple[str, str], str]
) -> list[DataTable]:
    """Every kind of record as a table, what others refer to first; described in the active language.

    `kept` names, by model, fields that no editor fills but readers want; `units` says, by
    model and field, what a number is counted in.
    """
    tables = []
    for kind in KINDS:
        tables.append(_table(kind, kept.get(kind.label, ()), units))
        for name, many in kind.columns.items():
            if isinstance(many, models.ManyToManyField):
                tables.append(_joined(kind, name, many))
    return tables


def table_name(kind: Kind) -> str:
    """`stage_changes`, from the name of the model: no change of a label renames a file."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.model.__name__).lower()
    return f"{words.removesuffix('y')}ies" if words.endswith("y") else f"{words}s"


def _table(kind: Kind, kept: Iterable[str], units: Mapping[tuple[str, str], str]) -> DataTable:
    meta = kind.model._meta
    names = [name for name in kind.columns if name not in kind.key]
    columns: list[TableColumn] = []
    for name in [*kind.key, *names, *kept]:
        model_field: Any = meta.get_field(name)
        if not isinstance(model_field, models.ManyToManyField | models.JSONField):
            columns += _columns(kind, model_field, units.get((kind.label, name)))
    order = [_sorted(kind, name) for name in kind.key]
    return DataTable(
        table_name(kind),
        capfirst(str(meta.verbose_name_plural)),
        kind.model._default_manager.all(),
        columns,
        list(kind.key),
        order,
    )


def _joined(kind: Kind, name: str, many: Any) -> DataTable:
    """The pairs of a many-to-many relation."""
    other = _referred(many)
    through = many.remote_field.through
    columns, order = [], []
    for end, model_field in (
        (kind, through._meta.get_field(many.m2m_field_name())),
        (other, through._meta.get_field(many.m2m_reverse_field_name())),
    ):
        ends = _reference(model_field, end, {"constraints": {"required": True}})
        columns += ends
        order += [
            Collate(lookup, BY_BYTES[connection.vendor])
            for column in ends
            for lookup in column.lookups
        ]
    return DataTable(
        f"{table_name(kind)}_{name}",
        f"{capfirst(str(kind.model._meta.verbose_name_plural))} · {many.verbose_name}",
        through._default_manager.all(),
        columns,
        [column.column.code for column in columns],
        order,
    )


def _sorted(kind: Kind, name: str) -> Any:
    model_field: Any = kind.model._meta.get_field(name)
    lookup = name
    if isinstance(model_field, models.ForeignKey):
        other = _referred(model_field)
        lookup = f"{name}__{other.key[0]}"
        model_field = other.model._meta.get_field(other.key[0])
    if isinstance(model_field, models.CharField):
        return Collate(lookup, BY_BYTES[connection.vendor])
    return lookup


def _columns(kind: Kind, model_field: Any, unit: str | None) -> list[TableColumn]:
    """The column of a field; of a date with a precision, the two."""
    schema = _schema(model_field, unit)
    name = model_field.name
    if isinstance(model_field, models.ForeignKey):
        return _reference(model_field, _referred(model_field), schema)
    precision = f"{name}_precision"
    if isinstance(model_field, models.DateField) and hasattr(kind.model, precision):
        schema |= {"type": "string"}
        schema["constraints"] = schema.get("constraints", {}) | {"pattern": PARTIAL_DATE}
        day: Column[Values] = Column(name, name, lambda row: partial(row[name], row[precision]))
        return [
            TableColumn(day, schema, (name, precision)),
            *_columns(kind, kind.model._meta.get_field(precision), None),
        ]
    return [TableColumn(Column(name, name, lambda row: row[name]), schema, (name,))]


def _referred(model_field: Any) -> Kind:
    return kind_of(model_field.related_model)


def _reference(model_field: Any, other: Kind, schema: dict[str, Any]) -> list[TableColumn]:
    """A foreign key: `district`, or `capacity_project` and `capacity_product`."""
    columns = []
    for key in other.key:
        key_field: Any = other.model._meta.get_field(key)
        path, code = f"{model_field.name}__{key}", model_field.name
        if isinstance(key_field, models.ForeignKey):
            path = f"{path}__{_referred(key_field).key[0]}"
        described = _described(model_field) | {"type": "string"} | schema
        if len(other.key) > 1:
            code = f"{model_field.name}_{key}"
            described["title"] = f"{described['title']} · {key_field.verbose_name}"
        cell: Column[Values] = Column(code, code, lambda row, path=path: row[path])  # type: ignore[misc]
        columns.append(
            TableColumn(
                cell,
                described | {"name": code},
                (path,),
                model_field.name,
                (table_name(other), key),
            )
        )
    return columns


def _described(model_field: Any) -> dict[str, Any]:
    title = capfirst(str(model_field.verbose_name))
    return {
        "name": model_field.name,
        "title": title,
        "description": str(model_field.help_text) or title,
    }


def _schema(model_field: Any, unit: str | None) -> dict[str, Any]:
    constraints: dict[str, Any] = {}
    if not model_field.null and not model_field.blank:
        constraints["required"] = True
    if model_field.unique:
        constraints["unique"] = True
    if model_field.choices:
        constraints["enum"] = [str(code) for code, _label in model_field.flatchoices]
    if isinstance(model_field, models.PositiveIntegerField):
        constraints["minimum"] = 0
    schema = _described(model_field) | {"type": _type(model_field)}
    if unit:
        schema["unit"] = unit
    elif schema["type"] == "number":
        schema["unit"] = _("none")
    return schema | ({"constraints": constraints} if constraints else {})


def _type(model_field: Any) -> str:
    match model_field:
        case models.BooleanField():
            return "boolean"
        case models.IntegerField():
            return "integer"
        case models.DecimalField():
            return "number"
        case models.DateTimeField():
            return "datetime"
        case models.DateField():
            return "date"
        case models.ForeignKey():
            return "string"
    return "string"
