"""The desk's own `/healthz`, which tells strangers only that the desk answers."""

from flask import Blueprint

from sidedoor.desk.access import only
from sidedoor.documents.fixed_addresses import HEALTH

blueprint = Blueprint("health", __name__)


@blueprint.get(HEALTH)
@only("stranger")
def answers() -> dict[str, bool]:
    """Say that the desk answers, and nothing more."""
    return {"ok": True}
