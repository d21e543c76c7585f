"""All headers of the policy, in one table. flask-talisman sets them on what Flask answers; outermost.py completes the
rest."""

from collections.abc import Callable, Iterable
from functools import cache

from flask import Flask, Response
from flask_talisman import Talisman

from sidedoor.web.inline import script_hashes
from sidedoor.web.sheet import NONE

IN_PLACE = "Sidedoor-In-Place"
"""travel.js sends this with a fetch whose answer is stored nowhere (`cache: "no-store"`), and is shown in the page that
sent it."""
IN_PLACE_KEY = f"HTTP_{IN_PLACE.upper().replace('-', '_')}"
NO_PAGE = "default-src 'none'; frame-ancestors 'none'"
"""The policy of every answer that is no page: it has nothing to load and nothing to run."""
IN_PAGE = '<meta http-equiv="Content-Security-Policy" content="{}">'
"""The policy in the head of a mirror's page (see dressing.py)."""
_ANY_IN_A_PAGE = "'unsafe-inline'"
_FEATURES = ("camera display-capture geolocation microphone payment usb").split()


def content_security_policy(https: bool, style: str = NONE) -> str:
    """Allow nothing but this site's own pictures, recordings and forms, and styles and scripts by their hashes.

    `style`: the source for the page's own style (see sheet.py).
    """
    return _written({**_of_a_page(style), "frame-ancestors": "'none'"}, https)


def policy_in_page(https: bool, style: str) -> str:
    """The same for the head of a mirror's page: page and hashes are then of one release, whatever serves them.

    Only a header can say who may frame a page (CSP3, 3.3).
    """
    return _written(_of_a_page(style), https)


def mirror_headers(https: bool) -> dict[str, str]:
    """The whole set for all pages of a mirror. The policy in each page's head allows only its own style: both policies
    count."""
    return policy_headers(https) | {"Content-Security-Policy": content_security_policy(https, _ANY_IN_A_PAGE)}


def _of_a_page(style: str) -> dict[str, str]:
    return {
        "default-src": "'none'",
        "script-src": " ".join(script_hashes()),
        "style-src": style,
        "img-src": "'self' data:",
        "media-src": "'self'",  # the page that was loaded decides for all that are shown in it
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "sidedoor",
    }


def _written(directives: dict[str, str], https: bool) -> str:
    policy = ";".join(f"{name} {value}" for name, value in directives.items())
    return f"{policy};upgrade-insecure-requests" if https else policy


def policy_headers(https: bool) -> dict[str, str]:
    """The whole set, as every response has it.

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


def set_policy(app: Flask, https: bool, style_of: Callable[[Response], str]) -> None:
    """Let flask-talisman set the policy. Redirecting is left to the outermost layer, which knows the trusted hosts.

    `style_of` completes a page (see dressing.py) and returns the source for its style.
    """
    headers = policy_headers(https)

    @app.after_request  # registered first, so it runs after Talisman, which knows one policy for all pages
    def of_this_page(response: Response) -> Response:
        policy = NO_PAGE
        if response.mimetype == "text/html":
            policy = content_security_policy(https, style_of(response))
        response.headers["Content-Security-Policy"] = policy
        return response

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
    """A response's headers, with whatever they still lack of the public site's policy."""
    kind = next((value for name, value in headers if name.lower() == "content-type"), "")
    return completed(headers, _policy(https, kind.startswith("text/html")))


def completed(headers: list[tuple[str, str]], policy: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """A response's headers, with whatever they still lack of `policy`."""
    present = {name.lower() for name, _ in headers}
    return [*headers, *(header for header in policy if header[0].lower() not in present)]


def in_place(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers of an answer that is shown in a page that is already loaded. The only place where no-store is
    relaxed.

    An answer with no-store removes the page that requested it from Chromium's back/forward cache, so that Back from
    another site loads the page that was opened first instead of the page that was read. The fetch itself keeps the
    answer out of every store (Fetch, 5.6); `private` keeps it out of caches on the way, and Vary from requests for the
    same address as a page.
    """
    other = ("cache-control", "vary", "content-security-policy")
    kept = [header for header in headers if header[0].lower() not in other]
    varies = [value for name, value in headers if name.lower() == "vary"]
    return [
        ("Content-Security-Policy", NO_PAGE),
        *kept,
        ("Cache-Control", "private, no-cache"),
        ("Vary", ", ".join([*varies, IN_PLACE])),
    ]


@cache
def _policy(https: bool, page: bool) -> tuple[tuple[str, str], ...]:
    headers = policy_headers(https)
    return tuple((headers if page else headers | {"Content-Security-Policy": NO_PAGE}).items())
