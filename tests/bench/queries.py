"""What is measured inside the tracker, past its pages: searches and writes."""

from tests.bench.bench import MILLION, Bench
from tests.bench.words import COMMON, RARE


def searches(bench: Bench) -> None:
    """Two Chinese characters, in few names and in many, against LIKE '%…%'.

    LIKE asks the same column, so that it finds the same projects; the last lines, without a
    goal, have it look through the projects' own names alone, which is less to read and finds less.
    """
    sqlite = bench.vendor == "sqlite"
    for column, judged in (("search", True), ("name", False)):
        for what, words, asked, goal in (
            ("two characters that are rare", RARE[:7], "find", 100.0 if sqlite else 1.0),
            ("two common characters, counted", COMMON[:7], "count", 10.0 if sqlite else 1.0),
        ):
            mine, like = bench.inside("search", words, asked, column)
            name = f"search: {what} · LIKE" + ("" if judged else " on the name alone")
            bench.compare(name, mine, like, bench.goal({MILLION: goal}) if judged else None)


def writes(bench: Bench) -> None:
    """A stage change with all that follows from it, against a bare insert of its row."""
    mine, bare, by_cursor = bench.inside("write", bench.size)
    bench.compare("one stage change · Django's bare insert", mine, bare, bench.goal({MILLION: 0.2}))
    bench.compare("one stage change · INSERT by a cursor", mine, by_cursor)
