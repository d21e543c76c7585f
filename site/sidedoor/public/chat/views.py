"""“Questions?”: the reader's side of the chat. A form that works without scripts; chat.js makes it quicker.

Nothing is set on the device before Start. Then it is one session cookie that scripts cannot read, which ends with the
conversation. “Hide this page” ends the conversation on the server: with scripts by a beacon, or, if that does not
arrive, by the mark that hidden_first reads; without scripts by the link itself.
"""

import hashlib
import json
import logging
import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, get_args
from urllib.parse import parse_qsl, urlsplit

from babel import Locale
from babel.dates import format_timedelta, get_day_names
from flask import Blueprint, abort, current_app, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sidedoor.chat import rules
from sidedoor.chat.cookies import conversation_cookie
from sidedoor.chat.hours import closed_days, is_open, next_opening, open_until, week
from sidedoor.chat.model import (
    Conversation,
    How,
    Message,
    NotPossible,
    Reason,
    StoreDown,
    Unreadable,
    Why,
    whole_minutes,
)
from sidedoor.chat.networks import networks
from sidedoor.chat.sealing import digest
from sidedoor.documents.fixed_addresses import CHAT
from sidedoor.documents.models import Contact
from sidedoor.documents.site import Chat
from sidedoor.public.chat.links import Part, named, parts
from sidedoor.public.current import chat_now, chats, settings, the_site
from sidedoor.public.exit import leave
from sidedoor.public.hidden_first import STILL_RUNS_KEY
from sidedoor.web.current import current_edition, current_public, site_address
from sidedoor.web.edge import address_of_reader
from sidedoor.web.edition import MIRROR_KEY
from sidedoor.web.headers import IN_PLACE
from sidedoor.web.held import HELD_KEY, HOLD_KEY, LONGEST_SECONDS, Hold
from sidedoor.web.language import current_language, in_own_language, language_name, long_date, said
from sidedoor.web.language import translate as _
from sidedoor.web.language import translate_number as ngettext
from sidedoor.web.numbers import whole_number

blueprint = Blueprint("chat", __name__, url_prefix=CHAT)
_SHORTEST_ONCE = 20
_REFUSED: dict[Why, int] = {"full": 503, "network": 429, "often": 429, "blocked": 403}


@blueprint.get("")
def page() -> ResponseReturnValue:
    """The conversation, if there is one; else what to know before one, or where to turn while none is possible."""
    conversation = _my_conversation()
    if conversation:
        return _conversation_page(conversation)
    return _without_cookie(_response(_start_page(open_now=request.environ.get(MIRROR_KEY) is None and _is_open_now())))


@blueprint.get("/wait")
def wait() -> ResponseReturnValue:
    """Without scripts: the conversation, in a page that reloads itself. It has no box, so that no half-typed word is
    lost."""
    conversation = _my_conversation()
    return _conversation_page(conversation, waits=True) if conversation else _no_longer_known()


@blueprint.get("/open")
def opens() -> ResponseReturnValue:
    """For chat.js, on the page that says it is closed: whether it is open now, so that the page can say so; if not,
    chat.js asks again at the next opening."""
    return jsonify({"open": _is_open_now(), "in": _opens_in()})


@blueprint.get("/here")
@blueprint.get("/how")
@blueprint.get("/start")
@blueprint.get("/say")
@blueprint.get("/end")
def from_the_middle() -> ResponseReturnValue:
    """Somebody who reloads the address of a form is sent to the page the form was on."""
    return _to_chat()


@blueprint.post("/start")
def start() -> ResponseReturnValue:
    """Start waiting for an adviser. The only step that sets a cookie."""
    chat, now = _chat(), chat_now()
    if request.form.get("website") or _my_conversation() or not _is_open_now():
        return _to_chat()  # only programs fill in the field that people cannot see
    once = request.form.get("once", "")
    try:
        hashes = networks(address_of_reader(), chats().network_keys(now))
        # Both Starts of a double click arrive before there is a cookie: the form's own number makes them one.
        once = once if _SHORTEST_ONCE <= len(once) <= 40 else ""
        token = chats().start(
            hashes, chat.most_waiting, now, once, chat.most_from_one_network, language=current_language()
        )
    except NotPossible as refused:
        if refused.why == "again":
            return _to_chat()
        chats().count(f"refused: {refused.why}", now)
        return _start_page(open_now=False, refused=refused.why), _REFUSED[refused.why]
    # Without scripts they wait on a page that reloads itself; on a page that stands still they would seem to be gone.
    response = _to_chat("/wait" if _navigated() else "")
    response.set_cookie(_cookie(), token, httponly=True, samesite="Strict", secure=settings().https)
    return response


@blueprint.post("/say")
def say() -> ResponseReturnValue:
    """Send a message. Whatever goes wrong, what was typed is still in the form."""
    conversation, text = _my_conversation(), request.form.get("message", "").replace("\r\n", "\n")
    if not conversation:
        return _no_longer_known()
    if conversation.state == "ended":
        return _to_chat()
    try:
        number = chats().say(conversation.id, "reader", text, chat_now(), _once(text))
    except NotPossible as refused:
        sentences = {
            "empty": _("There is nothing in the box yet. Write a few words first."),
            "long": _("That is too long. Please send it in parts."),
            "often": _("That was a lot at once. Wait a moment, then send it again."),
        }
        problem = sentences.get(refused.why, _("The chat is over."))
        if _wants_page():
            return _conversation_page(conversation, text, problem)
        return jsonify(problem=problem), 422
    if conversation.has_draft:
        chats().keep(conversation.id, "draft", "")
    if not _wants_page():
        return jsonify(number=number)
    return _to_chat("" if IN_PLACE in request.headers else "/wait")  # a page shown in place will get chat.js, only late


@blueprint.post("/draft")
def draft() -> ResponseReturnValue:
    """For chat.js, when its page is left with unsent words in the box: the next visit shows them again.

    They are sealed as all words are, and destroyed at the end; no adviser ever sees them.
    """
    conversation, text = _my_conversation(), request.form.get("message", "").replace("\r\n", "\n")
    if conversation and conversation.state != "ended" and len(text) <= rules.LONGEST_MESSAGE:
        chats().keep(conversation.id, "draft", text)
    return "", 204


@blueprint.post("/here")
def here() -> ResponseReturnValue:
    """“I am still here”: the answer of somebody who has been quiet for long. One press, no words."""
    conversation, text = _my_conversation(), request.form.get("message", "").replace("\r\n", "\n")
    if not conversation or conversation.state == "ended":
        return _to_chat()
    if "look" not in request.form:  # without scripts, looking at the replies is a post too, to keep what is typed
        chats().stay(conversation.id, chat_now())
    if "once" not in request.form and "waits" not in request.form:
        return "", 204  # chat.js says it with a beacon
    if text.strip():
        return _conversation_page(_my_conversation() or conversation, text)  # half-typed words are still in the box
    return _to_chat("/wait" if request.form.get("waits") else "")


@blueprint.get("/messages")
def messages() -> ResponseReturnValue:
    """For chat.js: what came after the message numbered `after`. A reload and a lost connection need nothing else."""
    conversation, after = _my_conversation(), request.args.get("after", 0, type=whole_number)
    if not conversation or conversation.state == "ended":
        return _without_cookie(_over_for_script(conversation, lost=not conversation and _went_on_just_now()))
    shown = max(conversation.shown, min(request.args.get("shown", 0, type=whole_number), conversation.newest))
    # Most questions bring nothing new, so the words are not even read.
    since = min(after, conversation.shown)
    newer = _for_reader(conversation, since) if conversation.newest > since else []
    # That readers have their own messages on the screen is news to nobody.
    if any(message.number <= shown and _is_new(message, conversation.shown) for message in newer):
        chats().show(conversation.id, shown)
    standing = _standing(conversation)
    status = _status(conversation, standing)
    if standing == "with you" and request.args.get("was") == "adviser gone":
        status = _("The adviser is back.")
    answer: dict[str, Any] = {
        "state": conversation.state,
        "standing": standing,
        "status": status,
        **_what_is_new(conversation, standing, status, newer, shown),
        "numbers": rules.needs_numbers(standing),
        "there": rules.asks_whether_there(conversation, chat_now()),
        "newest": conversation.newest,
        "now": chat_now().timestamp(),
        "messages": [
            {
                "number": message.number,
                "who": message.who,
                "text": "".join(part.text for part in message.parts),
                "parts": [[part.text, part.href] for part in message.parts] if message.named else None,
                "at": message.at.timestamp(),
                "clock": message.clock,
            }
            for message in newer
            if message.number > after
        ],
    }
    if "draft" in request.args and conversation.has_draft:
        answer["draft"] = chats().kept(conversation.id, "draft")
    answer["told"] = _digest_of(answer)
    digests = {answer["told"]}
    if shown > conversation.shown:  # what this page itself has shown in the meantime is no news to it
        digests.add(_digest_of({**answer, **_what_is_new(conversation, standing, status, newer, conversation.shown)}))
    knows_all = request.args.get("told") in digests and not answer["messages"]
    answer["held"] = _hold(conversation, knows_all, _next_time(conversation, standing, answer, newer))
    return jsonify(answer)


def _what_is_new(
    conversation: Conversation, standing: rules.Standing, status: str, newer: "list[ShownMessage]", shown: int
) -> dict[str, Any]:
    first = next((message.number for message in newer if _is_new(message, shown) and message.who == "adviser"), 0)
    return {"bar": _bar(conversation, standing, status, newer, shown), "first": first}


def _digest_of(answer: dict[str, Any]) -> str:
    """A digest that a page sends with its next question, so that nothing it does not know is held back from it."""
    facts = [answer[name] for name in ("state", "status", "bar", "first", "numbers", "there", "newest")]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]


def _hold(conversation: Conversation, knows_all: bool, again: Callable[[str], bytes | None] | None) -> bool:
    """Let the question of a page that knows everything wait for news, if the server can do that (see web/held.py).
    Returns whether it waits, or has waited."""
    holds: list[Hold] | None = request.environ.get(HOLD_KEY)
    did = HELD_KEY in request.environ
    if holds is None:
        return did
    known_news = rules.news(
        conversation.newest, conversation.state, conversation.adviser, conversation.adviser_seen, chat_now()
    )
    wait = partial(
        the_site().bell.wait, conversation.id, known_news, rules.held_for(conversation.state).total_seconds()
    )
    waits = knows_all and not did
    holds.append(Hold(wait, waits, again))
    return waits or did


def _next_time(
    conversation: Conversation, standing: rules.Standing, answer: dict[str, Any], newer: "list[ShownMessage]"
) -> Callable[[str], bytes | None] | None:
    """The answer from memory to the page's next question, as long as there is no news, if that question says that the
    page has all of this `answer` and has shown it. None if more may change than the bell hears of."""
    if standing != "with you" or conversation.watcher or answer["there"] or "draft" in answer:
        return None
    site = the_site()
    edition, newest, settled = current_edition(), conversation.newest, {**answer, "messages": [], "held": True}
    settled |= _what_is_new(conversation, standing, _status(conversation, standing), newer, newest)
    settled |= {"status": _status(conversation, standing)}
    settled["told"] = _digest_of(settled)
    last_of_adviser = max(
        (message.number for message in newer if _is_new(message, conversation.shown)), default=conversation.shown
    )
    knows = {answer["told"], settled["told"]}
    has_shown = {str(number) for number in range(last_of_adviser, newest + 1)}
    until = min(chat_now() + timedelta(seconds=LONGEST_SECONDS), conversation.quiet_since + rules.QUESTION_AFTER)

    def again(query: str) -> bytes | None:
        arguments, now = dict(parse_qsl(query, keep_blank_values=True)), site.chat_clock()
        has_all = (
            arguments.get("told") in knows
            and arguments.get("after") == str(newest)
            and arguments.get("shown") in has_shown
        )
        asks_for_more = arguments.get("was") == "adviser gone" or "draft" in arguments
        if not has_all or asks_for_more or now >= until or not site.bell.hears or not site.edition.is_current(edition):
            return None
        site.bell.saw(conversation.id, last_of_adviser)
        return json.dumps({**settled, "now": now.timestamp()}, separators=(",", ":")).encode()

    return again


@blueprint.post("/end")
def end() -> ResponseReturnValue:
    """End it calmly; the page that follows says that it is over, and where to turn."""
    conversation = _my_conversation()
    if not _wants_page():
        return _end_and_answer("reader", _over_for_script(conversation))
    over = {"ticket": _ticket(conversation), "named": _named(conversation)}
    return _end_and_answer(
        "reader", render_template("chat/over.html", instead=_contacts_instead(), chat_at=_chat_address(), **over)
    )


@blueprint.post("/how")
def how() -> ResponseReturnValue:
    """Count how it was: one of three, with noise, without words and without a name."""
    chosen: How | None = next((rating for rating in get_args(How) if rating == request.form.get("how")), None)
    if chosen:
        chats().said_how(request.form.get("ticket", "")[:64], rules.with_noise(chosen), chat_now())
    return render_template("chat/thanks.html", chat_at=_chat_address())


@blueprint.post("/hide")
def hide() -> ResponseReturnValue:
    """The beacon that “Hide this page” sends."""
    return _end_and_answer("hidden", "")


@blueprint.get("/hide")
def hide_without_scripts() -> ResponseReturnValue:
    """Where “Hide this page” leads without scripts for readers in a conversation: it ends, and they go on to the exit.

    Only a press on the link ends it; a picture with this address, or a browser that fetches ahead, does not.
    """
    response = leave()
    if not _navigated() or request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return response
    try:
        return _end_and_answer("hidden", response)
    except (StoreDown, sqlite3.Error, NotFound):
        return response  # readers leave whatever else fails, even if the site has no chat any more


@blueprint.errorhandler(Unreadable)
def words_are_lost(error: Unreadable) -> ResponseReturnValue:
    """A conversation with damaged words cannot go on: it ends, and the reader is told where to turn."""
    logging.getLogger("sidedoor.chat").error("The words of a chat could not be read, so it was ended.")
    chats().end(error.conversation, "broken", chat_now())
    why = _why_over(chats().get(error.conversation, chat_now()))
    if request.endpoint == "chat.messages":
        return _without_cookie(jsonify(state="ended", over=why, bar=_("The chat is over.")))
    if not _wants_page():
        return _without_cookie(jsonify(problem=why)), 422
    page = render_template("chat/over.html", why=why, instead=_contacts_instead(), chat_at=_chat_address())
    return _without_cookie(current_app.make_response(page))


@blueprint.errorhandler(StoreDown)
@blueprint.errorhandler(sqlite3.Error)
def store_is_down(error: Exception) -> ResponseReturnValue:
    """Nobody can answer then, so readers are told where else to turn; what they typed stays where they typed it."""
    logging.getLogger("sidedoor.chat").error("The chat's store cannot be used: %s", type(error).__name__)
    if not _wants_page():
        return jsonify(problem=_("The chat does not work just now. What you wrote was not sent.")), 503
    waits = request.endpoint == "chat.wait"  # it reloads itself, so that a short failure costs nobody their place
    again = (request.form.get("message", ""), request.form.get("once", "")[:40])
    return _start_page(open_now=False, broken=True, unsent=again, waits=waits), 503


def state_elsewhere() -> str:
    """Where the chat of this page's reader stands, in a sentence; empty if they have none, or nobody knows."""
    try:
        conversation = None if request.blueprint == blueprint.name else _my_conversation()
        if not conversation or conversation.state == "ended":
            return ""
        standing = _standing(conversation)
        newer = _for_reader(conversation, conversation.shown) if conversation.newest > conversation.shown else []
        return _bar(conversation, standing, _status(conversation, standing), newer, conversation.shown)
    except (StoreDown, sqlite3.Error, Unreadable, NotFound):
        return ""  # the page is more important; the chat's own page says what is wrong


def _response(page: str) -> Response:
    return current_app.make_response(page)


def _chat_address() -> str:
    return in_own_language(CHAT)


def _to_chat(then: str = "") -> Response:
    return redirect(_chat_address() + then, 303)


def _chat() -> Chat:
    return current_public().site.chat or abort(404)


def _is_open_now() -> bool:
    return is_open(_chat(), current_public().site.zone, chat_now()) and bool(chats().present(chat_now()))


def _cookie() -> str:
    return conversation_cookie(settings().https)


def _my_conversation() -> Conversation | None:
    _chat()
    if STILL_RUNS_KEY in request.environ:
        raise StoreDown("not ended yet")
    token = request.cookies.get(_cookie())
    return chats().find(token, chat_now()) if token else None


def _contacts_instead() -> list[Contact]:
    """Whom readers may call while nobody can answer here."""
    public = current_public()
    return [public.contacts[name] for name in _chat().instead if name in public.contacts]


def _start_page(
    open_now: bool,
    refused: Why | None = None,
    broken: bool = False,
    unsent: tuple[str, str] = ("", ""),
    waits: bool = False,
) -> str:
    """What to know before a conversation. `unsent`: words that were not taken, and the form's number, which keeps them
    from being sent twice."""
    chat, zone, now = _chat(), current_public().site.zone, chat_now()
    opens = None if open_now else next_opening(chat, zone, now)
    within = is_open(chat, zone, now)
    return render_template(
        "chat/start.html",
        chat_at=_chat_address(),
        chat=chat,
        open_now=open_now,
        until=open_until(chat, zone, now),
        within=within,
        opens=opens,
        opens_in=0 if open_now else _opens_in(),
        renews=not (open_now or refused or broken),
        hours=[(_day_name(day), _slots(slots)) for day, slots in week(chat)],
        closed=[(long_date(day), _holiday(chat, day)) for day in closed_days(chat, zone, now)],
        written=_languages_written() if open_now else "",
        why=_why_refused(refused) if refused else "",
        broken=broken,
        unsent=unsent,
        longest=rules.LONGEST_MESSAGE,
        waits=waits,
        wait=_usual_wait() if open_now else "",
        instead=_contacts_instead(),
        once=secrets.token_urlsafe(24),
    )


def _opens_in() -> int:
    """Seconds until the next opening; 0 within the hours, or if there is none."""
    chat, zone, now = _chat(), current_public().site.zone, chat_now()
    opens = None if is_open(chat, zone, now) else next_opening(chat, zone, now)
    return max(1, int((opens - now).total_seconds()) + 1) if opens else 0


def _day_name(day: int) -> str:
    return str(get_day_names("wide", context="stand-alone", locale=_locale())[day])


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


def _locale() -> Locale:
    return current_public().site.locale(current_language())


def _midnight() -> datetime:
    """When this day began in the site's zone."""
    return chat_now().astimezone(current_public().site.zone).replace(hour=0, minute=0, second=0, microsecond=0)


def _why_refused(why: Why) -> str:
    """Why no conversation can start: the true reason, and no other."""
    sentences: dict[Why, str] = {
        "full": _(
            "Many people are waiting just now, so we cannot promise you an answer here. Please call, or try again"
            " later."
        ),
        "network": _(
            "Too many chats are open just now from the Wi-Fi or network that you use. When one ends, you can start."
        ),
        "often": _(
            "Very many chats were started in the last hour from the Wi-Fi or network that you use. Please call, or try"
            " again in an hour."
        ),
        "blocked": _(
            "An adviser ended another chat from the Wi-Fi or network that you use, so for some hours you cannot start"
            " one here. Please call."
        ),
    }
    return sentences[why]


def _conversation_page(conversation: Conversation, text: str = "", problem: str = "", waits: bool = False) -> Response:
    if conversation.state == "ended":
        over = {"ticket": _ticket(conversation), "why": _why_over(conversation)}
        page = render_template("chat/over.html", instead=_contacts_instead(), chat_at=_chat_address(), **over)
        return _without_cookie(current_app.make_response(page))
    standing = _standing(conversation)
    messages = _for_reader(conversation)
    page = render_template(
        "chat/conversation.html",
        chat_at=_chat_address(),
        messages=messages,
        first_new=next((message.number for message in messages if _is_new(message, conversation.shown)), 0),
        newest=conversation.newest,
        status=_status(conversation, standing),
        numbers=rules.needs_numbers(standing),
        instead=_contacts_instead(),
        there=rules.asks_whether_there(conversation, chat_now()),
        waits=waits,
        text=text or ("" if waits else chats().kept(conversation.id, "draft") if conversation.has_draft else ""),
        problem=problem,
        longest=rules.LONGEST_MESSAGE,
        once=secrets.token_urlsafe(9),
        ticket=digest(request.cookies.get(_cookie(), "")),
    )
    return current_app.make_response((page, 422 if problem else 200))


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


def _for_reader(conversation: Conversation, after: int = 0) -> list[ShownMessage]:
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


def _is_new(message: ShownMessage, shown: int) -> bool:
    return message.number > shown and message.who != "reader"


def _parts(message: Message) -> list[Part]:
    public = current_public()
    hosts = frozenset({*public.site.hosts, request.host.partition(":")[0], urlsplit(site_address()).hostname or ""})
    return parts(message.text, public, hosts)


def _named(conversation: Conversation | None) -> list[Part]:
    """The pages and numbers that an adviser named, while the words are still there."""
    try:
        return named([message.parts for message in _for_reader(conversation)]) if conversation else []
    except Unreadable:
        return []


def _ticket(conversation: Conversation | None) -> str:
    """With it the reader of this conversation can say, once, how it was. Empty if nobody answered them: they are not
    asked."""
    token = request.cookies.get(_cookie())
    return digest(token) if token and conversation and conversation.adviser else ""


def _no_longer_known() -> ResponseReturnValue:
    """For readers in the middle of a chat that nobody knows any more. Somebody who comes later is not told of a
    chat."""
    if not _wants_page() or _cookie() not in request.cookies:
        return _to_chat()
    return _without_cookie(
        _response(render_template("chat/over.html", instead=_contacts_instead(), chat_at=_chat_address()))
    )


def _over_for_script(conversation: Conversation | None, lost: bool = False) -> Response:
    """For chat.js: that it is over."""
    why = _why_broken() if lost else _why_over(conversation)
    return jsonify(state="ended", over=why, bar=_("The chat is over."))


def _went_on_just_now() -> bool:
    """Whether a page saw its chat go on so recently that its end would still be remembered. If the chat is unknown
    then, it was lost with the store that held it."""
    as_of = request.args.get("as", 0, type=whole_number)
    return _cookie() in request.cookies and chat_now().timestamp() - as_of < rules.REMEMBERED.total_seconds()


def _ago(moment: datetime) -> str:
    span = moment - chat_now()
    if span > -timedelta(minutes=1):
        return _("just now")
    return str(format_timedelta(span, granularity="minute", threshold=60, add_direction=True, locale=_locale()))


def _clock(moment: datetime) -> str:
    return moment.astimezone(current_public().site.zone).strftime("%H:%M")


def _once(text: str) -> str:
    """What recognises a message that is sent twice, with scripts or without."""
    return rules.once_of(request.form.get("once", ""), text)


def _navigated() -> bool:
    """Whether a browser navigated here, as it does without scripts, and will show the answer as a page.

    Browsers without Fetch Metadata accept text/html then, and other types for pictures and fetches. Their readers have
    to be able to hide, too; and as the cookie is SameSite=Strict, no other site can do it for them.
    """
    if "Sec-Fetch-Dest" not in request.headers:
        return "text/html" in request.headers.get("Accept", "")
    how = (request.headers["Sec-Fetch-Dest"], request.headers.get("Sec-Fetch-Mode"))
    return how == ("document", "navigate") and "Sec-Purpose" not in request.headers


def _wants_page() -> bool:
    return "application/json" not in request.headers.get("Accept", "")


def _standing(conversation: Conversation) -> rules.Standing:
    within = is_open(_chat(), current_public().site.zone, chat_now())
    somebody = conversation.state != "waiting" or bool(chats().present(chat_now()))
    return rules.standing(conversation, within, somebody, chat_now())


def _bar(
    conversation: Conversation, standing: rules.Standing, status: str, newer: list[ShownMessage], shown: int
) -> str:
    """The same for pages outside the chat: what matters most, in one short sentence."""
    new = sum(_is_new(message, shown) and message.who == "adviser" for message in newer)
    if new:
        count = ngettext("%(number)s new reply in your chat.", "%(number)s new replies in your chat.", new)
        return count % {"number": new}
    if rules.asks_whether_there(conversation, chat_now()):
        return _("Are you still there? Your chat ends by itself in a few minutes.")
    match standing:
        case "with you":
            return status
        case "adviser gone":
            return _("Your adviser's connection is lost just now. Your chat is kept.")
        case "next" | "behind":
            return _("You wait in the chat. Your place is kept.")
    return _("No adviser is in the chat just now.")


def _status(conversation: Conversation, standing: rules.Standing) -> str:
    """Where the reader's conversation stands, in a sentence or two."""
    numbers = _("You can also call one of the numbers below.")
    match standing:
        case "with you":
            with_you = _("An adviser is with you.")
            along = _("A second adviser reads along, to learn or to help.") if conversation.watcher else ""
            return f"{with_you} {along}".rstrip()
        case "adviser gone":
            lost = _("The adviser's connection is lost just now. Your chat is kept, and another adviser may go on.")
            return f"{lost} {numbers}"
        case "nobody":
            away = _("No adviser is here just now, so nobody can answer. Your place is kept for now.")
            return f"{away} {numbers}"
        case "closed":
            late = _("The chat has closed for now. An adviser may still answer you, but we cannot promise it.")
            return f"{late} {numbers}"
        case "next":
            place = _("You are next. An adviser will answer as soon as one is free.")
        case "behind":
            ahead = conversation.place - 1
            place = _("Still before you: %(number)s. You can read other pages; your place is kept.") % {"number": ahead}
    return f"{place} {_usual_wait()}".rstrip()


def _usual_wait() -> str:
    """How long others waited today; empty if nobody did."""
    wait = chats().usual_wait(_midnight(), chat_now())
    if wait is None:
        return ""
    minutes = max(1, whole_minutes(wait))
    today = ngettext(
        "People waited about %(number)s minute today.", "People waited about %(number)s minutes today.", minutes
    )
    return today % {"number": minutes}


def _why_over(conversation: Conversation | None) -> str:
    match conversation.reason if conversation else None:
        case "quiet":
            return _("It was quiet for a while, so it ended by itself.")
        case "broken":
            return _why_broken()
    return ""


def _why_broken() -> str:
    return _("Something went wrong on our side, so we had to end it. Please call, or start again.")


def _end_and_answer(reason: Reason, answer: Response | str) -> Response:
    if conversation := _my_conversation():
        chats().end(conversation.id, reason, chat_now())
    return _without_cookie(current_app.make_response(answer))


def _without_cookie(response: Response) -> Response:
    if request.cookies.get(_cookie()):
        response.delete_cookie(_cookie(), httponly=True, samesite="Strict", secure=settings().https)
    return response
