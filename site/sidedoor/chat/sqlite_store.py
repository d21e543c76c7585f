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

from sidedoor.chat import rules
from sidedoor.chat.keys import Keys
from sidedoor.chat.model import (
    Adviser,
    Conversation,
    Message,
    Reason,
    Unreadable,
    Who,
    hour_of,
    whole_minutes,
)
from sidedoor.chat.sealing import digest, new_key, new_token, seal, unseal
from sidedoor.database import Database, run_script
from sidedoor.home import Migration

_FIRST = """
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
CREATE TABLE IF NOT EXISTS desks (adviser INTEGER PRIMARY KEY, seen TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS starts (network TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS blocks (network TEXT PRIMARY KEY, until TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS days (day TEXT PRIMARY KEY, key BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS counts (hour TEXT, what TEXT, number INTEGER NOT NULL, PRIMARY KEY (hour, what));
"""


def _begin(database: sqlite3.Connection) -> None:
    """The first tables. Conversations of the very first release, which kept keys beside the words, end here."""
    known = {row[1] for row in database.execute("PRAGMA table_info(conversations)").fetchall()}
    if known and "network" not in known:
        for table in ("conversations", "keys", "messages", "present", "starts"):
            database.execute(f"DROP TABLE {table}")
    run_script(database, _FIRST)


_MIGRATIONS: tuple[Migration, ...] = (
    _begin,
    "ALTER TABLE messages ADD COLUMN author TEXT NOT NULL DEFAULT '';",
)
_SELECT = (
    "SELECT one.id, one.state, one.started, one.quiet_since, one.seen, one.adviser, one.adviser_name, desks.seen,"
    " one.watcher, one.watched, one.reason, one.newest, one.network != ''"
    " FROM conversations AS one LEFT JOIN desks ON desks.adviser = one.adviser"
)
_TIDIES_EVERY = timedelta(seconds=10)
_HIGHEST = 2**63 - 1
"""The highest number that SQLite gives out."""


class SqliteStore:
    """The conversations in `data`/chat.sqlite3, each with its key beside it. Implements store.ChatStore."""

    def __init__(self, data: Path) -> None:
        path = data / "chat.sqlite3"
        self._database = Database(path, _MIGRATIONS, wal=True, overwrite=True, keep_open=True)
        self._keys = Keys(data)
        self._tidied = datetime.min.replace(tzinfo=UTC)

    def end_the_quiet(self, now: datetime) -> None:
        """See store.ChatStore."""
        # Two questions, each of which has an index: together they would read every conversation at every poll.
        maybe = (
            f"{_SELECT} WHERE one.state IN ('waiting', 'talking') AND one.quiet_since <= ?1"
            f" UNION {_SELECT} WHERE one.state = 'waiting' AND one.seen <= ?1"
        )
        earliest, looking = rules.earliest_over(now).isoformat(), self._connection()
        over = [row[0] for row in looking.execute(maybe, (earliest,)).fetchall() if _is_over(row, now)]
        tidies = abs(now - self._tidied) >= _TIDIES_EVERY
        self._tidied = now if tidies else self._tidied
        old = _old(now) if tidies else ()
        outdated = [of for of, until in old if looking.execute(f"SELECT 1 FROM {of}", (until,)).fetchone()]  # noqa: S608
        if not over and not outdated:
            return
        with self._write() as database:
            for id_ in over:
                # Somebody may have written in it meanwhile.
                row = database.execute(f"{_SELECT} WHERE one.id = ? AND one.state != 'ended'", (id_,)).fetchone()
                if row and _is_over(row, now):
                    self._end(database, id_, "quiet", now)
            for of, until in old:
                database.execute(f"DELETE FROM {of}", (until,))  # noqa: S608 - fixed words
            known = {row[0] for row in database.execute("SELECT id FROM conversations").fetchall()}
            for conversation in self._keys.all():
                if conversation not in known:  # its process was killed in the middle of a start
                    self._keys.destroy(conversation)
        self._cut_the_log()

    def network_keys(self, now: datetime) -> tuple[bytes, ...]:
        """See store.ChatStore."""
        today = now.astimezone(UTC).date()
        days = (today.isoformat(), (today - timedelta(days=1)).isoformat())
        keys = self._days(self._connection(), days)
        if days[0] not in keys:
            with self._write() as database:
                database.execute("INSERT OR IGNORE INTO days VALUES (?, ?)", (days[0], secrets.token_bytes(32)))
                keys = self._days(database, days)
        return tuple(keys[day] for day in days if day in keys)

    def start(
        self,
        networks: tuple[str, ...],
        most_waiting: int,
        now: datetime,
        once: str = "",
        most_running: int = rules.MOST_FROM_ONE_NETWORK,
    ) -> str:
        """See store.ChatStore."""
        self.end_the_quiet(now)
        token, moment = new_token(once), now.isoformat()
        with self._write() as database:
            query = "SELECT state, started FROM conversations WHERE token = ?"
            if row := database.execute(query, (digest(token),)).fetchone():
                rules.is_the_same_start(row[0], datetime.fromisoformat(row[1]), now)
                return token
            rules.may_start(*self._starts(database, networks, now), most_waiting, most_running)
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
        row = self._connection().execute(f"{_SELECT} WHERE one.token = ?", (digest(token),)).fetchone()
        conversation = self._conversation(row, now) if row else None
        if conversation and rules.looked_in_long_ago(conversation, now):
            with self._write() as database:
                query = "UPDATE conversations SET seen = ? WHERE id = ?"
                database.execute(query, (now.isoformat(), conversation.id))
        return conversation

    def stay(self, conversation: int, now: datetime) -> None:
        """See store.ChatStore."""
        with self._write() as database:
            query = "UPDATE conversations SET quiet_since = ?1, seen = ?1 WHERE id = ?2 AND state != 'ended'"
            database.execute(query, (now.isoformat(), conversation))

    def get(self, conversation: int, now: datetime) -> Conversation | None:
        """See store.ChatStore."""
        self.end_the_quiet(now)
        if conversation > _HIGHEST:
            return None
        row = self._connection().execute(f"{_SELECT} WHERE one.id = ?", (conversation,)).fetchone()
        return self._conversation(row, now) if row else None

    def live(self, now: datetime) -> list[Conversation]:
        """See store.ChatStore."""
        self.end_the_quiet(now)
        rows = self._connection().execute(f"{_SELECT} ORDER BY one.started, one.id").fetchall()
        return [conversation for conversation in (self._conversation(row, now) for row in rows) if conversation]

    def say(self, conversation: int, who: Who, text: str, now: datetime, once: str = "", author: str = "") -> int:
        """See store.ChatStore."""
        text = rules.as_said(who, text)
        with self._write() as database:
            again = database.execute(
                "SELECT number FROM messages WHERE conversation = ? AND once = ?", (conversation, once or None)
            ).fetchone()
            if again:
                return int(again[0])
            (lately,) = database.execute(
                "SELECT count(*) FROM messages WHERE conversation = ? AND who = ? AND at > ?",
                (conversation, who, (now - timedelta(minutes=1)).isoformat()),
            ).fetchone()
            state = database.execute("SELECT state FROM conversations WHERE id = ?", (conversation,)).fetchone()
            rules.may_say(state[0] if state else None, lately)
            if not (key := self._keys.find(conversation)):
                raise Unreadable(conversation)
            (number,) = database.execute(
                "UPDATE conversations SET newest = newest + 1, quiet_since = CASE WHEN ? THEN ? ELSE quiet_since END"
                " WHERE id = ? RETURNING newest",
                (rules.is_a_sign_of_life(who), now.isoformat(), conversation),
            ).fetchone()
            database.execute(
                "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    conversation,
                    number,
                    who,
                    seal(key, conversation, number, text),
                    now.isoformat(),
                    once or None,
                    author,
                ),
            )
        return int(number)

    def messages(self, conversation: int, after: int = 0) -> list[Message]:
        """See store.ChatStore."""
        query = (
            "SELECT number, who, sealed, at, author FROM messages WHERE conversation = ? AND number > ? ORDER BY number"
        )
        rows = self._connection().execute(query, (conversation, after)).fetchall()
        key = self._keys.find(conversation) if rows else None
        if rows and not key:
            state = (
                self._connection().execute("SELECT state FROM conversations WHERE id = ?", (conversation,)).fetchone()
            )
            if state and state[0] == "ended":
                return []  # in this moment
            raise Unreadable(conversation)
        try:
            return [
                Message(
                    number, who, unseal(key or b"", conversation, number, sealed), datetime.fromisoformat(at), author
                )
                for number, who, sealed, at, author in rows
            ]
        except (ValueError, TypeError):
            raise Unreadable(conversation) from None

    def accept(self, conversation: int, adviser: int, name: str, now: datetime) -> None:
        """See store.ChatStore."""
        with self._write() as database:
            query = "SELECT 1 FROM present WHERE adviser = ? AND pause_until > ?"
            pauses = database.execute(query, (adviser, now.isoformat())).fetchone()
            row = database.execute("SELECT state, started FROM conversations WHERE id = ?", (conversation,)).fetchone()
            rules.may_accept(row[0] if row else None, bool(pauses))
            database.execute(
                "UPDATE conversations SET state = 'talking', adviser = ?, adviser_name = ?, quiet_since = ?"
                " WHERE id = ?",
                (adviser, name, now.isoformat(), conversation),
            )
            self._sign(database, adviser, now)
            self._count(database, "answered", now)
            self._count(database, "minutes waited", now, whole_minutes(now - datetime.fromisoformat(row[1])))

    def pass_on(
        self, conversation: int, adviser: int, to: int, name: str, now: datetime, only_if_left: bool = False
    ) -> None:
        """See store.ChatStore."""
        with self._write() as database:
            query = "SELECT state, adviser FROM conversations WHERE id = ?"
            state, whose = database.execute(query, (conversation,)).fetchone() or (None, None)
            seen = dict(database.execute("SELECT adviser, seen FROM desks WHERE adviser IN (?, ?)", (adviser, to)))
            of, for_ = (datetime.fromisoformat(seen[id_]) if id_ in seen else None for id_ in (adviser, to))
            rules.may_pass(state, whose == adviser, of, for_, only_if_left, now)
            query = "UPDATE conversations SET adviser = ?, adviser_name = ?, watcher = '' WHERE id = ?"
            database.execute(query, (to, name, conversation))

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

    def block(self, conversation: int, until: datetime, now: datetime) -> bool:
        """See store.ChatStore."""
        with self._write() as database:
            query = "INSERT OR REPLACE INTO blocks SELECT network, ? FROM conversations WHERE id = ? AND network != ''"
            until = min(until, now + rules.LONGEST_BLOCK)
            blocked = database.execute(query, (until.isoformat(), conversation)).rowcount > 0
            self._end(database, conversation, "blocked", now)
        self._cut_the_log()
        return blocked

    def set_presence(self, adviser: int, name: str, present: bool, now: datetime) -> None:
        """See store.ChatStore."""
        with self._write() as database:
            self._sign(database, adviser, now)
            if present:
                database.execute(
                    "INSERT INTO present VALUES (?, ?, ?, NULL)"
                    " ON CONFLICT (adviser) DO UPDATE SET seen = excluded.seen, name = excluded.name",
                    (adviser, name, now.isoformat()),
                )
            else:
                database.execute("DELETE FROM present WHERE adviser = ?", (adviser,))

    def sign(self, adviser: int, now: datetime) -> None:
        """See store.ChatStore."""
        with self._write() as database:
            self._sign(database, adviser, now)

    def end_pause(self, adviser: int) -> None:
        """See store.ChatStore."""
        with self._write() as database:
            database.execute("UPDATE present SET pause_until = NULL WHERE adviser = ?", (adviser,))

    def present(self, now: datetime) -> dict[int, Adviser]:
        """See store.ChatStore."""
        query = "SELECT adviser, name, pause_until FROM present WHERE seen > ? ORDER BY name"
        rows = self._connection().execute(query, ((now - rules.DESK_GONE_AFTER).isoformat(),)).fetchall()
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
    def _starts(database: sqlite3.Connection, networks: tuple[str, ...], now: datetime) -> tuple[bool, int, int, int]:
        """Whether one of `networks` is blocked; how many of it run, and were begun lately; how many wait, in reach."""
        marks = ", ".join("?" * len(networks))

        def count(what: str, *values: str) -> int:
            return int(database.execute(f"SELECT count(*) FROM {what}", values).fetchone()[0])  # noqa: S608

        since, reach = (now - rules.STARTS_WITHIN).isoformat(), rules.out_of_reach_since(now).isoformat()
        return (
            count(f"blocks WHERE network IN ({marks}) AND until > ?", *networks, now.isoformat()) > 0,
            count(f"conversations WHERE network IN ({marks}) AND state != 'ended'", *networks),
            count(f"starts WHERE network IN ({marks}) AND at > ?", *networks, since),
            count("conversations WHERE state = 'waiting' AND seen > ?", reach),
        )

    @staticmethod
    def _sign(database: sqlite3.Connection, adviser: int, now: datetime) -> None:
        moment, returns = now.isoformat(), (now - rules.DESK_RETURNS_WITHIN).isoformat()
        database.execute("INSERT OR REPLACE INTO desks VALUES (?, ?)", (adviser, moment))
        database.execute("DELETE FROM present WHERE adviser = ? AND seen <= ?", (adviser, returns))
        database.execute("UPDATE present SET seen = ? WHERE adviser = ?", (moment, adviser))

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
        database.execute(
            "UPDATE present SET pause_until = ? WHERE adviser = ?", ((now + rules.PAUSE).isoformat(), row[0])
        )
        self._count(database, f"ended: {reason}", now)

    @staticmethod
    def _count(database: sqlite3.Connection, what: str, now: datetime, by: int = 1) -> None:
        query = "INSERT INTO counts VALUES (?, ?, ?) ON CONFLICT (hour, what) DO UPDATE SET number = number + ?"
        database.execute(query, (hour_of(now), what, by, by))

    def _conversation(self, row: tuple[Any, ...], now: datetime) -> Conversation | None:
        """None for a row that cannot be read: nobody can go on there, and it must not take the others down with it."""
        id_, state, started, quiet_since, seen, adviser, name, desk, watcher, watched, reason, newest, network = row
        place = 0
        if state == "waiting":
            query = "SELECT count(*) FROM conversations WHERE state = 'waiting' AND (started, id) < (?, ?) AND seen > ?"
            (before,) = (
                self._connection().execute(query, (started, id_, rules.out_of_reach_since(now).isoformat())).fetchone()
            )
            place = before + 1
        try:
            return Conversation(
                id=id_,
                state=state,
                started=datetime.fromisoformat(started),
                quiet_since=datetime.fromisoformat(quiet_since),
                seen=datetime.fromisoformat(seen),
                adviser=adviser,
                adviser_name=name,
                adviser_seen=datetime.fromisoformat(desk) if desk else None,
                watcher=watcher if watched > (now - rules.WATCHED_FOR).isoformat() else "",
                reason=reason,
                newest=int(newest),
                place=place,
                network_known=bool(network),
            )
        except (ValueError, TypeError):
            return None

    def _cut_the_log(self) -> None:
        self._database.cut_the_log()

    def _write(self) -> AbstractContextManager[sqlite3.Connection]:
        return self._database.writing()

    def _connection(self) -> sqlite3.Connection:
        """This thread's connection. Each statement reads on its own, so none keeps the log from being cut."""
        return self._database.connection()


def _old(now: datetime) -> tuple[tuple[str, str], ...]:
    """What is forgotten by itself: where it stands, and until when."""
    yesterday = now.astimezone(UTC).date() - timedelta(days=1)
    return (
        ("conversations WHERE state = 'ended' AND ended <= ?", (now - rules.REMEMBERED).isoformat()),
        ("starts WHERE at <= ?", (now - rules.STARTS_WITHIN).isoformat()),
        ("blocks WHERE until <= ?", now.isoformat()),
        ("days WHERE day < ?", yesterday.isoformat()),
        ("present WHERE seen <= ?", (now - rules.DESK_RETURNS_WITHIN).isoformat()),
        ("desks WHERE seen <= ?", (now - rules.DESK_REMEMBERED).isoformat()),
        ("counts WHERE hour <= ?", hour_of(now - rules.COUNTS_KEPT)),
    )


def _is_over(row: tuple[Any, ...], now: datetime) -> bool:
    try:
        return now >= rules.over_at(row[1], datetime.fromisoformat(row[3]), datetime.fromisoformat(row[4]))
    except (ValueError, TypeError):
        return True  # nobody can go on there
