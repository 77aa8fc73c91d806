"""The contents page of the tracker: one line a page."""

from django.urls import path

from projects import dashboards, dispatch, downloads, style, views

urlpatterns = [
    path("", dashboards.overview, name="overview"),
    path("districts/<slug:slug>/", dashboards.district, name="district"),
    path("districts/<slug:slug>/briefing/", dashboards.briefing, name="district-briefing"),
    path(
        "districts/<slug:slug>/briefing.docx",
        dashboards.briefing_docx,
        name="district-briefing-docx",
    ),
    path("targets/", dashboards.targets, name="targets"),
    path("chain/", dashboards.chain_page, name="chain"),
    path("projects/", views.projects, name="projects"),
    path("projects/<slug:slug>/", views.project, name="project"),
    path("companies/", views.companies, name="companies"),
    path("companies/<slug:slug>/", views.company, name="company"),
    path("dispatch/", dispatch.dispatch_page, name="dispatch"),
    path("dispatch.csv", dispatch.dispatch_csv, name="dispatch-csv"),
    path("projects.csv", downloads.projects_csv, name="projects-csv"),
    path("capacities.csv", downloads.capacities_csv, name="capacities-csv"),
    path("targets.csv", downloads.targets_csv, name="targets-csv"),
    path("readings.csv", downloads.readings_csv, name="readings-csv"),
    path("companies.csv", downloads.companies_csv, name="companies-csv"),
    path("chain.csv", downloads.chain_csv, name="chain-csv"),
    path("charts/<slug:name>.csv", downloads.chart_csv, name="chart-csv"),
    path("style/", style.style, name="style"),
]
