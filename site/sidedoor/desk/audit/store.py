"""The audit of who did what and when: lines are only ever added, and each is sealed together with the line before.

The seal is an HMAC whose key is in a separate file, so write access to the database alone is not enough to forge lines.
Lines from before there was a key are protected by the seal that the last of them had when the key was made.
"""

import hashlib
import hmac
import json
import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sidedoor.desk.refusals import HalfDone
from sidedoor.documents.times import Clock
from sidedoor.home import Home, folder_of, open_database
from sidedoor.private import secret_file
from sidedoor.schema import InEach, Schema, Statements

_LINES = "SELECT number, at, person, action, subject, detail, chain FROM log"
_LOG = """
CREATE TABLE IF NOT EXISTS log (
    number INTEGER PRIMARY KEY, at TEXT NOT NULL, person TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL,
    detail TEXT NOT NULL, chain TEXT NOT NULL);
"""
_ONLY_ADDED_TO = """
CREATE TRIGGER IF NOT EXISTS log_is_not_changed BEFORE UPDATE ON log BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER IF NOT EXISTS log_is_not_deleted BEFORE DELETE ON log BEGIN SELECT RAISE(ABORT, 'append only'); END;
"""
_ONLY_ADDED_TO_ON_A_SERVER = """
CREATE FUNCTION log_is_only_added_to() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'append only'; END $$;
CREATE TRIGGER log_is_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON log
    FOR EACH STATEMENT EXECUTE FUNCTION log_is_only_added_to();
"""
_MIGRATIONS = (
    InEach(_LOG + _ONLY_ADDED_TO, _LOG + _ONLY_ADDED_TO_ON_A_SERVER),
    """
CREATE INDEX strangers ON log (number) WHERE person = '';
CREATE TABLE unlisted (number INTEGER NOT NULL);
INSERT INTO unlisted VALUES (0);
""",
)
SCHEMA = Schema("audit", _MIGRATIONS)
STRANGERS_LINES, STRANGERS_MINUTES = 60, 15
"""At most this many lines are about strangers in this many minutes; of the rest the audit keeps only the number."""


@dataclass(frozen=True)
class _Key:
    """The key for every line after the line numbered `after`, whose chain was `chain` when the key was made."""

    key: bytes
    after: int
    chain: str


@dataclass(frozen=True)
class Entry:
    """A line. `at` is aware; `person` is a name, or empty for somebody who was not signed in."""

    number: int
    at: datetime
    person: str
    action: str
    subject: str
    detail: str
    chain: str

    def follows(self, before: str, key: bytes) -> bool:
        """Whether this line is unchanged since it was written after the line whose chain is `before`."""
        cells = (before, self.at.isoformat(), self.person, self.action, self.subject, self.detail)
        return hmac.compare_digest(self.chain, _chain(key, *cells))


class Audit:
    """The audit at `home`. It is never given a password, a token or a word of a chat."""

    def __init__(self, home: Home | Path, clock: Clock) -> None:
        self._database = open_database(home, SCHEMA)
        self._key_file = folder_of(home) / "audit.key"
        self._clock = clock

    def record(self, person: str, action: str, subject: str = "", detail: str = "") -> None:
        """Add a line. Raises sqlite3.Error if it cannot be written: what cannot be recorded is not done."""
        with self._database.writing() as database:
            self._add(database, person, action, subject, detail)

    @contextmanager
    def recorded(self, person: str, action: str, subject: str = "", detail: str = "") -> Iterator[None]:
        """Add a line, then run the `with` block. If it fails or stops halfway, add another line that says so, and raise
        the error again.

        Raises sqlite3.Error if the first line cannot be written, before anything is done.
        """
        self.record(person, action, subject, detail)
        try:
            yield
        except Exception as error:
            how = "got through only in part" if isinstance(error, HalfDone) else "did not get through"
            with suppress(sqlite3.Error, OSError):
                self.record(person, how, subject, action)
            raise

    def record_stranger(self, action: str, subject: str = "", detail: str = "") -> None:
        """Add a line about somebody who is not signed in, unless there were too many such lines lately."""
        since = (self._clock() - timedelta(minutes=STRANGERS_MINUTES)).isoformat()
        with self._database.writing() as database:
            query = "SELECT at FROM log WHERE person = '' ORDER BY number DESC LIMIT 1 OFFSET ?"
            oldest = database.execute(query, (STRANGERS_LINES - 1,)).fetchone()
            if oldest and oldest[0] > since:
                database.execute("UPDATE unlisted SET number = number + 1")
                return
            ((unlisted,),) = database.execute("SELECT number FROM unlisted").fetchall()
            if unlisted:
                database.execute("UPDATE unlisted SET number = 0")
                self._add(database, "", "tried too often to be listed", "", f"{unlisted} times")
            self._add(database, "", action, subject, detail)

    def entries(self, words: str = "", before: int | None = None, most: int = 100) -> list[Entry]:
        """Return lines before number `before` with all of `words` in person, action or subject, the newest first."""
        where, values = _with_all(words)
        if before is not None:
            where, values = f"{where} AND number < ?", [*values, before]
        with self._database.reading() as database:
            rows = database.execute(f"{_LINES} WHERE {where} ORDER BY number DESC LIMIT ?", (*values, most)).fetchall()
        return [_entry(row) for row in rows]

    def everything(self, words: str = "") -> list[Entry]:
        """Return the whole audit, or the lines with all of `words`, oldest first."""
        where, values = _with_all(words)
        with self._database.reading() as database:
            rows = database.execute(f"{_LINES} WHERE {where} ORDER BY number", values).fetchall()
        return [_entry(row) for row in rows]

    def first_broken(self) -> int | None:
        """Return the number of the first line that was changed or follows a missing line; None if all are good."""
        with self._database.reading() as database:
            sealing = self._key(database)
        before, place = "", 0
        for place, entry in enumerate(self.everything(), start=1):
            key = sealing.key if place > sealing.after else b""
            chain_fits = place != sealing.after or entry.chain == sealing.chain
            if entry.number != place or not chain_fits or not entry.follows(before, key):
                return place
            before = entry.chain
        return place + 1 if place < sealing.after else None

    def _add(self, database: Statements, *written: str) -> None:
        # No database stores NUL characters, so replace them before sealing.
        cells = (self._clock().isoformat(), *(cell.replace("\0", "\ufffd") for cell in written))
        last = database.execute("SELECT number, chain FROM log ORDER BY number DESC LIMIT 1").fetchone()
        number, before = last or (0, "")
        chain = _chain(self._key(database).key, before, *cells)
        # Number the lines here: a database server's own numbers have gaps where a transaction was rolled back.
        query = "INSERT INTO log (number, at, person, action, subject, detail, chain) VALUES (?, ?, ?, ?, ?, ?, ?)"
        database.execute(query, (number + 1, *cells, chain))

    def _key(self, database: Statements) -> "_Key":
        """The key, made when it is first needed. The lines written by then are protected by the last one's seal."""
        last = database.execute("SELECT number, chain FROM log ORDER BY number DESC LIMIT 1").fetchone()
        number, chain = last or (0, "")
        stored = secret_file(self._key_file, f"{secrets.token_hex(32)} {number} {chain}".encode())
        key, after, last_chain = stored.decode().split(" ")
        return _Key(bytes.fromhex(key), int(after), last_chain)


def _with_all(words: str) -> tuple[str, list[str | int]]:
    """A condition, and its values, for lines with all of `words`."""
    condition = "lower(person || ' ' || action || ' ' || subject) LIKE lower(?) ESCAPE '\\'"
    wanted = words.split()
    return " AND ".join(["1 = 1", *[condition] * len(wanted)]), [f"%{_escaped(word)}%" for word in wanted]


def as_csv(entries: Iterable[Entry]) -> Iterator[str]:
    """Yield the audit for a spreadsheet. Cells that could be read as a formula are escaped (CSV injection)."""
    yield "number,at,person,action,subject,detail\r\n"
    for entry in entries:
        cells = (str(entry.number), entry.at.isoformat(), entry.person, entry.action, entry.subject, entry.detail)
        safe = (f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell for cell in cells)
        yield ",".join('"{}"'.format(cell.replace('"', '""')) for cell in safe) + "\r\n"


def _entry(row: tuple[int, str, str, str, str, str, str]) -> Entry:
    number, at, *rest = row
    return Entry(number, datetime.fromisoformat(at), *rest)


def _chain(key: bytes, *cells: str) -> str:
    """The seal of a line; without a key, the plain hash that lines had before there were keys."""
    written = json.dumps(cells).encode()
    return hmac.new(key, written, hashlib.sha256).hexdigest() if key else hashlib.sha256(written).hexdigest()


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
