"""A real PostgreSQL for tests: a new server in memory, on a free port, with passwords and a collation that is not bytes."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from tests.server import PROJECT, free_port

PASSWORD = "zq secret/of:the@server"
QUOTED = "zq%20secret%2Fof%3Athe%40server"
_NOBODY = 65534
"""PostgreSQL refuses to run as root."""


def program(name: str) -> str:
    """The path of one of PostgreSQL's programs, which Debian keeps out of PATH."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    path = shutil.which(name, path=os.pathsep.join([*map(str, places), os.environ["PATH"]]))
    assert path, f"{name} is not here. Please install Debian's package postgresql, or run `make browsers`."
    return path


class PostgreSQL:
    """A running server, with a new database for each call of `database`."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.port = folder, free_port()
        nobody: dict[str, Any] = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}
        self._as_user = nobody if os.geteuid() == 0 else {}
        secret = folder / "password"
        secret.write_text(PASSWORD)
        if self._as_user:
            for path in (folder, secret):
                os.chown(path, _NOBODY, _NOBODY)
        initdb = [program("initdb"), "-D", str(folder / "data"), "-U", "owner", "--pwfile", str(secret), "--no-sync"]
        initdb += ["-A", "scram-sha-256", "-E", "UTF8", "--no-locale", "--locale-provider=icu", "--icu-locale=en-US"]
        subprocess.run(initdb, check=True, capture_output=True, cwd=folder, **self._as_user)
        with (folder / "data/pg_hba.conf").open("a") as rights:
            rights.write("host all all 127.0.0.2/8 scram-sha-256\n")  # for connections as from another machine
        self._count = 0
        self.start()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        settings = {
            "port": self.port, "listen_addresses": "127.0.0.1,127.0.0.2", "unix_socket_directories": self._folder,
            "fsync": "off", "full_page_writes": "off", "shared_buffers": "8MB", "max_connections": 60,
            "autovacuum": "off", "max_wal_senders": 0, "wal_level": "minimal",
        }  # fmt: skip
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            command = [program("postgres"), "-D", str(self._folder / "data"), *options]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self._folder, **self._as_user)
        until = time.monotonic() + 30
        while True:
            try:
                self.ask("SELECT 1")
                return
            except psycopg.OperationalError:
                assert self._process.poll() is None and time.monotonic() < until, (self._folder / "log").read_text()
                time.sleep(0.05)

    def stop(self) -> None:
        """Stop the server at once; it keeps its data."""
        self._process.send_signal(2)
        self._process.wait(timeout=30)

    def database(self) -> str:
        """The address of a new database."""
        self._count += 1
        self.ask(f"CREATE DATABASE words_{self._count} STRATEGY file_copy")
        return self.address(f"words_{self._count}")

    def deployed(self, site: str = "zqsite", desk: str = "zqdesk") -> tuple[str, str]:
        """The addresses for the site and the desk in the database that deploy/postgresql.sql makes, once."""
        script = str(PROJECT / "deploy/postgresql.sql")
        subprocess.run(
            ["psql", "--no-psqlrc", "--quiet", "-d", self.address("postgres"), "-f", script],
            env={**os.environ, "SITE_PASSWORD": site, "DESK_PASSWORD": desk}, check=True,
        )  # fmt: skip
        return (
            self.address("sidedoor", "sidedoor_site", quote(site, "")),
            self.address("sidedoor", "sidedoor_desk", quote(desk, "")),
        )

    def address(self, database: str, user: str = "owner", password: str = QUOTED) -> str:
        """The address of a database, as in SIDEDOOR_DATABASE."""
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def ask(self, query: str) -> None:
        """Run a statement as the server's superuser."""
        with psycopg.connect(self.address("postgres"), autocommit=True, connect_timeout=5) as connection:
            connection.execute(query)


@contextmanager
def running() -> Iterator[PostgreSQL]:
    """A server that runs until the block ends."""
    memory = Path("/dev/shm")  # noqa: S108 - without it, the disk serves
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        server = PostgreSQL(Path(folder))
        try:
            yield server
        finally:
            with suppress(ProcessLookupError):
                server.stop()
