"""Serves the desk's styles and scripts from static/, which the browser checks for changes each time; and its health."""

from flask import Blueprint, Response, send_from_directory

from sidedoor.desk.access import only
from sidedoor.documents.fixed_addresses import HEALTH
from sidedoor.web.inline import STATIC

blueprint = Blueprint("static_files", __name__)


@blueprint.get(HEALTH)
@only("stranger")
def health() -> dict[str, bool]:
    """Say that the desk answers, and nothing more."""
    return {"ok": True}


@blueprint.get("/static/<any(css, js):kind>/<path:name>")
@only("stranger")
def file(kind: str, name: str) -> Response:
    """Send a file."""
    response = send_from_directory(STATIC / kind, name)
    response.headers["Cache-Control"] = "no-cache"
    return response
