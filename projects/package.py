"""`/data.zip`: everything the tracker knows, as a Frictionless data package that can be cited."""

import hashlib
import json
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from django.conf import settings
from django.db import models
from django.db.models import Max
from django.http import FileResponse, HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _

from districts.models import District, Source
from projects import rules
from projects.provenance import site_title
from zaozhuang.csvfile import csv_lines, named, text_of
from zaozhuang.geometry import boundary
from zaozhuang.jsonfile import dumps, json_lines
from zaozhuang.localised import localised, sentences
from zaozhuang.methods import require_safe
from zaozhuang.seeding.kinds import KINDS
from zaozhuang.snapshot import snapshot
from zaozhuang.tableschema import DataTable, data_tables

# What is above goes to the disk.
SPOOL = 5 * 2**20
# The same data must give the same bytes, so every file in the archive is of one day.
NO_DAY = (1980, 1, 1, 0, 0, 0)

# The kept stage is public and spares readers the replay of events.
KEPT = {"projects.Project": ["stage", "stage_basis", "stage_since", "stage_observed"]}


def units() -> dict[tuple[str, str], str]:
    """What numbers are counted in, by model and field."""
    of_indicator = _("the unit of the indicator (indicators.unit)")
    of_claim = _("the column “unit”; where that is blank, the unit of the figure it stands beside")
    return {
        ("projects.Project", "investment"): _("CNY 100 million"),
        ("projects.Capacity", "quantity"): _("the column “unit”, a year where “per_year” is true"),
        ("districts.Target", "value"): of_indicator,
        ("districts.Target", "baseline"): of_indicator,
        ("districts.Reading", "value"): of_indicator,
        ("districts.ReadingClaim", "value"): of_claim,
        ("districts.TargetClaim", "value"): of_claim,
        ("projects.CapacityClaim", "value"): of_claim,
        ("districts.Unit", "factor"): _("the column “name_en”, for one of “name”"),
    }


@require_safe
def data_zip(request: HttpRequest) -> HttpResponseBase:
    """The package: complete before the first byte is sent, and of one moment."""
    with ExitStack() as opened:
        file = opened.enter_context(tempfile.SpooledTemporaryFile(SPOOL))
        with snapshot(), ZipFile(file, "w", ZIP_DEFLATED) as archive:
            resources = [_table(archive, table) for table in data_tables(KEPT, units())]
            if boundaries := _boundaries(archive):
                resources.append(boundaries)
            described = _package(request, resources)
            text = json.dumps(described, ensure_ascii=False, indent=2) + "\n"
            _add(archive, "datapackage.json", [text])
        # From here on the response closes it.
        opened.pop_all()
    file.seek(0)
    response = FileResponse(file, content_type="application/zip")
    named(response, request, settings.DATASET.name, "zip", [])
    return response


def _package(request: HttpRequest, resources: list[dict[str, Any]]) -> dict[str, Any]:
    checksums = "".join(resource["hash"] for resource in resources)
    changed = _latest_change()
    return {
        "profile": "data-package",
        "name": settings.DATASET.name,
        # Two packages with this in common hold the same data, whenever they were taken.
        "id": f"sha256:{hashlib.sha256(checksums.encode()).hexdigest()}",
        "title": site_title(),
        "description": sentences(
            *dict.fromkeys([*rules.project_rules(), *rules.target_rules()]),
            _(
                "In the tables, a text that a spreadsheet might take for a formula begins with an apostrophe."
            ),
        ),
        "homepage": request.build_absolute_uri("/"),
        **({"created": changed.isoformat(timespec="seconds")} if changed else {}),
        "licenses": [settings.DATA_LICENSE],
        "sources": [_source(request, source) for source in Source.objects.order_by("slug")],
        "resources": resources,
    }


def _source(request: HttpRequest, source: Source) -> dict[str, Any]:
    details = [str(source), localised(source, "publisher"), text_of(source.published)]
    return {
        "title": _("; ").join(filter(None, details)),
        "path": source.link or request.build_absolute_uri(source.get_absolute_url()),
    }


def _latest_change() -> datetime | None:
    """When anything was entered or changed last, as far as records tell; in UTC."""
    moments = []
    for kind in KINDS:
        stamps = [
            field.name
            for field in kind.model._meta.concrete_fields
            if isinstance(field, models.DateTimeField)
        ]
        if stamps:
            found = kind.model._default_manager.aggregate(*map(Max, stamps))
            moments += [moment for moment in found.values() if moment]
    return max(moments).astimezone(UTC) if moments else None


def _table(archive: ZipFile, table: DataTable) -> dict[str, Any]:
    columns = [column.column for column in table.columns]
    path = f"data/{table.name}.csv"
    return {
        "profile": "tabular-data-resource",
        "name": table.name,
        "title": table.title,
        "path": path,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "dialect": {"delimiter": ",", "lineTerminator": "\r\n", "doubleQuote": True},
        **_add(archive, path, csv_lines(columns, table.rows(), codes=True)),
        "schema": table.schema(),
    }


def _boundaries(archive: ZipFile) -> dict[str, Any] | None:
    """The districts' boundaries, which no cell of a table could hold; none where there are none."""
    places = District.objects.exclude(boundary=None).order_by("path")
    if not places.exists():
        return None
    credited = places.exclude(boundary_credit="").order_by("boundary_credit")
    credits = list(credited.values_list("boundary_credit", flat=True).distinct())
    features = (
        dumps(
            {
                "type": "Feature",
                "id": place.slug,
                "geometry": boundary(place.boundary),
                "properties": {"district": place.slug, "code": place.code, "name": place.name},
            }
        )
        for place in places.iterator(100)
    )
    path = "data/boundaries.geojson"
    return {
        "name": "boundaries",
        "title": _("Boundaries"),
        "description": _("A sketch of the districts, not a basis for boundaries"),
        "path": path,
        "format": "geojson",
        "mediatype": "application/geo+json",
        "encoding": "utf-8",
        **({"sources": [{"title": credit} for credit in credits]} if credits else {}),
        **_add(
            archive,
            path,
            json_lines({"type": "FeatureCollection", "credit": credits}, "features", features),
        ),
    }


def _add(archive: ZipFile, path: str, texts: Iterable[str]) -> dict[str, Any]:
    """Write a file into the archive; returns its size and checksum."""
    entry = ZipInfo(path, NO_DAY)
    entry.compress_type = ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    checksum, size = hashlib.sha256(), 0
    target: IO[bytes]
    with archive.open(entry, "w", force_zip64=True) as target:
        for text in texts:
            data = text.encode()
            checksum.update(data)
            size += target.write(data)
    return {"bytes": size, "hash": f"sha256:{checksum.hexdigest()}"}
