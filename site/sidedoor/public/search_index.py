"""Search over what is public, in SQLite's FTS5, in memory: made from one PublicLibrary and gone with it.

Endings are forgiven by the Porter stemmer, spelling by the nearest word that the site really uses.
"""

import difflib
import re
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from markupsafe import Markup, escape

from sidedoor.documents.library import PublicLibrary

LONGEST_QUERY = 200
_MOST_WORDS = 12
_MOST_RESULTS = 20
_WORD = re.compile(r"\w+")
_OPEN, _CLOSE = "\x02", "\x03"
# Words that say nothing of what is looked for; left out unless there is nothing else.
_EMPTY = frozenset(
    [
        "a",
        "about",
        "am",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "can",
        "do",
        "does",
        "for",
        "from",
        "get",
        "have",
        "he",
        "help",
        "her",
        "him",
        "his",
        "how",
        "i",
        "if",
        "in",
        "is",
        "it",
        "me",
        "my",
        "need",
        "of",
        "on",
        "or",
        "our",
        "she",
        "should",
        "so",
        "some",
        "that",
        "the",
        "their",
        "them",
        "they",
        "this",
        "to",
        "us",
        "want",
        "was",
        "we",
        "what",
        "when",
        "where",
        "who",
        "why",
        "will",
        "with",
        "you",
        "your",
    ]
)


@dataclass(frozen=True)
class Result:
    """One hit. `kind` is help, news, page or contact; `snippet` is escaped, with the hits in `<mark>`."""

    kind: str
    title: str
    path: str
    snippet: Markup


@dataclass(frozen=True)
class Found:
    """What a search found, and the spelling it was done with if that is not the reader's."""

    results: list[Result]
    suggestion: str | None = None


class SearchIndex:
    """An index of one public library. Safe to share between threads."""

    def __init__(self, public: PublicLibrary) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect(":memory:", check_same_thread=False)
        self._database.execute(
            "CREATE VIRTUAL TABLE entries USING fts5(title, summary, body, kind UNINDEXED, path UNINDEXED,"
            " tokenize='porter unicode61 remove_diacritics 2')"
        )
        entries = list(_entries(public))
        self._database.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?)", entries)
        self._words = sorted(
            {word for entry in entries for text in entry[:3] for word in _words(text) if len(word) > 2}
        )

    def search(self, query: str) -> Found:
        """The best hits for what somebody typed, whatever it was: no query is an error."""
        typed = _words(query[:LONGEST_QUERY])[:_MOST_WORDS]
        wanted = [word for word in typed if word not in _EMPTY] or typed
        if not wanted:
            return Found([])
        with self._lock:
            meant = [self._nearest(word) for word in wanted]
            results = self._match(" AND ".join(map(_term, meant))) or self._match(" OR ".join(map(_term, meant)))
        return Found(results, " ".join(meant) if meant != wanted and results else None)

    def _nearest(self, word: str) -> str:
        if self._database.execute("SELECT 1 FROM entries WHERE entries MATCH ? LIMIT 1", (_term(word),)).fetchone():
            return word
        near = [other for other in self._words if abs(len(other) - len(word)) <= 2]
        return next(iter(difflib.get_close_matches(word, near, n=1, cutoff=0.7)), word)

    def _match(self, expression: str) -> list[Result]:
        rows = self._database.execute(
            "SELECT kind, title, path, snippet(entries, -1, ?, ?, '…', 24) FROM entries WHERE entries MATCH ?"
            " ORDER BY bm25(entries, 8.0, 4.0, 1.0) LIMIT ?",
            (_OPEN, _CLOSE, expression, _MOST_RESULTS),
        )
        return [Result(kind, title, path, _marked(snippet)) for kind, title, path, snippet in rows]


@lru_cache(maxsize=1)
def index_of(public: PublicLibrary) -> SearchIndex:
    """The index of `public`, made when first asked for."""
    return SearchIndex(public)


def _entries(public: PublicLibrary) -> Iterator[tuple[str, str, str, str, str]]:
    for document in public.shown:
        yield document.title, document.summary, " ".join(document.sentences), document.kind, document.path
    for contact in public.contacts.values():
        more = [contact.access, contact.note, contact.area, contact.phone, contact.hours]
        yield (
            contact.name,
            contact.for_whom,
            " ".join(text for text in more if text),
            "contact",
            f"/contacts#contact-{contact.id}",
        )


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower().replace("’", "").replace("'", ""))


def _term(word: str) -> str:
    """A word and whatever begins with it. Quoted, so that nothing typed is read as an operator."""
    return f'("{word}" OR "{word}"*)'


def _marked(snippet: str) -> Markup:
    return Markup(str(escape(snippet)).replace(_OPEN, "<mark>").replace(_CLOSE, "</mark>"))
