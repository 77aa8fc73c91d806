"""What the lock files say: every part with its version and the hashes of its archives."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from packaging.markers import Marker
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent.parent
LINE = re.compile(
    r"^(?P<name>[A-Za-z0-9_.-]+)(?:\[[^]]*\])?==(?P<version>\S+)(?: ; (?P<marker>[^\\\n]+?))? \\$",
    re.MULTILINE,
)


class Locked(NamedTuple):
    """A package of Python as it is locked; `marker` says on which machines it is installed."""

    version: str
    marker: str | None
    hashes: tuple[str, ...]  # SHA-256 in hexadecimal, one an archive

    @property
    def is_for_this_machine(self) -> bool:
        return self.marker is None or Marker(self.marker).evaluate()


def python_lock(name: str, root: Path = ROOT) -> dict[str, Locked]:
    """The packages of `requirements/NAME.txt` by their normalised names.

    Of a package that is locked in several versions, each for other machines, this machine's.
    """
    text = (root / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    matches = list(LINE.finditer(text))
    ends = [match.start() for match in matches[1:]] + [len(text)]
    found: dict[str, Locked] = {}
    for match, end in zip(matches, ends, strict=True):
        hashes = tuple(re.findall(r"--hash=sha256:([0-9a-f]{64})", text[match.start() : end]))
        locked = Locked(match["version"], match["marker"], hashes)
        package = canonicalize_name(match["name"])
        if package not in found or locked.is_for_this_machine:
            found[package] = locked
    return found


def npm_lock(root: Path = ROOT, *, dev: bool = False) -> dict[str, dict[str, Any]]:
    """The entries of package-lock.json by name: those that reach the browser, or with `dev` all."""
    packages = json.loads((root / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    return {
        path.rpartition("node_modules/")[2]: entry
        for path, entry in sorted(packages.items())
        if path and (dev or not entry.get("dev"))
    }
