"""The contents page. Chinese stands at the root, English under /en/."""

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import include, path

from zaozhuang import metrics, views

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    *i18n_patterns(
        path("admin/", admin.site.urls),
        path("", include("districts.urls")),
        path("", include("projects.urls")),
        path("api/", include("projects.api_urls")),
        prefix_default_language=False,
    ),
]

handler400 = "zaozhuang.views.bad_request"
handler404 = "zaozhuang.views.not_found"
handler500 = "zaozhuang.views.server_error"
