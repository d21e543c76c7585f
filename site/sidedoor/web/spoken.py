"""A language is the first part of an address: `/cy/help` is `/help`, in Welsh. The views behind know one address each.

The part is moved to where a server says that an application is mounted (WSGI: SCRIPT_NAME), and taken off for the views
alone. Which languages there are, the edition's site.toml says; everything else at that place is an address as usual.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sidedoor.web.edition import EDITION_KEY

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LANGUAGE_KEY = "sidedoor.language"


class Spoken:
    """Tells `application` the language of the address."""

    def __init__(self, application: "WSGIApplication") -> None:
        self._application = application

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        return self._application(spoken(environ), start_response)


def spoken(environ: "dict[str, Any]") -> "dict[str, Any]":
    """The environment of the same request as the views know it."""
    folder, rest = environ[EDITION_KEY].public.split(environ.get("PATH_INFO", ""))
    if not folder:
        return environ
    mounted = environ.get("SCRIPT_NAME", "")
    return {**environ, "SCRIPT_NAME": f"{mounted}/{folder}", "PATH_INFO": rest, LANGUAGE_KEY: folder}
