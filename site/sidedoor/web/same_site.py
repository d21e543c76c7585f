"""Protects forms without a cookie: a post from another site is refused.

`Sec-Fetch-Site` cannot be set by a page (Fetch Metadata, 4); browsers without it send `Origin`. There is no sign-in and
so nothing to steal, but nobody should be made to write to us without knowing it.
"""

from urllib.parse import urlsplit

from flask import Flask, abort, request


def refuse_cross_site_posts(app: Flask) -> None:
    """Answer 403 to every unsafe request that did not come from this site's own pages."""

    @app.before_request
    def _refuse() -> None:
        if request.method not in ("GET", "HEAD", "OPTIONS") and not _from_here():
            abort(403)


def _from_here() -> bool:
    if fetch_site := request.headers.get("Sec-Fetch-Site"):
        return fetch_site in ("same-origin", "none")
    if origin := request.headers.get("Origin"):
        try:
            return urlsplit(origin).netloc == request.host
        except ValueError:
            return False
    return True
