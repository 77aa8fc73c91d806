"""A soak of seconds, with one of each fault: what `make soak` does for ten minutes and more.

And the judge itself: that it finds what was lost, failed or grew.
"""

from collections import Counter
from typing import Any

import pytest

from tests.soak.judge import Ledger, excuse, flatness, judge
from tests.soak.record import DATABASE, KILLED, Fault, Recording, Request
from tests.soak.run import Plan, soak

VARIABLES = {"SECONDS": "6", "READERS": "3", "EDITORS": "2", "TAKERS": "1", "WEB_CONCURRENCY": "1"}


@pytest.mark.long
def test_nothing_is_lost_while_everything_is_restarted() -> None:
    results = soak(Plan(VARIABLES))
    assert results["verdict"] == []
    happened = Counter(fault["what"].split()[0] for fault in results["faults"])
    assert happened == {
        "restart": 1, "crash": 1, "away": 1, "SIGHUP": 1, "SIGTERM,": 1, "kill": 1,
    }  # fmt: skip
    assert results["database_away"]["answered_503"] > 0
    assert results["writes"]["saved"] > 0
    assert results["memory"], "it was looked at"


# --- The judge -----------------------------------------------------------------------------


class Books(Ledger):
    """An account without a database."""

    def __init__(self, *wrong: str) -> None:
        self.saved, self.wrong, self.unasked = Counter(["w"]), list(wrong), []
        self.refused = self.answers_lost = self.logins = 0


def verdict(*requests: Request, faults: tuple[Fault, ...] = (), **rest: Any) -> list[str]:
    record = Recording()
    record.requests.extend(requests)
    record.faults.extend(faults)
    options: dict[str, Any] = {"ledger": Books(), "memory": [], "hurried": False} | rest
    found: list[str] = judge(record, log="", lasted=60, **options)["verdict"]
    return found


AWAY = Fault(DATABASE, "restart", 10, 12)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (Request("page", 1, 2, "ok"), []),
        (Request("page", 11, 11.1, "away"), []),
        (Request("page", 12.9, 13.0, "away"), []),
        (Request("page", 9, 9.9, "away"), ["9.0–9.9 s, away"]),
        (Request("page", 13.1, 13.2, "away"), ["13.1–13.2 s, away"]),
        (Request("page", 11, 12.5, "away"), ["1 of 1 503 took more than 1 s, 1.50 s"]),
        (Request("page", 2, 10.5, "away"), []),  # nobody could know before the database went
        (Request("page", 11, 11.1, "failed", "/: status 500"), ["failed, page: /: status 500"]),
        (Request("export", 9, 11, "cut"), []),
        (Request("export", 3, 4, "cut"), ["cut, export"]),
    ],
)
def test_a_request_is_excused_only_by_what_touched_it(asked: Request, words: list[str]) -> None:
    found = verdict(asked, faults=(AWAY,))
    assert len(found) == len(words)
    assert all(word in line for word, line in zip(words, found, strict=True))


def test_a_503_is_put_down_to_the_last_time_that_the_database_went() -> None:
    """Not to an earlier one that the request waited through at the door."""
    again = Fault(DATABASE, "crash", 40, 41)
    assert verdict(Request("page", 11, 40.5, "away"), faults=(AWAY, again)) == []


def test_a_killed_worker_excuses_what_it_had_in_hand_and_no_answer_of_the_server() -> None:
    killed = Fault(KILLED, "kill -9", 10, 11)
    lost = Request("page", 9.5, 10.1, "failed", "/: RemoteDisconnected('…')")
    assert verdict(lost, faults=(killed,)) == []
    record = Recording()
    record.faults.append(killed)
    assert excuse(record, Request("page", 9.5, 10.1, "failed", "/: status 500")) == ""
    assert excuse(record, Request("page", 12, 13, "failed", "/: RemoteDisconnected('…')")) == ""


def test_lost_writes_and_silent_editors_are_told() -> None:
    assert verdict(ledger=Books("w7 was saved and is lost")) == ["w7 was saved and is lost"]
    silent = Books()
    silent.saved = Counter()
    assert verdict(ledger=silent) == ["nobody saved anything"]


def test_memory_that_grows_is_told() -> None:
    mib = 2**20
    flat = [(float(n), {1: 100 * mib + (n % 3) * mib}) for n in range(60)]
    growing = [(float(n), {1: 100 * mib + n * mib}) for n in range(60)]
    assert flatness(flat)[0] == []
    assert flatness(growing)[0] == ["process 1 grew from 119.5 to 151.5 MiB in the calm"]
    assert verdict(memory=growing) == flatness(growing)[0]
    assert verdict(memory=growing, hurried=True) == []
