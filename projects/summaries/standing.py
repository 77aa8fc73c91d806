"""How places stand today: what the overview and the pages of districts show.

Places with others below them are answered from their tallies, those at the bottom of the tree
from their projects.
"""

from collections.abc import Collection
from decimal import Decimal

from projects.summaries.counting import CAPACITY, DUE, NOBODY, SOURCE
from projects.summaries.facts import PRECISIONS
from projects.summaries.reading import inner
from projects.summaries.sql import MILLIONTHS, fetch, listed, total, whole

TALLIES = "projects_tally WHERE place IN ({}) AND figure = '{}' AND \"having\" = 0"


def stage_counts(places: Collection[int]) -> list[tuple[int, str, int]]:
    """Place, stage and number of projects."""
    some, leaves = _split(places)
    found: list[tuple[int, str, int]] = []
    if some:
        found += fetch(
            f"SELECT place, stage, SUM(projects) FROM {TALLIES.format(some, '')} AND segment = 0"
            " GROUP BY place, stage HAVING SUM(projects) <> 0"
        )
    if leaves:
        found += fetch(
            "SELECT district_id, stage, COUNT(*) FROM projects_project"
            f" WHERE district_id IN ({leaves}) GROUP BY district_id, stage"
        )
    return found


def links_of(places: Collection[int]) -> list[tuple[int, int, str, int]]:
    """Segment, place, stage and number of projects that have the segment."""
    some, leaves = _split(places)
    found: list[tuple[int, int, str, int]] = []
    if some:
        found += fetch(
            f"SELECT segment, place, stage, SUM(projects) FROM {TALLIES.format(some, '')}"
            " AND segment <> 0 GROUP BY place, segment, stage HAVING SUM(projects) <> 0"
        )
    if leaves:
        found += fetch(
            "SELECT c.segment_id, p.district_id, p.stage, COUNT(DISTINCT p.id)"
            " FROM projects_project p JOIN projects_capacity c ON c.project_id = p.id"
            f" WHERE p.district_id IN ({leaves}) AND c.segment_id IS NOT NULL"
            " GROUP BY c.segment_id, p.district_id, p.stage"
        )
    return found


def capacities_of(
    places: Collection[int], above: int
) -> list[tuple[int, int, str, int, bool, Decimal]]:
    """Segment, place, stage, unit, per year and quantity.

    Without what phases state that their wholes, anywhere in the place above, state too.
    """
    some, leaves = _split(places)
    rows: list[tuple[int, int, str, int, bool, int]] = []
    by = "segment, place, stage, unit, per_year"
    if some:
        rows += fetch(
            f"SELECT {by}, {total('amount')} FROM {TALLIES.format(some, CAPACITY)} GROUP BY {by}"
        )
    if leaves:
        own = "c.segment_id, p.district_id, p.stage, c.unit_id, c.per_year"
        rows += fetch(
            f"SELECT {own}, SUM({whole('c.quantity')})"
            " FROM projects_project p JOIN projects_capacity c ON c.project_id = p.id"
            f" WHERE p.district_id IN ({leaves}) AND c.segment_id IS NOT NULL"
            f" AND c.quantity IS NOT NULL GROUP BY {own}"
        )
    sums: dict[tuple[int, int, str, int, bool], int] = {}
    for segment, place, stage, unit, per_year, amount in rows:
        sums[segment, place, stage, unit, bool(per_year)] = int(amount)
    for segment, place, stage, unit, per_year, amount in fetch(
        f"SELECT {by}, {total('amount')} FROM projects_overlap WHERE place IN ({listed(places)})"
        f" AND figure = '{CAPACITY}' AND \"having\" = 0"
        f" AND above_place IN ({listed({*places, above})}) GROUP BY {by}"
    ):
        # What was taken back adds up to nothing in several rows, beside no capacity at all.
        key = segment, place, stage, unit, bool(per_year)
        sums[key] = sums.get(key, 0) - int(amount)
    return [(*key, Decimal(sum_).scaleb(-MILLIONTHS)) for key, sum_ in sums.items() if sum_]


def sources_of(place: int) -> list[int]:
    """The sources on which projects rest."""
    if inner([place]):
        rows = fetch(
            f"SELECT segment FROM {TALLIES.format(place, SOURCE)}"
            " GROUP BY segment HAVING SUM(projects) <> 0"
        )
    else:
        rows = fetch(
            "SELECT DISTINCT source_id FROM projects_project"
            f" WHERE district_id = {int(place)} AND source_id IS NOT NULL"
        )
    return [key for (key,) in rows]


def dues_of(places: Collection[int]) -> list[tuple[int, str, str, str, int]]:
    """Place, the day on which projects are due as 2023-05-31, its precision, stage and number."""
    some, leaves = _split(places)
    found: list[tuple[int, str, str, str, int]] = []
    if some:
        for place, due, stage, count in fetch(
            f"SELECT place, segment, stage, SUM(projects) FROM {TALLIES.format(some, DUE)}"
            " GROUP BY place, segment, stage HAVING SUM(projects) <> 0"
        ):
            day = str(due // 10)
            iso = f"{day[:-4]:0>4}-{day[-4:-2]}-{day[-2:]}"
            found.append((place, iso, PRECISIONS[due % 10], stage, int(count)))
    if leaves:
        for place, due, precision, stage, count in fetch(
            "SELECT district_id, due, due_precision, stage, COUNT(*) FROM projects_project"
            f" WHERE district_id IN ({leaves}) AND due IS NOT NULL"
            " GROUP BY district_id, due, due_precision, stage"
        ):
            found.append((place, str(due)[:10], precision, stage, count))
    return found


def companies_of(segments: Collection[int], most: int) -> dict[int, tuple[list[int], int]]:
    """Segment → the companies with most projects in it, and the number of all that have any.

    Of the whole tree, for which alone they are kept; see `reading.largest`.
    """
    kept = f"FROM projects_companytally WHERE facet = 'segment' AND company <> {NOBODY}"
    changed: dict[tuple[int, int], int] = {}
    for choice, company, count in fetch(
        "SELECT choice, company, SUM(projects) FROM projects_companychange"
        f" WHERE facet = 'segment' AND company <> {NOBODY} GROUP BY choice, company"
    ):
        changed[int(choice), company] = int(count)
    held: dict[int, dict[int, int]] = {segment: {} for segment in segments}
    parts = [
        f"SELECT * FROM (SELECT choice, company, projects {kept} AND choice = '{int(segment)}'"
        f" AND projects > 0 ORDER BY projects DESC, company LIMIT {most + len(changed)}) AS s"
        for segment in segments
    ]
    if changed:
        some = listed({company for _segment, company in changed})
        parts.append(f"SELECT choice, company, projects {kept} AND company IN ({some})")
    for choice, company, count in fetch(" UNION ALL ".join(parts)) if parts else ():
        if int(choice) in held:
            held[int(choice)][company] = count
    numbers = dict.fromkeys(segments, 0)
    for choice, number in fetch(f"SELECT choice, COUNT(*) {kept} AND projects > 0 GROUP BY choice"):
        if int(choice) in numbers:
            numbers[int(choice)] = number
    for (segment, company), count in changed.items():
        if segment in held:
            before = held[segment].get(company, 0)
            held[segment][company] = before + count
            numbers[segment] += (before + count > 0) - (before > 0)
    found = {}
    for segment, counts in held.items():
        ranked = sorted(counts, key=lambda company: (-counts[company], company))
        found[segment] = [c for c in ranked if counts[c] > 0][:most], numbers[segment]
    return found


def unnamed_of(segments: Collection[int]) -> dict[int, int]:
    """Segment → number of projects without a company, of the whole tree."""
    some = ", ".join(f"'{int(segment)}'" for segment in segments) or "NULL"
    where = f"WHERE facet = 'segment' AND choice IN ({some}) AND company = {NOBODY}"
    rows = fetch(
        "SELECT choice, SUM(projects) FROM"
        f" (SELECT choice, projects FROM projects_companytally {where}"
        f" UNION ALL SELECT choice, projects FROM projects_companychange {where}) AS s"
        " GROUP BY choice HAVING SUM(projects) <> 0"
    )
    return {int(choice): int(count) for choice, count in rows}


def _split(places: Collection[int]) -> tuple[str, str]:
    """Places with tallies and without, as a statement lists them; empty where there are none."""
    some = inner(places)
    leaves = set(places) - some
    return listed(sorted(some)) if some else "", listed(sorted(leaves)) if leaves else ""
