"""“Questions?”: the reader's side of the chat. A form that works without scripts; chat.js makes it quicker.

Nothing is set on the device before Start. Then it is one session cookie that scripts cannot read, which ends with the
conversation. “Hide this page” ends it on the server: with scripts by a beacon, and where that does not arrive by the
mark that hidden_first knows; without them by the link itself.
"""

import hashlib
import logging
import secrets
import sqlite3
from dataclasses import replace
from datetime import datetime

from flask import Blueprint, abort, current_app, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sidedoor.chat import rules
from sidedoor.chat.hours import is_open, next_opening, open_until
from sidedoor.chat.model import (
    Conversation,
    Message,
    NotPossible,
    Reason,
    StoreDown,
    Unreadable,
    Why,
    whole_minutes,
)
from sidedoor.chat.networks import networks
from sidedoor.chat.store import ChatStore
from sidedoor.documents.models import Contact
from sidedoor.documents.site import Chat
from sidedoor.public.exit import leave
from sidedoor.public.hidden_first import STILL_RUNS_KEY
from sidedoor.web.current import current_public
from sidedoor.web.edge import address_of_reader
from sidedoor.web.edition import CHAT_COOKIE, MIRROR_KEY
from sidedoor.web.language import translate as _
from sidedoor.web.numbers import whole_number

blueprint = Blueprint("chat", __name__, url_prefix="/chat")
_SHORTEST_ONCE = 20
_REFUSED: dict[Why, int] = {"full": 503, "network": 429, "often": 429, "blocked": 403}


@blueprint.get("")
def page() -> ResponseReturnValue:
    """The conversation, if there is one; else what to know before one, or where to turn while there can be none."""
    conversation = _mine()
    if conversation:
        return _conversation(conversation)
    return _before(open_now=request.environ.get(MIRROR_KEY) is None and _open())


@blueprint.get("/wait")
def wait() -> ResponseReturnValue:
    """Without scripts: the conversation, which renews itself. It has no box, so that no half-typed word is lost."""
    conversation = _mine()
    return _conversation(conversation, waits=True) if conversation else redirect("/chat", 303)


@blueprint.get("/here")
@blueprint.get("/start")
@blueprint.get("/say")
@blueprint.get("/end")
def from_the_middle() -> ResponseReturnValue:
    """Somebody who reloads the address of a form is sent to the page the form was on."""
    return redirect("/chat", 303)


@blueprint.post("/start")
def start() -> ResponseReturnValue:
    """Start waiting for an adviser. The one moment at which a cookie is set."""
    chat, now = _chat(), _now()
    if request.form.get("website") or _mine() or not _open():
        return redirect("/chat", 303)  # only programs fill in the field that people cannot see
    once = request.form.get("once", "")
    try:
        hashes = networks(address_of_reader(), _store().network_keys(now))
        # Both Starts of a double click arrive before there is a cookie: the form's own number makes them one.
        once = once if _SHORTEST_ONCE <= len(once) <= 40 else ""
        token = _store().start(hashes, chat.most_waiting, now, once, chat.most_from_one_network)
    except NotPossible as refused:
        if refused.why == "again":
            return redirect("/chat", 303)
        return _before(open_now=False, refused=refused.why), _REFUSED[refused.why]
    # Without scripts they wait on a page that reloads itself; somebody who waits on a still page would seem to be gone.
    response = redirect("/chat/wait" if _navigated() else "/chat", 303)
    response.set_cookie(_cookie(), token, httponly=True, samesite="Strict", secure=current_app.config["HTTPS"])
    return response


@blueprint.post("/say")
def say() -> ResponseReturnValue:
    """Send a message. Whatever goes wrong, what was typed is still in the form."""
    conversation, text = _mine(), request.form.get("message", "").replace("\r\n", "\n")
    if not conversation or conversation.state == "ended":
        return redirect("/chat", 303)
    try:
        number = _store().say(conversation.id, "reader", text, _now(), _once(text))
    except NotPossible as refused:
        sentences = {
            "empty": _("There is nothing in the box yet. Write a few words first."),
            "long": _("That is too long. Please send it in parts."),
            "often": _("That was a lot at once. Wait a moment, then send it again."),
        }
        problem = sentences.get(refused.why, _("The chat is over."))
        if _wants_page():
            return _conversation(conversation, text, problem)
        return jsonify(problem=problem), 422
    return redirect("/chat/wait", 303) if _wants_page() else jsonify(number=number)


@blueprint.post("/here")
def here() -> ResponseReturnValue:
    """“I am still here”: the answer of somebody who has been quiet for long. One press, no words."""
    conversation, text = _mine(), request.form.get("message", "").replace("\r\n", "\n")
    if not conversation or conversation.state == "ended":
        return redirect("/chat", 303)
    _store().stay(conversation.id, _now())
    if "once" not in request.form and "waits" not in request.form:
        return "", 204  # chat.js says it with a beacon
    if text.strip():
        return _conversation(_mine() or conversation, text)  # half-typed words are still in the box
    return redirect("/chat/wait" if request.form.get("waits") else "/chat", 303)


@blueprint.get("/messages")
def messages() -> ResponseReturnValue:
    """For chat.js: what came after the message numbered `after`. A reload and a lost connection are the same thing."""
    conversation, after = _mine(), request.args.get("after", 0, type=whole_number)
    if not conversation or conversation.state == "ended":
        return _without_cookie(jsonify(state="ended", over=_why_over(conversation)))
    # Most polls bring nothing new, so the words are not even read.
    newer = _for_reader(conversation, after) if conversation.newest > after else []
    told = _standing(conversation)
    return jsonify(
        state=conversation.state,
        status=_status(conversation, told),
        numbers=rules.needs_numbers(told),
        there=rules.asks_whether_there(conversation, _now()),
        newest=conversation.newest,
        messages=[{"number": message.number, "who": message.who, "text": message.text} for message in newer],
    )


@blueprint.post("/end")
def end() -> ResponseReturnValue:
    """End it calmly; the page that follows says that it is over, and where to turn."""
    page = render_template("chat/over.html", instead=_instead()) if _wants_page() else jsonify(state="ended")
    return _ended("reader", page)


@blueprint.post("/hide")
def hide() -> ResponseReturnValue:
    """The beacon that “Hide this page” sends."""
    return _ended("hidden", "")


@blueprint.get("/hide")
def hide_without_scripts() -> ResponseReturnValue:
    """Where “Hide this page” leads without scripts, for whoever is in a conversation: it ends, and on to the exit.

    Only a press on the link ends it; a picture with this address, or a browser that fetches ahead, does not.
    """
    response = leave()
    if not _navigated() or request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return response
    try:
        return _ended("hidden", response)
    except (StoreDown, sqlite3.Error, NotFound):
        return response  # they leave whatever else fails, even where the site has no chat any more


@blueprint.errorhandler(Unreadable)
def words_are_lost(error: Unreadable) -> ResponseReturnValue:
    """Nobody can go on where words were damaged: the conversation ends, and the reader is told where to turn."""
    logging.getLogger("sidedoor.chat").error("The words of a chat could not be read, so it was ended.")
    _store().end(error.conversation, "broken", _now())
    why = _why_over(_store().get(error.conversation, _now()))
    if request.endpoint == "chat.messages":
        return _without_cookie(jsonify(state="ended", over=why))
    if not _wants_page():
        return _without_cookie(jsonify(problem=why)), 422
    return _without_cookie(current_app.make_response(render_template("chat/over.html", why=why, instead=_instead())))


@blueprint.errorhandler(StoreDown)
@blueprint.errorhandler(sqlite3.Error)
def store_is_down(error: Exception) -> ResponseReturnValue:
    """Nobody can answer then, so readers are told where else to turn; what they typed stays where they typed it."""
    logging.getLogger("sidedoor.chat").error("The chat's store cannot be used: %s", type(error).__name__)
    if not _wants_page():
        return jsonify(problem=_("The chat does not work just now. What you wrote was not sent.")), 503
    waits = request.path == "/chat/wait"  # it reloads itself, so that a short failure costs nobody their place
    return _before(open_now=False, broken=True, text=request.form.get("message", ""), waits=waits), 503


def _now() -> datetime:
    now: datetime = current_app.extensions["clock"]()
    return now


def _chat() -> Chat:
    return current_public().site.chat or abort(404)


def _store() -> ChatStore:
    store: ChatStore = current_app.extensions["chat_store"]
    return store


def _open() -> bool:
    return is_open(_chat(), current_public().site.zone, _now()) and bool(_store().present(_now()))


def _cookie() -> str:
    return f"__Host-{CHAT_COOKIE}" if current_app.config["HTTPS"] else CHAT_COOKIE


def _mine() -> Conversation | None:
    _chat()
    if STILL_RUNS_KEY in request.environ:
        raise StoreDown("not ended yet")
    token = request.cookies.get(_cookie())
    return _store().find(token, _now()) if token else None


def _instead() -> list[Contact]:
    """Whom readers may call while nobody can answer here."""
    public = current_public()
    return [public.contacts[name] for name in _chat().instead if name in public.contacts]


def _before(
    open_now: bool, refused: Why | None = None, broken: bool = False, text: str = "", waits: bool = False
) -> str:
    chat, zone, now = _chat(), current_public().site.zone, _now()
    return render_template(
        "chat/start.html",
        chat=chat,
        open_now=open_now,
        until=open_until(chat, zone, now),
        within=is_open(chat, zone, now),
        opens=None if open_now else next_opening(chat, zone, now),
        why=_why_refused(refused) if refused else "",
        broken=broken,
        text=text,
        waits=waits,
        wait=_usual_wait() if open_now else "",
        instead=_instead(),
        once=secrets.token_urlsafe(24),
    )


def _why_refused(why: Why) -> str:
    """The true reason, and no other."""
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


def _conversation(conversation: Conversation, text: str = "", problem: str = "", waits: bool = False) -> Response:
    if conversation.state == "ended":
        page = render_template("chat/over.html", why=_why_over(conversation), instead=_instead())
        return _without_cookie(current_app.make_response(page))
    told = _standing(conversation)
    page = render_template(
        "chat/conversation.html",
        messages=_for_reader(conversation),
        newest=conversation.newest,
        status=_status(conversation, told),
        numbers=rules.needs_numbers(told),
        instead=_instead(),
        there=rules.asks_whether_there(conversation, _now()),
        waits=waits,
        text=text,
        problem=problem,
        longest=rules.LONGEST_MESSAGE,
        once=secrets.token_urlsafe(9),
    )
    return current_app.make_response((page, 422 if problem else 200))


def _for_reader(conversation: Conversation, after: int = 0) -> list[Message]:
    """Notes are for the colleague who takes over; that others are here is said in the reader's language."""
    events = {
        "joined": _("A second adviser reads along, to learn or to help."),
        "handed": _("A colleague of mine goes on from here. They can read what we wrote."),
    }
    messages = _store().messages(conversation.id, after)
    return [
        replace(message, text=events.get(message.who, message.text)) for message in messages if message.who != "note"
    ]


def _once(text: str) -> str:
    """What marks a message that is sent again, with scripts or without: the same form with the same words.

    The form's own part is random and kept nowhere, so the digest tells nothing of the words.
    """
    once = request.form.get("once", "")[:40]
    return hashlib.sha256(f"{once} {text}".encode()).hexdigest() if once else ""


def _navigated() -> bool:
    """Whether a browser navigated here, as it does without scripts, and will show the answer as a page.

    Browsers without Fetch Metadata ask for text/html then, and for anything else in pictures and fetches. Their readers
    have to be able to hide, too; and the cookie is SameSite=Strict, so no other site makes them.
    """
    if "Sec-Fetch-Dest" not in request.headers:
        return "text/html" in request.headers.get("Accept", "")
    how = (request.headers["Sec-Fetch-Dest"], request.headers.get("Sec-Fetch-Mode"))
    return how == ("document", "navigate") and "Sec-Purpose" not in request.headers


def _wants_page() -> bool:
    return "application/json" not in request.headers.get("Accept", "")


def _standing(conversation: Conversation) -> rules.Standing:
    within = is_open(_chat(), current_public().site.zone, _now())
    somebody = conversation.state != "waiting" or bool(_store().present(_now()))
    return rules.standing(conversation, within, somebody, _now())


def _status(conversation: Conversation, told: rules.Standing) -> str:
    """Where they stand, in a sentence or two."""
    numbers = _("You can also call one of the numbers below.")
    match told:
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
    """How long others waited this hour and the last; empty where nobody did."""
    wait = _store().usual_wait(_now())
    if wait is None:
        return ""
    return _("People waited about %(number)s minutes in the last hour or two.") % {
        "number": max(1, whole_minutes(wait))
    }


def _why_over(conversation: Conversation | None) -> str:
    match conversation.reason if conversation else None:
        case "quiet":
            return _("It was quiet for a while, so it ended by itself.")
        case "broken":
            return _("Something went wrong on our side, so we had to end it. Please call, or start again.")
    return ""


def _ended(reason: Reason, answer: Response | str) -> Response:
    if conversation := _mine():
        _store().end(conversation.id, reason, _now())
    return _without_cookie(current_app.make_response(answer))


def _without_cookie(response: Response) -> Response:
    if request.cookies.get(_cookie()):
        response.delete_cookie(_cookie(), httponly=True, samesite="Strict", secure=current_app.config["HTTPS"])
    return response
