"""The last good version of every file, kept in SIDEDOOR_DATA.

So a broken edit survives a restart harmlessly, and a start reads and renders only what changed since.

One SQLite table, one row a file. A disk that is full, read-only or broken costs this copy, never the site.
"""

import hashlib
import sqlite3
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS kept (
    file TEXT PRIMARY KEY, signature TEXT NOT NULL, digest TEXT NOT NULL, reader TEXT NOT NULL, value TEXT NOT NULL
)
"""


@dataclass(frozen=True)
class Copy:
    """The last good version of a file: `value`, which `reader` made of bytes with this `digest`.

    `signature` is what the file system said of the file; while it says the same, the file need not be opened.
    """

    file: str
    signature: str
    digest: str
    reader: str
    value: str


class Kept:
    """The copies in `data`. Safe to share between threads and processes."""

    def __init__(self, data: Path) -> None:
        self._path = data / "kept.sqlite3"
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None

    def all(self) -> dict[str, Copy]:
        """Every copy, by file."""
        try:
            with self._lock:
                rows = self._open().execute("SELECT file, signature, digest, reader, value FROM kept").fetchall()
        except (sqlite3.Error, OSError):
            return {}
        return {row[0]: Copy(*row) for row in rows}

    def update(self, copies: Iterable[Copy], forgotten: Iterable[str] = ()) -> None:
        """Keep `copies`; forget files that were deleted on purpose, which must not come back."""
        changed = [(copy.file, copy.signature, copy.digest, copy.reader, copy.value) for copy in copies]
        gone = [(file,) for file in forgotten]
        if not (changed or gone):
            return
        try:
            with self._lock, self._open() as database:
                database.executemany("DELETE FROM kept WHERE file = ?", gone)
                database.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?, ?, ?, ?)", changed)
        except (sqlite3.Error, OSError):
            return

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            if self._database:
                self._database.close()
                self._database = None

    def _open(self) -> sqlite3.Connection:
        if not self._database:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            database = sqlite3.connect(self._path, timeout=10, check_same_thread=False)
            try:
                database.execute("PRAGMA journal_mode = WAL")
                database.execute("PRAGMA synchronous = NORMAL")
                database.execute(_SCHEMA)
            except sqlite3.Error:
                database.close()
                raise
            self._database = database
        return self._database


@cache
def reader_version() -> str:
    """Changes whenever the code does that reads documents, so that what older code made is made anew."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
