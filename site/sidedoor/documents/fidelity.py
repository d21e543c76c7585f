"""Whether a translation has the same numbers and links as its original: both should be copied, never retyped.

Digits of all scripts count as the same, and so do ways to write a number: “0808 2000 247” and “0808-2000-247”, “1.5”
and “1,5”. If the original has a word, an hour of the afternoon or a month, a translation may use figures, and it may
use a word for a number of one figure.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from babel import Locale, UnknownLocaleError
from pydantic import BaseModel

from sidedoor.documents.codes import Code
from sidedoor.documents.document import Document
from sidedoor.documents.figures import tokens
from sidedoor.documents.problems import Level, Problem
from sidedoor.documents.site import Site

_BETWEEN = r"(?:\) ?| \(|[ .:\u00a0\u202f\u2019\u066b\u066c-]|[,'](?=\d{3}(?!\d))|,(?=\d{1,2}(?!\d)))"
_NUMBER = re.compile(rf"\d(?:{_BETWEEN}?\d)*")
_FEWEST_DIGITS_DIALLED = 5
"""From this many figures on it is a number to dial, or a sum: no part of it stands for the whole."""
_FEWEST_WORDS_OF_A_SENTENCE = 5
"""From this many words on, a text is not a name that may stay as it is."""
_NUMBERS_WITHOUT_WORDS = 21
"""A number below this may stand for a word of the original, if we do not know the number words of its language."""
_ADDRESS = re.compile(r"\S+@\S+|(?:https?://)?(?:[\w-]+\.)+[a-z]{2,}\b(?:/\S*)?", re.IGNORECASE | re.ASCII)
_AFTERNOON = re.compile(r"(?<!\d)(\d{1,2})(?:[.:]\d\d)? ?p\.?m\b", re.IGNORECASE)


def check_fidelity(translation: Document, original: Document, whole: bool = True) -> Iterator[Problem]:
    """Report numbers that only the translation has, which are wrong, and anything else it adds or leaves out. A
    translation that need not be `whole`, such as another form, may leave things out."""
    text, full, file = _words(translation), _words(original), original.file
    for number in numbers_not_in(text, full, original.language):
        yield Problem(translation.file, None, Code.TRANSLATION_OTHER_NUMBER, {"number": number, "original": file})
    places, full_places = _places(translation), _places(original)
    for place in places:
        if place not in full_places and place != original.path:
            values = {"place": place, "original": file}
            yield Problem(translation.file, None, Code.TRANSLATION_OTHER_PLACE, values, level=Level.WARNING)
    left_out = (*numbers_left_out(text, full), *(place for place in full_places if place not in places))
    if whole and (untranslated := _untranslated(translation, original)):
        repeated = {"start": " ".join(untranslated[0].split()[:6]), "count": len(untranslated), "original": file}
        yield Problem(translation.file, None, Code.TRANSLATION_NOT_MADE, repeated, level=Level.WARNING)
    if left_out and whole:
        missing = {"what": left_out, "original": file}
        yield Problem(translation.file, None, Code.TRANSLATION_LEAVES_OUT, missing, level=Level.WARNING)


def check_site_fidelity(site: Site) -> Iterator[Problem]:
    """The same check on the numbers in site.toml, where it says something in several languages."""
    for field, wording in _wordings(site, site):
        own = wording[site.language]
        for language, words in wording.items():
            for number in numbers_not_in(words, own, site.language):
                values = {"number": number, "original": site.language}
                yield Problem("site.toml", None, Code.TRANSLATION_OTHER_NUMBER, values, f"{field}.{language}")
            if left_out := tuple(numbers_left_out(words, own)):
                missing = {"what": left_out, "original": site.language}
                place = f"{field}.{language}"
                yield Problem("site.toml", None, Code.TRANSLATION_LEAVES_OUT, missing, place, level=Level.WARNING)


def _words(document: Document) -> str:
    return "\n".join([document.title, document.summary, *document.sentences])


def _untranslated(translation: Document, original: Document) -> list[str]:
    """The sentences of a translation that are identical to the original's; a name of a few words may be."""
    original_sentences = set(original.sentences)
    return [
        words
        for words in translation.sentences
        if len(words.split()) >= _FEWEST_WORDS_OF_A_SENTENCE and words in original_sentences
    ]


def _places(document: Document) -> dict[str, None]:
    """Where a document leads, without the place on a page, and whose cards it shows, each once."""
    return dict.fromkeys([*(link.partition("#")[0] for link in document.links), *document.contact_ids])


def _wordings(part: Any, site: Site, field: str = "") -> Iterator[tuple[str, Mapping[str, str]]]:
    """Each text of site.toml that is given in the site's own language and in others, with its field."""
    if isinstance(part, BaseModel):
        for name in type(part).model_fields:
            yield from _wordings(getattr(part, name), site, f"{field}.{name}".lstrip("."))
    elif isinstance(part, Mapping):
        if site.language in part and all(name in site.languages and isinstance(part[name], str) for name in part):
            yield field, part
        else:
            for name, value in part.items():
                yield from _wordings(value, site, f"{field}.{name}")
    elif isinstance(part, tuple):
        for number, value in enumerate(part, start=1):
            yield from _wordings(value, site, f"{field}.{number}")


def numbers(text: str) -> list[str]:
    """Every number in a text as it is written, in the digits 0 to 9. Numbers in web and e-mail addresses do not
    count."""
    return _NUMBER.findall(_in_western_digits(_ADDRESS.sub(" ", text)))


def numbers_not_in(text: str, original: str, language: str) -> list[str]:
    """The numbers in `text` that its `original`, which is in `language`, does not have, each once."""
    allowed = {*_numbers_of(original), *_numbers_in_words(original, language)}
    wanted = dict.fromkeys(numbers(text))
    return [
        number
        for number in wanted
        if _digits_of(number) not in allowed and not allowed.issuperset(_digit_groups(number))
    ]


def numbers_left_out(text: str, original: str) -> list[str]:
    """The numbers of two figures or more in `original` that `text` does not have, each once."""
    present = _numbers_of(text)
    wanted = (number for number in dict.fromkeys(numbers(original)) if len(_digits_of(number)) > 1)
    return [
        number
        for number in wanted
        if _digits_of(number) not in present and not present.issuperset(_digit_groups(number))
    ]


def _numbers_of(text: str) -> set[str]:
    """The numbers in a text, and the groups of digits in those too short to dial."""
    written = numbers(text)
    groups = (
        group
        for number in written
        if len(_digits_of(number)) < _FEWEST_DIGITS_DIALLED
        for group in _digit_groups(number)
    )
    return {*map(_digits_of, written), *groups}


def _numbers_in_words(text: str, language: str) -> Iterator[str]:
    words = set(re.findall(r"[^\W\d_]+", text.lower()))
    if language.startswith("en"):
        yield from (token for word in words for token in tokens(word) if token.isdigit())
    else:
        yield from map(str, range(_NUMBERS_WITHOUT_WORDS))
    yield from (number for month, number in _months(language).items() if month in words)
    for hour in _AFTERNOON.findall(_in_western_digits(text)):
        yield from (str(int(hour) % 12 + 12), "00")


@cache
def _months(language: str) -> dict[str, str]:
    try:
        names = Locale.parse(language, sep="-").months["format"]["wide"]
    except (UnknownLocaleError, ValueError):
        return {}
    return {name.lower(): str(number) for number, name in names.items()}


def _in_western_digits(text: str) -> str:
    """The text with every digit as one of 0 to 9."""
    return re.sub(r"\d", lambda match: str(unicodedata.digit(match[0])), text)


def _digits_of(number: str) -> str:
    return re.sub(r"\D", "", number)


def _digit_groups(number: str) -> list[str]:
    return re.findall(r"\d+", number)
