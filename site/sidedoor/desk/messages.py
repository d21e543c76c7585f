"""What readers wrote to us: who takes it, that it is answered, and when it is deleted.

No address is kept: whoever wants an answer wrote one into the text. So they are answered by mail or phone,
and this only keeps two people from doing it twice.
"""

from collections.abc import Callable
from datetime import timedelta

from flask import Blueprint, abort, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sidedoor.desk.access import current_person, only
from sidedoor.desk.current import audit, messages, now, the_desk
from sidedoor.public.feedback_store import About, Message

blueprint = Blueprint("messages", __name__, url_prefix="/messages")
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
    """Those that nobody has taken first; then those that somebody answers, then what is answered."""
    kind, found = request.args.get("kind", ""), list(reversed(messages().all()))
    return render_template(
        "desk/messages.html",
        found=sorted(
            (one for one in found if not kind or one.kind == kind),
            key=lambda one: (bool(one.answered), bool(one.taken_by)),
        ),
        kind=kind,
        kinds=KINDS,
        deleted_at={one.number: one.hour + timedelta(days=the_desk().settings.message_days) for one in found},
        now=now(),
    )


@blueprint.post("/<int:number>/<any(take, leave, answered, delete):step>")
@only("press", "editor")
def step(number: int, step: str) -> ResponseReturnValue:
    """Take it, leave it to somebody else, say that it is answered, or delete it for good."""
    message, person = messages().find(number) or abort(404), current_person()
    acts: dict[str, Callable[[], bool]] = {
        "take": lambda: messages().take(number, person.name),
        "leave": lambda: messages().take(number, "", message.taken_by),
        "answered": lambda: messages().answered(number, person.name),
        "delete": lambda: messages().delete(number),
    }
    with audit().recorded(person.name, _ACTIONS[step], str(number)):
        done = acts[step]()
    if not done:
        again = messages().find(number)
        flash(f"{again.taken_by} was quicker." if again and again.taken_by else "It is gone.", "problem")
    return redirect("/messages", 303)


def unanswered() -> dict[str, int]:
    """How many wait for somebody, by kind."""
    waiting: list[Message] = [one for one in messages().all() if not one.taken_by and not one.answered]
    counted = {name: sum(1 for one in waiting if one.kind is kind) for kind, name in KINDS.items()}
    return {name: count for name, count in counted.items() if count}
