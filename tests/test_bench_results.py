"""What `make bench` concludes from what it has measured."""

import json
from pathlib import Path

from tests.bench import growth
from tests.bench.inside import GROUP_BYS
from tests.bench.peers import csv_sql, psql_copy
from tests.bench.results import Book
from tests.bench.timing import in_turn


def test_a_goal_is_met_from_its_ratio_on() -> None:
    book = Book()

    # Less is better: eight times as fast.
    faster = book.compare("page", "sqlite", 10_000, 10.0, 80.0, 8.0)
    assert (faster.ratio, faster.met) == (8.0, True)
    assert book.compare("page", "sqlite", 10_000, 10.1, 80.0, 8.0).met is False
    # More is better: requests a second.
    served = book.compare("hello", "sqlite", 10_000, 90.0, 100.0, 0.85, more_is_better=True)
    assert (served.ratio, served.met) == (0.9, True)
    # Without a goal, or without a peer, nothing is judged.
    assert book.compare("page", "sqlite", 300, 10.0, 80.0).met is None
    assert book.compare("page", "sqlite", 10_000, 10.0, None, 8.0).met is None


def test_a_limit_is_kept_or_passed() -> None:
    book = Book()

    assert book.at_most("memory", "sqlite", 10_000, 40.0, 40.0, unit="MB", goal=True).met is True
    assert book.at_most("memory", "sqlite", 10_000, 40.1, 40.0, unit="MB", goal=True).met is False
    assert book.at_most("memory", "sqlite", 300, 99.0, 40.0, unit="MB", goal=False).met is None


def test_the_exponent_is_that_of_cost_over_size() -> None:
    book = Book()
    for size, cost in ((10_000, 10.0), (100_000, 20.0), (1_000_000, 40.0)):
        book.compare("district", "sqlite", size, cost, None)
        book.compare("list, no filter", "sqlite", size, 10.0, None)
    growth.exponents(book)

    grown = {result.name.split(":")[0]: result for result in book.results[6:]}
    assert len(grown) == 2
    district = grown["growth of district from 10,000 on"]
    assert district.ours is not None
    assert abs(district.ours - 0.301) < 0.001
    assert district.met is False
    assert grown["growth of list from 10,000 on"].met is True


def test_results_are_written_for_programs(tmp_path: Path) -> None:
    book = Book()
    book.compare("page", "postgresql", 10_000, 10.0, 80.0, 8.0)
    book.write(tmp_path / "bench" / "results.json")

    assert json.loads((tmp_path / "bench" / "results.json").read_text()) == [
        {
            "name": "page",
            "database": "postgresql",
            "size": 10_000,
            "ours": 10.0,
            "against": 80.0,
            "ratio": 8.0,
            "goal": 8.0,
            "met": True,
            "unit": "ms",
        }
    ]


def test_what_is_compared_is_asked_in_turn() -> None:
    asked: list[str] = []

    def ask(name: str, number: int) -> float:
        asked.append(f"{name}{number}")
        return float(number)

    assert in_turn(3, lambda n: ask("a", n), lambda n: ask("b", n)) == [1.0, 1.0]
    assert asked == ["a0", "b0", "a1", "b1", "a2", "b2"]


def test_the_peers_write_the_columns_of_the_contract() -> None:
    from projects.exports import PROJECT_COLUMNS

    for vendor in ("sqlite", "postgresql"):
        sql = csv_sql(vendor, {"building": "在建"})
        head = sql[: sql.rindex(" FROM projects_project p")]
        for column in PROJECT_COLUMNS:
            assert f".{column.code}" in head or f" AS {column.code}" in head, column.code
    assert psql_copy("postgres://h/d", "SELECT 1", Path("x")) is not None
    assert len(GROUP_BYS) >= 8
