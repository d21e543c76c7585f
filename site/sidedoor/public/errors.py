"""Error pages: as calm as any other page, with the same way out and the same way to help."""

import logging

from flask import Flask, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, NotFound

from sidedoor.documents.library import PublicLibrary
from sidedoor.public.addresses import Addresses
from sidedoor.web.current import current_path, current_public
from sidedoor.web.edition import SAME_FOR_EVERYONE
from sidedoor.web.language import translate as _
from sidedoor.web.outermost import make_pages_for_refusals

log = logging.getLogger(__name__)
STATUSES_OF_SERVERS = (400, 413, 503)
"""The errors that a web server in front of this one answers by itself."""


def handle_errors(app: Flask) -> None:
    """Give `app` its error pages. A former address leads to the present one, an address with capitals or too many
    slashes to the one that is meant; a removed page says why it is gone."""

    make_pages_for_refusals(app)

    @app.before_request
    def refuse_surplus_slashes() -> None:
        """Werkzeug drops surplus slashes at the front of a path, which would give the page a second address."""
        if request.environ.get("PATH_INFO", "").startswith("//"):
            abort(404)

    def former_target(public: PublicLibrary, path: str) -> str | None:
        """Where a former address leads. In another language it leads to the same place in that language."""
        folder, rest = public.split(path)
        target = public.redirects.get(rest) if folder else None
        return public.redirects.get(path) or (public.in_language(target, folder) if target else None)

    @app.errorhandler(NotFound)
    def not_found(error: NotFound) -> ResponseReturnValue:
        public = current_public()
        path = current_path()
        if target := former_target(public, path):
            response = redirect(target, 301)
            response.headers[SAME_FOR_EVERYONE] = "1"
            return response
        if removed := public.removed_by_path.get(path) or public.removed_by_path.get(request.path):
            headers = {SAME_FOR_EVERYONE: "1"}
            return render_template("news/gone.html", withdrawn=removed.meta.withdrawn), 410, headers
        if request.method in ("GET", "HEAD") and (meant := Addresses(public).meant_by(_typed())):
            return redirect(meant, 308)
        return error_page(404, _("This page is not here"), _("It may have moved. You can search, or choose a topic."))

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> ResponseReturnValue:
        if error.code is None or error.code < 400:
            return error
        if error.code == 403:
            return error_page(403, _("This did not come from our own page"), _("Open the page here and try again."))
        if error.code == 413:
            return error_page(413, _("That is too long to send"), _("Please make it shorter and try again."))
        if error.code in (408, 503):
            return not_sent(error.code)
        if error.code >= 500:
            return error_page(500, _("Something went wrong here"), _("It is our fault. Please try again in a moment."))
        return error_page(
            error.code, _("That did not work"), _("Something in the request was not right. Please try another way.")
        )

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> ResponseReturnValue:
        # Flask's own log line would name the path. What a reader looked at is never logged.
        log.error("A page could not be made.", exc_info=error)
        return error_page(500, _("Something went wrong here"), _("It is our fault. Please try again in a moment."))


def _typed() -> str:
    """The whole path as it was requested, with all its slashes."""
    return str(request.environ.get("SCRIPT_NAME", "")) + str(request.environ["PATH_INFO"])


def not_sent(code: int) -> ResponseReturnValue:
    """The page for a form that did not arrive, or cannot be taken just now: it says where else to turn."""
    public = current_public()
    named = public.site.chat.instead if public.site.chat else ()
    instead = [public.contacts[name] for name in named if name in public.contacts]
    text = _("Please go back: your words may still be there. Then try again in a few minutes.")
    return render_template("error.html", code=code, heading=_("That was not sent"), text=text, instead=instead), code


def error_page(code: int, heading: str, text: str) -> ResponseReturnValue:
    """The page for an error."""
    return render_template("error.html", code=code, heading=heading, text=text), code
