"""Sixty texts that somebody would rather see run than read, and a world in which everything says them.

Each would leave a trace: scripts set `window.hacked`, tags are called `x-hacked`.
"""

from collections.abc import Iterator
from itertools import cycle
from typing import Any

from django.db import models

from tests.factories import (
    change_stage,
    make_capacity,
    make_capacity_claim,
    make_company,
    make_district,
    make_honour,
    make_indicator,
    make_participation,
    make_passage,
    make_project,
    make_reading,
    make_reading_claim,
    make_report,
    make_segment,
    make_source,
    make_target,
    make_target_claim,
    make_technology,
    make_theme,
    make_unit,
)

HOSTILE = [
    # Scripts, tags and what ends the place where a text stands.
    "<script>hacked=1</script>",
    "</script><script>hacked=1</script>",
    "</title></style></textarea><x-hacked>",
    "<img src=x onerror=hacked=1>",
    "<svg/onload=hacked=1>",
    "<x-hacked onclick=hacked=1>",
    "<iframe srcdoc='<script>parent.hacked=1</script>'>",
    "<a href=javascript:hacked=1>x</a>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;//evil.example'>",
    "<form action=//evil.example><button>",
    "<link rel=stylesheet href=//evil.example>",
    "<style>*{display:none}</style>",
    "<!-- <x-hacked>",
    "--><x-hacked>",
    "<![CDATA[<x-hacked>]]>",
    "]]><x-hacked/>",
    "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY e SYSTEM 'file:/etc/passwd'>]>&e;",
    "&lt;x-hacked&gt; &amp;amp; &#0; &#x3c;x-hacked&#x3e;",
    "&#60script&#62hacked=1&#60/script&#62",
    # Attributes and quotes.
    '" onmouseover="hacked=1',
    "' onfocus='hacked=1' autofocus='",
    '"><x-hacked>',
    "'><x-hacked>",
    "` onerror=hacked=1 `",
    '\\"});hacked=1;//',
    "javascript:hacked=1",
    "JaVaScRiPt&colon;hacked=1",
    "data:text/html,<script>hacked=1</script>",
    "//evil.example/x",
    # What templates, formats and charts take for a place to fill in.
    "{{ 7|add:7 }}{% debug %}",
    "${hacked=1}#{hacked=1}",
    "%s %d %(name)s %",
    "{0.__class__} {name}",
    "{a|x-hacked}{b}{c}",
    "{@0}{value}%{c0}",
    '{"__proto__": {"hacked": 1}}',
    "\\u003cscript\\u003e\\x3c",
    # Formulas.
    '=HYPERLINK("http://evil.example","x")',
    "=cmd|' /C calc'!A0",
    "+1+cmd|x!A0",
    "-2+3",
    "@SUM(A1:A9)",
    "\t=1+1",
    "\r=1+1",
    "#REF!",
    "＝1+1",
    # Files: separators, line ends, XML's and Excel's own escapes.
    'a"b,c;d\te\r\nf\ng',
    "'quoted",
    "_x0041__x000D_",
    "BEGIN:VEVENT\r\nSUMMARY:hacked\r\nEND:VEVENT",
    "; ; \\n\\, \\;",
    # Control characters and terminals.
    "bell\x07 escape\x1b[31m\x1b]0;hacked\x07",
    "\x08\x0b\x0c\x1f\x7f\x80\x9b31m",
    "\ufffe\uffff\ufeff",
    # Letters that are not what they look like.
    "\u202egnp.exe\u202c \u2066x\u2069 \u200f",
    "zero\u200bwidth\u200d\u2060 \u00ad",
    "e" + "\u0301" * 60,
    "👨\u200d👩\u200d👧🔋 ﷽ \U000e0001 ½ İ ſ \u2028 \u2029",
    "long" * 60,
]
assert len(HOSTILE) == 60

# What is written in words, and is not a code, an address or made of other fields.
# What was corrected would not count any more.
KEPT = {"code", "path", "search", "withdrawn"}
PLACES, OF_EACH = 6, 60


def text_fields(model: type[models.Model]) -> list[models.Field]:  # type: ignore[type-arg]
    """The columns of a model that hold what somebody wrote."""
    return [
        column
        for column in model._meta.concrete_fields
        if isinstance(column, models.CharField | models.TextField)
        and not isinstance(column, models.SlugField | models.URLField)
        and not column.choices
        and column.name not in KEPT
        and not column.name.endswith("_precision")
    ]


def say(record: models.Model, texts: Iterator[str]) -> None:
    """Put the next of the texts into each written column of a record, as long as it may be."""
    for column in text_fields(type(record)):
        text = next(texts)[: column.max_length or 1000]
        if column.unique:
            # Two may not be the same: its number stands where what is long is cut off.
            text = f"{text[: (column.max_length or 1000) - 4]}{record.pk}"
        setattr(record, column.name, text)
    record.save()


def make_world() -> None:
    """Sixty of what there are many of, some of the rest; all their words are hostile."""
    texts = cycle(HOSTILE)
    city = make_district(slug="city")
    places = [city, *(make_district(slug=f"place-{at}", parent=city) for at in range(PLACES))]
    sources = [make_source(slug=f"source-{at}", url="https://example.org/") for at in range(6)]
    unit, theme, technology = make_unit(), make_theme(), make_technology()
    segments = [make_segment(f"S{at}") for at in range(6)]
    indicators = [make_indicator(theme=theme) for _at in range(4)]
    passages = [make_passage(source, locator=f"¶{at}") for at, source in enumerate(sources)]
    records: list[models.Model] = [unit, theme, technology, segments[0].stream, *sources]
    records += [*places, *segments, *indicators, *passages]
    indicator_unit = indicators[0].unit
    assert indicator_unit is not None
    records.append(indicator_unit)
    for at in range(OF_EACH):
        place, source = places[at % len(places)], sources[at % len(sources)]
        cited: dict[str, Any] = {"source": source, "locator": "¶1"}
        project = make_project(
            slug=f"project-{at}", district=place, stage="signed", due="2023-05", **cited
        )
        event = change_stage(project, "building", "2023-06", **cited)
        records += [project, event]
        capacity = make_capacity(
            project, at + 1, segment=segments[at % 6], technology=technology, **cited
        )
        records.append(capacity)
        if at % 4 == 0:
            company = make_company(slug=f"company-{at}", **cited)
            indicator = indicators[at % 4]
            reading = make_reading(
                at + 1, f"{1960 + at}", slug=f"reading-{at}", district=place, indicator=indicator,
                adopted_because="x", **cited,
            )  # fmt: skip
            target = make_target(
                at + 1, slug=f"target-{at}", district=place, indicator=indicator,
                adopted_because="x", **cited,
            )  # fmt: skip
            milestone = make_target(None, slug=f"milestone-{at}", district=place, **cited)
            capacity.adopted_because = "x"
            capacity.save()
            records += [
                company,
                make_honour(company, **cited),
                make_participation(project, company, **cited),
                make_report(project, "2023-06", invested_month="1.5", percent="20", **cited),
                reading,
                target,
                milestone,
                make_reading_claim(reading, source=source),
                make_target_claim(target, source=source),
                make_capacity_claim(capacity, source=source),
            ]
    for record in records:
        record.refresh_from_db()
        say(record, texts)
