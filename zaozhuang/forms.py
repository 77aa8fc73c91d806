"""Form fields and forms of the editors' desk."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from django import forms
from django.contrib.admin.widgets import (
    AutocompleteMixin,
    AutocompleteSelect,
    AutocompleteSelectMultiple,
)
from django.contrib.auth import get_permission_codename
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured, ValidationError
from django.db import models
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from zaozhuang.dates import PartialDate, partial
from zaozhuang.numbers import plain

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

AnyForm = TypeVar("AnyForm", bound=forms.BaseForm)
PRECISION = "_precision"
PERIOD_HELP = _(
    "As exact as the source: 2023-05-31, 2023-05, 2023-Q2, 2023-H1, 2023, 2021/2025; or 2023年5月, “十四五”末."
)
SLUG_HELP = _("Part of the page’s address; links to it break when it changes.")
MADE_SLUG_HELP = _("Part of the address; leave it blank and one is made.")


class PartialDateField(forms.CharField):
    """A date at its own precision in one text input; the value is a PartialDate or None."""

    default_error_messages = {
        "invalid": _(
            "“%(value)s” is not a date; write 2023-05-31, 2023-05, 2023-Q2, 2023-H1, 2023, 2021/2025 or 2023年5月."
        ),
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 30)
        super().__init__(**kwargs)
        self.widget.attrs.update({"placeholder": "2023-05", "size": "12", "autocomplete": "off"})

    def to_python(self, value: Any) -> Any:
        if isinstance(value, PartialDate):
            return value
        text = super().to_python(value)
        if not text:
            return None
        try:
            return PartialDate.parse(text)
        except ValueError:
            raise ValidationError(
                self.error_messages["invalid"], code="invalid", params={"value": text}
            ) from None

    def run_validators(self, value: Any) -> None:
        """The validators of a text (length, NUL) look at the text."""
        super().run_validators(value.iso if isinstance(value, PartialDate) else value)

    def prepare_value(self, value: Any) -> Any:
        return value.iso if isinstance(value, PartialDate) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        """`2023年5月` in place of `2023-05` is no change."""
        try:
            return bool(self.to_python(initial) != self.to_python(data))
        except ValidationError:
            return True


class EditorForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form of the desk.

    A day and its precision, two columns, are one text input named after the day. The
    model's clean() then takes the first or last day of the period, by what the date means.

    What is saved is checked against the rights of the editor, see `for_editor`.
    """

    editor: "User | AnonymousUser | None" = None
    # Why nothing that this form sends may be saved now; the desk sets it for one request.
    refused: Any = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.partial_dates = [
            name for name in self.fields if _has_precision(self._meta.model, name)
        ]
        for name, value in self.initial.items():
            if isinstance(value, Decimal):  # 18, not 18.000000
                self.initial[name] = Decimal(plain(value))
        for name in self.partial_dates:
            self.fields.pop(name + PRECISION, None)
            day = self.fields[name]
            self.fields[name] = PartialDateField(
                required=day.required, label=day.label, help_text=PERIOD_HELP
            )
            if not isinstance(
                self.initial.get(name), str
            ):  # a text comes from the address of an add page
                self.initial[name] = partial(
                    getattr(self.instance, name), getattr(self.instance, name + PRECISION)
                )
        if "slug" in self.fields:
            self.fields["slug"].help_text = SLUG_HELP
        for name, field in self.fields.items():
            widget = getattr(field.widget, "widget", field.widget)
            if isinstance(widget, LoadedSelect) and self._meta.model._meta.get_field(
                name
            ).is_cached(self.instance):
                widget.loaded = getattr(self.instance, name)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.refused:
            self.add_error(None, self.refused)
        for name in self.partial_dates:
            if name in cleaned:
                date: PartialDate | None = cleaned[name]
                cleaned[name] = date.first if date else None
                setattr(self.instance, name + PRECISION, date.precision if date else "")
        if cleaned.get("locator") and "source" in cleaned and cleaned["source"] is None:
            self.add_error("source", _("The locator is a place in a source; choose the source."))
        return cleaned

    def full_clean(self) -> None:
        # Asked before the input changes the record: afterwards it may name another place.
        self.was_theirs = not self.is_bound or self._nothing_to_ask() or self._may(self.instance)
        super().full_clean()

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if not self.errors:  # a form with errors is not saved anyway
            self._check_rights()

    def _check_rights(self) -> None:
        """Refuse what the editor may not write, before and after the change, at its field."""
        for name in self.changed_data if self.was_theirs else []:
            before, after = _records(self.initial.get(name)), _records(self.cleaned_data.get(name))
            for record in before ^ after:
                if hasattr(record, "belongs_to") and not self._may(record):
                    text = _("You may not write the records of “%(record)s”.")
                    self.add_error(name, ValidationError(text, params={"record": record}))
        adding = self.instance._state.adding
        asked = not self._is_row() and (adding or self.has_changed())
        theirs = self.was_theirs and (not asked or self._may(self.instance))
        if not self.errors and not theirs:
            self.add_error(None, _("You may not write the records of this place."))
        if adding and hasattr(self.instance, "recorded_by_id"):
            self.instance.recorded_by = self.editor

    def _nothing_to_ask(self) -> bool:
        """A new record has no place yet, one left as it was needs no right, and of a row the
        form of the record on whose page it stands is asked."""
        return self.instance._state.adding or self._is_row() or not self.has_changed()

    def _is_row(self) -> bool:
        inline = forms.models.InlineForeignKeyField
        return any(isinstance(field, inline) for field in self.fields.values())

    def _may(self, record: models.Model) -> bool:
        """Whether the editor may write the record, or what is to hang on it."""
        if self.editor is None:
            raise ImproperlyConfigured(f"{type(self).__name__} needs an editor; see for_editor().")
        options = self._meta.model._meta
        action = "add" if self.instance._state.adding else "change"
        permission = f"{options.app_label}.{get_permission_codename(action, options)}"
        return self.editor.has_perm(permission, record)

    def come_together(self, name: str, companion: str) -> None:
        """Ask for the companion of a value that is given, and for none where it is not."""
        if name not in self.cleaned_data or companion not in self.cleaned_data:
            return
        given, chosen = self.cleaned_data[name] is not None, bool(self.cleaned_data[companion])
        texts = {"field": self.fields[name].label}
        if given and not chosen:
            self.add_error(
                companion,
                ValidationError(_("Say this too, since “%(field)s” is given."), params=texts),
            )
        if chosen and not given:
            self.add_error(
                companion,
                ValidationError(
                    _("Leave this blank as long as “%(field)s” is blank."), params=texts
                ),
            )

    def above_zero(self, name: str) -> None:
        """Refuse zero and less: what is not known stays blank."""
        value = self.cleaned_data.get(name)
        if value is not None and value <= 0:
            self.add_error(name, _("Write a number above zero; what is not known stays blank."))

    def validate_unique(self) -> None:
        """Also check the constraints that name the record to which an inline row belongs.

        Django leaves those to the database, which answers a row that is there already with
        an error page.
        """
        super().validate_unique()
        owner = {
            name
            for name, field in self.fields.items()
            if isinstance(field, forms.models.InlineForeignKeyField)
        }
        exclude = self._get_validation_exclusions()
        for model, constraints in self.instance.get_constraints():
            for constraint in constraints:
                if owner.intersection(getattr(constraint, "fields", ())):
                    try:
                        constraint.validate(model, self.instance, exclude=exclude)
                    except ValidationError as error:
                        self.add_error(None, error)

    def _get_validation_exclusions(self) -> set[str]:
        # The precision has no input of its own, but constraints that name it are checked
        # before the database would refuse the row.
        shown = {name + PRECISION for name in self.partial_dates if name not in self.errors}
        return super()._get_validation_exclusions() - shown  # type: ignore[misc, no-any-return]


def for_editor(form: type[AnyForm], editor: "User | AnonymousUser") -> type[AnyForm]:
    """The form class as this editor fills it in, with this editor's rights."""
    return type(form.__name__, (form,), {"editor": editor})


def _records(value: Any) -> set[models.Model]:
    """The records that the value of a field names: one, several, or none."""
    values = value if isinstance(value, list | models.QuerySet) else [value]
    return {record for record in values if isinstance(record, models.Model)}


def _has_precision(model: type[models.Model], name: str) -> bool:
    try:
        model._meta.get_field(name + PRECISION)
    except FieldDoesNotExist:
        return False
    return True


class KnownKeys(AutocompleteMixin):
    """An autocomplete that shows none where an address or a form names what cannot be a key.

    Django's own asks the database for it and breaks.
    """

    def optgroups(self, name: str, value: Sequence[str], attrs: Any = None) -> Any:
        return super().optgroups(name, [text for text in value if self._is_key(text)], attrs)

    def _is_key(self, text: Any) -> bool:
        target = self.field.remote_field.model._meta.pk
        try:
            target.to_python(text)
        except ValidationError:
            return False
        return (
            len(str(text)) < 19
        )  # longer numbers are no keys, and SQLite cannot even compare them


class KnownSelect(KnownKeys, AutocompleteSelect):
    """One record."""


class KnownSelectMultiple(KnownKeys, AutocompleteSelectMultiple):
    """Several records."""


class LoadedSelect(KnownSelect):
    """An autocomplete that shows a record loaded with its row instead of fetching it again.

    Django's own asks the database once for every such input of every row.
    """

    loaded: models.Model | None = None

    def optgroups(self, name: str, value: Sequence[str], attrs: Any = None) -> Any:
        if self.loaded is None or list(value) != [str(self.loaded.pk)]:
            return super().optgroups(name, value, attrs)
        options = [] if self.is_required else [self.create_option(name, "", "", False, 0)]
        label = self.choices.field.label_from_instance(self.loaded)
        options.append(self.create_option(name, self.loaded.pk, label, True, len(options)))
        return [(None, options, 0)]


class MadeSlugForm(EditorForm):
    """A form whose slug may be left blank: one is made of what the record says."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "slug" in self.fields:  # not for those who may only look
            self.fields["slug"].required = False
            self.fields["slug"].help_text = MADE_SLUG_HELP

    def slug_parts(self) -> list[str]:
        """What the slug is made of, from the values that are valid so far."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("slug") == "":
            cleaned["slug"] = free_slug(self._meta.model, self.slug_parts())
            if not cleaned["slug"]:
                self.add_error("slug", self.fields["slug"].error_messages["required"])
        return cleaned


def free_slug(model: type[models.Model], parts: list[str]) -> str:
    """A slug made of the parts that no record has yet: `tengzhou-output-2025`, or `…-2`.

    Empty where the parts hold no Latin letter or digit.
    """
    length = model._meta.get_field("slug").max_length  # type: ignore[union-attr]
    base = slugify("-".join(parts))[: (length or 50) - 5].strip("-")
    taken = set(model._default_manager.filter(slug__startswith=base).values_list("slug", flat=True))
    if not base or base not in taken:
        return base
    return next(
        slug for number in range(2, len(taken) + 2) if (slug := f"{base}-{number}") not in taken
    )
