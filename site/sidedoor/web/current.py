"""What a view needs to know about its request: the one edition that it is answered from, from start to end."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from flask import current_app, make_response, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from sidedoor.documents.library import PublicLibrary
from sidedoor.web.edition import EDITION_KEY, SAME_FOR_EVERYONE, Edition

Parameters = ParamSpec("Parameters")


def current_edition() -> Edition:
    """The edition this request is answered from."""
    edition: Edition = request.environ[EDITION_KEY]
    return edition


def current_public() -> PublicLibrary:
    """All documents that this request may know of."""
    return current_edition().public


def site_address() -> str:
    """The address of the site, without a slash at the end: for feeds and whatever else is read elsewhere."""
    return (current_public().site.url or current_app.config["SERVED_AT"]).rstrip("/")


def current_path() -> str:
    """The path that was requested, with the language in front (see language_layer.py)."""
    return request.script_root + request.path if request.path != "/" or not request.script_root else request.script_root


def same_for_everyone(view: Callable[Parameters, ResponseReturnValue]) -> Callable[Parameters, ResponseReturnValue]:
    """Mark a view whose answer depends on its address and the edition alone, so that the edition may remember it."""

    @wraps(view)
    def marked(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Response:
        response = make_response(view(*args, **kwargs))
        if request.method == "GET":
            response.headers[SAME_FOR_EVERYONE] = "1"
        return response

    return marked
