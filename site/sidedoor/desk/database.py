"""How the desk opens its databases: a short connection a call, so threads and processes need not know of each other."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Database:
    """One SQLite file in `data`. `schema` is run when the file lacks the table `newest`."""

    def __init__(self, path: Path, schema: str, newest: str) -> None:
        self._path, self._schema, self._newest = path, schema, newest

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """A connection inside one transaction: kept if the block ends well, undone if not. Raises sqlite3.Error."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(self._path, timeout=10)
        try:
            if not database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (self._newest,)).fetchone():
                database.executescript(self._schema)
                self._path.chmod(0o600)
            with database:
                yield database
        finally:
            database.close()
