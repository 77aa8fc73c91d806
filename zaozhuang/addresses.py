"""Addresses of pages and records: the resolver is asked once for each kind of them.

A picture links to a thousand selections and a list to a hundred records; `reverse` looks the
pattern up, fills it in and matches it again for each.
"""

from functools import cache
from urllib.parse import quote

from django.urls import get_script_prefix, reverse
from django.utils.translation import get_language

MARK = "SLUG"


def page_url(name: str) -> str:
    """The address of a page that takes no argument, in the reader's language."""
    return _around(name, "", get_language(), get_script_prefix())[0]


def record_url(name: str, slug: str) -> str:
    """The address of a record's page."""
    before, after = _around(name, MARK, get_language(), get_script_prefix())
    return f"{before}{quote(slug)}{after}"


@cache
def _around(name: str, mark: str, *_reader: str | None) -> tuple[str, str]:
    """What stands before and behind the mark. It depends on all that the reader is told by."""
    before, _mark, after = reverse(name, args=[mark] if mark else []).partition(mark or "\0")
    return before, after
