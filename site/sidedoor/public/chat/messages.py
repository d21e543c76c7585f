"""The messages of a conversation as its reader sees them: with links, and with the time by our clock."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from babel.dates import format_timedelta
from flask import request

from sidedoor.chat.model import Conversation, Message, Unreadable
from sidedoor.public.chat.links import Part, named, parts
from sidedoor.public.current import chat_now, chats
from sidedoor.web.current import current_public, site_address
from sidedoor.web.language import current_language, page_language
from sidedoor.web.language import translate as _


@dataclass(frozen=True)
class ShownMessage:
    """A message as its reader sees it."""

    number: int
    who: str
    parts: list[Part]
    at: datetime

    @property
    def ago(self) -> str:
        """How long ago it was, by our clock."""
        return _ago(self.at)

    @property
    def clock(self) -> str:
        """The time on the wall."""
        return _clock(self.at)

    @property
    def named(self) -> bool:
        """Whether something in it is a link."""
        return any(part.href for part in self.parts)


def for_reader(conversation: Conversation, after: int = 0) -> list[ShownMessage]:
    """The messages for the reader. Notes are for the colleague who takes over; that others have joined is said in the
    reader's language."""
    events = {
        "joined": _("A second adviser reads along, to learn or to help."),
        "handed": _("A colleague of mine goes on from here. They can read what we wrote."),
    }
    return [
        ShownMessage(
            message.number,
            message.who,
            _parts(message) if message.who == "adviser" else [Part(events.get(message.who, message.text))],
            message.at,
        )
        for message in chats().messages(conversation.id, after)
        if message.who != "note"
    ]


def is_new(message: ShownMessage, shown: int) -> bool:
    """Whether a message is news to a reader who has seen those up to `shown`."""
    return message.number > shown and message.who != "reader"


def _parts(message: Message) -> list[Part]:
    public = current_public()
    hosts = frozenset({*public.site.hosts, request.host.partition(":")[0], urlsplit(site_address()).hostname or ""})
    return parts(message.text, public, hosts, page_language())


def named_in(conversation: Conversation | None) -> list[Part]:
    """The pages and numbers that an adviser named, while the words are still there."""
    try:
        return named([message.parts for message in for_reader(conversation)]) if conversation else []
    except Unreadable:
        return []


def _ago(moment: datetime) -> str:
    span = moment - chat_now()
    if span > -timedelta(minutes=1):
        return _("just now")
    locale = current_public().site.locale(current_language())
    return str(format_timedelta(span, granularity="minute", threshold=60, add_direction=True, locale=locale))


def _clock(moment: datetime) -> str:
    return moment.astimezone(current_public().site.zone).strftime("%H:%M")
