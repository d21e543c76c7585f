"""GET /healthz, for monitors, balancers and people: whether readers are served, and what is wrong with the machine."""

from flask import Blueprint
from flask.typing import ResponseReturnValue
from werkzeug.test import create_environ, run_wsgi_app

from sidedoor.documents.codes import Code, Where
from sidedoor.documents.fixed_addresses import HEALTH
from sidedoor.documents.problems import Problem
from sidedoor.public.current import now, settings, the_site
from sidedoor.web.current import current_edition
from sidedoor.web.health import as_json

blueprint = Blueprint("health", __name__)


@blueprint.get(HEALTH)
def healthz() -> ResponseReturnValue:
    """200 while readers are served, whatever else is wrong; 503 once they are not.

    Nothing here may change because of a draft, or somebody who watches would learn that something is being prepared.
    So it tells how many seconds ago the public content last changed, as far as this worker knows, how many documents
    there are, and how the machine is.
    """
    edition = current_edition()
    problems = list(the_site().health.troubles())
    served = _served(edition.public.help_now(edition.public.site.language))
    if not served:
        problems.insert(0, Problem(Where.SITE, None, Code.HEALTH_NOT_SERVED))
    age = (now() - edition.since).total_seconds()
    report = {
        "status": "down" if not served else "trouble" if problems else "ok",
        "edition_age": round(age, 1),
        "documents": len(edition.public.shown),
        "trouble": as_json(problems),
    }
    return report, 200 if served else 503


def _served(help_now: str) -> bool:
    """Whether a reader would get the front page, and the page they may need first. Both are remembered, so this is
    cheap."""
    address = "https://localhost" if settings().https else "http://localhost"
    try:
        for path in ("/", help_now):
            _, status, _ = run_wsgi_app(the_site().edition, create_environ(path, address), buffered=True)
            if not status.startswith("200"):
                return False
    except Exception:
        return False
    return True
