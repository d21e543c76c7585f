"""What readers wrote in the feedback form: the words and the hour, and nothing about who sent them.

The desk answers them, and notes who takes a message and that it is answered. Each is deleted for good after a set time.
"""

import secrets
import threading
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum, auto
from pathlib import Path
from typing import Any

from sidedoor.chat.networks import networks
from sidedoor.home import Home, open_database
from sidedoor.schema import Schema

LONGEST_MESSAGE = 4000
MOST_AN_HOUR = 300
MOST_A_NETWORK = 10
"""How many messages one network may send in an hour, by each worker's own count."""
_MIGRATIONS = (
    "CREATE TABLE IF NOT EXISTS messages (number INTEGER PRIMARY KEY, hour TEXT NOT NULL, text TEXT NOT NULL)",
    """
ALTER TABLE messages ADD COLUMN kind TEXT NOT NULL DEFAULT 'other';
ALTER TABLE messages ADD COLUMN taken_by TEXT NOT NULL DEFAULT '';
ALTER TABLE messages ADD COLUMN answered TEXT NOT NULL DEFAULT '';
""",
)
SCHEMA = Schema("feedback", _MIGRATIONS, overwrite=True, keep_open=False)
_COLUMNS = "number, hour, text, kind, taken_by, answered"


class About(StrEnum):
    """What a reader says their message is about."""

    PRESS = auto()
    WEBSITE = auto()
    OTHER = auto()


class StoreFull(Exception):
    """More messages came within this hour than people would write."""


@dataclass(frozen=True)
class Message:
    """One message. `hour` is when it came, in UTC, cut to the hour. `taken_by`, `answered`: people of the desk."""

    number: int
    hour: datetime
    text: str
    kind: About = About.OTHER
    taken_by: str = ""
    answered: str = ""


class Senders:
    """How many messages came from each network within this hour, so that one cannot use up the hour for everybody.

    Networks are hashes under a key for that hour. Both are in memory alone and gone with the hour: nobody can find out
    afterwards who wrote.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hour = datetime.min.replace(tzinfo=UTC)
        self._key = b""
        self._counts: Counter[str] = Counter()

    def count(self, address: str, now: datetime) -> bool:
        """Count one more message from the network of `address`; False if that is one too many."""
        with self._lock:
            if (hour := _hour(now)) != self._hour:
                self._hour, self._key, self._counts = hour, secrets.token_bytes(32), Counter()
            for network in networks(address, (self._key,)):
                if self._counts[network] >= MOST_A_NETWORK:
                    return False
                if len(self._counts) <= MOST_AN_HOUR:
                    self._counts[network] += 1
            return True


def _hour(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


class FeedbackStore:
    """Messages at `home`, for every worker and machine that serves the site."""

    def __init__(self, home: Home | Path) -> None:
        self._database = open_database(home, SCHEMA)

    def add(self, text: str, now: datetime, kind: About = About.OTHER) -> None:
        """Store a message; the same words twice in an hour are a second press on Send, and are stored once.

        Raises StoreFull, or OSError or sqlite3.Error if the disk refuses it.
        """
        hour = _hour(now).isoformat()
        with self._database.writing() as database:
            if database.execute("SELECT 1 FROM messages WHERE hour = ? AND text = ?", (hour, text)).fetchone():
                return
            (already,) = database.execute("SELECT count(*) FROM messages WHERE hour = ?", (hour,)).fetchone()
            if already >= MOST_AN_HOUR:
                raise StoreFull
            database.execute("INSERT INTO messages (hour, text, kind) VALUES (?, ?, ?)", (hour, text, kind.value))

    def all(self) -> list[Message]:
        """Every message, oldest first."""
        with self._database.reading() as database:
            rows = database.execute(f"SELECT {_COLUMNS} FROM messages ORDER BY number").fetchall()  # noqa: S608
        return [_message(row) for row in rows]

    def find(self, number: int) -> Message | None:
        """One message."""
        with self._database.reading() as database:
            query = f"SELECT {_COLUMNS} FROM messages WHERE number = ?"  # noqa: S608 - fixed names
            row = database.execute(query, (number,)).fetchone()
        return _message(row) if row else None

    def take(self, number: int, name: str, instead_of: str = "") -> bool:
        """Note that `name` answers it, or (empty) that nobody does any more; False if somebody else was quicker."""
        with self._database.writing() as database:
            query = "UPDATE messages SET taken_by = ?, answered = '' WHERE number = ? AND taken_by = ?"
            return database.execute(query, (name, number, instead_of)).rowcount > 0

    def answered(self, number: int, name: str) -> bool:
        """Note that it is answered, or needs no answer. Returns whether there is such a message."""
        with self._database.writing() as database:
            query = "UPDATE messages SET answered = ? WHERE number = ?"
            return database.execute(query, (name, number)).rowcount > 0

    def delete_older(self, days: int, now: datetime) -> int:
        """Delete for good what came more than so many days ago. Returns how many there were."""
        since = _hour(now - timedelta(days=days)).isoformat()
        with self._database.reading() as database:
            if not database.execute("SELECT 1 FROM messages WHERE hour < ?", (since,)).fetchone():
                return 0
        with self._database.writing() as database:
            return database.execute("DELETE FROM messages WHERE hour < ?", (since,)).rowcount

    def delete(self, number: int) -> bool:
        """Delete a message for good. Returns whether there was one."""
        with self._database.writing() as database:
            return database.execute("DELETE FROM messages WHERE number = ?", (number,)).rowcount > 0


def _message(row: tuple[Any, ...]) -> Message:
    number, hour, text, kind, taken_by, answered = row
    return Message(number, datetime.fromisoformat(hour), text, About(kind), taken_by, answered)
