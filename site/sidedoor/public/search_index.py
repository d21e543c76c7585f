"""Search over what is public, in SQLite's FTS5: it follows the PublicLibrary, document by document.

All workers share one index on disk, which is still there when the server starts again. It holds only what is public, so
neither a hit nor a spelling gives away anything else; and a hit counts only if it is of the version that this reader's
edition shows. If the disk cannot be used, each worker has a small index in memory. The Porter stemmer forgives endings,
and a word that the site really uses, one or two slips away, forgives spelling. Words such as “I” and “me” select
nothing, but who does what to whom decides the order: “I hit him” and “he hits me” are other people.
"""

import hashlib
import itertools
import logging
import random
import re
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markupsafe import Markup, escape

from sidedoor.database import Database, in_memory, transaction
from sidedoor.documents import in_order
from sidedoor.documents.document import Document
from sidedoor.documents.lean import WordsGone
from sidedoor.documents.library import PublicLibrary
from sidedoor.documents.models import Contact
from sidedoor.documents.problems import Refused
from sidedoor.public import folding

LONGEST_QUERY = 200
_MOST_WORDS = 12
_MOST_RESULTS = 60
"""In all languages together: readers are shown the best of those that they can read."""
_BESIDE_A_PAGE = 0.85
"""What a match in a contact or in news counts for. The few words of a contact weigh more than a page's many, and a page
about what somebody looks for names the lines for every nation."""
_FEW = 3
"""If fewer hits have every word, those that have some of them come after."""
_ADDRESS = re.compile(r"https?://\S+")
Entry = tuple[str, str, str, str, str, str]
_OPEN, _CLOSE = "\x02", "\x03"
# Words that say nothing about what is being looked for; left out unless there is nothing else.
_EMPTY = frozenset(
    (
        "a about am an and any are as at be can do does for from get have he help her him his how i if in is "
        "it me my need of on or our she should so some that the their them they this to us want was we what "
        "when where who why will with you your "
        "been being but cannot could did doing had has having just not really very were would "
        "arent cant couldnt didnt doesnt dont hasnt havent hes im isnt its ive shes theyre theyve wasnt wont wouldnt "
        "youre"
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
class Findings:
    """What a search found, and the spelling that it used, if that is not the reader's."""

    results: list[Result]
    suggestion: str | None = None


_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS held (number INTEGER PRIMARY KEY AUTOINCREMENT, version INTEGER NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS used (word TEXT PRIMARY KEY, times INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS made_by (code TEXT NOT NULL);
CREATE VIRTUAL TABLE IF NOT EXISTS entries USING fts5(
    title, summary, body, search_words, kind UNINDEXED, path UNINDEXED,
    tokenize='{folding.TOKENIZER}'
);
"""
_TABLES = ("held", "used", "made_by", "entries")
_AT_ONCE = 500
"""This many entries a transaction, so that nobody waits long for the next one."""
_MOST_IN_MEMORY = 2000
_DISK_AGAIN_SECONDS = 60.0
_LOOKS_EVERY_SECONDS = 1.0
_WHOLE_AGAIN_SECONDS = 300.0
"""How often the index is compared with everything, in case a worker that was killed left something behind."""
Source = Document | Contact
log = logging.getLogger("sidedoor.content")


class SearchIndex:
    """An index that follows the public library: what an edit did not touch is not indexed again.

    `data` is the folder of the index. If it is None, or its disk fails, the index is in memory. Safe to share between
    threads and processes.
    """

    def __init__(self, data: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._disk: Database | None = None
        if data:
            with suppress(Refused):  # a newer version made it, and may need it
                self._disk = Database(data / "search.sqlite3", (_SCHEMA,), wal=True, durable=False, keep_open=True)
        self._memory: sqlite3.Connection | None = None
        self._memory_until = 0.0
        self._followed: PublicLibrary | None = None
        self._whole_again = 0.0

    def follow(self, public: PublicLibrary, at_once: bool = False) -> None:
        """Hold what `public` holds, and nothing else. `at_once`: somebody waits for it, so if much is new, leave most
        to the next call without `at_once`."""
        with self._lock:
            if public is self._followed:
                return
            if self._follow_change(public):
                return
            sources: list[Source] = [*public.shown, *public.contacts.values()]
            wanted = {_version_of(source): source for source in sources}
            if self._on_disk():
                try:
                    self._followed = public if self._update(wanted, at_once) else None
                    self._whole_again = time.monotonic() + _WHOLE_AGAIN_SECONDS
                    return
                except (sqlite3.Error, OSError):
                    self._memory_until = time.monotonic() + _DISK_AGAIN_SECONDS
                    self._memory = in_memory((_SCHEMA,))
            old_news = [source for source in public.news if source.version][_MOST_IN_MEMORY:]
            for item in old_news:
                wanted.pop(item.version, None)
            self._update(wanted, at_once=False)
            self._followed = public

    def _follow_change(self, public: PublicLibrary) -> bool:
        """Add what is new since the last time, if that is not much and nothing else changed; False otherwise.

        If anything was removed, everything is compared: another worker may have left words of it that this one never
        had.
        """
        before = self._followed
        if before is None or not self._on_disk() or time.monotonic() >= self._whole_again:
            return False
        removed, new = in_order.difference(before.shown, public.shown)
        if removed or len(new) > _AT_ONCE or public.contacts != before.contacts:
            return False
        added = {_version_of(document): document for document in new}
        try:
            with self._reading() as database:
                if database.execute("SELECT code FROM made_by").fetchone() != (_code(),):
                    return False
            self._put_in(added)
        except (sqlite3.Error, OSError):
            return False
        self._followed = public
        return True

    def _on_disk(self) -> bool:
        """Whether the disk is used now. What failed is tried again after a minute."""
        if self._disk and self._memory and time.monotonic() >= self._memory_until:
            self._memory.close()
            self._memory = None
        if not self._disk and not self._memory:
            self._memory = in_memory((_SCHEMA,))
        return self._memory is None

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        if self._memory:
            yield self._memory
        else:
            assert self._disk
            with self._disk.reading() as database:
                yield database

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        if self._memory:
            with transaction(self._memory):
                yield self._memory
        else:
            assert self._disk
            with self._disk.writing() as database:
                yield database

    def _update(self, wanted: Mapping[int, Source], at_once: bool) -> bool:
        """Remove what is not wanted, then add what is missing; False if some of that was left."""
        with self._reading() as database:
            held = {version for (version,) in database.execute("SELECT version FROM held")}
            made_by = database.execute("SELECT code FROM made_by").fetchone()
        if made_by != (_code(),):
            self._start_over()
            held = set()
        gone, new = held - wanted.keys(), [version for version in wanted if version not in held]
        for first in range(0, len(gone), _AT_ONCE):
            with self._writing() as database:
                _take_out(database, list(gone)[first : first + _AT_ONCE])
        parts = [new[first : first + _AT_ONCE] for first in range(0, len(new), _AT_ONCE)]
        newest, others = parts[:1], parts[1:]
        # Other workers do the same work, and each skips what another has done.
        random.shuffle(others)
        for part in newest if at_once else newest + others:
            self._put_in({version: wanted[version] for version in part})
        return not (at_once and others)

    def _put_in(self, wanted: Mapping[int, Source]) -> None:
        entries = {version: entry for version in self._missing(wanted) if (entry := _entry(wanted[version]))}
        if entries:
            with self._writing() as database:
                _put_in(database, entries)

    def _missing(self, versions: Collection[int]) -> list[int]:
        marks = ", ".join("?" * len(versions))
        with self._reading() as database:
            query = f"SELECT version FROM held WHERE version IN ({marks})"  # noqa: S608
            held = {version for (version,) in database.execute(query, list(versions))}
        return [version for version in versions if version not in held]

    def _start_over(self) -> None:
        """Empty the index: other code may have made its entries differently."""
        with self._writing() as database:
            for table in _TABLES:
                database.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
            database.execute("INSERT INTO made_by VALUES (?)", (_code(),))

    def search(self, query: str, public: PublicLibrary) -> Findings:
        """The best hits that are `public`, for whatever somebody typed: no query is an error."""
        typed = _words(query[:LONGEST_QUERY])[:_MOST_WORDS]
        if not typed:
            return Findings([])
        self.follow(public, at_once=True)
        if self._memory:
            with self._lock, self._reading() as database:
                return _findings(database, typed, public)
        with self._reading() as database:
            return _findings(database, typed, public)


def keep_following(index: SearchIndex, public: Callable[[], PublicLibrary]) -> None:
    """Follow what is public. Never returns: call it in a separate thread. It sleeps first, so that it does not delay
    the first page after the server has started."""
    spent = 0.0
    while True:
        time.sleep(max(_LOOKS_EVERY_SECONDS, spent))
        began = time.monotonic()
        try:
            index.follow(public())
        except Exception:  # one failed look is no reason to stop
            log.exception("What is public could not be indexed for the search.")
        spent = time.monotonic() - began


def _findings(database: sqlite3.Connection, typed: list[str], public: PublicLibrary) -> Findings:
    # Each word once: typed twelve times, it would cost the search twelve times as much.
    wanted = list(dict.fromkeys([word for word in typed if word not in _EMPTY] or typed))
    nearest = {word: _nearest(database, word) for word in wanted}
    corrected = [nearest[word] for word in wanted]
    said = _as_said([nearest.get(word, word) for word in typed])
    terms = [_term(word) for word in corrected]
    # The last part selects nothing more, but what matches there counts in the order.
    results = _match(database, " AND ".join([*terms, f"({' OR '.join([terms[0], *said])})"] if said else terms), public)
    if len(results) < _FEW:
        parts = (_term(part) for word in corrected for part in folding.parts(word))
        any_of_them = _match(database, " OR ".join([*parts, *said]), public)
        results = list({hit.path: hit for hit in (*results, *any_of_them)}.values())
    return Findings(results, " ".join(corrected) if corrected != wanted and results else None)


def _as_said(typed: list[str]) -> list[str]:
    """Neighbours of which one selects nothing, as in “kill me” and “kill myself”: where somebody wrote them into a
    page's search words, the page comes sooner."""
    pairs = (pair for pair in itertools.pairwise(typed) if (pair[0] in _EMPTY) != (pair[1] in _EMPTY))
    return [
        f'search_words : "{folding.spaced(first)} {folding.spaced(second)}"' for first, second in dict.fromkeys(pairs)
    ]


def _nearest(database: sqlite3.Connection, word: str) -> str:
    """The word itself if anything matches it, or else the word of the site that is nearest, if any is near enough."""
    most = 0 if len(word) < 4 or word in _EMPTY else 1 if len(word) < 8 else 2
    if not most or database.execute("SELECT 1 FROM entries WHERE entries MATCH ? LIMIT 1", (_term(word),)).fetchone():
        return word
    # People seldom mistype the first letter, and few of a whole newsroom's words share it.
    candidates = database.execute(
        "SELECT word, times FROM used WHERE length(word) BETWEEN ? AND ? AND substr(word, 1, 1) = ?",
        (len(word) - most, len(word) + most, word[0]),
    )
    near = ((_slips(word, other, most), -times, other) for other, times in candidates)
    return min((candidate for candidate in near if candidate[0] <= most), default=(0, 0, word))[2]


def _slips(typed: str, meant: str, most: int) -> int:
    """How many letters were left out, added, changed or swapped (optimal string alignment); more than `most`, if it
    is more. A changed letter of a short word makes another word, so it counts twice there."""
    change = 1 if len(typed) > 4 else 2
    before: list[int] = []
    row = list(range(len(meant) + 1))
    for at, letter in enumerate(typed, 1):
        last, before, row = before, row, [at]
        for place, other in enumerate(meant, 1):
            cost = min(before[place] + 1, row[-1] + 1, before[place - 1] + (change if letter != other else 0))
            if at > 1 and place > 1 and letter == meant[place - 2] and typed[at - 2] == other:
                cost = min(cost, last[place - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]


def _match(database: sqlite3.Connection, expression: str, public: PublicLibrary) -> list[Result]:
    # Only the summary and the body are ever quoted: the hidden search words never are.
    rows = database.execute(
        "SELECT kind, title, path, snippet(entries, 2, ?, ?, '…', 24), highlight(entries, 1, ?, ?),"
        " (SELECT version FROM held WHERE number = entries.rowid) FROM entries"
        " WHERE entries MATCH ?"
        " ORDER BY bm25(entries, 8.0, 4.0, 1.0, 8.0) * iif(kind IN ('contact', 'news'), ?, 1) LIMIT ?",
        (_OPEN, _CLOSE, _OPEN, _CLOSE, expression, _BESIDE_A_PAGE, _MOST_RESULTS),
    )
    return [
        Result(kind, folding.shown(title), path, _marked(body if _OPEN in body and _OPEN not in summary else summary))
        for kind, title, path, body, summary, version in rows
        if version == _version_at(public, path)
    ]


def _version_at(public: PublicLibrary, path: str) -> int | None:
    """The version of what is public at an address."""
    _, mark, contact = path.partition("#contact-")
    source = public.contacts.get(contact) if mark else public.by_path.get(path)
    return _version_of(source) if source else None


def _version_of(source: Source) -> int:
    """A number that identifies an entry: the version of a stored document, or else a hash of what it says."""
    if isinstance(source, Document) and source.version:
        return source.version
    return _hash_of(source)


@cache
def _code() -> str:
    made_of = Path(__file__).read_bytes() + Path(folding.__file__).read_bytes()
    return hashlib.sha256(made_of).hexdigest()[:16]


def _hash_of(source: Source) -> int:
    return -(int.from_bytes(hashlib.sha256(repr(_entry(source)).encode()).digest()[:8]) >> 1 or 1)


def _put_in(database: sqlite3.Connection, entries: Mapping[int, Entry]) -> None:
    used: Counter[str] = Counter()
    for version, entry in entries.items():
        added = database.execute("INSERT OR IGNORE INTO held (version) VALUES (?)", (version,))
        if added.rowcount == 1:  # otherwise another worker was quicker
            database.execute(
                "INSERT INTO entries (rowid, title, summary, body, search_words, kind, path)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (added.lastrowid, *entry),
            )
            used.update(_words_of(entry))
    database.executemany(
        "INSERT INTO used VALUES (?, ?) ON CONFLICT (word) DO UPDATE SET times = times + excluded.times", used.items()
    )


def _take_out(database: sqlite3.Connection, versions: Collection[int]) -> None:
    for version in versions:
        row = database.execute("SELECT number FROM held WHERE version = ?", (version,)).fetchone()
        if not row:
            continue
        entry = database.execute(
            "SELECT title, summary, body, search_words, kind, path FROM entries WHERE rowid = ?", row
        ).fetchone()
        words = [(word,) for word in _words_of(entry)]
        database.executemany("UPDATE used SET times = times - 1 WHERE word = ?", words)
        database.executemany("DELETE FROM used WHERE word = ? AND times < 1", words)
        database.execute("DELETE FROM entries WHERE rowid = ?", row)
        database.execute("DELETE FROM held WHERE number = ?", row)


def _entry(source: Source) -> Entry | None:
    """What a search finds of a source; None if its words are gone because a newer version is coming."""
    written = _as_written(source)
    if written is None:
        return None
    *texts, kind, path = written
    title, summary, body, extra = texts
    extra = f"{extra} {folding.other_spellings(' '.join(texts))}".strip()
    return folding.spaced(title), folding.spaced(summary), folding.spaced(body), folding.spaced(extra), kind, path


def _as_written(source: Source) -> Entry | None:
    if isinstance(source, Document):
        try:
            # A written-out address may be hidden now, and nobody searches for addresses.
            body = _ADDRESS.sub("", " ".join(source.sentences))
        except WordsGone:
            return None
        meta = source.meta
        return source.title, meta.summary, body, " ".join(meta.search_words), source.kind, source.path
    details = [source.access, source.note, source.area, source.phone, source.hours]
    body = " ".join(text for text in details if text)
    return source.name, source.for_whom, body, "", "contact", f"/contacts#contact-{source.id}"


def _words_of(entry: Entry) -> set[str]:
    """The words that a misspelling may stand for: no numbers."""
    return {word for text in entry[:4] for word in set(_words(text)) if len(word) > 2 and word.isalpha()}


def _words(text: str) -> list[str]:
    return folding.words(text)


def _term(word: str) -> str:
    """A word and, if it is long enough to mean something, whatever begins with it. Quoted, so that nothing typed is
    read as an operator."""
    spellings = dict.fromkeys(folding.spaced(spelling) for spelling in (word, folding.folded(word)))
    endings = "" if word.isascii() and len(word) < 3 else "*"
    return (
        "("
        + " OR ".join(f'"{spelling}"' + (f' OR "{spelling}"{endings}' if endings else "") for spelling in spellings)
        + ")"
    )


def _marked(snippet: str) -> Markup:
    return Markup(str(escape(folding.shown(snippet))).replace(_OPEN, "<mark>").replace(_CLOSE, "</mark>"))
