"""The public site as a server loads it: `granian --interface rsgi --factory sidedoor.public.server:load`."""

from flask import Flask

from sidedoor.public import create_app
from sidedoor.web.serve import loaded


def load() -> Flask:
    """The public site. What runs beside its answers starts with the server, or with the first request."""
    return loaded(create_app)
