"""The synthetic data of `make bench` is as the tracker would have it, and stands alone."""

import pytest
from django.db import connection
from django.db.models import Count
from django.test import Client

from districts.models import District
from projects.models import Capacity, Company, Participation, Project, Segment, StageChange
from projects.stages import Stage
from projects.words import table_of, words
from tests.bench.data import COLUMNS, World
from tests.bench.load import NotEmpty, load
from tests.bench.places import CITIES, COUNTIES, PROVINCES
from tests.bench.words import RARE

SIZE = 400


@pytest.mark.django_db
def test_what_is_derived_is_what_the_tracker_derives(client: Client) -> None:
    load(SIZE)

    assert Project.objects.count() == SIZE
    assert Project.objects.refresh_stage() == 0
    assert Project.objects.refresh_search() == 0
    assert Company.objects.refresh_search() == 0
    for rows in (Project, Company):
        pairs = table_of(rows)._default_manager.values_list("pk", "pairs")
        assert dict(pairs) == {row.pk: words(row.search) for row in rows.objects.all()}
    rare = Project.objects.matching(RARE[0])
    assert [project.pk for project in rare] == [7]
    connection.check_constraints()

    # All that the bench asks for is there.
    assert District.objects.count() == 1 + PROVINCES + CITIES + COUNTIES
    assert Segment.objects.count() >= 10
    assert set(Project.objects.values_list("stage", flat=True)) == set(Stage.values)
    assert Capacity.objects.count() > 1.5 * SIZE
    assert StageChange.objects.count() > 2 * SIZE
    assert StageChange.every.exclude(withdrawn="").exists()
    assert Participation.objects.exclude(source=None).exclude(locator="").count() > SIZE
    largest = Company.objects.annotate(n=Count("participations")).order_by("-n").values_list("n")
    assert largest[0][0] > 10 > largest[30][0]

    # Places at all levels, with and without projects, that the report's one city does not have.
    for path in (
        *("/", "/projects/", "/projects/?page=2", "/projects/?q=%E7%94%B5%E6%B1%A0"),
        *(f"/projects/?stage=building&district={place}" for place in ("p9", "c14", "d11")),
        *(f"/districts/{place}/" for place in ("p1", "c1", "d1")),
    ):
        assert client.get(path).status_code == 200, path

    # Keys go on after those that were given.
    project = Project.objects.create(name="新", slug="new", district_id=1)
    assert project.pk == SIZE + 1

    with pytest.raises(NotEmpty, match="empty database"):
        load(SIZE)


def test_the_data_is_always_the_same_and_its_batches_add_up() -> None:
    world = World(9000)
    columns = COLUMNS["projects_project"].split()
    batches = world.batches()
    made = [row for batch in batches for row in world.rows(batch)["projects_project"]]

    assert [row[0] for row in made] == list(range(1, 9001))
    assert any(row[columns.index("parent_id")] for row in made)
    assert len(batches) > 1
    assert sum(batch.projects for batch in batches) == 9000
    # A batch is made without those before it.
    assert World(9000).rows(batches[-1])["projects_project"] == made[-batches[-1].projects :]
