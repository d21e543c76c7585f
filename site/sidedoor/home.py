"""Where an application keeps lasting data: SQLite files in a folder, or a PostgreSQL server for several machines.

A store is written once, in the SQL that both understand; their differences (types, `?`, how to take turns at writing)
are handled in `database.py` and `postgresql.py`. So a store opens its database here and never asks which kind it got.

Three keep a SQLite file of their own machine, whatever the setting, and open it with `database.Database` themselves:
`documents/kept.py` and `public/search_index.py`, because each machine can make these copies again and needs them when
the server is away; and `chat/sqlite_store.py`, because conversations of several machines are in Valkey, on no disk.
`database_moves.py` opens a store's file although there is a server, to copy it there.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sidedoor.database import Database
from sidedoor.documents.codes import Code
from sidedoor.documents.problems import Problem, Refused
from sidedoor.private import private_file
from sidedoor.schema import SETTING, Base, Schema

if TYPE_CHECKING:
    from sidedoor.postgresql import ServerDatabase  # psycopg is an optional extra

ELSEWHERE = "databases-are-on-a-server"
"""A file in a folder whose databases are on a server: a site started without the setting must not begin with empty
ones."""


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
        if os.path.exists(mark := home.data / ELSEWHERE):  # False also inside a closed folder, of which others tell
            raise Refused([Problem(SETTING, None, Code.DATABASE_ELSEWHERE, {"file": mark.as_posix()})])
    options = {"overwrite": schema.overwrite, "keep_open": schema.keep_open}
    return Database(folder_of(home) / schema.file, schema.migrations, **options)


def on_server(address: str, schema: Schema, folder: Path | None = None) -> "ServerDatabase":
    """A store's database in PostgreSQL. `folder`: where the caller keeps its files.

    Raises problems.Refused if psycopg is not installed.
    """
    try:
        from sidedoor.postgresql import ServerDatabase
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
