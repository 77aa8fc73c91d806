"""What a district wants to have changed and the city has not approved yet."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from districts.models.places import District


class DraftQuerySet(models.QuerySet["Draft"]):
    def seen_by(self, user: Any) -> "DraftQuerySet":
        """All for who approves; one's own and those of one's places for everybody else."""
        if user.has_perm("districts.approve_draft"):
            return self
        own = models.Q(author=user)
        for path in user.memberships.values_list("place__path", flat=True):
            own |= models.Q(place__path__startswith=path)
        return self.filter(own)

    def submitted(self) -> "DraftQuerySet":
        return self.filter(state=Draft.State.SUBMITTED)

    def returned(self) -> "DraftQuerySet":
        return self.filter(state=Draft.State.RETURNED)


class Draft(models.Model):
    """One save of a page of the desk, with its rows, that waits instead of taking effect."""

    class Action(models.TextChoices):
        ADD = "add", pgettext_lazy("draft", "add")
        CHANGE = "change", pgettext_lazy("draft", "change")
        DELETE = "delete", pgettext_lazy("draft", "delete")

    class State(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("draft", "draft")
        SUBMITTED = "submitted", pgettext_lazy("draft", "submitted")
        RETURNED = "returned", pgettext_lazy("draft", "returned")
        APPROVED = "approved", pgettext_lazy("draft", "approved")
        WITHDRAWN = "withdrawn", pgettext_lazy("draft", "withdrawn")

    # What can still become something; the other two are the end.
    OPEN = [State.DRAFT, State.SUBMITTED, State.RETURNED]

    action = models.CharField(_("what is to happen"), max_length=6, choices=Action)
    model = models.CharField(_("kind of record"), max_length=60, editable=False)
    object_id = models.BigIntegerField(_("key"), null=True, editable=False)
    title = models.CharField(_("record"), max_length=300)
    place = models.ForeignKey(
        District, models.CASCADE, related_name="drafts", verbose_name=_("district")
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="drafts", verbose_name=_("author")
    )
    entered_at = models.DateTimeField(_("entered"), default=timezone.now)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.SUBMITTED)
    # The record's own form and its rows, as `districts.drafts` reads them from a page:
    # [{"prefix": "", "pk": 5, "delete": false, "fields": {"name": ["before", "after"]}}]
    changes = models.JSONField(_("changes"), default=list)
    # Of a deletion: the versions that its author had seen, as `zaozhuang.history.versions` names them.
    rests_on = models.TextField(_("rests on"), blank=True, editable=False)
    remark = models.TextField(_("remark"), blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    objects = DraftQuerySet.as_manager()

    class Meta:
        ordering = ["-entered_at", "-pk"]
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        permissions = [("approve_draft", "May approve drafts and return them")]
        indexes = [models.Index(fields=["state"], name="draft_state")]

    def __str__(self) -> str:
        return self.title

    def belongs_to(self) -> District:
        return self.place

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN
