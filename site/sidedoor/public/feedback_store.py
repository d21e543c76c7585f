"""What readers wrote in the feedback form: the words and the hour, in SQLite, and nothing about who sent them."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

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
        self._path = data / "feedback.sqlite3"

    def add(self, text: str, now: datetime) -> None:
        """Keep a message, once: the same words within the hour are the same press of Send.

        Raises StoreFull, or OSError or sqlite3.Error where the disk refuses it.
        """
        hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0).isoformat()
        with self._open() as database:
            (already,) = database.execute("SELECT count(*) FROM messages WHERE hour = ?", (hour,)).fetchone()
            if already >= MOST_AN_HOUR:
                raise StoreFull
            database.execute(
                "INSERT INTO messages (hour, text) SELECT :hour, :text"
                " WHERE NOT EXISTS (SELECT 1 FROM messages WHERE hour = :hour AND text = :text)",
                {"hour": hour, "text": text},
            )

    def all(self) -> list[Message]:
        """Every message, oldest first."""
        with self._open() as database:
            rows = database.execute("SELECT number, hour, text FROM messages ORDER BY number").fetchall()
        return [Message(number, datetime.fromisoformat(hour), text) for number, hour, text in rows]

    def delete(self, number: int) -> bool:
        """Delete a message for good; whether there was one."""
        with self._open() as database:
            return database.execute("DELETE FROM messages WHERE number = ?", (number,)).rowcount > 0

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(self._path, timeout=5)
        try:
            database.execute("PRAGMA secure_delete = ON")
            database.execute(_SCHEMA)
            with database:
                yield database
        finally:
            database.close()
