"""Where an application keeps what has to last: SQLite files in a folder, or one PostgreSQL server for several machines.

A store is written once, in the SQL that both know; what they write differently (types, `?`, whose turn it is to write)
is settled in `database.py` and `postgresql.py`. So a store opens its database here and never asks which one it got.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sidedoor.documents.codes import Code
from sidedoor.documents.problems import Problem, Refused
from sidedoor.private import private_file

if TYPE_CHECKING:
    from sidedoor.postgresql import ServerDatabase

SETTING = "SIDEDOOR_DATABASE"
ELSEWHERE = "databases-are-on-a-server"
"""A file in a folder whose databases are on a server: who forgets the setting must not begin with empty ones."""


class Rows(Protocol):
    """What a statement found or changed."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""

    def fetchone(self) -> Any:
        """The next row, or None."""

    def fetchall(self) -> list[Any]:
        """All that are left."""

    def __iter__(self) -> Iterator[Any]: ...


class Statements(Protocol):
    """What a block may ask of a database. `?` stands for a value. Raises sqlite3.Error, whichever database it is."""

    def execute(self, query: str, values: Sequence[Any] = ..., /) -> Rows:
        """Run one statement."""

    def executemany(self, query: str, values: Iterable[Sequence[Any]], /) -> object:
        """Run one statement for each row of values."""


class Base(Protocol):
    """A database: `reading` cannot write; in `writing` nobody else writes. Both raise sqlite3.Error."""

    def reading(self) -> AbstractContextManager[Statements]:
        """Each statement sees what is there at that moment."""

    def writing(self) -> AbstractContextManager[Statements]:
        """A transaction: kept if the block ends well, undone if not."""


@dataclass(frozen=True)
class InEach:
    """A migration, or a part of one, that the two write differently."""

    sqlite: str
    postgresql: str


Migration = str | InEach | Callable[[sqlite3.Connection], None]


@dataclass(frozen=True)
class Schema:
    """What a store keeps: its name, the way it grew, and how its SQLite file is opened (see database.Database)."""

    name: str
    migrations: Sequence[str | InEach]
    overwrite: bool = False
    keep_open: bool = True

    @property
    def file(self) -> str:
        """Its SQLite file."""
        return f"{self.name}.sqlite3"


@dataclass(frozen=True)
class Home:
    """`data`: the folder of files. `server`: where PostgreSQL is, if databases are there (`postgresql://…`)."""

    data: Path
    server: str = ""


def folder_of(home: Home | Path) -> Path:
    """Where files go that are no databases."""
    return home if isinstance(home, Path) else home.data


def open_database(home: Home | Path, schema: Schema) -> Base:
    """The database of a store. A folder alone stands for SQLite in it.

    Raises problems.Refused for a file of a newer version, for files whose content is on a server meanwhile, and where
    what speaks to PostgreSQL is not installed. The server is not asked yet: `look` does that.
    """
    if isinstance(home, Home):
        if home.server:
            return on_server(home.server, schema, home.data)
        if (mark := home.data / ELSEWHERE).exists():
            raise Refused([Problem(SETTING, None, Code.DATABASE_ELSEWHERE, {"file": mark.as_posix()})])
    from sidedoor.database import Database

    options = {"overwrite": schema.overwrite, "keep_open": schema.keep_open}
    return Database(folder_of(home) / schema.file, schema.migrations, **options)


def on_server(address: str, schema: Schema, folder: Path | None = None) -> "ServerDatabase":
    """The same in PostgreSQL, for whoever keeps files in `folder`.

    Raises problems.Refused where what speaks to it is not installed.
    """
    try:
        from sidedoor.postgresql import ServerDatabase  # what it needs is an optional extra
    except ImportError as error:
        raise Refused([Problem(SETTING, None, Code.DATABASE_NOT_INSTALLED)]) from error
    return ServerDatabase(address, schema, folder)


def look(home: Home, schemas: Iterable[Schema]) -> None:
    """Make sure that the server can be used, if there is one. One that does not answer yet may do so later.

    Raises problems.Refused. So it does for a server that holds nothing where the folder does: it was never filled.
    """
    for schema in schemas if home.server else ():
        try:
            version = on_server(home.server, schema).look().version
        except Refused as refused:
            if refused.problems[0].code is Code.DATABASE_AWAY:
                return
            raise
        from sidedoor.database_moves import holds_something

        if not version and holds_something(home.data, schema):
            values = {"file": schema.file, "folder": str(home.data)}
            raise Refused([Problem(SETTING, None, Code.DATABASE_NOT_FILLED, values)])
    if home.server:
        with suppress(OSError):
            private_file(home.data / ELSEWHERE)


def put(table: str, key: str, others: str = "") -> str:
    """The statement that writes a row in place of the one with the same key. Columns are named with spaces between."""
    columns = [*key.split(), *others.split()]
    change = ", ".join(f"{name} = excluded.{name}" for name in others.split())
    then = f"UPDATE SET {change}" if change else "NOTHING"
    places = ", ".join("?" * len(columns))
    row = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608 - named by our own stores
    return f"{row} ON CONFLICT ({', '.join(key.split())}) DO {then}"
