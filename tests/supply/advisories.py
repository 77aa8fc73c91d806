"""Known vulnerabilities from files in the OSV format, for machines that reach no service.

A file may be one advisory, a list of them, or an archive as osv.dev gives them out for an
ecosystem (`PyPI/all.zip`, `npm/all.zip`); a folder may hold any number of these.
"""

import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

Advisory = dict[str, Any]
RANGES = {"ECOSYSTEM", "SEMVER"}  # ranges of commits say nothing about a version


class Finding(NamedTuple):
    ecosystem: str
    name: str
    version: str
    identifier: str
    summary: str

    def __str__(self) -> str:
        return f"{self.name} {self.version} ({self.ecosystem}): {self.identifier} {self.summary}".strip()


def read(place: Path) -> Iterator[Advisory]:
    """Every advisory that is not withdrawn. Raises ValueError naming the file that is no OSV."""
    files = sorted(place.rglob("*")) if place.is_dir() else [place]
    for file in files:
        if file.suffix == ".zip":
            with zipfile.ZipFile(file) as archive:
                for name in archive.namelist():
                    if name.endswith(".json"):
                        yield from _advisories(f"{file}/{name}", archive.read(name))
        elif file.suffix == ".json":
            yield from _advisories(str(file), file.read_bytes())


def _advisories(name: str, content: bytes) -> Iterator[Advisory]:
    try:
        found = json.loads(content)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    for advisory in found if isinstance(found, list) else [found]:
        if not isinstance(advisory, dict) or "id" not in advisory:
            raise ValueError(f"{name}: not an advisory in the OSV format")
        if not advisory.get("withdrawn"):
            yield advisory


def newest(advisories: list[Advisory]) -> datetime | None:
    """When the latest of them was changed: how old the collection is at least."""
    days = [text for one in advisories if (text := one.get("modified") or one.get("published"))]
    return max((datetime.fromisoformat(day).astimezone(UTC) for day in days), default=None)


def findings(advisories: list[Advisory], ecosystem: str, parts: dict[str, str]) -> list[Finding]:
    """What is known about these names at these versions."""
    found = []
    for advisory in advisories:
        for affected in advisory.get("affected", []):
            package = affected.get("package", {})
            name = package.get("name", "")
            if ecosystem == "PyPI":
                name = canonicalize_name(name)
            version = parts.get(name)
            if package.get("ecosystem") == ecosystem and version and _affects(affected, version):
                identifiers = ", ".join([advisory["id"], *advisory.get("aliases", [])])
                summary = advisory.get("summary", "")
                found.append(Finding(ecosystem, name, version, identifiers, summary))
    return sorted(set(found))


def _affects(affected: Advisory, version: str) -> bool:
    if version in affected.get("versions", []):
        return True
    ranges = [one for one in affected.get("ranges", []) if one.get("type") in RANGES]
    return any(_inside(one.get("events", []), Version(version)) for one in ranges)


def _inside(events: list[dict[str, str]], version: Version) -> bool:
    """Whether the version lies between an `introduced` and the `fixed` or `last_affected` after it."""
    inside = False
    for event in sorted(events, key=lambda event: _version(*event.values())):
        if (at := event.get("introduced")) is not None and _version(at) <= version:
            inside = True
        elif (
            (at := event.get("fixed")) is not None
            and _version(at) <= version
            or (at := event.get("last_affected")) is not None
            and _version(at) < version
        ):
            inside = False
    return inside


def _version(text: str, *rest: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion:
        # Of an ecosystem's odder versions the numbers are compared: 1.2.3-foo.4 as 1.2.3.
        numbers = [part for part in text.partition("-")[0].split(".") if part.isdigit()]
        return Version(".".join(numbers) or "0")
