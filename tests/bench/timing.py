"""Measuring in turn: what the machine does meanwhile falls on both sides."""

import time
from collections.abc import Callable
from statistics import median

ROUNDS = 7
# Below this size the bench only shows that it works.
SERIOUS = 10_000

Ask = Callable[[int], float]


def rounds(size: int) -> int:
    return ROUNDS if size >= SERIOUS else 1


def timed(work: Callable[[], object]) -> float:
    """How long the work takes, in milliseconds."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def in_turn(count: int, *asks: Ask) -> list[float]:
    """The median of each, in milliseconds; each is told the number of the round."""
    series: list[list[float]] = [[] for _ in asks]
    for number in range(count):
        for values, ask in zip(series, asks, strict=True):
            values.append(ask(number))
    return [median(values) for values in series]
