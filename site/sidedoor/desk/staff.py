"""Who may sign in to the desk, and with what: passkeys first; else a password with a second factor.

Somebody is added with a one-time link. The link is shown once; only its hash is kept, as of every secret here.
"""

import hashlib
import secrets
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from sidedoor.database import Database
from sidedoor.desk.people import ROLES, Person, Role

LINK_DAYS = 7
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 200
FAILURES, FAILURE_MINUTES = 5, 15
OFFICE_FAILURES = 100
"""From one network in the same time: enough for an office full of people who mistype."""
_COMMON = "password passwort qwertyuiop iloveyou letmein welcome administrator 123456789012 111111111111".split()
_SCHEMA = """
CREATE TABLE IF NOT EXISTS people (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE COLLATE NOCASE NOT NULL, roles TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS links (digest TEXT PRIMARY KEY, person INTEGER NOT NULL, expires TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS passwords (
    person INTEGER PRIMARY KEY, hash TEXT NOT NULL, secret TEXT NOT NULL, step INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS failures (who TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS accounts (account TEXT PRIMARY KEY, person INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS spent (digest TEXT PRIMARY KEY, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS passkeys (
    credential BLOB PRIMARY KEY, person INTEGER NOT NULL, public_key BLOB NOT NULL, signs INTEGER NOT NULL,
    label TEXT NOT NULL, added TEXT NOT NULL, used TEXT);
"""


class NotPossible(Exception):
    """What was asked for cannot be done; the message is a sentence that says why."""


@dataclass(frozen=True)
class Passkey:
    """One passkey of a person, as webauthn needs it. `signs` is its signature counter (WebAuthn, 6.1.1)."""

    credential: bytes
    person: int
    public_key: bytes
    signs: int
    label: str
    added: datetime
    used: datetime | None


class Staff:
    """The people in `data`/staff.sqlite3."""

    def __init__(self, data: Path, hasher: PasswordHasher | None = None) -> None:
        self._database = Database(data / "staff.sqlite3", (_SCHEMA,))
        self._hasher = hasher or PasswordHasher()
        self._nobody = self._hasher.hash(secrets.token_urlsafe())

    def add(self, name: str, roles: Iterable[str]) -> Person:
        """Add somebody. Raises NotPossible for an odd name, an unknown role, or a name that is taken."""
        name, chosen = " ".join(name.split()), _roles(roles)
        if not 2 <= len(name) <= 80 or not name.isprintable() or any(letter in "<>|" for letter in name):
            raise NotPossible("A name has 2 to 80 letters. Write it as it should stand in the history.")
        try:
            with self._database.writing() as database:
                row = database.execute(
                    "INSERT INTO people (name, roles) VALUES (?, ?)", (name, ",".join(sorted(chosen)))
                )
                return Person(row.lastrowid or 0, name, chosen)
        except sqlite3.IntegrityError:
            raise NotPossible(f"{name} is here already. Change their roles, or renew their link.") from None

    def everybody(self) -> list[Person]:
        """All people, by name."""
        with self._database.reading() as database:
            return [_person(row) for row in database.execute("SELECT id, name, roles FROM people ORDER BY name")]

    def find(self, person: int) -> Person | None:
        """Somebody by id."""
        with self._database.reading() as database:
            row = database.execute("SELECT id, name, roles FROM people WHERE id = ?", (person,)).fetchone()
        return _person(row) if row else None

    def named(self, name: str) -> Person | None:
        """Somebody by name, however it is capitalised."""
        with self._database.reading() as database:
            row = database.execute(
                "SELECT id, name, roles FROM people WHERE name = ?", (" ".join(name.split()),)
            ).fetchone()
        return _person(row) if row else None

    def set_roles(self, person: int, roles: Iterable[str]) -> None:
        """Change what somebody may do, from their next press on. Raises NotPossible; the last admin stays one."""
        chosen = _roles(roles)
        with self._database.writing() as database:
            self._keep_an_admin(database, person, chosen)
            database.execute("UPDATE people SET roles = ? WHERE id = ?", (",".join(sorted(chosen)), person))

    def remove(self, person: int) -> None:
        """Take somebody's access away at once, with all their keys. Raises NotPossible for the last admin."""
        with self._database.writing() as database:
            self._keep_an_admin(database, person, frozenset())
            for table in ("links", "passkeys", "passwords", "accounts"):
                database.execute(f"DELETE FROM {table} WHERE person = ?", (person,))  # noqa: S608
            database.execute("DELETE FROM people WHERE id = ?", (person,))

    def new_link(self, person: int, now: datetime) -> str:
        """The token of a one-time link (192 bits). Any earlier link of theirs is void."""
        token = secrets.token_urlsafe(24)
        with self._database.writing() as database:
            database.execute("DELETE FROM links WHERE person = ?", (person,))
            expires = (now + timedelta(days=LINK_DAYS)).isoformat()
            database.execute("INSERT INTO links VALUES (?, ?, ?)", (_digest(token), person, expires))
        return token

    def invited(self, token: str, now: datetime) -> Person | None:
        """Whose link it is, while it is good."""
        with self._database.reading() as database:
            row = database.execute(
                "SELECT id, name, roles FROM links JOIN people ON people.id = links.person"
                " WHERE digest = ? AND expires > ?",
                (_digest(token), now.isoformat()),
            ).fetchone()
        return _person(row) if row else None

    def use_link(self, token: str) -> bool:
        """Spend a link; False if somebody was quicker."""
        with self._database.writing() as database:
            return database.execute("DELETE FROM links WHERE digest = ?", (_digest(token),)).rowcount > 0

    def add_passkey(self, key: Passkey) -> None:
        """Keep a passkey. Raises NotPossible if it is known already."""
        try:
            with self._database.writing() as database:
                row = (key.credential, key.person, key.public_key, key.signs, key.label[:60], key.added.isoformat())
                database.execute("INSERT INTO passkeys VALUES (?, ?, ?, ?, ?, ?, NULL)", row)
        except sqlite3.IntegrityError:
            raise NotPossible("This passkey is here already. Use another device, or sign in with it.") from None

    def passkey(self, credential: bytes) -> Passkey | None:
        """A passkey by its credential id."""
        with self._database.reading() as database:
            row = database.execute("SELECT * FROM passkeys WHERE credential = ?", (credential,)).fetchone()
        return _passkey(row) if row else None

    def passkeys(self, person: int) -> list[Passkey]:
        """Somebody's passkeys, oldest first."""
        with self._database.reading() as database:
            return [
                _passkey(row)
                for row in database.execute("SELECT * FROM passkeys WHERE person = ? ORDER BY added", (person,))
            ]

    def passkey_used(self, credential: bytes, signs: int, now: datetime) -> None:
        """Remember its counter and when it was used."""
        with self._database.writing() as database:
            query = "UPDATE passkeys SET signs = ?, used = ? WHERE credential = ?"
            database.execute(query, (signs, now.isoformat(), credential))

    def remove_passkey(self, person: int, credential: bytes) -> None:
        """Forget a passkey of theirs. Raises NotPossible if it is their last way in."""
        with self._database.writing() as database:
            (keys,) = database.execute("SELECT count(*) FROM passkeys WHERE person = ?", (person,)).fetchone()
            if keys < 2 and not self._has_password(database, person):
                raise NotPossible("It is your only way in. Add another passkey or a password first.")
            database.execute("DELETE FROM passkeys WHERE person = ? AND credential = ?", (person, credential))

    def set_password(self, person: Person, password: str, secret: str, code: str, now: datetime) -> None:
        """Set a password and its second factor, proved by a first `code`. Raises NotPossible."""
        if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            raise NotPossible(
                f"A password has {SHORTEST_PASSWORD} letters or more. Four words that belong to nobody do well."
            )
        plain = password.lower()
        if plain in person.name.lower() * 3 or any(word in plain for word in _COMMON) or len(set(plain)) < 5:
            raise NotPossible("That password is among the first that would be guessed. Choose another.")
        step = _step_of(secret, code, now)
        if step is None:
            raise NotPossible("The six digits do not fit. Type the ones the app shows now.")
        with self._database.writing() as database:
            row = (person.id, self._hasher.hash(password), secret, step)
            database.execute("INSERT OR REPLACE INTO passwords VALUES (?, ?, ?, ?)", row)

    def connect(self, person: int, account: str) -> None:
        """From now on this work account is theirs, and no other of theirs is."""
        with self._database.writing() as database:
            database.execute("DELETE FROM accounts WHERE person = ?", (person,))
            database.execute("INSERT OR REPLACE INTO accounts VALUES (?, ?)", (account, person))

    def connected(self, account: str) -> Person | None:
        """Whose work account it is."""
        with self._database.reading() as database:
            row = database.execute("SELECT person FROM accounts WHERE account = ?", (account,)).fetchone()
        return self.find(row[0]) if row else None

    def has_password(self, person: int) -> bool:
        """Whether they can sign in with a password."""
        with self._database.reading() as database:
            return self._has_password(database, person)

    def check_password(self, name: str, password: str, code: str, now: datetime) -> Person | None:
        """Who signs in with these; None if any of the three is wrong. Takes as long for a name that nobody has.

        A code is good for once (RFC 6238, 5.2).
        """
        person = self.named(name)
        with self._database.reading() as database:
            query = "SELECT hash, secret FROM passwords WHERE person = ?"
            row = database.execute(query, (person.id if person else 0,)).fetchone()
        known, secret = row or (self._nobody, pyotp.random_base32())
        right = self._is(known, password)
        step = _step_of(secret, code, now)
        if not (person and row and right and step is not None):
            return None
        with self._database.writing() as database:
            # Asked again in the same breath as it is spent, so that two tabs cannot both use one code.
            query = "UPDATE passwords SET step = ? WHERE person = ? AND step < ?"
            return person if database.execute(query, (step, person.id, step)).rowcount else None

    def failed(self, who: Iterable[str], now: datetime) -> None:
        """Count a failure against each of `who`: a name, and the keyed hash of a network."""
        with self._database.writing() as database:
            old = (now - timedelta(minutes=FAILURE_MINUTES)).isoformat()
            database.execute("DELETE FROM failures WHERE at < ?", (old,))
            database.executemany("INSERT INTO failures VALUES (?, ?)", [(one.lower(), now.isoformat()) for one in who])

    def failures(self, who: str, now: datetime) -> int:
        """How often somebody failed lately."""
        since = (now - timedelta(minutes=FAILURE_MINUTES)).isoformat()
        with self._database.reading() as database:
            query = "SELECT count(*) FROM failures WHERE who = ? AND at >= ?"
            number: int = database.execute(query, (who.lower(), since)).fetchone()[0]
        return number

    def spend(self, once: str, now: datetime) -> bool:
        """Whether `once` (a challenge) was never seen before; from now on it was."""
        with self._database.writing() as database:
            database.execute("DELETE FROM spent WHERE at < ?", ((now - timedelta(hours=1)).isoformat(),))
            query = "INSERT OR IGNORE INTO spent VALUES (?, ?)"
            return database.execute(query, (_digest(once), now.isoformat())).rowcount > 0

    def _is(self, known: str, password: str) -> bool:
        try:
            return self._hasher.verify(known, password[:LONGEST_PASSWORD])
        except (VerificationError, InvalidHashError):
            return False

    @staticmethod
    def _has_password(database: sqlite3.Connection, person: int) -> bool:
        return database.execute("SELECT 1 FROM passwords WHERE person = ?", (person,)).fetchone() is not None

    @staticmethod
    def _keep_an_admin(database: sqlite3.Connection, person: int, roles: frozenset[Role]) -> None:
        rows = database.execute("SELECT id, roles FROM people").fetchall()
        admins = {one for one, known in rows if "admin" in known.split(",")}
        if "admin" not in roles and admins == {person}:
            raise NotPossible("Somebody has to be able to invite people. Make another person an admin first.")


def _roles(roles: Iterable[str]) -> frozenset[Role]:
    wanted = {role.strip() for role in roles if role.strip()}
    if not wanted or not wanted <= set(ROLES):
        raise NotPossible(f"Choose one or more of these roles: {', '.join(ROLES)}.")
    return frozenset(role for role in ROLES if role in wanted)


def _step_of(secret: str, code: str, now: datetime) -> int | None:
    """The 30-second step whose code it is: this one, or the one before or after."""
    digits = "".join(code.split()).encode()
    step = int(now.timestamp()) // 30
    totp = pyotp.TOTP(secret)
    return next(
        (
            near
            for near in (step, step - 1, step + 1)
            if secrets.compare_digest(totp.generate_otp(near).encode(), digits)
        ),
        None,
    )


def _person(row: tuple[int, str, str]) -> Person:
    number, name, roles = row
    return Person(number, name, frozenset(role for role in ROLES if role in roles.split(",")))


def _passkey(row: tuple[bytes, int, bytes, int, str, str, str | None]) -> Passkey:
    credential, person, public_key, signs, label, added, used = row
    return Passkey(
        credential, person, public_key, signs, label,
        datetime.fromisoformat(added), datetime.fromisoformat(used) if used else None,
    )  # fmt: skip


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
