"""What each person is told, how they wish to be told, and the mail that is still to be handed in.

A notice stays while what it says is true, or until its person has seen it. Mail waits here until a mail server has
taken it, so a killed process loses none. It may then be handed in twice, under the same id.
"""

import json
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum, auto
from pathlib import Path
from typing import Literal

from sidedoor.home import Home, open_database
from sidedoor.schema import Schema

How = Literal["now", "digest", "desk"]
HOWS: tuple[How, ...] = ("now", "digest", "desk")
LEASE = timedelta(minutes=10)
"""How long a process that has taken a letter may spend handing it in, before another process may take it."""
_MIGRATIONS = (
    """
CREATE TABLE IF NOT EXISTS notices (
    id TEXT PRIMARY KEY, person INTEGER NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, path TEXT NOT NULL,
    at TEXT NOT NULL, mail TEXT NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS once_each ON notices (person, kind, subject);
CREATE TABLE IF NOT EXISTS wishes (
    person INTEGER PRIMARY KEY, address TEXT NOT NULL, kinds TEXT NOT NULL, trouble TEXT NOT NULL,
    digest TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS letters (
    id TEXT PRIMARY KEY, person INTEGER NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL, made TEXT NOT NULL,
    tries INTEGER NOT NULL, due TEXT NOT NULL);
""",
)
SCHEMA = Schema("notices", _MIGRATIONS, overwrite=True)


class Kind(StrEnum):
    """What a notice is about."""

    WAITS = auto()
    ALONE = auto()
    APPROVED = auto()
    LIVE = auto()
    SENT_BACK = auto()
    COMMENT = auto()
    MESSAGE = auto()
    CONTACTS_DUE = auto()
    BROKEN = auto()
    BACKUP_LATE = auto()


EVENTS = frozenset((Kind.APPROVED, Kind.LIVE, Kind.SENT_BACK, Kind.COMMENT))
"""Kinds about something that happened: their notices stay until they are seen. Notices of the other kinds stay while
what they say is true. A notice about a comment also goes when the comment is closed unseen."""
USUAL: dict[Kind, How] = {
    kind: "digest" if kind in (Kind.CONTACTS_DUE, Kind.MESSAGE) else "now" for kind in Kind
}  # fmt: skip
"""How a person is told who left an address and chose nothing else."""


@dataclass(frozen=True)
class NewNotice:
    """A notice to be given: `subject` tells it from others of its kind, `path` is where the desk shows its subject."""

    person: int
    kind: Kind
    subject: str
    path: str


@dataclass(frozen=True)
class Notice(NewNotice):
    """A notice that was given, at the moment `at` (aware)."""

    id: str
    at: datetime

    @property
    def about(self) -> str:
        """The file it is about, if there is one: the last word of its subject."""
        return self.subject.rpartition(" ")[2]


@dataclass(frozen=True)
class Wishes:
    """How a person wishes to be told; without an address, at the desk alone. `trouble`: why the last mail failed."""

    address: str = ""
    kinds: Mapping[Kind, How] = field(default_factory=lambda: dict(USUAL))
    trouble: str = ""
    digest: date = date.min
    """The day of the last digest."""

    def how(self, kind: Kind) -> How:
        """Return how this person is told of this kind."""
        return self.kinds.get(kind, USUAL[kind]) if self.address else "desk"


@dataclass(frozen=True)
class Letter:
    """Mail that is not handed in yet."""

    id: str
    person: int
    subject: str
    body: str
    made: datetime
    tries: int


class Notices:
    """The notices, wishes and letters at `home`."""

    def __init__(self, home: Home | Path) -> None:
        self._database = open_database(home, SCHEMA)

    def set_current(self, kinds: Collection[Kind], current: Iterable[NewNotice], now: datetime) -> None:
        """Make the notices of `kinds` match `current`: give those that are missing, delete those no longer true."""
        wanted = {(new.person, new.kind.value, new.subject): new for new in current}
        query = "SELECT id, person, kind, subject FROM notices"
        with self._database.reading() as database:  # usually nothing has changed, and then no write lock is needed
            if {tuple(rest) for _, *rest in database.execute(query).fetchall() if rest[1] in kinds} == set(wanted):
                return
        with self._database.writing() as database:
            rows = database.execute(query).fetchall()
            existing = {tuple(rest): number for number, *rest in rows if rest[1] in kinds}
            for key, number in existing.items():
                if key not in wanted:
                    database.execute("DELETE FROM notices WHERE id = ?", (number,))
            for key, new in wanted.items():
                if key not in existing:
                    database.execute(_GIVE, _row(new, now))

    def give(self, new_notices: Iterable[NewNotice], now: datetime) -> None:
        """Give notices of what happened. Giving the same notice again changes nothing."""
        with self._database.writing() as database:
            for new in new_notices:
                database.execute(_GIVE, _row(new, now))

    def of(self, person: int) -> list[Notice]:
        """Return a person's notices, the latest first."""
        with self._database.reading() as database:
            query = "SELECT id, person, kind, subject, path, at FROM notices WHERE person = ? ORDER BY at DESC, id"
            return [_notice(row) for row in database.execute(query, (person,)).fetchall()]

    def find(self, person: int, notice: str) -> Notice | None:
        """Return a person's notice with this id, or None."""
        return next((candidate for candidate in self.of(person) if candidate.id == notice), None)

    def mark_seen(self, person: int, notices: Collection[str]) -> None:
        """Record that a person has seen these notices. Notices of what happened are deleted; the others stay."""
        with self._database.writing() as database:
            for notice in notices:
                row = database.execute(
                    "SELECT kind FROM notices WHERE id = ? AND person = ?", (notice, person)
                ).fetchone()
                if row and row[0] in EVENTS:
                    database.execute("DELETE FROM notices WHERE id = ?", (notice,))

    def wishes(self, person: int) -> Wishes:
        """Return how a person wishes to be told."""
        with self._database.reading() as database:
            query = "SELECT address, kinds, trouble, digest FROM wishes WHERE person = ?"
            row = database.execute(query, (person,)).fetchone()
        if not row:
            return Wishes()
        address, kinds, trouble, digest = row
        chosen = {Kind(kind): how for kind, how in json.loads(kinds).items() if kind in list(Kind)}
        return Wishes(address, chosen, trouble, date.fromisoformat(digest))

    def wish(self, person: int, address: str, kinds: Mapping[Kind, How], today: date) -> None:
        """Store how a person wishes to be told. Their next digest is tomorrow's."""
        with self._database.writing() as database:
            database.execute("DELETE FROM wishes WHERE person = ?", (person,))
            row = (person, address, json.dumps({kind.value: how for kind, how in kinds.items()}), "", today.isoformat())
            database.execute("INSERT INTO wishes (person, address, kinds, trouble, digest) VALUES (?, ?, ?, ?, ?)", row)
            # Notices from before the person left an address can be read at the desk, and are not news.
            database.execute("UPDATE notices SET mail = 'no' WHERE person = ? AND mail = 'now'", (person,))

    def forget(self, person: int) -> None:
        """Delete the notices, wishes and letters of a person who has left."""
        with self._database.writing() as database:
            for table in ("notices", "wishes", "letters"):
                database.execute(f"DELETE FROM {table} WHERE person = ?", (person,))  # noqa: S608 - fixed names

    def people(self) -> list[int]:
        """Return the ids of everybody about whom something is stored here."""
        with self._database.reading() as database:
            query = "SELECT person FROM notices UNION SELECT person FROM wishes UNION SELECT person FROM letters"
            return [row[0] for row in database.execute(query).fetchall()]

    def unwritten(self, person: int) -> list[Notice]:
        """Return a person's notices for which no letter has been written yet."""
        with self._database.reading() as database:
            query = (
                "SELECT id, person, kind, subject, path, at FROM notices WHERE person = ? AND mail = 'now'"
                " ORDER BY at, id"
            )
            return [_notice(row) for row in database.execute(query, (person,)).fetchall()]

    def mark_written(self, notices: Collection[str], letter: tuple[int, str, str] | None, now: datetime) -> None:
        """Store the letter about these notices (None: no letter is wanted) and mark them in the same step, so that
        it is written only once."""
        with self._database.writing() as database:
            fresh = 0
            for notice in notices:
                query = "UPDATE notices SET mail = 'no' WHERE id = ? AND mail = 'now'"
                fresh += database.execute(query, (notice,)).rowcount
            if letter and fresh:
                database.execute(_STORE_LETTER, _letter_row(letter, now))

    def store_digest(self, person: int, today: date, letter: tuple[int, str, str] | None, now: datetime) -> None:
        """Store the digest of a day (None: there is nothing to say) and mark the day in the same step, so that it is
        written only once."""
        with self._database.writing() as database:
            query = "UPDATE wishes SET digest = ? WHERE person = ? AND digest < ?"
            if database.execute(query, (today.isoformat(), person, today.isoformat())).rowcount and letter:
                database.execute(_STORE_LETTER, _letter_row(letter, now))

    def take_letters(self, now: datetime, most: int = 20) -> list[Letter]:
        """Take the letters that are due, so that no other process hands them in meanwhile."""
        with self._database.reading() as database:
            if not database.execute("SELECT 1 FROM letters WHERE due <= ?", (now.isoformat(),)).fetchone():
                return []
        with self._database.writing() as database:
            query = "SELECT id, person, subject, body, made, tries FROM letters WHERE due <= ? ORDER BY due, id LIMIT ?"
            rows = database.execute(query, (now.isoformat(), most)).fetchall()
            for row in rows:
                due = (now + LEASE).isoformat()
                database.execute("UPDATE letters SET due = ?, tries = tries + 1 WHERE id = ?", (due, row[0]))
        return [
            Letter(number, person, subject, body, datetime.fromisoformat(made), tries + 1)
            for number, person, subject, body, made, tries in rows
        ]

    def postpone(self, letter: Letter, due: datetime, trouble: str) -> None:
        """Record that the server did not take a letter, and try it again at `due`."""
        with self._database.writing() as database:
            database.execute("UPDATE letters SET due = ? WHERE id = ?", (due.isoformat(), letter.id))
            database.execute("UPDATE wishes SET trouble = ? WHERE person = ?", (trouble, letter.person))

    def delete_letter(self, letter: Letter, trouble: str = "") -> None:
        """Delete a letter that was taken or given up."""
        with self._database.writing() as database:
            database.execute("DELETE FROM letters WHERE id = ?", (letter.id,))
            database.execute("UPDATE wishes SET trouble = ? WHERE person = ?", (trouble, letter.person))

    def waiting_letters(self, made_before: datetime) -> int:
        """Count the letters that were written before `made_before` and are still not handed in."""
        with self._database.reading() as database:
            query = "SELECT count(*) FROM letters WHERE made < ?"
            (count,) = database.execute(query, (made_before.isoformat(),)).fetchone()
        return int(count)


_GIVE = (
    "INSERT INTO notices (id, person, kind, subject, path, at, mail) VALUES (?, ?, ?, ?, ?, ?, 'now')"
    " ON CONFLICT (person, kind, subject) DO NOTHING"
)
_STORE_LETTER = "INSERT INTO letters (id, person, subject, body, made, tries, due) VALUES (?, ?, ?, ?, ?, 0, ?)"


def _row(notice: NewNotice, now: datetime) -> tuple[str, int, str, str, str, str]:
    return secrets.token_hex(8), notice.person, notice.kind.value, notice.subject, notice.path, now.isoformat()


def _letter_row(letter: tuple[int, str, str], now: datetime) -> tuple[str, int, str, str, str, str]:
    return secrets.token_hex(16), *letter, now.isoformat(), now.isoformat()


def _notice(row: tuple[str, int, str, str, str, str]) -> Notice:
    number, person, kind, subject, path, at = row
    return Notice(person, Kind(kind), subject, path, number, datetime.fromisoformat(at))
