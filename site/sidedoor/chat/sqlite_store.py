"""Conversations in SQLite, for one machine: the public site and the desk open the same file.

The database holds sealed words and no key (keys.py). At the end the key is destroyed and the rows are deleted;
`secure_delete` overwrites their bytes, and the write-ahead log is truncated.
"""

import json
import secrets
import sqlite3
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sidedoor.chat import rules
from sidedoor.chat.keys import Keys
from sidedoor.chat.model import (
    Adviser,
    Conversation,
    How,
    Kept,
    Message,
    Reason,
    Unreadable,
    Who,
    hour_of,
)
from sidedoor.chat.sealing import KEPT_AT, digest, new_key, new_token, seal, unseal
from sidedoor.database import Database, holding, looking_at, run_script
from sidedoor.schema import Migration

CHATS = "chat.sqlite3"
"""The database's file."""
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
    columns = {row[1] for row in database.execute("PRAGMA table_info(conversations)").fetchall()}
    if columns and "network" not in columns:
        for table in ("conversations", "keys", "messages", "present", "starts"):
            database.execute(f"DROP TABLE {table}")
    run_script(database, _FIRST)


_MIGRATIONS: tuple[Migration, ...] = (
    _begin,
    "ALTER TABLE messages ADD COLUMN author TEXT NOT NULL DEFAULT '';",
    """
    ALTER TABLE conversations ADD COLUMN language TEXT NOT NULL DEFAULT '';
    ALTER TABLE conversations ADD COLUMN shown INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE conversations ADD COLUMN unanswered TEXT NOT NULL DEFAULT '';
    ALTER TABLE conversations ADD COLUMN risk INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE conversations ADD COLUMN player INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE present ADD COLUMN languages TEXT NOT NULL DEFAULT '';
    ALTER TABLE present ADD COLUMN word INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE kept (
        conversation INTEGER, what TEXT, sealed BLOB NOT NULL, PRIMARY KEY (conversation, what)) WITHOUT ROWID;
    CREATE INDEX whose ON conversations (adviser);
    CREATE INDEX plays ON conversations (player) WHERE player != 0;
    """,
)
_FIELDS = (
    "chat.id, chat.state, chat.started, chat.quiet_since, chat.seen, chat.adviser, chat.adviser_name, desks.seen,"
    " chat.watcher, chat.watched, chat.reason, chat.newest, chat.network != '', chat.language, chat.shown,"
    " chat.unanswered, chat.risk, chat.player, (SELECT group_concat(what) FROM kept WHERE kept.conversation = chat.id)"
)
_FROM = "FROM conversations AS chat LEFT JOIN desks ON desks.adviser = chat.adviser"
_SELECT = f"SELECT {_FIELDS} {_FROM}"
_PRESENT = "SELECT adviser, name, pause_until, languages, word FROM present WHERE seen > ? ORDER BY name"
_BOARD = f"""
SELECT (SELECT json_group_array(json_array(adviser, name, pause_until, languages, word))
  FROM (SELECT * FROM present WHERE seen > ?1 ORDER BY name)) AS here, mine.*
FROM (SELECT 1) LEFT JOIN (
  SELECT {_FIELDS} {_FROM} WHERE chat.state = 'waiting'
  UNION SELECT {_FIELDS} {_FROM} WHERE chat.adviser = ?2
  UNION SELECT {_FIELDS} {_FROM} WHERE chat.player = ?2 AND chat.player != 0
  UNION SELECT {_FIELDS} {_FROM} WHERE chat.state = 'talking' AND (desks.seen IS NULL OR desks.seen <= ?1)) AS mine
ORDER BY mine.started, mine.id
"""  # noqa: S608 - fixed words
_TIDIES_EVERY = timedelta(seconds=10)
_HIGHEST = 2**63 - 1
"""The highest number that SQLite gives out."""


def counts_alone(path: Path) -> bytes:
    """The counts in the database `path`, as a database that holds no conversation and no network. Raises
    sqlite3.Error."""
    with closing(looking_at(path)) as source:
        rows = source.execute("SELECT hour, what, number FROM counts").fetchall()
    with closing(holding(_MIGRATIONS, {"counts": rows})) as database:
        return database.serialize()


class SqliteStore:
    """The conversations in `data`/chat.sqlite3, each with its key beside it. Implements store.ChatStore."""

    def __init__(self, data: Path) -> None:
        path = data / CHATS
        # A message does not wait for the disk: a power cut loses the last ones, a killed program loses none. An end is
        # on the disk at once: keys.py flushes the key's file, and truncating the log flushes the rows.
        self._database = Database(path, _MIGRATIONS, wal=True, overwrite=True, keep_open=True, durable=False)
        self._keys = Keys(data)
        self._tidied = datetime.min.replace(tzinfo=UTC)

    def agreed(self, now: datetime) -> datetime:
        """See store.ChatStore. One machine has one clock."""
        return now

    def end_the_quiet(self, now: datetime) -> None:
        """See store.ChatStore."""
        # Two queries, each with its index: a single one would read every conversation at every poll.
        query = (
            f"{_SELECT} WHERE chat.state IN ('waiting', 'talking') AND chat.quiet_since <= ?1"
            f" UNION {_SELECT} WHERE chat.state = 'waiting' AND chat.seen <= ?1"
        )
        earliest, connection = rules.earliest_over(now).isoformat(), self._connection()
        over = [row[0] for row in connection.execute(query, (earliest,)).fetchall() if _is_over(row, now)]
        tidies = abs(now - self._tidied) >= _TIDIES_EVERY
        self._tidied = now if tidies else self._tidied
        old = _old(now) if tidies else ()
        outdated = [rows for rows, until in old if connection.execute(f"SELECT 1 FROM {rows}", (until,)).fetchone()]  # noqa: S608
        if not over and not outdated:
            return
        with self._write() as database:
            for id_ in over:
                # Somebody may have written in the meantime.
                row = database.execute(f"{_SELECT} WHERE chat.id = ? AND chat.state != 'ended'", (id_,)).fetchone()
                if row and _is_over(row, now):
                    self._end(database, id_, "quiet", now)
            for rows, until in old:
                database.execute(f"DELETE FROM {rows}", (until,))  # noqa: S608 - fixed words
            conversations = {row[0] for row in database.execute("SELECT id FROM conversations").fetchall()}
            for conversation in self._keys.all():
                if conversation not in conversations:  # its process was killed in the middle of a start
                    self._keys.destroy(conversation)
        self._cut_the_log()

    def _tidy(self, now: datetime) -> None:
        """End quiet conversations now and then. Whoever shows a conversation checks whether that one is over."""
        if abs(now - self._tidied) >= _TIDIES_EVERY:
            self.end_the_quiet(now)

    def _row(self, column: str, value: str | int, now: datetime) -> tuple[Any, ...] | None:
        """The row of the conversation whose `column` has this value, as it is now."""
        self._tidy(now)
        query = f"{_SELECT} WHERE {column} = ?"
        row: tuple[Any, ...] | None = self._connection().execute(query, (value,)).fetchone()
        if row and row[1] != "ended" and _is_over(row, now):
            self.end_the_quiet(now)
            row = self._connection().execute(query, (value,)).fetchone()
        return row

    def network_keys(self, now: datetime) -> tuple[bytes, ...]:
        """See store.ChatStore."""
        days = tuple(day.isoformat() for day in rules.days_with_keys(now))
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
        language: str = "",
        player: int = 0,
    ) -> str:
        """See store.ChatStore."""
        self.end_the_quiet(now)
        token, moment = new_token(once), now.isoformat()
        with self._write() as database:
            query = "SELECT state, started FROM conversations WHERE token = ?"
            if row := database.execute(query, (digest(token),)).fetchone():
                rules.may_start_again(row[0], datetime.fromisoformat(row[1]), now)
                return token
            if not player:
                rules.may_start(*self._starts(database, networks, now), most_waiting, most_running)
            row = database.execute(
                "INSERT INTO conversations (token, network, state, started, quiet_since, seen, language, player)"
                " VALUES (?, ?, 'waiting', ?, ?, ?, ?, ?)",
                (digest(token), next(iter(networks), ""), moment, moment, moment, language, player),
            )
            database.executemany("INSERT INTO starts VALUES (?, ?)", [(network, moment) for network in networks[:1]])
            if not player:
                self._count(database, "started", now)
                if language:
                    self._count(database, f"language: {language}", now)
            self._keys.keep(row.lastrowid or 0, new_key())
        return token

    def find(self, token: str, now: datetime) -> Conversation | None:
        """See store.ChatStore."""
        row = self._row("chat.token", digest(token), now)
        conversation = self._conversation(row, now, self._before(row, now)) if row else None
        if conversation and rules.looked_in_long_ago(conversation, now):
            with self._write() as database:
                query = "UPDATE conversations SET seen = ? WHERE id = ?"
                database.execute(query, (now.isoformat(), conversation.id))
        return conversation

    def looked_in(self, moments: Mapping[int, tuple[datetime, int]]) -> None:
        """See store.ChatStore."""
        with self._write() as database:
            database.executemany(
                "UPDATE conversations SET seen = ?, shown = max(shown, min(?, newest))"
                " WHERE id = ? AND state != 'ended'",
                [(moment.isoformat(), shown, id_) for id_, (moment, shown) in moments.items()],
            )

    def stay(self, conversation: int, now: datetime) -> None:
        """See store.ChatStore."""
        with self._write() as database:
            query = "UPDATE conversations SET quiet_since = ?1, seen = ?1 WHERE id = ?2 AND state != 'ended'"
            database.execute(query, (now.isoformat(), conversation))

    def get(self, conversation: int, now: datetime) -> Conversation | None:
        """See store.ChatStore."""
        if conversation > _HIGHEST:
            return None
        row = self._row("chat.id", conversation, now)
        return self._conversation(row, now, self._before(row, now)) if row else None

    def live(self, now: datetime) -> list[Conversation]:
        """See store.ChatStore."""
        self.end_the_quiet(now)
        rows = self._connection().execute(f"{_SELECT} ORDER BY chat.started, chat.id").fetchall()
        return self._in_order(rows, now)

    def board(self, adviser: int, now: datetime) -> tuple[list[Conversation], dict[int, Adviser]]:
        """See store.ChatStore."""
        self._tidy(now)
        gone = (now - rules.DESK_GONE_AFTER).isoformat()
        rows = self._connection().execute(_BOARD, (gone, adviser)).fetchall()
        shown = [row[1:] for row in rows if row[1] is not None]
        if any(row[1] != "ended" and _is_over(row, now) for row in shown):
            self.end_the_quiet(now)
            return self.board(adviser, now)
        return self._in_order(shown, now), _advisers(json.loads(rows[0][0]))

    def news(self, conversations: Collection[int], now: datetime) -> dict[int, rules.News]:
        """See store.ChatStore."""
        query = (
            "SELECT chat.id, chat.newest, chat.state, chat.adviser, desks.seen FROM json_each(?) AS asked"
            " JOIN conversations AS chat ON chat.id = asked.value LEFT JOIN desks ON desks.adviser = chat.adviser"
        )
        rows = self._connection().execute(query, (json.dumps(list(conversations)),)).fetchall()
        return {
            id_: rules.news(newest, state, adviser, datetime.fromisoformat(seen) if seen else None, now)
            for id_, newest, state, adviser, seen in rows
        }

    def keep(self, conversation: int, what: Kept, text: str) -> None:
        """See store.ChatStore."""
        with self._write() as database:
            query = "SELECT 1 FROM conversations WHERE id = ? AND state != 'ended'"
            key = self._keys.find(conversation)
            if not key or not database.execute(query, (conversation,)).fetchone():
                return
            if text:
                sealed = seal(key, conversation, KEPT_AT[what], text)
                database.execute("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", (conversation, what, sealed))
            else:
                database.execute("DELETE FROM kept WHERE conversation = ? AND what = ?", (conversation, what))

    def kept(self, conversation: int, what: Kept) -> str:
        """See store.ChatStore."""
        query = "SELECT sealed FROM kept WHERE conversation = ? AND what = ?"
        row = self._connection().execute(query, (conversation, what)).fetchone()
        key = self._keys.find(conversation) if row else None
        return unseal(key, conversation, KEPT_AT[what], row[0]) if key else ""

    def mark(self, conversation: int, risk: bool) -> None:
        """See store.ChatStore."""
        with self._write() as database:
            query = "UPDATE conversations SET risk = ? WHERE id = ? AND state != 'ended'"
            database.execute(query, (risk, conversation))

    def show(self, conversation: int, number: int) -> None:
        """See store.ChatStore."""
        with self._write() as database:
            query = "UPDATE conversations SET shown = max(shown, min(?, newest)) WHERE id = ? AND state != 'ended'"
            database.execute(query, (number, conversation))

    def say(self, conversation: int, who: Who, text: str, now: datetime, once: str = "", author: str = "") -> int:
        """See store.ChatStore."""
        text = rules.message_text(who, text)
        with self._write() as database:
            again = database.execute(
                "SELECT number FROM messages WHERE conversation = ? AND once = ?", (conversation, once or None)
            ).fetchone()
            if again:
                return int(again[0])
            (lately,) = database.execute(
                "SELECT count(*) FROM messages WHERE conversation = ? AND who = ? AND at > ?",
                (conversation, who, rules.lately_since(now).isoformat()),
            ).fetchone()
            query = "SELECT state, unanswered FROM conversations WHERE id = ?"
            state, unanswered = database.execute(query, (conversation,)).fetchone() or (None, "")
            rules.may_say(state, lately)
            if not (key := self._keys.find(conversation)):
                raise Unreadable(conversation)
            since = rules.waits_for_words(datetime.fromisoformat(unanswered) if unanswered else None, who, now)
            (number,) = database.execute(
                "UPDATE conversations SET newest = newest + 1, unanswered = ?,"
                " quiet_since = CASE WHEN ? THEN ? ELSE quiet_since END WHERE id = ? RETURNING newest",
                (since.isoformat() if since else "", rules.is_a_sign_of_life(who), now.isoformat(), conversation),
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
                return []  # it ended just now
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
            query = "SELECT state, started, player FROM conversations WHERE id = ?"
            state, started, player = database.execute(query, (conversation,)).fetchone() or (None, "", 0)
            rules.may_accept(state, bool(pauses))
            database.execute(
                "UPDATE conversations SET state = 'talking', adviser = ?1, adviser_name = ?2, quiet_since = ?3,"
                " unanswered = ?3 WHERE id = ?4",
                (adviser, name, now.isoformat(), conversation),
            )
            self._sign(database, adviser, now)
            for what, number in () if player else rules.counted_at_answer(now - datetime.fromisoformat(started)):
                self._count(database, what, now, number)

    def pass_on(
        self, conversation: int, adviser: int, to: int, name: str, now: datetime, only_if_left: bool = False
    ) -> None:
        """See store.ChatStore."""
        with self._write() as database:
            query = "SELECT state, adviser FROM conversations WHERE id = ?"
            state, owner = database.execute(query, (conversation,)).fetchone() or (None, None)
            seen = dict(database.execute("SELECT adviser, seen FROM desks WHERE adviser IN (?, ?)", (adviser, to)))
            from_seen, to_seen = (datetime.fromisoformat(seen[id_]) if id_ in seen else None for id_ in (adviser, to))
            rules.may_pass(state, owner == adviser, from_seen, to_seen, only_if_left, now)
            query = "UPDATE conversations SET adviser = ?, adviser_name = ?, watcher = '' WHERE id = ?"
            database.execute(query, (to, name, conversation))
            database.execute("DELETE FROM kept WHERE conversation = ? AND what = 'answer'", (conversation,))

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

    def set_presence(
        self, adviser: int, name: str, present: bool, now: datetime, languages: tuple[str, ...] = ()
    ) -> None:
        """See store.ChatStore."""
        with self._write() as database:
            self._sign(database, adviser, now)
            if present:
                database.execute(
                    "INSERT INTO present (adviser, name, seen, languages) VALUES (?, ?, ?, ?) ON CONFLICT (adviser)"
                    " DO UPDATE SET seen = excluded.seen, name = excluded.name, languages = excluded.languages",
                    (adviser, name, now.isoformat(), " ".join(languages)),
                )
            else:
                database.execute("DELETE FROM present WHERE adviser = ?", (adviser,))

    def sign(self, adviser: int, now: datetime) -> datetime | None:
        """See store.ChatStore."""
        with self._write() as database:
            before = database.execute("SELECT seen FROM desks WHERE adviser = ?", (adviser,)).fetchone()
            self._sign(database, adviser, now)
        return datetime.fromisoformat(before[0]) if before else None

    def end_pause(self, adviser: int) -> None:
        """See store.ChatStore."""
        with self._write() as database:
            database.execute("UPDATE present SET pause_until = NULL, word = 0 WHERE adviser = ?", (adviser,))

    def pause(self, adviser: int, until: datetime, wants_a_word: bool) -> None:
        """See store.ChatStore."""
        with self._write() as database:
            query = "UPDATE present SET pause_until = ?, word = ? WHERE adviser = ?"
            database.execute(query, (until.isoformat(), wants_a_word, adviser))

    def present(self, now: datetime) -> dict[int, Adviser]:
        """See store.ChatStore."""
        since = (now - rules.DESK_GONE_AFTER).isoformat()
        return _advisers(self._connection().execute(_PRESENT, (since,)).fetchall())

    def usual_wait(self, since: datetime, now: datetime) -> timedelta | None:
        """See store.ChatStore."""
        query = "SELECT what, sum(number) FROM counts WHERE hour BETWEEN ? AND ? GROUP BY what"
        sums = dict(self._connection().execute(query, (hour_of(since), hour_of(now))).fetchall())
        answered = sums.get("answered", 0)
        return timedelta(minutes=sums.get("minutes waited", 0)) / answered if answered else None

    def count(self, what: str, now: datetime) -> None:
        """See store.ChatStore."""
        with self._write() as database:
            self._count(database, what, now)

    def said_how(self, ticket: str, how: How, now: datetime) -> bool:
        """See store.ChatStore."""
        with self._write() as database:
            query = "UPDATE conversations SET token = NULL WHERE token = ? AND state = 'ended' AND adviser IS NOT NULL"
            counted = database.execute(query, (ticket,)).rowcount > 0
            if counted:
                self._count(database, f"how: {how}", now)
        return counted

    def counts(self) -> list[tuple[str, str, int]]:
        """See store.ChatStore."""
        query = "SELECT hour, what, number FROM counts ORDER BY hour, what"
        return self._connection().execute(query).fetchall()

    @staticmethod
    def _days(database: sqlite3.Connection, days: tuple[str, ...]) -> dict[str, bytes]:
        keys = dict(database.execute("SELECT day, key FROM days").fetchall())
        return {day: keys[day] for day in days if day in keys}

    @staticmethod
    def _starts(database: sqlite3.Connection, networks: tuple[str, ...], now: datetime) -> tuple[bool, int, int, int]:
        """Whether one of `networks` is blocked; how many of theirs run, and started lately; how many wait, in reach."""
        marks = ", ".join("?" * len(networks))

        def count(rows: str, *values: str) -> int:
            return int(database.execute(f"SELECT count(*) FROM {rows}", values).fetchone()[0])  # noqa: S608

        since, reach = (now - rules.STARTS_WITHIN).isoformat(), rules.out_of_reach_since(now).isoformat()
        return (
            count(f"blocks WHERE network IN ({marks}) AND until > ?", *networks, now.isoformat()) > 0,
            count(f"conversations WHERE network IN ({marks}) AND state != 'ended'", *networks),
            count(f"starts WHERE network IN ({marks}) AND at > ?", *networks, since),
            count("conversations WHERE state = 'waiting' AND player = 0 AND seen > ?", reach),
        )

    @staticmethod
    def _sign(database: sqlite3.Connection, adviser: int, now: datetime) -> None:
        moment, returns = now.isoformat(), (now - rules.DESK_RETURNS_WITHIN).isoformat()
        database.execute("INSERT OR REPLACE INTO desks VALUES (?, ?)", (adviser, moment))
        database.execute("DELETE FROM present WHERE adviser = ? AND seen <= ?", (adviser, returns))
        database.execute("UPDATE present SET seen = ? WHERE adviser = ?", (moment, adviser))

    def _end(self, database: sqlite3.Connection, conversation: int, reason: Reason, now: datetime) -> None:
        row = database.execute(
            "UPDATE conversations SET state = 'ended', reason = ?, ended = ?, network = '', watcher = '',"
            " language = '', shown = 0, unanswered = '', risk = 0"
            " WHERE id = ? AND state != 'ended' RETURNING adviser, player",
            (reason, now.isoformat(), conversation),
        ).fetchone()
        if not row:
            return
        self._keys.destroy(conversation)
        database.execute("DELETE FROM messages WHERE conversation = ?", (conversation,))
        database.execute("DELETE FROM kept WHERE conversation = ?", (conversation,))
        if row[1]:
            return  # practice is not counted, and needs no break afterwards
        for (before,) in database.execute("SELECT pause_until FROM present WHERE adviser = ?", row[:1]).fetchall():
            until = rules.pause_after(datetime.fromisoformat(before) if before else None, now)
            database.execute("UPDATE present SET pause_until = ? WHERE adviser = ?", (until.isoformat(), row[0]))
        self._count(database, f"ended: {reason}", now)

    @staticmethod
    def _count(database: sqlite3.Connection, what: str, now: datetime, by: int = 1) -> None:
        query = "INSERT INTO counts VALUES (?, ?, ?) ON CONFLICT (hour, what) DO UPDATE SET number = number + ?"
        database.execute(query, (hour_of(now), what, by, by))

    def _before(self, row: tuple[Any, ...], now: datetime) -> int:
        """How many readers in reach wait before the conversation of `row`; 0 if it does not wait itself."""
        if row[1] != "waiting":
            return 0
        query = (
            "SELECT count(*) FROM conversations"
            " WHERE state = 'waiting' AND player = 0 AND (started, id) < (?, ?) AND seen > ?"
        )
        reach = rules.out_of_reach_since(now).isoformat()
        return int(self._connection().execute(query, (row[2], row[0], reach)).fetchone()[0])

    def _in_order(self, rows: list[tuple[Any, ...]], now: datetime) -> list[Conversation]:
        """Those that can be read, each with its place; `rows` hold everybody who waits, the longest first."""
        before, readable = 0, []
        for row in rows:
            conversation = self._conversation(row, now, before)
            if conversation:
                readable.append(conversation)
                before += rules.is_counted_before_others(conversation, now)
        return readable

    @staticmethod
    def _conversation(row: tuple[Any, ...], now: datetime, before: int) -> Conversation | None:
        """None for a row that cannot be read: nobody can go on with it, and it must not break the others."""
        id_, state, started, quiet_since, seen, adviser, name, desk, watcher, watched, reason, newest = row[:12]
        network, language, shown, unanswered, risk, player, kept = row[12:]
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
                place=before + 1 if state == "waiting" else 0,
                network_known=bool(network),
                language=language,
                shown=int(shown),
                unanswered_since=datetime.fromisoformat(unanswered) if unanswered else None,
                risk=bool(risk),
                has_remark="remark" in (kept or ""),
                has_draft="draft" in (kept or ""),
                has_answer="answer" in (kept or ""),
                player=int(player),
            )
        except (ValueError, TypeError):
            return None

    def _cut_the_log(self) -> None:
        self._database.cut_the_log()

    def _write(self) -> AbstractContextManager[sqlite3.Connection]:
        return self._database.writing()

    def _connection(self) -> sqlite3.Connection:
        """This thread's connection. Each statement reads on its own, so none keeps the log from being truncated."""
        return self._database.connection()


def _old(now: datetime) -> tuple[tuple[str, str], ...]:
    """Which rows are deleted after a time: a condition for each kind, and the moment up to which they count as old."""
    return (
        ("conversations WHERE state = 'ended' AND ended <= ?", (now - rules.REMEMBERED).isoformat()),
        ("starts WHERE at <= ?", (now - rules.STARTS_WITHIN).isoformat()),
        ("blocks WHERE until <= ?", now.isoformat()),
        ("days WHERE day < ?", min(rules.days_with_keys(now)).isoformat()),
        ("present WHERE seen <= ?", (now - rules.DESK_RETURNS_WITHIN).isoformat()),
        ("desks WHERE seen <= ?", (now - rules.DESK_REMEMBERED).isoformat()),
        ("counts WHERE hour <= ?", hour_of(now - rules.COUNTS_KEPT)),
    )


def _advisers(rows: list[Any]) -> dict[int, Adviser]:
    return {
        id_: Adviser(id_, name, datetime.fromisoformat(until) if until else None, tuple(languages.split()), bool(word))
        for id_, name, until, languages, word in rows
    }


def _is_over(row: tuple[Any, ...], now: datetime) -> bool:
    try:
        return now >= rules.over_at(row[1], datetime.fromisoformat(row[3]), datetime.fromisoformat(row[4]))
    except (ValueError, TypeError):
        return True  # nobody can go on with it
