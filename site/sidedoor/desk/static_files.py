"""Serves the desk's styles and scripts from static/, which the browser checks for changes each time."""

from flask import Blueprint, Response, send_from_directory

from sidedoor.desk.access import only
from sidedoor.web.inline import STATIC

blueprint = Blueprint("static_files", __name__)


@blueprint.get("/static/<any(css, js):kind>/<path:name>")
@only("stranger")
def file(kind: str, name: str) -> Response:
    """Send a file."""
    response = send_from_directory(STATIC / kind, name)
    response.headers["Cache-Control"] = "no-cache"
    return response
