"""What the seed wrote last, so that it never overwrites what an editor wrote since; history; uploads."""

import hashlib
import uuid
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class SeededRecord(models.Model):
    """One record of a data set as `manage.py seed` last wrote or found it.

    Comparing these values with the data set and with the database tells who changed a
    field: the data set (then it is updated) or an editor (then it is left alone).
    """

    model = models.CharField(_("kind of record"), max_length=60)
    key = models.CharField(_("natural key"), max_length=300)
    values = models.JSONField(_("values"))

    class Meta:
        ordering = ["model", "key"]
        verbose_name = _("seeded record")
        verbose_name_plural = _("seeded records")
        constraints = [models.UniqueConstraint(fields=["model", "key"], name="seededrecord_once")]

    def __str__(self) -> str:
        return f"{self.model} {self.key}"


class Edition(models.Model):
    """That somebody has written: the sum of all rows tells states of the data apart.

    Kept by `zaozhuang.edition`.
    """

    writes = models.BigIntegerField(_("writing transactions"))

    # A number of before the backup must not come again for something else.
    backed_up, outlives_restore = False, True

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.writes)


class HistoryQuerySet(models.QuerySet["HistoryEntry"]):
    """Entries are written by `zaozhuang.history` and by nobody else; nobody changes them."""

    def update(self, **kwargs: Any) -> int:
        raise TypeError("History is not changed.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError("History is not deleted.")

    def of(self, model: type[models.Model], pk: int) -> "HistoryQuerySet":
        """Of a record and of all rows that belong to it or once did, the newest first."""
        label = model._meta.label_lower
        wanted = models.Q(model=label, object_id=pk)
        rows = HistoryEntry.objects.order_by().filter(owner=label, owner_id=pk)
        kinds: dict[str, list[int]] = {}
        for kind, key in rows.values_list("model", "object_id").distinct():
            kinds.setdefault(kind, []).append(key)
        for kind, keys in kinds.items():
            wanted |= models.Q(model=kind, object_id__in=keys)
        return self.filter(wanted).order_by("-pk")

    def about(self, records: Mapping[type[models.Model], Collection[int]]) -> "HistoryQuerySet":
        """Of these records themselves."""
        wanted = models.Q(pk__in=[])
        for model, pks in records.items():
            wanted |= models.Q(model=model._meta.label_lower, object_id__in=pks)
        return self.filter(wanted)


class HistoryEntry(models.Model):
    """One record was added, changed or deleted: who, when, why, and from what to what.

    `changes` maps the name of a field to what it held before and after, as JSON writes it:
    keys of records, decimals as text, dates in ISO form. An entry is made with the change, in
    its transaction; there is no form, permission or address to change or delete it.
    """

    class Action(models.TextChoices):
        ADDED = "added", pgettext_lazy("history", "added")
        CHANGED = "changed", pgettext_lazy("history", "changed")
        DELETED = "deleted", pgettext_lazy("history", "deleted")

    model = models.CharField(_("kind of record"), max_length=60)
    object_id = models.BigIntegerField(_("key"))
    # The record of which it is a row, as a capacity is of a project.
    owner = models.CharField(_("kind of record it belongs to"), max_length=60, blank=True)
    owner_id = models.BigIntegerField(_("key of what it belongs to"), null=True)
    # What a record was called when it was deleted.
    name = models.CharField(_("name"), max_length=300, blank=True)
    name_en = models.CharField(_("English name"), max_length=300, blank=True)
    action = models.CharField(_("what happened"), max_length=8, choices=Action)
    changes = models.JSONField(_("changes"))
    at = models.DateTimeField(_("time"), default=timezone.now, db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("user"),
    )
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    reverts = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="+", verbose_name=_("takes back")
    )
    # What was written together: by one request or one run of a command.
    batch = models.UUIDField(_("written together"))

    objects = HistoryQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("history entry")
        verbose_name_plural = _("history")
        default_permissions = ()
        indexes = [
            models.Index(fields=["model", "object_id"], name="historyentry_record"),
            models.Index(fields=["owner", "owner_id"], name="historyentry_owner"),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.object_id} {self.action}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("History is not changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("History is not deleted.")


# An upload that nobody confirmed is thrown away after a day; of one user's, the newest stay.
UPLOAD_KEPT = timedelta(days=1)
UPLOADS_KEPT = 5


class UploadQuerySet(models.QuerySet["Upload"]):
    def waiting(self, user: Any) -> "UploadQuerySet":
        """Those of this user that can still be confirmed."""
        return self.filter(user=user, at__gt=timezone.now() - UPLOAD_KEPT)

    def keep(self, user: Any, name: str, data: bytes) -> "Upload":
        """Keep a file until it is confirmed, and throw away what is over."""
        self.filter(at__lte=timezone.now() - UPLOAD_KEPT).delete()
        digest = hashlib.sha256(data).hexdigest()
        upload = self.create(user=user, name=name[-200:], data=data, digest=digest)
        newest = self.filter(user=user).order_by("-at", "-pk").values_list("pk", flat=True)
        self.filter(user=user).exclude(pk__in=list(newest[:UPLOADS_KEPT])).delete()
        return upload


class Upload(models.Model):
    """A file between being looked over and being confirmed.

    It stands in the database, since of several servers another one may be asked to confirm.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user")
    )
    name = models.CharField(_("name of the file"), max_length=200)
    data = models.BinaryField(_("file"))
    digest = models.CharField("SHA-256", max_length=64)
    at = models.DateTimeField(_("time"), default=timezone.now, db_index=True)

    objects = UploadQuerySet.as_manager()
    # It waits for minutes.
    backed_up = False

    class Meta:
        ordering = ["-at"]
        verbose_name = _("uploaded sheet")
        verbose_name_plural = _("uploaded sheets")
        default_permissions = ()

    def __str__(self) -> str:
        return self.name
