"""What a soak came to: was anything lost, did anything fail without a reason, did the memory grow."""

import re
from collections import Counter
from statistics import median
from typing import Any

from tests.soak.database import Database
from tests.soak.people import Editor
from tests.soak.record import DATABASE, KILLED, Fault, Recording, Request, as_rows, spread

GRACE = 1.0  # seconds after the database answers again in which a 503 may still be under way
LATEST = 1.0  # seconds within which a 503 has to come
# A process may take this much more at the end of the calm than at its beginning.
MIB = 2**20
GROWTH, ROOM = 1.05, 4 * MIB
SHOWN = 20  # of what went wrong, in the verdict


class Ledger:
    """What editors were told is saved, against what the database holds and its history says."""

    def __init__(self, store: Database, editors: list[Editor], first: int) -> None:
        self.saved = Counter(word for editor in editors for word in editor.saved)
        self.refused = sum(editor.refused for editor in editors)
        self.answers_lost = sum(editor.lost_answers for editor in editors)
        self.logins = sum(editor.logins for editor in editors)
        self.wrong: list[str] = []
        notes = dict(store.ask("SELECT id, note FROM projects_project"))
        entries = store.ask(
            "SELECT object_id, changes -> 'note' ->> 0, changes -> 'note' ->> 1 "
            "FROM zaozhuang_historyentry WHERE model = 'projects.project' AND action = 'changed' "
            f"AND changes ? 'note' AND id > {first} ORDER BY id"
        )
        written: Counter[str] = Counter()
        last: dict[int, str] = {}
        for project, old, new in entries:
            if project in last and last[project] != old:
                self.wrong.append(
                    f"project {project}: a write is missing between two of its history"
                )
            written.update(set(new.split()) - set(old.split()))
            last[project] = new
        for project, new in last.items():
            if notes[project] != new:
                self.wrong.append(f"project {project}: the note is not what its history says")
        self.wrong += [f"{word} was saved and is lost" for word in self.saved if not written[word]]
        self.wrong += [f"{word} was saved {n} times" for word, n in written.items() if n > 1]
        self.unasked = sorted(set(written) - set(self.saved))

    def figures(self) -> dict[str, Any]:
        return {
            "saved": sum(self.saved.values()),
            "lost_or_doubled": len(self.wrong),
            "refused_since_another_had_saved": self.refused,
            "saved_though_the_answer_was_lost": self.answers_lost,
            "log_ins": self.logins,
        }


def judge(
    record: Recording,
    ledger: Ledger,
    memory: list[tuple[float, dict[int, int]]],
    log: str,
    lasted: float,
    *,
    hurried: bool,
) -> dict[str, Any]:
    """Figures by name, and under `verdict` a line for whatever is wrong; [] is the goal.

    A hurried soak, of less than a minute or on a machine that does other things too, says
    nothing about times and memory; its figures are given all the same.
    """
    requests = list(record.requests)
    wrong = [*record.broken, *ledger.wrong]
    wrong += [f"{word} was saved, but nobody was told" for word in ledger.unasked]
    excused: Counter[str] = Counter()
    for request in requests:
        if request.outcome != "ok":
            reason = excuse(record, request)
            if reason:
                excused[reason] += 1
            else:
                wrong.append(
                    f"{request.began:.1f}–{request.ended:.1f} s, {request.outcome}, "
                    f"{request.what}: {request.detail}"
                )
    if not ledger.saved:
        wrong.append("nobody saved anything")
    away = [request for request in requests if request.outcome == "away"]
    waits = [waited(record, request) for request in away]
    if waits and max(waits) > LATEST and not hurried:
        late = sum(wait > LATEST for wait in waits)
        wrong.append(
            f"{late} of {len(waits)} 503 took more than {LATEST:g} s, {max(waits):.2f} s at most"
        )
    grown, figures = flatness(memory)
    if hurried:
        grown = []
    crashes = len(re.findall(r"Traceback", log))
    return {
        "requests": {
            "in_all": len(requests),
            "a_second": round(len(requests) / lasted, 1),
            **{f"{kind}_ms": spread(times(requests, kind)) for kind in kinds(requests)},
            "not_answered_as_asked": dict(excused),
        },
        "database_away": {
            "answered_503": len(away),
            "503_ms": spread(waits),
            "seconds_until_well_again": recoveries(record, requests),
        },
        "faults": as_rows(record.faults),
        "writes": ledger.figures(),
        "memory": figures,
        "log": {"lines": log.count("\n"), "tracebacks": crashes},
        "verdict": (wrong + grown)[:SHOWN]
        + ([f"… and {len(wrong + grown) - SHOWN} more"] if len(wrong + grown) > SHOWN else []),
    }


def excuse(record: Recording, request: Request) -> str:
    """Why a request may have gone without its answer; an empty text where nothing excuses it."""
    if record.during(DATABASE, request, GRACE) and request.outcome in ("away", "cut"):
        return f"{request.outcome}, the database was away"
    # What a killed process had in hand is gone, whoever it belonged to.
    if record.during(KILLED, request, 0) and request.outcome in ("cut", "failed"):
        broken = ("RemoteDisconnected", "ConnectionReset", "IncompleteRead", "BadStatusLine")
        if any(word in request.detail for word in broken):
            return "its worker was killed"
    return ""


def cause(record: Recording, request: Request) -> Fault | None:
    """The last time that the database went before the request ended."""
    gone = [f for f in record.faults if f.kind == DATABASE and f.began <= request.ended]
    return max(gone, key=lambda fault: fault.began, default=None)


def waited(record: Recording, request: Request) -> float:
    """How long the 503 took: from when it could first be known that there is no database."""
    fault = cause(record, request)
    return request.ended - max(request.began, fault.began if fault else 0.0)


def recoveries(record: Recording, requests: list[Request]) -> dict[str, float]:
    """From the database's first answer to the last 503, over all times that it was away."""
    spans = {fault.began: 0.0 for fault in record.faults if fault.kind == DATABASE}
    for request in requests:
        fault = cause(record, request) if request.outcome == "away" else None
        if fault:
            spans[fault.began] = max(spans[fault.began], request.ended - fault.ended)
    values = list(spans.values())
    return {"median": round(median(values), 2), "max": round(max(values), 2)} if values else {}


def kinds(requests: list[Request]) -> list[str]:
    return sorted({request.what for request in requests})


def times(requests: list[Request], kind: str) -> list[float]:
    return [one.seconds for one in requests if one.what == kind and one.outcome == "ok"]


def flatness(memory: list[tuple[float, dict[int, int]]]) -> tuple[list[str], dict[str, Any]]:
    """What each process took in the calm: its first, middle and last third, in MiB."""
    wrong, figures = [], {}
    # The first fifth is for what a young worker reads once and keeps.
    settled = memory[len(memory) // 5 :]
    for pid in sorted({pid for _at, sizes in settled for pid in sizes}):
        series = [sizes[pid] for _at, sizes in settled if pid in sizes]
        third = len(series) // 3
        if not third:
            continue
        begin, middle, end = (median(series[third * n : third * (n + 1)]) for n in range(3))
        figures[str(pid)] = [round(value / MIB, 1) for value in (begin, middle, end)]
        if end > begin * GROWTH + ROOM:
            wrong.append(
                f"process {pid} grew from {begin / MIB:.1f} to {end / MIB:.1f} MiB in the calm"
            )
    return wrong, figures
