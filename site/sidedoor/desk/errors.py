"""The desk's error pages: each says what happened and what to do."""

import logging
import sqlite3

from flask import Flask, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, Unauthorized

from sidedoor.desk.access import Who, roles_for
from sidedoor.desk.items.files import CannotSave
from sidedoor.desk.people.typed_words import shown_again
from sidedoor.desk.refusal_words import sentence
from sidedoor.documents.problems import Refused
from sidedoor.web.outermost import make_pages_for_refusals

log = logging.getLogger(__name__)
_SENTENCES = {
    400: ("That did not work", "Something in the form was not right. Go back, and try again."),
    401: ("You are not signed in", "What you typed was not sent. Sign in in another tab, come back, and try again."),
    403: ("This is not open to you", "If you need it, ask an administrator for the role it takes."),
    404: ("There is nothing here", "It may have been moved or removed. The list shows everything there is."),
    405: ("That did not work", "Go back, and use the buttons on the page."),
    408: ("That did not arrive", "The connection was too slow. Go back, where your words still are, and try again."),
    413: ("That is too big", "Send a smaller picture or a shorter text."),
    429: ("That was too often", "Wait a minute, then try again."),
    503: ("That did not arrive", "Too much is coming in just now. Go back, wait a minute, then try again."),
}


def _roles() -> frozenset[Who]:
    return roles_for(current_app, request.endpoint) if request.endpoint else frozenset({"stranger"})


def handle_errors(app: Flask) -> None:
    """Give `app` its error pages."""
    make_pages_for_refusals(app)

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> ResponseReturnValue:
        if error.code is None or error.code < 400:
            return error
        if isinstance(error, CSRFError | Unauthorized) and "stranger" not in _roles() and (again := shown_again()):
            return again
        heading, text = _SENTENCES.get(error.code, _SENTENCES[400])
        return render_template("desk/error.html", heading=heading, text=text), error.code

    @app.errorhandler(Refused)
    def unreadable(error: Refused) -> ResponseReturnValue:
        """A file was edited outside the desk, and no form could show it without losing some of it."""
        heading, text = "A file cannot be read", "Nothing was changed. Whoever edited it elsewhere can correct it. "
        text += " ".join(f"{problem}" for problem in error.problems[:3])
        return render_template("desk/error.html", heading=heading, text=text), 422

    @app.errorhandler(CannotSave)
    def out_of_reach(error: CannotSave) -> ResponseReturnValue:
        """A file, or the whole content folder, cannot be reached just now."""
        if again := shown_again(sentence(error)):
            return again
        return render_template("desk/error.html", heading="This cannot be opened just now", text=sentence(error)), 503

    @app.errorhandler(sqlite3.OperationalError)
    def database_unavailable(error: sqlite3.OperationalError) -> ResponseReturnValue:
        """The desk's database, here or on a server, does not answer, so nobody's session can be looked up either."""
        log.error("The desk's database cannot be reached.", exc_info=error)
        if again := shown_again(sentence(error)):
            return again
        return render_template("desk/error.html", heading="This cannot be opened just now", text=sentence(error)), 503

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> ResponseReturnValue:
        log.error("A page of the desk could not be made.", exc_info=error)
        heading, text = (
            "Something went wrong here",
            "It is our fault. Go back and try again; what you typed is still there.",
        )
        return render_template("desk/error.html", heading=heading, text=text), 500
