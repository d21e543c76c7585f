"""Takes a step for somebody at the desk, and tells them how it went: done, done only in part, or not done and why."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import flash, redirect
from flask.typing import ResponseReturnValue

from sidedoor.desk.items.files import Conflict
from sidedoor.desk.refusal_words import STOPS, sentence
from sidedoor.desk.refusals import HalfDone

FIRST_OF_TWO = "Noted. Nobody here knows who wrote it, so somebody else has to approve it as well."
"""The words for an approval that needs a second one."""


@dataclass(frozen=True)
class Done:
    """A step that was taken: the words that say so, and the address of the page to go on with.

    `category`: of the message with these words (see flask.flash).
    """

    words: str
    onward: str
    category: str = "message"


def take(
    step: Callable[[], Done], again: Callable[[str], str], how_it_stands: Callable[[], str]
) -> ResponseReturnValue:
    """Take a step, and return the answer to the person who took it.

    If `step` raises one of STOPS, it did not happen: `again` makes the page they sent it from, with the sentence that
    says why. Its status is 409 if somebody else changed the file meanwhile, otherwise 422.
    If it raises HalfDone, it must not be sent a second time. So the answer leads on as if it was done, but with a
    warning, to the address that `how_it_stands` returns.
    """
    try:
        done = step()
    except HalfDone as stopped:
        flash(sentence(stopped), "problem")
        return redirect(how_it_stands(), 303)
    except STOPS as stopped:
        return again(sentence(stopped)), 409 if isinstance(stopped, Conflict) else 422
    flash(done.words, done.category)
    return redirect(done.onward, 303)
