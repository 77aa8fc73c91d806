"""The description of the API (OpenAPI), made from what answers: filters, columns, messages."""

from threading import Lock
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from drf_spectacular.views import SpectacularAPIView
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api_pages import MAX_PAGE_SIZE, PAGE_SIZE
from zaozhuang.inputs import ChoicesField, DayField, RecordsField
from zaozhuang.localised import reads_english
from zaozhuang.rest import FormByParameter

# What the labels of the parameters alone do not say.
EXPLAINED = {
    "cursor": gettext_lazy(
        "Take it from “next” as it is; it begins with the first row without it."
    ),
    "q": gettext_lazy("Any part of a name, in Chinese or English."),
    "district": gettext_lazy("Its address, as in districts; with all places below it."),
    "company": gettext_lazy("Its address, as in companies."),
    "project": gettext_lazy("Its address, as in projects."),
    "segment": gettext_lazy("Its code, as in segments."),
    "due_after": gettext_lazy("Compares the last day of the period."),
    "due_before": gettext_lazy("Compares the last day of the period."),
    "as_of": gettext_lazy("As things stood that day; today without it."),
    "ordering": gettext_lazy("A minus in front turns the order round; by district without it."),
}


HEADERS = [
    OpenApiParameter(
        "ETag",
        OpenApiTypes.STR,
        OpenApiParameter.HEADER,
        response=[200, 304],
        description=gettext_lazy(
            "Send it back as If-None-Match to learn whether anything changed."
        ),
    ),
    OpenApiParameter(
        "Retry-After",
        OpenApiTypes.INT,
        OpenApiParameter.HEADER,
        response=[429],
        description=gettext_lazy("Seconds to wait."),
    ),
]


class Problem(serializers.Serializer[Any]):
    """What any answer but 200 and 400 says."""

    detail = serializers.CharField(read_only=True)


def errors(parameters: list[OpenApiParameter]) -> dict[str, Any]:
    """What 400 says: each wrong parameter with its messages."""
    messages = {"type": "array", "items": {"type": "string"}, "minItems": 1}
    wrong = [each.name for each in parameters if each.location == OpenApiParameter.QUERY]
    return {
        "type": "object",
        "properties": dict.fromkeys(wrong, messages),
        "additionalProperties": False,
        "minProperties": 1,
    }


def query(name: str, kind: dict[str, Any], label: object, **words: Any) -> OpenApiParameter:
    text = f"{label}{_(': ')}{EXPLAINED[name]}" if name in EXPLAINED else str(label)
    return OpenApiParameter(name, kind, OpenApiParameter.QUERY, description=text, **words)


def parameter_of(name: str, field: forms.Field) -> OpenApiParameter:
    """A field of a filter as OpenAPI says it."""
    if isinstance(field, ChoicesField):
        codes = {"type": "string", "enum": [code for code, _label in field.choices]}  # type: ignore[union-attr, misc]
        return query(name, {"type": "array", "items": codes}, field.label, explode=True)
    if isinstance(field, RecordsField):
        known = {"type": "string", "minLength": 1, "maxLength": 80}
        return query(name, {"type": "array", "items": known}, field.label, explode=True)
    if isinstance(field, DayField):
        # A form that is sent with the field left blank asks for no day.
        day = {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "maxLength": 0}]}
        return query(name, day, field.label)
    if isinstance(field, forms.ChoiceField):
        codes = {"type": "string", "enum": [code for code, _label in field.choices]}  # type: ignore[union-attr, misc]
        return query(name, codes, field.label)
    assert isinstance(field, forms.CharField)
    return query(name, {"type": "string", "maxLength": field.max_length}, field.label)


class Schema(AutoSchema):
    """Describes a Resource."""

    # A Resource, of which the framework's own types know nothing.
    view: Any

    def get_description(self) -> str:  # type: ignore[override]
        return str(self.view.about)

    def get_summary(self) -> str:
        if self._is_list_view():
            return _("Records in pages")
        return _("One record")

    def get_filter_backends(self) -> list[Any]:
        # The parameters come from get_override_parameters.
        return []

    def get_override_parameters(self) -> Any:
        return [*self.parameters(), *HEADERS]

    def parameters(self) -> list[OpenApiParameter]:
        """What can be asked in the address."""
        fields = self.view.filterset_class({}, queryset=self.view.table()).form.fields
        if self.view.action == "list":
            size = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": PAGE_SIZE}
            return [
                *(parameter_of(name, field) for name, field in fields.items()),
                query("page_size", size, _("Rows a page")),
                query(
                    "cursor",
                    {"type": "string", "maxLength": 2000},
                    _("Where the page begins"),
                ),
            ]
        name = self.view.lookup_url_kwarg or self.view.lookup_field
        number = {"type": "integer", "minimum": 1, "maximum": 10**18 - 1}
        kind = number if name == "id" else {"type": "string", "minLength": 1, "maxLength": 80}
        found = [OpenApiParameter(name, kind, OpenApiParameter.PATH)]
        if "as_of" in fields:
            found.append(parameter_of("as_of", fields["as_of"]))
        return found

    def get_response_serializers(self) -> Any:
        parameters = self.parameters()
        answers: dict[int, Any] = {
            200: super().get_response_serializers(),
            304: OpenApiResponse(description=_("Not changed since the answer with that ETag.")),
            429: OpenApiResponse(
                Problem, _("Too many requests; Retry-After says how many seconds to wait.")
            ),
        }
        if any(parameter.location == OpenApiParameter.QUERY for parameter in parameters):
            answers[400] = OpenApiResponse(
                errors(parameters), _("A parameter is not valid; it says which and why.")
            )
        if self.view.action == "retrieve":
            answers[404] = OpenApiResponse(Problem, _("There is no such record."))
        return dict(sorted(answers.items()))


# The library marks the classes that it describes while it describes them: one at a time.
_describing = Lock()


class Description(SpectacularAPIView):
    """`/api/schema/` as YAML, or as JSON where `Accept` or `?format=json` asks for it."""

    schema = None
    content_negotiation_class = FormByParameter

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        # The library's own takes a language and a version from the address and puts them
        # into headers unchecked; here the address alone says the language.
        with _describing:
            response: Response = self._get_schema_response(request)  # type: ignore[no-untyped-call]
        return response

    def _get_version_parameter(self, request: Request) -> None:
        return None


def entitled(result: Any, **words: Any) -> Any:
    """The description with the tracker's name in the reader's language."""
    site = settings.SITE_TITLE["en" if reads_english() else "zh-hans"]
    result["info"]["title"] = f"{site} · API"
    result["info"]["description"] = _(
        "Read only: the same selections as the pages and their exports, with the same parameters and columns. A wrong parameter is answered 400; unknown ones are ignored. Follow “next” until it is null."
    )
    return result
