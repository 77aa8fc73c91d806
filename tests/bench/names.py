"""What the synthetic names are found by, made of their words instead of read from each name.

Reading the pinyin of a million names would take minutes; their words are a few thousand.
"""

from functools import cache
from typing import NamedTuple

from pypinyin import Style, lazy_pinyin

from projects.search import keys, normal
from projects.words import words as words_of


class Word(NamedTuple):
    """A word with what it adds to the keys of a name: itself, its pinyin and its initials."""

    text: str
    key: str
    sound: str
    initials: str


@cache
def word(text: str) -> Word:
    return Word(
        text,
        normal(text),
        normal("".join(lazy_pinyin(text))),
        normal("".join(lazy_pinyin(text, style=Style.FIRST_LETTER))),
    )


@cache
def words(*texts: str) -> Word:
    """Words that stand together, as one."""
    return Word(*("".join(parts) for parts in zip(*map(word, texts), strict=True)))


@cache
def normal_once(text: str) -> str:
    return normal(text)


class Found(NamedTuple):
    """What a name is found by: its keys, and the pairs of Chinese characters in them."""

    keys: list[str]
    pairs: list[str]

    @classmethod
    def by(cls, keys: list[str]) -> "Found":
        return cls(keys, words_of("\n".join(keys)).split(" "))


@cache
def place_found(*names: str) -> Found:
    """Of the names of a place, Chinese and English, which are spelled character by character."""
    found: list[str] = []
    for name in names:
        found += [normal_once(name)] if name.isascii() else words(*name)[1:]
    return Found.by(list(dict.fromkeys(found)))


@cache
def product_found(*names: str) -> Found:
    return Found.by(keys(*names))


@cache
def pairs_of(text: str) -> list[str]:
    """The words of the search's index of a text, such as what names end with."""
    return words_of(text).split(" ")


def texts(name: tuple[str, str], own: list[str], related: list[Found]) -> tuple[str, str]:
    """The search text and the words of its index, as projects.search and projects.words make them.

    The name is in two parts, of which the first is a pair of characters.
    """
    first, rest = name
    pairs = [first, first[1] + rest[0], *pairs_of(rest)]
    besides: list[str] = []
    for found in related:
        besides += found.keys
        pairs += found.pairs
    return document(own, besides), " ".join(dict.fromkeys(pairs))


def document(own: list[str], related: list[str]) -> str:
    """As projects.search.document, of keys instead of names."""
    named, besides = dict.fromkeys(own), dict.fromkeys(related)
    for key in named:
        besides.pop(key, None)
    text = "\n" + "\n".join(named) + "\n"
    return text + "\t" + "\n\t".join(besides) + "\n" if besides else text
