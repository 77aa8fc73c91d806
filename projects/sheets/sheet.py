"""One sheet as an editor sees it: the desk's own form of its kind, and its columns."""

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from django.contrib import admin
from django.db import models
from django.forms import Field, modelform_factory
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from districts.review import ReviewedAdmin, must_wait
from districts.rights import may_write_record
from projects.forms import StageChangeForm
from projects.models import Project, StageChange
from projects.sheets.kinds import KINDS, PROJECTS, Kind, code_of
from zaozhuang.forms import for_editor
from zaozhuang.sheets.columns import (
    Choices,
    Column,
    LoadedChoiceField,
    column_of,
    folded,
    in_all_languages,
    records_of,
    tidy,
)
from zaozhuang.sheets.conditions import swift

ID, VERSION, REASON = "id", "version", "reason"
ID_LABEL, VERSION_LABEL = _("Number"), _("Version")
REASON_LABEL = _("Why it was refused")
NEW_STAGE = _("New stage: %(field)s")
STAGE = "stage"
EVENT = "event_"
EVENT_FIELDS = ["stage", "date", "basis", "observed", "source", "locator", "note"]


class Loaded:
    """The records that rows may name, each kind read once for all sheets of an upload."""

    def __init__(self) -> None:
        self._records: dict[type[models.Model], dict[str, Any]] = {}
        self._choices: dict[type[models.Model], Choices] = {}

    def records(self, model: type[models.Model]) -> dict[str, Any]:
        if model not in self._records:
            rows: Any = model._default_manager.all()
            forward = [
                field
                for field in model._meta.concrete_fields
                if isinstance(field, models.ForeignKey)
                and field.name in ("district", "unit", "theme", "stream")
            ]
            rows = rows.select_related(*(field.name for field in forward)) if forward else rows
            heavy = ["boundary"] if hasattr(model, "boundary") else []
            heavy += ["district__boundary"] if any(f.name == "district" for f in forward) else []
            self._records[model] = {str(row.pk): row for row in rows.defer(*heavy)}
        return self._records[model]

    def choices(self, model: type[models.Model]) -> Choices:
        if model not in self._choices:
            self._choices[model] = records_of(self.records(model).values(), code_of(model))
        return self._choices[model]

    def field(self, db_field: Any, **kwargs: Any) -> Any:
        """The form field of a column, without what only a browser needs."""
        if isinstance(db_field, models.ForeignKey):
            records = self.records(db_field.related_model)  # type: ignore[arg-type]
            return db_field.formfield(form_class=LoadedChoiceField, records=records)
        return db_field.formfield()

    def attach(self, records: Iterable[Any], names: Iterable[str]) -> None:
        """Let the records know those that they name without asking for each."""
        names = list(names)
        for record in records:
            for name in names:
                field = record._meta.get_field(name)
                if isinstance(field, models.ForeignKey):
                    found = self.records(field.related_model).get(  # type: ignore[arg-type]
                        str(getattr(record, field.attname))
                    )
                    if found is not None:
                        setattr(record, name, found)


class SheetStageForm(StageChangeForm):
    """A new event of the project of a row."""

    class Meta:
        model = StageChange
        fields = EVENT_FIELDS

    def _get_validation_exclusions(self) -> set[str]:
        # The project has no input here, but an event that is there already is to be told.
        named = {"project"} if self.instance.project_id else set()
        return super()._get_validation_exclusions() - named


class Sheet:
    """A kind of record for one editor."""

    def __init__(self, kind: Kind, request: HttpRequest, loaded: Loaded) -> None:
        self.kind, self.request, self.loaded = kind, request, loaded
        self.desk: Any = admin.site.get_model_admin(kind.model)
        self.waits = isinstance(self.desk, ReviewedAdmin) and must_wait(request.user)

    @cached_property
    def titles(self) -> list[str]:
        return in_all_languages(self.kind.title)

    @property
    def title(self) -> str:
        return str(self.kind.title)

    @cached_property
    def form(self) -> Any:
        """The form of the desk, of the fields that have a column."""
        return swift(
            self.desk.get_form(
                self.request,
                None,
                change=False,
                fields=self.kind.fields,
                formfield_callback=self.loaded.field,
            )
        )

    @cached_property
    def event_form(self) -> Any:
        form = modelform_factory(
            StageChange,
            SheetStageForm,
            EVENT_FIELDS,
            formfield_callback=self.loaded.field,
        )
        return swift(for_editor(form, self.request.user))

    @cached_property
    def columns(self) -> list[Column]:
        """Those of the record itself."""
        blank = self.form()
        labels = dict(self.kind.labels)
        found = []
        for name in self.kind.fields:
            more: dict[str, Any] = {"label": labels.get(name)}
            more["identifies"] = name in self.kind.identified_by
            found.append(self._column(name, blank.fields[name], **more))
        return found

    @cached_property
    def event_columns(self) -> list[Column]:
        """Those of the event that changes a project's stage."""
        if self.kind is not PROJECTS:
            return []
        blank = self.event_form()
        found = []
        for name in EVENT_FIELDS:
            if name == STAGE:
                found.append(self._column(name, blank.fields[name]))
                continue
            labels = in_all_languages(blank.fields[name].label)
            headings = [
                tidy(heading % {"field": label})
                for heading, label in zip(in_all_languages(NEW_STAGE), labels, strict=True)
            ]
            column = self._column(name, blank.fields[name], code=EVENT + name)
            column.headings = headings
            column.heading = tidy(str(NEW_STAGE) % {"field": blank.fields[name].label})
            column.known = frozenset(map(folded, [*headings, column.code]))
            found.append(column)
        return found

    def _column(self, name: str, field: Field, **more: Any) -> Column:
        if isinstance(field, LoadedChoiceField):
            model = field.queryset.model  # type: ignore[union-attr]
            more["choices"] = choices = self.loaded.choices(model)
            own = self._own(model)
            if own is not None:
                more["offered"] = [text for key, text in choices.shown.items() if key in own]
        return column_of(name, field, **more)

    def _own(self, model: type[models.Model]) -> set[str] | None:
        """The keys of those records of a place that this editor writes; None for shared ones."""
        if not hasattr(model, "belongs_to"):
            return None
        records = self.loaded.records(model).items()
        return {key for key, record in records if may_write_record(self.request.user, record)}

    @cached_property
    def all_columns(self) -> list[Column]:
        return [*self.columns, *self.event_columns]

    def initial_event(self, record: Project) -> dict[str, str]:
        """What the cells of the event say where nothing is changed."""
        return {
            column.code: record.stage if column.code == STAGE and record.pk else ""
            for column in self.event_columns
        }


class Heads:
    """The headings of a table as columns of a sheet: what is there, missing, unknown or twice."""

    def __init__(self, sheet: Sheet, head: list[str]) -> None:
        self.sheet = sheet
        self.at: dict[str, int] = {}
        self.unknown: list[str] = []
        self.twice: list[str] = []
        names: dict[str, str] = {}
        special = {ID: ID_LABEL, VERSION: VERSION_LABEL, REASON: REASON_LABEL}
        shown = {shown.code: shown.label for shown in sheet.kind.shown}
        for code, label in (special | shown).items():
            names |= {folded(text): code for text in [*in_all_languages(label), code]}
        for column in sheet.all_columns:
            names |= dict.fromkeys(column.known, column.code)
        for at, text in enumerate(head):
            code = names.get(folded(text)) if text.strip() else None
            if code is None:
                if text.strip():
                    self.unknown.append(text)
            elif code in self.at:
                self.twice.append(text)
            else:
                self.at[code] = at
        self.missing = [c.heading for c in sheet.all_columns if c.code not in self.at]
        if ID not in self.at:
            self.missing.insert(0, str(ID_LABEL))
        if VERSION not in self.at:
            self.missing.insert(1, str(VERSION_LABEL))

    @property
    def fits(self) -> bool:
        return not (self.unknown or self.twice or self.missing)

    @property
    def share(self) -> int:
        """How many headings are of this sheet, to tell which one a table was meant to be."""
        return len(self.at)


def sheets_for(request: HttpRequest) -> list[Sheet]:
    """All sheets of an editor, who share what they have loaded."""
    loaded = Loaded()
    return [Sheet(kind, request, loaded) for kind in KINDS]
