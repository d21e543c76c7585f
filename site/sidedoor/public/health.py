"""GET /healthz, for the operator's monitor: numbers only, and only of what is public."""

from flask import Blueprint, current_app
from flask.typing import ResponseReturnValue

from sidedoor.web.current import current_edition

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    """How many seconds ago what the public sees last changed, by this worker's account; and how many documents that is.

    Nothing here may change with a draft: somebody watching would learn that something is being prepared.
    """
    edition = current_edition()
    age = (current_app.extensions["clock"]() - edition.since).total_seconds()
    return {"status": "ok", "edition_age": round(age, 1), "documents": len(edition.public.shown)}
