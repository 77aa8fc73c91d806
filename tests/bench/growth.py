"""How cost grows with the data: exponents, and the plot of cost against size."""

from math import log
from pathlib import Path

from tests.bench.results import Book, Result

# The rows that are compared across sizes, by what they are called then.
SERIES = {
    "list": "list, no filter",
    "facets": "list, one filter, all facets · Datasette, three facets",
    "overview": "overview, after a change · its figures by raw SQL",
    "district": "district",
}
DRAWN = {
    **SERIES,
    "search": "list, a search, all facets · Datasette, full-text search",
    "stage change": "one stage change · Django's bare insert",
}


def exponents(book: Book) -> None:
    """The exponent of cost over size, from the smallest size to the largest; at most 0.1 is met."""
    for database in ("sqlite", "postgresql"):
        for name, row in SERIES.items():
            found = _series(book.results, row, database)
            if len(found) < 2:
                continue
            (small, first), (large, last) = found[0], found[-1]
            if not (first.ours and last.ours):
                continue
            exponent = log(last.ours / first.ours) / log(large / small)
            book.at_most(
                f"growth of {name} from {small:,} on: exponent",
                database,
                large,
                exponent,
                0.1,
                unit="",
                goal=small >= 10_000,
            )


def _series(results: list[Result], name: str, database: str) -> list[tuple[int, Result]]:
    return sorted(
        (
            (result.size, result)
            for result in results
            if result.name == name and result.database == database
        ),
        key=lambda pair: pair[0],
    )


def draw(book: Book, folder: Path) -> list[Path]:
    """Cost against size as a picture, SVG and PNG: ours as lines, what it is compared with dashed."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    databases = [
        name
        for name in ("sqlite", "postgresql")
        if any(result.database == name for result in book.results)
    ]
    figure, axes = pyplot.subplots(
        1, len(databases), figsize=(6.4 * len(databases), 5), sharey=True, squeeze=False
    )
    for axis, database in zip(axes[0], databases, strict=True):
        for number, (label, name) in enumerate(DRAWN.items()):
            found = _series(book.results, name, database)
            if not found:
                continue
            colour = f"C{number}"
            axis.plot(
                [size for size, _ in found],
                [result.ours for _, result in found],
                marker="o",
                color=colour,
                label=label,
            )
            peers = [(size, result.against) for size, result in found if result.against is not None]
            if peers:
                axis.plot(
                    [size for size, _ in peers],
                    [value for _, value in peers],
                    marker="x",
                    linestyle="--",
                    linewidth=1,
                    color=colour,
                    alpha=0.6,
                )
        axis.set_xscale("log")
        axis.set_yscale("log")
        axis.set_title({"sqlite": "SQLite", "postgresql": "PostgreSQL"}[database])
        axis.set_xlabel("projects")
        axis.grid(visible=True, which="major", color="#e4e2dc")
    axes[0][0].set_ylabel("milliseconds (dashed: what it is compared with)")
    axes[0][-1].legend(loc="upper left", fontsize="small")
    figure.tight_layout()
    made = [folder / f"cost.{extension}" for extension in ("svg", "png")]
    for target in made:
        figure.savefig(target, dpi=150)
    pyplot.close(figure)
    return made
