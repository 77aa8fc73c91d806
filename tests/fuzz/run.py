"""`make fuzz REQUESTS=100000`: requests made by chance against the real server, on one database.

A request fails when it is answered with a 5xx, with a traceback, not at all, half, or, asked
again alone, later than a second. What failed stands in var/fuzz/failures.jsonl, one request a
line with its seed and what was wrong; each run asks those first, and forgets what is mended.
The server's log of a run with failures stands beside it. `SEED=n` begins the run with another number than 1: the same seeds are the same requests.
"""

import base64
import http.client
import json
import os
import signal
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import django

from tests.browser.server import ROOT, running_server

FAILURES = ROOT / "var" / "fuzz" / "failures.jsonl"
CLIENTS = 4
SLOW = 1.0  # seconds
AGAIN = 3  # a slow answer is asked for again alone: the machine may have been busy
PATIENCE = 30
REPORTED = 20


class Asker:
    """Sends requests over connections of its own, one a thread."""

    def __init__(self, url: str, cookies: dict[str, str]) -> None:
        self.host = urlsplit(url).netloc
        self.cookies = cookies
        self.local = threading.local()

    def ask(self, case: Any) -> tuple[int, bytes, float]:
        """Status, body and seconds; raises what http.client raises for half an answer."""
        connection: http.client.HTTPConnection | None = getattr(self.local, "connection", None)
        for attempt in range(2):
            fresh = connection is None
            if connection is None:
                connection = http.client.HTTPConnection(self.host, timeout=PATIENCE)
                self.local.connection = connection
            try:
                return self._ask(connection, case)
            except (http.client.HTTPException, OSError):
                connection.close()
                connection = self.local.connection = None
                # The server may close a connection that has waited; a fresh one it may not.
                if fresh or attempt:
                    raise
        raise AssertionError

    def _ask(self, connection: http.client.HTTPConnection, case: Any) -> tuple[int, bytes, float]:
        headers = dict(case.headers)
        if case.who != "nobody" and not headers.get("Cookie", "").startswith("sessionid"):
            parts = [headers.get("Cookie", ""), f"sessionid={self.cookies[case.who]}"]
            headers["Cookie"] = "; ".join(filter(None, parts))
        headers.setdefault("Host", self.host)
        begun = time.monotonic()
        connection.putrequest(case.method, case.target, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value.encode("latin-1"))
        if case.body:
            connection.putheader("Content-Length", str(len(case.body)))
        connection.endheaders(case.body or None)
        response = connection.getresponse()
        body = response.read()
        return response.status, body, time.monotonic() - begun


def fault(asker: Asker, case: Any) -> str:
    """What is wrong with the answer; blank where nothing is."""
    try:
        status, body, seconds = asker.ask(case)
        if status >= 500:
            return f"answered {status}"
        if b"Traceback (most recent call last)" in body:
            return "shows a traceback"
        if seconds > SLOW:
            with ALONE:
                seconds = min(asker.ask(case)[2] for _number in range(AGAIN))
            # On a machine that is busy with more than this, all takes as much longer.
            if seconds > SLOW * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)):
                return f"took {seconds:.1f} s"
    except (http.client.HTTPException, OSError) as error:
        return f"not answered: {error!r}"
    return ""


ALONE = threading.Lock()


def accounts() -> dict[str, str]:
    """The keys of sessions of an editor of one district and of one who may do all."""
    from django.contrib.auth.models import User
    from django.test import Client

    from districts.models import District
    from tests.members import make_editor

    place = District.objects.get(slug="tengzhou")
    people = {"editor": make_editor(place), "chief": User.objects.create_superuser("chief")}
    cookies = {}
    for name, user in people.items():
        client = Client()
        client.force_login(user)
        cookies[name] = client.cookies["sessionid"].value
    return cookies


def stored() -> list[dict[str, Any]]:
    if not FAILURES.exists():
        return []
    return [json.loads(line) for line in FAILURES.read_text(encoding="utf-8").splitlines()]


def main() -> int:
    # Whoever ends this ends its server too.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(1))
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    with tempfile.TemporaryDirectory(prefix="tracker-fuzz-") as folder:
        url = os.environ.get("DATABASE_URL") or f"sqlite:///{folder}/tracker.sqlite3"
        os.environ |= {
            "DATABASE_URL": url,
            "SECRET_KEY": "for tests only, so that none is written to a file",
            "DJANGO_SETTINGS_MODULE": "zaozhuang.settings",
            "API_REQUESTS_PER_MINUTE": "1000000000",
        }
        with running_server(Path(folder), url) as site:
            django.setup()
            failed = run(Asker(site, accounts()), count, seed, url.split(":")[0])
        log = (Path(folder) / "server.log").read_text(errors="replace")
    broken = "Internal Server Error" in log
    if failed or broken:
        kept = FAILURES.with_name(f"server-{url.split(':')[0]}.log")
        kept.write_text(log, encoding="utf-8")
        sys.stdout.write(f"What the server said: {kept.relative_to(ROOT)}\n")
    return 1 if failed or broken else 0


def run(asker: Asker, count: int, seed: int, database: str) -> int:
    """How many requests failed, of those that failed before and of `count` new ones."""
    from tests.fuzz.cases import Case, Maker

    maker = Maker()
    done = {"requests": 0}
    kept: list[dict[str, Any]] = []

    def try_(number: int, case: Any) -> None:
        wrong = fault(asker, case)
        done["requests"] += 1
        if wrong:
            body = base64.b64encode(case.body).decode()
            row = asdict(case) | {"body": body, "seed": number, "fault": wrong}
            kept.append(row | {"database": database})
            if len(kept) <= REPORTED:
                sys.stdout.write(
                    f"  seed {number}: {wrong}: {case.who} {case.method} {case.target[:300]}\n"
                )
                sys.stdout.flush()

    earlier = [row for row in stored() if row["database"] == database]
    for row in earlier:
        names = ("who", "method", "target", "headers")
        body = base64.b64decode(row["body"])
        try_(row["seed"], Case(**{name: row[name] for name in names}, body=body))
    begun = time.monotonic()
    pool = ThreadPoolExecutor(CLIENTS)
    try:
        for _done in pool.map(
            lambda number: try_(number, maker.case(Random(number))), range(seed, seed + count)
        ):
            pass
    finally:
        pool.shutdown(cancel_futures=True)
        _keep(kept, database)
        rate = done["requests"] / (time.monotonic() - begun)
        sys.stdout.write(
            f"{done['requests']} requests on {database} from seed {seed}, {rate:.0f} a second, "
            f"{len(earlier)} of them failed before: {len(kept)} failed\n"
        )
    return len(kept)


def _keep(kept: list[dict[str, Any]], database: str) -> None:
    """Write down what failed in place of what had failed on this database."""
    others = [row for row in stored() if row["database"] != database]
    FAILURES.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(row, ensure_ascii=True) + "\n" for row in [*others, *kept]]
    FAILURES.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
