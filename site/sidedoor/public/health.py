"""GET /healthz, for the operator's monitor: numbers only, no path and no title."""

from flask import Blueprint, current_app
from flask.typing import ResponseReturnValue

from sidedoor.public.current import current_edition

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    """The edition's age in seconds, the documents the public may see, the problems that editors were told of."""
    edition = current_edition()
    age = (current_app.extensions["clock"]() - edition.made_at).total_seconds()
    return {
        "status": "ok",
        "edition_age": round(age, 1),
        "documents": len(edition.public.shown),
        "problems": len(edition.library.problems),
    }
