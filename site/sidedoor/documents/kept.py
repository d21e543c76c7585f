"""The last good version of every file, kept in SIDEDOOR_DATA.

So a broken edit survives a restart harmlessly, and a start reads and renders only what changed since.

One SQLite table, one row a file; of pictures the bytes as well, as files beside it. A disk that is full,
read-only or broken costs this copy, never the site.
"""

import hashlib
import os
import sqlite3
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sidedoor.database import Database
from sidedoor.documents.problems import Refused
from sidedoor.documents.reading import SHOWN
from sidedoor.private import private_file

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
        self._pictures = data / "pictures"
        self._database: Database | None = None
        with suppress(Refused):  # a newer version made them, and may need them
            self._database = Database(data / "kept.sqlite3", (_SCHEMA,), wal=True, durable=False)

    def all(self) -> dict[str, Copy]:
        """Every copy, by file."""
        if not self._database:
            return {}
        try:
            with self._database.reading() as database:
                rows = database.execute("SELECT file, signature, digest, reader, value FROM kept").fetchall()
        except (sqlite3.Error, OSError):
            return {}
        return {row[0]: Copy(*row) for row in rows}

    def one(self, file: str) -> Copy | None:
        """The copy of one file."""
        if not self._database:
            return None
        try:
            with self._database.reading() as database:
                query = "SELECT file, signature, digest, reader, value FROM kept WHERE file = ?"
                row = database.execute(query, (file,)).fetchone()
        except (sqlite3.Error, OSError):
            return None
        return Copy(*row) if row else None

    def update(self, copies: Iterable[Copy], forgotten: Iterable[str] = ()) -> None:
        """Keep `copies`; forget files that were deleted on purpose, which must not come back."""
        changed = [(copy.file, copy.signature, copy.digest, copy.reader, copy.value) for copy in copies]
        gone = [(file,) for file in forgotten]
        for (file,) in gone:
            if file.startswith(SHOWN):
                with suppress(OSError):
                    (self._pictures / file.partition("/")[2]).unlink(missing_ok=True)
        if not (changed or gone) or not self._database:
            return
        with suppress(sqlite3.Error, OSError), self._database.writing() as database:
            database.executemany("DELETE FROM kept WHERE file = ?", gone)
            database.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?, ?, ?, ?)", changed)

    def keep_picture(self, name: str, raw: bytes) -> None:
        """Keep the bytes of a picture, whole or not at all."""
        path = self._pictures / name
        whole = path.with_name(f".{name}.{os.getpid()}-{threading.get_ident()}")
        with suppress(OSError):
            try:
                private_file(whole)
                whole.write_bytes(raw)
                os.replace(whole, path)
            finally:
                whole.unlink(missing_ok=True)

    def has_picture(self, name: str) -> bool:
        """Whether the bytes of this picture are kept."""
        return (self._pictures / name).is_file()

    def picture(self, name: str) -> bytes | None:
        """What is kept of it; None if nothing is kept or readable."""
        try:
            return (self._pictures / name).read_bytes()
        except OSError:
            return None


@cache
def reader_version() -> str:
    """Changes with the code that reads documents, so that what older code made is made again."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
