"""Synthetic data of any size, always the same: places, companies, projects and their lives.

Rows are plain tuples in the order of `COLUMNS`, made without a database, so that a process of
its own can make them. What the tracker derives from other rows (kept stages, search texts) is
made here as the tracker would; `tests/test_bench_data.py` compares the two.

A key follows from a number: the capacities of project 7 are 7 × PARTS + 0, 1, 2 …, so each
batch is made without those before it.
"""

from collections.abc import Iterable
from functools import cache
from itertools import accumulate
from random import Random
from typing import Any, NamedTuple

from projects.stages import Stage
from tests.bench.names import (
    Found,
    document,
    normal_once,
    place_found,
    product_found,
    texts,
    word,
    words,
)
from tests.bench.places import CITIES, COUNTIES, PROVINCES, Place, counties, places
from tests.bench.words import (
    BRANDS,
    CLOCK,
    DAYS,
    DUE,
    INDICATORS,
    LIVES,
    PHASE,
    PRODUCTS,
    QUANTITIES,
    RARE,
    SEGMENTS,
    STREAMS,
    SUFFIXES,
    TRADES,
    UNITS,
)

Row = tuple[Any, ...]
Rows = dict[str, list[Row]]
Product = tuple[str, str, int]

SEED = 20_260_630
PARTS = 8  # keys set aside for the parts of one kind of one project
PROJECTS_PER_COMPANY = 8
RARE_EVERY = 200_000  # projects of which one has a given rare word in its name
BATCH = 4000  # projects made and written together
NOTE = "合成数据"
ROLES = ["investor", "builder", "operator"]
KINDS = ["manufacturing", "platform", "park"]
INVESTED = ["agreed", "registered", "completed"]

# The columns that rows give, table by table; every other column holds its default.
COLUMNS = {
    "districts_unit": "id name name_en factor",
    "districts_theme": "id name name_en slug order is_industry",
    "districts_indicator": "id slug name name_en unit_id nature counts_stage theme_id summable order",
    "districts_source": "id slug title title_en publisher date date_precision note",
    "districts_passage": "id source_id locator order summary",
    "districts_district": (
        "id code slug name name_en short_name short_name_en parent_id path order boundary"
    ),
    "districts_target": (
        "id slug district_id indicator_id comparator value due due_precision due_basis source_id"
        " locator"
    ),
    "districts_reading": (
        "id slug district_id indicator_id period period_precision value source_id locator"
    ),
    "projects_stream": "id slug name name_en order",
    "projects_segment": "id code stream_id name name_en short_name order unit_id",
    "projects_company": "id slug name name_en short_name short_name_en source_id locator search",
    "projects_project": (
        "id slug name name_en district_id kind parent_id"
        " planned_start planned_start_precision planned_start_basis due due_precision due_basis"
        " investment investment_kind investment_approximate"
        " stage stage_basis stage_since stage_since_precision stage_observed"
        " search created_at updated_at source_id locator"
    ),
    "projects_companypairs": "id pairs",
    "projects_projectpairs": "id pairs",
    "projects_capacity": (
        "id project_id product product_en segment_id quantity unit_id basis created_at source_id"
        " locator"
    ),
    "projects_participation": "id project_id company_id role basis source_id locator",
    "projects_stagechange": (
        "id project_id stage date date_precision observed basis recorded_at withdrawn source_id"
        " locator"
    ),
}
# Those that grow with the size.
GROWING = [
    *("projects_company", "projects_project", "projects_capacity"),
    *("projects_participation", "projects_stagechange"),
    *("projects_companypairs", "projects_projectpairs"),
]


class Batch(NamedTuple):
    """Counties and companies from and to, counted from 0, and the projects that they hold."""

    counties: tuple[int, int]
    companies: tuple[int, int]
    projects: int


class World:
    """The data of so many projects."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.companies = max(20, size // PROJECTS_PER_COMPANY)
        self.places = places()
        self.counties = list(counties(self.places))
        # Counties differ in size, by a factor of nine.
        weights = [1 + place.id * 7 % 9 for place in self.counties]
        total = sum(weights)
        self.ends = [size * upto // total for upto in accumulate(weights)]

    def basics(self) -> Rows:
        """All that does not grow with the size."""
        sourced = self.places[: 1 + PROVINCES + CITIES]
        return {
            "districts_unit": _numbered(UNITS),
            "districts_theme": [(1, "产业", "Industry", "industry", 1, True)],
            "districts_indicator": [
                (*indicator, 1, True, indicator[0]) for indicator in _numbered(INDICATORS)
            ],
            "districts_source": [
                (place.id, f"s{place.id}", f"{place.names[0]}合成资料", f"Papers of {place.names[1]}",
                 NOTE, f"{2021 + place.id % 5}-03-01", "month", NOTE)
                for place in sourced
            ],
            "districts_passage": [
                (place.id * 10 + at, place.id, f"合成 ¶{at}", at, NOTE)
                for place in sourced
                for at in range(1, 10)
            ],
            "districts_district": [
                (place.id, place.code, place.slug, *place.names, place.parent, place.path,
                 place.order, place.boundary)
                for place in self.places
            ],
            "districts_target": [
                (place.id * 10 + at, f"t{place.id * 10 + at}", place.id, at, "ge",
                 str(100 + place.id * 17), "2026-12-31", "year", "stated", place.id, "合成 ¶1")
                for place in self.places[: 1 + PROVINCES]
                for at in (1, 2)
            ],
            "districts_reading": [
                (place.id * 10 + at, f"r{place.id * 10 + at}", place.id, at, "2025-01-01", "year",
                 str(50 + place.id * 13), place.id, "合成 ¶2")
                for place in self.places[: 1 + PROVINCES]
                for at in range(1, len(INDICATORS) + 1)
            ],
            "projects_stream": [(*stream, stream[0]) for stream in _numbered(STREAMS)],
            "projects_segment": [
                (n, code, stream, name, english, name, n, unit or None)
                for n, code, stream, name, english, unit in _numbered(SEGMENTS)
            ],
        }  # fmt: skip

    def batches(self) -> list[Batch]:
        """What is made and written together, in order."""
        cuts, before = [0], 0
        for at, end in enumerate(self.ends, 1):
            if end - before >= BATCH or at == COUNTIES:
                cuts.append(at)
                before = end
        parts = len(cuts) - 1
        shares = [self.companies * at // parts for at in range(parts + 1)]
        held = [0, *self.ends]
        return [
            Batch(
                (cuts[at], cuts[at + 1]),
                (shares[at], shares[at + 1]),
                held[cuts[at + 1]] - held[cuts[at]],
            )
            for at in range(parts)
        ]

    def rows(self, batch: Batch) -> Rows:
        """The companies of a batch, and the projects of its counties with their parts."""
        rows: Rows = {name: [] for name in GROWING}
        for at in range(*batch.companies):
            self._company(at, rows)
        held = [0, *self.ends]
        for at in range(*batch.counties):
            County(self, self.counties[at], rows).fill(range(held[at], held[at + 1]))
        return rows

    def _company(self, at: int, rows: Rows) -> None:
        names, found_by = self.company_names(at)
        source, text = 2 + PROVINCES + at % CITIES, document(found_by.keys, [])
        rows["projects_company"].append(
            (at + 1, f"c{at + 1}", *names, source, "合成 ¶3", text)
        )  # fmt: skip
        rows["projects_companypairs"].append((at + 1, " ".join(found_by.pairs)))

    @cache  # noqa: B019  # one world a process, and few of its companies have most projects
    def company_names(self, at: int) -> "tuple[tuple[str, str, str, str], Found]":
        """The names of a company, in the order of COMPANY_NAMES, and what it is found by."""
        place, turn = at % COUNTIES, at // COUNTIES
        brand = word(BRANDS[(turn * 37 + place) % len(BRANDS)])
        trade, english = TRADES[at % len(TRADES)]
        home, kind = words(*self.counties[place].names[2]), word(trade)
        sound = brand.sound.title()
        short_en = f"{sound} {english}"
        name_en = f"{short_en} ({self.counties[place].names[3]})"
        legal = word("有限公司")
        short = [own + what for own, what in zip(brand, kind, strict=True)]
        full = [at + own + as_ for at, own, as_ in zip(home, short, legal, strict=True)]
        squeezed = brand.sound + normal_once(english)
        found_by = Found.by(
            [
                *(*full[1:], f"{squeezed}({normal_once(self.counties[place].names[3])})"),
                *(*short[1:], squeezed),
            ]
        )
        return (full[0], name_en, short[0], short_en), found_by


class County:
    """Makes the projects of one county, from chance that depends on nothing but the county."""

    def __init__(self, world: World, place: Place, rows: Rows) -> None:
        self.world, self.place, self.rows = world, place, rows
        self.chance = Random(SEED + place.id).random
        self.found_by = place_found(*place.names)
        # The latest project that is no phase, and its main product.
        self.whole: tuple[int, Product] | None = None

    def fill(self, numbers: Iterable[int]) -> None:
        for local, number in enumerate(numbers):
            self._project(number + 1, local)

    def _project(self, key: int, local: int) -> None:
        chance, cited = self.chance, (self.place.parent, f"合成 ¶{key % 9 + 1}")
        # The number of products is prime, so that steps through them meet each once.
        first, step = int(chance() * len(PRODUCTS)), 1 + int(chance() * 9)
        products = [
            PRODUCTS[(first + at * step) % len(PRODUCTS)]
            for at in range(1 + int(chance() ** 2 * 4))
        ]
        parent = None
        if self.whole and chance() < 0.05:
            parent, main = self.whole
            if chance() < 0.6 and main not in products:
                products[0] = main
        name, name_en, found_by = self._names(key, local, products[0], phase=parent is not None)
        entered = self._moment(730)
        besides = [self.found_by]
        self._companies(key, cited, besides)
        self._capacities(key, products, entered, cited, besides)
        text, pairs = texts(name, found_by, besides)
        self.rows["projects_projectpairs"].append((key, pairs))
        kept = self._life(key, cited)
        basis = "stated" if chance() < 0.6 else "inferred"
        # Every start lies before every due date.
        start = f"{2018 + int(chance() * 3)}-{1 + int(chance() * 12):02}-01"
        started = chance() < 0.3
        due = DUE[int(chance() * len(DUE))] if chance() < 0.65 else (None, "")
        invested = chance() < 0.7
        self.rows["projects_project"].append(
            (
                key, f"p{key:07}", name[0] + name[1], name_en, self.place.id, KINDS[int(chance() ** 6 * 3)], parent,
                start if started else None, "month" if started else "", basis if started else "",
                *due, basis if due[0] else "",
                QUANTITIES[int(chance() * len(QUANTITIES))] if invested else None,
                INVESTED[int(chance() * 3)] if invested else "",
                invested and chance() < 0.1,
                *kept, text, entered, self._moment(365), *cited,
            )
        )  # fmt: skip
        if parent is None:
            self.whole = (key, products[0])

    def _names(
        self, key: int, local: int, product: Product, *, phase: bool
    ) -> tuple[tuple[str, str], str, list[str]]:
        """The names of a project, each once in its county, and what it is found by.

        The Chinese name in two parts, the brand and the rest.
        """
        brand = BRANDS[(local * 13 + self.place.id * 7) % len(BRANDS)]
        place, offset = divmod(key % RARE_EVERY - 7, 16)
        if not offset and place < len(RARE):
            brand = RARE[place]
        suffix, suffix_en = PHASE if phase else SUFFIXES[int(self.chance() * len(SUFFIXES))]
        turn = local // len(BRANDS)
        if turn:
            suffix, suffix_en = f"{suffix}{turn + 1}", f"{suffix_en} {turn + 1}"
        first, rest = word(brand), words(product[0], suffix)
        english = f" {product[1]} {suffix_en}"
        return (
            (first.text, rest.text),
            first.sound.title() + english,
            [
                first.key + rest.key,
                first.sound + rest.sound,
                first.initials + rest.initials,
                first.sound + normal_once(english),
            ],
        )

    def _companies(self, key: int, cited: Row, found_by: "list[Found]") -> None:
        """Add who takes part, each once, and what they are found by."""
        taken: list[int] = []
        for at in range(1 + int(self.chance() ** 3 * 3)):
            # A few companies have many projects: their numbers go with the cube of chance.
            company = int(self.world.companies * self.chance() ** 3)
            basis = "stated" if self.chance() < 0.4 else "inferred"
            if company in taken:
                continue
            taken.append(company)
            self.rows["projects_participation"].append(
                (key * PARTS + at, key, company + 1, ROLES[at], basis, *cited)
            )
            found_by.append(self.world.company_names(company)[1])

    def _capacities(
        self, key: int, products: list[Product], entered: str, cited: Row, found_by: "list[Found]"
    ) -> None:
        """Add the products, and what they are found by."""
        for at, (name, english, segment) in enumerate(products):
            quantity, unit = None, None
            if segment and self.chance() < 0.7:
                unit = SEGMENTS[segment - 1][4] or None
                quantity = QUANTITIES[int(self.chance() * len(QUANTITIES))] if unit else None
            basis = "stated" if self.chance() < 0.8 else "inferred"
            self.rows["projects_capacity"].append(
                (key * PARTS + at, key, name, english, segment or None, quantity, unit, basis,
                 entered, *cited)
            )  # fmt: skip
            found_by.append(product_found(name, english))

    def _life(self, key: int, cited: Row) -> Row:
        """Add the events; gives the kept stage, which is that of the latest event that counts."""
        chance, events = self.chance, self.rows["projects_stagechange"]
        life = LIFE[int(chance() * 100)]
        kept: Row = ("unknown", "", None, "", False)
        at = 2500 + int(chance() * (len(DAYS) - 2700)) - 400 * len(life)
        for place, stage in enumerate(life):
            at += 60 + int(chance() * 340)
            day, precision = DAYS[at], "day"
            if chance() < 0.5:
                day, precision = day[:8] + "01", "month"
            basis = "" if stage == "unknown" else "stated" if chance() < 0.7 else "inferred"
            kept = (stage, basis, day, precision, not place and chance() < 0.3)
            events.append(
                (key * PARTS + place, key, stage, day, precision, kept[4], basis,
                 f"{DAYS[at]} 08:00:00", "", *cited)
            )  # fmt: skip
        if chance() < 0.02:
            # It was mistaken: later than all others, it does not count.
            day = DAYS[at + 60]
            events.append(
                (key * PARTS + PARTS - 1, key, "full", day, "day", False, "stated",
                 f"{day} 08:00:00", "另一项目的消息", *cited)
            )  # fmt: skip
        return kept

    def _moment(self, days: int) -> str:
        """Some time in the year that begins so many days before the last of DAYS."""
        return DAYS[int(self.chance() * 365) - days] + CLOCK[int(self.chance() * len(CLOCK))]


LIFE = [[Stage(stage).value for stage in life] for share, life in LIVES for _ in range(share)]


def _numbered(items: Iterable[tuple[Any, ...]]) -> list[Row]:
    return [(number, *item) for number, item in enumerate(items, 1)]
