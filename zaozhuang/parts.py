"""The parts of others that the tracker ships, with their licences; `make licences` writes the list."""

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

LIST = Path(__file__).with_name("parts.json")


class Part(NamedTuple):
    name: str
    version: str
    licence: str  # an SPDX expression
    note: str


@cache
def shipped() -> tuple[Part, ...]:
    """Those of the server first, then those that the browser gets."""
    kinds = json.loads(LIST.read_text(encoding="utf-8"))
    return tuple(Part(**row) for kind in ("python", "browser") for row in kinds[kind])
