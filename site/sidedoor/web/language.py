"""The language of the page being made: its interface strings (gettext), its direction, its dates."""

import gettext
import io
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from functools import cache, lru_cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask, g, request
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from sidedoor.documents.codes import Code
from sidedoor.documents.document import Document
from sidedoor.documents.problems import Level, Problem
from sidedoor.documents.site import Wording
from sidedoor.web.current import current_public
from sidedoor.web.language_layer import FORM_KEY, LANGUAGE_KEY

N_ = str
"""Marks, for translators, a sentence that other code translates."""
_NUMBER = re.compile(r"([+(]?\d(?:[ ():./-]{0,2}\d)+)")
"""A number in what somebody wrote. The chat's scripts have the same: chat.js, desk/chats/board.js."""
LOCALE = Path(__file__).resolve().parents[1] / "locale"


def current_language() -> str:
    """BCP 47 tag of the page being made, or of a part of it that is in another language."""
    return getattr(g, "language", None) or page_language()


def page_language() -> str:
    """BCP 47 tag of the page being made: that of its address, or the site's."""
    return request.environ.get(LANGUAGE_KEY) or current_public().site.language


def requested_folder() -> str:
    """The folder that `PublicLibrary.find` looks in: the language of the address, or a form of the site's own."""
    return request.environ.get(FORM_KEY) or page_language()


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Make a part of a page in another language than the page's."""
    before, g.language = getattr(g, "language", None), language
    try:
        yield
    finally:
        g.language = before


@cache
def translations(language: str) -> gettext.NullTranslations:
    """The interface strings in `language`, straight from its .po file; English if there is none."""
    path = LOCALE / language / "LC_MESSAGES" / "sidedoor.po"
    if not path.is_file():
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    with path.open("rb") as source:
        write_mo(compiled, read_po(source))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def translate(text: str) -> str:
    """`text` in the language of the page being made: in the owner's words where site.toml has any, else translated.

    Imported as `_`, which is what marks a string for translators.
    """
    language = current_language()
    return _own_words(language, text) or translations(language).gettext(text)


def translate_number(singular: str, plural: str, number: int) -> str:
    """The same for a sentence that depends on a number. The owner's words are those for `singular` at 1, else for
    `plural`."""
    language = current_language()
    own = _own_words(language, singular if number == 1 else plural)
    return own or translations(language).ngettext(singular, plural, number)


def _own_words(language: str, text: str) -> str:
    """The owner's words for a sentence; empty if they lack a placeholder of it."""
    own = current_public().site.words.get(language, {}).get(text, "")
    return own if own and own_words_fit(text, own) else ""


@lru_cache(maxsize=1024)
def own_words_fit(text: str, own: str) -> bool:
    """Whether the owner's words have the placeholders of a sentence, such as `%(number)s`, and no other percent
    sign."""
    placeholder = re.compile(r"%\(\w+\)s")
    return sorted(placeholder.findall(text)) == sorted(placeholder.findall(own)) and "%" not in placeholder.sub("", own)


def has_words(language: str) -> bool:
    """Whether the interface has words in a language. English is what code and templates are written in."""
    return language.split("-")[0] == "en" or (LOCALE / language / "LC_MESSAGES" / "sidedoor.po").is_file()


@cache
def interface_sentences() -> frozenset[str]:
    """Every sentence of the interface, as code and templates write it: those that an owner can put in their own
    words."""
    sentences = set()
    for path in LOCALE.glob("*/LC_MESSAGES/sidedoor.po"):
        for message in read_po(io.BytesIO(path.read_bytes())):
            sentences |= {message.id} if isinstance(message.id, str) else set(message.id)
    return frozenset(sentences - {""})


@cache
def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def direction(language: str) -> str:
    """`ltr` or `rtl`."""
    return _locale(language).text_direction


def language_name(language: str) -> str:
    """What its speakers call a language: `Cymraeg`."""
    return (_locale(language).get_display_name(language) or language).capitalize()


def long_date(moment: date | datetime) -> str:
    """A day in words, in the site's zone and as its language writes days there: `24 November 2026`."""
    site = current_public().site
    if isinstance(moment, datetime):
        moment = moment.astimezone(site.zone).date()
    return format_date(moment, "long", locale=site.locale(current_language()))


def said(wording: Wording | None) -> str:
    """The owner's words in the language of the page being made, or else marked with the language they are in; empty if
    there are none."""
    if not wording:
        return ""
    language = current_language()
    if language in wording:
        return wording[language]
    written, words = next(iter(wording.items()))
    return marked(words, written or current_public().site.language)


def marked(words: str, language: str) -> str:
    """Words for the page being made, marked with their language if that is not the page's."""
    if not words or language == current_language():
        return words
    return Markup('<span lang="{}" dir="{}">{}</span>').format(language, direction(language), words)


def name_in_english(language: str) -> str:
    """What to say when asking for an interpreter: `Urdu`."""
    return _locale(language).get_display_name("en") or language


def name_for_staff(language: str) -> str:
    """What the desk calls a language: in English, and as its speakers do, who may be asked: `Urdu (اردو)`."""
    english, own = name_in_english(language), language_name(language)
    return english if english == own else f"{english} ({own})"


def in_site_language(text: str) -> str:
    """A sentence of the interface in the site's own language, for what is said in both languages."""
    language = current_public().site.language
    with speaking(language):
        translated = translate(text)
    return marked(translated, language)


def language_in_words(language: str) -> str:
    """What speakers of the page's language call another language: `Saesneg`."""
    return _locale(language).get_display_name(_locale(current_language())) or language


def address_of(page: Document) -> str:
    """The address of a page for the reader of the page being made; of one that is lent, in their language."""
    return in_own_language(page.path)


def in_own_language(address: str) -> str:
    """The address of a page of the site's own language for the reader of the page being made: `/cy/help`."""
    return current_public().in_language(address, page_language())


@pass_context  # so that Jinja does not evaluate it only once, for the first language
def _here(_context: Context, address: str) -> str:
    return in_own_language(address)


def dialled(number: str) -> str:
    """A number, a time or a code, kept in its own order within right-to-left text."""
    return Markup('<bdi dir="ltr">{}</bdi>').format(number) if direction(current_language()) == "rtl" else number


def in_dialling_order(text: str) -> Markup:
    """Words that somebody wrote, in whatever language, with each number kept in its own order."""
    pieces = (
        escape(piece) if at % 2 == 0 else Markup('<bdi dir="ltr">{}</bdi>').format(piece)
        for at, piece in enumerate(_NUMBER.split(text))
    )
    return Markup("").join(pieces)


def awaiting_review(languages: Collection[str]) -> list[Problem]:
    """A warning for each of `languages` whose interface no human translator has read yet: its .po file says so in its
    header."""
    return [
        Problem(
            f"locale/{path.parents[1].name}",
            None,
            Code.TRANSLATION_AWAITS_REVIEW,
            {"language": language_name(path.parents[1].name)},
            level=Level.WARNING,
        )
        for path in sorted(LOCALE.glob("*/LC_MESSAGES/sidedoor.po"))
        if path.parents[1].name in languages and "X-Awaiting-Review: yes" in path.read_text("utf-8")
    ]


def speak_languages(app: Flask) -> None:
    """Give templates `_()`, `lang`, `dir` and the filters `longdate`, `said`, `marked` and `here`."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        translate,
        translate_number,
        newstyle=True,
    )
    app.jinja_env.filters["longdate"] = long_date
    app.jinja_env.filters["said"] = said
    app.jinja_env.filters["marked"] = marked
    app.jinja_env.filters["direction"] = direction
    app.jinja_env.filters["own_name"] = language_name
    app.jinja_env.filters["name_in_english"] = name_in_english
    app.jinja_env.filters["here"] = _here
    app.jinja_env.filters["dialled"] = dialled
    app.jinja_env.filters["in_dialling_order"] = in_dialling_order
    app.jinja_env.filters["address"] = address_of
    app.jinja_env.globals["language_in_words"] = language_in_words
    app.jinja_env.globals["in_site_language"] = in_site_language

    @app.context_processor
    def _language() -> dict[str, str]:
        return {"lang": current_language(), "dir": direction(current_language())}
