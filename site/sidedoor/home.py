"""Where an application keeps lasting data: SQLite files in a folder, or a PostgreSQL server for several machines.

A store is written once, in the SQL that both understand; their differences (types, `?`, how to take turns at writing)
are handled in `database.py` and `postgresql.py`. So a store opens its database here and never asks which kind it got.
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
"""A file in a folder whose databases are on a server: a site started without the setting must not begin with empty
ones."""


class Rows(Protocol):
    """The result of a statement."""

    @property
    def rowcount(self) -> int:
        """How many rows the statement changed."""

    def fetchone(self) -> Any:
        """The next row, or None."""

    def fetchall(self) -> list[Any]:
        """All remaining rows."""

    def __iter__(self) -> Iterator[Any]: ...


class Statements(Protocol):
    """What a block may do with a database. `?` stands for a value. Raises sqlite3.Error, whichever database it is."""

    def execute(self, query: str, values: Sequence[Any] = ..., /) -> Rows:
        """Run one statement."""

    def executemany(self, query: str, values: Iterable[Sequence[Any]], /) -> object:
        """Run one statement for each row of values."""


class Base(Protocol):
    """A database: `reading` cannot write; during `writing` nobody else writes. Both raise sqlite3.Error."""

    def reading(self) -> AbstractContextManager[Statements]:
        """Each statement sees the state at that moment."""

    def writing(self) -> AbstractContextManager[Statements]:
        """A transaction: committed if the block ends normally, otherwise undone."""


@dataclass(frozen=True)
class InEach:
    """A migration, or a part of one, that differs between the two databases."""

    sqlite: str
    postgresql: str


Migration = str | InEach | Callable[[sqlite3.Connection], None]


@dataclass(frozen=True)
class Schema:
    """A store's schema: its name, its migrations, and how its SQLite file is opened (see database.Database)."""

    name: str
    migrations: Sequence[str | InEach]
    overwrite: bool = False
    keep_open: bool = True

    @property
    def file(self) -> str:
        """The name of its SQLite file."""
        return f"{self.name}.sqlite3"


@dataclass(frozen=True)
class Home:
    """`data`: the folder for files. `server`: the address of PostgreSQL, if the databases are there
    (`postgresql://…`)."""

    data: Path
    server: str = ""


def folder_of(home: Home | Path) -> Path:
    """The folder for files other than databases."""
    return home if isinstance(home, Path) else home.data


def open_database(home: Home | Path, schema: Schema) -> Base:
    """A store's database. A folder alone means SQLite in it.

    Raises problems.Refused for a file made by a newer version, for files whose content has moved to a server, and if
    psycopg is needed but not installed. It does not contact the server: `look` does that.
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
    """A store's database in PostgreSQL. `folder`: where the caller keeps its files.

    Raises problems.Refused if psycopg is not installed.
    """
    try:
        from sidedoor.postgresql import ServerDatabase  # psycopg is an optional extra
    except ImportError as error:
        raise Refused([Problem(SETTING, None, Code.DATABASE_NOT_INSTALLED)]) from error
    return ServerDatabase(address, schema, folder)


def look(home: Home, schemas: Iterable[Schema]) -> None:
    """Make sure that the server can be used, if there is one. If it does not answer yet, it may do so later.

    Raises problems.Refused, also for a server without data where the folder has some: it was never filled.
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
    """A statement that inserts a row, or replaces the one with the same key. Names of columns are separated by
    spaces."""
    columns = [*key.split(), *others.split()]
    change = ", ".join(f"{name} = excluded.{name}" for name in others.split())
    on_conflict = f"UPDATE SET {change}" if change else "NOTHING"
    places = ", ".join("?" * len(columns))
    row = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608 - named by our own stores
    return f"{row} ON CONFLICT ({', '.join(key.split())}) DO {on_conflict}"
