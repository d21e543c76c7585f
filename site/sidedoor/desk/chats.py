"""Chats, for advisers: be present, answer who waited longest, several at once, and leave nothing behind."""

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sidedoor.chat.model import LONGEST_MESSAGE, Conversation, NotPossible
from sidedoor.chat.store import ChatStore
from sidedoor.desk.access import current_person, only
from sidedoor.desk.current import audit, library, now

blueprint = Blueprint("chats", __name__, url_prefix="/chats")
ENDS = {
    "hidden": "The reader left in a hurry. Do not try to reach them.",
    "reader": "The reader ended it.",
    "adviser": "You ended it.",
    "quiet": "It was quiet for fifteen minutes, so it ended.",
}
_NOT_SENT = {
    "empty": "There is nothing in the box yet.",
    "long": "That is too long. Send it in parts.",
    "often": "That was a lot at once. Wait a moment.",
    "over": "The chat is over. What you wrote was not sent.",
}


@blueprint.get("")
@only("adviser")
def everybody() -> ResponseReturnValue:
    """Who waits, and one's own conversations. Looking here says that one is still present."""
    return _page("desk/chats.html")


@blueprint.get("/now")
@only("adviser")
def now_() -> ResponseReturnValue:
    """The same list, for the script that keeps it fresh; how many wait, for a sound without content."""
    waiting = [one for one in _store().live(now()) if one.state == "waiting"]
    return {"html": _page("desk/chats_list.html"), "waiting": len(waiting)}


@blueprint.post("/present")
@only("adviser")
def present() -> ResponseReturnValue:
    """Be present, or away. The chat is open to readers while somebody is."""
    person, here = current_person(), request.form.get("present") == "yes"
    _store().is_present(person.id, person.name, here, now())
    audit().record(person.name, "is present" if here else "is away", "chat")
    return redirect("/chats", 303)


@blueprint.post("/<int:number>/accept")
@only("adviser")
def accept(number: int) -> ResponseReturnValue:
    """Answer somebody who waits."""
    person = current_person()
    try:
        _store().accept(number, person.id, person.name, now())
    except NotPossible as refused:
        flash(str(refused), "problem")
        return redirect("/chats", 303)
    return redirect(f"/chats/{number}", 303)


@blueprint.get("/<int:number>")
@only("adviser")
def one(number: int) -> ResponseReturnValue:
    """One conversation: its words, a box to write in, the 999 steps, a way to hand over."""
    conversation = _mine(number)
    others = {id_: name for id_, name in _store().present(now()).items() if id_ != current_person().id}
    return render_template(
        "desk/chat.html",
        chat=conversation,
        messages=_store().messages(number),
        ends=ENDS,
        others=others,
        longest=LONGEST_MESSAGE,
        help_pages=library().public(now()).help,
        contacts=library().contacts.values(),
        there=conversation.asks_whether_there(now()),
    )


@blueprint.get("/<int:number>/messages")
@only("adviser")
def messages(number: int) -> ResponseReturnValue:
    """What came after the message numbered `after`."""
    conversation = _mine(number)
    found = _store().messages(number, max(0, request.args.get("after", 0, type=int)))
    return {
        "state": conversation.state,
        "ended": ENDS.get(conversation.reason or "", ""),
        "messages": [{"number": one.number, "who": one.who, "text": one.text} for one in found],
    }


@blueprint.post("/<int:number>/say")
@only("adviser")
def say(number: int) -> ResponseReturnValue:
    """Answer."""
    _mine(number)
    try:
        _store().say(number, "adviser", request.form.get("message", "").replace("\r\n", "\n"), now())
    except NotPossible as refused:
        flash(_NOT_SENT[refused.why], "problem")
    return redirect(f"/chats/{number}#newest", 303)


@blueprint.post("/<int:number>/end")
@only("adviser")
def end(number: int) -> ResponseReturnValue:
    """End it; its words are destroyed."""
    _mine(number)
    _store().end(number, "adviser", now())
    flash("It is over, and every word of it is deleted. Take a breath before the next.")
    return redirect("/chats", 303)


@blueprint.post("/<int:number>/hand-over")
@only("adviser")
def hand_over(number: int) -> ResponseReturnValue:
    """Give it to a colleague who is present; the reader is told."""
    conversation, to = _mine(number), request.form.get("to", 0, type=int)
    name = _store().present(now()).get(to)
    if conversation.state != "talking" or not name:
        flash("Choose a colleague who is present.", "problem")
        return redirect(f"/chats/{number}", 303)
    _store().say(number, "adviser", "A colleague of mine goes on from here. They can read what we wrote.", now())
    _store().hand_over(number, current_person().id, to, name)
    flash(f"{name} has it now.")
    return redirect("/chats", 303)


def _store() -> ChatStore:
    store: ChatStore = current_app.extensions["chat_store"]
    return store


def _mine(number: int) -> Conversation:
    """A conversation of this adviser's. Aborts with 403 for a colleague's, so that nobody reads along unseen."""
    conversation = _store().get(number, now()) or abort(404)
    if conversation.adviser != current_person().id:
        abort(403)
    return conversation


def _page(template: str) -> str:
    person, everybody = current_person(), _store().live(now())
    here = _store().present(now())
    if person.id in here:
        _store().is_present(person.id, person.name, True, now())  # the heartbeat
    return render_template(
        template,
        waiting=[one for one in everybody if one.state == "waiting"],
        mine=[one for one in everybody if one.adviser == person.id],
        here=here,
        is_here=person.id in here,
        ends=ENDS,
        offered=library().site.chat is not None,
    )
