"""Search over what is public, in SQLite's FTS5, in memory: it follows the PublicLibrary, document by document.

Endings are forgiven by the Porter stemmer, spelling by the nearest word that the site really uses.
"""

import difflib
import re
import sqlite3
import threading
from collections import Counter
from dataclasses import dataclass

from markupsafe import Markup, escape

from sidedoor.documents.document import Document
from sidedoor.documents.library import PublicLibrary
from sidedoor.documents.models import Contact
from sidedoor.public import folding

LONGEST_QUERY = 200
_MOST_WORDS = 12
_MOST_RESULTS = 60
"""Of all languages: whoever reads one is shown the best that they can read."""
_ADDRESS = re.compile(r"https?://\S+")
Entry = tuple[str, str, str, str, str, str]
_OPEN, _CLOSE = "\x02", "\x03"
# Words that say nothing about what is being looked for; left out unless there is nothing else.
_EMPTY = frozenset(
    (
        "a about am an and any are as at be can do does for from get have he help her him his how i if in is "
        "it me my need of on or our she should so some that the their them they this to us want was we what "
        "when where who why will with you your"
    ).split()
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
    """An index that follows the public library: what an edit did not touch is not indexed again.

    Safe to share between threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect(":memory:", check_same_thread=False)
        self._database.execute(
            "CREATE VIRTUAL TABLE entries USING fts5(title, summary, body, search_words,"
            f" kind UNINDEXED, path UNINDEXED, tokenize='{folding.TOKENIZER}')"
        )
        self._public: PublicLibrary | None = None
        self._rows: dict[Document | Contact, int] = {}
        self._words: Counter[str] = Counter()

    def follow(self, public: PublicLibrary) -> None:
        """Hold what `public` holds, and nothing else."""
        with self._lock:
            if public is self._public:
                return
            sources: list[Document | Contact] = [*public.shown, *public.contacts.values()]
            wanted = dict.fromkeys(sources)
            for gone in [source for source in self._rows if source not in wanted]:
                self._database.execute("DELETE FROM entries WHERE rowid = ?", (self._rows.pop(gone),))
                self._words.subtract(_words_of(_entry(gone)))
            for source in wanted:
                if source not in self._rows:
                    self._rows[source] = self._add(_entry(source))
            self._words = +self._words
            self._public = public

    def _add(self, entry: Entry) -> int:
        self._words.update(_words_of(entry))
        return self._database.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", entry).lastrowid or 0

    def search(self, query: str) -> Found:
        """The best hits for whatever somebody typed: no query is an error."""
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
        near = sorted(other for other in self._words if abs(len(other) - len(word)) <= 2)
        return next(iter(difflib.get_close_matches(word, near, n=1, cutoff=0.7)), word)

    def _match(self, expression: str) -> list[Result]:
        # Only the summary and the body are ever quoted: the hidden search words never are.
        rows = self._database.execute(
            "SELECT kind, title, path, snippet(entries, 2, ?, ?, '…', 24), highlight(entries, 1, ?, ?) FROM entries"
            " WHERE entries MATCH ? ORDER BY bm25(entries, 8.0, 4.0, 1.0, 8.0) LIMIT ?",
            (_OPEN, _CLOSE, _OPEN, _CLOSE, expression, _MOST_RESULTS),
        )
        return [
            Result(
                kind, folding.shown(title), path, _marked(body if _OPEN in body and _OPEN not in summary else summary)
            )
            for kind, title, path, body, summary in rows
        ]


def _entry(source: Document | Contact) -> Entry:
    title, summary, told, words, kind, path = _as_written(source)
    words = f"{words} {folding.other_spellings(' '.join((title, summary, told, words)))}".strip()
    return folding.spaced(title), folding.spaced(summary), folding.spaced(told), folding.spaced(words), kind, path


def _as_written(source: Document | Contact) -> Entry:
    if isinstance(source, Document):
        # A written-out address may be hidden now, and nobody searches for addresses.
        told = _ADDRESS.sub("", " ".join(source.sentences))
        words = " ".join(source.meta.search_words)
        return source.title, source.summary, told, words, source.kind, source.path
    more = [source.access, source.note, source.area, source.phone, source.hours]
    told = " ".join(text for text in more if text)
    return source.name, source.for_whom, told, "", "contact", f"/contacts#contact-{source.id}"


def _words_of(entry: Entry) -> set[str]:
    """The words that a spelling may be meant as."""
    return {word for text in entry[:4] for word in _words(text) if len(word) > 2}


def _words(text: str) -> list[str]:
    return folding.words(text)


def _term(word: str) -> str:
    """A word and whatever begins with it. Quoted, so that nothing typed is read as an operator."""
    spellings = dict.fromkeys(folding.spaced(one) for one in (word, folding.folded(word)))
    return "(" + " OR ".join(f'"{one}" OR "{one}"*' for one in spellings) + ")"


def _marked(snippet: str) -> Markup:
    return Markup(str(escape(folding.shown(snippet))).replace(_OPEN, "<mark>").replace(_CLOSE, "</mark>"))
