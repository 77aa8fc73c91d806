"""Pages: the list with its facets, the overview, an unchanged page, a page far down."""

import time
from statistics import median

from tests.bench import servers
from tests.bench.bench import MILLION, Bench
from tests.bench.timing import SERIOUS, in_turn, rounds
from tests.bench.web import Client

# The stages most projects are at; every round asks for another, so that no answer is at hand.
STAGES = ["building", "producing", "preparing", "signed", "completed", "reserve", "full"]
# Three characters, the fewest that Datasette's search finds; each in a twelfth of the projects.
WORDS = ["电解液", "动力电池", "涂布设备", "储能系统", "湿法隔膜", "人造石墨", "电动叉车"]
FACETS = "&_facet=stage&_facet=province&_facet=segment&_size=50"
# Requests of a round of the unchanged page: one alone is too short to time.
BURST = 100

TIMES_FASTER = {10_000: 1.5, 100_000: 10.0, MILLION: 80.0}


def lists(bench: Bench) -> None:
    """The list with all facet counts against Datasette's table page with three facets."""
    bench.warm("/projects/", "/projects/?stage=idle", "/projects/?q=%E9%93%9D%E7%AE%94")
    count = rounds(bench.size)
    provinces = _provinces(bench)
    for name, ours, theirs, goal in (
        (
            "list, one filter, all facets · Datasette, three facets",
            lambda n: f"/projects/?stage={STAGES[n]}",
            lambda n: f"/wide/projects?stage={STAGES[n]}{FACETS}",
            TIMES_FASTER,
        ),
        (
            "list, two filters, all facets · Datasette",
            lambda n: f"/projects/?stage={STAGES[n]}&district=p{n + 1}",
            lambda n: f"/wide/projects?stage={STAGES[n]}&province={provinces[n]}{FACETS}",
            {MILLION: 10.0},
        ),
        (
            "list, a search, all facets · Datasette, full-text search",
            lambda n: f"/projects/?q={_quoted(WORDS[n])}",
            lambda n: f"/wide/projects?_search={_quoted(WORDS[n])}{FACETS}",
            {MILLION: 10.0},
        ),
    ):
        if bench.datasette:
            mine, peer = in_turn(
                count,
                lambda n, ours=ours: bench.page(ours(n)),  # type: ignore[misc]
                lambda n, theirs=theirs: bench.peer_page(theirs(n)),  # type: ignore[misc]
            )
            bench.compare(name, mine, peer, bench.goal(goal))
        else:
            [mine] = in_turn(count, lambda n, ours=ours: bench.page(ours(n)))  # type: ignore[misc]
            bench.compare(name, mine, None)


def overview(bench: Bench) -> None:
    """The overview after a change, so that nothing is kept, against the group-bys by hand."""
    bench.warm("/")

    def ours(number: int) -> float:
        bench.inside("touch", bench.size)
        return bench.page("/")

    mine, by_hand = in_turn(rounds(bench.size), ours, lambda n: float(bench.inside("group_bys")))
    bench.compare(
        "overview, after a change · its figures by raw SQL",
        mine,
        by_hand,
        bench.goal({MILLION: 20.0}),
    )


def growing(bench: Bench) -> None:
    """Pages whose cost must not grow with the data; compared across sizes at the end."""
    bench.warm("/projects/?kind=park", "/districts/c99/")
    # Not the pages that `far_down` asks for, which would then lie ready.
    pages = min(10, bench.size // 50 - rounds(bench.size))
    [plain] = in_turn(rounds(bench.size), lambda n: bench.page(f"/projects/?page={pages + n}"))
    bench.compare("list, no filter", plain, None)
    [place] = in_turn(rounds(bench.size), lambda n: bench.page(f"/districts/c{n + 1}/"))
    bench.compare("district", place, None)


def unchanged(bench: Bench) -> None:
    """A page asked again that has not changed, against a view that says hello."""
    with servers.hello(bench.database, bench.folder) as hello:
        _unchanged(bench, "list", "/projects/?stage=signed", hello.client())
        _unchanged(bench, "overview", "/", hello.client())


def _unchanged(bench: Bench, name: str, path: str, hello: Client) -> None:
    tag = bench.client.get(path).headers.get("etag", "")
    if not tag or bench.client.get(path, If_None_Match=tag).status != 304:
        bench.book.remark(f"{path} is not answered with 304 when it is asked again")
        return
    mine, theirs = in_turn(
        rounds(bench.size),
        lambda n: _per_second(bench, bench.client, path, 304, If_None_Match=tag),
        lambda n: _per_second(bench, hello, "/", 200),
    )
    bench.compare(
        f"unchanged {name} asked again (ETag) · a view that says hello",
        mine,
        theirs,
        bench.goal(0.85 if bench.vendor == "sqlite" else 0.7),
        unit="/s",
        more_is_better=True,
    )


def _per_second(bench: Bench, client: Client, path: str, status: int, **headers: str) -> float:
    """Requests a second over one kept connection; raises RuntimeError for another status."""
    burst = BURST if bench.size >= SERIOUS else 3
    start = time.perf_counter()
    for _ in range(burst):
        answer = client.get(path, **headers)
        if answer.status != status:
            raise RuntimeError(f"{path} answered {answer.status}, not {status}")
    return burst / (time.perf_counter() - start)


def far_down(bench: Bench) -> None:
    """Page 10,000 of the list, or the last of a smaller one, against the first pages."""
    last = min(10_000, bench.size // 50)
    count = min(rounds(bench.size), last)
    answer = bench.client.get(f"/projects/?page={last}")
    if answer.status != 200:
        text = answer.body.decode(errors="replace")
        bench.book.remark(f"page {last:,} of the list answered {answer.status}: {text[:200]}")
        return
    deep, first = in_turn(
        count,
        lambda n: bench.page(f"/projects/?page={last - n}"),
        lambda n: bench.page(f"/projects/?page={n + 1}"),
    )
    bench.compare(f"page {last:,} of the list · page 1", deep, first, bench.goal({MILLION: 0.5}))


def single_user(bench: Bench, paths: list[str]) -> float:
    """The median of these pages when nobody else asks."""
    return median(bench.page(path) for path in paths)


def _provinces(bench: Bench) -> list[str]:
    from tests.bench.places import PROVINCES, places

    return [_quoted(place.names[0]) for place in places()[1 : 1 + PROVINCES]]


def _quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text)
