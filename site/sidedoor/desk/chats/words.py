"""The words of the desk's chat pages: ready answers, why a chat ended, and who said which line."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sidedoor.chat.model import Message, Who
from sidedoor.documents.models import Contact
from sidedoor.documents.site import Emergency, Site, in_language

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
_DANGER = "In danger"
HOURS_OF_A_BLOCK = (1, 4, 24)
_READY: Mapping[str, tuple[str, ...]] = {
    "To begin": (
        "Hello, you have reached an adviser. Are you safe to write just now?",
        "Thank you for waiting. I am here now. Take the time you need.",
        "You need not tell me your name, or where you are.",
    ),
    _DANGER: (
        "Are you in danger at this moment? If so, please call the police, or an ambulance.",
        "If you have to leave at once, press “Hide this page”. It ends this chat and deletes it.",
    ),
    "To listen": (
        "Thank you for telling me. It is not your fault.",
        "Would you like to tell me a little more about that?",
        "What would help you most just now?",
    ),
    "To end": (
        "Is there anything else that you would like to ask?",
        "You can come back at any time. Nothing of this chat is kept, so you would start afresh.",
        "Before you go: does anybody look at this phone or computer? “End and clear” deletes the chat.",
    ),
}


def ready_answers(site: Site) -> Mapping[str, tuple[str, ...]]:
    """Answers often given, by group: those of site.toml; else the usual ones, with the number this site calls."""
    if site.chat and site.chat.ready:
        return site.chat.ready
    if not site.emergency:
        return _READY
    said = (f"Are you in danger at this moment? If so, please call {site.emergency.number}.", *_ways(site.emergency))
    return {**_READY, _DANGER: (*said, *_READY[_DANGER][1:])}


def emergency_steps(site: Site) -> tuple[str, ...]:
    """What an adviser does for somebody in danger now, a step each."""
    number = site.emergency.number if site.emergency else "the police, or an ambulance"
    return (
        f"Ask: are you in danger at this moment, and can you call {number}?",
        *(_ways(site.emergency) if site.emergency else ()),
        f"Ask where they are only if you are to call {number} for them.",
        f"Call {number} yourself. Tell your supervisor.",
    )


def _ways(emergency: Emergency) -> tuple[str, ...]:
    ways = (emergency.silent, emergency.text)
    return tuple(in_language(way, "en") for way in ways if way)


@dataclass(frozen=True)
class Line:
    """One message as the desk shows it; `name` says whose it is."""

    number: int
    who: Who
    name: str
    text: str


def lines(messages: Iterable[Message], me: str) -> list[Line]:
    """The messages as the desk shows them to the colleague called `me`."""
    return [_line(message, me) for message in messages]


def card(contact: Contact) -> str:
    """A contact as an adviser sends it."""
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
