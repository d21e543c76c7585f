"""A server's databases as SQLite files, for a backup; and SQLite files into an empty server, for a site that grows.

Both have the same tables with the same columns, because the same migrations made them. Each move shows a single moment:
everything it reads from or writes to the server is one transaction over all schemas.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg

from sidedoor.database import Database, holding, in_memory, tables
from sidedoor.documents.codes import Code
from sidedoor.documents.problems import Problem, Refused
from sidedoor.postgresql import (
    PREFIX,
    Connection,
    ServerDatabase,
    as_sqlite_errors,
    connect,
    refusing,
    storable,
    take_turn,
)
from sidedoor.schema import SETTING, Schema

_FILLED_BY_MIGRATIONS = ("unlisted",)
"""Tables that a migration itself writes to: they are never empty."""


def as_files(address: str, schemas: Sequence[Schema]) -> dict[str, bytes]:
    """The databases on the server, as SQLite databases by the names of their files.

    Raises problems.Refused or sqlite3.Error.
    """
    files: dict[str, bytes] = {}
    with refusing(address), closing(connect(address, "pg_catalog")) as connection:
        connection.isolation_level, connection.read_only = psycopg.IsolationLevel.REPEATABLE_READ, True
        with as_sqlite_errors(), connection.transaction():
            for schema in schemas:
                if version := _version(connection, schema):
                    files[schema.file] = _as_file(connection, schema, version)
    return files


def fill(address: str, schemas: Sequence[Schema], folder: Path) -> dict[str, int]:
    """Copy the SQLite files in `folder` into a server that holds none of their data yet; return the rows for each file.

    Raises problems.Refused, and sqlite3.Error for a file that cannot be read; then nothing is copied.
    """
    contents = {schema: rows for schema in schemas if (rows := _rows(folder, schema))}
    if not contents:
        raise Refused([Problem(SETTING, None, Code.DATABASE_NOTHING_TO_COPY, {"folder": folder.as_posix()})])
    for schema in contents:
        with refusing(address):
            database = ServerDatabase(address, schema)
            database.look()
            with database.reading():
                pass  # opening it makes the schema, or brings it up to date
    with (
        refusing(address),
        closing(connect(address, "pg_catalog")) as connection,
        as_sqlite_errors(),
        connection.transaction(),
    ):
        for schema, rows in contents.items():
            take_turn(connection, PREFIX + schema.name)
            _fill(connection, schema, rows)
    return {schema.file: sum(len(table.rows) for table in rows.values()) for schema, rows in contents.items()}


def holds_something(folder: Path, schema: Schema) -> bool:
    """Whether the SQLite file of a store contains any data. Raises sqlite3.Error."""
    return bool(_rows(folder, schema))


@dataclass(frozen=True)
class _Table:
    """A table's content. `last`: the highest number that a row in it has ever had."""

    columns: tuple[str, ...]
    rows: list[tuple[object, ...]]
    last: int


def _rows(folder: Path, schema: Schema) -> dict[str, _Table]:
    """The content of a file, by table; empty if there is no file, or nothing in it."""
    path = folder / schema.file
    if not path.is_file() or not path.stat().st_size:
        return {}
    content: dict[str, _Table] = {}
    with Database(path, schema.migrations).reading() as database:
        counted = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").fetchone()
        last = dict(database.execute("SELECT name, seq FROM sqlite_sequence").fetchall()) if counted else {}
        for table, columns in tables(database).items():
            rows = database.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - named by our own schema
            content[table] = _Table(columns, rows, last.get(table, 0))
    return (
        content
        if any(table_content.rows for table, table_content in content.items() if table not in _FILLED_BY_MIGRATIONS)
        else {}
    )


def _version(connection: Connection, schema: Schema) -> int:
    table = f"{PREFIX}{schema.name}.schema_version"
    exists = connection.execute("SELECT to_regclass(%s) IS NOT NULL", (table,)).fetchone()
    row = connection.execute(f"SELECT number FROM {table}").fetchone() if exists and exists[0] else None  # noqa: S608
    version = int(row[0]) if row else 0
    if version > len(schema.migrations):
        raise Refused([Problem(SETTING, None, Code.NEWER_DATABASE, {"database": PREFIX + schema.name})])
    return version


def _as_file(connection: Connection, schema: Schema, version: int) -> bytes:
    with closing(in_memory(schema.migrations[:version])) as empty:
        columns = tables(empty)
    rows = {
        table: connection.execute(
            f"SELECT {', '.join(names)} FROM {PREFIX}{schema.name}.{table}"  # noqa: S608
        ).fetchall()
        for table, names in columns.items()
    }
    with closing(holding(schema.migrations[:version], rows)) as database:
        if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").fetchone():
            for table, _, sequence in _numbered(connection, schema):
                ((last,),) = connection.execute(f"SELECT last_value FROM {sequence}").fetchall()  # noqa: S608
                database.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (last, table))
        return database.serialize()


def _numbered(connection: Connection, schema: Schema) -> list[tuple[str, str, str]]:
    """Each table with numbered rows, the numbered column, and its sequence: a number is never used twice."""
    query = (
        "SELECT table_name, column_name, pg_get_serial_sequence(table_schema || '.' || table_name, column_name)"
        " FROM information_schema.columns WHERE table_schema = %s AND is_identity = 'YES'"
    )
    return connection.execute(query, (PREFIX + schema.name,)).fetchall()


def _fill(connection: Connection, schema: Schema, content: dict[str, _Table]) -> None:
    for table, table_content in content.items():
        name = f"{PREFIX}{schema.name}.{table}"
        if table in _FILLED_BY_MIGRATIONS:
            connection.execute(f"DELETE FROM {name}")  # noqa: S608
        elif connection.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone():  # noqa: S608
            raise Refused([Problem(SETTING, None, Code.DATABASE_NOT_EMPTY, {"database": PREFIX + schema.name})])
        places = ", ".join(["%s"] * len(table_content.columns))
        with connection.cursor() as cursor:
            query = f"INSERT INTO {name} ({', '.join(table_content.columns)}) VALUES ({places})"  # noqa: S608
            cursor.executemany(query, [storable(row) for row in table_content.rows])
    for table, column, sequence in _numbered(connection, schema):
        highest = f"(SELECT coalesce(max({column}), 0) FROM {PREFIX}{schema.name}.{table})"  # noqa: S608
        query = f"SELECT setval(%s, greatest({highest}, %s, 1))"
        connection.execute(query, (sequence, content[table].last))
