"""The only way to open a SQLite database, in a file or in memory: who may read it, how to wait, what a transaction is.

Python's own transactions begin at the first INSERT, so they leave out a SELECT on which a write depends. Here Python
begins none (`isolation_level=None`): `reading` cannot write; `writing` takes the write lock before its first look, so
nobody can slip in between a check and the write that depends on it.

The schema is a list of scripts. Each raises `PRAGMA user_version` by one, so a file of any age is brought up to date
when it is first opened (https://sqlite.org/pragma.html#pragma_user_version).
"""

import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sidedoor.documents.codes import Code
from sidedoor.documents.problems import Problem, Refused
from sidedoor.private import private_file
from sidedoor.schema import InEach, Migration

_PATIENCE_SECONDS = 10
_RETRY_SECONDS = 0.001
"""How soon a write is tried again while another process writes. SQLite's own waiting sleeps up to 100 ms at a time, and
others take several turns meanwhile."""
_VERSION_CHECK_SECONDS = 1


class MadeByANewerVersion(sqlite3.DatabaseError):
    """The file has a schema that this version of the software does not know."""


class Database:
    """The SQLite file `path`. Safe to share between threads and processes.

    `migrations`: scripts, or functions that look before they change. The first makes the schema of files that have no
    version yet, with IF NOT EXISTS. `wal`: use a write-ahead log, so that readers never wait; for files that many read
    while others write. `overwrite`: fill deleted data with zeros. `keep_open`: one connection for each thread instead
    of one for each call. `durable`: survive a power cut without losing a write; otherwise the file stays whole but may
    lose the last few.

    Raises problems.Refused for a file that a newer version made.
    """

    def __init__(
        self,
        path: Path,
        migrations: Sequence[Migration],
        *,
        wal: bool = False,
        overwrite: bool = False,
        keep_open: bool = False,
        durable: bool = True,
    ) -> None:
        self._path, self._migrations = path, tuple(migrations)
        self._wal, self._overwrite, self._keep_open, self._durable = wal, overwrite, keep_open, durable
        self._threads = threading.local()
        self._turn = threading.Lock()
        """Held by the thread of this process that is writing: the next one is woken at once."""
        self._refuse_newer()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that cannot write. Each statement sees the state at that moment. Raises sqlite3.Error."""
        with self._connected() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction during which nobody else writes: committed if the block ends normally, otherwise undone.

        Raises sqlite3.Error. A thread must not open a second one inside it.
        """
        with self._connected(to_write=True) as connection:
            connection.execute("PRAGMA query_only = OFF")
            has_turn = self._turn.acquire(timeout=_PATIENCE_SECONDS)  # after a timeout, SQLite raises the error
            try:
                with transaction(connection):
                    yield connection
            finally:
                if has_turn:
                    self._turn.release()
                connection.execute("PRAGMA query_only = ON")

    def connection(self, to_write: bool = False) -> sqlite3.Connection:
        """This thread's own connection, for reading, if connections are kept open. Raises sqlite3.Error.

        It is replaced if another file has taken this one's place, such as a restored copy, or if a newer version has
        taken the file over; that is checked before every write, and once a second for reads.
        """
        connection: _Connection | None = getattr(self._threads, "connection", None)
        if connection:
            if connection.in_transaction or (connection.file == self._file() and self._is_ours(connection, to_write)):
                return connection
            del self._threads.connection
            connection.close()
        opened = self._threads.connection = self._open()
        return opened

    def _is_ours(self, connection: "_Connection", to_write: bool) -> bool:
        now = time.monotonic()
        if to_write or now - connection.version_checked >= _VERSION_CHECK_SECONDS:
            connection.version_checked = now
            return _version(connection) == len(self._migrations)
        return True

    def _file(self) -> tuple[int, int] | None:
        with suppress(OSError):
            status = self._path.stat()
            return status.st_dev, status.st_ino
        return None

    def cut_the_log(self) -> None:
        """Write the write-ahead log into the database file and cut it to nothing, if nobody is reading."""
        with self._connected() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _refuse_newer(self) -> None:
        with suppress(OSError, sqlite3.Error):  # using the database will raise it
            if not self._path.stat().st_size:
                return
            with closing(self._connect()) as connection:
                if _version(connection) > len(self._migrations):
                    name = self._path.name
                    raise Refused([Problem(name, None, Code.NEWER_DATABASE, {"database": name})])

    @contextmanager
    def _connected(self, to_write: bool = False) -> Iterator[sqlite3.Connection]:
        if self._keep_open:
            yield self.connection(to_write)
            return
        with closing(self._open()) as connection:
            yield connection

    def _open(self) -> "_Connection":
        # The file is made first, because SQLite gives the log and the shared memory the mode of the database.
        try:
            private_file(self._path)
        except OSError as error:  # callers handle a missing database, not a missing folder
            raise sqlite3.OperationalError(f"{self._path.name} cannot be opened: {error.strerror}") from error
        file = self._file()  # read before opening, so that the next call notices a replaced file
        connection = self._connect()
        try:
            connection.file = file
            if self._overwrite:
                connection.execute("PRAGMA secure_delete = ON").fetchall()
            if not self._durable:
                connection.execute("PRAGMA synchronous = NORMAL")
            if _version(connection) != len(self._migrations):
                self._migrate(connection)
            elif self._wal and connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                _use_a_log(connection)  # a restored copy has no write-ahead log
            connection.execute("PRAGMA query_only = ON")
        except BaseException:
            connection.close()
            raise
        return connection

    def _connect(self) -> "_Connection":
        # Any thread may close a kept connection once it notices that the connection's own thread has ended.
        return sqlite3.connect(
            self._path,
            timeout=_PATIENCE_SECONDS,
            isolation_level=None,
            check_same_thread=not self._keep_open,
            factory=_Connection,
        )

    def _migrate(self, connection: sqlite3.Connection) -> None:
        if self._wal:
            _use_a_log(connection)
        with transaction(connection):
            # Read again, now that nobody else can be migrating it.
            version = _version(connection)
            if version > len(self._migrations):
                raise MadeByANewerVersion(self._path.name)
            _run_migrations(connection, self._migrations[version:], len(self._migrations))


def is_database(path: Path) -> bool:
    """Whether a file is a SQLite database, by its first bytes
    (https://sqlite.org/fileformat2.html#the_database_header)."""
    try:
        with path.open("rb") as file:
            return file.read(16) == b"SQLite format 3\0"
    except OSError:
        return False


def copy_of(path: Path) -> bytes:
    """The database `path` at one moment, while others go on writing. Raises sqlite3.Error."""
    with closing(looking_at(path)) as source, closing(sqlite3.connect(":memory:")) as copy:
        source.backup(copy)
        raw = bytearray(copy.serialize())
    raw[18:20] = b"\1\1"  # a copy has no write-ahead log, even if its original does
    return bytes(raw)


def copy_into(path: Path, target: Path) -> None:
    """Copy a database that is too big for memory into the file `target`. Raises sqlite3.Error."""
    with closing(looking_at(path)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE").fetchall()


def is_sound(raw: bytes) -> bool:
    """Whether a copy is a whole database (https://sqlite.org/pragma.html#pragma_integrity_check)."""
    try:
        with closing(sqlite3.connect(":memory:")) as database:
            database.deserialize(raw)
            return database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    except sqlite3.Error:
        return False


def looking_at(path: Path) -> sqlite3.Connection:
    """A connection that changes nothing, not even an old schema. Raises sqlite3.Error."""
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=_PATIENCE_SECONDS)


class _Connection(sqlite3.Connection):
    file: tuple[int, int] | None = None  # device and inode of the file it opened
    version_checked = 0.0  # when its schema's version was last checked, by the monotonic clock

    def __del__(self) -> None:
        with suppress(sqlite3.ProgrammingError):  # it was never opened
            self.close()


def in_memory(migrations: Sequence[Migration]) -> sqlite3.Connection:
    """A new database in memory, made by `migrations`. Threads may share it if they take turns; `transaction` writes."""
    database = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    _run_migrations(database, migrations, len(migrations))
    return database


def holding(migrations: Sequence[Migration], rows: Mapping[str, Sequence[Sequence[object]]]) -> sqlite3.Connection:
    """A new database in memory, made by `migrations`, with only these rows in its tables."""
    database = in_memory(migrations)
    for table in tables(database):
        database.execute(f"DELETE FROM {table}")  # noqa: S608 - named by our own schema
        if rows.get(table):
            places = ", ".join("?" * len(rows[table][0]))
            database.executemany(f"INSERT INTO {table} VALUES ({places})", rows[table])  # noqa: S608
    return database


def tables(database: sqlite3.Connection) -> dict[str, tuple[str, ...]]:
    """The tables of a database with their columns."""
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    return {
        name: tuple(row[1] for row in database.execute(f"PRAGMA table_info({name})").fetchall())
        for (name,) in database.execute(query).fetchall()
    }


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Nobody else writes meanwhile: committed if the block ends normally, otherwise undone. Raises sqlite3.Error."""
    connection.execute("PRAGMA busy_timeout = 0").fetchall()
    try:
        _retrying(connection, "BEGIN IMMEDIATE", _RETRY_SECONDS)
    finally:
        connection.execute(f"PRAGMA busy_timeout = {_PATIENCE_SECONDS * 1000}").fetchall()
    with connection:
        yield


def _use_a_log(connection: sqlite3.Connection) -> None:
    # SQLite does not wait for the lock at this one statement, whatever the timeout.
    _retrying(connection, "PRAGMA journal_mode = WAL", 0.02)


def _retrying(connection: sqlite3.Connection, statement: str, retry_seconds: float) -> None:
    """Run a statement, and retry it while the database is busy."""
    give_up = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            connection.execute(statement).fetchall()
            return
        except sqlite3.OperationalError as error:
            # Other errors, such as a full disk, do not go away by waiting.
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise
            if time.monotonic() > give_up:
                raise
            time.sleep(retry_seconds)


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def _run_migrations(connection: sqlite3.Connection, migrations: Sequence[Migration], version: int) -> None:
    for migration in migrations:
        if isinstance(migration, InEach):
            run_script(connection, migration.sqlite)
        elif isinstance(migration, str):
            run_script(connection, migration)
        else:
            migration(connection)
    connection.execute(f"PRAGMA user_version = {version}")


def run_script(connection: sqlite3.Connection, script: str) -> None:
    """Run a script's statements in the open transaction. Raises sqlite3.Error."""
    for statement in _statements(script):
        connection.execute(statement)


def _statements(script: str) -> Iterator[str]:
    """A script's statements, one by one: `executescript` would commit the open transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement
