"""The cells of a project as SQL, for the export of very many.

Each expression gives byte for byte what the column of the same code in `projects.exports` gives,
as text or as a number that is written the same; a test compares them over hostile data. On
PostgreSQL all of it is SQL, so that COPY can stream it. SQLite runs in this process: what SQL
cannot say simply, it asks of the functions in `Helpers`, which use the exports' own definitions.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from itertools import count
from typing import Any

from django.db.models import CharField, Expression, F, Func
from django.utils.functional import cached_property
from django.utils.timezone import localtime

from districts.models import Unit
from projects.exports import SEPARATOR
from projects.models import Segment
from projects.stages import Stage
from zaozhuang.csvfile import defused, text_of
from zaozhuang.dates import PLAN_14_START
from zaozhuang.localised import reads_english
from zaozhuang.numbers import SCALES, quantity

# Stands between values that SQLite gathers for a helper; a noncharacter, so never in a text.
BETWEEN = "\ufdd0"
_helpers = count()


class Written(Func):
    """A text, in SQL that is written for each database around other expressions: `{0}`, `{1}` …

    Literal texts are handed over as `values`, named in braces.
    """

    output_field = CharField()

    def __init__(
        self, sqlite: str, postgresql: str = "", *inner: Any, values: dict[str, Any] | None = None
    ) -> None:
        super().__init__(*inner)
        self.written = {"sqlite": sqlite, "postgresql": postgresql or sqlite}
        self.values = values or {}

    def as_sql(  # type: ignore[override]
        self, compiler: Any, connection: Any, **context: Any
    ) -> tuple[str, Any]:
        inner = [compiler.compile(expression) for expression in self.source_expressions]
        parameters: list[Any] = []

        def put(match: re.Match[str]) -> str:
            if not match[1].isdigit():
                parameters.append(self.values[match[1]])
                return "%s"
            sql, own = inner[int(match[1])]
            parameters.extend(own)
            return str(sql)

        sql = re.sub(r"\{(\w+)\}", put, self.written[connection.vendor].replace("%", "%%"))
        return f"({sql})", tuple(parameters)


def safe(value: str, postgresql: bool) -> str:
    """SQL of a text without what a spreadsheet may take for a formula, as `defused` says.

    All such characters sort before the letter A, so most texts cost one comparison.
    """
    if not postgresql:
        return f"CASE WHEN {value} < 'A' THEN tracker_defused({value}) ELSE {value} END"
    # COPY tells an empty text from one that is unknown, by quotes that Python does not write.
    blank = f"nullif({value}, '')"
    return (
        f"CASE WHEN {value} COLLATE \"C\" < 'A' AND {value} ~ '^[=+@\\t\\r-]'"
        f" AND {value} !~ '^-?[0-9]+(\\.[0-9]+)?$' THEN '''' || {value} ELSE {blank} END"
    )


def typed(field: str) -> Expression:
    """A column that people fill in."""
    return Written(safe("{0}", False), safe("{0}", True), F(field))


def coded(field: str) -> Expression:
    """A column of words that are fixed, or blank."""
    return Written("{0}", "nullif({0}, '')", F(field))


def named(field: str) -> Expression:
    """A name in the reader's language."""
    if not reads_english():
        return typed(field)
    name = local("{0}", "{1}")
    return Written(safe(name, False), safe(name, True), F(field), F(f"{field}_en"))


def local(chinese: str, english: str) -> str:
    return f"CASE WHEN {english} <> '' THEN {english} ELSE {chinese} END"


def partial(day: str, precision: str) -> Expression:
    """A date at its own precision."""
    head = "CASE {1} WHEN 'day' THEN %(day)s WHEN 'month' THEN substr(%(day)s, 1, 7) "
    rest = (
        "WHEN 'quarter' THEN %(year)s || '-Q' || ((CAST(substr(%(day)s, 6, 2) AS integer) + 2) / 3) "
        "WHEN 'half' THEN %(year)s || CASE WHEN substr(%(day)s, 6, 2) < '07' THEN '-H1' ELSE '-H2' END "
        "WHEN 'year' THEN %(year)s WHEN 'plan' THEN %(plan)s END"
    )
    number = "CAST(substr(%(day)s, 1, 4) AS integer)"
    first = f"({number} - (({number} - {PLAN_14_START}) % 5 + 5) % 5)"
    plan = {
        False: f"printf('%04d/%04d', {first}, {first} + 4)",
        True: f"lpad({first}::text, 4, '0') || '/' || lpad(({first} + 4)::text, greatest(4, length(({first} + 4)::text)), '0')",
    }

    def of(postgresql: bool) -> str:
        text = "{0}::text" if postgresql else "{0}"
        sql = (head + rest).replace("%(plan)s", plan[postgresql])
        return sql.replace("%(year)s", "substr(%(day)s, 1, 4)").replace("%(day)s", text)

    return Written(of(False), of(True), F(day), F(precision))


def stage_label() -> Expression:
    labels = {str(code): defused(str(label)) for code, label in Stage.choices}
    cases = " ".join(f"WHEN '{code}' THEN {{{code}}}" for code in labels)
    return Written(f"CASE {{0}} {cases} END", "", F("at_stage"), values=labels)


def companies() -> Expression:
    """Each name once, in the order in which the companies were entered."""
    name = local("o.name", "o.name_en") if reads_english() else "o.name"
    taking_part = (
        f"SELECT {name} AS v, t.id AS at FROM projects_participation t"
        " JOIN projects_company o ON o.id = t.company_id WHERE t.project_id = {0}"
    )
    return Written(
        f"SELECT CASE WHEN n > 1 THEN tracker_once(v) ELSE {safe('v', False)} END FROM"
        f" (SELECT group_concat(v, '{BETWEEN}') AS v, count(*) AS n FROM"
        f" ({taking_part} ORDER BY t.id))",
        f"SELECT {safe('v', True)} FROM (SELECT string_agg(v, '{SEPARATOR}' ORDER BY at) AS v FROM"
        f" (SELECT v, min(at) AS at FROM ({taking_part}) AS t GROUP BY v) AS t) AS t",
        F("pk"),
    )


def segments() -> Expression:
    return Written(
        "tracker_segments((SELECT group_concat(c.segment_id) FROM projects_capacity c"
        " WHERE c.project_id = {0}))",
        f"SELECT {safe('v', True)} FROM (SELECT string_agg(code, '{SEPARATOR}' ORDER BY \"order\")"
        " AS v FROM projects_segment WHERE id = ANY(ARRAY(SELECT c.segment_id"
        " FROM projects_capacity c WHERE c.project_id = {0}))) AS s",
        F("pk"),
    )


def capacities() -> Expression:
    product = local("c.product", "c.product_en") if reads_english() else "c.product"
    return Written(
        f"SELECT {safe('v', False)} FROM (SELECT group_concat(v, '{SEPARATOR}') AS v FROM"
        f" (SELECT {product} || tracker_figure(c.quantity, c.unit_id, c.per_year) AS v"
        " FROM projects_capacity c WHERE c.project_id = {0} ORDER BY c.id))",
        f"SELECT {safe('v', True)} FROM (SELECT string_agg({product} || coalesce(' ' || {_figure()},"
        f" ''), '{SEPARATOR}' ORDER BY c.id) AS v FROM projects_capacity c"
        " LEFT JOIN districts_unit u ON u.id = c.unit_id WHERE c.project_id = {0}) AS c",
        F("pk"),
    )


def _figure() -> str:
    """A quantity with its unit as `zaozhuang.numbers.quantity` writes it, for PostgreSQL."""
    if not reads_english():
        number = _grouped("c.quantity")
        return (
            f"{number} || CASE u.name WHEN '%' THEN '%' WHEN '' THEN '' ELSE rtrim(' ' || u.name) END"
            " || CASE WHEN c.per_year THEN '/年' ELSE '' END"
        )
    value = "(c.quantity * u.factor)"
    number = "CASE"
    for scale, word in SCALES:
        places = len(str(int(scale))) - 1
        number += (
            f" WHEN {value} >= {scale:f} THEN"
            f" {_grouped(_half_even(f'({value} * 1e-{places})'))} || ' {word}'"
        )
    number += f" ELSE {_grouped(value)} END"
    return (
        "CASE WHEN u.name_en = '%' THEN '' WHEN length(u.name_en) = 3 AND upper(u.name_en) = u.name_en"
        f" AND lower(u.name_en) <> u.name_en THEN u.name_en || ' ' ELSE '' END || {number}"
        " || CASE WHEN u.name_en = '%' THEN '%' WHEN length(u.name_en) = 3 AND"
        " upper(u.name_en) = u.name_en AND lower(u.name_en) <> u.name_en THEN ''"
        " ELSE rtrim(' ' || u.name_en) END"
        " || CASE WHEN NOT c.per_year THEN '' WHEN u.name_en = '' THEN ' a year' ELSE '/yr' END"
    )


def _half_even(value: str) -> str:
    """A numeric rounded to three places; of two neighbours as near, the even one."""
    return f"CASE WHEN ({value} * 1000) % 2 = 0.5 THEN trunc({value}, 3) ELSE round({value}, 3) END"


def _grouped(value: str) -> str:
    """A numeric above zero with separators of thousands and no trailing zeros."""
    plain = f"trim_scale({value})::text"
    return (
        f"CASE WHEN {value} < 1000 THEN {plain} ELSE"
        f" to_char(trunc({value}), 'FM999,999,999,999,999,999,999,999,990')"
        f" || coalesce('.' || nullif(split_part({plain}, '.', 2), ''), '') END"
    )


def number(field: str) -> Expression:
    return Written(
        "CASE typeof({0}) WHEN 'real' THEN CAST({0} AS text) ELSE {0} END",
        "trim_scale({0})",
        F(field),
    )


def moment(field: str) -> Expression:
    """A moment in local time; on PostgreSQL, that of the transaction's time zone."""
    return Written(
        "tracker_moment({0})", "to_char({0}, 'YYYY-MM-DD\"T\"HH24:MI:SSTZH:TZM')", F(field)
    )


def project_cells() -> dict[str, Any]:
    """Of each column of `PROJECT_COLUMNS`, the expression of its cell in the reader's language."""
    return {
        "id": F("pk"),
        "slug": typed("slug"),
        "name": typed("name"),
        "name_en": typed("name_en"),
        "district_code": typed("district__code"),
        "district": named("district__name"),
        "kind": F("kind"),
        "stage": F("at_stage"),
        "stage_label": stage_label(),
        "stage_basis": coded("at_basis"),
        "stage_since": partial("at_since", "at_since_precision"),
        "companies": companies(),
        "segments": segments(),
        "capacity": capacities(),
        "due": partial("due", "due_precision"),
        "due_precision": coded("due_precision"),
        "investment": number("investment"),
        "investment_kind": coded("investment_kind"),
        "parent": typed("parent__slug"),
        "source": typed("source__slug"),
        "locator": typed("locator"),
        "updated_at": moment("updated_at"),
    }


def project_line() -> Expression:
    """All cells of a project as one text, with BETWEEN between them; for SQLite."""
    cells = list(project_cells().values())
    places = BETWEEN.join(["%s"] * len(cells))
    values = ", ".join(f"{{{at}}}" for at in range(len(cells)))
    return Written(f"printf('{places}', {values})", "", *cells)


class Helpers:
    """What SQLite asks of Python for a cell. One for each export: they remember what they have read."""

    def __init__(self) -> None:
        self.figures: dict[Any, str] = {}
        self.codes: dict[str | None, str] = {None: ""}
        self.days: dict[str, tuple[timedelta | None, str]] = {}

    @contextmanager
    def known_to(self, connection: Any) -> Iterator[str]:
        """While they stand, the connection has them under names that begin as is given."""
        prefix = f"tracker{next(_helpers)}_"
        functions = {
            ("defused", 1): lambda text: None if text is None else defused(text),
            ("once", 1): self.once,
            ("segments", 1): self.segments,
            ("figure", 3): self.figure,
            ("moment", 1): self.moment,
        }
        for (name, arguments), function in functions.items():
            connection.create_function(prefix + name, arguments, function, deterministic=True)
        try:
            yield prefix
        finally:
            for name, arguments in functions:
                connection.create_function(prefix + name, arguments, None)

    def once(self, names: str) -> str:
        return defused(SEPARATOR.join(dict.fromkeys(names.split(BETWEEN))))

    def segments(self, keys: str | None) -> str:
        if keys not in self.codes:
            assert keys is not None
            wanted = {self._segments[int(key)] for key in keys.split(",")}
            self.codes[keys] = defused(SEPARATOR.join(code for _order, code in sorted(wanted)))
        return self.codes[keys]

    @cached_property
    def _segments(self) -> dict[int, tuple[int, str]]:
        return {
            pk: (order, code)
            for pk, order, code in Segment.objects.values_list("pk", "order", "code")
        }

    def figure(self, value: float | None, unit: int | None, per_year: int) -> str:
        """A quantity with its unit, after a space; nothing where it is unknown."""
        if value is None:
            return ""
        key = (value, unit, per_year)
        if key not in self.figures:
            # As Django reads a decimal from SQLite, which keeps it as a float.
            exact = Context(prec=15).create_decimal_from_float(value).quantize(Decimal("1e-6"))
            measure = self._units[unit] if unit is not None else None
            self._forget(self.figures)
            self.figures[key] = " " + quantity(exact, measure, per_year=bool(per_year))
        return self.figures[key]

    @cached_property
    def _units(self) -> dict[int, Unit]:
        return Unit.objects.in_bulk()

    def moment(self, text: str) -> str:
        """A moment as SQLite keeps it, in local time; how far that is on a day is remembered."""
        day = text[:10]
        if day not in self.days:
            self._forget(self.days)
            self.days[day] = _shift(day)
        shift, offset = self.days[day]
        if shift is None:
            return text_of(datetime.fromisoformat(text[:19]).replace(tzinfo=UTC))
        return (datetime.fromisoformat(text[:19]) + shift).isoformat() + offset

    def _forget(self, known: dict[Any, Any]) -> None:
        """Keep the memory of an export small, however many values there are."""
        if len(known) > 20_000:
            known.clear()


def _shift(day: str) -> tuple[timedelta | None, str]:
    """How far local time is from a day of UTC, and as it is written; None where it changes within."""
    first = localtime(datetime.fromisoformat(day).replace(tzinfo=UTC))
    last = localtime(first.astimezone(UTC) + timedelta(hours=23, minutes=59, seconds=59))
    same = first.utcoffset() == last.utcoffset()
    return first.utcoffset() if same else None, first.isoformat()[19:]
