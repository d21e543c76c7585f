"""Readers' feedback: who takes each, that it is answered, and when it is deleted.

No address is stored: readers who want an answer write their address into the text. So staff answer by mail or phone,
and these pages only keep two people from answering the same message.
"""

from collections.abc import Callable
from datetime import timedelta

from flask import Blueprint, abort, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sidedoor.desk.access import current_person, only
from sidedoor.desk.current import audit, feedback, now, the_desk
from sidedoor.public.feedback_store import About, Message

blueprint = Blueprint("feedback", __name__, url_prefix="/messages")
KINDS = {About.PRESS: "press", About.WEBSITE: "website", About.OTHER: "something else"}

_ACTIONS = {
    "take": "took a reader's message",
    "leave": "left a reader's message to others",
    "answered": "answered a reader's message",
    "delete": "deleted a reader's message",
}


@blueprint.get("")
@only("press", "editor")
def everything() -> ResponseReturnValue:
    """Show the messages: first those that nobody has taken, then those that somebody answers, then answered ones."""
    kind, newest_first = request.args.get("kind", ""), list(reversed(feedback().all()))
    return render_template(
        "desk/feedback/list.html",
        shown=sorted(
            (message for message in newest_first if not kind or message.kind == kind),
            key=lambda message: (bool(message.answered), bool(message.taken_by)),
        ),
        kind=kind,
        kinds=KINDS,
        deleted_at={
            message.number: message.hour + timedelta(days=the_desk().settings.message_days) for message in newest_first
        },
        now=now(),
    )


@blueprint.post("/<int:number>/<any(take, leave, answered, delete):step>")
@only("press", "editor")
def step(number: int, step: str) -> ResponseReturnValue:
    """Take a message, leave it to somebody else, say that it is answered, or delete it for good."""
    message, person = feedback().find(number) or abort(404), current_person()
    acts: dict[str, Callable[[], bool]] = {
        "take": lambda: feedback().take(number, person.name),
        "leave": lambda: feedback().take(number, "", message.taken_by),
        "answered": lambda: feedback().answered(number, person.name),
        "delete": lambda: feedback().delete(number),
    }
    with audit().recorded(person.name, _ACTIONS[step], str(number)):
        succeeded = acts[step]()
    if not succeeded:
        message_now = feedback().find(number)
        flash(
            f"{message_now.taken_by} was quicker." if message_now and message_now.taken_by else "It is gone.", "problem"
        )
    return redirect("/messages", 303)


def unanswered() -> dict[str, int]:
    """Count the messages that nobody has taken or answered, by kind."""
    waiting: list[Message] = [message for message in feedback().all() if not message.taken_by and not message.answered]
    counts = {name: sum(1 for message in waiting if message.kind is kind) for kind, name in KINDS.items()}
    return {name: count for name, count in counts.items() if count}
