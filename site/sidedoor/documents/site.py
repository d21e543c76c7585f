"""site.toml: everything that is the owner's to choose. No other module knows a country, a number to call or a name."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal
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
    """What is said in `language`; where it is said in others alone, in the one that is written first."""
    return wording.get(language) or next(iter(wording.values()))


Wording = Annotated[Mapping[str, Words], BeforeValidator(_in_languages), Field(min_length=1)]
"""Words of the owner's: one string for every language, or a table of them by language, `{ en = "…", cy = "…" }`."""
LongWording = Annotated[
    Mapping[str, Annotated[str, Field(min_length=1, max_length=400)]],
    BeforeValidator(_in_languages),
    Field(min_length=1),
]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Wrong(Code.NOT_A_ZONE, written=name) from None
    return name


def _spoken(written: Any) -> Any:
    """`languages = ["en", "cy"]` is short for a table of them in which nothing is said."""
    if isinstance(written, list | tuple):
        return {code if isinstance(code, str) else "": {} for code in written}
    return written


LanguageTag = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[a-z0-9]{2,8})*$")]
"""A language as BCP 47 names it, in small letters: they stand in addresses."""
TimeZone = Annotated[str, AfterValidator(_zone)]
"""A name of the time zone database: `Europe/London`."""


def _locale(tag: str) -> str:
    try:
        Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        raise Wrong(Code.NOT_A_LOCALE, written=tag) from None
    return tag


class Emergency(Model):
    """Whom to call in danger. Pages name this number and no other; without it they name none."""

    number: Digits
    silent: LongWording | None = None
    """What somebody does who calls it and cannot speak, in a sentence."""
    text: LongWording | None = None
    """What somebody does who can only text, in a sentence."""


def emergency_number(site: "Site") -> str:
    """The number that this site says to call in danger; empty if it names none."""
    return site.emergency.number if site.emergency else ""


class Place(Model):
    """A nation, a province, a county: where a contact is for. Readers choose among these."""

    id: Id
    name: Wording


class Audience(Model):
    """Whom a contact is for. Readers choose among these."""

    id: Id
    name: Wording
    everyone: bool = False
    """Whatever a reader chooses, contacts for this one are shown, too."""


class Menu(Model):
    """What the menu of every page leads to, in this order. Help now comes first, whatever it says."""

    pages: tuple[OwnPath, ...]
    names: Mapping[str, Wording] = {}
    """What it calls them, by address: else each page's own title."""


Icon = Literal["phone", "path", "two", "mirror"]
"""The small drawings of templates/icons.html."""


class Situation(Model):
    """A choice on the front page: what somebody says, and the help page that answers."""

    says: Wording
    page: Slug
    icon: Icon = "path"


class Group(Model):
    """A heading in the list of help pages."""

    id: str
    title: Wording


class Area(Model):
    """A part of the country that some contacts are for. Whoever is in it is in each area it lies `within`, too."""

    name: Words
    within: tuple[str, ...] = ()


class Spoken(Model):
    """A language that the site speaks."""

    show: Literal["reviewed", "all"] = "reviewed"
    """Whether pages that nobody who knows the language has read yet are shown, under a line that says so."""
    telling_words: tuple[str, ...] = ()
    """What the titles of its pages may not hold: see `telling_words` of the site."""


class Form(Spoken):
    """Another form of pages in the site's own language, for readers whom the usual one does not serve: Easy Read.

    It has the pages that are written in it, and is lent none.
    """

    name: Words
    """What its readers call it."""


class Press(Model):
    """Who answers the press."""

    name: Words
    phone: Digits | None = None
    email: EmailAddress | None = None
    url: OwnOrWebAddress | None = None


def _minute(written: Any) -> int:
    if not isinstance(written, str) or not re.fullmatch(r"(?:[01]\d|2[0-3]):[0-5]\d|24:00", written.strip(), re.ASCII):
        raise Wrong(Code.NOT_A_TIME_OF_DAY, written=written)
    hour, minute = written.strip().split(":")
    return 60 * int(hour) + int(minute)


TimeOfDay = Annotated[int, BeforeValidator(_minute)]
"""Minutes since midnight by the clock on the wall, written HH:MM; 24:00 is the end of the day."""


class Slot(Model):
    """A part of some weekdays in which the chat is open, in wall times of the site's zone."""

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
    """A day on which the chat is closed, and what it is called."""

    day: date
    name: Wording


class Chat(Model):
    """The live chat. Without this part of site.toml there is none."""

    answered_by: Wording
    """Who answers, in the readers' words: `advisers of our own, who are trained for this`."""
    confidential: LongWording
    """What stays between reader and adviser, and what cannot."""
    open: tuple[Slot, ...] = ()
    """Its hours. Without any, none are promised: it is open whenever an adviser is present."""
    closed_on: tuple[date, ...] = ()
    holidays: tuple[Holiday, ...] = ()
    """Days on which it is closed as well, with a name that readers are told."""
    languages: tuple[str, ...] = ()
    """Those that advisers may say they can write. Without any, the site's own."""
    instead: tuple[str, ...] = ()
    """The ids of the contacts that readers are shown while nobody can answer here."""
    ready: Mapping[str, Annotated[tuple[Answer, ...], Field(min_length=1)]] = {}
    """Answers that advisers often give, by group. They take the place of the ones that come along. One that begins with
    a slash and a word, `/hello`, is got by typing them."""
    ready_in: Mapping[str, Mapping[str, Annotated[tuple[Answer, ...], Field(min_length=1)]]] = {}
    """The same in other languages: by language, then by group."""
    most_waiting: Annotated[int, Field(ge=1, le=500)] = 10
    """With so many waiting in reach, readers are given those contacts instead."""
    most_from_one_network: Annotated[int, Field(ge=1, le=500)] = 6
    """So many chats of one network run at once. A house shares one, and so may a whole mobile provider."""

    def is_closed_on(self, day: date) -> bool:
        """Whether no slot of its hours counts on that day."""
        return day in self.closed_on or any(holiday.day == day for holiday in self.holidays)


class Security(Model):
    """Where security problems are reported: security.txt."""

    contact: ReachedBy = "/feedback"


class Site(Model):
    """site.toml: what the owner of the site chooses."""

    name: Annotated[str, Field(min_length=1, max_length=30)]
    organisation: Words
    must_act: LongWording | None = None
    """What readers have to know of it before they write to it: that it must act on some of what it reads, say."""
    language: str = "en"
    languages: Annotated[Mapping[LanguageTag, Spoken], BeforeValidator(_spoken)] = {}
    """Every language it speaks, its own first. They are their addresses' first part: `/cy/help`."""
    forms: Mapping[LanguageTag, Form] = {}
    """Other forms of pages in its own language, as if they were languages: `/en-simple/help`."""
    dates: Mapping[str, Annotated[str, AfterValidator(_locale)]] = {}
    """How days are written, by language: `en = "en-CA"`. A language that is not here writes its own way."""
    timezone: TimeZone = "UTC"
    exit: Annotated[tuple[WebAddress, ...], Field(min_length=1, max_length=2)]
    exit_title: Annotated[str, Field(min_length=1, max_length=30)] = "Untitled"
    url: WebAddress | None = None
    hosts: tuple[str, ...] = ()
    telling_words: tuple[str, ...] = ()
    words_to_avoid: Mapping[str, str] = {}
    """What news had better not say, and what to write instead."""
    words: Mapping[str, Mapping[str, Annotated[str, Field(min_length=1, max_length=600)]]] = {}
    """Sentences of the interface in words of the owner's own, by language."""
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
        own, spoken = written.get("language", "en"), _spoken(written.get("languages", {}))
        if not isinstance(spoken, Mapping) or not isinstance(own, str):
            return written
        return {**written, "languages": {own: spoken.get(own, {}), **spoken}}

    def folder(self, language: str) -> str:
        """The first part of addresses and files in `language`; none in the site's own."""
        return "" if language == self.language else language

    def spoken(self, folder: str) -> Spoken | None:
        """What is said of the language or form whose pages stand in a folder; None of what it does not have."""
        return self.forms.get(folder) or self.languages.get(folder)

    @property
    def zone(self) -> ZoneInfo:
        """The zone that wall times are written in."""
        return ZoneInfo(self.timezone)

    def locale(self, language: str) -> Locale:
        """How `language` writes days here; English, if that is no language whose days anybody knows."""
        try:
            return Locale.parse(self.dates.get(language, language), sep="-")
        except (UnknownLocaleError, ValueError):
            return Locale("en")
