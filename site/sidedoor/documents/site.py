"""site.toml: everything the owner chooses. No other module knows a country, a number to call or a name."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from sidedoor.documents.codes import Code
from sidedoor.documents.look import Look
from sidedoor.documents.models import (
    Digits,
    EmailAddress,
    Id,
    Model,
    OwnOrWebAddress,
    OwnPath,
    ReachedBy,
    Slug,
    WebAddress,
    Words,
)
from sidedoor.documents.problems import Wrong


def _in_languages(written: Any) -> Any:
    if not isinstance(written, str | Mapping):
        raise Wrong(Code.NOT_WORDS)
    return {"": written} if isinstance(written, str) else written


def in_language(wording: "Wording", language: str) -> str:
    """The wording in `language`; if it has none in that language, the one written first."""
    return wording.get(language) or next(iter(wording.values()))


Wording = Annotated[Mapping[str, Words], BeforeValidator(_in_languages), Field(min_length=1)]
"""The owner's words: one string for every language, or a table of them by language, `{ en = "…", cy = "…" }`."""
LongWording = Annotated[
    Mapping[str, Annotated[str, Field(min_length=1, max_length=400)]],
    BeforeValidator(_in_languages),
    Field(min_length=1),
]


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Wrong(Code.NOT_A_ZONE, written=name) from None
    return name


def _as_language_table(written: Any) -> Any:
    """`languages = ["en", "cy"]` is short for a table of languages without settings."""
    if isinstance(written, list | tuple):
        return {code if isinstance(code, str) else "": {} for code in written}
    return written


LanguageTag = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[a-z0-9]{2,8})*$")]
"""A BCP 47 language tag in small letters, because it is part of addresses."""
TimeZone = Annotated[str, AfterValidator(_known_zone)]
"""A name from the time zone database: `Europe/London`."""


def _known_locale(tag: str) -> str:
    try:
        Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        raise Wrong(Code.NOT_A_LOCALE, written=tag) from None
    return tag


class Emergency(Model):
    """Whom to call in danger. Pages name this number and no other; without this table they name none."""

    number: Digits
    silent: LongWording | None = None
    """What a caller who cannot speak does, in a sentence."""
    text: LongWording | None = None
    """What somebody who can only text does, in a sentence."""


def emergency_number(site: "Site") -> str:
    """The number that this site says to call in danger; empty if it names none."""
    return site.emergency.number if site.emergency else ""


class Place(Model):
    """A nation, a province or a county that contacts serve. Readers choose among these."""

    id: Id
    name: Wording


class Audience(Model):
    """A group of people that contacts serve. Readers choose among these."""

    id: Id
    name: Wording
    everyone: bool = False
    """Contacts for this audience are shown whatever a reader chooses."""


class Menu(Model):
    """What the menu of every page leads to, in this order. Help now always comes first."""

    pages: tuple[OwnPath, ...]
    names: Mapping[str, Wording] = {}
    """The menu's words for pages, by address; without them, each page's own title."""


Icon = Literal["phone", "path", "two", "mirror"]
"""The small drawings of templates/icons.html."""


class Situation(Model):
    """A choice on the front page: a reader's words for their situation, and the help page that answers."""

    says: Wording
    page: Slug
    icon: Icon = "path"


class Group(Model):
    """A heading in the list of help pages."""

    id: str
    title: Wording


class Area(Model):
    """A part of the country that some contacts serve. Somebody in it is also in each area it lies `within`."""

    name: Words
    within: tuple[str, ...] = ()


class LanguageSettings(Model):
    """A language that the site is written in."""

    show: Literal["reviewed", "all"] = "reviewed"
    """Whether to show pages that nobody who knows the language has read yet, under a line that says so."""
    telling_words: tuple[str, ...] = ()
    """Words that the titles of its pages may not hold: see `telling_words` of the site."""


class Form(LanguageSettings):
    """Another form of pages in the site's own language, such as Easy Read, for readers whom the usual form does not
    serve.

    It has only the pages that are written in it; no others are lent to it.
    """

    name: Words
    """Its readers' name for it."""


class Press(Model):
    """Somebody who answers the press."""

    name: Words
    phone: Digits | None = None
    email: EmailAddress | None = None
    url: OwnOrWebAddress | None = None


def _minutes_since_midnight(written: Any) -> int:
    if not isinstance(written, str) or not re.fullmatch(r"(?:[01]\d|2[0-3]):[0-5]\d|24:00", written.strip(), re.ASCII):
        raise Wrong(Code.NOT_A_TIME_OF_DAY, written=written)
    hour, minute = written.strip().split(":")
    return 60 * int(hour) + int(minute)


TimeOfDay = Annotated[int, BeforeValidator(_minutes_since_midnight)]
"""Minutes since midnight by the clock on the wall, written HH:MM; 24:00 is the end of the day."""


class Slot(Model):
    """Hours on some weekdays when the chat is open, as wall times in the site's zone."""

    days: Annotated[tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...], Field(min_length=1)]
    start: Annotated[TimeOfDay, Field(alias="from")]
    until: TimeOfDay

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> "Slot":
        if self.until <= self.start:
            raise Wrong(Code.SLOT_ENDS_FIRST)
        return self


Answer = Annotated[str, Field(min_length=1, max_length=1000)]


class Holiday(Model):
    """A day on which the chat is closed, and its name."""

    day: date
    name: Wording


class Chat(Model):
    """The live chat. A site without this table has none."""

    answered_by: Wording
    """Who answers, in the readers' words: `advisers of our own, who are trained for this`."""
    confidential: LongWording
    """What stays between reader and adviser, and what cannot."""
    open: tuple[Slot, ...] = ()
    """Its hours. Without any, no hours are promised: it is open whenever an adviser is present."""
    closed_on: tuple[date, ...] = ()
    holidays: tuple[Holiday, ...] = ()
    """More days on which it is closed, with names that readers are told."""
    languages: tuple[str, ...] = ()
    """Languages that advisers may say they can write. Without any, the site's own."""
    instead: tuple[str, ...] = ()
    """Ids of the contacts that readers are shown while nobody can answer here."""
    ready: Mapping[str, Annotated[tuple[Answer, ...], Field(min_length=1)]] = {}
    """Answers that advisers often give, by group. They replace the ones that come with the software. An answer that
    begins with a slash and a word, `/hello`, is inserted by typing them."""
    ready_in: Mapping[str, Mapping[str, Annotated[tuple[Answer, ...], Field(min_length=1)]]] = {}
    """Ready answers in other languages: by language, then by group."""
    most_waiting: Annotated[int, Field(ge=1, le=500)] = 10
    """With this many chats waiting for the advisers present, readers are shown the contacts of `instead`."""
    most_from_one_network: Annotated[int, Field(ge=1, le=500)] = 6
    """How many chats from one network may run at once. A household shares one network, and so may a whole mobile
    provider."""

    def is_closed_on(self, day: date) -> bool:
        """Whether its hours do not apply on that day."""
        return day in self.closed_on or any(holiday.day == day for holiday in self.holidays)


class Security(Model):
    """Where security problems are reported: security.txt."""

    contact: ReachedBy = "/feedback"


class Site(Model):
    """site.toml: what the owner of the site chooses."""

    name: Annotated[str, Field(min_length=1, max_length=30)]
    organisation: Words
    must_act: LongWording | None = None
    """What readers have to know about the organisation before they write to it: that it must act on some messages,
    say."""
    language: str = "en"
    languages: Annotated[Mapping[LanguageTag, LanguageSettings], BeforeValidator(_as_language_table)] = {}
    """Every language of the site, its own first. A language is the first part of its addresses: `/cy/help`."""
    forms: Mapping[LanguageTag, Form] = {}
    """Other forms of pages in its own language, treated as languages: `/en-simple/help`."""
    dates: Mapping[str, Annotated[str, AfterValidator(_known_locale)]] = {}
    """How days are written, by language: `en = "en-CA"`. A language that is not listed writes them its usual way."""
    timezone: TimeZone = "UTC"
    exit: Annotated[tuple[WebAddress, ...], Field(min_length=1, max_length=2)]
    exit_title: Annotated[str, Field(min_length=1, max_length=30)] = "Untitled"
    url: WebAddress | None = None
    hosts: tuple[str, ...] = ()
    telling_words: tuple[str, ...] = ()
    words_to_avoid: Mapping[str, str] = {}
    """Words that news should not use, and what to write instead."""
    words: Mapping[str, Mapping[str, Annotated[str, Field(min_length=1, max_length=600)]]] = {}
    """The owner's own words for sentences of the interface, by language."""
    emergency: Emergency | None = None
    look: Look = Look()
    menu: Menu | None = None
    situations: tuple[Situation, ...] = ()
    groups: tuple[Group, ...] = ()
    places: tuple[Place, ...] = ()
    audiences: tuple[Audience, ...] = ()
    areas: tuple[Area, ...] = ()
    press: Mapping[str, Press] = {}
    security: Security = Security()
    chat: Chat | None = None

    @model_validator(mode="before")
    @classmethod
    def _own_language_first(cls, written: Any) -> Any:
        if not isinstance(written, Mapping):
            return written
        own, spoken = written.get("language", "en"), _as_language_table(written.get("languages", {}))
        if not isinstance(spoken, Mapping) or not isinstance(own, str):
            return written
        return {**written, "languages": {own: spoken.get(own, {}), **spoken}}

    def folder(self, language: str) -> str:
        """The first part of addresses and files in `language`; empty for the site's own."""
        return "" if language == self.language else language

    def path_here(self, address: str, served_at: str = "") -> str | None:
        """Where on this site a link leads, under whichever of the site's host names: `/news/first#part`. None if it
        leads elsewhere. `served_at`: the address of a site that states none."""
        try:
            parts = urlsplit(address)
            host, own = (parts.hostname or "").rstrip("."), urlsplit(self.url or served_at).hostname
        except ValueError:
            return None
        names = {own, *(name.lower() for name in self.hosts)}
        if parts.netloc:
            is_here = host in names or any(name and name[0] == "." and f".{host}".endswith(name) for name in names)
            return address.partition(parts.netloc)[2] or "/" if is_here else None
        return address if address.startswith("/") else None

    def language_settings(self, folder: str) -> LanguageSettings | None:
        """The settings of the language or form whose pages are in a folder; None if the site does not have it."""
        return self.forms.get(folder) or self.languages.get(folder)

    @property
    def zone(self) -> ZoneInfo:
        """The zone that wall times are written in."""
        return ZoneInfo(self.timezone)

    def locale(self, language: str) -> Locale:
        """The locale in which `language` writes days here; English, if Babel does not know the language."""
        try:
            return Locale.parse(self.dates.get(language, language), sep="-")
        except (UnknownLocaleError, ValueError):
            return Locale("en")
