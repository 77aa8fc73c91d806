"""The desk for drafts: a list, and a page with what each would change."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from districts.drafts import Page, RefusedDraft, approve, kind_of
from districts.models import Draft
from zaozhuang.lists import StrictList
from zaozhuang.localised import person

State = Draft.State
# Which state each decision of a page leads to, and from which.
BY_AUTHOR = {
    "submit": (State.SUBMITTED, [State.DRAFT, State.RETURNED]),
    "withdraw": (State.WITHDRAWN, Draft.OPEN),
}


@admin.register(Draft)
class DraftAdmin(StrictList):
    """Nobody types a draft here or deletes one; it is decided."""

    list_display = [
        "title",
        "kind",
        "action",
        "place",
        "entered_by",
        "entered_at",
        "state",
        "remark",
    ]
    list_filter = ["state", "action", "place", ("author", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["place", "author"]
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["title", "remark", "author__username"]
    actions = ["approve_selected"]

    @admin.display(description=gettext_lazy("kind of record"), ordering="model")
    def kind(self, draft: Draft) -> str:
        return kind_of(draft)

    @admin.display(description=gettext_lazy("author"), ordering="author__username")
    def entered_by(self, draft: Draft) -> str:
        return person(draft.author)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Draft | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Draft | None = None) -> bool:
        return False

    def has_approve_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("districts.approve_draft")

    def get_queryset(self, request: HttpRequest) -> "models.QuerySet[Draft]":
        drafts = Draft.objects.select_related("place", "author", "decided_by")
        return drafts.seen_by(request.user).order_by(*self.get_ordering(request) or ["-pk"])

    @admin.action(description=gettext_lazy("Approve the selected drafts"), permissions=["approve"])
    def approve_selected(self, request: HttpRequest, queryset: "models.QuerySet[Draft]") -> None:
        """Each by itself: one that is refused does not hold up the others."""
        done = 0
        for draft in queryset.order_by("pk"):
            try:
                approve(draft, request)
                done += 1
            except RefusedDraft as refused:
                text = f"{draft.title}: {refused.message}"
                self.message_user(request, text, messages.ERROR)
        if done:
            text = ngettext("%(count)s draft took effect.", "%(count)s drafts took effect.", done)
            self.message_user(request, text % {"count": done}, messages.SUCCESS)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """What the draft would change, in words, and the buttons to decide it."""
        draft: Any = self.get_object(request, object_id)
        if draft is None or not self.has_view_permission(request, draft):
            redirect: HttpResponse = self._get_obj_does_not_exist_redirect(  # type: ignore[attr-defined]
                request, self.opts, object_id
            )
            return redirect
        problem: RefusedDraft | None = None
        if request.method == "POST":
            try:
                self._decide(request, draft)
                return HttpResponseRedirect(self._after(request))
            except RefusedDraft as refused:
                problem = refused
                draft.refresh_from_db()
        page = Page(draft, request, request.user)
        own = draft.author_id == request.user.pk
        context = {
            **self.admin_site.each_context(request),
            "title": capfirst(self.opts.verbose_name),
            "subtitle": draft.title,
            "opts": self.opts,
            "draft": draft,
            "original": draft,
            "kind": kind_of(draft),
            "with_rows": any(part["prefix"] for part in draft.changes) and not page.elsewhere,
            "gone": page.gone,
            "record_url": page.record_url,
            "typed_url": page.typed_url,
            "differences": [] if page.gone else list(page.differences()),
            "problem": problem,
            "meanwhile": page.meanwhile() if draft.is_open else [],
            "may_decide": self.has_approve_permission(request) and draft.state == State.SUBMITTED,
            "may_submit": own and draft.state in BY_AUTHOR["submit"][1],
            "may_withdraw": own and draft.is_open,
            "may_edit": own and draft.is_open and draft.action != Draft.Action.DELETE,
        }
        status = 409 if problem else 200
        return TemplateResponse(request, "admin/districts/draft.html", context, status=status)

    def _after(self, request: HttpRequest) -> str:
        """The city goes on with what else waits; an author is back on the desk."""
        if self.has_approve_permission(request):
            return reverse("admin:districts_draft_changelist") + "?state__exact=submitted"
        return reverse("admin:index")

    def _decide(self, request: HttpRequest, draft: Draft) -> None:
        """Do what the button says; raises RefusedDraft or PermissionDenied."""
        decision = request.POST.get("decision", "")
        remark = request.POST.get("remark", "").strip()
        if decision in BY_AUTHOR:
            if draft.author_id != request.user.pk:
                raise PermissionDenied
            self._move(request, draft, *BY_AUTHOR[decision])
        elif not self.has_approve_permission(request):
            raise PermissionDenied
        elif decision == "approve":
            approve(draft, request)
            self.message_user(request, _("“%s” took effect.") % draft.title, messages.SUCCESS)
        elif decision == "return":
            if not remark:
                raise RefusedDraft(
                    _("Remark: say what is to be done, so that the draft can be returned.")
                )
            self._move(request, draft, State.RETURNED, [State.SUBMITTED], remark=remark)
        else:
            raise RefusedDraft(_("Decision: choose one of the buttons."))

    def _move(
        self, request: HttpRequest, draft: Draft, to: State, allowed: list[State], remark: str = ""
    ) -> None:
        """Change the state, if it is still one of those from which the way leads there."""
        changes: dict[str, Any] = {"state": to}
        if remark:
            changes |= {"remark": remark, "decided_by": request.user, "decided_at": timezone.now()}
        if not Draft.objects.filter(pk=draft.pk, state__in=allowed).update(**changes):
            raise RefusedDraft(_("This is not possible any more; the draft was decided meanwhile."))
        text = _("“%(draft)s”: %(state)s.") % {"draft": draft.title, "state": to.label}
        self.message_user(request, text, messages.SUCCESS)
