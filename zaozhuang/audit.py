"""What must always hold, and the register of the checks that look whether it does.

Each app has a module `invariants` with functions that `@check` registers. A check is a generator
of sentences, one for each record that is wrong, which name the record; it changes nothing and holds nobody up.
What is computed into a table of its own gets a check here too: that it equals what is
computed anew.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.module_loading import autodiscover_modules

from zaozhuang.snapshot import snapshot

Check = Callable[[], Iterator[str]]
_checks: dict[str, Check] = {}


@dataclass(frozen=True)
class Finding:
    check: str
    text: str

    def __str__(self) -> str:
        return f"{self.check}: {self.text}"


def check(function: Check) -> Check:
    """Register a check under the name of its function: `kept_stages` is `kept-stages`."""
    name = function.__name__.replace("_", "-")
    assert name not in _checks, name
    _checks[name] = function
    return function


def checks() -> dict[str, Check]:
    """All checks of all apps, by name."""
    autodiscover_modules("invariants")
    return dict(_checks)


def run(names: Iterable[str] = ()) -> Iterator[Finding]:
    """What the checks of these names find; all checks where none is named.

    They see the database at one moment, so that what an editor saves meanwhile is not half seen.
    """
    every = checks()
    with snapshot():
        for name in names or every:
            for text in every[name]():
                yield Finding(name, text)


def named(record: models.Model | type[models.Model], pk: Any = None) -> str:
    """How a finding names a record: `projects.project 5`."""
    return f"{record._meta.label_lower} {record.pk if isinstance(record, models.Model) else pk}"
