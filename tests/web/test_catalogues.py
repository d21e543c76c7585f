"""The interface in every language that ships: every sentence, its placeholders, and the language's own script."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from sidedoor.documents.fidelity import numbers
from sidedoor.web.language import LOCALE, translations

SHIPPED = ["ar", "bn", "cy", "fa", "pa", "pl", "ro", "so", "ur", "zh"]
SCRIPTS = {"ar": "ARABIC", "bn": "BENGALI", "fa": "ARABIC", "pa": "GURMUKHI", "ur": "ARABIC", "zh": "CJK"}  # else Latin
WRITTEN_IN_LATIN = re.compile(r"Shift|Wi-Fi|\bcookie\b")  # names that stay the same in every script
SAME_AS_ENGLISH = {"cy": ["Help"], "pl": ["Menu"], "ro": ["Contact"]}
FILLED_IN = re.compile(r"%\(\w+\)s")
PLACE = re.compile(r"https?://\S+|(?<!\S)/[a-z][\w/-]*|\S+@\S+")
# Embeddings and overrides leak into the text after them; templates isolate numbers with elements instead.
DIRECTION_MARKS = set("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@cache
def _catalogue(language: str) -> Catalog:
    with (LOCALE / language / "LC_MESSAGES/sidedoor.po").open("rb") as source:
        return read_po(source)


def _forms(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def _pairs(message: Message) -> Iterator[tuple[str, str]]:
    """Each form of a message with the English that it translates."""
    english = message.id if isinstance(message.id, str) else message.id[-1]
    yield from ((english, form) for form in _forms(message))


def _numbers(text: str) -> list[str]:
    return sorted(re.sub(r"\D", "", number) for number in numbers(text))


@pytest.fixture(scope="module")
def sentences() -> set[str]:
    methods = [("templates/**.html", "jinja2.ext:babel_extract"), ("**.py", "python")]
    messages = (message for _, _, message, _, _ in extract_from_dir(LOCALE.parent, methods))
    return {message if isinstance(message, str) else message[0] for message in messages}


def test_exactly_these_languages_ship() -> None:
    assert sorted(path.name for path in LOCALE.iterdir() if path.is_dir()) == SHIPPED


@pytest.mark.parametrize("language", SHIPPED)
def test_every_sentence_of_the_interface_is_translated(language: str, sentences: set[str]) -> None:
    catalogue = _catalogue(language)
    translated = {
        m.id if isinstance(m.id, str) else m.id[0] for m in catalogue if m.id and all(form for _, form in _pairs(m))
    }
    assert sorted(sentences - translated) == []


@pytest.mark.parametrize("language", SHIPPED)
def test_plurals_follow_the_languages_own_rules(language: str) -> None:
    catalogue, words = _catalogue(language), translations(language)
    assert catalogue.plural_forms == Catalog(locale=language).plural_forms
    for message in catalogue:
        if message.id and not isinstance(message.id, str):
            singular, plural = message.id
            assert len(_forms(message)) == catalogue.num_plurals
            assert all(words.ngettext(singular, plural, number) in _forms(message) for number in range(130))


@pytest.mark.parametrize("language", SHIPPED)
def test_placeholders_figures_and_addresses_are_those_of_the_english(language: str) -> None:
    for message in _catalogue(language):
        for english, own in _pairs(message) if message.id else ():
            assert sorted(FILLED_IN.findall(own)) == sorted(FILLED_IN.findall(english)), own
            assert "%" not in FILLED_IN.sub("", own)
            if isinstance(message.id, str):
                assert _numbers(own) == _numbers(english), own
            assert PLACE.findall(own) == PLACE.findall(english), own
            assert own == own.strip()
            assert not english.endswith(":") or own.endswith((":", "\uff1a")), own


@pytest.mark.parametrize("language", SHIPPED)
def test_no_english_is_left_and_no_character_changes_the_direction(language: str) -> None:
    for message in _catalogue(language):
        for english, own in _pairs(message) if message.id else ():
            assert own != english or english in SAME_AS_ENGLISH.get(language, [])
            assert not DIRECTION_MARKS & set(own), own
            letters = [letter for letter in WRITTEN_IN_LATIN.sub("", FILLED_IN.sub("", own)) if letter.isalpha()]
            scripts = {unicodedata.name(letter).split()[0] for letter in letters}
            assert scripts == {SCRIPTS.get(language, "LATIN")}, own
