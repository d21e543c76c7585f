"""What readers wrote in the feedback form: the words and the hour, in SQLite, and nothing about who sent them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sidedoor.database import Database

LONGEST_MESSAGE = 4000
MOST_AN_HOUR = 300
_SCHEMA = "CREATE TABLE IF NOT EXISTS messages (number INTEGER PRIMARY KEY, hour TEXT NOT NULL, text TEXT NOT NULL)"


class StoreFull(Exception):
    """So much came in within this hour that it is not people writing."""


@dataclass(frozen=True)
class Message:
    """One message. `hour` is when it came, in UTC, cut to the hour."""

    number: int
    hour: datetime
    text: str


class FeedbackStore:
    """Messages in `data`/feedback.sqlite3."""

    def __init__(self, data: Path) -> None:
        self._database = Database(data / "feedback.sqlite3", (_SCHEMA,), overwrite=True)

    def add(self, text: str, now: datetime) -> None:
        """Keep a message; the same words twice in an hour are a second press on Send, and stand once.

        Raises StoreFull, or OSError or sqlite3.Error where the disk refuses it.
        """
        hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0).isoformat()
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
