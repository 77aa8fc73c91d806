"""How one field is written in YAML, and its normal form for comparing.

The normal form is what JSON can hold: text, true or false, whole numbers, decimals as text
("4.08"), dates as text at their precision ("2023-05"), and a reference as the natural key
of what it refers to (several: a sorted list).
"""

import hashlib
import json
import re
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

import yaml
from django.core.exceptions import ValidationError
from django.db import models

from zaozhuang.dates import PartialDate, partial
from zaozhuang.numbers import plain

NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
WHOLE = re.compile(r"[+-]?\d+", re.ASCII)


def parse(field: Any, node: yaml.Node) -> Any:
    """The normal form of what an entry says of a field.

    Raises ValueError, saying what was expected, for anything that the field cannot hold.
    References are not looked up here.
    """
    if isinstance(field, models.ManyToManyField):
        if not isinstance(node, yaml.SequenceNode):
            raise ValueError("expected a list")
        return sorted({scalar(item) for item in node.value})
    text = scalar(node)
    if isinstance(field, models.BooleanField):
        if node.tag != "tag:yaml.org,2002:bool":
            raise ValueError(f"“{text}” is neither true nor false")
        return text.lower() in ("true", "yes", "on")
    if isinstance(field, models.ForeignKey):
        return text
    if isinstance(field, models.DateField):
        try:
            return PartialDate.parse(text).iso
        except ValueError:
            forms = "2023-05-31, 2023-05, 2023-Q2, 2023-H1, 2023 or 2021/2025"
            raise ValueError(f"“{text}” is not a date; expected one such as {forms}") from None
    if isinstance(field, models.DecimalField):
        if not NUMBER.fullmatch(text):
            raise ValueError(f"“{text}” is not a number; expected one such as 18 or 4.08")
        return plain(cleaned(field, Decimal(text)))
    if isinstance(field, models.IntegerField):
        if not WHOLE.fullmatch(text):
            raise ValueError(f"“{text}” is not a whole number")
        return cleaned(field, int(text))
    return cleaned(field, text)


def scalar(node: yaml.Node) -> str:
    """The text of a value as it is written, whatever type YAML would make of it."""
    if not isinstance(node, yaml.ScalarNode):
        raise ValueError("expected one value, not a list or a block")
    if "\0" in node.value:  # which PostgreSQL cannot store
        raise ValueError("holds a NUL character")
    return str(node.value).strip()


def cleaned(field: Any, value: Any) -> Any:
    """The value as the field cleans it; raises ValueError with the field's own words."""
    try:
        return field.clean(value, None)
    except ValidationError as error:
        expected = (
            f" Expected {one_of([code for code, _label in field.choices])}."
            if field.choices
            else ""
        )
        raise ValueError(" ".join(error.messages) + expected) from None


def default(field: Any) -> Any:
    """The normal form of a field that an entry leaves out."""
    if isinstance(field, models.ManyToManyField):
        return []
    value = field.get_default()
    return plain(value) if isinstance(value, Decimal) else value


def required(field: Any) -> bool:
    return not (field.blank or field.has_default() or isinstance(field, models.BooleanField))


def digest(value: Any) -> str:
    """A fingerprint of a JSON value, kept in place of a whole boundary."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def normal(row: models.Model, field: Any) -> Any:
    """The normal form of a plain field of a record; references are the merge's business."""
    value = getattr(row, field.name)
    if isinstance(field, models.DateField):
        held = partial(value, getattr(row, f"{field.name}_precision"))
        return held.iso if held else None
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(field, models.JSONField) and value is not None:
        return digest(value)
    return value


def assign(row: models.Model, field: Any, value: Any) -> list[str]:
    """Set a plain field from its normal form; returns the names of the columns it filled."""
    if isinstance(field, models.DateField):
        date = PartialDate.parse(value) if value else None
        setattr(row, field.name, date.first if date else None)
        setattr(row, f"{field.name}_precision", date.precision.value if date else "")
        return [field.name, f"{field.name}_precision"]
    setattr(
        row,
        field.name,
        Decimal(value) if value is not None and isinstance(field, models.DecimalField) else value,
    )
    return [field.name]


def one_of(names: list[str]) -> str:
    return "one of " + ", ".join(names) if len(names) > 1 else ", ".join(names) or "nothing"


def meant(word: str, names: list[str]) -> str:
    """A hint at what was probably meant, or else all that is known."""
    close = get_close_matches(word, names, n=1)
    if close:
        return f"did you mean “{close[0]}”?"
    return "expected " + one_of(names) if len(names) <= 30 else f"none of {len(names)} is called so"
