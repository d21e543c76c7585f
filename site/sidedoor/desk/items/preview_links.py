"""Links that let people without an account read one revision of a draft: opt-in, short-lived, void once it is public.

A link opens only the version it was made for: a later save makes it stale, so it never shows newer words.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sidedoor.home import Home, open_database
from sidedoor.schema import Schema

DAYS = 3
_LINKS = """
CREATE TABLE IF NOT EXISTS links (
    digest TEXT PRIMARY KEY, file TEXT NOT NULL, version TEXT NOT NULL, made_by TEXT NOT NULL, for_whom TEXT NOT NULL,
    may_approve INTEGER NOT NULL, expires TEXT NOT NULL, approved TEXT);
"""
SCHEMA = Schema("previews", (_LINKS,))


@dataclass(frozen=True)
class PreviewLink:
    """A link. `version`: the digest of the revision it shows. `name` identifies the link in lists and opens nothing."""

    name: str
    file: str
    version: str
    made_by: str
    for_whom: str
    may_approve: bool
    expires: datetime
    approved: datetime | None


class PreviewLinks:
    """The links at `home`. Only hashes of their tokens (192 bits) are stored."""

    def __init__(self, home: Home | Path) -> None:
        self._database = open_database(home, SCHEMA)

    def make(self, file: str, version: str, made_by: str, for_whom: str, may_approve: bool, now: datetime) -> str:
        """Make a link, and return its token."""
        token = secrets.token_urlsafe(24)
        expires = (now + timedelta(days=DAYS)).isoformat()
        row = (_digest(token), file, version, made_by, for_whom[:80], int(may_approve), expires)
        with self._database.writing() as database:
            database.execute("INSERT INTO links VALUES (?, ?, ?, ?, ?, ?, ?, NULL)", row)
        return token

    def find(self, token: str, now: datetime) -> PreviewLink | None:
        """Return the link of a token, or None if it is void or has expired."""
        with self._database.reading() as database:
            query = "SELECT * FROM links WHERE digest = ? AND expires > ?"
            row = database.execute(query, (_digest(token), now.isoformat())).fetchone()
        return _link(row) if row else None

    def of(self, file: str, now: datetime) -> list[PreviewLink]:
        """Return the valid links to a file, the first to expire first."""
        with self._database.reading() as database:
            query = "SELECT * FROM links WHERE file = ? AND expires > ? ORDER BY expires"
            return [_link(row) for row in database.execute(query, (file, now.isoformat())).fetchall()]

    def approve(self, token: str, now: datetime) -> bool:
        """Record, once, that the holder of the link approves. Returns whether it was recorded."""
        with self._database.writing() as database:
            query = (
                "UPDATE links SET approved = ?"
                " WHERE digest = ? AND may_approve = 1 AND approved IS NULL AND expires > ?"
            )
            return database.execute(query, (now.isoformat(), _digest(token), now.isoformat())).rowcount > 0

    def approvals(self, file: str, version: str) -> list[str]:
        """Return who approved exactly this version through a link, by the names that the links were made for."""
        with self._database.reading() as database:
            query = (
                "SELECT for_whom FROM links WHERE file = ? AND version = ? AND approved IS NOT NULL ORDER BY approved"
            )
            return [row[0] for row in database.execute(query, (file, version)).fetchall()]

    def revoke(self, file: str, name: str) -> None:
        """End a link."""
        with self._database.writing() as database:
            database.execute("DELETE FROM links WHERE file = ? AND substr(digest, 1, 16) = ?", (file, name))

    def void(self, file: str) -> None:
        """End every link to a file: it was published, moved or discarded."""
        with self._database.writing() as database:
            database.execute("DELETE FROM links WHERE file = ?", (file,))


def _link(row: tuple[str, str, str, str, str, int, str, str | None]) -> PreviewLink:
    digest, file, version, made_by, for_whom, may_approve, expires, approved = row
    return PreviewLink(
        digest[:16], file, version, made_by, for_whom, bool(may_approve),
        datetime.fromisoformat(expires), datetime.fromisoformat(approved) if approved else None,
    )  # fmt: skip


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
