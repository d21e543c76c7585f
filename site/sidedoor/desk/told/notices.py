"""What each person is told, how they wish to be told, and the mail that is still to be handed in.

A notice stands while what it says is so, or until its person has seen it. Mail waits here until a mail server took it,
so a process that is killed loses none. It may then be handed in twice, under the same id.
"""

import json
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum, auto
from pathlib import Path
from typing import Literal

from sidedoor.home import Home, Schema, open_database

How = Literal["now", "digest", "desk"]
HOWS: tuple[How, ...] = ("now", "digest", "desk")
LEASE = timedelta(minutes=10)
"""So long a letter is left to whoever took it to hand it in."""
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
    """What somebody is told."""

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
"""What happened, and stands until it was seen; everything else stands while it is so. A comment that is closed unseen
needs to be told no more, either."""
USUAL: dict[Kind, How] = {
    kind: "digest" if kind in (Kind.CONTACTS_DUE, Kind.MESSAGE) else "now" for kind in Kind
}  # fmt: skip
"""How somebody is told who left an address and chose nothing else."""


@dataclass(frozen=True)
class Told:
    """One notice to be given: `subject` tells it from others of its kind, `path` is where the desk shows it."""

    person: int
    kind: Kind
    subject: str
    path: str


@dataclass(frozen=True)
class Notice(Told):
    """One that was given, `at` (aware)."""

    id: str
    at: datetime

    @property
    def about(self) -> str:
        """The file it is about, if it is about one: the last word of its subject."""
        return self.subject.rpartition(" ")[2]


@dataclass(frozen=True)
class Wishes:
    """How somebody wishes to be told. Without an address, at the desk alone. `trouble`: why the last mail failed."""

    address: str = ""
    kinds: Mapping[Kind, How] = field(default_factory=lambda: dict(USUAL))
    trouble: str = ""
    digest: date = date.min
    """The day of the last digest."""

    def how(self, kind: Kind) -> How:
        """How they are told of this kind."""
        return self.kinds.get(kind, USUAL[kind]) if self.address else "desk"


@dataclass(frozen=True)
class Letter:
    """Mail on its way. `due`: when it is tried next."""

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

    def stand(self, kinds: Collection[Kind], now_so: Iterable[Told], now: datetime) -> None:
        """Give every notice of `kinds` that is so and was not given; take away those that are so no more."""
        wanted = {(told.person, told.kind.value, told.subject): told for told in now_so}
        query = "SELECT id, person, kind, subject FROM notices"
        with self._database.reading() as database:  # nearly every look finds it as it was, and needs nobody's turn
            if {tuple(rest) for _, *rest in database.execute(query).fetchall() if rest[1] in kinds} == set(wanted):
                return
        with self._database.writing() as database:
            rows = database.execute(query).fetchall()
            known = {tuple(rest): number for number, *rest in rows if rest[1] in kinds}
            for key, number in known.items():
                if key not in wanted:
                    database.execute("DELETE FROM notices WHERE id = ?", (number,))
            for key, told in wanted.items():
                if key not in known:
                    database.execute(_GIVE, _row(told, now))

    def give(self, told: Iterable[Told], now: datetime) -> None:
        """Give notices of what happened; the same one again changes nothing."""
        with self._database.writing() as database:
            for one in told:
                database.execute(_GIVE, _row(one, now))

    def of(self, person: int) -> list[Notice]:
        """Somebody's notices, the latest first."""
        with self._database.reading() as database:
            query = "SELECT id, person, kind, subject, path, at FROM notices WHERE person = ? ORDER BY at DESC, id"
            return [_notice(row) for row in database.execute(query, (person,)).fetchall()]

    def find(self, person: int, notice: str) -> Notice | None:
        """One of somebody's notices."""
        return next((one for one in self.of(person) if one.id == notice), None)

    def seen(self, person: int, notices: Collection[str]) -> None:
        """They have seen these; what only happened needs to stand no longer."""
        with self._database.writing() as database:
            for one in notices:
                row = database.execute("SELECT kind FROM notices WHERE id = ? AND person = ?", (one, person)).fetchone()
                if row and row[0] in EVENTS:
                    database.execute("DELETE FROM notices WHERE id = ?", (one,))

    def wishes(self, person: int) -> Wishes:
        """How somebody wishes to be told."""
        with self._database.reading() as database:
            query = "SELECT address, kinds, trouble, digest FROM wishes WHERE person = ?"
            row = database.execute(query, (person,)).fetchone()
        if not row:
            return Wishes()
        address, kinds, trouble, digest = row
        chosen = {Kind(kind): how for kind, how in json.loads(kinds).items() if kind in list(Kind)}
        return Wishes(address, chosen, trouble, date.fromisoformat(digest))

    def wish(self, person: int, address: str, kinds: Mapping[Kind, How], today: date) -> None:
        """Keep how somebody wishes to be told. The next digest is tomorrow's."""
        with self._database.writing() as database:
            database.execute("DELETE FROM wishes WHERE person = ?", (person,))
            row = (person, address, json.dumps({kind.value: how for kind, how in kinds.items()}), "", today.isoformat())
            database.execute("INSERT INTO wishes (person, address, kinds, trouble, digest) VALUES (?, ?, ?, ?, ?)", row)
            # What stood before an address was left is at the desk, and is no news.
            database.execute("UPDATE notices SET mail = 'no' WHERE person = ? AND mail = 'now'", (person,))

    def forget(self, person: int) -> None:
        """Somebody left: their notices, wishes and letters."""
        with self._database.writing() as database:
            for table in ("notices", "wishes", "letters"):
                database.execute(f"DELETE FROM {table} WHERE person = ?", (person,))  # noqa: S608 - fixed names

    def people(self) -> list[int]:
        """Everybody of whom something is kept here."""
        with self._database.reading() as database:
            query = "SELECT person FROM notices UNION SELECT person FROM wishes UNION SELECT person FROM letters"
            return [row[0] for row in database.execute(query).fetchall()]

    def unwritten(self, person: int) -> list[Notice]:
        """Notices of somebody's for which no letter was written yet."""
        with self._database.reading() as database:
            query = (
                "SELECT id, person, kind, subject, path, at FROM notices WHERE person = ? AND mail = 'now'"
                " ORDER BY at, id"
            )
            return [_notice(row) for row in database.execute(query, (person,)).fetchall()]

    def written(self, notices: Collection[str], letter: tuple[int, str, str] | None, now: datetime) -> None:
        """Their letter is written (or none is wanted), in one step, so that it is written once."""
        with self._database.writing() as database:
            fresh = 0
            for one in notices:
                query = "UPDATE notices SET mail = 'no' WHERE id = ? AND mail = 'now'"
                fresh += database.execute(query, (one,)).rowcount
            if letter and fresh:
                database.execute(_POST, _posted(letter, now))

    def digested(self, person: int, today: date, letter: tuple[int, str, str] | None, now: datetime) -> None:
        """The digest of a day is written (or there is nothing to say), in one step, so that it is written once."""
        with self._database.writing() as database:
            query = "UPDATE wishes SET digest = ? WHERE person = ? AND digest < ?"
            if database.execute(query, (today.isoformat(), person, today.isoformat())).rowcount and letter:
                database.execute(_POST, _posted(letter, now))

    def take_letters(self, now: datetime, most: int = 20) -> list[Letter]:
        """Letters that are due, taken so that nobody else hands them in meanwhile."""
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

    def later(self, letter: Letter, due: datetime, trouble: str) -> None:
        """It was not taken; it is tried again."""
        with self._database.writing() as database:
            database.execute("UPDATE letters SET due = ? WHERE id = ?", (due.isoformat(), letter.id))
            database.execute("UPDATE wishes SET trouble = ? WHERE person = ?", (trouble, letter.person))

    def done(self, letter: Letter, trouble: str = "") -> None:
        """It was taken, or given up."""
        with self._database.writing() as database:
            database.execute("DELETE FROM letters WHERE id = ?", (letter.id,))
            database.execute("UPDATE wishes SET trouble = ? WHERE person = ?", (trouble, letter.person))

    def waiting_letters(self, made_before: datetime) -> int:
        """How many letters were written before then and are not handed in."""
        with self._database.reading() as database:
            query = "SELECT count(*) FROM letters WHERE made < ?"
            (count,) = database.execute(query, (made_before.isoformat(),)).fetchone()
        return int(count)


_GIVE = (
    "INSERT INTO notices (id, person, kind, subject, path, at, mail) VALUES (?, ?, ?, ?, ?, ?, 'now')"
    " ON CONFLICT (person, kind, subject) DO NOTHING"
)
_POST = "INSERT INTO letters (id, person, subject, body, made, tries, due) VALUES (?, ?, ?, ?, ?, 0, ?)"


def _row(told: Told, now: datetime) -> tuple[str, int, str, str, str, str]:
    return secrets.token_hex(8), told.person, told.kind.value, told.subject, told.path, now.isoformat()


def _posted(letter: tuple[int, str, str], now: datetime) -> tuple[str, int, str, str, str, str]:
    return secrets.token_hex(16), *letter, now.isoformat(), now.isoformat()


def _notice(row: tuple[str, int, str, str, str, str]) -> Notice:
    number, person, kind, subject, path, at = row
    return Notice(person, Kind(kind), subject, path, number, datetime.fromisoformat(at))
