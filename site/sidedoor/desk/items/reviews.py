"""Who wrote what is not yet approved, who approved what, and what somebody is typing just now.

The words themselves are files; this only remembers who touched which version. A version is the digest of its file.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from sidedoor.home import Home, Schema, open_database, put

Verdict = Literal["approved", "override", "approved afterwards", "returned"]
Round = Literal["waiting", "alone", "approved"]
"""Whose words: those that wait for approval, those that were published without it, or those that were approved last."""
UNKNOWN = 0
"""A writer whom nobody here knows: the file was edited outside the desk, or this memory was lost or is out of date."""
# `hands`, `versions` and `signatures` are of one round: what was written, in which versions, and who approved first of
# two. `alone` holds what was published without a second person, until somebody else has approved that very version.
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
    """A decision that a writer is to be told of. `verdict` is `scheduled` once they know, and it is not live yet."""

    number: int
    file: str
    verdict: Verdict | Literal["scheduled"]
    name: str
    writer: int


@dataclass(frozen=True)
class Decision:
    """What somebody decided about one version of a file, and when (aware)."""

    file: str
    digest: str
    verdict: Verdict
    person: int
    name: str
    at: datetime
    note: str


@dataclass(frozen=True)
class Alone:
    """What was published without a second person: the version, the public one before it, who did it, when and why."""

    file: str
    digest: str
    before: str
    person: int
    name: str
    at: datetime
    note: str


@dataclass(frozen=True)
class Typing:
    """What a person typed and did not save. `fields` is empty when they only have the page open."""

    person: int
    name: str
    at: datetime
    base: str
    fields: Mapping[str, str]


class Reviews:
    """The memory of reviews at `home`. `file` is always the public file's name, `news/first.md`."""

    def __init__(self, home: Home | Path) -> None:
        self._database = open_database(home, SCHEMA)

    def wrote(
        self, file: str, person: int, name: str, now: datetime, digest: str | None = None, base: str | None = None
    ) -> None:
        """Remember that this person changed what waits for approval, and made this version of it.

        `base`: the public version it was made from.
        """
        with self._database.writing() as database:
            database.execute(_HAND, (file, "waiting", person, name, now.isoformat()))
            if digest:
                database.execute(_VERSION, (file, digest))
            if base:
                database.execute(_BASE, (file, base))

    def writers(self, file: str, of: Round = "waiting") -> dict[int, str]:
        """Everybody who changed what waits since the last approval, or what is of another round."""
        with self._database.reading() as database:
            query = "SELECT person, name FROM hands WHERE file = ? AND round = ? ORDER BY at"
            return dict(database.execute(query, (file, of)).fetchall())

    def last_written(self, file: str) -> datetime | None:
        """When (aware) somebody last changed what waits."""
        with self._database.reading() as database:
            query = "SELECT max(at) FROM hands WHERE file = ? AND round = 'waiting'"
            (at,) = database.execute(query, (file,)).fetchone()
        return datetime.fromisoformat(at) if at else None

    def knows(self, file: str, digest: str) -> bool:
        """Whether `writers` are all who wrote this version of what waits."""
        with self._database.reading() as database:
            query = "SELECT 1 FROM versions WHERE file = ? AND digest = ?"
            return database.execute(query, (file, digest)).fetchone() is not None

    def rewritten(self, file: str, before: str, after: str) -> None:
        """The desk itself made `after` of the version `before`: nobody wrote a word, so who wrote it stays the same.

        `before` may be the public version, too: then the change that waits counts as made from `after`.
        """
        with self._database.writing() as database:
            query = "SELECT 1 FROM versions WHERE file = ? AND digest = ?"
            if database.execute(query, (file, before)).fetchone():
                database.execute(_VERSION, (file, after))
            database.execute("UPDATE bases SET digest = ? WHERE file = ? AND digest = ?", (after, file, before))

    def reopened(self, file: str, before: str, after: str) -> None:
        """What was approved waits again, as the version `after`: out of the calendar, say. Nobody wrote a word.

        What was published alone is not public any more: it has to be approved like everything else.
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
        """Remember the first of two who approve a version that nobody knows the writers of."""
        with self._database.writing() as database:
            database.execute(_SIGNATURE, (file, digest, person, name, now.isoformat()))

    def signed(self, file: str, digest: str) -> dict[int, str]:
        """Who did so, by id."""
        with self._database.reading() as database:
            query = "SELECT person, name FROM signatures WHERE file = ? AND digest = ? ORDER BY at"
            return dict(database.execute(query, (file, digest)).fetchall())

    def base(self, file: str) -> str | None:
        """The digest of the public version that the waiting change was made from."""
        with self._database.reading() as database:
            row = database.execute("SELECT digest FROM bases WHERE file = ?", (file,)).fetchone()
            return row[0] if row else None

    def decide(
        self, file: str, digest: str, verdict: Verdict, person: int, name: str, now: datetime, note: str = ""
    ) -> None:
        """Remember a decision. An approval ends the round: whoever wrote until now has no part in what comes next.

        An override ends it, too. What was published alone stays flagged until it is approved afterwards.
        """
        with self._database.writing() as database:
            database.execute(
                "INSERT INTO verdicts (file, digest, verdict, person, name, at, note) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (file, digest, verdict, person, name, now.isoformat(), note),
            )
            # Noted in the same step, so that whoever wrote it is told even if this process ends here.
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
        """What writers are still to be told of, the oldest first."""
        with self._database.reading() as database:
            query = "SELECT number, file, verdict, decided_by, writer FROM outcomes ORDER BY number"
            return [Outcome(*row) for row in database.execute(query).fetchall()]

    def told(self, outcomes: Iterable[Outcome], until_live: bool = False) -> None:
        """They are told. `until_live`: once more when it goes live."""
        with self._database.writing() as database:
            for one in outcomes:
                if until_live:
                    database.execute("UPDATE outcomes SET verdict = 'scheduled' WHERE number = ?", (one.number,))
                else:
                    database.execute("DELETE FROM outcomes WHERE number = ?", (one.number,))

    def flag(self, alone: Alone, writers: Mapping[int, str] | None = None) -> None:
        """Something is published without a second person. `writers`: who wrote it besides.

        Where the version before it is flagged already, both have to be approved, and so what was before both is kept.
        """
        with self._database.writing() as database:
            before = database.execute("SELECT before FROM alone WHERE file = ?", (alone.file,)).fetchone()
            at = alone.at.isoformat()
            row = (alone.file, alone.digest, before[0] if before else alone.before, alone.person, alone.name, at)
            database.execute(_ALONE, (*row, alone.note))
            hands = {**(writers or {}), alone.person: alone.name}
            database.executemany(_HAND, [(alone.file, "alone", person, name, at) for person, name in hands.items()])

    def unflag(self, file: str) -> None:
        """It was not published after all."""
        with self._database.writing() as database:
            database.execute("DELETE FROM alone WHERE file = ?", (file,))
            database.execute("DELETE FROM hands WHERE file = ? AND round = 'alone'", (file,))

    def alone(self, file: str) -> Alone | None:
        """What was published of this file without a second person, and nobody has approved since."""
        return next((alone for alone in self.overrides() if alone.file == file), None)

    def last(self, file: str) -> Decision | None:
        """The latest decision about the file."""
        with self._database.reading() as database:
            row = database.execute(
                "SELECT file, digest, verdict, person, name, at, note FROM verdicts WHERE file = ?"
                " ORDER BY number DESC",
                (file,),
            ).fetchone()
        return _decision(row) if row else None

    def overrides(self) -> list[Alone]:
        """Everything of that kind, the oldest first."""
        with self._database.reading() as database:
            query = "SELECT file, digest, before, person, name, at, note FROM alone ORDER BY at"
            rows = database.execute(query).fetchall()
        return [
            Alone(file, digest, before, person, name, datetime.fromisoformat(at), note)
            for file, digest, before, person, name, at, note in rows
        ]

    def move(self, file: str, to: str) -> None:
        """The file has a new name."""
        with self._database.writing() as database:
            for table, key in _KEYS.items():
                same = " AND ".join(f"moved.{column} = {table}.{column}" for column in key.split()[1:]) or "1 = 1"
                moved = f"SELECT 1 FROM {table} AS moved WHERE moved.file = ? AND {same}"  # noqa: S608
                database.execute(f"DELETE FROM {table} WHERE file = ? AND EXISTS ({moved})", (to, file))  # noqa: S608
            for table in (*_KEYS, "verdicts", "outcomes", "comments"):
                database.execute(f"UPDATE {table} SET file = ? WHERE file = ?", (to, file))  # noqa: S608

    def abandon(self, file: str, draft: bool = False) -> None:
        """What waits is thrown away, and who wrote it no longer matters. A `draft` was never public."""
        with self._database.writing() as database:
            database.execute("DELETE FROM hands WHERE file = ? AND round = 'waiting'", (file,))
            for table in ("versions", "bases", "signatures", *(("typing",) if draft else ())):
                database.execute(f"DELETE FROM {table} WHERE file = ?", (file,))  # noqa: S608

    def types(
        self, file: str, person: int, name: str, now: datetime, base: str, fields: Mapping[str, str] | None
    ) -> None:
        """Keep what somebody is typing; None only says that they have the page open, and keeps what was there."""
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
        """Everybody who has this page open or left words there unsaved, the latest first."""
        with self._database.reading() as database:
            rows = database.execute(
                "SELECT person, name, at, base, fields FROM typing WHERE file = ? ORDER BY at DESC", (file,)
            ).fetchall()
        return [
            Typing(person, name, datetime.fromisoformat(at), base, json.loads(fields))
            for person, name, at, base, fields in rows
        ]

    def all_typed(self) -> list[tuple[str, str, str]]:
        """Everything that somebody typed and did not save: file, who, and the fields as they are kept."""
        with self._database.reading() as database:
            return database.execute("SELECT file, name, fields FROM typing ORDER BY file, name").fetchall()

    def saved(self, file: str, person: int) -> None:
        """What this person typed is saved or thrown away."""
        with self._database.writing() as database:
            database.execute("DELETE FROM typing WHERE file = ? AND person = ?", (file, person))


def _decision(row: tuple[str, str, Verdict, int, str, str, str]) -> Decision:
    file, digest, verdict, person, name, at, note = row
    return Decision(file, digest, verdict, person, name, datetime.fromisoformat(at), note)
