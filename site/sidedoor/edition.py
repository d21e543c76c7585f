"""The Edition: the public site at one moment. Flask answers each address once; the edition repeats the bytes.

A WSGI layer in front of Flask. What it remembers was answered from one PublicLibrary, and is dropped whole at the next
edit and at the next embargo or expiry of any document, so no remembered page outlives what it was made from.
"""

import gzip
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

import brotli
from werkzeug.http import parse_accept_header, parse_etags
from werkzeug.test import run_wsgi_app

from sidedoor.documents.library import Library, PublicLibrary
from sidedoor.documents.live import LiveLibrary
from sidedoor.documents.times import Clock

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

EDITION_KEY = "sidedoor.edition"
SAME_FOR_EVERYONE = "X-Sidedoor-Same-For-Everyone"
"""How a view tells the edition that its answer may be remembered. The header never leaves the edition."""

_CODINGS = ("br", "gzip", "identity")
_WORTH_COMPRESSING = (
    "text/",
    "application/json",
    "application/feed+json",
    "application/xml",
    "application/rss+xml",
    "application/atom+xml",
)


@dataclass(frozen=True)
class Answer:
    """One remembered response: its bytes in every coding it has, each with its own strong ETag (RFC 9110, 8.8.1)."""

    status: str
    headers: tuple[tuple[str, str], ...]
    bodies: dict[str, bytes]
    etags: dict[str, str]

    @classmethod
    def of(cls, status: str, headers: Iterable[tuple[str, str]], body: bytes) -> "Answer":
        """Make the codings of `body` that save something."""
        kept = [
            (name, value)
            for name, value in headers
            if name.lower() not in ("content-length", SAME_FOR_EVERYONE.lower())
        ]
        content_type = next((value for name, value in kept if name.lower() == "content-type"), "")
        bodies = {"identity": body}
        if content_type.startswith(_WORTH_COMPRESSING):
            bodies["br"] = brotli.compress(body, quality=9)
            bodies["gzip"] = gzip.compress(body, compresslevel=9, mtime=0)
            kept.append(("Vary", "Accept-Encoding"))
        digest = hashlib.sha256(body).hexdigest()[:20]
        return cls(status, tuple(kept), bodies, {coding: f'"{digest}-{coding}"' for coding in bodies})

    def send(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a GET or HEAD request in the coding it prefers, or with 304 where it has these bytes already."""
        coding = _preferred(environ.get("HTTP_ACCEPT_ENCODING", ""), len(self.bodies) > 1)
        body, etag = self.bodies[coding], self.etags[coding]
        headers = [*self.headers, ("ETag", etag)]
        if self.status.startswith("200") and _has_already(environ.get("HTTP_IF_NONE_MATCH"), etag):
            start_response("304 Not Modified", [header for header in headers if header[0].lower() != "content-type"])
            return []
        headers.append(("Content-Length", str(len(body))))
        if coding != "identity":
            headers.append(("Content-Encoding", coding))
        start_response(self.status, headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


@dataclass(frozen=True, eq=False)
class Edition:
    """The public library of one moment, and the answers made from it so far, by path."""

    library: Library
    public: PublicLibrary
    made_at: datetime
    answers: dict[str, Answer] = field(default_factory=dict)

    def valid(self, library: Library, now: datetime) -> bool:
        """Whether it still shows what the public may see at `now`, also after the clock was set back."""
        return library is self.library and self.made_at <= now < self.public.valid_until


class EditionLayer:
    """Gives every request one Edition from start to end, and answers from it where it can."""

    def __init__(self, application: "WSGIApplication", live: LiveLibrary, clock: Clock) -> None:
        self._application = application
        self._live = live
        self._clock = clock
        self._edition = self._make()

    def edition(self) -> Edition:
        """The edition of now."""
        edition = self._edition
        if not edition.valid(self._live.library, self._clock()):
            self._edition = edition = self._make()
        return edition

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        edition = self.edition()
        environ[EDITION_KEY] = edition
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD") or environ.get("QUERY_STRING"):
            return self._application(environ, start_response)
        path = environ.get("PATH_INFO", "")
        if remembered := edition.answers.get(path):
            return remembered.send(environ, start_response)
        body, status, headers = run_wsgi_app(self._application, {**environ, "REQUEST_METHOD": "GET"}, buffered=True)
        answer = Answer.of(status, headers, b"".join(body)) if SAME_FOR_EVERYONE in headers else None
        if not answer:
            whole = b"".join(body)
            start_response(status, [(name, value) for name, value in headers])
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [whole]
        edition.answers[path] = answer
        return answer.send(environ, start_response)

    def _make(self) -> Edition:
        library, now = self._live.library, self._clock()
        return Edition(library, library.public(now), now)


@lru_cache(maxsize=512)
def _preferred(accept_encoding: str, choice: bool) -> str:
    """The coding that a client weights highest, ours deciding among equals; identity when it names none we have."""
    if not choice or not accept_encoding:
        return "identity"
    weights = dict(parse_accept_header(accept_encoding))
    other = weights.get("*", 0)
    weighed = [(weights.get(coding, other if coding != "identity" else 0.001), coding) for coding in _CODINGS]
    best, coding = max(weighed, key=lambda pair: pair[0])
    return coding if best > 0 else "identity"


def _has_already(if_none_match: str | None, etag: str) -> bool:
    return bool(if_none_match) and parse_etags(if_none_match).contains_weak(etag.strip('"'))
