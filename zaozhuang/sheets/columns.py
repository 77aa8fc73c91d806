"""The fields of a form as columns of a sheet: what stands in a cell, and what it stands for.

An input is what a form is sent, as text: the key of a record, the code of a choice, a date in ISO
form. A cell holds what people read and type instead: names and labels, in any of the languages.
"""

import dataclasses
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from zaozhuang.dates import PartialDate, partial
from zaozhuang.forms import PRECISION, PartialDateField
from zaozhuang.inputs import MonthField
from zaozhuang.numbers import plain
from zaozhuang.sheets.limits import LETTERS
from zaozhuang.xlsxfile import NOT_IN_XML

LANGUAGES = [code for code, _name in settings.LANGUAGES]
# What a checkbox understands.
ON, OFF = "true", "false"
YES, NO = gettext_lazy("yes"), gettext_lazy("no")
GROUPED = re.compile(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")
# Choices that a message lists; all of them stand on a sheet of their own.
LISTED = 12
# Digits that a cell of Excel keeps.
DIGITS = 15


class Unexpected(ValueError):
    """A cell that cannot stand for an input; `str()` of it says why."""


def in_all_languages(text: Any) -> list[str]:
    """A translatable text as each of the readers sees it."""
    found = []
    for language in LANGUAGES:
        with override(language):
            found.append(str(text))
    return found


def folded(text: str) -> str:
    """What makes two names the same: neither case nor spaces tell them apart."""
    return " ".join(text.split()).casefold()


def tidy(text: str) -> str:
    """A text as a cell can hold it, to compare what went out with what came back."""
    text = NOT_IN_XML.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return text[:LETTERS].strip()


class Choices:
    """What may stand in a column: an input for each, a label to show, and other names for it.

    Two that would read the same are told apart by their code in brackets.
    """

    def __init__(self, entries: Iterable[tuple[str, str, Sequence[str], str]]) -> None:
        """Of (input, label, other names, code) each."""
        entries = [(each, tidy(label), others, code) for each, label, others, code in entries]
        times: dict[str, int] = {}
        for _input, label, _others, _code in entries:
            times[folded(label)] = times.get(folded(label), 0) + 1
        self.shown: dict[str, str] = {}
        self.inputs: dict[str, set[str]] = {}
        for input_, label, others, code in entries:
            whole = f"{label} [{code}]"
            self.shown[input_] = label if times[folded(label)] == 1 else whole
            for name in {label, whole, code, *others} - {""}:
                self.inputs.setdefault(folded(name), set()).add(input_)
        self.codes = {folded(code): input_ for input_, _label, _others, code in entries if code}

    def read(self, text: str) -> str:
        """The input that the text names; raises Unexpected for an unknown or ambiguous one."""
        key = folded(text)
        found = self.inputs.get(key, set())
        if len(found) == 1:
            return next(iter(found))
        if key in self.codes:
            return self.codes[key]
        if found:
            raise Unexpected(
                _("Several are called “%(text)s”; choose from the list.") % {"text": text}
            )
        raise Unexpected(_("“%(text)s” is not among what may stand here.") % {"text": text})


def choices_of(pairs: Iterable[tuple[Any, Any]]) -> Choices:
    """Of a field with fixed choices: (code, label), without the blank one."""
    return Choices(
        (str(code), str(label), in_all_languages(label), str(code))
        for code, label in pairs
        if code not in ("", None)
    )


def records_of(records: Iterable[models.Model], code: str) -> Choices:
    """Of records that a field may name; `code` is the attribute that tells two apart."""
    records = list(records)
    names: dict[Any, list[str]] = {record.pk: [] for record in records}
    for language in LANGUAGES:
        with override(language):
            for record in records:
                names[record.pk].append(tidy(str(record)))
    return Choices(
        (str(record.pk), str(record), names[record.pk], str(getattr(record, code)))
        for record in records
    )


class LoadedChoiceField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A field for a record out of those that were loaded once, for all rows of a sheet."""

    def __init__(self, *args: Any, records: dict[str, models.Model], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.records = records

    def __deepcopy__(self, memo: Any) -> "LoadedChoiceField":
        # Every row has a form of its own; they share what none of them changes.
        copy: LoadedChoiceField = forms.Field.__deepcopy__(self, memo)  # type: ignore[attr-defined]
        return copy

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return None
        record = value if isinstance(value, models.Model) else self.records.get(str(value))
        if record is None:
            raise ValidationError(
                self.error_messages["invalid_choice"],
                code="invalid_choice",
                params={"value": value},
            )
        return record


@dataclasses.dataclass
class Column:
    """One column: the field behind it, and its headings in all languages."""

    code: str
    field: forms.Field
    headings: list[str]
    heading: str
    expected: str = ""
    choices: Choices | None = None
    # What the drop-down offers, where that is less than all.
    offered: list[str] | None = None
    # Locked in the rows of records that are there: it says which record a row is.
    identifies: bool = False
    known: frozenset[str] = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        self.known = frozenset(map(folded, [*self.headings, self.code]))

    @property
    def drop_down(self) -> list[str] | None:
        if self.offered is not None:
            return self.offered
        return list(self.choices.shown.values()) if self.choices else None

    @property
    def is_number(self) -> bool:
        return isinstance(self.field, forms.DecimalField | forms.IntegerField)

    @property
    def is_date(self) -> bool:
        return isinstance(self.field, PartialDateField | MonthField)

    def read(self, text: str) -> str:
        """The input that a cell stands for; raises Unexpected."""
        text = text.strip()
        if not text:
            return ""
        if self.choices:
            return self.choices.read(text)
        if self.is_number:
            return text.replace(",", "") if GROUPED.fullmatch(text) else text
        return text

    def shown(self, given: str) -> str:
        """An input as a cell shows it."""
        if self.choices:
            return self.choices.shown.get(given, given)
        return given

    def same(self, cell: str, given: str) -> bool:
        """Whether a cell says what the input says already."""
        try:
            read = self.read(cell)
        except Unexpected:
            return False
        return read == given or self.plain(read) == self.plain(given)

    def plain(self, given: str) -> Any:
        """What makes two inputs the same, however they are written."""
        if self.is_number:
            try:
                return plain(Decimal(f"{Decimal(given):.{DIGITS}g}"))
            except InvalidOperation:
                return given
        if self.is_date:
            try:
                return PartialDate.parse(given)
            except ValueError:
                return given
        if isinstance(self.field, forms.BooleanField):
            return given or OFF
        return tidy(given)

    def input_of(self, record: Any) -> str:
        """What the input holds for a record."""
        value = getattr(record, self.code, None)
        if isinstance(value, models.Model):
            return str(value.pk)
        if isinstance(self.field, MonthField):
            return str(self.field.prepare_value(value))
        if isinstance(self.field, PartialDateField):
            when = partial(value, getattr(record, self.code + PRECISION))
            return when.iso if when else ""
        return as_input(value)


def as_input(value: Any) -> str:
    """A plain value as an input holds it."""
    if isinstance(value, bool):
        return ON if value else OFF
    if isinstance(value, Decimal):
        return plain(value)
    return "" if value is None else str(value)


def column_of(name: str, form_field: forms.Field, **more: Any) -> Column:
    """The column of a form's field; `more` are attributes of Column."""
    label = more.pop("label", None) or form_field.label or name
    headings = [tidy(str(capfirst(text))) for text in in_all_languages(label)]
    column = Column(
        code=more.pop("code", name),
        field=form_field,
        headings=headings,
        heading=tidy(str(capfirst(str(label)))),
        **more,
    )
    if isinstance(form_field, forms.BooleanField):
        column.choices = Choices(
            [
                (ON, str(YES), [*in_all_languages(YES), "1", "y", "√"], ON),
                (OFF, str(NO), [*in_all_languages(NO), "0", "n", "×"], OFF),
            ]
        )
    elif isinstance(form_field, forms.ChoiceField) and column.choices is None:
        column.choices = choices_of(form_field.choices)  # type: ignore[arg-type]
    column.expected = expected(column)
    return column


def expected(column: Column) -> str:
    """What may stand in a column, in a few words."""
    if column.drop_down is not None:
        offered = column.drop_down
        listed = ", ".join(offered[:LISTED]) + (", …" if len(offered) > LISTED else "")
        return _("One of: %(choices)s.") % {"choices": listed}
    if isinstance(column.field, MonthField):
        return _("A month such as 2023-03.")
    if column.is_date:
        return _("A date as exactly as it is known: 2023-05-31, 2023-05, 2023-Q2, 2023-H1, 2023.")
    if column.is_number:
        places = getattr(column.field, "decimal_places", None)
        if places:
            return _("A number with at most %(places)s decimal places, or blank.") % {
                "places": places
            }
        return _("A number, or blank.")
    longest = getattr(column.field, "max_length", None)
    if longest:
        return _("A text of at most %(count)s characters.") % {"count": longest}
    return ""
