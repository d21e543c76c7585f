"""Who is signed in where. Sessions live on the server, so they can be listed and ended; the cookie only names one."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sidedoor.desk.people.person import Person
from sidedoor.home import Home, Schema, open_database

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
    """One browser that somebody signed in with. `name` stands for it in lists; it opens nothing.

    It is good while `epoch` is still that of its person.
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
        """A new session's token (256 bits). Only its hash is kept.

        It is worth nothing if every way in of this person was made void since they were looked up.
        """
        token, moment = secrets.token_urlsafe(32), now.isoformat()
        with self._database.writing() as database:
            database.execute("DELETE FROM sessions WHERE made < ?", ((now - LONGEST).isoformat(),))
            row = (_digest(token), person.id, moment, moment, browser_in_words(user_agent), person.epoch)
            database.execute("INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?)", row)
        return token

    def find(self, token: str, now: datetime, used: bool = True) -> Session | None:
        """The session of a token, while it is neither idle for too long nor too old.

        It counts as used, unless it was a script that asked by itself.
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
        """Somebody's live sessions, the last used first."""
        with self._database.reading() as database:
            query = "SELECT * FROM sessions WHERE person = ? AND epoch = ? ORDER BY seen DESC"
            rows = database.execute(query, (person.id, person.epoch)).fetchall()
        return [
            session for session in map(_session, rows) if now - session.seen < IDLE and now - session.made < LONGEST
        ]

    def end(self, person: int, name: str) -> bool:
        """End one of somebody's sessions; whether there was one."""
        with self._database.writing() as database:
            query = "DELETE FROM sessions WHERE person = ? AND substr(digest, 1, 16) = ?"
            return database.execute(query, (person, name)).rowcount > 0

    def end_all(self, person: int, but: str = "") -> int:
        """End all of somebody's sessions, except the one named `but`; how many there were."""
        with self._database.writing() as database:
            query = "DELETE FROM sessions WHERE person = ? AND substr(digest, 1, 16) != ?"
            return database.execute(query, (person, but)).rowcount


def browser_in_words(user_agent: str) -> str:
    """`Firefox on Windows`: enough to recognise your own browser, and no more."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "A browser")
    device = next((name for mark, name in _DEVICES if mark in user_agent), "")
    return f"{browser} on {device}" if device else browser


def _session(row: tuple[str, int, str, str, str, int]) -> Session:
    digest, person, made, seen, browser, epoch = row
    return Session(digest[:16], person, datetime.fromisoformat(made), datetime.fromisoformat(seen), browser, epoch)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
