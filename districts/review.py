"""Review: what a district saves waits for the city, where the deployment wants it so."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.conf import settings
from django.contrib import messages
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from districts.drafts import (
    Elsewhere,
    Page,
    added_by,
    changes_of,
    elsewhere,
    entered_then,
    keep,
)
from districts.models import Draft
from districts.rights import EVERYWHERE
from zaozhuang.admin import EditorAdmin
from zaozhuang.history.versions import key_of
from zaozhuang.views import back

# More drafts than these are counted, not named, when they were kept together.
NAMED = 3


def must_wait(user: Any) -> bool:
    """Whether what this user saves of the figures of a place waits for approval."""
    return settings.REVIEW == "approval" and not user.has_perm(EVERYWHERE)


def reopened_text(draft: Draft) -> str:
    """What stands above a page on which an open draft is shown again."""
    if draft.remark:
        return _("Returned with the remark: %(remark)s") % {"remark": draft.remark}
    return _("This draft has not taken effect; what you save takes its place.")


class Waiting(Exception):
    """Raised instead of saving: takes back what the page has written so far."""

    def __init__(
        self, action: str, records: list[models.Model], changes: list[dict[str, Any]]
    ) -> None:
        super().__init__(action)
        self.action, self.records, self.changes = action, records, changes


class ReviewedAdmin(EditorAdmin):
    """The page of a published figure: a district's save becomes a draft under review.

    `?draft=5` shows one's own open draft again, and saving it replaces what it held.
    """

    # Pages beside a record's own into which drafts are typed, by the prefix of their parts.
    typed_elsewhere: ClassVar[dict[str, Elsewhere]] = {}

    def save_related(self, request: Any, form: Any, formsets: Any, change: bool) -> None:
        draft: Draft | None = getattr(request, "approving", None)
        if draft is None and must_wait(request.user):
            action = Draft.Action.CHANGE if change else Draft.Action.ADD
            parts = changes_of(form, formsets)
            raise Waiting(action, [form.instance], parts)
        super().save_related(request, form, formsets, change)
        if draft is not None:
            entered_then(draft, added_by(draft, form, formsets))

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        # Of what is to wait nothing is written, not even for a moment.
        if getattr(request, "approving", None) is not None or not must_wait(request.user):
            super().save_model(request, obj, form, change)

    def delete_model(self, request: Any, obj: Any) -> None:
        if getattr(request, "approving", None) is None and must_wait(request.user):
            raise Waiting(Draft.Action.DELETE, [obj], [])
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: "models.QuerySet[Any]") -> None:
        if must_wait(request.user):
            raise Waiting(Draft.Action.DELETE, list(queryset), [])
        super().delete_queryset(request, queryset)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        draft = self.reopened(request, object_id)
        if draft is not None and elsewhere(self, draft) is not None:
            draft = None
        if draft is not None and request.method == "GET":
            page = Page(draft, request, request.user)
            if not page.gone:
                page.request.method, page.request.POST = "POST", page.data()
                page.request.reopened = draft
                page.request.GET = request.GET
                return super().changeform_view(page.request, object_id, form_url, extra_context)
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except Waiting as waiting:
            return self._wait(request, waiting, draft)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        try:
            return super().delete_view(request, object_id, extra_context)
        except Waiting as waiting:
            return self._wait(request, waiting)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        try:
            return super().changelist_view(request, extra_context)
        except Waiting as waiting:
            return self._wait(request, waiting)

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        form = super().get_form(request, *args, **kwargs)
        draft: Draft | None = getattr(request, "reopened", None)
        if draft is not None:
            form.refused = reopened_text(draft)
        return form

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> Any:
        context["must_wait"] = must_wait(request.user)
        return super().render_change_form(request, context, *args, **kwargs)

    def reopened(self, request: HttpRequest, object_id: str | None) -> Draft | None:
        """The draft of `?draft=`, where it is the editor's own, open, and of this page."""
        number = request.GET.get("draft", "")
        if not (number.isascii() and number.isdigit() and len(number) < 19):
            return None
        key = None if object_id is None else key_of(self.model, object_id)
        if object_id is not None and key is None:
            return None
        return Draft.objects.filter(
            pk=number,
            author=request.user,  # type: ignore[misc]
            state__in=Draft.OPEN,
            model=self.opts.label_lower,
            object_id=key,
        ).first()

    def _wait(
        self, request: HttpRequest, waiting: Waiting, draft: Draft | None = None
    ) -> HttpResponse:
        """Keep what was to be saved as drafts, and say so."""
        listing = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        if waiting.action == Draft.Action.CHANGE and not waiting.changes:
            self.message_user(request, _("Nothing was changed."), messages.INFO)
            return HttpResponseRedirect(listing)
        submit = "_draft" not in request.POST
        deleting = waiting.action == Draft.Action.DELETE
        kept = [
            keep(
                request.user,
                waiting.action,
                record,
                waiting.changes,
                draft=draft,
                submit=submit,
                rests_on=request.version if deleting else "",  # type: ignore[attr-defined]
            )
            for record in waiting.records
        ]
        say_what_waits(request, kept)
        return back(request) or HttpResponseRedirect(listing)


def say_what_waits(request: HttpRequest, drafts: Sequence[Draft]) -> None:
    """Tell who saved that it has not taken effect, of each draft or of all together."""
    submitted = drafts[0].state == Draft.State.SUBMITTED
    if len(drafts) > NAMED:
        count, url = len(drafts), reverse("admin:districts_draft_changelist")
        url += f"?state__exact={drafts[0].state}"
        text = (
            ngettext(
                "{} draft waits for the city’s approval: {}.",
                "{} drafts wait for the city’s approval: {}.",
                count,
            )
            if submitted
            else ngettext(
                "{} draft is kept and not submitted yet: {}.",
                "{} drafts are kept and not submitted yet: {}.",
                count,
            )
        )
        link = format_html('<a href="{}">{}</a>', url, _("see the drafts"))
        messages.warning(request, format_html(text, count, link))
        return
    text = (
        _("“{}” waits for the city’s approval: {}.")
        if submitted
        else _("“{}” is kept as a draft and not submitted yet: {}.")
    )
    for draft in drafts:
        url = reverse("admin:districts_draft_change", args=[draft.pk])
        link = format_html('<a href="{}">{}</a>', url, _("see the draft"))
        messages.warning(request, format_html(text, draft.title, link))
