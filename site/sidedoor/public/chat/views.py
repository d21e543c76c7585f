"""“Questions?”: the reader's side of the chat. A form that works without scripts; chat.js makes it quicker.

Nothing is set on the device before Start. Then it is one session cookie that scripts cannot read, which ends with the
conversation. “Hide this page” ends the conversation on the server: with scripts by a beacon, or, if that does not
arrive, by the mark that hidden_first reads; without scripts by the link itself.
"""

import logging
import sqlite3
from typing import get_args

from flask import Blueprint, current_app, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sidedoor.chat import rules
from sidedoor.chat.model import Conversation, How, NotPossible, Reason, StoreDown, Unreadable, Why
from sidedoor.chat.networks import networks
from sidedoor.documents.fixed_addresses import CHAT
from sidedoor.public.chat.conversation import (
    chat_address,
    cookie_name,
    is_open_now,
    my_conversation,
    the_chat,
    ticket_of,
    without_cookie,
)
from sidedoor.public.chat.messages import for_reader, named_in
from sidedoor.public.chat.pages import contacts_instead, conversation_page, opens_in, start_page
from sidedoor.public.chat.questions import answer_to
from sidedoor.public.chat.words import bar_of, standing_of, status_of, why_broken, why_over
from sidedoor.public.current import chat_now, chats, settings
from sidedoor.public.exit import leave
from sidedoor.web.edge import address_of_reader
from sidedoor.web.edition import MIRROR_KEY
from sidedoor.web.headers import IN_PLACE
from sidedoor.web.language import current_language
from sidedoor.web.language import translate as _
from sidedoor.web.numbers import whole_number

blueprint = Blueprint("chat", __name__, url_prefix=CHAT)
_SHORTEST_ONCE = 20
_REFUSED: dict[Why, int] = {"full": 503, "network": 429, "often": 429, "blocked": 403}


@blueprint.get("")
def page() -> ResponseReturnValue:
    """The conversation, if there is one. Otherwise what to know before starting one or, while that is not possible,
    where to turn."""
    conversation = my_conversation()
    if conversation:
        return conversation_page(conversation)
    return without_cookie(_response(start_page(open_now=request.environ.get(MIRROR_KEY) is None and is_open_now())))


@blueprint.get("/wait")
def wait() -> ResponseReturnValue:
    """Without scripts: the conversation, in a page that reloads itself. It has no box, so that no half-typed word is
    lost."""
    conversation = my_conversation()
    return conversation_page(conversation, waits=True) if conversation else _no_longer_known()


@blueprint.get("/open")
def opens() -> ResponseReturnValue:
    """For chat.js, on the page that says it is closed: whether it is open now, and otherwise in how many seconds it
    opens, when chat.js asks again."""
    return jsonify({"open": is_open_now(), "in": opens_in()})


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
    chat, now = the_chat(), chat_now()
    if request.form.get("website") or my_conversation() or not is_open_now():
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
        return start_page(open_now=False, refused=refused.why), _REFUSED[refused.why]
    # Without scripts they wait on a page that reloads itself; on any other page they would soon seem to be gone.
    response = _to_chat("/wait" if _navigated() else "")
    response.set_cookie(cookie_name(), token, httponly=True, samesite="Strict", secure=settings().https)
    return response


@blueprint.post("/say")
def say() -> ResponseReturnValue:
    """Send a message. Whatever goes wrong, what was typed is still in the form."""
    conversation, text = my_conversation(), request.form.get("message", "").replace("\r\n", "\n")
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
            return conversation_page(conversation, text, problem)
        return jsonify(problem=problem), 422
    if conversation.has_draft:
        chats().keep(conversation.id, "draft", "")
    if not _wants_page():
        return jsonify(number=number)
    return _to_chat("" if IN_PLACE in request.headers else "/wait")  # a page shown in place gets chat.js a little later


@blueprint.post("/draft")
def draft() -> ResponseReturnValue:
    """For chat.js, when its page is left with unsent words in the box: the next visit shows them again.

    They are sealed as all words are, and destroyed at the end; no adviser ever sees them.
    """
    conversation, text = my_conversation(), request.form.get("message", "").replace("\r\n", "\n")
    if conversation and conversation.state != "ended" and len(text) <= rules.LONGEST_MESSAGE:
        chats().keep(conversation.id, "draft", text)
    return "", 204


@blueprint.post("/here")
def here() -> ResponseReturnValue:
    """“I am still here”: the answer of somebody who has been quiet for long. One press, no words."""
    conversation, text = my_conversation(), request.form.get("message", "").replace("\r\n", "\n")
    if not conversation or conversation.state == "ended":
        return _to_chat()
    if "look" not in request.form:  # without scripts, looking at the replies is a post too, to keep what is typed
        chats().stay(conversation.id, chat_now())
    if "once" not in request.form and "waits" not in request.form:
        return "", 204  # chat.js says it with a beacon
    if text.strip():
        return conversation_page(my_conversation() or conversation, text)  # half-typed words are still in the box
    return _to_chat("/wait" if request.form.get("waits") else "")


@blueprint.get("/messages")
def messages() -> ResponseReturnValue:
    """For chat.js: what is new. A reload and a lost connection need nothing else."""
    conversation = my_conversation()
    if not conversation or conversation.state == "ended":
        return without_cookie(_over_for_script(conversation, lost=not conversation and _went_on_just_now()))
    return jsonify(answer_to(conversation))


@blueprint.post("/end")
def end() -> ResponseReturnValue:
    """End it calmly; the page that follows says that it is over, and where to turn."""
    conversation = my_conversation()
    if not _wants_page():
        return _end_and_answer("reader", _over_for_script(conversation))
    over = {"ticket": ticket_of(conversation), "named": named_in(conversation)}
    return _end_and_answer(
        "reader", render_template("chat/over.html", instead=contacts_instead(), chat_at=chat_address(), **over)
    )


@blueprint.post("/how")
def how() -> ResponseReturnValue:
    """Count how it was: one of three, with noise, without words and without a name."""
    chosen: How | None = next((rating for rating in get_args(How) if rating == request.form.get("how")), None)
    if chosen:
        chats().said_how(request.form.get("ticket", "")[:64], rules.with_noise(chosen), chat_now())
    return render_template("chat/thanks.html", chat_at=chat_address())


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
    why = why_over(chats().get(error.conversation, chat_now()))
    if request.endpoint == "chat.messages":
        return without_cookie(jsonify(state="ended", over=why, bar=_("The chat is over.")))
    if not _wants_page():
        return without_cookie(jsonify(problem=why)), 422
    page = render_template("chat/over.html", why=why, instead=contacts_instead(), chat_at=chat_address())
    return without_cookie(current_app.make_response(page))


@blueprint.errorhandler(StoreDown)
@blueprint.errorhandler(sqlite3.Error)
def store_is_down(error: Exception) -> ResponseReturnValue:
    """Nobody can answer then, so readers are told where else to turn; what they typed stays where they typed it."""
    logging.getLogger("sidedoor.chat").error("The chat's store cannot be used: %s", type(error).__name__)
    if not _wants_page():
        return jsonify(problem=_("The chat does not work just now. What you wrote was not sent.")), 503
    waits = request.endpoint == "chat.wait"  # it reloads itself, so that a short failure costs nobody their place
    again = (request.form.get("message", ""), request.form.get("once", "")[:40])
    return start_page(open_now=False, broken=True, unsent=again, waits=waits), 503


def state_elsewhere() -> str:
    """What is happening in the chat of this page's reader, in a sentence; empty if they have none, or nobody knows."""
    try:
        conversation = None if request.blueprint == blueprint.name else my_conversation()
        if not conversation or conversation.state == "ended":
            return ""
        standing = standing_of(conversation)
        newer = for_reader(conversation, conversation.shown) if conversation.newest > conversation.shown else []
        return bar_of(conversation, standing, status_of(conversation, standing), newer, conversation.shown)
    except (StoreDown, sqlite3.Error, Unreadable, NotFound):
        return ""  # the page is more important; the chat's own page says what is wrong


def _response(page: str) -> Response:
    return current_app.make_response(page)


def _to_chat(then: str = "") -> Response:
    return redirect(chat_address() + then, 303)


def _no_longer_known() -> ResponseReturnValue:
    """For readers in the middle of a chat that is no longer in the store. Somebody without its cookie, who comes later,
    is not told that there was a chat."""
    if not _wants_page() or cookie_name() not in request.cookies:
        return _to_chat()
    return without_cookie(
        _response(render_template("chat/over.html", instead=contacts_instead(), chat_at=chat_address()))
    )


def _over_for_script(conversation: Conversation | None, lost: bool = False) -> Response:
    """For chat.js: that it is over."""
    why = why_broken() if lost else why_over(conversation)
    return jsonify(state="ended", over=why, bar=_("The chat is over."))


def _went_on_just_now() -> bool:
    """Whether a page saw its chat go on so recently that its end would still be remembered. If the chat is unknown
    then, it was lost with the store that held it."""
    as_of = request.args.get("as", 0, type=whole_number)
    return cookie_name() in request.cookies and chat_now().timestamp() - as_of < rules.REMEMBERED.total_seconds()


def _once(text: str) -> str:
    """What recognises a message that is sent twice, with scripts or without."""
    return rules.once_of(request.form.get("once", ""), text)


def _navigated() -> bool:
    """Whether a browser navigated here, as it does without scripts, and will show the answer as a page.

    Browsers without Fetch Metadata say that they accept text/html when they navigate, and other types when they load
    pictures or fetch. Their readers have to be able to hide, too; no other site can do it for them, because the cookie
    is SameSite=Strict.
    """
    if "Sec-Fetch-Dest" not in request.headers:
        return "text/html" in request.headers.get("Accept", "")
    how = (request.headers["Sec-Fetch-Dest"], request.headers.get("Sec-Fetch-Mode"))
    return how == ("document", "navigate") and "Sec-Purpose" not in request.headers


def _wants_page() -> bool:
    return "application/json" not in request.headers.get("Accept", "")


def _end_and_answer(reason: Reason, answer: Response | str) -> Response:
    if conversation := my_conversation():
        chats().end(conversation.id, reason, chat_now())
    return without_cookie(current_app.make_response(answer))
