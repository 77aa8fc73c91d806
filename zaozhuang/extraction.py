"""Lets Babel read Django templates, so that nobody needs GNU gettext.

Django's own `makemessages` turns a template into something like Python before it looks for
messages. Doing the same here means that what is extracted is what `{% translate %}` and
`{% blocktranslate %}` look up, down to trimmed lines and doubled percent signs.
"""

from collections.abc import Collection, Iterator, Mapping
from io import BytesIO
from typing import Any

from babel.messages.extract import extract_python
from django.utils.translation.template import templatize


def extract_template(
    fileobj: Any, keywords: Mapping[str, Any], comment_tags: Collection[str], options: Any
) -> Iterator[Any]:
    """Babel's extraction method for templates; yields (line, function, messages, comments)."""
    code = templatize(fileobj.read().decode("utf-8"))
    # Indentation means nothing in a template, and must mean nothing to the reader of Python.
    flat = "\n".join(line.strip() for line in code.split("\n"))
    yield from extract_python(BytesIO(flat.encode("utf-8")), keywords, comment_tags, options)
