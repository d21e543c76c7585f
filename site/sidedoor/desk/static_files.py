"""The desk's styles and scripts, from static/. The browser asks each time whether they are still the same."""

from flask import Blueprint, Response, send_from_directory

from sidedoor.desk.access import only
from sidedoor.public.inline import STATIC

blueprint = Blueprint("static_files", __name__, url_prefix="/static")


@blueprint.get("/<any(css, js):kind>/<path:name>")
@only("stranger")
def file(kind: str, name: str) -> Response:
    """One file."""
    response = send_from_directory(STATIC / kind, name)
    response.headers["Cache-Control"] = "no-cache"
    return response
