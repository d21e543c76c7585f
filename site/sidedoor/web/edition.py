"""The Edition: the public site at one moment. Flask answers each address once; the edition repeats the bytes.

A WSGI layer in front of Flask. All that it remembers was made from one PublicLibrary, and is dropped at the next edit
and at the next embargo or expiry of any document, so no remembered page outlives what it was made from.
"""

import gzip
import hashlib
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any

import brotli
from werkzeug.http import parse_accept_header, parse_etags
from werkzeug.test import run_wsgi_app

from sidedoor.chat.cookies import in_conversation
from sidedoor.documents.library import Library, PublicLibrary
from sidedoor.documents.live import LiveLibrary
from sidedoor.documents.showing import Showing
from sidedoor.documents.times import Clock
from sidedoor.web.headers import IN_PLACE_KEY
from sidedoor.web.in_place import Parts

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

EDITION_KEY = "sidedoor.web.edition"
MIRROR_KEY = "sidedoor.mirror_of"
"""The address of the live site, in a request that the export makes. Its answer is only for the mirror."""
SAME_FOR_EVERYONE = "X-Sidedoor-Same-For-Everyone"
"""How a view tells the edition that its answer may be remembered. The header never leaves the edition."""
WHOEVER_ASKS = "whoever asks"
"""The header's value for an answer that is the same even for readers in a conversation, and so large that it is worth
any compression."""

_LARGEST_PAGE = 128 * 1024
_LONGEST = timedelta(days=1)  # some answers contain a date: security.txt
_CODINGS = ("br", "gzip", "identity")
_LONGEST_READ = 250
"""How much of a header is read that may be a list. A browser sends thirty letters, and a tag or two; 60 kB would take
the event loop 50 ms."""
WORTH_COMPRESSING = (
    "text/",
    "application/json",
    "application/feed+json",
    "application/xml",
    "application/rss+xml",
    "application/atom+xml",
)


@dataclass(frozen=True)
class Answer:
    """One remembered response. `headers` are those that all its codings share; `codings` are those requested so far."""

    status: str
    headers: tuple[tuple[str, str], ...]
    whole: bytes
    whoever_asks: bool = False
    codings: dict[str, "Coded"] = field(default_factory=dict)
    _alone: dict[tuple[bool, bool], "Answer"] = field(default_factory=dict)

    @classmethod
    def of(cls, status: str, headers: Iterable[tuple[str, str]], body: bytes) -> "Answer":
        """Make one from a response whose `headers` are complete."""
        headers = list(headers)
        kept = tuple(
            (name, value)
            for name, value in headers
            if name.lower() not in ("content-length", SAME_FOR_EVERYONE.lower())
        )
        return cls(status, kept, body, (SAME_FOR_EVERYONE, WHOEVER_ASKS) in headers)

    def coded(self, coding: str) -> "Coded":
        """The response in one coding, made at the first request for it."""
        if coding not in self.codings:
            varies = [("Vary", "Accept-Encoding")] if self._worth_compressing else []
            tag = f"{self._digest}-{coding}"
            self.codings[coding] = Coded.of([*self.headers, *varies], tag, coding, self._in(coding))
        return self.codings[coding]

    def _in(self, coding: str) -> bytes:
        if coding == "identity":
            return self.whole
        if self.whoever_asks:
            return _compressed_whatever_it_costs(self.whole, coding)
        # Pages are made as small as possible; feeds and sitemaps, which programs read, are compressed quickly.
        if self._kind.startswith("text/html") and len(self.whole) <= _LARGEST_PAGE:
            return _compressed_page(self.whole, coding)
        return brotli.compress(self.whole, quality=4) if coding == "br" else gzip.compress(self.whole, 4, mtime=0)

    @cached_property
    def _kind(self) -> str:
        return content_type(self.headers)

    @property
    def _worth_compressing(self) -> bool:
        return self._kind.startswith(WORTH_COMPRESSING)

    @cached_property
    def _digest(self) -> str:
        return hashlib.sha256(self.whole).hexdigest()[:16]

    def coding_for(self, environ: "WSGIEnvironment") -> str:
        """The coding that a request prefers."""
        return preferred_coding(environ.get("HTTP_ACCEPT_ENCODING", ""), self._worth_compressing)

    def fit(self, environ: "WSGIEnvironment") -> "Answer":
        """This answer; or, if the request shows it in place, the part of it that the page there lacks."""
        header = environ.get(IN_PLACE_KEY)
        if header is None or not self._kind.startswith("text/html"):
            return self
        parts = self._parts
        if parts is None:
            return self
        missing = parts.lacks(header)
        if missing not in self._alone:
            self._alone[missing] = Answer.of(self.status, self.headers, parts.alone(*missing).encode())
        return self._alone[missing]

    @cached_property
    def _parts(self) -> Parts | None:
        return Parts.of(self.whole.decode())

    def send(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a GET or HEAD request in the coding it prefers, or with 304 if the client has these bytes."""
        coded = self.coded(self.coding_for(environ))
        if_none_match = environ.get("HTTP_IF_NONE_MATCH", "")[:_LONGEST_READ]
        if if_none_match and self.status.startswith("200") and parse_etags(if_none_match).contains_weak(coded.tag):
            start_response("304 Not Modified", coded.unchanged.copy())
            return []
        start_response(self.status, coded.headers.copy())
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [coded.body]


@dataclass(frozen=True)
class Coded:
    """One coding of a response, with its headers made once: for 200, and for 304 Not Modified."""

    tag: str
    headers: list[tuple[str, str]]
    unchanged: list[tuple[str, str]]
    body: bytes

    @classmethod
    def of(cls, headers: list[tuple[str, str]], tag: str, coding: str, body: bytes) -> "Coded":
        """Add what belongs to the coding: ETag (strong, RFC 9110 8.8.1), Content-Encoding, Content-Length."""
        all_headers = [*headers, ("ETag", f'"{tag}"')]
        unchanged = [header for header in all_headers if header[0].lower() != "content-type"]
        all_headers.append(("Content-Length", str(len(body))))
        if coding != "identity":
            all_headers.append(("Content-Encoding", coding))
        return cls(tag, all_headers, unchanged, body)


def content_type(headers: Iterable[tuple[str, str]]) -> str:
    """The content type that a response's headers name; empty if they name none."""
    return next((value for name, value in headers if name.lower() == "content-type"), "")


def _compressed_well(body: bytes, coding: str) -> bytes:
    if coding == "gzip":
        return gzip.compress(body, compresslevel=9, mtime=0)
    small: bytes = brotli.compress(body, mode=brotli.MODE_TEXT, quality=11)
    return small


# Remembered, because most pages outlive an edition. Few answers are large, so fewer of those are.
_compressed_page = lru_cache(maxsize=512)(_compressed_well)
_compressed_whatever_it_costs = lru_cache(maxsize=16)(_compressed_well)


@dataclass(frozen=True, eq=False)
class Edition:
    """The public library of one moment, and the answers made from it so far, by path.

    `addresses`: those whose answers may be remembered. `parts`: pieces that many of them share, made once. `since`:
    when the public content last changed. `turn`: a lock for costly answers, so that each is made once and not by all
    who wait for it.
    """

    library: Library
    public: PublicLibrary
    made_at: datetime
    since: datetime
    addresses: Container[str] = ()
    answers: dict[str, Answer] = field(default_factory=dict)
    parts: dict[tuple[str, ...], str] = field(default_factory=dict)
    turn: Lock = field(default_factory=Lock)

    def valid(self, library: Library, now: datetime) -> bool:
        """Whether it still shows what the public may see at `now`, also after the clock was set back."""
        return library is self.library and self._lasts(now)

    def after(
        self,
        library: Library,
        public: PublicLibrary,
        now: datetime,
        addresses: Callable[[PublicLibrary], Container[str]],
    ) -> "Edition":
        """The next edition, of what is `public` in the `library`.

        A change to a draft keeps all answers: it must not change anything, not even how soon we answer.
        """
        if self._lasts(now) and public.shows_the_same_as(self.public):
            return replace(self, library=library, public=public)
        return Edition(library, public, now, now, addresses(public))

    def _lasts(self, now: datetime) -> bool:
        return self.made_at <= now < min(self.public.valid_until, self.made_at + _LONGEST)


class EditionLayer:
    """Gives every request one Edition from start to end, and answers from it if possible.

    `complete` adds to a response's headers whatever policy they still lack, before it is remembered. `addresses` gives
    all addresses of a public library: nothing else is ever remembered, whatever is requested. `costly`: whether the
    answer at a path is made by one thread at a time.
    """

    def __init__(
        self,
        application: "WSGIApplication",
        live: LiveLibrary,
        clock: Clock,
        complete: Callable[[list[tuple[str, str]]], list[tuple[str, str]]],
        addresses: Callable[[PublicLibrary], Container[str]],
        costly: Callable[[str], bool] = lambda _path: False,
    ) -> None:
        self._application = application
        self._complete = complete
        self._live = live
        self._clock = clock
        self._addresses = addresses
        self._costly = costly
        self._showing = Showing()
        library, now = live.library, clock()
        public = self._showing.public(library, now)
        self._edition = Edition(library, public, now, now, addresses(public))

    def edition(self) -> Edition:
        """The current edition."""
        edition = self._edition
        library, now = self._live.library, self._clock()
        if not edition.valid(library, now):
            public = self._showing.public(library, now)
            self._edition = edition = edition.after(library, public, now, self._addresses)
        return edition

    def is_current(self, edition: Edition) -> bool:
        """Whether this edition is the current one. Makes no new one, so it may be called where nothing may block."""
        return self._edition is edition and edition.valid(self._live.library, self._clock())

    def remembered(self, environ: "WSGIEnvironment") -> Answer | None:
        """The answer to this request, if this edition has given it before."""
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD") or MIRROR_KEY in environ:
            return None
        if in_conversation(environ):
            return None
        answer = self.edition().answers.get(environ.get("PATH_INFO", ""))
        return answer.fit(environ) if answer else None

    def at_hand(self, environ: "WSGIEnvironment") -> bool:
        """Whether `remembered` has the answer ready to be sent, with nothing left to make."""
        if not self._edition.valid(self._live.library, self._clock()):
            return False
        answer = self.remembered(environ)
        return answer is not None and answer.coding_for(environ) in answer.codings

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        edition = self.edition()
        environ[EDITION_KEY] = edition
        path = environ.get("PATH_INFO", "")
        if environ.get("QUERY_STRING") and path in edition.addresses and not in_conversation(environ):
            # No page reads a query. Others add one to links (`?fbclid=…`), or to be answered anew each time.
            environ["QUERY_STRING"] = ""
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD") or environ.get("QUERY_STRING"):

            def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Callable[[bytes], object]:
                return start_response(status, [pair for pair in headers if pair[0] != SAME_FOR_EVERYONE], *error)

            return self._application(environ, start)
        if MIRROR_KEY not in environ and self._costly(path):
            with edition.turn:
                return self._answer(edition, path, environ, start_response)
        return self._answer(edition, path, environ, start_response)

    def _answer(
        self, edition: Edition, path: str, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        remembered = edition.answers.get(path)
        if remembered and remembered.whoever_asks and MIRROR_KEY not in environ:
            return remembered.send(environ, start_response)
        body, status, headers = run_wsgi_app(self._application, {**environ, "REQUEST_METHOD": "GET"}, buffered=True)
        whole = b"".join(body)
        for_anybody = not in_conversation(environ) or headers.get(SAME_FOR_EVERYONE) == WHOEVER_ASKS
        for_everybody = MIRROR_KEY not in environ and for_anybody and path in edition.addresses
        if SAME_FOR_EVERYONE in headers and for_everybody:
            edition.answers[path] = answer = Answer.of(status, self._complete(list(headers)), whole)
            return answer.fit(environ).send(environ, start_response)
        start_response(status, [header for header in headers if header[0] != SAME_FOR_EVERYONE])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [whole]


def preferred_coding(accept_encoding: str, choice: bool) -> str:
    """The coding that a client weights highest (our order decides among equals); identity if it names none that we
    have."""
    return _preferred(accept_encoding[:_LONGEST_READ], choice)


@lru_cache(maxsize=512)
def _preferred(accept_encoding: str, choice: bool) -> str:
    if not choice or not accept_encoding:
        return "identity"
    weights = dict(parse_accept_header(accept_encoding))
    other = weights.get("*", 0)
    weighed = [(weights.get(coding, other if coding != "identity" else 0.001), coding) for coding in _CODINGS]
    best, coding = max(weighed, key=lambda pair: pair[0])
    return coding if best > 0 else "identity"
