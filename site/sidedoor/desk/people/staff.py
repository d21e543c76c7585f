"""Who may sign in to the desk, and how: with passkeys, or otherwise with a password and a second factor.

A new person gets a one-time link. The link is shown once; only its hash is stored, as with every secret here.
"""

import hashlib
import secrets
import sqlite3
import threading
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from sidedoor.desk.people.person import ROLES, Person, Role
from sidedoor.desk.refusals import Refusal, Stopped
from sidedoor.home import Home, open_database
from sidedoor.schema import Schema, Statements, put

LINK_DAYS = 7
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 200
FAILURES, FAILURE_MINUTES = 5, 15
OFFICE_FAILURES = 100
"""Failures allowed from one network in the same time: enough for an office full of people who mistype."""
CHALLENGE_MINUTES = 5
HASHES_AT_ONCE = 2
"""Each takes 64 MB for a tenth of a second: strangers who try all at once must not use up the machine's memory."""
_COMMON = "password passwort qwertyuiop iloveyou letmein welcome administrator 123456789012 111111111111".split()
_MIGRATIONS = (
    """
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
""",
    # Earlier versions stored failed names as they were typed, and some may be passwords.
    """
DELETE FROM failures;
DROP TABLE IF EXISTS spent;
CREATE TABLE challenges (digest TEXT PRIMARY KEY, purpose TEXT NOT NULL, expires TEXT NOT NULL);
ALTER TABLE people ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
""",
    # Give each try a number: other databases have nothing like SQLite's own row number.
    """
ALTER TABLE failures RENAME TO uncounted;
CREATE TABLE failures (number INTEGER PRIMARY KEY, who TEXT NOT NULL, at TEXT NOT NULL);
INSERT INTO failures (who, at) SELECT who, at FROM uncounted;
DROP TABLE uncounted;
""",
    "CREATE TABLE recoveries (person INTEGER PRIMARY KEY, asked_by INTEGER NOT NULL, at TEXT NOT NULL)",
    "ALTER TABLE people ADD COLUMN languages TEXT NOT NULL DEFAULT ''",
)
SCHEMA = Schema("staff", _MIGRATIONS, overwrite=True)
_PASSWORD = put("passwords", "person", "hash secret step")

_PEOPLE = "SELECT id, name, roles, epoch, languages FROM people"


class NotPossible(Stopped):
    """This step on a person cannot be done."""


class LinkSpent(NotPossible):
    """The one-time link is no longer valid: somebody else used it, or it was replaced."""


class TooOften(Exception):
    """One network made so many tries that no more of them are checked for a while."""


@dataclass(frozen=True)
class Password:
    """A password that may be stored: its hash, its second factor, and the step of the code that proved it."""

    hash: str
    secret: str
    step: int


@dataclass(frozen=True)
class Passkey:
    """A passkey of a person, as webauthn needs it. `signs` is its signature counter (WebAuthn, 6.1.1)."""

    credential: bytes
    person: int
    public_key: bytes
    signs: int
    label: str
    added: datetime
    used: datetime | None


@dataclass(frozen=True)
class Recovery:
    """A request to let somebody back in: the person's id, the id of who asked for it, and when (aware)."""

    person: int
    asked_by: int
    at: datetime


class Staff:
    """The people at `home`."""

    def __init__(self, home: Home | Path, hasher: PasswordHasher | None = None) -> None:
        self._database = open_database(home, SCHEMA)
        self._hasher = hasher or PasswordHasher()
        self._hashing = threading.Semaphore(HASHES_AT_ONCE)
        self._nobody = self._hasher.hash(secrets.token_urlsafe())

    def add(self, name: str, roles: Iterable[str]) -> Person:
        """Add a person. Raises NotPossible for an odd name, an unknown role, or a name that is taken."""
        name, chosen = " ".join(unicodedata.normalize("NFC", name).split()), _roles(roles)
        if not 2 <= len(name) <= 80 or not name.isprintable() or any(character in "<>|" for character in name):
            raise NotPossible(Refusal.NOT_A_NAME)
        with self._database.writing() as database:
            if any(_same_name(taken, name) for (taken,) in database.execute("SELECT name FROM people")):
                raise NotPossible(Refusal.NAME_TAKEN, name=name)
            query = "INSERT INTO people (name, roles) VALUES (?, ?) RETURNING id"
            ((number,),) = database.execute(query, (name, ",".join(sorted(chosen)))).fetchall()
            return Person(number, name, chosen)

    def everybody(self) -> list[Person]:
        """Return everybody, sorted by name."""
        with self._database.reading() as database:
            people = [_person(row) for row in database.execute(_PEOPLE)]
        return sorted(people, key=lambda person: _name_key(person.name))

    def find(self, person: int) -> Person | None:
        """Return the person with this id, or None."""
        with self._database.reading() as database:
            row = database.execute(f"{_PEOPLE} WHERE id = ?", (person,)).fetchone()
        return _person(row) if row else None

    def named(self, name: str) -> Person | None:
        """Return the person with this name, whatever its capitals and spaces, or None."""
        return next((person for person in self.everybody() if _same_name(person.name, name)), None)

    def set_roles(self, person: int, roles: Iterable[str]) -> None:
        """Change what a person may do, from their next request on. Raises NotPossible; the last admin stays admin."""
        chosen = _roles(roles)
        with self._database.writing() as database:
            self._keep_an_admin(database, person, chosen)
            database.execute("UPDATE people SET roles = ? WHERE id = ?", (",".join(sorted(chosen)), person))

    def set_languages(self, person: int, languages: Iterable[str]) -> None:
        """Set the languages that a person knows well enough to judge a translation."""
        with self._database.writing() as database:
            row = (",".join(sorted(set(languages))), person)
            database.execute("UPDATE people SET languages = ? WHERE id = ?", row)

    def remove(self, person: int) -> None:
        """Take a person's access away at once, with all their keys. Raises NotPossible for the last admin."""
        with self._database.writing() as database:
            self._keep_an_admin(database, person, frozenset())
            self._void(database, person)
            database.execute("DELETE FROM people WHERE id = ?", (person,))

    def has_way_in(self, person: int) -> bool:
        """Whether anything but a link lets this person in."""
        with self._database.reading() as database:
            return any(
                database.execute(f"SELECT 1 FROM {table} WHERE person = ?", (person,)).fetchone()  # noqa: S608
                for table in ("passkeys", "passwords", "accounts")
            )

    def ask_to_recover(self, person: int, asked_by: int, now: datetime) -> None:
        """Void all ways in of a person at once. A second person has to make the link, so nobody can take over another's
        account alone."""
        with self._database.writing() as database:
            self._void(database, person)
            query = "INSERT INTO recoveries (person, asked_by, at) VALUES (?, ?, ?)"
            database.execute(query, (person, asked_by, now.isoformat()))

    def recoveries(self) -> list[Recovery]:
        """Return the open requests to let somebody back in, the oldest first."""
        with self._database.reading() as database:
            rows = database.execute("SELECT person, asked_by, at FROM recoveries ORDER BY at").fetchall()
        return [Recovery(person, asked_by, datetime.fromisoformat(at)) for person, asked_by, at in rows]

    def recover(self, person: int, confirmed_by: int, now: datetime) -> str:
        """Agree as the second person, and return the token of a link. Raises NotPossible if `confirmed_by` asked for
        it, or is the person themselves."""
        wanted = next((recovery for recovery in self.recoveries() if recovery.person == person), None)
        if not wanted:
            raise NotPossible(Refusal.NOTHING_TO_RECOVER)
        if confirmed_by in (wanted.asked_by, person):
            raise NotPossible(Refusal.RECOVERY_TAKES_TWO)
        return self.new_link(person, now)

    def new_link(self, person: int, now: datetime) -> str:
        """Return the token of a new one-time link (192 bits).

        From the same moment on, everything else that lets the person in is void: earlier links, passkeys, the password,
        the work account, and every session, even a session that is just being started.
        """
        token = secrets.token_urlsafe(24)
        with self._database.writing() as database:
            self._void(database, person)
            expires = (now + timedelta(days=LINK_DAYS)).isoformat()
            database.execute("INSERT INTO links VALUES (?, ?, ?)", (_digest(token), person, expires))
        return token

    def invited(self, token: str, now: datetime) -> Person | None:
        """Return the person whose link this is, or None if it is not valid."""
        with self._database.reading() as database:
            row = database.execute(
                "SELECT id, name, roles, epoch, languages FROM links JOIN people ON people.id = links.person"
                " WHERE digest = ? AND expires > ?",
                (_digest(token), now.isoformat()),
            ).fetchone()
        return _person(row) if row else None

    def add_passkey(self, key: Passkey, link: str = "") -> None:
        """Store a passkey; with `link`, spend that first. Raises NotPossible (LinkSpent), and then stores nothing."""
        try:
            with self._database.writing() as database:
                self._spend(database, key.person, link, key.added)
                row = (key.credential, key.person, key.public_key, key.signs, key.label[:60], key.added.isoformat())
                database.execute("INSERT INTO passkeys VALUES (?, ?, ?, ?, ?, ?, NULL)", row)
        except sqlite3.IntegrityError:
            raise NotPossible(Refusal.PASSKEY_TAKEN) from None

    def passkey(self, credential: bytes) -> Passkey | None:
        """Return a passkey by its credential id, or None."""
        with self._database.reading() as database:
            row = database.execute("SELECT * FROM passkeys WHERE credential = ?", (credential,)).fetchone()
        return _passkey(row) if row else None

    def passkeys(self, person: int) -> list[Passkey]:
        """Return a person's passkeys, oldest first."""
        with self._database.reading() as database:
            return [
                _passkey(row)
                for row in database.execute("SELECT * FROM passkeys WHERE person = ? ORDER BY added", (person,))
            ]

    def record_passkey_use(self, credential: bytes, signs: int, now: datetime) -> None:
        """Store the passkey's counter and when it was used."""
        with self._database.writing() as database:
            query = "UPDATE passkeys SET signs = ?, used = ? WHERE credential = ?"
            database.execute(query, (signs, now.isoformat(), credential))

    def name_passkey(self, person: int, credential: bytes, label: str) -> None:
        """Give a person's passkey a name that tells it from the others."""
        with self._database.writing() as database:
            query = "UPDATE passkeys SET label = ? WHERE person = ? AND credential = ?"
            database.execute(query, (label[:60], person, credential))

    def remove_passkey(self, person: int, credential: bytes) -> None:
        """Delete a person's passkey. Raises NotPossible if it is their last way in."""
        with self._database.writing() as database:
            (keys,) = database.execute("SELECT count(*) FROM passkeys WHERE person = ?", (person,)).fetchone()
            if keys < 2 and not self._has_password(database, person):
                raise NotPossible(Refusal.ONLY_WAY_IN)
            database.execute("DELETE FROM passkeys WHERE person = ? AND credential = ?", (person, credential))

    def new_password(self, person: Person, password: str, secret: str, code: str, now: datetime) -> Password:
        """Make a password and its second factor, proved by a first `code`. Stores nothing yet. Raises NotPossible."""
        if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            raise NotPossible(Refusal.PASSWORD_SHORT, shortest=SHORTEST_PASSWORD)
        plain = password.lower()
        if plain in person.name.lower() * 3 or any(word in plain for word in _COMMON) or len(set(plain)) < 5:
            raise NotPossible(Refusal.PASSWORD_COMMON)
        step = _step_of(secret, code, now)
        if step is None:
            raise NotPossible(Refusal.CODE_WRONG)
        with self._hashing:
            return Password(self._hasher.hash(password), secret, step)

    def set_password(self, person: int, password: Password, now: datetime, link: str = "") -> None:
        """Store a password; with `link`, spend the link first. Raises LinkSpent, and then stores nothing."""
        with self._database.writing() as database:
            self._spend(database, person, link, now)
            row = (person, password.hash, password.secret, password.step)
            database.execute(_PASSWORD, row)

    def connect(self, person: int, account: str, now: datetime, link: str = "") -> None:
        """Connect a work account with a person; with `link`, spend the link first.

        An account that is connected stays connected. Raises NotPossible (LinkSpent), and then stores nothing.
        """
        with self._database.writing() as database:
            self._spend(database, person, link, now)
            query = "SELECT 1 FROM accounts WHERE account = ? OR person = ?"
            if database.execute(query, (account, person)).fetchone():
                raise NotPossible(Refusal.ACCOUNT_TAKEN)
            database.execute("INSERT INTO accounts VALUES (?, ?)", (account, person))

    def connected(self, account: str) -> Person | None:
        """Return the person whose work account this is, or None."""
        with self._database.reading() as database:
            row = database.execute("SELECT person FROM accounts WHERE account = ?", (account,)).fetchone()
        return self.find(row[0]) if row else None

    def has_password(self, person: int) -> bool:
        """Whether this person can sign in with a password."""
        with self._database.reading() as database:
            return self._has_password(database, person)

    def check_password(self, person: Person | None, password: str, code: str, now: datetime) -> bool:
        """Whether this person can sign in with these. For None the answer is no, and takes just as long.

        A code is valid once (RFC 6238, 5.2).
        """
        with self._database.reading() as database:
            query = "SELECT hash, secret FROM passwords WHERE person = ?"
            row = database.execute(query, (person.id if person else 0,)).fetchone()
        stored_hash, secret = row or (self._nobody, pyotp.random_base32())
        right = self._matches(stored_hash, password)
        step = _step_of(secret, code, now)
        if not (person and row and right and step is not None):
            return False
        with self._database.writing() as database:
            # The statement that spends the code checks it again, so that two tabs cannot both use the same code.
            query = "UPDATE passwords SET step = ? WHERE person = ? AND step < ?"
            return database.execute(query, (step, person.id, step)).rowcount > 0

    def attempt(self, person: Person | None, network: str, now: datetime) -> bool:
        """Count a try before it is checked. Returns whether this person has tries left.

        A try with an unknown name counts only against the network, and the name is stored nowhere. Raises TooOften if
        the network has no tries left.
        """
        moment, since = now.isoformat(), (now - timedelta(minutes=FAILURE_MINUTES)).isoformat()
        with self._database.writing() as database:
            database.execute("DELETE FROM failures WHERE at < ?", (since,))
            count = "SELECT count(*) FROM failures WHERE who = ?"
            if database.execute(count, (network,)).fetchone()[0] >= OFFICE_FAILURES:
                raise TooOften
            database.execute("INSERT INTO failures (who, at) VALUES (?, ?)", (network, moment))
            if not person:
                return True
            who = f"person {person.id}"
            if database.execute(count, (who,)).fetchone()[0] >= FAILURES:
                return False
            database.execute("INSERT INTO failures (who, at) VALUES (?, ?)", (who, moment))
            return True

    def succeeded(self, person: Person, network: str) -> None:
        """Stop counting a person's latest try, because it was right."""
        with self._database.writing() as database:
            for who in (network, f"person {person.id}"):
                query = "DELETE FROM failures WHERE number = (SELECT max(number) FROM failures WHERE who = ?)"
                database.execute(query, (who,))

    def challenge(self, purpose: str, now: datetime) -> bytes:
        """Make a challenge for a passkey, valid once, only for `purpose`, and for five minutes."""
        challenge = secrets.token_bytes(32)
        with self._database.writing() as database:
            database.execute("DELETE FROM challenges WHERE expires <= ?", (now.isoformat(),))
            expires = (now + timedelta(minutes=CHALLENGE_MINUTES)).isoformat()
            database.execute("INSERT INTO challenges VALUES (?, ?, ?)", (_digest_of(challenge), purpose, expires))
        return challenge

    def answered(self, challenge: bytes, purpose: str, now: datetime) -> bool:
        """Use up a challenge. Returns whether it was made for `purpose`, is recent, and was not used before."""
        with self._database.writing() as database:
            query = "DELETE FROM challenges WHERE digest = ? AND purpose = ? AND expires > ?"
            return database.execute(query, (_digest_of(challenge), purpose, now.isoformat())).rowcount > 0

    def _matches(self, stored_hash: str, password: str) -> bool:
        try:
            with self._hashing:
                return self._hasher.verify(stored_hash, password[:LONGEST_PASSWORD])
        except (VerificationError, InvalidHashError):
            return False

    @staticmethod
    def _spend(database: Statements, person: int, link: str, now: datetime) -> None:
        query = "DELETE FROM links WHERE digest = ? AND person = ? AND expires > ?"
        if link and not database.execute(query, (_digest(link), person, now.isoformat())).rowcount:
            raise LinkSpent(Refusal.LINK_SPENT)

    @staticmethod
    def _void(database: Statements, person: int) -> None:
        for table in ("links", "passkeys", "passwords", "accounts", "recoveries"):
            database.execute(f"DELETE FROM {table} WHERE person = ?", (person,))  # noqa: S608
        database.execute("UPDATE people SET epoch = epoch + 1 WHERE id = ?", (person,))

    @staticmethod
    def _has_password(database: Statements, person: int) -> bool:
        return database.execute("SELECT 1 FROM passwords WHERE person = ?", (person,)).fetchone() is not None

    @staticmethod
    def _keep_an_admin(database: Statements, person: int, roles: frozenset[Role]) -> None:
        rows = database.execute("SELECT id, roles FROM people").fetchall()
        admins = {person for person, their_roles in rows if "admin" in their_roles.split(",")}
        if "admin" not in roles and admins == {person}:
            raise NotPossible(Refusal.LAST_ADMIN)


def _roles(roles: Iterable[str]) -> frozenset[Role]:
    wanted = {role.strip() for role in roles if role.strip()}
    if not wanted or not wanted <= set(ROLES):
        raise NotPossible(Refusal.NO_ROLE, roles=ROLES)
    return frozenset(role for role in ROLES if role in wanted)


def _step_of(secret: str, code: str, now: datetime) -> int | None:
    """The 30-second step whose code this is: the present step, or the step before or after; None if neither."""
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


def _person(row: tuple[int, str, str, int, str]) -> Person:
    number, name, roles, epoch, languages = row
    chosen = frozenset(role for role in ROLES if role in roles.split(","))
    return Person(number, name, chosen, epoch, frozenset(languages.split(",")) - {""})


def _same_name(name: str, other: str) -> bool:
    return _name_key(name) == _name_key(other)


def _name_key(name: str) -> str:
    """A key that is equal for names that differ only in capitals, spaces and look-alike letters (NFKC)."""
    visible = "".join(character for character in name if unicodedata.category(character) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", visible).casefold().split())


def _passkey(row: tuple[bytes, int, bytes, int, str, str, str | None]) -> Passkey:
    credential, person, public_key, signs, label, added, used = row
    return Passkey(
        credential, person, public_key, signs, label,
        datetime.fromisoformat(added), datetime.fromisoformat(used) if used else None,
    )  # fmt: skip


def _digest(token: str) -> str:
    return _digest_of(token.encode())


def _digest_of(token: bytes) -> str:
    return hashlib.sha256(token).hexdigest()
