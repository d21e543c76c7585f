"""Conversations in SQLite, for one machine: the public site and the desk open the same file.

Every message is sealed with a key of its conversation's own (AES-GCM, NIST SP 800-38D). At the end the key and the rows
are deleted, `secure_delete` overwrites where they lay, and the write-ahead log is cut to nothing.
"""

import hashlib
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sidedoor.chat.model import (
    AWAY_AFTER,
    LONGEST_MESSAGE,
    MOST_MESSAGES_A_MINUTE,
    OVER_AFTER,
    REMEMBERED,
    Conversation,
    Message,
    NotPossible,
    Reason,
    Who,
)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS conversations (
    id INTEGER PRIMARY KEY, token TEXT UNIQUE, state TEXT NOT NULL, started TEXT NOT NULL, quiet_since TEXT NOT NULL,
    adviser INTEGER, adviser_name TEXT NOT NULL DEFAULT '', reason TEXT, ended TEXT, newest INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS keys (conversation INTEGER PRIMARY KEY, key BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS messages (
    conversation INTEGER, number INTEGER, who TEXT NOT NULL, sealed BLOB NOT NULL, at TEXT NOT NULL, once TEXT,
    PRIMARY KEY (conversation, number), UNIQUE (conversation, once));
CREATE TABLE IF NOT EXISTS present (adviser INTEGER PRIMARY KEY, name TEXT NOT NULL, seen TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS starts (who TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS counts (hour TEXT, what TEXT, number INTEGER NOT NULL, PRIMARY KEY (hour, what));
"""
_MOST_STARTS, _STARTS_WITHIN = 6, timedelta(hours=1)
_LOOKS_IN_EVERY = timedelta(seconds=30)
_COLUMNS = "id, state, started, quiet_since, adviser, adviser_name, reason"


class ChatStore:
    """The conversations in `data`/chat.sqlite3. Safe to share between threads and processes."""

    def __init__(self, data: Path) -> None:
        self._path = data / "chat.sqlite3"

    def start(self, network: str, most_waiting: int, now: datetime) -> str:
        """A new conversation's token (256 bits); it waits. `network`: a keyed daily hash. Raises NotPossible."""
        token = secrets.token_urlsafe(32)
        with self._open() as database:
            self._end_the_quiet(database, now)
            database.execute("DELETE FROM starts WHERE at < ?", ((now - _STARTS_WITHIN).isoformat(),))
            (often,) = database.execute("SELECT count(*) FROM starts WHERE who = ?", (network,)).fetchone()
            (waiting,) = database.execute("SELECT count(*) FROM conversations WHERE state = 'waiting'").fetchone()
            if often >= _MOST_STARTS or waiting >= most_waiting:
                raise NotPossible("full")
            moment = now.isoformat()
            row = database.execute(
                "INSERT INTO conversations (token, state, started, quiet_since) VALUES (?, 'waiting', ?, ?)",
                (_digest(token), moment, moment),
            )
            database.execute("INSERT INTO keys VALUES (?, ?)", (row.lastrowid, AESGCM.generate_key(256)))
            database.execute("INSERT INTO starts VALUES (?, ?)", (network, moment))
            self._count(database, "started", now)
        return token

    def find(self, token: str, now: datetime) -> Conversation | None:
        """The reader's conversation, also for a while after it ended. Who waits and looks in is still waiting."""
        with self._open() as database:
            self._end_the_quiet(database, now)
            database.execute(
                "UPDATE conversations SET quiet_since = ? WHERE token = ? AND state = 'waiting' AND quiet_since < ?",
                (now.isoformat(), _digest(token), (now - _LOOKS_IN_EVERY).isoformat()),
            )
            query = f"SELECT {_COLUMNS} FROM conversations WHERE token = ?"  # noqa: S608
            row = database.execute(query, (_digest(token),)).fetchone()
            return self._conversation(database, row) if row else None

    def get(self, conversation: int, now: datetime) -> Conversation | None:
        """A conversation by its number, for the desk."""
        with self._open() as database:
            self._end_the_quiet(database, now)
            query = f"SELECT {_COLUMNS} FROM conversations WHERE id = ?"  # noqa: S608
            row = database.execute(query, (conversation,)).fetchone()
            return self._conversation(database, row) if row else None

    def live(self, now: datetime) -> list[Conversation]:
        """Every conversation that waits or talks, or ended a moment ago; the longest waiting first."""
        with self._open() as database:
            self._end_the_quiet(database, now)
            query = f"SELECT {_COLUMNS} FROM conversations ORDER BY started, id"  # noqa: S608
            return [self._conversation(database, row) for row in database.execute(query).fetchall()]

    def say(self, conversation: int, who: Who, text: str, now: datetime, once: str = "") -> int:
        """Add a message; its number. `once` marks a message that may be sent again by mistake. Raises NotPossible."""
        text = text.strip()
        if not text or len(text) > LONGEST_MESSAGE:
            raise NotPossible("empty" if not text else "long")
        with self._open() as database:
            key = database.execute("SELECT key FROM keys WHERE conversation = ?", (conversation,)).fetchone()
            if not key:
                raise NotPossible("over")
            again = database.execute(
                "SELECT number FROM messages WHERE conversation = ? AND once = ?", (conversation, once or None)
            ).fetchone()
            if again:
                return int(again[0])
            (lately,) = database.execute(
                "SELECT count(*) FROM messages WHERE conversation = ? AND who = ? AND at > ?",
                (conversation, who, (now - timedelta(minutes=1)).isoformat()),
            ).fetchone()
            if lately >= MOST_MESSAGES_A_MINUTE:
                raise NotPossible("often")
            database.execute(
                "UPDATE conversations SET newest = newest + 1, quiet_since = ? WHERE id = ?",
                (now.isoformat(), conversation),
            )
            (number,) = database.execute("SELECT newest FROM conversations WHERE id = ?", (conversation,)).fetchone()
            sealed = _seal(key[0], conversation, number, text)
            row = (conversation, number, who, sealed, now.isoformat(), once or None)
            database.execute("INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?)", row)
            return int(number)

    def messages(self, conversation: int, after: int = 0) -> list[Message]:
        """Its messages with a number above `after`, in order. None once it has ended."""
        with self._open() as database:
            key = database.execute("SELECT key FROM keys WHERE conversation = ?", (conversation,)).fetchone()
            rows = database.execute(
                "SELECT number, who, sealed, at FROM messages WHERE conversation = ? AND number > ? ORDER BY number",
                (conversation, after),
            ).fetchall()
        return [
            Message(number, who, _unseal(key[0], conversation, number, sealed), datetime.fromisoformat(at))
            for number, who, sealed, at in rows
            if key
        ]

    def accept(self, conversation: int, adviser: int, name: str, now: datetime) -> None:
        """Answer somebody who waits. Raises NotPossible if another adviser was quicker, or the reader has left."""
        with self._open() as database:
            done = database.execute(
                "UPDATE conversations SET state = 'talking', adviser = ?, adviser_name = ?, quiet_since = ?"
                " WHERE id = ? AND state = 'waiting'",
                (adviser, name, now.isoformat(), conversation),
            )
            if not done.rowcount:
                raise NotPossible("Somebody else was quicker, or the reader has left.")
            self._count(database, "answered", now)

    def hand_over(self, conversation: int, adviser: int, to: int, name: str) -> None:
        """Give a conversation to another adviser. Raises NotPossible if it is not this one's to give."""
        with self._open() as database:
            done = database.execute(
                "UPDATE conversations SET adviser = ?, adviser_name = ?"
                " WHERE id = ? AND adviser = ? AND state = 'talking'",
                (to, name, conversation, adviser),
            )
            if not done.rowcount:
                raise NotPossible("It is not yours to hand over.")

    def end(self, conversation: int, reason: Reason, now: datetime) -> None:
        """End it: the key and every word are destroyed now. Ending it again changes nothing."""
        with self._open() as database:
            self._end(database, conversation, reason, now)
        self._forget_the_log()

    def is_present(self, adviser: int, name: str, present: bool, now: datetime) -> None:
        """An adviser's desk says that they are there, or that they no longer are."""
        with self._open() as database:
            if present:
                database.execute("INSERT OR REPLACE INTO present VALUES (?, ?, ?)", (adviser, name, now.isoformat()))
            else:
                database.execute("DELETE FROM present WHERE adviser = ?", (adviser,))

    def present(self, now: datetime) -> dict[int, str]:
        """The advisers who are there now, by id."""
        with self._open() as database:
            since = (now - AWAY_AFTER).isoformat()
            rows = database.execute("SELECT adviser, name FROM present WHERE seen > ? ORDER BY name", (since,))
            return dict(rows.fetchall())

    def counts(self) -> list[tuple[str, str, int]]:
        """All that is kept: hour (UTC), what, how often."""
        with self._open() as database:
            return database.execute("SELECT hour, what, number FROM counts ORDER BY hour, what").fetchall()

    def _end_the_quiet(self, database: sqlite3.Connection, now: datetime) -> None:
        quiet = (now - OVER_AFTER).isoformat()
        query = "SELECT id FROM conversations WHERE state != 'ended' AND quiet_since <= ?"
        for (conversation,) in database.execute(query, (quiet,)).fetchall():
            self._end(database, conversation, "quiet", now)
        ended = (now - REMEMBERED).isoformat()
        database.execute("DELETE FROM conversations WHERE state = 'ended' AND ended <= ?", (ended,))

    def _end(self, database: sqlite3.Connection, conversation: int, reason: Reason, now: datetime) -> None:
        done = database.execute(
            "UPDATE conversations SET state = 'ended', reason = ?, ended = ? WHERE id = ? AND state != 'ended'",
            (reason, now.isoformat(), conversation),
        )
        if done.rowcount:
            database.execute("DELETE FROM keys WHERE conversation = ?", (conversation,))
            database.execute("DELETE FROM messages WHERE conversation = ?", (conversation,))
            self._count(database, f"ended: {reason}", now)

    @staticmethod
    def _count(database: sqlite3.Connection, what: str, now: datetime) -> None:
        hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0).isoformat()
        query = "INSERT INTO counts VALUES (?, ?, 1) ON CONFLICT (hour, what) DO UPDATE SET number = number + 1"
        database.execute(query, (hour, what))

    @staticmethod
    def _conversation(database: sqlite3.Connection, row: tuple[object, ...]) -> Conversation:
        id_, state, started, quiet_since, adviser, name, reason = row
        place = 0
        if state == "waiting":
            query = "SELECT count(*) FROM conversations WHERE state = 'waiting' AND (started, id) <= (?, ?)"
            (place,) = database.execute(query, (started, id_)).fetchone()
        return Conversation(
            id_, state, datetime.fromisoformat(str(started)), datetime.fromisoformat(str(quiet_since)),  # type: ignore[arg-type]
            adviser, str(name), reason, place,  # type: ignore[arg-type]
        )  # fmt: skip

    def _forget_the_log(self) -> None:
        with self._connection() as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with self._connection() as database:
            database.execute("BEGIN IMMEDIATE")
            with database:
                yield database

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(self._path, timeout=10, isolation_level=None)
        try:
            database.execute("PRAGMA secure_delete = ON")
            if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'counts'").fetchone():
                database.execute("PRAGMA journal_mode = WAL")
                database.executescript(_SCHEMA)
                self._path.chmod(0o600)
            yield database
        finally:
            database.close()


def _seal(key: bytes, conversation: int, number: int, text: str) -> bytes:
    nonce = secrets.token_bytes(12)
    return nonce + AESGCM(key).encrypt(nonce, text.encode(), f"{conversation} {number}".encode())


def _unseal(key: bytes, conversation: int, number: int, sealed: bytes) -> str:
    return AESGCM(key).decrypt(sealed[:12], sealed[12:], f"{conversation} {number}".encode()).decode()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
