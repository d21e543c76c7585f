"""Records who is signed in where. Sessions are on the server, so they can be listed and ended; the cookie only names
a session."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sidedoor.desk.people.person import Person
from sidedoor.home import Home, open_database
from sidedoor.schema import Schema

IDLE = timedelta(hours=2)
LONGEST = timedelta(hours=12)
_SEEN_EVERY = timedelta(minutes=1)
_MIGRATIONS = (
    """
CREATE TABLE IF NOT EXISTS sessions (
    digest TEXT PRIMARY KEY, person INTEGER NOT NULL, made TEXT NOT NULL, seen TEXT NOT NULL, browser TEXT NOT NULL);
""",
    "ALTER TABLE sessions ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0",
)
SCHEMA = Schema("sessions", _MIGRATIONS)
_BROWSERS = (("Firefox", "Firefox"), ("Edg", "Edge"), ("OPR", "Opera"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_DEVICES = (("Android", "Android"), ("iPhone", "an iPhone"), ("iPad", "an iPad"), ("Windows", "Windows"),
            ("Mac OS", "a Mac"), ("Linux", "Linux"))  # fmt: skip


@dataclass(frozen=True)
class Session:
    """A browser in which a person signed in. `name` identifies it in lists and opens nothing.

    It is valid while `epoch` is still that of its person.
    """

    name: str
    person: int
    made: datetime
    seen: datetime
    browser: str
    epoch: int


class Sessions:
    """The sessions at `home`."""

    def __init__(self, home: Home | Path) -> None:
        self._database = open_database(home, SCHEMA)

    def start(self, person: Person, user_agent: str, now: datetime) -> str:
        """Start a session, and return its token (256 bits). Only its hash is stored.

        The session is void if all ways in of this person were made void after `person` was looked up.
        """
        token, moment = secrets.token_urlsafe(32), now.isoformat()
        with self._database.writing() as database:
            database.execute("DELETE FROM sessions WHERE made < ?", ((now - LONGEST).isoformat(),))
            row = (_digest(token), person.id, moment, moment, browser_in_words(user_agent), person.epoch)
            database.execute("INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?)", row)
        return token

    def find(self, token: str, now: datetime, used: bool = True) -> Session | None:
        """Return the session of a token, or None if it was idle for too long or is too old.

        `used`: whether this counts as use; it does not when a script asks by itself.
        """
        with self._database.reading() as database:
            row = database.execute("SELECT * FROM sessions WHERE digest = ?", (_digest(token),)).fetchone()
        session = _session(row) if row else None
        if not session or now - session.seen >= IDLE or now - session.made >= LONGEST:
            return None
        if used and now - session.seen >= _SEEN_EVERY:
            with self._database.writing() as database:
                database.execute("UPDATE sessions SET seen = ? WHERE digest = ?", (now.isoformat(), _digest(token)))
        return session

    def of(self, person: Person, now: datetime) -> list[Session]:
        """Return a person's live sessions, the last used first."""
        with self._database.reading() as database:
            query = "SELECT * FROM sessions WHERE person = ? AND epoch = ? ORDER BY seen DESC"
            rows = database.execute(query, (person.id, person.epoch)).fetchall()
        return [
            session for session in map(_session, rows) if now - session.seen < IDLE and now - session.made < LONGEST
        ]

    def end(self, person: int, name: str) -> bool:
        """End a session of a person. Returns whether there was such a session."""
        with self._database.writing() as database:
            query = "DELETE FROM sessions WHERE person = ? AND substr(digest, 1, 16) = ?"
            return database.execute(query, (person, name)).rowcount > 0

    def end_all(self, person: int, but: str = "") -> int:
        """End all sessions of a person, except the one named `but`. Returns how many ended."""
        with self._database.writing() as database:
            query = "DELETE FROM sessions WHERE person = ? AND substr(digest, 1, 16) != ?"
            return database.execute(query, (person, but)).rowcount


def browser_in_words(user_agent: str) -> str:
    """Return `Firefox on Windows`: enough to recognise your own browser, and no more."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "A browser")
    device = next((name for mark, name in _DEVICES if mark in user_agent), "")
    return f"{browser} on {device}" if device else browser


def _session(row: tuple[str, int, str, str, str, int]) -> Session:
    digest, person, made, seen, browser, epoch = row
    return Session(digest[:16], person, datetime.fromisoformat(made), datetime.fromisoformat(seen), browser, epoch)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
