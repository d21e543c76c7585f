"""Conversations in SQLite, for one machine: the public site and the desk open the same file.

The database holds sealed words and no key (keys.py). At the end the key is destroyed and the rows are deleted;
`secure_delete` overwrites where they lay, and the write-ahead log is cut to nothing.
"""

import secrets
import sqlite3
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sidedoor.chat.keys import Keys
from sidedoor.chat.model import (
    AWAY_AFTER,
    LONGEST_MESSAGE,
    MOST_MESSAGES_A_MINUTE,
    MOST_STARTS,
    OVER_AFTER,
    PAUSE,
    REMEMBERED,
    STARTS_WITHIN,
    WATCHED_FOR,
    Adviser,
    Conversation,
    Message,
    NotPossible,
    Reason,
    Who,
    hour_of,
    whole_minutes,
)
from sidedoor.chat.sealing import digest, new_key, seal, unseal
from sidedoor.database import Database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS conversations (
    id INTEGER PRIMARY KEY AUTOINCREMENT, token TEXT UNIQUE, network TEXT NOT NULL, state TEXT NOT NULL,
    started TEXT NOT NULL, quiet_since TEXT NOT NULL, seen TEXT NOT NULL, adviser INTEGER,
    adviser_name TEXT NOT NULL DEFAULT '', watcher TEXT NOT NULL DEFAULT '', watched TEXT NOT NULL DEFAULT '',
    reason TEXT, ended TEXT, newest INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS queue ON conversations (state, started, id);
CREATE INDEX IF NOT EXISTS quiet ON conversations (state, quiet_since);
CREATE TABLE IF NOT EXISTS messages (
    conversation INTEGER, number INTEGER, who TEXT NOT NULL, sealed BLOB NOT NULL, at TEXT NOT NULL, once TEXT,
    PRIMARY KEY (conversation, number), UNIQUE (conversation, once));
CREATE TABLE IF NOT EXISTS present (
    adviser INTEGER PRIMARY KEY, name TEXT NOT NULL, seen TEXT NOT NULL, pause_until TEXT);
CREATE TABLE IF NOT EXISTS starts (network TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS blocks (network TEXT PRIMARY KEY, until TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS days (day TEXT PRIMARY KEY, key BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS counts (hour TEXT, what TEXT, number INTEGER NOT NULL, PRIMARY KEY (hour, what));
"""
_COLUMNS = "id, state, started, quiet_since, seen, adviser, adviser_name, watcher, watched, reason, newest"
_SELECT = f"SELECT {_COLUMNS} FROM conversations"  # noqa: S608 - fixed words


class SqliteStore:
    """The conversations in `data`/chat.sqlite3, each with its key beside it. Implements store.ChatStore."""

    def __init__(self, data: Path) -> None:
        path = data / "chat.sqlite3"
        self._database = Database(path, (_SCHEMA,), wal=True, overwrite=True, keep_open=True)
        self._keys = Keys(data)

    def end_the_quiet(self, now: datetime) -> None:
        """See store.ChatStore."""
        quiet, ended = (now - OVER_AFTER).isoformat(), (now - REMEMBERED).isoformat()
        over = "SELECT id FROM conversations WHERE state IN ('waiting', 'talking') AND quiet_since <= ?"
        old = "SELECT id FROM conversations WHERE state = 'ended' AND ended <= ?"
        looking = self._connection()
        if not (looking.execute(over, (quiet,)).fetchone() or looking.execute(old, (ended,)).fetchone()):
            return
        with self._write() as database:
            for (conversation,) in database.execute(over, (quiet,)).fetchall():
                self._end(database, conversation, "quiet", now)
            database.execute("DELETE FROM conversations WHERE state = 'ended' AND ended <= ?", (ended,))
            known = {row[0] for row in database.execute("SELECT id FROM conversations").fetchall()}
            for conversation in self._keys.all():
                if conversation not in known:  # its process was killed in the middle of a start
                    self._keys.destroy(conversation)
        self._cut_the_log()

    def network_keys(self, now: datetime) -> tuple[bytes, ...]:
        """See store.ChatStore."""
        today = now.astimezone(UTC).date()
        days = (today.isoformat(), (today - timedelta(days=1)).isoformat())
        found = self._days(self._connection(), days)
        if days[0] not in found:
            with self._write() as database:
                database.execute("INSERT OR IGNORE INTO days VALUES (?, ?)", (days[0], secrets.token_bytes(32)))
                database.execute("DELETE FROM days WHERE day < ?", (days[1],))
                found = self._days(database, days)
        return tuple(found[day] for day in days if day in found)

    def start(self, networks: tuple[str, ...], most_waiting: int, now: datetime) -> str:
        """See store.ChatStore."""
        self.end_the_quiet(now)
        token, moment = secrets.token_urlsafe(32), now.isoformat()
        with self._write() as database:
            self._may_start(database, networks, most_waiting, now)
            row = database.execute(
                "INSERT INTO conversations (token, network, state, started, quiet_since, seen)"
                " VALUES (?, ?, 'waiting', ?, ?, ?)",
                (digest(token), next(iter(networks), ""), moment, moment, moment),
            )
            database.executemany("INSERT INTO starts VALUES (?, ?)", [(network, moment) for network in networks[:1]])
            self._count(database, "started", now)
            self._keys.keep(row.lastrowid or 0, new_key())
        return token

    def find(self, token: str, now: datetime) -> Conversation | None:
        """See store.ChatStore."""
        self.end_the_quiet(now)
        row = self._connection().execute(f"{_SELECT} WHERE token = ?", (digest(token),)).fetchone()
        conversation = self._conversation(row, now) if row else None
        if conversation and conversation.looked_in_long_ago(now):
            with self._write() as database:
                database.execute(
                    "UPDATE conversations SET seen = ?1,"
                    " quiet_since = CASE state WHEN 'waiting' THEN ?1 ELSE quiet_since END WHERE id = ?2",
                    (now.isoformat(), conversation.id),
                )
        return conversation

    def get(self, conversation: int, now: datetime) -> Conversation | None:
        """See store.ChatStore."""
        self.end_the_quiet(now)
        row = self._connection().execute(f"{_SELECT} WHERE id = ?", (conversation,)).fetchone()
        return self._conversation(row, now) if row else None

    def live(self, now: datetime) -> list[Conversation]:
        """See store.ChatStore."""
        self.end_the_quiet(now)
        rows = self._connection().execute(f"{_SELECT} ORDER BY started, id").fetchall()
        return [self._conversation(row, now) for row in rows]

    def say(self, conversation: int, who: Who, text: str, now: datetime, once: str = "") -> int:
        """See store.ChatStore."""
        text = text.strip()
        if not text or len(text) > LONGEST_MESSAGE:
            raise NotPossible("empty" if not text else "long")
        with self._write() as database:
            key = self._keys.find(conversation)
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
            row = database.execute(
                "UPDATE conversations SET newest = newest + 1, quiet_since = ? WHERE id = ? AND state != 'ended'"
                " RETURNING newest",
                (now.isoformat(), conversation),
            ).fetchone()
            if not row:
                raise NotPossible("over")
            number = int(row[0])
            database.execute(
                "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?)",
                (conversation, number, who, seal(key, conversation, number, text), now.isoformat(), once or None),
            )
        return number

    def messages(self, conversation: int, after: int = 0) -> list[Message]:
        """See store.ChatStore."""
        query = "SELECT number, who, sealed, at FROM messages WHERE conversation = ? AND number > ? ORDER BY number"
        rows = self._connection().execute(query, (conversation, after)).fetchall()
        key = self._keys.find(conversation) if rows else None
        return [
            Message(number, who, unseal(key, conversation, number, sealed), datetime.fromisoformat(at))
            for number, who, sealed, at in rows
            if key
        ]

    def accept(self, conversation: int, adviser: int, name: str, now: datetime) -> None:
        """See store.ChatStore."""
        with self._write() as database:
            query = "SELECT 1 FROM present WHERE adviser = ? AND pause_until > ?"
            if database.execute(query, (adviser, now.isoformat())).fetchone():
                raise NotPossible("pause", "This is your pause. Say that you are ready, if you are.")
            row = database.execute(
                "UPDATE conversations SET state = 'talking', adviser = ?, adviser_name = ?, quiet_since = ?"
                " WHERE id = ? AND state = 'waiting' RETURNING started",
                (adviser, name, now.isoformat(), conversation),
            ).fetchone()
            if not row:
                raise NotPossible("gone", "Somebody else was quicker, or the reader has left.")
            self._count(database, "answered", now)
            self._count(database, "minutes waited", now, whole_minutes(now - datetime.fromisoformat(row[0])))

    def hand_over(self, conversation: int, adviser: int, to: int, name: str) -> None:
        """See store.ChatStore."""
        with self._write() as database:
            done = database.execute(
                "UPDATE conversations SET adviser = ?, adviser_name = ?"
                " WHERE id = ? AND adviser = ? AND state = 'talking'",
                (to, name, conversation, adviser),
            )
            if not done.rowcount:
                raise NotPossible("gone", "It is not yours to hand over, or it is over.")

    def watch(self, conversation: int, name: str, now: datetime) -> None:
        """See store.ChatStore."""
        with self._write() as database:
            query = "UPDATE conversations SET watcher = ?, watched = ? WHERE id = ? AND state != 'ended'"
            database.execute(query, (name, now.isoformat(), conversation))

    def end(self, conversation: int, reason: Reason, now: datetime) -> None:
        """See store.ChatStore."""
        with self._write() as database:
            self._end(database, conversation, reason, now)
        self._cut_the_log()

    def block(self, conversation: int, until: datetime, now: datetime) -> None:
        """See store.ChatStore."""
        with self._write() as database:
            query = "INSERT OR REPLACE INTO blocks SELECT network, ? FROM conversations WHERE id = ? AND network != ''"
            database.execute(query, (min(until, now + timedelta(days=1)).isoformat(), conversation))
            self._end(database, conversation, "blocked", now)
        self._cut_the_log()

    def is_present(self, adviser: int, name: str, present: bool, now: datetime) -> None:
        """See store.ChatStore."""
        with self._write() as database:
            if present:
                database.execute(
                    "INSERT INTO present VALUES (?, ?, ?, NULL)"
                    " ON CONFLICT (adviser) DO UPDATE SET seen = excluded.seen, name = excluded.name",
                    (adviser, name, now.isoformat()),
                )
            else:
                database.execute("DELETE FROM present WHERE adviser = ?", (adviser,))

    def is_ready(self, adviser: int) -> None:
        """See store.ChatStore."""
        with self._write() as database:
            database.execute("UPDATE present SET pause_until = NULL WHERE adviser = ?", (adviser,))

    def present(self, now: datetime) -> dict[int, Adviser]:
        """See store.ChatStore."""
        query = "SELECT adviser, name, pause_until FROM present WHERE seen > ? ORDER BY name"
        rows = self._connection().execute(query, ((now - AWAY_AFTER).isoformat(),)).fetchall()
        return {id_: Adviser(id_, name, datetime.fromisoformat(until) if until else None) for id_, name, until in rows}

    def usual_wait(self, now: datetime) -> timedelta | None:
        """See store.ChatStore."""
        hours = (hour_of(now), hour_of(now - timedelta(hours=1)))
        query = "SELECT what, sum(number) FROM counts WHERE hour IN (?, ?) GROUP BY what"
        told = dict(self._connection().execute(query, hours).fetchall())
        answered = told.get("answered", 0)
        return timedelta(minutes=told.get("minutes waited", 0)) / answered if answered else None

    def counts(self) -> list[tuple[str, str, int]]:
        """See store.ChatStore."""
        query = "SELECT hour, what, number FROM counts ORDER BY hour, what"
        return self._connection().execute(query).fetchall()

    @staticmethod
    def _days(database: sqlite3.Connection, days: tuple[str, ...]) -> dict[str, bytes]:
        return dict(database.execute("SELECT day, key FROM days WHERE day IN (?, ?)", days).fetchall())

    @staticmethod
    def _may_start(database: sqlite3.Connection, networks: tuple[str, ...], most_waiting: int, now: datetime) -> None:
        database.execute("DELETE FROM starts WHERE at < ?", ((now - STARTS_WITHIN).isoformat(),))
        database.execute("DELETE FROM blocks WHERE until <= ?", (now.isoformat(),))
        for network in networks:
            if database.execute("SELECT 1 FROM blocks WHERE network = ?", (network,)).fetchone():
                raise NotPossible("blocked")
            (often,) = database.execute("SELECT count(*) FROM starts WHERE network = ?", (network,)).fetchone()
            if often >= MOST_STARTS:
                raise NotPossible("often")
        (waiting,) = database.execute("SELECT count(*) FROM conversations WHERE state = 'waiting'").fetchone()
        if waiting >= most_waiting:
            raise NotPossible("full")

    def _end(self, database: sqlite3.Connection, conversation: int, reason: Reason, now: datetime) -> None:
        row = database.execute(
            "UPDATE conversations SET state = 'ended', reason = ?, ended = ?, network = '', watcher = ''"
            " WHERE id = ? AND state != 'ended' RETURNING adviser",
            (reason, now.isoformat(), conversation),
        ).fetchone()
        if not row:
            return
        self._keys.destroy(conversation)
        database.execute("DELETE FROM messages WHERE conversation = ?", (conversation,))
        database.execute("UPDATE present SET pause_until = ? WHERE adviser = ?", ((now + PAUSE).isoformat(), row[0]))
        self._count(database, f"ended: {reason}", now)

    @staticmethod
    def _count(database: sqlite3.Connection, what: str, now: datetime, by: int = 1) -> None:
        query = "INSERT INTO counts VALUES (?, ?, ?) ON CONFLICT (hour, what) DO UPDATE SET number = number + ?"
        database.execute(query, (hour_of(now), what, by, by))

    def _conversation(self, row: tuple[Any, ...], now: datetime) -> Conversation:
        id_, state, started, quiet_since, seen, adviser, name, watcher, watched, reason, newest = row
        place = 0
        if state == "waiting":
            query = "SELECT count(*) FROM conversations WHERE state = 'waiting' AND (started, id) <= (?, ?)"
            (place,) = self._connection().execute(query, (started, id_)).fetchone()
        watches = watched > (now - WATCHED_FOR).isoformat()
        return Conversation(
            id=id_,
            state=state,
            started=datetime.fromisoformat(started),
            quiet_since=datetime.fromisoformat(quiet_since),
            seen=datetime.fromisoformat(seen),
            adviser=adviser,
            adviser_name=name,
            watcher=watcher if watches else "",
            reason=reason,
            newest=newest,
            place=place,
        )

    def _cut_the_log(self) -> None:
        self._database.cut_the_log()

    def _write(self) -> AbstractContextManager[sqlite3.Connection]:
        return self._database.writing()

    def _connection(self) -> sqlite3.Connection:
        """This thread's connection. Each statement reads on its own, so none keeps the log from being cut."""
        return self._database.connection()
