"""Every response header of policy, in one table; and the outermost layer, which guarantees them on each response.

flask-talisman sets the policy on what Flask answers. It is not there where another after_request raises, or where Flask
is never asked; so the outermost layer adds whatever is missing, refuses unknown hosts and catches what nobody caught.
"""

import logging
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from flask import Flask
from flask_talisman import Talisman
from werkzeug.sansio.utils import host_is_trusted

from sidedoor.web.edition import Answer
from sidedoor.web.inline import hashes

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Complete = Callable[[list[tuple[str, str]]], list[tuple[str, str]]]
log = logging.getLogger(__name__)
IN_PLACE = "Sidedoor-In-Place"
"""What travel.js says with a fetch that stores nothing (`cache: "no-store"`) and is shown in the page that asked."""
_LOOPBACK = ("localhost", ".localhost", "127.0.0.1", "[::1]")
_IN_PLACE_KEY = f"HTTP_{IN_PLACE.upper().replace('-', '_')}"
_FEATURES = ("browsing-topics camera display-capture geolocation microphone payment usb").split()


def content_security_policy(https: bool) -> str:
    """Nothing is allowed but this site's own pictures and forms, and the styles and scripts whose hashes are listed."""
    directives = {
        "default-src": "'none'",
        "script-src": " ".join(hashes("js")),
        "style-src": " ".join(hashes("css")),
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "sidedoor",
    }
    policy = "; ".join(f"{name} {value}" for name, value in directives.items())
    return f"{policy}; upgrade-insecure-requests" if https else policy


def policy_headers(https: bool) -> dict[str, str]:
    """The whole set, as it stands on every response.

    Referrer-Policy is same-origin, not no-referrer, because no-referrer makes the Origin of our own forms `null`.
    """
    headers = {
        "Content-Security-Policy": content_security_policy(https),
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Embedder-Policy": "require-corp",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _FEATURES),
        "X-DNS-Prefetch-Control": "off",
        "Cache-Control": "no-store",
    }
    if https:
        headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
    return headers


def set_policy(app: Flask, https: bool) -> None:
    """Let flask-talisman set the policy. Redirecting is left to the outermost layer, which knows the trusted hosts."""
    headers = policy_headers(https)
    Talisman(
        app,
        content_security_policy=headers["Content-Security-Policy"],
        force_https=False,
        frame_options=headers["X-Frame-Options"],
        permissions_policy=dict.fromkeys(_FEATURES, "()"),
        referrer_policy=headers["Referrer-Policy"],
        session_cookie_secure=https,
        strict_transport_security=False,
        x_xss_protection=False,
    )


def with_policy(headers: list[tuple[str, str]], https: bool) -> list[tuple[str, str]]:
    """A response's headers, and whatever of the public site's policy they still lack."""
    return completed(headers, _policy(https))


def completed(headers: list[tuple[str, str]], policy: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """A response's headers, and whatever of `policy` they still lack."""
    present = {name.lower() for name, _ in headers}
    return [*headers, *(header for header in policy if header[0].lower() not in present)]


def in_place(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers of an answer that goes into a page which is there already. The one place where no-store is relaxed.

    An answer with no-store throws the page that asked for it out of Chromium's back/forward cache, so that Back from
    another site loads the page arrived at instead of the page read. The fetch itself keeps the answer out of every
    store (Fetch, 5.6); `private` does so for caches on the way, and Vary for whoever asks for the address as a page.
    """
    kept = [header for header in headers if header[0].lower() not in ("cache-control", "vary")]
    varies = [value for name, value in headers if name.lower() == "vary"]
    return [*kept, ("Cache-Control", "private, no-cache"), ("Vary", ", ".join([*varies, IN_PLACE]))]


@lru_cache(maxsize=2)
def _policy(https: bool) -> tuple[tuple[str, str], ...]:
    return tuple(policy_headers(https).items())


class OutermostLayer:
    """The last code that touches a response.

    `complete` adds to a response's headers what they still lack. `hosts` gives the host names in use now, besides this
    machine's own. `remembered` gives an answer that is complete already, or None. `shows_in_place`: pages of this
    application are read in place (see `in_place`).
    """

    def __init__(
        self,
        application: "WSGIApplication",
        complete: Complete,
        https: bool,
        hosts: Callable[[], tuple[str, ...]],
        remembered: "Callable[[WSGIEnvironment], Answer | None]",
        shows_in_place: bool = False,
    ) -> None:
        self._application = application
        self._complete = complete
        self._https = https
        self._hosts = hosts
        self._remembered = remembered
        self._shows_in_place = shows_in_place

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if self._shows_in_place and _IN_PLACE_KEY in environ:
            start_response = _answering_in_place(start_response)

        def start(status: str, headers: list[tuple[str, str]], error: Any = None) -> Any:
            complete = self._complete(headers)
            return start_response(status, complete, error) if error else start_response(status, complete)

        host = environ.get("HTTP_HOST", "")
        if not _trusted(host, self._hosts()):
            return _plain(start, "400 Bad Request", "This address is not one this site answers to.\n")
        if self._https and environ.get("HTTP_X_FORWARDED_PROTO", "https") == "http":
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
            # The path is left out: what a reader looked at is written down nowhere.
            log.exception("A request was not answered.")
            return _plain(start, "500 Internal Server Error", "Something went wrong here. In danger, call 999.\n")

    def refuse_body(self, environ: "WSGIEnvironment", start_response: "StartResponse", status: str) -> list[bytes]:
        """Answer a request whose body did not come (see serving.Front), in words that help all the same."""
        del environ
        headers = [("Content-Type", "text/plain; charset=utf-8"), ("Connection", "close")]
        start_response(status, self._complete(headers))
        return [b"What you sent did not arrive. Please try again. In danger, call 999.\n"]


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
