"""Who wrote what is not yet approved, who approved what, and what somebody is typing just now. SQLite, in `data`.

The words themselves are files; this only remembers who touched which version. A version is the digest of its file.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from sqlite3 import Connection
from typing import Literal

from sidedoor.database import Database

Verdict = Literal["approved", "override", "approved afterwards", "returned"]
_SCHEMA = """
CREATE TABLE IF NOT EXISTS writers (file TEXT, person INTEGER, name TEXT, at TEXT, PRIMARY KEY (file, person));
CREATE TABLE IF NOT EXISTS bases (file TEXT PRIMARY KEY, digest TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS verdicts (
    number INTEGER PRIMARY KEY, file TEXT, digest TEXT, verdict TEXT, person INTEGER, name TEXT, at TEXT, note TEXT);
CREATE TABLE IF NOT EXISTS typing (
    file TEXT, person INTEGER, name TEXT, at TEXT, base TEXT, fields TEXT, PRIMARY KEY (file, person));
"""


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
class Typing:
    """What a person typed and did not save. `fields` is empty when they only have the page open."""

    person: int
    name: str
    at: datetime
    base: str
    fields: Mapping[str, str]


class Reviews:
    """The memory of reviews in `data`/reviews.sqlite3. `file` is always the public file's name, `news/first.md`."""

    def __init__(self, data: Path) -> None:
        self._database = Database(data / "reviews.sqlite3", (_SCHEMA,))

    def wrote(self, file: str, person: int, name: str, now: datetime, base: str | None = None) -> None:
        """Remember that this person changed what waits for approval. `base`: the public version it was made from."""
        with self._database.writing() as database:
            database.execute(
                "INSERT OR REPLACE INTO writers VALUES (?, ?, ?, ?)", (file, person, name, now.isoformat())
            )
            if base:
                database.execute("INSERT OR REPLACE INTO bases VALUES (?, ?)", (file, base))

    def writers(self, file: str) -> dict[int, str]:
        """Everybody who changed the file since it was last approved, by id."""
        with self._database.reading() as database:
            rows = database.execute("SELECT person, name FROM writers WHERE file = ? ORDER BY at", (file,))
            return dict(rows.fetchall())

    def base(self, file: str) -> str | None:
        """The digest of the public version that the waiting change was made from."""
        with self._database.reading() as database:
            row = database.execute("SELECT digest FROM bases WHERE file = ?", (file,)).fetchone()
            return row[0] if row else None

    def rebase(self, file: str, digest: str) -> None:
        """The waiting change counts as made from the public version with this digest."""
        with self._database.writing() as database:
            database.execute("INSERT OR REPLACE INTO bases VALUES (?, ?)", (file, digest))

    def decide(
        self, file: str, digest: str, verdict: Verdict, person: int, name: str, now: datetime, note: str = ""
    ) -> None:
        """Remember a decision. An approval ends the round: whoever wrote so far is a stranger to what comes next.

        After an override the writers stay, because the approval afterwards has to come from somebody else.
        """
        with self._database.writing() as database:
            database.execute(
                "INSERT INTO verdicts (file, digest, verdict, person, name, at, note) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (file, digest, verdict, person, name, now.isoformat(), note),
            )
            if verdict in ("approved", "approved afterwards"):
                database.execute("DELETE FROM writers WHERE file = ?", (file,))
            if verdict != "returned":
                database.execute("DELETE FROM bases WHERE file = ?", (file,))

    def last(self, file: str) -> Decision | None:
        """The latest decision about the file."""
        with self._database.reading() as database:
            row = database.execute(
                "SELECT file, digest, verdict, person, name, at, note FROM verdicts WHERE file = ?"
                " ORDER BY number DESC",
                (file,),
            ).fetchone()
        return _decision(row) if row else None

    def overrides(self) -> list[Decision]:
        """What was published without a second person, and nobody has approved since. Oldest first."""
        with self._database.reading() as database:
            return _overrides(database)

    def forget(self, file: str, moved_to: str | None = None) -> None:
        """The file is gone, or has a new name."""
        with self._database.writing() as database:
            for table in ("writers", "bases", "verdicts", "typing"):
                if moved_to:
                    database.execute(f"UPDATE OR REPLACE {table} SET file = ? WHERE file = ?", (moved_to, file))  # noqa: S608
                elif table != "verdicts":
                    database.execute(f"DELETE FROM {table} WHERE file = ?", (file,))  # noqa: S608

    def abandon(self, file: str) -> None:
        """The waiting change is thrown away; who wrote it no longer matters, unless an override is still open."""
        with self._database.writing() as database:
            still_open = any(decision.file == file for decision in _overrides(database))
            database.execute("DELETE FROM bases WHERE file = ?", (file,))
            if not still_open:
                database.execute("DELETE FROM writers WHERE file = ?", (file,))

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
                database.execute("INSERT OR REPLACE INTO typing VALUES (?, ?, ?, ?, ?, ?)", row)

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

    def saved(self, file: str, person: int) -> None:
        """What this person typed is saved or thrown away."""
        with self._database.writing() as database:
            database.execute("DELETE FROM typing WHERE file = ? AND person = ?", (file, person))


def _overrides(database: Connection) -> list[Decision]:
    rows = database.execute(
        "SELECT file, digest, verdict, person, name, at, note FROM verdicts AS this"
        " WHERE verdict = 'override' AND NOT EXISTS ("
        "SELECT 1 FROM verdicts AS later WHERE later.file = this.file"
        " AND later.number > this.number AND later.verdict IN ('approved', 'approved afterwards'))"
        " ORDER BY number"
    ).fetchall()
    return list({row[0]: _decision(row) for row in rows}.values())


def _decision(row: tuple[str, str, Verdict, int, str, str, str]) -> Decision:
    file, digest, verdict, person, name, at, note = row
    return Decision(file, digest, verdict, person, name, datetime.fromisoformat(at), note)
