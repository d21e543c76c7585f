"""The staff desk as a server loads it: `granian --interface rsgi --factory sidedoor.desk.server:load`."""

from contextlib import suppress

from flask import Flask

from sidedoor.desk import create_app
from sidedoor.private import private_folder
from sidedoor.web.serve import loaded


def load() -> Flask:
    """The desk. What runs beside its answers starts with the server, or with the first request."""
    app = loaded(create_app)
    # Drafts and embargoed words lie in the content. Its pictures and pages keep their modes: the folder shuts them in.
    with suppress(OSError):
        private_folder(app.config["CONTENT"])
    return app
