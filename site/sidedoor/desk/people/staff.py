"""Who may sign in to the desk, and with what: passkeys first; otherwise a password with a second factor.

Somebody is added with a one-time link. The link is shown once; only its hash is kept, as with every secret here.
"""

import hashlib
import secrets
import sqlite3
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
from sidedoor.home import Home, Schema, Statements, open_database, put

LINK_DAYS = 7
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 200
FAILURES, FAILURE_MINUTES = 5, 15
OFFICE_FAILURES = 100
"""From one network in the same time: enough for an office full of people who mistype."""
CHALLENGE_MINUTES = 5
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
    # Failed names were written down as they were typed: there may be passwords among them.
    """
DELETE FROM failures;
DROP TABLE IF EXISTS spent;
CREATE TABLE challenges (digest TEXT PRIMARY KEY, purpose TEXT NOT NULL, expires TEXT NOT NULL);
ALTER TABLE people ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
""",
    # Each try by a number of its own: the row that SQLite numbers by itself has none elsewhere.
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
    """What was asked for cannot be done."""


class LinkSpent(NotPossible):
    """The one-time link is no longer good: somebody else used it, or it was replaced."""


class TooOften(Exception):
    """So many tries came from one network that no more are looked at for a while."""


@dataclass(frozen=True)
class Password:
    """A password that may be kept: its hash, its second factor, and the step of the code that proved it."""

    hash: str
    secret: str
    step: int


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


@dataclass(frozen=True)
class Recovery:
    """Somebody who lost every way in, by id; who asked for a new one; and when (aware)."""

    person: int
    asked_by: int
    at: datetime


class Staff:
    """The people at `home`."""

    def __init__(self, home: Home | Path, hasher: PasswordHasher | None = None) -> None:
        self._database = open_database(home, SCHEMA)
        self._hasher = hasher or PasswordHasher()
        self._nobody = self._hasher.hash(secrets.token_urlsafe())

    def add(self, name: str, roles: Iterable[str]) -> Person:
        """Add somebody. Raises NotPossible for an odd name, an unknown role, or a name that is taken."""
        name, chosen = " ".join(unicodedata.normalize("NFC", name).split()), _roles(roles)
        if not 2 <= len(name) <= 80 or not name.isprintable() or any(letter in "<>|" for letter in name):
            raise NotPossible(Refusal.NOT_A_NAME)
        with self._database.writing() as database:
            if any(_same_name(known, name) for (known,) in database.execute("SELECT name FROM people")):
                raise NotPossible(Refusal.NAME_TAKEN, name=name)
            query = "INSERT INTO people (name, roles) VALUES (?, ?) RETURNING id"
            ((number,),) = database.execute(query, (name, ",".join(sorted(chosen)))).fetchall()
            return Person(number, name, chosen)

    def everybody(self) -> list[Person]:
        """All people, by name."""
        with self._database.reading() as database:
            people = [_person(row) for row in database.execute(_PEOPLE)]
        return sorted(people, key=lambda person: _name_key(person.name))

    def find(self, person: int) -> Person | None:
        """Somebody by id."""
        with self._database.reading() as database:
            row = database.execute(f"{_PEOPLE} WHERE id = ?", (person,)).fetchone()
        return _person(row) if row else None

    def named(self, name: str) -> Person | None:
        """Somebody by name, however it is capitalised and spaced."""
        return next((person for person in self.everybody() if _same_name(person.name, name)), None)

    def set_roles(self, person: int, roles: Iterable[str]) -> None:
        """Change what somebody may do, from their next press on. Raises NotPossible; the last admin stays one."""
        chosen = _roles(roles)
        with self._database.writing() as database:
            self._keep_an_admin(database, person, chosen)
            database.execute("UPDATE people SET roles = ? WHERE id = ?", (",".join(sorted(chosen)), person))

    def set_languages(self, person: int, languages: Iterable[str]) -> None:
        """Say which languages somebody knows well enough to judge a translation."""
        with self._database.writing() as database:
            row = (",".join(sorted(set(languages))), person)
            database.execute("UPDATE people SET languages = ? WHERE id = ?", row)

    def remove(self, person: int) -> None:
        """Take somebody's access away at once, with all their keys. Raises NotPossible for the last admin."""
        with self._database.writing() as database:
            self._keep_an_admin(database, person, frozenset())
            self._void(database, person)
            database.execute("DELETE FROM people WHERE id = ?", (person,))

    def has_way_in(self, person: int) -> bool:
        """Whether anything but a link lets them in."""
        with self._database.reading() as database:
            return any(
                database.execute(f"SELECT 1 FROM {table} WHERE person = ?", (person,)).fetchone()  # noqa: S608
                for table in ("passkeys", "passwords", "accounts")
            )

    def ask_to_recover(self, person: int, asked_by: int, now: datetime) -> None:
        """Void every way in of theirs at once. A second person has to make the link: nobody takes over another."""
        with self._database.writing() as database:
            self._void(database, person)
            query = "INSERT INTO recoveries (person, asked_by, at) VALUES (?, ?, ?)"
            database.execute(query, (person, asked_by, now.isoformat()))

    def recoveries(self) -> list[Recovery]:
        """Everybody for whom somebody asked that, the oldest first."""
        with self._database.reading() as database:
            rows = database.execute("SELECT person, asked_by, at FROM recoveries ORDER BY at").fetchall()
        return [Recovery(person, asked_by, datetime.fromisoformat(at)) for person, asked_by, at in rows]

    def recover(self, person: int, confirmed_by: int, now: datetime) -> str:
        """The second person agrees: the token of a link. Raises NotPossible for whoever asked or is let in."""
        wanted = next((one for one in self.recoveries() if one.person == person), None)
        if not wanted:
            raise NotPossible(Refusal.NOTHING_TO_RECOVER)
        if confirmed_by in (wanted.asked_by, person):
            raise NotPossible(Refusal.RECOVERY_TAKES_TWO)
        return self.new_link(person, now)

    def new_link(self, person: int, now: datetime) -> str:
        """The token of a one-time link (192 bits).

        From the same moment on, everything else that lets them in is void: earlier links, passkeys, the password, the
        work account, and every session, even one that is just being started.
        """
        token = secrets.token_urlsafe(24)
        with self._database.writing() as database:
            self._void(database, person)
            expires = (now + timedelta(days=LINK_DAYS)).isoformat()
            database.execute("INSERT INTO links VALUES (?, ?, ?)", (_digest(token), person, expires))
        return token

    def invited(self, token: str, now: datetime) -> Person | None:
        """Whose link it is, while it is good."""
        with self._database.reading() as database:
            row = database.execute(
                "SELECT id, name, roles, epoch, languages FROM links JOIN people ON people.id = links.person"
                " WHERE digest = ? AND expires > ?",
                (_digest(token), now.isoformat()),
            ).fetchone()
        return _person(row) if row else None

    def add_passkey(self, key: Passkey, link: str = "") -> None:
        """Keep a passkey; with `link`, spend it first. Raises NotPossible (LinkSpent), and then nothing is kept."""
        try:
            with self._database.writing() as database:
                self._spend(database, key.person, link, key.added)
                row = (key.credential, key.person, key.public_key, key.signs, key.label[:60], key.added.isoformat())
                database.execute("INSERT INTO passkeys VALUES (?, ?, ?, ?, ?, ?, NULL)", row)
        except sqlite3.IntegrityError:
            raise NotPossible(Refusal.PASSKEY_TAKEN) from None

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

    def name_passkey(self, person: int, credential: bytes, label: str) -> None:
        """Call a passkey of theirs something that tells it from the others."""
        with self._database.writing() as database:
            query = "UPDATE passkeys SET label = ? WHERE person = ? AND credential = ?"
            database.execute(query, (label[:60], person, credential))

    def remove_passkey(self, person: int, credential: bytes) -> None:
        """Forget a passkey of theirs. Raises NotPossible if it is their last way in."""
        with self._database.writing() as database:
            (keys,) = database.execute("SELECT count(*) FROM passkeys WHERE person = ?", (person,)).fetchone()
            if keys < 2 and not self._has_password(database, person):
                raise NotPossible(Refusal.ONLY_WAY_IN)
            database.execute("DELETE FROM passkeys WHERE person = ? AND credential = ?", (person, credential))

    def new_password(self, person: Person, password: str, secret: str, code: str, now: datetime) -> Password:
        """A password and its second factor, proved by a first `code`; nothing is kept yet. Raises NotPossible."""
        if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            raise NotPossible(Refusal.PASSWORD_SHORT, shortest=SHORTEST_PASSWORD)
        plain = password.lower()
        if plain in person.name.lower() * 3 or any(word in plain for word in _COMMON) or len(set(plain)) < 5:
            raise NotPossible(Refusal.PASSWORD_COMMON)
        step = _step_of(secret, code, now)
        if step is None:
            raise NotPossible(Refusal.CODE_WRONG)
        return Password(self._hasher.hash(password), secret, step)

    def set_password(self, person: int, password: Password, now: datetime, link: str = "") -> None:
        """Keep a password; with `link`, spend it first. Raises LinkSpent, and then nothing is kept."""
        with self._database.writing() as database:
            self._spend(database, person, link, now)
            row = (person, password.hash, password.secret, password.step)
            database.execute(_PASSWORD, row)

    def connect(self, person: int, account: str, now: datetime, link: str = "") -> None:
        """From now on this work account is theirs; with `link`, spend it first.

        An account that is connected stays so. Raises NotPossible (LinkSpent), and then nothing is kept.
        """
        with self._database.writing() as database:
            self._spend(database, person, link, now)
            query = "SELECT 1 FROM accounts WHERE account = ? OR person = ?"
            if database.execute(query, (account, person)).fetchone():
                raise NotPossible(Refusal.ACCOUNT_TAKEN)
            database.execute("INSERT INTO accounts VALUES (?, ?)", (account, person))

    def connected(self, account: str) -> Person | None:
        """Whose work account it is."""
        with self._database.reading() as database:
            row = database.execute("SELECT person FROM accounts WHERE account = ?", (account,)).fetchone()
        return self.find(row[0]) if row else None

    def has_password(self, person: int) -> bool:
        """Whether they can sign in with a password."""
        with self._database.reading() as database:
            return self._has_password(database, person)

    def check_password(self, person: Person | None, password: str, code: str, now: datetime) -> bool:
        """Whether they can sign in with these. Takes as long for nobody (None), who never can.

        A code is good once (RFC 6238, 5.2).
        """
        with self._database.reading() as database:
            query = "SELECT hash, secret FROM passwords WHERE person = ?"
            row = database.execute(query, (person.id if person else 0,)).fetchone()
        known, secret = row or (self._nobody, pyotp.random_base32())
        right = self._is(known, password)
        step = _step_of(secret, code, now)
        if not (person and row and right and step is not None):
            return False
        with self._database.writing() as database:
            # Checked again in the same statement that spends it, so that two tabs cannot both use one code.
            query = "UPDATE passwords SET step = ? WHERE person = ? AND step < ?"
            return database.execute(query, (step, person.id, step)).rowcount > 0

    def attempt(self, person: Person | None, network: str, now: datetime) -> bool:
        """Count a try before anybody looks at it; whether this person's tries are not used up.

        A try with a name that nobody has counts against the network alone, and the name is kept nowhere. Raises
        TooOften if the tries of the network are used up.
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
        """The latest try of theirs was right, and no longer counts."""
        with self._database.writing() as database:
            for who in (network, f"person {person.id}"):
                query = "DELETE FROM failures WHERE number = (SELECT max(number) FROM failures WHERE who = ?)"
                database.execute(query, (who,))

    def challenge(self, purpose: str, now: datetime) -> bytes:
        """A new challenge for a passkey, good once, for `purpose` alone, and for five minutes."""
        challenge = secrets.token_bytes(32)
        with self._database.writing() as database:
            database.execute("DELETE FROM challenges WHERE expires <= ?", (now.isoformat(),))
            expires = (now + timedelta(minutes=CHALLENGE_MINUTES)).isoformat()
            database.execute("INSERT INTO challenges VALUES (?, ?, ?)", (_digest_of(challenge), purpose, expires))
        return challenge

    def answered(self, challenge: bytes, purpose: str, now: datetime) -> bool:
        """Whether the challenge was given out for `purpose`, lately, and not answered yet; from now on it is."""
        with self._database.writing() as database:
            query = "DELETE FROM challenges WHERE digest = ? AND purpose = ? AND expires > ?"
            return database.execute(query, (_digest_of(challenge), purpose, now.isoformat())).rowcount > 0

    def _is(self, known: str, password: str) -> bool:
        try:
            return self._hasher.verify(known, password[:LONGEST_PASSWORD])
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
        admins = {person for person, known in rows if "admin" in known.split(",")}
        if "admin" not in roles and admins == {person}:
            raise NotPossible(Refusal.LAST_ADMIN)


def _roles(roles: Iterable[str]) -> frozenset[Role]:
    wanted = {role.strip() for role in roles if role.strip()}
    if not wanted or not wanted <= set(ROLES):
        raise NotPossible(Refusal.NO_ROLE, roles=ROLES)
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


def _person(row: tuple[int, str, str, int, str]) -> Person:
    number, name, roles, epoch, languages = row
    chosen = frozenset(role for role in ROLES if role in roles.split(","))
    return Person(number, name, chosen, epoch, frozenset(languages.split(",")) - {""})


def _same_name(one: str, other: str) -> bool:
    return _name_key(one) == _name_key(other)


def _name_key(name: str) -> str:
    """What makes two names the same, whatever their capitals, spaces and look-alike letters (NFKC)."""
    seen = "".join(letter for letter in name if unicodedata.category(letter) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", seen).casefold().split())


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
