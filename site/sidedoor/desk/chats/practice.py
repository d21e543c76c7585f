"""Practice: one colleague plays the reader, another answers on the board. Marked on every screen, counted nowhere.

A practice is answered, handed over and destroyed like any other conversation; but its reader sits at the desk, and no
reader of the site has to wait behind it.
"""

from flask import Blueprint, abort, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sidedoor.chat.model import Conversation, NotPossible
from sidedoor.desk.access import current_person, only, polled
from sidedoor.desk.chats.words import REFUSED, lines_of_practice
from sidedoor.desk.current import chat_now as now
from sidedoor.desk.current import library, the_desk
from sidedoor.web.numbers import whole_number

blueprint = Blueprint("practice", __name__)


@blueprint.post("/practice")
@only("adviser", "supervisor")
def begin() -> ResponseReturnValue:
    """Start to play a reader. A second press leads to the practice that is already going on."""
    person = current_person()
    live, _ = the_desk().chats.board(person.id, now())
    played = [chat for chat in live if chat.player == person.id and chat.state != "ended"]
    if not played:
        the_desk().chats.start((), 0, now(), language=library().site.language, player=person.id)
        live, _ = the_desk().chats.board(person.id, now())
        played = [chat for chat in live if chat.player == person.id and chat.state != "ended"]
    return redirect(f"/chats/{played[0].id}/play", 303)


@blueprint.get("/<int:number>/play")
@only("adviser", "supervisor")
def play(number: int) -> ResponseReturnValue:
    """Show the reader's side, at the desk."""
    chat = _played(number)
    shown = lines_of_practice(the_desk().chats.messages(number))
    return render_template("desk/chats/practice.html", chat=chat, lines=shown, text="")


@blueprint.get("/<int:number>/play/now")
@only("adviser", "supervisor")
@polled
def now_(number: int) -> ResponseReturnValue:
    """Tell board.js what came after the message numbered `after`."""
    chat, after = _played(number), request.args.get("after", 0, type=whole_number)
    shown = lines_of_practice(the_desk().chats.messages(number, after))
    over = chat.state == "ended"
    return {
        "reads": not over,
        "over": over,
        "messages": [{"number": line.number, "who": line.who, "name": line.name, "text": line.text} for line in shown],
    }


@blueprint.post("/<int:number>/play")
@only("adviser", "supervisor")
def say(number: int) -> ResponseReturnValue:
    """Write as the reader, or end the practice."""
    chat, text = _played(number), request.form.get("message", "").replace("\r\n", "\n")
    if "end" in request.form:
        the_desk().chats.end(number, "reader", now())
        return redirect("/chats", 303)
    try:
        the_desk().chats.say(number, "reader", text, now(), request.form.get("once", "")[:40])
        the_desk().chats.show(number, chat.newest)
    except NotPossible as refused:
        flash(REFUSED[refused.why], "problem")
        shown = lines_of_practice(the_desk().chats.messages(number))
        page = render_template("desk/chats/practice.html", chat=chat, lines=shown, text=text)
        return page, 422
    return redirect(f"/chats/{number}/play", 303)


def _played(number: int) -> Conversation:
    chat = the_desk().chats.get(number, now()) or abort(404)
    if chat.player != current_person().id:
        abort(403)
    return chat
