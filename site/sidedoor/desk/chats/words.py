"""The words of the desk's chat pages: ready answers, why a chat ended, and who wrote which line."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sidedoor.chat.hours import is_open, next_opening
from sidedoor.chat.model import Message, Who
from sidedoor.desk.words import moment_in_words
from sidedoor.documents.models import Contact
from sidedoor.documents.site import Emergency, Site, in_language
from sidedoor.web.language import N_, own_words_fit, translations

ENDS = {
    "hidden": "The reader left in a hurry. Do not contact them.",
    "reader": "The reader ended it.",
    "adviser": "You ended it.",
    "quiet": "It was quiet for fifteen minutes, so it ended.",
    "blocked": "You ended it for a threat or a disturbance.",
    "broken": "Its words could no longer be read, so it was ended. The reader was told, and given numbers to call.",
}
COLLEAGUE_HAS_IT = "A colleague has this chat now."
UNKNOWN = "This chat is no longer known: it is over, and nothing of it is kept."
REFUSED = {
    "empty": "There is nothing in the box yet.",
    "long": "That is too long. Send it in parts.",
    "often": "That was a lot at once. Wait a moment, then send it again.",
    "over": "The chat is over. What you wrote was not sent.",
    "pause": "This is your pause. Say that you are ready, if you are.",
    "gone": "A colleague was quicker, or it is over.",
    "closed": "The desk of that colleague gives no sign just now. Choose somebody else, or wait a moment.",
    "here": "The desk of its adviser is back, so it stays there.",
}
EVENTS = {
    "joined": "{} reads along from here. The reader is told.",
    "handed": "{} goes on from here. The reader is told.",
}
ALARMS = {
    "waiting": ("Somebody waits.", "{} people wait."),
    "unanswered": ("A reader of yours has waited for a minute.", "{} readers of yours have waited for a minute."),
    "out of reach": ("A reader of yours is out of reach.", "{} readers of yours are out of reach."),
    "left": ("A colleague's desk gives no sign.", "Colleagues' desks give no sign: {} chats."),
}
"""The sentences for one chat and for several. They are read aloud, and anybody beside the desk can see them, so they
reveal nothing."""
_DANGER = "In danger"
HOURS_OF_A_BLOCK = (1, 4, 24)
_READY: Mapping[str, tuple[tuple[str, str], ...]] = {
    "To begin": (
        ("/hello", N_("Hello, you have reached an adviser. Are you safe to write just now?")),
        ("/here", N_("Thank you for waiting. I am here now. Take the time you need.")),
        ("/name", N_("You need not tell me your name, or where you are.")),
    ),
    _DANGER: (
        ("/danger", N_("Are you in danger at this moment? If so, please call the police, or an ambulance.")),
        ("/hide", N_("If you have to leave at once, press “Hide this page”. It ends this chat and deletes it.")),
    ),
    "To listen": (
        ("/thank", N_("Thank you for telling me. It is not your fault.")),
        ("/more", N_("Would you like to tell me a little more about that?")),
        ("/help", N_("What would help you most just now?")),
    ),
    "To end": (
        ("/else", N_("Is there anything else that you would like to ask?")),
        ("/back", N_("You can come back at any time. Nothing of this chat is kept, so you would start afresh.")),
        ("/clear", N_("Before you go: does anybody look at this phone or computer? “End and clear” deletes the chat.")),
    ),
}
_CALL = ("/%(number)s", N_("Are you in danger at this moment? If so, please call %(number)s."))
"""The usual ready answers. They are in the catalogues of the interface (locale/), and are reviewed with them. They name
buttons as the reader's page does. An owner writes different ones with `ready_in` in site.toml."""
_SHORTCUT = re.compile(r"(/\S+)\s+(?=\S)")


@dataclass(frozen=True)
class Ready:
    """A ready answer, and what an adviser types to get it, such as `/hello`; empty if it has no shortcut."""

    shortcut: str
    text: str


def ready_answers(site: Site, language: str = "") -> Mapping[str, tuple[Ready, ...]]:
    """Return the ready answers, by group, in the language of the reader if there are any.

    They come from site.toml; otherwise they are the usual ones, with this site's emergency number. An answer that
    begins with a slash and a word has these as its shortcut.
    """
    language = language or site.language
    chosen = site.chat and (site.chat.ready_in.get(language) or site.chat.ready)
    if chosen:
        return {group: tuple(map(_ready, answers)) for group, answers in chosen.items()}
    groups = {
        group: tuple(Ready(name, _in_language(text, site, language)) for name, text in answers)
        for group, answers in _READY.items()
    }
    if site.emergency:
        name, text = _CALL
        call = Ready(
            *(words % {"number": site.emergency.number} for words in (name, _in_language(text, site, language)))
        )
        ways = (Ready("", way) for way in _ways(site.emergency, language))
        groups[_DANGER] = (call, *ways, *groups[_DANGER][1:])
    return groups


def _ready(written: str) -> Ready:
    """A ready answer from the text that an owner writes."""
    shortcut = _SHORTCUT.match(written)
    return Ready(shortcut[1], written[shortcut.end() :]) if shortcut else Ready("", written)


def _in_language(text: str, site: Site, language: str) -> str:
    """A usual answer in a language: in the owner's words if site.toml has any, as for every other sentence."""
    own = site.words.get(language, {}).get(text, "")
    return own if own and own_words_fit(text, own) else translations(language).gettext(text)


def closed_words(site: Site, now: datetime) -> str:
    """Return that readers find the chat closed although somebody is present, because of its hours, and when it opens;
    empty if they do not. A holiday closes it too."""
    if not site.chat or is_open(site.chat, site.zone, now):
        return ""
    opens = next_opening(site.chat, site.zone, now)
    then = f"It opens on {moment_in_words(opens, site)}." if opens else "It has no opening hours in the next two weeks."
    return f"These are not its opening hours: the chat is closed to new readers, whoever is present. {then}"


def emergency_steps(site: Site) -> tuple[str, ...]:
    """Return the steps that an adviser takes for somebody in danger now."""
    number = site.emergency.number if site.emergency else "the police, or an ambulance"
    return (
        f"Ask: are you in danger at this moment, and can you call {number}?",
        *(_ways(site.emergency) if site.emergency else ()),
        f"Ask where they are only if you are to call {number} for them.",
        f"Call {number} yourself. Tell your supervisor.",
    )


def _ways(emergency: Emergency, language: str = "en") -> tuple[str, ...]:
    ways = (emergency.silent, emergency.text)
    return tuple(in_language(way, language) for way in ways if way)


@dataclass(frozen=True)
class Line:
    """A message as the desk shows it; `name` says who wrote it."""

    number: int
    who: Who
    name: str
    text: str


def lines(messages: Iterable[Message], me: str) -> list[Line]:
    """Return the messages as the desk shows them to the colleague called `me`."""
    return [_line(message, me) for message in messages]


def lines_of_practice(messages: Iterable[Message]) -> list[Line]:
    """Return the messages as the person who plays the reader sees them: without notes."""
    names = {"reader": "You, as the reader", "adviser": "Adviser"}
    shown = (message for message in messages if message.who != "note")
    return [replace(_line(message, ""), name=names.get(message.who, "")) for message in shown]


def card(contact: Contact) -> str:
    """Return a contact as an adviser sends it."""
    phone = f"{contact.phone} ({contact.phone_note})" if contact.phone and contact.phone_note else contact.phone
    text = f"Text {contact.text}" if contact.text else None
    return "\n".join(part for part in (contact.name, phone, text, contact.hours, contact.url) if part)


def _line(message: Message, me: str) -> Line:
    text = EVENTS[message.who].format(message.author) if message.who in EVENTS else message.text
    return Line(message.number, message.who, _name(message, me), text)


def _name(message: Message, me: str) -> str:
    match message.who:
        case "reader":
            return "Reader"
        case "note":
            return f"Note from {message.author}"
        case "adviser":
            return "You" if message.author == me else message.author or "Adviser"
        case _:
            return ""
