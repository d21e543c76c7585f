"""What a store says to its database, whichever it is: its schema, its statements, and what a block of them may do.

A store is written once, in the SQL that both databases understand. Where they differ, a migration says it in each.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

SETTING = "SIDEDOOR_DATABASE"
"""The setting that names a server instead of files, and the place of every problem with that server."""


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


def put(table: str, key: str, others: str = "") -> str:
    """A statement that inserts a row, or replaces the one with the same key. Names of columns are separated by
    spaces."""
    columns = [*key.split(), *others.split()]
    change = ", ".join(f"{name} = excluded.{name}" for name in others.split())
    on_conflict = f"UPDATE SET {change}" if change else "NOTHING"
    places = ", ".join("?" * len(columns))
    row = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608 - named by our own stores
    return f"{row} ON CONFLICT ({', '.join(key.split())}) DO {on_conflict}"
