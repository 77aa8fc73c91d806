"""Form fields for what comes in by the address: strict, and clear about what is wrong."""

import re
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from zaozhuang.dates import PartialDate, Precision, today

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# Slugs of places may be Chinese in another data set; nothing in them needs quoting.
SLUG = re.compile(r"[-\w]{1,80}")


class DayField(forms.Field):
    """A day written YYYY-MM-DD in ASCII digits; `value` is a date or None."""

    default_error_messages = {
        "invalid": _("“%(value)s” is not a day; write it as YYYY-MM-DD, for example 2023-02-13."),
    }
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")

    def to_python(self, value: Any) -> date | None:
        if value in self.empty_values:
            return None
        try:
            if DAY.fullmatch(value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        raise ValidationError(
            self.error_messages["invalid"], code="invalid", params={"value": value}
        )


class MonthField(forms.Field):
    """A month written 2023-03 or 2023年3月; `value` is its first day or None.

    A month that has not begun is refused: nobody can report on it yet.
    """

    default_error_messages = {
        "invalid": _("“%(value)s” is not a month; write it as YYYY-MM, for example 2023-03."),
        "future": _("The month %(value)s has not begun yet."),
    }
    widget = forms.TextInput(
        attrs={"placeholder": "2023-03", "size": "9", "maxlength": "12", "autocomplete": "off"}
    )

    def prepare_value(self, value: Any) -> Any:
        return f"{value.year:04}-{value.month:02}" if isinstance(value, date) else value

    def to_python(self, value: Any) -> date | None:
        if value in self.empty_values:
            return None
        if isinstance(value, date):
            return value.replace(day=1)
        try:
            month = PartialDate.parse(str(value))
        except ValueError:
            month = None
        if month is None or month.precision is not Precision.MONTH:
            raise ValidationError(
                self.error_messages["invalid"], code="invalid", params={"value": value}
            )
        if month.first > today():
            raise ValidationError(
                self.error_messages["future"], code="future", params={"value": month.iso}
            )
        return month.first

    def has_changed(self, initial: Any, data: Any) -> bool:
        """`2023年3月` in place of `2023-03` is no change."""
        try:
            return self.to_python(initial) != self.to_python(data)
        except ValidationError:
            return True


class PageField(forms.Field):
    """The number of a page, from 1, in ASCII digits."""

    default_error_messages = {
        "invalid": _("“%(value)s” is not the number of a page; write 1, 2, 3 …")
    }

    def to_python(self, value: Any) -> int:
        if value in self.empty_values:
            return 1
        if re.fullmatch(r"[1-9][0-9]{0,8}", value):
            return int(value)
        raise ValidationError(
            self.error_messages["invalid"], code="invalid", params={"value": value}
        )


class RecordsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """A list of records by slug or code; a value that cannot be one never reaches the database."""

    default_error_messages = {
        "invalid_choice": _("“%(value)s” is not known here."),
        "invalid_list": _("Write each value as a parameter of its own."),
    }

    def clean(self, value: Any) -> Any:
        # Values that cannot be a slug are refused here: PostgreSQL raises on NUL.
        for item in value or []:
            if not SLUG.fullmatch(str(item)):
                raise ValidationError(
                    self.error_messages["invalid_choice"],
                    code="invalid_choice",
                    params={"value": item},
                )
        # Nothing chosen is no question to the database.
        return list(super().clean(value)) if value or self.required else []


class ChoicesField(forms.MultipleChoiceField):
    """Several of a fixed set of codes; the message lists the codes there are."""

    default_error_messages = {
        "invalid_choice": _("“%(value)s” is not known here; the values are: %(known)s."),
    }

    def validate(self, value: Any) -> None:
        known = [str(code) for code, _label in self.choices]  # type: ignore[union-attr, misc]
        for item in value:
            if item not in known:
                raise ValidationError(
                    self.error_messages["invalid_choice"],
                    code="invalid_choice",
                    params={"value": item, "known": ", ".join(known)},
                )


class DayForm(forms.Form):
    """The day as of which a page shows things; today where none is given."""

    as_of = DayField(required=False, label=_("as of"))
