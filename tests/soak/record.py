"""What happened: every request with its outcome, and every fault that was provoked with its time.

Times are seconds of one clock (`time.monotonic`) since the recording began.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Outcome = Literal["ok", "away", "cut", "failed"]
DATABASE, KILLED = "database", "killed"


@dataclass(frozen=True)
class Request:
    """One request. `away` is a 503 that says when to come again; `cut` is an answer that broke off."""

    what: str
    began: float
    ended: float
    outcome: Outcome
    detail: str = ""

    @property
    def seconds(self) -> float:
        return self.ended - self.began


@dataclass
class Fault:
    """Something that was provoked: `kind` says whom it hit, `what` how."""

    kind: str
    what: str
    began: float
    ended: float = float("inf")

    def touches(self, request: Request, grace: float) -> bool:
        return request.began <= self.ended + grace and request.ended >= self.began


@dataclass
class Recording:
    started: float = field(default_factory=time.monotonic)
    requests: list[Request] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)  # what the clients themselves stumbled over

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def now(self) -> float:
        return time.monotonic() - self.started

    def add(self, request: Request) -> None:
        with self._lock:
            self.requests.append(request)

    @contextmanager
    def fault(self, kind: str, what: str) -> Iterator[Fault]:
        """Lasts as long as the block."""
        provoked = Fault(kind, what, self.now())
        self.faults.append(provoked)
        try:
            yield provoked
        finally:
            provoked.ended = self.now()

    def during(self, kind: str, request: Request, grace: float) -> bool:
        """Whether a fault of this kind touches the request, or had ended less than `grace` s before."""
        return any(
            fault.touches(request, grace) for fault in list(self.faults) if fault.kind == kind
        )


def spread(values: list[float]) -> dict[str, float]:
    """Median, 95th and 99th percentile and the largest, in milliseconds."""
    if not values:
        return {}
    ordered = sorted(values)
    at = {
        "median": ordered[len(ordered) // 2],
        "p95": ordered[int(len(ordered) * 0.95)],
        "p99": ordered[int(len(ordered) * 0.99)],
        "max": ordered[-1],
    }
    return {name: round(value * 1000, 1) for name, value in at.items()}


def as_rows(faults: list[Fault]) -> list[dict[str, Any]]:
    return [
        asdict(fault) | {"began": round(fault.began, 2), "ended": round(fault.ended, 2)}
        for fault in faults
    ]
