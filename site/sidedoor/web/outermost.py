"""The last code that touches a response: it guarantees the policy, refuses unknown hosts, catches what is left.

flask-talisman sets the policy on what Flask answers. It is missing if another after_request raises, or if Flask is
never called; so this layer adds whatever is missing.
"""

import logging
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from flask import Flask, abort, request
from werkzeug.sansio.utils import host_is_trusted

from sidedoor.documents.fixed_addresses import HEALTH
from sidedoor.web.edition import Answer
from sidedoor.web.headers import IN_PLACE_KEY, in_place

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Complete = Callable[[list[tuple[str, str]]], list[tuple[str, str]]]
log = logging.getLogger(__name__)
ERROR_KEY = "sidedoor.error"
"""In a request's environment, where no client can put it: the status that the answer has to explain."""
_LOOPBACK = ("localhost", ".localhost", "127.0.0.1", "[::1]")


class OutermostLayer:
    """The last code that touches a response.

    `complete` adds to a response's headers what they still lack. `hosts` gives the host names in use now, besides this
    machine's own. `remembered` gives an answer that is complete already, or None. `emergency` gives the number to call
    in danger, or nothing. `shows_in_place`: pages of this application are shown in place (see `in_place`).
    """

    def __init__(
        self,
        application: "WSGIApplication",
        complete: Complete,
        https: bool,
        hosts: Callable[[], tuple[str, ...]],
        remembered: "Callable[[WSGIEnvironment], Answer | None]",
        emergency: Callable[[], str],
        shows_in_place: bool = False,
    ) -> None:
        self._application = application
        self._complete = complete
        self._https = https
        self._hosts = hosts
        self._remembered = remembered
        self._emergency = emergency
        self._shows_in_place = shows_in_place

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if self._shows_in_place and IN_PLACE_KEY in environ:
            start_response = _answering_in_place(start_response)

        def start(status: str, headers: list[tuple[str, str]], error: Any = None) -> Any:
            complete = self._complete(headers)
            return start_response(status, complete, error) if error else start_response(status, complete)

        host = environ.get("HTTP_HOST", "")
        if is_health_check := environ.get("PATH_INFO") == HEALTH:
            # Monitors and load balancers send an IP address as Host, or none; the answer repeats neither.
            environ["HTTP_HOST"] = host = "localhost"
        if not _trusted(host, self._hosts()):
            return _plain(start, "400 Bad Request", "This address is not one this site answers to.\n")
        if self._https and not is_health_check and environ.get("HTTP_X_FORWARDED_PROTO", "https") == "http":
            path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
            location = f"https://{host}{quote(path.encode('latin-1', 'replace'))}"
            return _plain(
                start, "308 Permanent Redirect", "This site is reached through https.\n", ("Location", location)
            )
        try:
            if answer := self._remembered(environ):
                return answer.send(environ, start_response)
            return self._application(environ, start)
        except Exception:
            # The path is left out: what a reader looked at is never logged.
            log.exception("A request was not answered.")
            return _plain(start, "500 Internal Server Error", f"Something went wrong here.{self._in_danger()}\n")

    def refuse_body(self, environ: "WSGIEnvironment", start_response: "StartResponse", status: str) -> Iterable[bytes]:
        """Answer a request whose body did not arrive (see rsgi.Front), in words that help all the same."""

        def start(answered: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            return start_response(answered, [*headers, ("Connection", "close")], *error)

        error_page = {"REQUEST_METHOD": "GET", "PATH_INFO": "/-", "QUERY_STRING": "", ERROR_KEY: int(status.split()[0])}
        return self({**environ, **error_page}, start)

    def _in_danger(self) -> str:
        number = self._emergency()
        return f" In danger, call {number}." if number else ""


def make_pages_for_refusals(app: Flask) -> None:
    """Let `app` make its own page for the status in ERROR_KEY, on behalf of layers that answer without calling it."""

    @app.before_request
    def _answer() -> None:
        if code := request.environ.get(ERROR_KEY):
            abort(code)


def _answering_in_place(start_response: "StartResponse") -> "StartResponse":
    def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
        return start_response(status, in_place(headers), *error)

    return start


@lru_cache(maxsize=256)
def _trusted(host: str, hosts: tuple[str, ...]) -> bool:
    return bool(host) and host_is_trusted(host, (*_LOOPBACK, *hosts))


def _plain(start: Callable[..., Any], status: str, text: str, *headers: tuple[str, str]) -> Iterable[bytes]:
    body = text.encode()
    start(status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body))), *headers])
    return [body]
