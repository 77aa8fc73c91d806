"""Places: the tree of districts."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models.functions import Concat, Substr
from django.utils.translation import gettext_lazy as _

from districts.models.base import Named
from districts.models.sources import Source
from zaozhuang.addresses import record_url
from zaozhuang.geometry import BoundaryField
from zaozhuang.history.tracking import TrackedQuerySet
from zaozhuang.localised import localised

# The names of a place, by which its projects are found too.
NAMES = {"name", "name_en", "short_name", "short_name_en"}
# The columns that say where in the tree a place is.
ROOTED = {"parent", "parent_id", "path"}


class DistrictQuerySet(TrackedQuerySet["District"]):
    def within(self, district: "District") -> "DistrictQuerySet":
        """The district itself and everything below it."""
        return self.filter(path__startswith=district.path)

    def roots(self) -> "DistrictQuerySet":
        return self.filter(parent__isnull=True)

    def bulk_create(
        self, objs: Iterable["District"], *args: Any, **kwargs: Any
    ) -> list["District"]:
        objs = list(objs)
        with self.replanted([place.pk for place in objs], [place.parent_id for place in objs]):
            return super().bulk_create(objs, *args, **kwargs)

    def bulk_update(
        self, objs: Iterable["District"], fields: Iterable[str], *args: Any, **kwargs: Any
    ) -> int:
        objs, fields = list(objs), list(fields)
        keys = [place.pk for place in objs]
        parents = [*self._parents(keys), *(place.parent_id for place in objs)]
        with transaction.atomic(), self.replanted(keys, parents, fields):
            changed = super().bulk_update(objs, fields, *args, **kwargs)
            if NAMES & set(fields):
                self._refresh_search([district.pk for district in objs])
        return changed

    def update(self, **kwargs: Any) -> int:
        named = NAMES & kwargs.keys()
        rooted = ROOTED & kwargs.keys()
        keys = list(self.order_by().values_list("pk", flat=True)) if named or rooted else []
        to = kwargs.get("parent", kwargs.get("parent_id"))
        new = [getattr(to, "pk", to)] if not hasattr(to, "resolve_expression") else []
        with transaction.atomic(), self.replanted(keys, [*self._parents(keys), *new], kwargs):
            changed = super().update(**kwargs)
            if named:
                self._refresh_search(keys)
        return changed

    update.alters_data = True  # type: ignore[attr-defined]

    def delete(self) -> tuple[int, dict[str, int]]:
        keys = list(self.order_by().values_list("pk", flat=True))
        with self.replanted([], self._parents(keys)):
            return super().delete()

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def _parents(self, keys: Iterable[Any]) -> list[Any]:
        rows = self.model.objects.filter(pk__in=keys).order_by()
        return list(rows.values_list("parent", flat=True))

    @contextmanager
    def replanted(
        self, keys: list[Any], parents: Iterable[Any], fields: Iterable[str] | None = None
    ) -> Iterator[None]:
        """Around a write to these columns (None: all) of places with these parents, old and new.

        Projects count in the places that contain them; they are reached in reverse.
        """
        if fields is not None and not ROOTED & set(fields):
            yield
            return
        projects: Any = self.model._meta.get_field("projects").related_model
        with projects.objects.replanted(keys, parents):
            yield

    def _refresh_search(self, keys: list[Any]) -> None:
        """Projects are found by their district's name too; they are reached in reverse."""
        projects: Any = self.model._meta.get_field("projects").related_model
        projects.objects.filter(district__in=keys).refresh_search()


class District(Named):
    """A place with a GB/T 2260 code. The city is the root of the tree of its districts."""

    code = models.CharField(_("GB/T 2260 code"), max_length=12, unique=True)
    slug = models.SlugField(_("address"), unique=True)
    short_name = models.CharField(
        _("short name"),
        max_length=20,
        help_text=_("For charts: the name without the word for its rank."),
    )
    short_name_en = models.CharField(_("English short name"), max_length=40, blank=True)
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("belongs to"),
    )
    path = models.CharField(
        _("path"),
        max_length=200,
        unique=True,
        editable=False,
        help_text=_("The codes from the root down, so that a subtree is one prefix."),
    )
    order = models.PositiveIntegerField(_("order"), default=0)
    position = models.TextField(
        _("position"),
        blank=True,
        help_text=_("What the district wants to be in the industry, in your own words."),
    )
    position_en = models.TextField(_("position in English"), blank=True)
    position_source = models.ForeignKey(
        Source,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="positions",
        verbose_name=_("source of the position"),
    )
    position_locator = models.CharField(_("locator of the position"), max_length=40, blank=True)
    boundary = BoundaryField(
        _("boundary"),
        null=True,
        blank=True,
        help_text=_("A GeoJSON geometry in WGS 84; a sketch, not a legal border."),
    )
    boundary_credit = models.CharField(_("origin of the boundary"), max_length=200, blank=True)

    objects = DistrictQuerySet.as_manager()
    history_derived = ("path",)

    class Meta:
        ordering = ["path"]
        verbose_name = _("district")
        verbose_name_plural = _("districts")
        permissions = [("write_everywhere", "May write the records of every place")]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(parent=models.F("id")),
                name="district_not_its_own_parent",
                violation_error_message=_("A district cannot belong to itself."),
            ),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, keeping the path of this place and of all below it right."""
        was = District.objects.filter(pk=self.pk).values_list("path", "parent").first()
        self.path = (self.parent.path if self.parent else "") + self.code + "/"
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "path"}
        rooted = was != (self.path, self.parent_id)
        parents = [self.parent_id, was and was[1]]
        tree = District.objects.all().replanted([self.pk], parents, ROOTED if rooted else ())
        with transaction.atomic(), tree:
            before = District.objects.filter(pk=self.pk).values(*NAMES).first()
            super().save(*args, **kwargs)
            if before and before != District.objects.filter(pk=self.pk).values(*NAMES).get():
                District.objects.all()._refresh_search([self.pk])
            if was and was[0] != self.path:
                below = District.objects.filter(path__startswith=was[0]).exclude(pk=self.pk)
                below.update(path=Concat(models.Value(self.path), Substr("path", len(was[0]) + 1)))

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        with District.objects.all().replanted([], [self.parent_id]):
            return super().delete(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return record_url("district", self.slug)

    def belongs_to(self) -> "District":
        return self

    @property
    def position_place(self) -> str:
        """The locator of the position in the reader's language."""
        source = self.position_source
        return source.place_label(self.position_locator) if source else self.position_locator

    @property
    def short_label(self) -> str:
        return localised(self, "short_name")

    def clean(self) -> None:
        if self.parent is not None and self.pk and self.parent.path.startswith(self.path):
            raise ValidationError(
                {"parent": _("A district cannot belong to itself or to a place below it.")}
            )
