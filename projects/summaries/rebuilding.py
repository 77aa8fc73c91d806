"""Making all tallies anew, a part of the tree at a time, so that memory stays small."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.db import connection, transaction
from django.db.models import Count

from districts.models import District
from projects.models import CompanyChange, CompanyTally, Overlap, Project, Tally
from projects.summaries.counting import NOBODY, NONE, Figure, Standing, Sums, figures, kept_for
from projects.summaries.facts import Counted, Place, Tree, made_by, plain, read, select
from projects.summaries.keeping import insert
from projects.summaries.sql import listed

# Projects that are read together.
TOGETHER = 4000
TABLES = (Tally, Overlap, CompanyTally, CompanyChange)
OfPlace = dict[tuple[Figure, Standing], tuple[int, int]]


def rebuild() -> None:
    """Make all tallies anew; readers see the old ones until all is done.

    On PostgreSQL nobody writes a project meanwhile.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            names = ", ".join(f'"{model._meta.db_table}"' for model in (District, Project, *TABLES))
            with connection.cursor() as cursor:
                cursor.execute(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")
        for model in TABLES:
            plain(model)._raw_delete(connection.alias)
        _tallies(Tree())
        _companies()
    if not connection.in_atomic_block:
        with connection.cursor() as cursor:
            for model in TABLES:
                cursor.execute(f'ANALYZE "{model._meta.db_table}"')


def fill(**kwargs: Any) -> None:
    """After a migration: count what was there before the tallies were."""
    if not any(plain(model).exists() for model in TABLES) and plain(Project).exists():
        rebuild()


def _tallies(tree: Tree) -> None:
    """Every place is the sum of those directly below it and of the projects in itself."""
    open_: dict[int, OfPlace] = {}
    way: list[Place] = []
    phases: list[int] = []

    def leave(after: list[Place]) -> None:
        while way and way[-1] not in after:
            place = way.pop()
            held = open_.pop(place.pk)
            if way:
                _add(open_[way[-1].pk], held)
            if place.inner:
                insert(Tally, _rows(place, held))

    for projects in _batches():
        for project in projects:
            if not way or way[-1].pk != project.district:
                above = tree.above(project.district)
                leave(above)
                for place in above[len(way) :]:
                    way.append(place)
                    open_[place.pk] = {}
            held = open_[project.district]
            for figure, standing, amount in figures(project):
                before = held.get((figure, standing), NONE)
                held[figure, standing] = before[0] + 1, before[1] + amount
            if project.parent is not None:
                phases.append(project.pk)
    leave([])
    sums = Sums()
    found, _tree = read(phases)
    sums.add_overlaps(found, set(phases), tree)
    insert(
        Overlap,
        ((*key[:9], n, str(amount), *key[9:]) for key, (n, amount) in sums.overlap.items()),
    )


def _add(into: OfPlace, held: OfPlace) -> None:
    """Add what a place below adds up to."""
    for key, (projects, amount) in held.items():
        before = into.get(key, NONE)
        into[key] = before[0] + projects, before[1] + amount


def _rows(place: Place, held: OfPlace) -> Iterator[tuple[Any, ...]]:
    for (figure, standing), (projects, amount) in sorted(held.items()):
        if kept_for(place, figure):
            yield (place.pk, *figure, *standing, projects, str(amount))


def _batches() -> Iterator[Iterable[Counted]]:
    """All projects in the order of the tree, some districts at a time."""
    counts = plain(District).order_by("path").annotate(Count("projects"))
    keys: list[int] = []
    held = 0
    for district, projects in counts.values_list("pk", "projects__count"):
        if projects:
            keys.append(district)
            held += projects
        if held >= TOGETHER:
            yield _of(keys)
            keys, held = [], 0
    if keys:
        yield _of(keys)


def _of(districts: list[int]) -> list[Counted]:
    """The projects of districts in the order of the tree, without their companies."""
    here = f"p.district_id IN ({listed(districts)})"
    ordered = {key: place for place, key in enumerate(districts)}
    found = select(here)
    made_by(found, "projects_project p JOIN projects_capacity c ON c.project_id = p.id", here)
    return sorted(found.values(), key=lambda project: ordered[project.district])


# Facet, choice, and what more a project is joined with; `counting.choices` says the same of one.
CHOICES = [
    ("''", "''", ""),
    ("'stage'", "p.stage", ""),
    ("'basis'", "p.stage_basis", ""),
    ("'kind'", "p.kind", ""),
    (
        "'segment'",
        "CAST(c.segment_id AS varchar(20))",
        " JOIN projects_capacity c ON c.project_id = p.id AND c.segment_id IS NOT NULL",
    ),
]


def _companies() -> None:
    with connection.cursor() as cursor:
        for facet, choice, joined in CHOICES:
            _companies_of(cursor, facet, choice, joined)
        _unnamed(cursor)
        large = plain(District).filter(parent__isnull=False, children__children__isnull=False)
        for key, path in large.distinct().values_list("pk", "path"):
            below = plain(District).filter(path__startswith=path).values_list("pk", flat=True)
            some = ", ".join(str(place) for place in below)
            _companies_of(cursor, "'district'", f"'{key}'", "", f"WHERE p.district_id IN ({some})")


def _unnamed(cursor: Any) -> None:
    cursor.execute(
        f'INSERT INTO "{CompanyTally._meta.db_table}" (facet, choice, company, projects)'
        f" SELECT 'segment', CAST(c.segment_id AS varchar(20)), {NOBODY}, COUNT(DISTINCT p.id)"
        " FROM projects_project p JOIN projects_capacity c ON c.project_id = p.id"
        " WHERE c.segment_id IS NOT NULL AND NOT EXISTS"
        " (SELECT 1 FROM projects_participation t WHERE t.project_id = p.id) GROUP BY c.segment_id"
    )


def _companies_of(cursor: Any, facet: str, choice: str, joined: str, where: str = "") -> None:
    cursor.execute(
        f'INSERT INTO "{CompanyTally._meta.db_table}" (facet, choice, company, projects)'
        f" SELECT {facet}, {choice}, t.company_id, COUNT(DISTINCT p.id)"
        " FROM projects_project p JOIN projects_participation t ON t.project_id = p.id"
        f"{joined} {where} GROUP BY 1, 2, 3 ORDER BY 1, 2, 4 DESC"
    )
