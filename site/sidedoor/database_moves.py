"""A server's databases as SQLite files, for a backup; and SQLite files into an empty server, for whoever grows.

Both have the same tables with the same columns, because the same migrations made them. Either way it is of one moment:
what is read or written of the server is one transaction over all of its schemas.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg

from sidedoor.database import Database, holding, tables
from sidedoor.documents.codes import Code
from sidedoor.documents.problems import Problem, Refused
from sidedoor.home import SETTING, Schema
from sidedoor.postgresql import PREFIX, Connection, ServerDatabase, connect, refusing, storable, take_turn, told

_OURS_ALONE = ("unlisted",)
"""Tables in which a migration itself writes: they are never empty."""


def as_files(address: str, schemas: Sequence[Schema]) -> dict[str, bytes]:
    """What the server holds, as SQLite databases by the names of their files.

    Raises problems.Refused or sqlite3.Error.
    """
    found: dict[str, bytes] = {}
    with refusing(address), closing(connect(address, "pg_catalog")) as connection:
        connection.isolation_level, connection.read_only = psycopg.IsolationLevel.REPEATABLE_READ, True
        with told(), connection.transaction():
            for schema in schemas:
                if version := _version(connection, schema):
                    found[schema.file] = _as_file(connection, schema, version)
    return found


def fill(address: str, schemas: Sequence[Schema], folder: Path) -> dict[str, int]:
    """Copy the SQLite files in `folder` into the server, which holds nothing of theirs yet; how many rows, by file.

    Raises problems.Refused, and sqlite3.Error for a file that cannot be read; then nothing is copied.
    """
    there = {schema: rows for schema in schemas if (rows := _rows(folder, schema))}
    if not there:
        raise Refused([Problem(SETTING, None, Code.DATABASE_NOTHING_TO_COPY, {"folder": folder.as_posix()})])
    for schema in there:
        with refusing(address):
            database = ServerDatabase(address, schema)
            database.look()
            with database.reading():
                pass  # which makes the schema, or brings it up to date
    with refusing(address), closing(connect(address, "pg_catalog")) as connection, told(), connection.transaction():
        for schema, rows in there.items():
            take_turn(connection, PREFIX + schema.name)
            _fill(connection, schema, rows)
    return {schema.file: sum(len(table.rows) for table in rows.values()) for schema, rows in there.items()}


def holds_something(folder: Path, schema: Schema) -> bool:
    """Whether the SQLite file of a store has anything in it. Raises sqlite3.Error."""
    return bool(_rows(folder, schema))


@dataclass(frozen=True)
class _Table:
    """What one holds. `last`: the highest number that somebody in it ever had."""

    columns: tuple[str, ...]
    rows: list[tuple[object, ...]]
    last: int


def _rows(folder: Path, schema: Schema) -> dict[str, _Table]:
    """What is in a file, by table; empty where there is no file, or nothing in it."""
    path = folder / schema.file
    if not path.is_file() or not path.stat().st_size:
        return {}
    found: dict[str, _Table] = {}
    with Database(path, schema.migrations).reading() as database:
        counted = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").fetchone()
        last = dict(database.execute("SELECT name, seq FROM sqlite_sequence").fetchall()) if counted else {}
        for table, columns in tables(database).items():
            rows = database.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - named by our own schema
            found[table] = _Table(columns, rows, last.get(table, 0))
    return found if any(held.rows for table, held in found.items() if table not in _OURS_ALONE) else {}


def _version(connection: Connection, schema: Schema) -> int:
    table = f"{PREFIX}{schema.name}.schema_version"
    there = connection.execute("SELECT to_regclass(%s) IS NOT NULL", (table,)).fetchone()
    row = connection.execute(f"SELECT number FROM {table}").fetchone() if there and there[0] else None  # noqa: S608
    version = int(row[0]) if row else 0
    if version > len(schema.migrations):
        raise Refused([Problem(SETTING, None, Code.NEWER_DATABASE, {"database": PREFIX + schema.name})])
    return version


def _as_file(connection: Connection, schema: Schema, version: int) -> bytes:
    with closing(holding(schema.migrations[:version], {})) as empty:
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
    """Each table whose rows are numbered, the column, and what counts: a number is never given to somebody else."""
    query = (
        "SELECT table_name, column_name, pg_get_serial_sequence(table_schema || '.' || table_name, column_name)"
        " FROM information_schema.columns WHERE table_schema = %s AND is_identity = 'YES'"
    )
    return connection.execute(query, (PREFIX + schema.name,)).fetchall()


def _fill(connection: Connection, schema: Schema, found: dict[str, _Table]) -> None:
    for table, held in found.items():
        name = f"{PREFIX}{schema.name}.{table}"
        if table in _OURS_ALONE:
            connection.execute(f"DELETE FROM {name}")  # noqa: S608
        elif connection.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone():  # noqa: S608
            raise Refused([Problem(SETTING, None, Code.DATABASE_NOT_EMPTY, {"database": PREFIX + schema.name})])
        places = ", ".join(["%s"] * len(held.columns))
        with connection.cursor() as cursor:
            query = f"INSERT INTO {name} ({', '.join(held.columns)}) VALUES ({places})"  # noqa: S608
            cursor.executemany(query, [storable(row) for row in held.rows])
    for table, column, sequence in _numbered(connection, schema):
        highest = f"(SELECT coalesce(max({column}), 0) FROM {PREFIX}{schema.name}.{table})"  # noqa: S608
        query = f"SELECT setval(%s, greatest({highest}, %s, 1))"
        connection.execute(query, (sequence, found[table].last))
