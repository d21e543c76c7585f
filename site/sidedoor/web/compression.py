"""Makes answers for a single reader smaller: leaves out what the page that shows them has already, and compresses the
rest.

An answer from the edition is compressed already and has an ETag; everything else (a search's results, a form with a
mistake, a chat, an error) is compressed here, quickly.

Compression can give a secret away to somebody who sees lengths, if a stranger can get their own words placed beside it
again and again (BREACH: Gluck, Harris and Prado, 2013). Here a stranger cannot. No page holds a token; the only secret
is what was said in a chat, and only the chat's own pages hold it. Its cookie is SameSite=Strict, so a request from
another site is answered without those words; and a post from another site is refused before anything else
(same_site.py). Their length is hidden all the same: each answer to a reader in a chat has a random number of extra
bytes. What scripts request in a chat (JSON) is short, and left as it is.
"""

import gzip
import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING

import brotli
from werkzeug.datastructures import Headers
from werkzeug.test import run_wsgi_app

from sidedoor.chat.cookies import in_conversation
from sidedoor.web.edition import content_type, preferred_coding
from sidedoor.web.headers import IN_PLACE_KEY
from sidedoor.web.in_place import Parts

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_QUICK = 5
"""Brotli's quality: takes 1 ms for a page, which is 15 % larger than at best quality."""
_LONGEST_NOISE = 256


class CompressionLayer:
    """Makes the pages of `application` smaller that have no ETag."""

    def __init__(self, application: "WSGIApplication") -> None:
        self._application = application

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        parts, status, headers = run_wsgi_app(self._application, environ, buffered=True)
        body = b"".join(parts)
        if body and "ETag" not in headers and content_type(headers).startswith("text/html"):
            body = _lighter(body, headers, environ)
        start_response(status, list(headers))
        return [body]


def _lighter(body: bytes, headers: Headers, environ: "WSGIEnvironment") -> bytes:
    """The body to send. Changes its headers to match."""
    if (header := environ.get(IN_PLACE_KEY)) is not None and (parts := Parts.of(body.decode())):
        body = parts.alone(*parts.lacks(header)).encode()
    if in_conversation(environ):
        noise = secrets.token_hex(_LONGEST_NOISE // 2)[: secrets.randbelow(_LONGEST_NOISE)]
        body += f"<!-- {noise} -->\n".encode()
    coding = preferred_coding(environ.get("HTTP_ACCEPT_ENCODING", ""), True)
    headers.add("Vary", "Accept-Encoding")
    if coding != "identity":
        quick = brotli.compress(body, mode=brotli.MODE_TEXT, quality=_QUICK)
        body = quick if coding == "br" else gzip.compress(body, compresslevel=4, mtime=0)
        headers["Content-Encoding"] = coding
    headers["Content-Length"] = str(len(body))
    return body
