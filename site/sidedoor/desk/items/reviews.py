"""Records who wrote versions that are not yet approved, who approved what, and what people are typing just now.

The words themselves are in files; this records only who touched which version. A version is the digest of its file.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from sidedoor.home import Home, open_database
from sidedoor.schema import Schema, put

Verdict = Literal["approved", "override", "approved afterwards", "returned"]
Round = Literal["waiting", "alone", "approved"]
"""Which words: those waiting for approval, those published without it, or those approved last."""
UNKNOWN = 0
"""The id of a writer whom the desk does not know: the file was edited outside the desk, or these records were lost or
are out of date."""
# `hands`, `versions` and `signatures` belong to the present round: who wrote, which versions, and who was the first of
# two to approve. `alone` holds what was published without a second person, until somebody else approves that version.
_FIRST = """
CREATE TABLE IF NOT EXISTS writers (file TEXT, person INTEGER, name TEXT, at TEXT, PRIMARY KEY (file, person));
CREATE TABLE IF NOT EXISTS bases (file TEXT PRIMARY KEY, digest TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS verdicts (
    number INTEGER PRIMARY KEY, file TEXT, digest TEXT, verdict TEXT, person INTEGER, name TEXT, at TEXT, note TEXT);
CREATE TABLE IF NOT EXISTS typing (
    file TEXT, person INTEGER, name TEXT, at TEXT, base TEXT, fields TEXT, PRIMARY KEY (file, person));
"""
_WHO_WROTE_WHICH_VERSION = """
CREATE TABLE hands (
    file TEXT, round TEXT, person INTEGER, name TEXT, at TEXT, PRIMARY KEY (file, round, person));
CREATE TABLE versions (file TEXT, digest TEXT, PRIMARY KEY (file, digest));
CREATE TABLE alone (
    file TEXT PRIMARY KEY, digest TEXT, before TEXT, person INTEGER, name TEXT, at TEXT, note TEXT);
INSERT INTO hands SELECT file, 'waiting', person, name, at FROM writers;
INSERT INTO alone SELECT file, digest, '', person, name, at, note FROM verdicts AS this
    WHERE verdict = 'override' AND NOT EXISTS (SELECT 1 FROM verdicts AS later WHERE later.file = this.file
    AND later.number > this.number AND later.verdict IN ('approved', 'approved afterwards', 'override'));
INSERT INTO hands SELECT file, 'alone', person, name, at FROM writers WHERE file IN (SELECT file FROM alone);
DROP TABLE writers;
CREATE TABLE signatures (
    file TEXT, digest TEXT, person INTEGER, name TEXT, at TEXT, PRIMARY KEY (file, digest, person));
"""
_WHO_IS_TOLD = """
CREATE TABLE outcomes (
    number INTEGER PRIMARY KEY, file TEXT, verdict TEXT, decided_by TEXT, at TEXT, writer INTEGER);
"""

_COMMENTS = """
CREATE TABLE comments (
    number INTEGER PRIMARY KEY, file TEXT, passage TEXT, person INTEGER, name TEXT, at TEXT, words TEXT,
    closed_by TEXT);
CREATE TABLE answers (
    number INTEGER PRIMARY KEY, comment INTEGER, person INTEGER, name TEXT, at TEXT, words TEXT);
"""
_WHO_HAS_NOT_SEEN_A_COMMENT = """
CREATE TABLE unseen (comment INTEGER, person INTEGER, PRIMARY KEY (comment, person));
"""

SCHEMA = Schema("reviews", (_FIRST, _WHO_WROTE_WHICH_VERSION, _WHO_IS_TOLD, _COMMENTS, _WHO_HAS_NOT_SEEN_A_COMMENT))
_KEYS = {
    "hands": "file round person",
    "versions": "file digest",
    "bases": "file",
    "alone": "file",
    "signatures": "file digest person",
    "typing": "file person",
}
_HAND, _VERSION, _BASE = (
    put("hands", _KEYS["hands"], "name at"), put("versions", _KEYS["versions"]), put("bases", _KEYS["bases"], "digest"),
)  # fmt: skip
_ALONE = put("alone", _KEYS["alone"], "digest before person name at note")
_SIGNATURE = put("signatures", _KEYS["signatures"], "name at")
_TYPING = put("typing", _KEYS["typing"], "name at base fields")


@dataclass(frozen=True)
class Outcome:
    """A decision to tell a writer about. `verdict` is `scheduled` if they know already, but it is not live yet."""

    number: int
    file: str
    verdict: Verdict | Literal["scheduled"]
    name: str
    writer: int


@dataclass(frozen=True)
class Decision:
    """What a person decided about a version of a file, and when (aware)."""

    file: str
    digest: str
    verdict: Verdict
    person: int
    name: str
    at: datetime
    note: str


@dataclass(frozen=True)
class Override:
    """A publication without a second person: the version, the public version before it, who did it, when and why."""

    file: str
    digest: str
    before: str
    person: int
    name: str
    at: datetime
    note: str


@dataclass(frozen=True)
class Typing:
    """What a person typed and has not saved. `fields` is empty if they only have the page open."""

    person: int
    name: str
    at: datetime
    base: str
    fields: Mapping[str, str]


class Reviews:
    """The records of reviews at `home`. `file` is always the public file's name, `news/first.md`."""

    def __init__(self, home: Home | Path) -> None:
        self._database = open_database(home, SCHEMA)

    def wrote(
        self, file: str, person: int, name: str, now: datetime, digest: str | None = None, base: str | None = None
    ) -> None:
        """Record that this person changed what waits for approval, and that the result was this version.

        `base`: the public version it was made from.
        """
        with self._database.writing() as database:
            database.execute(_HAND, (file, "waiting", person, name, now.isoformat()))
            if digest:
                database.execute(_VERSION, (file, digest))
            if base:
                database.execute(_BASE, (file, base))

    def writers(self, file: str, of_round: Round = "waiting") -> dict[int, str]:
        """Return, by id, everybody who changed what waits since the last approval, or who wrote in another round."""
        with self._database.reading() as database:
            query = "SELECT person, name FROM hands WHERE file = ? AND round = ? ORDER BY at"
            return dict(database.execute(query, (file, of_round)).fetchall())

    def last_written(self, file: str) -> datetime | None:
        """Return when (aware) somebody last changed what waits, or None."""
        with self._database.reading() as database:
            query = "SELECT max(at) FROM hands WHERE file = ? AND round = 'waiting'"
            (at,) = database.execute(query, (file,)).fetchone()
        return datetime.fromisoformat(at) if at else None

    def knows(self, file: str, digest: str) -> bool:
        """Whether `writers` is complete for this version of what waits."""
        with self._database.reading() as database:
            query = "SELECT 1 FROM versions WHERE file = ? AND digest = ?"
            return database.execute(query, (file, digest)).fetchone() is not None

    def rewritten(self, file: str, before: str, after: str) -> None:
        """Record that the desk itself turned the version `before` into `after`: its writers stay the same.

        `before` may also be the public version: then the waiting change counts as made from `after`.
        """
        with self._database.writing() as database:
            query = "SELECT 1 FROM versions WHERE file = ? AND digest = ?"
            if database.execute(query, (file, before)).fetchone():
                database.execute(_VERSION, (file, after))
            database.execute("UPDATE bases SET digest = ? WHERE file = ? AND digest = ?", (after, file, before))

    def reopened(self, file: str, before: str, after: str) -> None:
        """Record that an approved version waits again as `after` (taken out of the calendar, say). Nobody wrote a word.

        If it was published alone, it is not public any more, so it has to be approved like everything else.
        """
        with self._database.writing() as database:
            query = "SELECT 1 FROM verdicts WHERE file = ? AND digest = ? AND verdict != 'returned'"
            if database.execute(query, (file, before)).fetchone():
                database.execute(_VERSION, (file, after))
            hands = database.execute("SELECT person, name, at FROM hands WHERE file = ? AND round = 'alone'", (file,))
            database.executemany(_HAND, [(file, "waiting", *hand) for hand in hands.fetchall()])
            database.execute("DELETE FROM hands WHERE file = ? AND round = 'alone'", (file,))
            database.execute("DELETE FROM alone WHERE file = ?", (file,))

    def sign(self, file: str, digest: str, person: int, name: str, now: datetime) -> None:
        """Record the first of two people who approve a version whose writers are unknown."""
        with self._database.writing() as database:
            database.execute(_SIGNATURE, (file, digest, person, name, now.isoformat()))

    def signed(self, file: str, digest: str) -> dict[int, str]:
        """Return the people who have signed this version, by id."""
        with self._database.reading() as database:
            query = "SELECT person, name FROM signatures WHERE file = ? AND digest = ? ORDER BY at"
            return dict(database.execute(query, (file, digest)).fetchall())

    def base(self, file: str) -> str | None:
        """Return the digest of the public version that the waiting change was made from, or None."""
        with self._database.reading() as database:
            row = database.execute("SELECT digest FROM bases WHERE file = ?", (file,)).fetchone()
            return row[0] if row else None

    def decide(
        self, file: str, digest: str, verdict: Verdict, person: int, name: str, now: datetime, note: str = ""
    ) -> None:
        """Record a decision. An approval ends the round: those who wrote until now do not count as writers of the next.

        An override ends it, too. What was published alone stays flagged until it is approved afterwards.
        """
        with self._database.writing() as database:
            database.execute(
                "INSERT INTO verdicts (file, digest, verdict, person, name, at, note) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (file, digest, verdict, person, name, now.isoformat(), note),
            )
            # Recorded in the same transaction, so that the writers are told even if this process ends here.
            database.execute(
                "INSERT INTO outcomes (file, verdict, decided_by, at, writer) SELECT file, ?, ?, ?, person FROM hands"
                " WHERE file = ? AND round = ? AND person NOT IN (?, ?)",
                (
                    verdict,
                    name,
                    now.isoformat(),
                    file,
                    "alone" if verdict == "approved afterwards" else "waiting",
                    UNKNOWN,
                    person,
                ),
            )
            if verdict in ("approved", "override"):
                waiting = "SELECT file, 'approved', person, name, at FROM hands WHERE file = ? AND round = 'waiting'"
                if hands := database.execute(waiting, (file,)).fetchall():
                    database.execute("DELETE FROM hands WHERE file = ? AND round = 'approved'", (file,))
                    database.executemany(_HAND, hands)
                database.execute("DELETE FROM hands WHERE file = ? AND round = 'waiting'", (file,))
                for table in ("versions", "bases", "signatures"):
                    database.execute(f"DELETE FROM {table} WHERE file = ?", (file,))  # noqa: S608
            elif verdict == "approved afterwards":
                database.execute("DELETE FROM hands WHERE file = ? AND round = 'alone'", (file,))
                database.execute("DELETE FROM alone WHERE file = ?", (file,))

    def outcomes(self) -> list[Outcome]:
        """Return the decisions that writers have not been told yet, the oldest first."""
        with self._database.reading() as database:
            query = "SELECT number, file, verdict, decided_by, writer FROM outcomes ORDER BY number"
            return [Outcome(*row) for row in database.execute(query).fetchall()]

    def mark_told(self, outcomes: Iterable[Outcome], until_live: bool = False) -> None:
        """Record that the writers have been told. `until_live`: tell them once more when it goes live."""
        with self._database.writing() as database:
            for outcome in outcomes:
                if until_live:
                    database.execute("UPDATE outcomes SET verdict = 'scheduled' WHERE number = ?", (outcome.number,))
                else:
                    database.execute("DELETE FROM outcomes WHERE number = ?", (outcome.number,))

    def flag(self, alone: Override, writers: Mapping[int, str] | None = None) -> None:
        """Record that something is published without a second person. `writers`: who else wrote it.

        If the version before it is flagged already, both have to be approved, so `before` stays the one before both.
        """
        with self._database.writing() as database:
            before = database.execute("SELECT before FROM alone WHERE file = ?", (alone.file,)).fetchone()
            at = alone.at.isoformat()
            row = (alone.file, alone.digest, before[0] if before else alone.before, alone.person, alone.name, at)
            database.execute(_ALONE, (*row, alone.note))
            hands = {**(writers or {}), alone.person: alone.name}
            database.executemany(_HAND, [(alone.file, "alone", person, name, at) for person, name in hands.items()])

    def unflag(self, file: str) -> None:
        """Undo `flag`: the file was not published after all."""
        with self._database.writing() as database:
            database.execute("DELETE FROM alone WHERE file = ?", (file,))
            database.execute("DELETE FROM hands WHERE file = ? AND round = 'alone'", (file,))

    def alone(self, file: str) -> Override | None:
        """Return what was published of this file without a second person and is not approved yet, or None."""
        return next((alone for alone in self.overrides() if alone.file == file), None)

    def last(self, file: str) -> Decision | None:
        """Return the latest decision about the file, or None."""
        with self._database.reading() as database:
            row = database.execute(
                "SELECT file, digest, verdict, person, name, at, note FROM verdicts WHERE file = ?"
                " ORDER BY number DESC",
                (file,),
            ).fetchone()
        return _decision(row) if row else None

    def overrides(self) -> list[Override]:
        """Return everything that was published without a second person and is not approved yet, the oldest first."""
        with self._database.reading() as database:
            query = "SELECT file, digest, before, person, name, at, note FROM alone ORDER BY at"
            rows = database.execute(query).fetchall()
        return [
            Override(file, digest, before, person, name, datetime.fromisoformat(at), note)
            for file, digest, before, person, name, at, note in rows
        ]

    def move(self, file: str, new_name: str) -> None:
        """Move all records of a file to its new name."""
        with self._database.writing() as database:
            for table, key in _KEYS.items():
                same_key = " AND ".join(f"moved.{column} = {table}.{column}" for column in key.split()[1:]) or "1 = 1"
                moved = f"SELECT 1 FROM {table} AS moved WHERE moved.file = ? AND {same_key}"  # noqa: S608
                database.execute(f"DELETE FROM {table} WHERE file = ? AND EXISTS ({moved})", (new_name, file))  # noqa: S608
            for table in (*_KEYS, "verdicts", "outcomes", "comments"):
                database.execute(f"UPDATE {table} SET file = ? WHERE file = ?", (new_name, file))  # noqa: S608

    def discard(self, file: str, draft: bool = False) -> None:
        """Forget the writers of what waits, because it is discarded. `draft`: it was never public."""
        with self._database.writing() as database:
            database.execute("DELETE FROM hands WHERE file = ? AND round = 'waiting'", (file,))
            for table in ("versions", "bases", "signatures", *(("typing",) if draft else ())):
                database.execute(f"DELETE FROM {table} WHERE file = ?", (file,))  # noqa: S608

    def store_typed(
        self, file: str, person: int, name: str, now: datetime, base: str, fields: Mapping[str, str] | None
    ) -> None:
        """Store what a person is typing. None says only that they have the page open, and keeps what was stored."""
        row = (file, person, name, now.isoformat(), base, json.dumps(dict(fields or {})))
        with self._database.writing() as database:
            database.execute(
                "INSERT INTO typing VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (file, person) DO UPDATE SET at = excluded.at",
                row,
            )
            if fields is not None:
                database.execute(_TYPING, row)

    def typed(self, file: str) -> list[Typing]:
        """Return everybody who has this page open or left unsaved words there, the latest first."""
        with self._database.reading() as database:
            rows = database.execute(
                "SELECT person, name, at, base, fields FROM typing WHERE file = ? ORDER BY at DESC", (file,)
            ).fetchall()
        return [
            Typing(person, name, datetime.fromisoformat(at), base, json.loads(fields))
            for person, name, at, base, fields in rows
        ]

    def all_typed(self) -> list[tuple[str, str, str]]:
        """Return everything that people typed and did not save: file, name, and the fields as JSON."""
        with self._database.reading() as database:
            return database.execute("SELECT file, name, fields FROM typing ORDER BY file, name").fetchall()

    def forget_typed(self, file: str, person: int) -> None:
        """Delete what this person typed, because it is saved or discarded."""
        with self._database.writing() as database:
            database.execute("DELETE FROM typing WHERE file = ? AND person = ?", (file, person))


def _decision(row: tuple[str, str, Verdict, int, str, str, str]) -> Decision:
    file, digest, verdict, person, name, at, note = row
    return Decision(file, digest, verdict, person, name, datetime.fromisoformat(at), note)
