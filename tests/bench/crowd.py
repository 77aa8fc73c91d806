"""Readers and editors together, each at the pace of somebody who reads what was asked for."""

import re
import threading
import time
from dataclasses import dataclass, field
from random import Random

from tests.bench.bench import MILLION, Bench
from tests.bench.pages import STAGES, WORDS, _quoted, single_user
from tests.bench.timing import SERIOUS

READERS, EDITORS = 100, 5
# Seconds between two pages of one person; on average the middle.
READING = (1.0, 5.0)
SECONDS = {MILLION: 60, 100_000: 30}
VERSION = re.compile(rb'name="_version" value="(\d+)"')
TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="(\w+)"')


@dataclass
class Tally:
    """What all of them met with; milliseconds of the readers' pages."""

    pages: list[float] = field(default_factory=list)
    saved: int = 0
    errors: list[str] = field(default_factory=list)


def crowd(bench: Bench) -> None:
    """The 95th percentile of the readers' pages against the median of a reader alone."""
    serious = bench.size >= SERIOUS
    readers, editors = (READERS, EDITORS) if serious else (5, 1)
    seconds = SECONDS.get(bench.size, 15) if serious else 2
    random = Random(1)
    alone = single_user(bench, [_page(random, bench.size) for _ in range(40 if serious else 5)])
    before = bench.inside("events")
    tally, end = Tally(), time.monotonic() + seconds
    people = [
        threading.Thread(target=_read, args=(bench, number, end, tally))
        for number in range(readers)
    ] + [
        threading.Thread(target=_edit, args=(bench, number, session, end, tally))
        for number, session in enumerate(bench.inside("editors", editors))
    ]
    for person in people:
        person.start()
    for person in people:
        person.join()
    lost = tally.saved - (bench.inside("events") - before)
    ranked = sorted(tally.pages)
    slow = ranked[int(len(ranked) * 0.95)] if ranked else 0.0
    bench.compare(
        f"{readers} readers, {editors} editors, {seconds} s: p95 · the median alone",
        slow,
        alone,
        bench.goal(0.1),
    )
    bench.book.at_most(
        f"their errors and lost writes, of {len(ranked):,} pages and {tally.saved:,} changes",
        bench.vendor,
        bench.size,
        len(tally.errors) + abs(lost),
        0,
        unit="",
        goal=serious,
    )
    for error in tally.errors[:3]:
        bench.book.remark(error)


def _page(random: Random, size: int) -> str:
    """Some page, as readers ask for them."""
    place = f"{random.choice('pcd')}{random.randint(1, 31)}"
    stage, word = random.choice(STAGES), _quoted(random.choice(WORDS))
    return random.choice(
        [
            "/",
            f"/projects/?page={random.randint(1, 5)}",
            f"/projects/?stage={stage}",
            f"/projects/?stage={stage}&district={place}",
            f"/projects/?q={word}",
            f"/districts/{place}/",
            f"/projects/p{random.randint(1, size):07}/",
            f"/projects/p{random.randint(1, size):07}/",
        ]
    )


def _read(bench: Bench, number: int, end: float, tally: Tally) -> None:
    random, client = Random(number), bench.tracker.client()
    # They do not begin all at once.
    time.sleep(random.uniform(0, READING[1]))
    while time.monotonic() < end:
        path, start = _page(random, bench.size), time.perf_counter()
        try:
            answer = client.get(path)
            tally.pages.append((time.perf_counter() - start) * 1000)
            if answer.status != 200:
                tally.errors.append(f"{path} answered {answer.status}")
        except (OSError, EOFError) as error:
            tally.errors.append(f"{path}: {error!r}")
            client.close()
        time.sleep(min(random.uniform(*READING), max(0, end - time.monotonic())))
    client.close()


def _edit(bench: Bench, number: int, session: str, end: float, tally: Tally) -> None:
    """Open the page that changes a stage, fill it in, save it; another project each time."""
    random, client = Random(1000 + number), bench.tracker.client()
    client.cookies["sessionid"] = session
    change = 0
    while time.monotonic() < end:
        change += 1
        project = random.randint(1, bench.size)
        path = f"/admin/projects/project/stage/?project={project}"
        try:
            shown = client.get(path)
            version, token = VERSION.search(shown.body), TOKEN.search(shown.body)
            if shown.status != 200 or not version or not token:
                tally.errors.append(f"{path} answered {shown.status}")
                break
            time.sleep(min(random.uniform(*READING) / 2, max(0, end - time.monotonic())))
            saved = client.post(
                path.partition("?")[0],
                [
                    ("csrfmiddlewaretoken", token[1].decode()),
                    ("_version", version[1].decode()),
                    ("project", str(project)),
                    ("stage", "building"),
                    ("date", f"20{30 + number}-{change % 12 + 1:02}-{change // 12 % 28 + 1:02}"),
                    ("basis", "stated"),
                    ("note", "合成"),
                ],
            )
            if saved.status == 302:
                tally.saved += 1
            else:
                tally.errors.append(f"{path}: saving answered {saved.status}")
        except (OSError, EOFError) as error:
            tally.errors.append(f"{path}: {error!r}")
            client.close()
        time.sleep(min(random.uniform(*READING) / 2, max(0, end - time.monotonic())))
    client.close()
