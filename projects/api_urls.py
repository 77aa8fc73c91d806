"""The contents page of the API: one line a resource, and its description."""

from django.urls import path, re_path
from rest_framework.routers import DefaultRouter

from projects import api
from projects.api_schema import Description

router = DefaultRouter()
router.include_format_suffixes = False
router.register("projects", api.Projects, "api-project")
router.register("capacities", api.Capacities, "api-capacity")
router.register("targets", api.Targets, "api-target")
router.register("readings", api.Readings, "api-reading")
router.register("companies", api.Companies, "api-company")
router.register("districts", api.Districts, "api-district")
router.register("sources", api.Sources, "api-source")
router.register("segments", api.Segments, "api-segment")
router.register("indicators", api.Indicators, "api-indicator")
router.register("stage-changes", api.StageChanges, "api-stage-change")

urlpatterns = [
    path("schema/", Description.as_view(), name="api-schema"),
    *router.urls,
    # With its slash, so that an address that only lacks it is still led to the right one.
    re_path(r"[\s\S]*/\Z", api.Nothing.as_view()),
]
