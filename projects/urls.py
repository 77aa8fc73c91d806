"""The contents page of the tracker: one line a page."""

from django.urls import path

from projects import dashboards, downloads, figures, views

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
    path("figures/<slug:slug>/", figures.figure, name="figure"),
    path("companies/", views.companies, name="companies"),
    path("companies/<slug:slug>/", views.company, name="company"),
    path("projects.csv", downloads.projects_csv, name="projects-csv"),
    path("capacities.csv", downloads.capacities_csv, name="capacities-csv"),
    path("targets.csv", downloads.targets_csv, name="targets-csv"),
    path("readings.csv", downloads.readings_csv, name="readings-csv"),
    path("companies.csv", downloads.companies_csv, name="companies-csv"),
    path("charts/<slug:name>.csv", downloads.chart_csv, name="chart-csv"),
]
