"""“Questions? Feedback?”: a form that works without scripts, asks for no name, and keeps no address."""

import logging
import re
import sqlite3

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sidedoor.public.current import now, the_site
from sidedoor.public.feedback_store import LONGEST_MESSAGE, About, StoreFull
from sidedoor.web.current import current_public, same_for_everyone
from sidedoor.web.edge import address_of_reader
from sidedoor.web.language import in_own_language
from sidedoor.web.language import translate as _

blueprint = Blueprint("feedback", __name__)
log = logging.getLogger(__name__)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@blueprint.get("/feedback")
@same_for_everyone
def form() -> str:
    """The empty form."""
    return render_template("feedback/form.html", message="", problem=None, about=About.OTHER)


@blueprint.get("/feedback/press")
@same_for_everyone
def press_form() -> str:
    """The same for journalists, linked from press releases."""
    return render_template("feedback/form.html", message="", problem=None, about=About.PRESS)


@blueprint.get("/journalists")
@same_for_everyone
def journalists() -> str:
    """Who answers the press, what an embargo means here, and the feeds."""
    return render_template("feedback/journalists.html", contacts=current_public().site.press.values())


@blueprint.post("/feedback")
def send() -> ResponseReturnValue:
    """Keep a message. Whatever goes wrong, what was typed is still in the form."""
    message = _CONTROLS.sub("", request.form.get("message", "").replace("\r\n", "\n")).strip()
    if request.form.get("website"):
        return redirect(
            in_own_language("/feedback/sent"), 303
        )  # only programs fill in the field that people cannot see
    if not message:
        return _again(message, _("There is nothing in the box yet. Write a few words first."), 422)
    if len(message) > LONGEST_MESSAGE:
        return _again(message, _("That is too long. Please keep it under 4,000 letters."), 422)
    if not the_site().senders.count(address_of_reader(), now()):
        problem = _("Many messages came from your network in this hour. Please try again in an hour.")
        return _again(message, problem, 429)
    try:
        the_site().feedback.add(message, now(), _about())
    except StoreFull:
        return _again(message, _("Too much is coming in just now. Please try again in an hour."), 503)
    except (OSError, sqlite3.Error):
        log.exception("A message could not be kept.")
        return _again(message, _("We could not keep your message. Please try again later."), 503)
    return redirect(in_own_language("/feedback/sent"), 303)


@blueprint.get("/feedback/sent")
@same_for_everyone
def sent() -> str:
    """Thanks, and where to turn for help."""
    return render_template("feedback/sent.html")


def _again(message: str, problem: str, status: int) -> ResponseReturnValue:
    return render_template("feedback/form.html", message=message, problem=problem, about=_about()), status


def _about() -> About:
    chosen = request.form.get("about", "")
    return About(chosen) if chosen in list(About) else About.OTHER
