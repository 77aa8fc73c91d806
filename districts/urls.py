"""Sources and what rests on them."""

from django.urls import path

from districts import views

urlpatterns = [
    path("sources/", views.sources, name="sources"),
    path("without-source/", views.without, name="without-source"),
    path("sources/<slug:slug>/", views.source, name="source"),
    path("about/", views.about, name="about"),
]
