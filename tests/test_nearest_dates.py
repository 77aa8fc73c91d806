"""Which deadlines and events a place shows, against a walk through everything there is."""

from datetime import date
from itertools import product

import pytest

from districts.models import District
from projects.models import Project, StageChange
from projects.places import Place
from projects.stages import UNFINISHED, stage_order
from tests.factories import change_stage, make_district, make_project

DAY = date(2024, 6, 30)


@pytest.fixture
def tree(db: None) -> list[District]:
    """A root with a place that has places of its own, and another root beside it."""
    root, other = make_district(slug="root"), make_district(slug="other")
    upper = make_district(slug="upper", parent=root)
    lower = make_district(slug="lower", parent=upper)
    dues = [None, "2023-05", "2024-06-30", "2024-06-30", "2024-07", "2024-07", "2024-07", "2025"]
    for number, place in enumerate([root, upper, lower, lower, other] * 8):
        stage = ["building", "completed", "", "signed"][number % 4]
        project = make_project(
            district=place, due=dues[number % 8], slug=f"p{97 - number}", stage=stage
        )
        if number % 7 == 0:
            change_stage(project, "producing", f"2024-0{1 + number % 6}-01")
    return list(District.objects.all())


def naive(place: District, drawn: int, day: date, as_of: date | None) -> list[str]:
    rows = [
        (project.due, project.slug)
        for project in Project.objects.at(as_of).select_related("district")
        if project.district.path.startswith(place.path)
        and project.due
        and project.at_stage in UNFINISHED
    ]
    late = sorted((row for row in rows if row[0] < day), key=lambda r: (-r[0].toordinal(), r[1]))
    ahead = sorted(row for row in rows if row[0] >= day)
    return [slug for _due, slug in sorted([*late[:drawn], *ahead[:drawn]])]


@pytest.mark.parametrize("as_of", [None, DAY])
def test_the_nearest_deadlines_are_drawn(
    tree: list[District], monkeypatch: pytest.MonkeyPatch, as_of: date | None
) -> None:
    monkeypatch.setattr("projects.places.today", lambda: DAY)
    for district, drawn, crowded in product(tree, [1, 5, 40], [0, 2, 200]):
        monkeypatch.setattr("projects.places.DRAWN", drawn)
        monkeypatch.setattr("projects.places.CROWDED", crowded)
        place = Place(district, as_of)
        shown = [project.slug for project in place.due]
        assert shown == naive(district, drawn, DAY, as_of)
        late, ahead = place.dated
        assert late + ahead == len(naive(district, 99, DAY, as_of))


def test_the_latest_changes_and_the_first_projects_are_shown(
    tree: list[District], monkeypatch: pytest.MonkeyPatch
) -> None:
    for district, few in product(tree, [0, 4000]):
        monkeypatch.setattr("projects.places.FEW", few)
        place = Place(district)
        events = StageChange.objects.recent().select_related("project__district")
        inside = [e for e in events if e.project.district.path.startswith(district.path)]
        assert place.changes == inside[:8]
        ordered = place.projects.order_by("district__path", stage_order("at_stage").desc(), "slug")
        rows = [project.pk for project in ordered]
        assert [project.pk for project in place.first(5)] == rows[:5]
        assert set(rows) == {project.pk for project in place.projects}
        assert place.totals.count == len(rows)
