"""The contents page of the tracker: one line a page."""

from django.urls import path

from projects import changelog, dashboards, dispatch, downloads, figures, package, style, views
from projects.formats import as_csv, as_geojson, as_json, as_xlsx

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
    path("changes/", changelog.changes, name="changes"),
    path("changes.csv", as_csv(changelog.change_table), name="changes-csv"),
    path("changes.xlsx", as_xlsx(changelog.change_table), name="changes-xlsx"),
    path("changes.json", as_json(changelog.change_table), name="changes-json"),
    path("changes.atom", changelog.changes_atom, name="changes-atom"),
    path("due.ics", changelog.due_ics, name="due-ics"),
    path("chain.csv", as_csv(downloads.chain), name="chain-csv"),
    path("chain.xlsx", as_xlsx(downloads.chain), name="chain-xlsx"),
    path("projects.csv", as_csv(downloads.projects), name="projects-csv"),
    path("projects.xlsx", as_xlsx(downloads.projects), name="projects-xlsx"),
    path("projects.json", as_json(downloads.projects), name="projects-json"),
    path("projects.geojson", as_geojson(downloads.projects), name="projects-geojson"),
    path("capacities.csv", as_csv(downloads.capacities), name="capacities-csv"),
    path("capacities.xlsx", as_xlsx(downloads.capacities), name="capacities-xlsx"),
    path("targets.csv", as_csv(downloads.targets), name="targets-csv"),
    path("targets.xlsx", as_xlsx(downloads.targets), name="targets-xlsx"),
    path("readings.csv", as_csv(downloads.readings), name="readings-csv"),
    path("readings.xlsx", as_xlsx(downloads.readings), name="readings-xlsx"),
    path("companies.csv", as_csv(downloads.companies), name="companies-csv"),
    path("companies.xlsx", as_xlsx(downloads.companies), name="companies-xlsx"),
    path("data.zip", package.data_zip, name="data-zip"),
    path("dispatch/", dispatch.dispatch_page, name="dispatch"),
    path("dispatch.csv", dispatch.dispatch_csv, name="dispatch-csv"),
    path("dispatch.xlsx", dispatch.dispatch_xlsx, name="dispatch-xlsx"),
    path("dispatch.json", dispatch.dispatch_json, name="dispatch-json"),
    path("charts/<slug:name>.csv", downloads.chart_csv, name="chart-csv"),
    path("style/", style.style, name="style"),
]
