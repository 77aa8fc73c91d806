"""How a search finds a name: by any part of it, by its pinyin, and by its pinyin's initials.

A project's names, and those of its companies, products and district, are kept in one column
as lines of keys: 电解液 has the keys `电解液`, `dianjieye` and `djy`. A key is the name without
spaces in lower case, so a search is one question to one column. Own keys stand between line
feeds; those of what belongs to a project follow, each after a tab, so that the order of the
results can tell a project that is called so from one that has such a company.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from django.db.models import Case, F, IntegerField, Value, When
from pypinyin import Style, lazy_pinyin

from projects import words
from projects.words import Has, asked

HAN = re.compile(r"[㐀-鿿]")
SPACE = re.compile(r"[\s\x00-\x1f]+")

# The columns that hold names, by kind of record.
PROJECT_NAMES = ("name", "name_en")
COMPANY_NAMES = ("name", "name_en", "short_name", "short_name_en")
PRODUCT_NAMES = ("product", "product_en")
PLACE_NAMES = ("name", "name_en", "short_name", "short_name_en")


def normal(text: str) -> str:
    """A name or a search as it is compared: `Tian He` and `ＴＩＡＮＨＥ` are `tianhe`, `lü` is `lv`."""
    return SPACE.sub("", unicodedata.normalize("NFKC", text).casefold()).replace("ü", "v")


def keys(*names: str) -> list[str]:
    """What the names are found by: themselves, their pinyin and its initials, each once.

    pypinyin reads characters with several sounds by the phrase they stand in: 重点 is
    zhongdian and 重庆 chongqing.
    """
    found: list[str] = []
    for name in filter(None, names):
        found.append(normal(name))
        if HAN.search(name):
            found.append(normal("".join(lazy_pinyin(name))))
            found.append(normal("".join(lazy_pinyin(name, style=Style.FIRST_LETTER))))
    return list(dict.fromkeys(filter(None, found)))


def document(own: Iterable[str], related: Iterable[str] = ()) -> str:
    """The text of the column `search`: own keys between line feeds, related ones after tabs."""
    named = keys(*own)
    besides = [key for key in keys(*related) if key not in named]
    return "\n" + "".join(f"{key}\n" for key in named) + "".join(f"\t{key}\n" for key in besides)


def names(record: Any, columns: Iterable[str]) -> list[str]:
    return [getattr(record, column) for column in columns]


def company_document(company: Any) -> str:
    return document(names(company, COMPANY_NAMES))


def project_document(
    project: Any, companies: Iterable[Any] = (), products: Iterable[Any] = ()
) -> str:
    """The text of a project; its district must be loaded, or costs a query."""
    related = names(project.district, PLACE_NAMES)
    for company in companies:
        related += names(company, COMPANY_NAMES)
    for product in products:
        related += names(product, PRODUCT_NAMES)
    return document(names(project, PROJECT_NAMES), related)


def is_common(rows: Any, text: str) -> bool:
    """Whether the text stands in so many records that ordering them by how well they fit is too slow."""
    return words.is_common(rows.model, asked(normal(text)), rows.db)


def matching(rows: Any, text: str, common: bool = False) -> Any:
    """The rows found by the text; nothing in it is a wildcard. Nothing to find finds nothing."""
    wanted = normal(text)
    if not wanted:
        return rows.none()
    if pairs := asked(wanted):
        rows = rows.filter(Has(F("pk"), rows.model, pairs, common))
    # What is asked of the index as it is has been answered exactly.
    return rows if pairs == [wanted] else rows.filter(search__contains=wanted)


def relevance(text: str, column: str = "search") -> Case:
    """An expression to order by: called so, beginning so, having such a company, and the rest."""
    wanted = normal(text)
    ranks = [f"\n{wanted}\n", f"\n{wanted}", f"\t{wanted}\n", f"\t{wanted}"]
    return Case(
        *(
            When(**{f"{column}__contains": rank}, then=Value(place))
            for place, rank in enumerate(ranks)
        ),
        default=Value(len(ranks)),
        output_field=IntegerField(),
    )
