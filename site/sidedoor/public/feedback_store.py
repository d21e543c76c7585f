"""What readers wrote in the feedback form: the words and the hour, and nothing about who sent them."""

import secrets
import threading
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sidedoor.chat.networks import networks
from sidedoor.home import Home, Schema, open_database

LONGEST_MESSAGE = 4000
MOST_AN_HOUR = 300
MOST_A_NETWORK = 10
"""How many messages one network may send in an hour, by each worker's own count."""
SCHEMA = Schema(
    "feedback",
    ("CREATE TABLE IF NOT EXISTS messages (number INTEGER PRIMARY KEY, hour TEXT NOT NULL, text TEXT NOT NULL)",),
    overwrite=True,
    keep_open=False,
)


class StoreFull(Exception):
    """More came in within this hour than people write."""


@dataclass(frozen=True)
class Message:
    """One message. `hour` is when it came, in UTC, cut to the hour."""

    number: int
    hour: datetime
    text: str


class Senders:
    """How much came from each network within this hour, so that one of them cannot use up the hour for everybody.

    Networks are hashes under a key of the hour's own. Both are in memory alone and gone with the hour: nobody can find
    out afterwards who wrote.
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

    def add(self, text: str, now: datetime) -> None:
        """Keep a message; the same words twice in an hour are a second press on Send, and stand once.

        Raises StoreFull, or OSError or sqlite3.Error where the disk refuses it.
        """
        hour = _hour(now).isoformat()
        with self._database.writing() as database:
            if database.execute("SELECT 1 FROM messages WHERE hour = ? AND text = ?", (hour, text)).fetchone():
                return
            (already,) = database.execute("SELECT count(*) FROM messages WHERE hour = ?", (hour,)).fetchone()
            if already >= MOST_AN_HOUR:
                raise StoreFull
            database.execute("INSERT INTO messages (hour, text) VALUES (?, ?)", (hour, text))

    def all(self) -> list[Message]:
        """Every message, oldest first."""
        with self._database.reading() as database:
            rows = database.execute("SELECT number, hour, text FROM messages ORDER BY number").fetchall()
        return [Message(number, datetime.fromisoformat(hour), text) for number, hour, text in rows]

    def delete(self, number: int) -> bool:
        """Delete a message for good; whether there was one."""
        with self._database.writing() as database:
            return database.execute("DELETE FROM messages WHERE number = ?", (number,)).rowcount > 0
