"""Who did what when: a log that is only ever added to. Each line holds a hash of the one before, so tampering shows."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sidedoor.database import Database
from sidedoor.documents.times import Clock

_SCHEMA = """
CREATE TABLE IF NOT EXISTS log (
    number INTEGER PRIMARY KEY, at TEXT NOT NULL, person TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL,
    detail TEXT NOT NULL, chain TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS log_is_not_changed BEFORE UPDATE ON log BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER IF NOT EXISTS log_is_not_deleted BEFORE DELETE ON log BEGIN SELECT RAISE(ABORT, 'append only'); END;
"""


@dataclass(frozen=True)
class Entry:
    """One line. `at` is aware; `person` is a name, or empty for somebody who was not signed in."""

    number: int
    at: datetime
    person: str
    action: str
    subject: str
    detail: str
    chain: str

    def follows(self, before: str) -> bool:
        """Whether it is unchanged since it was written after the line whose chain is `before`."""
        return self.chain == _chain(before, self.at.isoformat(), self.person, self.action, self.subject, self.detail)


class Audit:
    """The log in `data`/audit.sqlite3. No password, no token, no word of a chat is ever given to it."""

    def __init__(self, data: Path, clock: Clock) -> None:
        self._database = Database(data / "audit.sqlite3", (_SCHEMA,))
        self._clock = clock

    def record(self, person: str, action: str, subject: str = "", detail: str = "") -> None:
        """Add a line. Raises sqlite3.Error where it cannot be written: what is not logged is not done."""
        at = self._clock().isoformat()
        with self._database.writing() as database:
            last = database.execute("SELECT chain FROM log ORDER BY number DESC LIMIT 1").fetchone()
            chain = _chain(last[0] if last else "", at, person, action, subject, detail)
            database.execute(
                "INSERT INTO log (at, person, action, subject, detail, chain) VALUES (?, ?, ?, ?, ?, ?)",
                (at, person, action, subject, detail, chain),
            )

    def entries(self, words: str = "", before: int | None = None, most: int = 100) -> list[Entry]:
        """Lines with all of `words` in person, action or subject, the newest first, older than number `before`."""
        conditions = ["(person || ' ' || action || ' ' || subject LIKE ? ESCAPE '\\')" for _ in words.split()]
        values: list[str | int] = [f"%{_escaped(word)}%" for word in words.split()]
        if before is not None:
            conditions.append("number < ?")
            values.append(before)
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        with self._database.reading() as database:
            rows = database.execute(
                f"SELECT number, at, person, action, subject, detail, chain FROM log {where}"  # noqa: S608 - fixed parts
                " ORDER BY number DESC LIMIT ?",
                (*values, most),
            ).fetchall()
        return [_entry(row) for row in rows]

    def everything(self) -> list[Entry]:
        """The whole log, oldest first."""
        with self._database.reading() as database:
            query = "SELECT number, at, person, action, subject, detail, chain FROM log ORDER BY number"
            return [_entry(row) for row in database.execute(query).fetchall()]

    def first_broken(self) -> int | None:
        """The number of the first line that is not as it was written, or before which one is missing; None if none."""
        before = ""
        for place, entry in enumerate(self.everything(), start=1):
            if entry.number != place or not entry.follows(before):
                return place
            before = entry.chain
        return None


def as_csv(entries: Iterable[Entry]) -> Iterator[str]:
    """The log for a spreadsheet. What could be read as a formula is written so that it is not one (CSV injection)."""
    yield "number,at,person,action,subject,detail\r\n"
    for entry in entries:
        cells = (str(entry.number), entry.at.isoformat(), entry.person, entry.action, entry.subject, entry.detail)
        safe = (f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell for cell in cells)
        yield ",".join('"{}"'.format(cell.replace('"', '""')) for cell in safe) + "\r\n"


def _entry(row: tuple[int, str, str, str, str, str, str]) -> Entry:
    number, at, *rest = row
    return Entry(number, datetime.fromisoformat(at), *rest)


def _chain(before: str, *cells: str) -> str:
    return hashlib.sha256(json.dumps([before, *cells]).encode()).hexdigest()


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
