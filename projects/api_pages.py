"""Pages by cursor: each begins behind the last row of the one before, however many were added."""

import re
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError as InvalidField
from django.core.signing import BadSignature, Signer
from django.db.models import F, Q, QuerySet
from django.db.models.expressions import OrderBy
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from projects.filters import errors_of

PAGE_SIZE = 50
MAX_PAGE_SIZE = 200


class PageSizeField(forms.Field):
    """How many rows a page has: 1 to 200 in ASCII digits."""

    default_error_messages = {
        "invalid": _("“%(value)s” is not a size of a page; write a number from 1 to %(most)s.")
    }

    def to_python(self, value: Any) -> int:
        if value is None:
            return PAGE_SIZE
        if re.fullmatch(r"[1-9][0-9]{0,2}", value) and int(value) <= MAX_PAGE_SIZE:
            return int(value)
        raise InvalidField(
            self.error_messages["invalid"],
            code="invalid",
            params={"value": value, "most": MAX_PAGE_SIZE},
        )


class PageForm(forms.Form):
    page_size = PageSizeField(required=False, label=_("Rows a page"))
    cursor = forms.CharField(required=False, max_length=2000, label=_("Where the page begins"))


class CursorPages(BasePagination):
    """Pages of a queryset in its own order, which must end with a column that is unique.

    A cursor holds the sort keys of the last row shown. It is signed, so that only what this
    server gave out comes back, and holds for the address, order and search it was given for.
    """

    def paginate_queryset(
        self, queryset: QuerySet[Any], request: Request, view: Any = None
    ) -> list[Any]:
        """The rows of the page the request asks for; raises ValidationError for a wrong parameter."""
        form = PageForm(request.query_params)
        if not form.is_valid():
            raise ValidationError(errors_of(form))
        self.request = request
        size = form.cleaned_data["page_size"]
        keys = _keys(queryset)
        names = [f"_key{at}" for at in range(len(keys))]
        queryset = queryset.annotate(
            **{name: key.expression for name, key in zip(names, keys, strict=True)}
        ).order_by(
            # Where a key is blank the row stands last, on every database.
            *(
                F(name).desc(nulls_last=True) if key.descending else F(name).asc(nulls_last=True)
                for name, key in zip(names, keys, strict=True)
            )
        )
        # A search decides on the order too.
        order = [request.query_params.get(name, "") for name in ("ordering", "q")]
        self.signer = Signer(salt=" ".join([request.path, *order]))
        if form.cleaned_data["cursor"]:
            fields = [queryset.query.annotations[name].output_field for name in names]
            last = self._read(form.cleaned_data["cursor"], fields)
            queryset = queryset.filter(_behind(names, keys, last))
        # One row more than shown tells whether there is a next page.
        rows: list[Any] = view.finished(queryset[: size + 1])
        self.next = ""
        if len(rows) > size:
            rows.pop()
            self.next = self.signer.sign_object([_plain(getattr(rows[-1], name)) for name in names])
        return rows

    def _read(self, cursor: str, fields: list[Any]) -> list[Any]:
        """The sort keys in a cursor; raises ValidationError for one that was not given out here."""
        try:
            values = self.signer.unsign_object(cursor)
            return [field.to_python(value) for field, value in zip(fields, values, strict=True)]
        # The last three: a cursor of an earlier release, whose order had other keys.
        except (BadSignature, InvalidField, TypeError, ValueError):
            raise ValidationError(
                {"cursor": [_("This cursor is not valid here; begin again without one.")]}
            ) from None

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self.next_link(), "results": data})

    def next_link(self) -> str | None:
        """The address of the next page with the same parameters; None on the last."""
        if not self.next:
            return None
        parameters: QueryDict = self.request.query_params.copy()
        parameters["cursor"] = self.next
        return self.request.build_absolute_uri(f"{self.request.path}?{parameters.urlencode()}")

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["next", "results"],
            "properties": {
                "next": {
                    "type": "string",
                    "format": "uri",
                    "nullable": True,
                    "description": str(_("Address of the next page; null on the last.")),
                },
                "results": schema,
            },
        }


def _keys(queryset: QuerySet[Any]) -> list[OrderBy]:
    """What the queryset is ordered by, as expressions with a direction."""
    keys: list[OrderBy] = []
    part: Any
    for part in queryset.query.order_by:
        if isinstance(part, str):
            name = part.removeprefix("-")
            keys.append(F(name).desc() if part.startswith("-") else F(name).asc())
        else:
            keys.append(part if isinstance(part, OrderBy) else part.asc())
    assert keys, "a page needs an order"
    return keys


def _plain(value: Any) -> Any:
    """A sort key as JSON holds it; days and moments in full, to the microsecond."""
    return value.isoformat() if isinstance(value, date) else value


def _behind(names: list[str], keys: list[OrderBy], last: list[Any]) -> Q:
    """Rows behind the one with the sort keys `last`, blank keys standing last."""
    condition, same = Q(pk__in=[]), Q()
    for name, key, value in zip(names, keys, last, strict=True):
        if value is None:
            same &= Q(**{f"{name}__isnull": True})
            continue
        beyond = Q(**{f"{name}__{'lt' if key.descending else 'gt'}": value})
        condition |= same & (beyond | Q(**{f"{name}__isnull": True}))
        same &= Q(**{name: value})
    return condition
