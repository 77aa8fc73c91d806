"""`make licences`: the parts that are shipped, with their licences, as the locks and the parts say.

Writes `zaozhuang/parts.json`, which the page “About” shows, and the tables of
`docs/third-party.md`. What the metadata of a part leaves vague is written here, from the licence
file that comes with it. Raises SystemExit for a part whose licence nobody has looked at.
"""

import json
import re
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from cyclonedx.spdx import is_expression

from tests.supply.locks import ROOT, npm_lock, python_lock

PARTS = ROOT / "zaozhuang" / "parts.json"
DOCUMENT = ROOT / "docs" / "third-party.md"
Part = dict[str, str]

# As their licence files say, where the metadata says “BSD” or nothing, or names it in another way.
LICENCES = {
    "async-timeout": "Apache-2.0",  # not installed on every Python
    "defusedxml": "PSF-2.0",
    "django-csp": "BSD-3-Clause",
    "django-filter": "BSD-3-Clause",
    "sqlparse": "BSD-3-Clause",
    "uritemplate": "BSD-3-Clause OR Apache-2.0",
}
CONTAINS = {
    "certifi": "Mozilla's list of certificate authorities",
    "django": "contains parts of Python (PSF-2.0) and, for the admin, jQuery, Select2, XRegExp and icons (MIT)",
    "django-htmx": "contains htmx, see below",
    "lxml": "its wheels contain libxml2, libxslt and others, listed in its `LICENSES.txt`",
    "psycopg-binary": "its wheels contain libpq, OpenSSL, Kerberos, OpenLDAP and SASL libraries, listed in its `sboms`",
    "echarts": "contains parts of d3 (BSD-3-Clause)",
}
NAMES = {"echarts": "Apache ECharts"}
PARENTS = {"tslib": "ECharts", "zrender": "ECharts", "tinyqueue": "polylabel"}


def licence_of(name: str) -> str:
    """The SPDX expression of an installed package."""
    if name in LICENCES:
        return LICENCES[name]
    said = metadata.metadata(name)
    for field in ("License-Expression", "License"):
        text = str(said[field]).strip() if field in said else ""
        if text and is_expression(text):
            return text
    raise SystemExit(
        f"{name} does not say precisely what its licence is. Look into its files, and write it "
        "into LICENCES in tests/supply/parts.py."
    )


def python_parts() -> list[Part]:
    """The packages that the server runs on."""
    rows = []
    for name, locked in python_lock("base").items():
        try:
            shown = str(metadata.metadata(name)["Name"])
        except metadata.PackageNotFoundError:
            if not locked.marker:
                raise SystemExit(f"{name} is locked but not installed: make setup") from None
            shown = name
        row = {"name": shown, "version": locked.version, "licence": licence_of(name)}
        notes = [CONTAINS.get(name, "")]
        if locked.marker and "python" in locked.marker:
            notes.append(f"only where {locked.marker}")
        rows.append(row | {"note": "; ".join(filter(None, notes))})
    return sorted(rows, key=lambda row: row["name"].lower())


def browser_parts() -> list[Part]:
    """The scripts and styles that are bundled or served."""
    rows = [
        {
            "name": NAMES.get(name, name),
            "version": entry["version"],
            "licence": entry["license"],
            "note": "; ".join(
                filter(
                    None, [CONTAINS.get(name), f"with {PARENTS[name]}" if name in PARENTS else ""]
                )
            ),
        }
        for name, entry in npm_lock().items()
    ]
    return [
        {"name": "htmx", "version": htmx(), "licence": "0BSD", "note": "with django-htmx"},
        *rows,
    ]


def htmx() -> str:
    """The version of htmx 2 that django-htmx ships."""
    (file,) = [
        Path(str(file.locate()))
        for file in metadata.files("django-htmx") or []
        if file.name == "htmx-2.min.js"
    ]
    found = re.search(r'version:"([\d.]+)"', file.read_text(encoding="utf-8"))
    assert found, "htmx names no version"
    return found[1]


def parts() -> dict[str, list[Part]]:
    return {"python": python_parts(), "browser": browser_parts()}


def as_json(found: dict[str, list[Part]]) -> str:
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def as_document(found: dict[str, list[Part]], text: str) -> str:
    """The document with its tables anew; they stand between comments that name them."""
    for kind, rows in found.items():
        lines = ["| part | version | licence |", "|---|---|---|"]
        lines += [
            f"| {row['name']} | {row['version']} | {'; '.join(filter(None, [row['licence'], row['note']]))} |"
            for row in rows
        ]
        begin, end = f"<!-- {kind}: made by make licences -->\n\n", "\n\n<!-- end -->"
        head, found_begin, rest = text.partition(begin)
        assert found_begin, f"docs/third-party.md has no place for {kind}"
        text = head + begin + "\n".join(lines) + end + rest.partition(end)[2]
    return text


def main() -> int:
    found = parts()
    PARTS.write_text(as_json(found), encoding="utf-8")
    DOCUMENT.write_text(as_document(found, DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
    counts: Any = {kind: len(rows) for kind, rows in found.items()}
    sys.stdout.write(f"{PARTS.relative_to(ROOT)} and {DOCUMENT.relative_to(ROOT)}: {counts}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
