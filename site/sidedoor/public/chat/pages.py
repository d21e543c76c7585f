"""The chat's two pages: what to know before a conversation, and the conversation itself."""

import secrets
from dataclasses import dataclass
from datetime import date, timedelta

from babel.dates import get_day_names
from flask import current_app, render_template, request
from werkzeug.wrappers import Response

from sidedoor.chat import rules
from sidedoor.chat.hours import closed_days, is_open, next_opening, open_until, week
from sidedoor.chat.model import Conversation, Why
from sidedoor.chat.sealing import digest
from sidedoor.documents.models import Contact
from sidedoor.documents.site import Chat
from sidedoor.public.chat.conversation import chat_address, cookie_name, the_chat, ticket_of, without_cookie
from sidedoor.public.chat.messages import for_reader, is_new
from sidedoor.public.chat.words import standing_of, status_of, usual_wait, why_over, why_refused
from sidedoor.public.current import chat_now, chats
from sidedoor.web.current import current_public
from sidedoor.web.language import current_language, language_name, long_date, said


def start_page(
    open_now: bool,
    refused: Why | None = None,
    broken: bool = False,
    unsent: tuple[str, str] = ("", ""),
    waits: bool = False,
) -> str:
    """What to know before a conversation. `unsent`: words that were not taken, and the form's number, which keeps them
    from being sent twice."""
    chat, zone, now = the_chat(), current_public().site.zone, chat_now()
    opens = None if open_now else next_opening(chat, zone, now)
    within = is_open(chat, zone, now)
    return render_template(
        "chat/start.html",
        chat_at=chat_address(),
        chat=chat,
        open_now=open_now,
        until=closing_time(),
        within=within,
        opens=opens,
        opens_in=0 if open_now else opens_in(),
        renews=not (open_now or refused or broken),
        hours=[(_day_name(day), _slots(slots)) for day, slots in week(chat)],
        closed=[(long_date(day), _holiday(chat, day)) for day in closed_days(chat, zone, now)],
        written=_languages_written() if open_now else "",
        why=why_refused(refused) if refused else "",
        broken=broken,
        unsent=unsent,
        waits=waits,
        wait=usual_wait() if open_now else "",
        instead=contacts_instead(),
        once=secrets.token_urlsafe(24),
    )


def opens_in() -> int:
    """Seconds until the next opening; 0 within the hours, or if there is none."""
    chat, zone, now = the_chat(), current_public().site.zone, chat_now()
    opens = None if is_open(chat, zone, now) else next_opening(chat, zone, now)
    return max(1, int((opens - now).total_seconds()) + 1) if opens else 0


@dataclass(frozen=True)
class ClosingTime:
    """When these opening hours end, as a clock on the wall shows it. `today`: whether today, midnight included."""

    clock: str
    today: bool


def closing_time() -> ClosingTime | None:
    """When the chat closes; None if it is closed, or stays open for longer than a time without a day can say."""
    zone, now = current_public().site.zone, chat_now().astimezone(current_public().site.zone)
    until = open_until(the_chat(), zone, now)
    if not until or until.date() - now.date() > timedelta(days=1) or until - now > timedelta(days=1):
        return None
    midnight = (until.hour, until.minute) == (0, 0)  # the end of a day, as in the table of hours
    return ClosingTime("24:00" if midnight else until.strftime("%H:%M"), midnight or until.date() == now.date())


def _day_name(day: int) -> str:
    locale = current_public().site.locale(current_language())
    return str(get_day_names("wide", context="stand-alone", locale=locale)[day])


def _slots(slots: list[tuple[int, int]]) -> str:
    wall = [[f"{minutes // 60:02}:{minutes % 60:02}" for minutes in slot] for slot in slots]
    return ", ".join(" – ".join(slot) for slot in wall)


def _holiday(chat: Chat, day: date) -> str:
    return next((said(holiday.name) for holiday in chat.holidays if holiday.day == day), "")


def _languages_written() -> str:
    """The languages that advisers who are here now can write; empty if none named any."""
    spoken = dict.fromkeys(
        language for adviser in chats().present(chat_now()).values() for language in adviser.languages
    )
    return ", ".join(language_name(language) for language in spoken)


def contacts_instead() -> list[Contact]:
    """Whom readers may call while nobody can answer here."""
    public = current_public()
    return [public.contacts[name] for name in the_chat().instead if name in public.contacts]


def conversation_page(conversation: Conversation, text: str = "", problem: str = "", waits: bool = False) -> Response:
    """The conversation, or that it is over. `text` is what its box holds, `problem` why that was not sent. `waits`: the
    page reloads itself and has no box."""
    if conversation.state == "ended":
        over = {"ticket": ticket_of(conversation), "why": why_over(conversation)}
        page = render_template("chat/over.html", instead=contacts_instead(), chat_at=chat_address(), **over)
        return without_cookie(current_app.make_response(page))
    standing = standing_of(conversation)
    messages = for_reader(conversation)
    page = render_template(
        "chat/conversation.html",
        chat_at=chat_address(),
        messages=messages,
        first_new=next((message.number for message in messages if is_new(message, conversation.shown)), 0),
        newest=conversation.newest,
        status=status_of(conversation, standing),
        numbers=rules.needs_numbers(standing),
        instead=contacts_instead(),
        there=rules.asks_whether_there(conversation, chat_now()),
        waits=waits,
        text=text or ("" if waits else chats().kept(conversation.id, "draft") if conversation.has_draft else ""),
        problem=problem,
        once=secrets.token_urlsafe(9),
        ticket=digest(request.cookies.get(cookie_name(), "")),
    )
    return current_app.make_response((page, 422 if problem else 200))
