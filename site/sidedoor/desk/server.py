"""Where a server loads the staff desk: `granian --interface rsgi --factory sidedoor.desk.server:load`."""

from contextlib import suppress
from importlib.util import find_spec

from flask import Flask

from sidedoor.chat.store import open_store
from sidedoor.desk import create_app
from sidedoor.desk.databases import KEPT
from sidedoor.desk.people.signing_in import secret_of
from sidedoor.documents.codes import Code
from sidedoor.documents.loader import usable_site
from sidedoor.documents.problems import Problem, Refused
from sidedoor.home import look, open_database
from sidedoor.private import private_folder
from sidedoor.public import feedback_store
from sidedoor.settings import Settings
from sidedoor.web.serve import loaded


def check(settings: Settings) -> None:
    """Check everything that could keep the desk from starting, without reading the content. Raises problems.Refused."""
    secret_of(settings.data.resolve())  # first, because it names a folder of somebody else
    usable_site(settings.content, settings.data / "desk")
    open_store(settings.chat_store, settings.data)
    for schema in KEPT:
        open_database(settings.messages_home if schema is feedback_store.SCHEMA else settings.home, schema)
    look(settings.home, KEPT)
    if settings.oidc_issuer and not find_spec("authlib"):
        raise Refused([Problem("SIDEDOOR_OIDC_ISSUER", None, Code.WORK_ACCOUNTS_NOT_INSTALLED)])


def load() -> Flask:
    """Make the desk. Its background tasks start with the server, or with the first request."""
    app = loaded(create_app, "desk")
    # The content holds drafts and embargoed words. Its files keep their modes, because the folder's own mode protects
    # them. A missing folder is not made, because it would look like a site whose content was deleted.
    with suppress(OSError):
        if app.config["CONTENT"].is_dir():
            private_folder(app.config["CONTENT"])
    return app
