"""“Questions?”: the reader's side of the chat. A form that works without scripts; chat.js makes it quicker.

Nothing is set on the device before Start. Then it is one session cookie that scripts cannot read, which ends with the
conversation. “Hide this page” ends it on the server: with scripts by a beacon, without them by the link itself.
"""

import secrets

from flask import Blueprint, abort, current_app, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from sidedoor.chat.hours import is_open, next_opening
from sidedoor.chat.model import LONGEST_MESSAGE, Conversation, NotPossible, Reason
from sidedoor.chat.networks import networks
from sidedoor.chat.store import ChatStore
from sidedoor.documents.models import Chat
from sidedoor.edition import CHAT_COOKIE
from sidedoor.public.current import current_public
from sidedoor.public.language import translate as _

blueprint = Blueprint("chat", __name__, url_prefix="/chat")


@blueprint.get("")
def page() -> ResponseReturnValue:
    """The conversation, if there is one; else what to know before one, or when there can be one."""
    chat, conversation = _chat(), _mine()
    if conversation:
        return _conversation(conversation)
    now = current_app.extensions["clock"]()
    open_now = is_open(chat, current_public().site.zone, now) and bool(_store().present(now))
    opens = None if open_now else next_opening(chat, current_public().site.zone, now)
    return render_template("chat/start.html", chat=chat, open_now=open_now, opens=opens, full=False)


@blueprint.post("/start")
def start() -> ResponseReturnValue:
    """Start waiting for an adviser. The one moment at which a cookie is set."""
    chat, now = _chat(), current_app.extensions["clock"]()
    if request.form.get("website") or _mine():
        return redirect("/chat", 303)  # only programs fill in the field that people cannot see
    if not (is_open(chat, current_public().site.zone, now) and _store().present(now)):
        return redirect("/chat", 303)
    try:
        found = networks(request.remote_addr or "", _store().network_keys(now))
        token = _store().start(found, chat.most_waiting, now)
    except NotPossible:
        return render_template("chat/start.html", chat=chat, open_now=False, opens=None, full=True), 503
    response = redirect("/chat", 303)
    response.set_cookie(
        _cookie(), token, httponly=True, samesite="Strict", secure=current_app.config["HTTPS"], path="/"
    )
    return response


@blueprint.post("/say")
def say() -> ResponseReturnValue:
    """Send a message. Whatever goes wrong, what was typed is still in the form."""
    conversation, text = _mine(), request.form.get("message", "").replace("\r\n", "\n")
    if not conversation or conversation.state == "ended":
        return redirect("/chat", 303)
    try:
        number = _store().say(
            conversation.id, "reader", text, current_app.extensions["clock"](), request.form.get("once", "")[:40]
        )
    except NotPossible as refused:
        sentences = {
            "empty": _("There is nothing in the box yet. Write a few words first."),
            "long": _("That is too long. Please send it in parts."),
            "often": _("That was a lot at once. Wait a moment, then send it again."),
        }
        problem = sentences.get(refused.why, _("The chat is over."))
        if _wants_page():
            return _conversation(conversation, text, problem), 422
        return jsonify(problem=problem), 422
    return redirect("/chat#newest", 303) if _wants_page() else jsonify(number=number)


@blueprint.get("/messages")
def messages() -> ResponseReturnValue:
    """For chat.js: what came after the message numbered `after`. A reload and a lost connection are the same thing."""
    conversation = _mine()
    if not conversation:
        return jsonify(state="none"), 404
    found = _store().messages(conversation.id, max(0, request.args.get("after", 0, type=int)))
    now = current_app.extensions["clock"]()
    return jsonify(
        state=conversation.state,
        status=_status(conversation),
        there=conversation.asks_whether_there(now),
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
    """Where “Hide this page” leads without scripts, from a conversation: it ends, and on to the exit at once."""
    exits = (current_app.config["EXIT_URL"],) if current_app.config["EXIT_URL"] else current_public().site.exit
    response = redirect(exits[0], 303)
    response.headers["Referrer-Policy"] = "no-referrer"
    return _ended("hidden", response)


def _chat() -> Chat:
    return current_public().site.chat or abort(404)


def _store() -> ChatStore:
    store: ChatStore = current_app.extensions["chat_store"]
    return store


def _cookie() -> str:
    return f"__Host-{CHAT_COOKIE}" if current_app.config["HTTPS"] else CHAT_COOKIE


def _mine() -> Conversation | None:
    token = request.cookies.get(_cookie())
    return _store().find(token, current_app.extensions["clock"]()) if token and current_public().site.chat else None


def _conversation(conversation: Conversation, text: str = "", problem: str = "") -> str:
    if conversation.state == "ended":
        return render_template("chat/over.html", reason=conversation.reason)
    now = current_app.extensions["clock"]()
    return render_template(
        "chat/conversation.html",
        conversation=conversation,
        messages=_store().messages(conversation.id),
        status=_status(conversation),
        there=conversation.asks_whether_there(now),
        text=text,
        problem=problem,
        longest=LONGEST_MESSAGE,
        once=secrets.token_urlsafe(9),
        exit_href="/chat/hide",
    )


def _wants_page() -> bool:
    return "application/json" not in request.headers.get("Accept", "")


def _status(conversation: Conversation) -> str:
    if conversation.state == "ended":
        return _("The chat is over.")
    if conversation.state == "talking":
        return _("An adviser is with you.")
    ahead = conversation.place - 1
    if not ahead:
        return _("You are next. An adviser will answer as soon as one is free.")
    return _("Still before you: %(number)s. You can read other pages; your place is kept.") % {"number": ahead}


def _ended(reason: Reason, answer: Response | str) -> Response:
    if conversation := _mine():
        _store().end(conversation.id, reason, current_app.extensions["clock"]())
    response = current_app.make_response(answer)
    if request.cookies.get(_cookie()):
        response.delete_cookie(
            _cookie(), path="/", httponly=True, samesite="Strict", secure=current_app.config["HTTPS"]
        )
    return response
