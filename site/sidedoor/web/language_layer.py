"""A language is the first part of an address: `/cy/help` is `/help`, in Welsh. Each view knows one address.

That part is moved to SCRIPT_NAME, where WSGI has the address at which an application is mounted. So the views do not
see it, and everything else does. The edition's site.toml says which languages there are; anything else in that place is
an ordinary address.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sidedoor.web.edition import EDITION_KEY

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LANGUAGE_KEY = "sidedoor.language"
FORM_KEY = "sidedoor.form"
"""For a page in another form of the site's own language: the form's name in addresses."""


class LanguageLayer:
    """Tells `application` the language of the address."""

    def __init__(self, application: "WSGIApplication") -> None:
        self._application = application

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        return self._application(for_views(environ), start_response)


def for_views(environ: "dict[str, Any]") -> "dict[str, Any]":
    """The environment of the same request, as the views know it."""
    public, path = environ[EDITION_KEY].public, environ.get("PATH_INFO", "")
    folder, rest = public.split(path)
    is_form = folder in public.site.forms
    # A form has no fixed addresses: only its pages exist.
    if not folder or (is_form and path not in public.by_path):
        return environ
    mounted, key = environ.get("SCRIPT_NAME", ""), FORM_KEY if is_form else LANGUAGE_KEY
    return {**environ, "SCRIPT_NAME": f"{mounted}/{folder}", "PATH_INFO": rest, key: folder}
