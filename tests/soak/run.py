"""`make soak`: readers, exports and editors at a server whose database and processes go and come back.

`MINUTES=10` (or `SECONDS=`) says how long, `READERS=100 EDITORS=5 TAKERS=4` how many; THINK is
the seconds that a reader looks at a page. The first six tenths are the storm, in which the
database is restarted, crashed and sent away for ten seconds, the server reloaded and restarted,
and workers killed; the rest is calm, and shows whether the memory is flat. Everything runs on
this machine: gunicorn behind a door as systemd opens it, and a PostgreSQL server of its own.

Prints figures, writes them to `var/soak/results.json` (and what the server said beside it), and exits with 1 if anything was lost,
failed without a reason, came too late or grew. Ctrl-C ends it early, with what there is.
"""

import json
import os
import platform
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any

from tests.browser.server import ROOT, collect_static_files, prepare
from tests.soak.database import Database, database
from tests.soak.faults import Faults
from tests.soak.judge import Ledger, judge
from tests.soak.people import HOST, Editor, Person, Reader, Taker
from tests.soak.record import Recording
from tests.soak.server import Server

TARGET = ROOT / "var" / "soak" / "results.json"
STORM = 0.6  # of the whole
PATIENCE = 120  # seconds more that a hurried soak may take
EVERY = 2.0  # seconds between two looks at the memory


class Plan:
    """How long and how many, from the environment."""

    def __init__(self, variables: "os._Environ[str] | dict[str, str]") -> None:
        minutes = float(variables.get("MINUTES") or 10)
        self.seconds = float(variables.get("SECONDS") or minutes * 60)
        self.readers = int(variables.get("READERS") or 100)
        self.editors = int(variables.get("EDITORS") or 5)
        self.takers = int(variables.get("TAKERS") or 4)
        self.thinks = float(variables.get("THINK") or 6)
        self.workers = int(variables.get("WEB_CONCURRENCY") or 2)
        # What the machine does besides would be measured too.
        self.load = os.getloadavg()[0]
        self.crowded = self.load > (os.cpu_count() or 1)
        self.hurried = self.seconds < 60 or self.crowded
        # A soak of seconds cannot be without its database for ten of them.
        self.away = min(10.0, self.seconds / 12)


def soak(plan: Plan) -> dict[str, Any]:
    """The results: figures, faults and, under `verdict`, what went wrong."""
    collect_static_files()
    with tempfile.TemporaryDirectory(prefix="tracker-soak-server-") as folder, database() as store:
        server = Server(
            Path(folder),
            store.url,
            PRODUCTION="1",
            ALLOWED_HOSTS=HOST,
            BEHIND_PROXY="1",
            TRUSTED_PROXIES="1",
            WEB_CONCURRENCY=str(plan.workers),
        )
        try:
            prepare(store.url)
            accounts = [account(server, f"editor{number}") for number in range(plan.editors)]
            server.start()
            return _soak(plan, server, store, accounts)
        finally:
            server.close()


def account(server: Server, name: str) -> tuple[str, str]:
    """A city's editor, made as an administrator makes one, with the password that was printed."""
    said = server.manage("create_editor", name, "--role", "city-editor", "--generate")
    return name, said.split()[-1]


def _soak(
    plan: Plan, server: Server, store: Database, accounts: list[tuple[str, str]]
) -> dict[str, Any]:
    record, stop = Recording(), threading.Event()
    projects = [pk for (pk,) in store.ask("SELECT id FROM projects_project ORDER BY id")]
    first = store.ask("SELECT coalesce(max(id), 0) FROM zaozhuang_historyentry")[0][0]
    # Few enough projects that editors meet.
    shared = projects[: max(2, plan.editors - 2)]
    people: list[Person] = []
    for _n in range(plan.readers):
        people.append(Reader(server.port, len(people), record, stop))
        people[-1].thinks = plan.thinks
    for _n in range(plan.takers):
        people.append(Taker(server.port, len(people), record, stop, rows=len(projects)))
    editors: list[Editor] = []
    for one in accounts:
        editors.append(
            Editor(
                server.port, len(people) + len(editors), record, stop, projects=shared, account=one
            )
        )
    everybody = [*people, *editors]
    for person in everybody:
        if plan.seconds < 60:
            person.thinks = min(person.thinks, 1.0)
        person.start()
    faults = Faults(server, store, record, plan.seconds * STORM, plan.away)
    faults.start()
    memory: list[tuple[float, dict[int, int]]] = []
    try:
        end = plan.seconds
        # Of a hurried soak each editor should have saved at least once, however slow the machine.
        while record.now() < end or (
            plan.hurried and record.now() < end + PATIENCE and not all(e.saved for e in editors)
        ):
            time.sleep(min(EVERY, plan.seconds / 40))
            if faults.is_alive():
                # On a slow machine the storm takes longer, and the calm follows all the same.
                end = max(plan.seconds, record.now() + plan.seconds * (1 - STORM))
            else:
                memory.append((record.now(), server.memory()))
    except KeyboardInterrupt:
        sys.stderr.write("Ended early.\n")
    finally:
        stop.set()
        for person in everybody:
            person.join(90)
    faults.join(90)
    lasted = record.now()
    ledger = Ledger(store, editors, first)
    log = server.said()
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    (TARGET.parent / "server.log").write_text(log, encoding="utf-8")
    results = judge(record, ledger, memory, log, lasted, hurried=plan.hurried)
    return {
        "command": f"make soak {asked(plan)}",
        "machine": f"{os.cpu_count()} cores, {platform.platform()}, Python {platform.python_version()}",
        "load_before_and_after": [round(plan.load, 1), round(os.getloadavg()[0], 1)],
        "times_and_memory_are_judged": not plan.hurried,
        "seconds": round(lasted, 1),
        "readers": plan.readers,
        "takers_of_exports": plan.takers,
        "editors": plan.editors,
        "workers": plan.workers,
        "still_busy_at_the_end": [person.name for person in everybody if person.is_alive()],
    } | results


def asked(plan: Plan) -> str:
    long = f"MINUTES={plan.seconds / 60:g}" if plan.seconds >= 60 else f"SECONDS={plan.seconds:g}"
    return f"{long} READERS={plan.readers} EDITORS={plan.editors} TAKERS={plan.takers} THINK={plan.thinks:g}"


def main() -> int:
    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    # Told to end, it takes its servers along.
    signal.signal(signal.SIGTERM, end)
    plan = Plan(os.environ)
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    say(f"{asked(plan)}: server, database and accounts are being made …")
    results = soak(plan)
    TARGET.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    for name in ("requests", "database_away", "faults", "writes", "memory", "log"):
        say(f"{name}:")
        content = results[name]
        rows = content if isinstance(content, list) else [f"{k}: {v}" for k, v in content.items()]
        for row in rows if name != "faults" else summed(content):
            say(f"  {row}")
    TARGET.with_suffix(".md").write_text(as_table(results), encoding="utf-8")
    say(f"Written to {TARGET.relative_to(ROOT)}, and as a table for docs/operations.md beside it")
    if plan.crowded:
        say(
            f"The machine was busy before this began (load {plan.load:.1f} on {os.cpu_count()} cores): "
            "times and memory are shown and not judged."
        )
    well = "Nothing was lost, nothing failed" + ("." if plan.hurried else ", nothing grew.")
    for line in results["verdict"] or [well]:
        say(line)
    return 1 if results["verdict"] else 0


def as_table(results: dict[str, Any]) -> str:
    """The figures as docs/operations.md shows them."""
    requests, away, writes = results["requests"], results["database_away"], results["writes"]

    def of(figures: dict[str, float]) -> str:
        return ", ".join(f"{name} {value:g}" for name, value in figures.items()) or "–"

    rows = {
        "command": f"`{results['command']}`",
        "machine": f"{results['machine']}, load before {results['load_before_and_after'][0]}",
        "lasted": f"{results['seconds']:g} s, {results['readers']} readers, {results['editors']} editors, "
        f"{results['takers_of_exports']} who take exports, {results['workers']} processes",
        "requests": f"{requests['in_all']}, {requests['a_second']:g} a second",
        **{
            f"{name.removesuffix('_ms')}, ms": of(figures)
            for name, figures in requests.items()
            if name.endswith("_ms")
        },
        "provoked": "; ".join(summed(results["faults"])),
        "not answered as asked": "; ".join(
            f"{count} × {reason}" for reason, count in requests["not_answered_as_asked"].items()
        )
        or "none",
        "503 while the database was away": f"{away['answered_503']}; ms: {of(away['503_ms'])}",
        "until well again, s": of(away["seconds_until_well_again"]),
        "writes": f"{writes['saved']} saved, {writes['lost_or_doubled']} lost or doubled, "
        f"{writes['refused_since_another_had_saved']} refused since another had saved",
        "memory of each process in the calm, MiB": "; ".join(
            " → ".join(f"{size:g}" for size in sizes) for sizes in results["memory"].values()
        ),
        "verdict": "; ".join(results["verdict"]) or "nothing lost, nothing failed, nothing grew"
        if results["times_and_memory_are_judged"]
        else "; ".join(results["verdict"])
        or "nothing lost, nothing failed; times and memory not judged on a busy machine",
    }
    lines = ["| what | came of it |", "|---|---|", *(f"| {k} | {v} |" for k, v in rows.items())]
    return "\n".join(lines) + "\n"


def summed(faults: list[dict[str, Any]]) -> list[str]:
    kinds: dict[str, list[float]] = {}
    for fault in faults:
        kinds.setdefault(fault["what"], []).append(fault["ended"] - fault["began"])
    return [f"{len(s)} × {what}, {max(s):.1f} s at most" for what, s in sorted(kinds.items())]


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
