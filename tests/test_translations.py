"""Every text of the interface is in the catalogue, translated, and means what it must."""

import io
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract, extract_from_dir
from babel.messages.frontend import parse_keywords, parse_mapping_cfg
from babel.messages.pofile import read_po
from django.template import Context, Template
from django.utils import translation
from django.utils.translation import trans_real

from zaozhuang.extraction import extract_template

ROOT = Path(__file__).resolve().parent.parent
PO = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
PLACEHOLDER = re.compile(r"%\((\w+)\)[a-z]|%%|%")

Key = tuple[str | None, str]


@cache
def keywords() -> dict[str, Any]:
    """The keywords of `make messages`."""
    line = re.search(r"^KEYWORDS := (.*\\\n.*)$", (ROOT / "Makefile").read_text("utf-8"), re.M)
    assert line
    words = [word for word in line[1].replace("\\", " ").split() if word != "--keyword"]
    return {**DEFAULT_KEYWORDS, **parse_keywords(words)}


@cache
def extracted() -> set[Key]:
    """Context and message of every text in the code and templates now."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, _options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    found: set[Key] = set()
    for folder in ("templates", "zaozhuang", "districts", "projects"):
        for _name, _line, message, _comments, context in extract_from_dir(
            ROOT / folder, methods, keywords=keywords()
        ):
            found.add((context, message if isinstance(message, str) else message[0]))
    return found


@cache
def catalogue() -> Catalog:
    with PO.open("rb") as file:
        return read_po(file, locale="zh_Hans")


def messages() -> list[Message]:
    return [message for message in catalogue() if message.id]


def singular(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def originals(message: Message) -> list[str]:
    return [message.id] if isinstance(message.id, str) else list(message.id)


def translations(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string or [])


def test_the_catalogue_has_just_the_texts_that_are_used() -> None:
    """Run `make messages` when this fails."""
    kept = {(message.context, singular(message)) for message in messages()}
    assert kept - extracted() == set()
    assert extracted() - kept == set()
    assert dict(catalogue().obsolete) == {}


def test_every_text_is_translated() -> None:
    empty = [message.id for message in messages() if not all(translations(message))]
    assert empty == []


def test_no_translation_is_a_guess() -> None:
    assert [message.id for message in messages() if message.fuzzy] == []


def test_placeholders_agree() -> None:
    for message in messages():
        allowed = {name for text in originals(message) for name in PLACEHOLDER.findall(text)}
        # A plural form may leave out the number, the only form of Chinese may not.
        needed = set(PLACEHOLDER.findall(originals(message)[-1]))
        for text in translations(message):
            used = set(PLACEHOLDER.findall(text))
            assert needed <= used <= allowed, message.id


def test_chinese_has_one_form_for_any_number() -> None:
    header = dict(catalogue().mime_headers)
    assert header["Plural-Forms"] == "nplurals=1; plural=0;"
    assert header["Language"] == "zh_Hans"
    plural = [message for message in messages() if not isinstance(message.id, str)]
    assert all(len(translations(message)) == 1 for message in plural)


def test_english_needs_no_catalogue_and_never_falls_back_to_chinese() -> None:
    checked = 0
    for message in messages():
        if message.context or not isinstance(message.id, str):
            continue
        # The framework's own English catalogue has nothing to say about our texts either.
        with translation.override("en"):
            assert translation.gettext(message.id) == message.id
        checked += 1
    assert checked > 100


def test_chinese_readers_get_chinese() -> None:
    with translation.override("zh-hans"):
        assert translation.gettext("under construction") == "在建"
        assert translation.gettext("not yet due") == "未到期"
    with translation.override("en"):
        assert translation.gettext("under construction") == "under construction"


SAMPLE = """{% load i18n %}
<p>it's {% translate "Hello 10%" %} "quoted {% translate 'short' context "of a name" as y %}
   {% if a == _("constant") %}({[ {% endif %}
      {% blocktranslate trimmed count n=n %}
        One project in {{ place }}, 5% of all
      {% plural %}
        {{ n }} projects
        in {{ place }}
      {% endblocktranslate %}
 {% blocktranslate context "list" with a=n %}a "b" {{ a }}
 line{% endblocktranslate %}
{{ _("shown") }} {{ empty|default:_("argument") }} \\ '''
{% translate "last" %}
"""


def test_what_is_extracted_is_what_templates_look_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our extractor against Django itself, which is asked for each text as it renders."""
    asked: set[Key] = set()

    def gettext(message: str) -> str:
        asked.add((None, message))
        return message

    def pgettext(context: str, message: str) -> str:
        asked.add((context, message))
        return message

    def ngettext(one: str, many: str, number: int) -> str:
        asked.add((None, one))
        return many

    # Django keeps what it once took from trans_real, so that is replaced first: else the
    # stand-ins would be taken for the originals and stay after this test.
    for name in ("gettext", "pgettext", "ngettext"):
        monkeypatch.setattr(f"django.utils.translation._trans.{name}", locals()[name])
    monkeypatch.setattr(trans_real, "gettext", gettext)
    monkeypatch.setattr(trans_real, "pgettext", pgettext)
    monkeypatch.setattr(trans_real, "ngettext", ngettext)

    html = Template(SAMPLE).render(Context({"n": 3, "place": "甲", "a": 1, "empty": ""}))

    found = {
        (context, message if isinstance(message, str) else message[0])
        for _line, message, _comments, context in extract(
            extract_template, io.BytesIO(SAMPLE.encode()), keywords()
        )
    }
    assert found == asked
    assert len(found) == 8
    assert "Hello 10%" in html
    assert "3 projects in 甲" in html


def test_the_lazy_forms_in_python_are_found() -> None:
    code = b"""
a = gettext_lazy("one")
b = pgettext_lazy("context", "two")
c = ngettext_lazy("three", "threes", "n")
d = npgettext_lazy("context", "four", "fours")
e = _("five") + pgettext("context", "six") + npgettext("context", "seven", "sevens", n)
"""
    found = [
        (context, message)
        for _line, message, _comments, context in extract("python", io.BytesIO(code), keywords())
    ]
    assert found == [
        (None, "one"),
        ("context", "two"),
        (None, ("three", "threes")),
        ("context", ("four", "fours")),
        (None, "five"),
        ("context", "six"),
        ("context", ("seven", "sevens")),
    ]
