"""Names that are data, in the reader's language.

Interface strings go through gettext; names of places, projects and companies are data and
stand in two columns, `name` (Chinese) and `name_en`.
"""

import re
from collections.abc import Iterable
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

HAN = re.compile("[一-鿿]")


def reads_english() -> bool:
    """True when the active language is an English one."""
    return (get_language() or "").startswith("en")


def in_language(chinese: str, english: str) -> str:
    """The English text for English readers where there is one, else the Chinese."""
    return english if english and reads_english() else chinese


def localised(record: Any, field: str) -> str:
    """`record.<field>` or its `_en` twin, by the active language."""
    return in_language(getattr(record, field) or "", getattr(record, f"{field}_en") or "")


def remark(text: object) -> str:
    """A remark in brackets behind something else: ` (inferred)`, `（推断）`."""
    return _(" (%(remark)s)") % {"remark": text}


def sentences(*parts: str) -> str:
    """Sentences one after the other; Chinese puts no space between them."""
    return (" " if reads_english() else "").join(part for part in parts if part)


def person(user: Any) -> str:
    """A user's name as people write it, `张三` or `Ann Lee`; the name to log in with where none is known."""
    family, given = user.last_name, user.first_name
    if HAN.search(family + given):
        return f"{family}{given}"
    return " ".join(filter(None, [given, family])) or str(user.get_username())


def column(field: str) -> str:
    """The name of the column to order or group by in the reader's language."""
    return f"{field}_en" if reads_english() else field


def text_columns(*fields: str) -> list[str]:
    """The columns of which the first that is not blank is the text in the reader's language.

    What `localised` finds in a record, `first_text` finds in what these columns hold.
    """
    if not reads_english():
        return list(fields)
    return [column for field in fields for column in (f"{field}_en", field)]


def first_text(texts: Iterable[str]) -> str:
    """The first that is not blank; blank where all are."""
    return next(filter(None, texts), "")
