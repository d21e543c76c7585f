"""“Questions?”: the reader's side of the chat. A form that works without scripts; chat.js makes it quicker.

Nothing is set on the device before Start. Then it is one session cookie that scripts cannot read, which ends with the
conversation. “Hide this page” ends it on the server: with scripts by a beacon, without them by the link itself.
"""

import logging
import secrets
import sqlite3
from datetime import datetime

from flask import Blueprint, abort, current_app, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from sidedoor.chat.hours import is_open, next_opening
from sidedoor.chat.model import (
    LONGEST_MESSAGE,
    Conversation,
    Message,
    NotPossible,
    Reason,
    StoreDown,
    whole_minutes,
)
from sidedoor.chat.networks import networks
from sidedoor.chat.store import ChatStore
from sidedoor.documents.models import Chat
from sidedoor.edition import CHAT_COOKIE, MIRROR_KEY
from sidedoor.numbers import whole_number
from sidedoor.public.current import current_public
from sidedoor.public.language import translate as _

blueprint = Blueprint("chat", __name__, url_prefix="/chat")


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


@blueprint.get("/start")
@blueprint.get("/say")
@blueprint.get("/end")
def from_the_middle() -> ResponseReturnValue:
    """Whoever loads the address of a form again is where the form was."""
    return redirect("/chat", 303)


@blueprint.post("/start")
def start() -> ResponseReturnValue:
    """Start waiting for an adviser. The one moment at which a cookie is set."""
    chat, now = _chat(), _now()
    if request.form.get("website") or _mine() or not _open():
        return redirect("/chat", 303)  # only programs fill in the field that people cannot see
    try:
        found = networks(request.remote_addr or "", _store().network_keys(now))
        token = _store().start(found, chat.most_waiting, now)
    except NotPossible:
        return _before(open_now=False, full=True), 503
    response = redirect("/chat", 303)
    response.set_cookie(_cookie(), token, httponly=True, samesite="Strict", secure=current_app.config["HTTPS"])
    return response


@blueprint.post("/say")
def say() -> ResponseReturnValue:
    """Send a message. Whatever goes wrong, what was typed is still in the form."""
    conversation, text = _mine(), request.form.get("message", "").replace("\r\n", "\n")
    if not conversation or conversation.state == "ended":
        return redirect("/chat", 303)
    try:
        number = _store().say(conversation.id, "reader", text, _now(), request.form.get("once", "")[:40])
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
    return redirect("/chat/wait#newest", 303) if _wants_page() else jsonify(number=number)


@blueprint.get("/messages")
def messages() -> ResponseReturnValue:
    """For chat.js: what came after the message numbered `after`. A reload and a lost connection are the same thing."""
    conversation, after = _mine(), request.args.get("after", 0, type=whole_number)
    if not conversation or conversation.state == "ended":
        return _without_cookie(jsonify(state="ended", over=_why_over(conversation)))
    # Most questions find nothing new, and then the words need not be looked for.
    found = _for_reader(conversation, after) if conversation.newest > after else []
    return jsonify(
        state=conversation.state,
        status=_status(conversation),
        there=conversation.asks_whether_there(_now()),
        newest=conversation.newest,
        messages=[{"number": one.number, "who": one.who, "text": one.text} for one in found],
    )


@blueprint.post("/end")
def end() -> ResponseReturnValue:
    """End it calmly; the page that follows says that it is over, and where to turn."""
    return _ended("reader", render_template("chat/over.html"))


@blueprint.post("/hide")
def hide() -> ResponseReturnValue:
    """The beacon that “Hide this page” sends."""
    return _ended("hidden", "")


@blueprint.get("/hide")
def hide_without_scripts() -> ResponseReturnValue:
    """Where “Hide this page” leads without scripts, for whoever is in a conversation: it ends, and on to the exit."""
    exits = (current_app.config["EXIT_URL"],) if current_app.config["EXIT_URL"] else current_public().site.exit
    response = redirect(exits[0], 303)
    response.headers["Referrer-Policy"] = "no-referrer"
    try:
        return _ended("hidden", response)
    except (StoreDown, sqlite3.Error):
        return response  # whatever else fails, they leave


@blueprint.errorhandler(StoreDown)
@blueprint.errorhandler(sqlite3.Error)
def store_is_down(error: Exception) -> ResponseReturnValue:
    """Nobody can answer then, so readers are told where else to turn; what they typed stays where they typed it."""
    logging.getLogger("sidedoor.chat").error("The chat's store cannot be used: %s", type(error).__name__)
    if not _wants_page():
        return jsonify(problem=_("The chat does not work just now. What you wrote was not sent.")), 503
    return _before(open_now=False, broken=True, text=request.form.get("message", "")), 503


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
    token = request.cookies.get(_cookie())
    return _store().find(token, _now()) if token else None


def _before(open_now: bool, full: bool = False, broken: bool = False, text: str = "") -> str:
    chat, public = _chat(), current_public()
    return render_template(
        "chat/start.html",
        chat=chat,
        open_now=open_now,
        opens=None if open_now else next_opening(chat, public.site.zone, _now()),
        full=full,
        broken=broken,
        text=text,
        wait=_usual_wait() if open_now else "",
        instead=[public.contacts[name] for name in chat.instead if name in public.contacts],
    )


def _conversation(conversation: Conversation, text: str = "", problem: str = "", waits: bool = False) -> Response:
    if conversation.state == "ended":
        page = render_template("chat/over.html", why=_why_over(conversation))
        return _without_cookie(current_app.make_response(page))
    page = render_template(
        "chat/conversation.html",
        messages=_for_reader(conversation),
        newest=conversation.newest,
        status=_status(conversation),
        there=conversation.asks_whether_there(_now()),
        waits=waits,
        text=text,
        problem=problem,
        longest=LONGEST_MESSAGE,
        once=secrets.token_urlsafe(9),
    )
    return current_app.make_response((page, 422 if problem else 200))


def _for_reader(conversation: Conversation, after: int = 0) -> list[Message]:
    """Notes are for the colleague who takes over."""
    return [one for one in _store().messages(conversation.id, after) if one.who != "note"]


def _wants_page() -> bool:
    return "application/json" not in request.headers.get("Accept", "")


def _status(conversation: Conversation) -> str:
    """Where they stand, in a sentence or two."""
    if conversation.state == "talking":
        with_you = _("An adviser is with you.")
        along = _("A second adviser reads along, to learn or to help.") if conversation.watcher else ""
        return f"{with_you} {along}".rstrip()
    ahead = conversation.place - 1
    place = (
        _("Still before you: %(number)s. You can read other pages; your place is kept.") % {"number": ahead}
        if ahead
        else _("You are next. An adviser will answer as soon as one is free.")
    )
    return f"{place} {_usual_wait()}".rstrip()


def _usual_wait() -> str:
    """How long others waited this hour and the last; no guess where nobody did."""
    wait = _store().usual_wait(_now())
    if wait is None:
        return ""
    return _("People waited about %(number)s minutes in the last hour or two.") % {
        "number": max(1, whole_minutes(wait))
    }


def _why_over(conversation: Conversation | None) -> str:
    quiet = conversation and conversation.reason == "quiet"
    return _("It was quiet for a while, so it ended by itself.") if quiet else ""


def _ended(reason: Reason, answer: Response | str) -> Response:
    if conversation := _mine():
        _store().end(conversation.id, reason, _now())
    return _without_cookie(current_app.make_response(answer))


def _without_cookie(response: Response) -> Response:
    if request.cookies.get(_cookie()):
        response.delete_cookie(_cookie(), httponly=True, samesite="Strict", secure=current_app.config["HTTPS"])
    return response
