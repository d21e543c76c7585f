"""The last good version of every file, kept in SIDEDOOR_DATA.

So a broken edit does no harm even after a restart, and a program that starts reads and renders only what has changed.

One SQLite row for each file. The words of documents are in a separate table, which need not be read to start; the bytes
of pictures, and the sizes made from them, are files beside the database. All workers share it: one reads, the others
take its copies (see loader.py). If the disk is full, read-only or broken, only these copies are lost, never the site.
"""

import fcntl
import hashlib
import os
import re
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from sidedoor.database import Database
from sidedoor.documents.lean import version_of
from sidedoor.documents.problems import Refused
from sidedoor.documents.reading import SHOWN
from sidedoor.documents.sizes import Sizes
from sidedoor.private import new_beside, private_file

_SCHEMA = """
CREATE TABLE IF NOT EXISTS kept (
    file TEXT PRIMARY KEY, signature TEXT NOT NULL, digest TEXT NOT NULL, reader TEXT NOT NULL, value TEXT NOT NULL
)
"""
_WORDS = """
CREATE TABLE words (version INTEGER PRIMARY KEY, value TEXT NOT NULL, replaced REAL);
CREATE INDEX replaced_words ON words (replaced) WHERE replaced IS NOT NULL;
"""
WORDS_OUTLIVE_SECONDS = 300
"""How long replaced or deleted words are kept: a worker that does not know of the change yet may still need them."""
_AT_ONCE = 500
_ROWS_AT_ONCE = 5000
_IMPORT = re.compile(r"^\s*(?:from|import) sidedoor\.documents\.(\w+)", re.MULTILINE)
# These only word what is wrong with a refused file, so they change nothing about the files that are read.
_ONLY_SAY = {"codes", "problems", "problem_words"}
_READ_WITH = ("Markdown", "pymdown-extensions", "nh3", "pydantic", "PyYAML", "Pillow")


class Copy(NamedTuple):
    """The last good version of a file: `value`, which `reader` made from bytes with this `digest`.

    `signature` is what the file system said about the file; while it stays the same, the file need not be opened.
    `words`: the part of a document that `value` leaves out; only set when a copy is stored.
    """

    file: str
    signature: str
    digest: str
    reader: str
    value: str
    words: str = ""


class Kept:
    """The copies in `data`. Safe to share between threads and processes."""

    def __init__(self, data: Path) -> None:
        self._pictures = data / "pictures"
        self.sizes = Sizes(data / "sizes")
        self._turn = data / "reading.lock"
        self._database: Database | None = None
        with suppress(Refused):  # a newer version made the copies, and may need them
            path = data / "kept.sqlite3"
            self._database = Database(path, (_SCHEMA, _WORDS), wal=True, durable=False, keep_open=True)

    def all(self) -> Iterator[Copy]:
        """Every copy."""
        if not self._database:
            return
        try:
            with self._database.reading() as database:
                rows = database.execute("SELECT file, signature, digest, reader, value, '' FROM kept")
                while batch := rows.fetchmany(_ROWS_AT_ONCE):
                    yield from map(Copy._make, batch)
        except (sqlite3.Error, OSError):
            return

    def copy_of(self, file: str) -> Copy | None:
        """The copy of one file."""
        query = "SELECT file, signature, digest, reader, value FROM kept WHERE file = ?"
        row = self._row(query, file)
        return Copy(*row) if row else None

    def copies_of(self, files: Sequence[str]) -> dict[str, Copy]:
        """The kept copies of `files`, a few hundred at most."""
        query = f"SELECT file, signature, digest, reader, value FROM kept WHERE file IN ({_marks(files)})"  # noqa: S608
        return {row[0]: Copy(*row) for row in self._rows(query, files)}

    def words(self, version: int) -> str | None:
        """The words of a version of a document; None if they are not kept."""
        row = self._row("SELECT value FROM words WHERE version = ?", version)
        return row[0] if row else None

    def _row(self, query: str, key: str | int) -> tuple[str, ...] | None:
        return next(iter(self._rows(query, (key,))), None)

    def _rows(self, query: str, keys: Sequence[str | int]) -> list[tuple[str, ...]]:
        if not self._database:
            return []
        try:
            with self._database.reading() as database:
                return database.execute(query, keys).fetchall()
        except (sqlite3.Error, OSError):
            return []

    def update(self, copies: Iterable[Copy], forgotten: Iterable[str] = ()) -> bool:
        """Keep `copies`; forget files that were deleted on purpose, which must not come back. Returns whether it
        succeeded."""
        copies, gone = list(copies), list(forgotten)
        for file in gone:
            if file.startswith(SHOWN):
                name = file.partition("/")[2]
                with suppress(OSError):
                    (self._pictures / name).unlink(missing_ok=True)
                self.sizes.forget(name)
        if not self._database:
            return False
        if not (copies or gone):
            return True
        try:
            with self._database.writing() as database:
                _update(database, copies, gone)
        except (sqlite3.Error, OSError):
            return False
        return True

    def forget_replaced(self) -> None:
        """Delete words that nobody can need any more."""
        if self._row("SELECT 1 FROM words WHERE replaced < ?", int(time.time()) - WORDS_OUTLIVE_SECONDS):
            with suppress(sqlite3.Error, OSError), self._database.writing() as database:  # type: ignore[union-attr]
                _forget_replaced(database)

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """Whether it is this process's turn to read the files without a copy; False while another process has the turn.

        The kernel ends the turn of a process that dies.
        """
        lock = -1
        try:
            private_file(self._turn)
            lock = os.open(self._turn, os.O_RDWR | os.O_CLOEXEC)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_mine = True
        except BlockingIOError:
            is_mine = False
        except OSError:  # nothing can be kept here: everybody reads for themselves
            is_mine = True
        try:
            yield is_mine
        finally:
            if lock >= 0:
                os.close(lock)

    def keep_picture(self, name: str, raw: bytes) -> None:
        """Keep the bytes of a picture, whole or not at all."""
        path = self._pictures / name
        with suppress(OSError):
            temporary = new_beside(path)
            try:
                temporary.write_bytes(raw)
                os.replace(temporary, path)
            finally:
                temporary.unlink(missing_ok=True)

    def has_picture(self, name: str) -> bool:
        """Whether the bytes of this picture are kept."""
        return (self._pictures / name).is_file()

    def picture(self, name: str) -> bytes | None:
        """The kept bytes of a picture; None if there are none, or they cannot be read."""
        try:
            return (self._pictures / name).read_bytes()
        except OSError:
            return None


def _update(database: sqlite3.Connection, copies: list[Copy], gone: list[str]) -> None:
    now = time.time()
    files = [*(copy.file for copy in copies), *gone]
    for first in range(0, len(files), _AT_ONCE):
        batch = files[first : first + _AT_ONCE]
        query = f"SELECT file, digest, reader FROM kept WHERE file IN ({_marks(batch)})"  # noqa: S608
        before = [(now, version_of(*row)) for row in database.execute(query, batch).fetchall()]
        database.executemany("UPDATE words SET replaced = ? WHERE version = ?", before)
    database.executemany("DELETE FROM kept WHERE file = ?", [(file,) for file in gone])
    database.executemany(
        "INSERT OR REPLACE INTO words VALUES (?, ?, NULL)",
        [(version_of(copy.file, copy.digest, copy.reader), copy.words) for copy in copies if copy.words],
    )
    database.executemany(
        "INSERT OR REPLACE INTO kept VALUES (?, ?, ?, ?, ?)",
        [(copy.file, copy.signature, copy.digest, copy.reader, copy.value) for copy in copies],
    )
    # If only a file's date changed, or its words came back, its version is the same as before.
    versions = [(version_of(copy.file, copy.digest, copy.reader),) for copy in copies if not copy.words]
    database.executemany("UPDATE words SET replaced = NULL WHERE version = ?", versions)
    _forget_replaced(database)


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def _forget_replaced(database: sqlite3.Connection) -> None:
    database.execute("DELETE FROM words WHERE replaced < ?", (time.time() - WORDS_OUTLIVE_SECONDS,))


@cache
def reader_version() -> str:
    """Identifies the code that reads documents, ours and that of others, so that whatever older code made is made
    again."""
    ours = b"".join(path.read_bytes() for path in reading_modules())
    others = " ".join(f"{name} {metadata.version(name)}" for name in _READ_WITH)
    return hashlib.sha256(ours + others.encode()).hexdigest()[:16]


def reading_modules() -> list[Path]:
    """The modules of this folder that take part in reading a file: everything that `reading` and the children
    import."""
    folder = Path(__file__).parent
    names: set[str] = set()
    waiting = {"reading", "lean", "render_child", "darkroom_child"}
    while waiting:
        names.add(name := waiting.pop())
        waiting |= _imported(folder / f"{name}.py") - names - _ONLY_SAY
    return sorted(folder / f"{name}.py" for name in names)


def _imported(path: Path) -> set[str]:
    # Not parsed: whenever a process starts, that would take as long as looking at ten thousand files.
    return set(_IMPORT.findall(path.read_text("utf-8")))
