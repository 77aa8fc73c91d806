"""Lists of the desk that say what is wrong with an address instead of leaving it out."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import FieldError, SuspiciousOperation
from django.db import DataError, ProgrammingError
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest, QueryDict
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from zaozhuang.history.versions import key_of
from zaozhuang.parameters import WrongParameters

# What Django and the databases raise for a filter, an order or a page that cannot be.
UNANSWERABLE = (
    IncorrectLookupParameters,
    SuspiciousOperation,
    FieldError,
    DataError,
    ProgrammingError,
    ArithmeticError,
    LookupError,
    TypeError,
    ValueError,
)
# What none of our filters asks, and what a database may compute on for minutes.
BARRED = {
    *("regex", "iregex", "search", "range", "iexact", "contains", "icontains"),
    *("startswith", "istartswith", "endswith", "iendswith"),
}
# Parameters that are tried alone to tell which of them is wrong.
MOST_TRIED = 20


class StrictList(admin.ModelAdmin):  # type: ignore[type-arg]
    """A list that answers 400 and names the parameter where the address asks for what cannot be.

    Django's own shows everything then, or breaks where only the database finds that a number
    is too large or a date impossible.
    """

    def lookup_allowed(self, lookup: str, value: str, request: Any = None) -> bool:
        """Beyond Django's own rule, only lookups of the kinds that filters are made of."""
        return BARRED.isdisjoint(lookup.split(LOOKUP_SEP)) and super().lookup_allowed(
            lookup, value, request
        )

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        try:
            return super().get_changelist_instance(request)
        except UNANSWERABLE as error:
            if not request.GET:
                raise
            raise WrongParameters(self._wrong(request)) from error

    def response_action(self, request: HttpRequest, queryset: Any) -> Any:
        """Refuse what cannot be the key of a row before the database is asked for it."""
        for text in request.POST.getlist(ACTION_CHECKBOX_NAME):
            if key_of(self.model, text) is None:
                error = _("“%(value)s” is not known here.") % {"value": text[:100]}
                raise WrongParameters({ACTION_CHECKBOX_NAME: [error]})
        return super().response_action(request, queryset)

    def _wrong(self, request: HttpRequest) -> dict[str, list[str]]:
        """The parameters that by themselves cannot be answered; all, where only together."""
        asked, wrong = request.GET, {}
        for name in list(asked)[:MOST_TRIED]:
            alone = urlencode({name: asked.getlist(name)}, doseq=True)
            request.GET = QueryDict(alone)
            try:
                super().get_changelist_instance(request)
            except UNANSWERABLE:
                text = _("This list cannot be filtered or ordered by “%(value)s”.")
                wrong[name] = [text % {"value": ", ".join(asked.getlist(name))[:100]}]
        request.GET = asked
        return wrong or {name: [_("These do not go together.")] for name in asked}
