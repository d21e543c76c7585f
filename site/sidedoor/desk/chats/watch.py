"""Reading along in a chat, for supervisors, to train and to help. Never unseen: the adviser and the reader are told.

The store records for a few seconds at a time who reads along, and only while it does may they read. So nobody reads
a word without the others being told, and coming back after a while is recorded again.
"""

from flask import Blueprint, abort, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sidedoor.chat.model import Conversation, NotPossible
from sidedoor.chat.store import ChatStore
from sidedoor.desk.access import current_person, only, polled
from sidedoor.desk.chats.words import lines
from sidedoor.desk.current import audit, the_desk
from sidedoor.desk.current import chat_now as now
from sidedoor.web.numbers import whole_number

blueprint = Blueprint("watch", __name__)


@blueprint.get("/watch")
@only("supervisor")
def everybody() -> ResponseReturnValue:
    """List every conversation that goes on now, without a word from any of them."""
    live = [chat for chat in _store().live(now()) if chat.state != "ended"]
    return render_template("desk/chats/watch_list.html", chats=live)


@blueprint.post("/<int:number>/watch")
@only("supervisor")
def enter(number: int) -> ResponseReturnValue:
    """Start to read along. The audit records it, and both the adviser and the reader see it."""
    conversation, person = _conversation(number), current_person()
    if conversation.state != "talking" or conversation.adviser == person.id:
        flash("There is nobody's answer to read along with yet, or it is over.", "problem")
        return redirect("/chats/watch", 303)
    if conversation.watcher != person.name:
        try:
            with audit().recorded(person.name, "reads along in a chat", f"chat {number}"):
                # First write it among the messages, so that both see it at their next look, however late that is.
                _store().say(number, "joined", "", now(), author=person.name)
        except NotPossible:
            flash("It is over, or a colleague has it now.", "problem")
            return redirect("/chats/watch", 303)
    _store().watch(number, person.name, now())
    return redirect(f"/chats/{number}/watch", 303)


@blueprint.get("/<int:number>/watch")
@only("supervisor")
def read_along(number: int) -> ResponseReturnValue:
    """Show the chat to a supervisor. Without scripts the page reloads itself."""
    conversation = _conversation(number)
    reads = _keeps_reading(conversation)
    shown = lines(_store().messages(number), current_person().name) if reads else []
    return render_template("desk/chats/watch.html", chat=conversation, lines=shown, reads=reads)


@blueprint.get("/<int:number>/watch/now")
@only("supervisor")
@polled
def now_(number: int) -> ResponseReturnValue:
    """Tell board.js what came after the message numbered `after`."""
    conversation, after = _conversation(number), request.args.get("after", 0, type=whole_number)
    reads = _keeps_reading(conversation)
    shown = lines(_store().messages(number, after), current_person().name) if reads else []
    return {
        "reads": reads,
        "over": conversation.state == "ended",
        "messages": [{"number": line.number, "who": line.who, "name": line.name, "text": line.text} for line in shown],
    }


def _store() -> ChatStore:
    return the_desk().chats


def _conversation(number: int) -> Conversation:
    return _store().get(number, now()) or abort(404)


def _keeps_reading(conversation: Conversation) -> bool:
    """Whether the others still see that this person reads along; if so, keep it that way for a few more seconds."""
    person = current_person()
    if conversation.state != "talking" or conversation.watcher != person.name or conversation.adviser == person.id:
        return False
    _store().watch(conversation.id, person.name, now())
    return True
