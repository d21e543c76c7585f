"""How SQLite files are opened: transactions, migrations, files of newer versions, and privacy."""

import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sidedoor.chat.sqlite_store import SqliteStore
from sidedoor.database import Database
from sidedoor.desk.audit.store import Audit
from sidedoor.desk.items.preview_links import PreviewLinks
from sidedoor.desk.items.reviews import Reviews
from sidedoor.desk.people.person import Person
from sidedoor.desk.people.sessions import Sessions
from sidedoor.desk.people.staff import Staff
from sidedoor.documents.kept import Copy, Kept
from sidedoor.documents.problems import Refused
from sidedoor.public.feedback_store import FeedbackStore
from tests.conftest import PROJECT
from tests.content import ContentFolder

ANN = Person(1, "Ann Lee", frozenset())
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
FIRST_MIGRATION = "CREATE TABLE IF NOT EXISTS words (word TEXT);"
SECOND_MIGRATION = (
    "ALTER TABLE words ADD COLUMN number INTEGER NOT NULL DEFAULT 7;\nUPDATE words SET number = 8 WHERE word = 'old'"
)

# file → a function that makes its store, one that stores something, and one that reads it
STORES: dict[str, tuple[Callable[[Path], Any], Callable[[Any], Any], Callable[[Any], Any]]] = {
    "staff.sqlite3": (Staff, lambda store: store.add("Ann Lee", ["press"]), lambda store: store.everybody()),
    "sessions.sqlite3": (Sessions, lambda store: store.start(ANN, "Firefox", NOON), lambda store: store.of(ANN, NOON)),
    "reviews.sqlite3": (
        Reviews,
        lambda store: store.wrote("news/a.md", 1, "Ann Lee", NOON),
        lambda store: store.writers("news/a.md"),
    ),
    "previews.sqlite3": (
        PreviewLinks,
        lambda store: store.make("news/a.md", "1", "Ann Lee", "The council", False, NOON),
        lambda store: store.of("news/a.md", NOON),
    ),
    "audit.sqlite3": (
        lambda data: Audit(data, lambda: NOON),
        lambda store: store.record("Ann Lee", "signed in"),
        lambda store: store.everything(),
    ),
    "feedback.sqlite3": (FeedbackStore, lambda store: store.add("Thank you", NOON), lambda store: store.all()),
    "chat.sqlite3": (SqliteStore, lambda store: store.start((), 9, NOON), lambda store: store.live(NOON)),
    "kept.sqlite3": (
        Kept,
        lambda store: store.update([Copy("news/a.md", "1", "2", "3", "4")]),
        lambda store: list(store.all()),
    ),
}


def version(path: Path, becomes: int | None = None) -> int:
    with closing(sqlite3.connect(path)) as database:
        if becomes is not None:
            database.execute(f"PRAGMA user_version = {becomes}")
        return int(database.execute("PRAGMA user_version").fetchone()[0])


def test_a_reading_block_cannot_write_and_does_not_wait_for_writers(tmp_path: Path) -> None:
    database = Database(tmp_path / "words.sqlite3", (FIRST_MIGRATION,), wal=True)
    with database.reading() as reading, pytest.raises(sqlite3.OperationalError, match="readonly"):
        reading.execute("INSERT INTO words VALUES ('one')")
    with database.writing() as writing:
        writing.execute("INSERT INTO words VALUES ('two')")
        with database.reading() as reading:
            assert reading.execute("SELECT * FROM words").fetchall() == []
    with suppress(InterruptedError), database.writing() as writing:
        writing.execute("INSERT INTO words VALUES ('three')")
        raise InterruptedError
    with database.reading() as reading:
        assert reading.execute("SELECT * FROM words").fetchall() == [("two",)]


def test_a_waiting_writer_starts_as_soon_as_another_process_is_done(tmp_path: Path) -> None:
    database, delays = Database(tmp_path / "a.sqlite3", (FIRST_MIGRATION,), wal=True), []
    with database.writing():
        pass
    with closing(sqlite3.connect(tmp_path / "a.sqlite3", isolation_level=None, check_same_thread=False)) as other:
        for _ in range(9):
            other.execute("BEGIN IMMEDIATE")
            done: list[float] = []
            timer = threading.Timer(0.3, lambda done=done: (done.append(time.monotonic()), other.execute("COMMIT")))
            timer.start()
            with database.writing():
                delays.append(time.monotonic() - done[0])
            timer.join()
    assert sorted(delays)[len(delays) // 2] < 0.01, "SQLite's own waiting would sleep for 50 and 100 ms by then"


def test_a_file_that_another_thread_opens_while_it_is_made_keeps_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, connections = Database(tmp_path / "new.sqlite3", (FIRST_MIGRATION,), wal=True, keep_open=True), []
    with ThreadPoolExecutor(1) as other:

        def meanwhile(descriptor: int, mode: int) -> None:
            monkeypatch.undo()
            connections.append(other.submit(database.connection).result())
            os.fchmod(descriptor, mode)

        monkeypatch.setattr(os, "fchmod", meanwhile)
        connections.append(database.connection())
        # Whoever is the last to close a database deletes its log. Another process must see that it is not the last.
        look = f"import sqlite3; sqlite3.connect({str(tmp_path / 'new.sqlite3')!r}).execute('SELECT * FROM words').fetchall()"
        subprocess.run([sys.executable, "-c", look], check=True)
        assert (tmp_path / "new.sqlite3-wal").exists()
        assert len(connections) == 2


@pytest.mark.parametrize("file", [file for file in STORES if file != "kept.sqlite3"])
def test_a_file_of_a_newer_version_is_left_alone_and_reported_in_a_sentence(file: str, tmp_path: Path) -> None:
    make, keep, _ = STORES[file]
    store = make(tmp_path)
    keep(store)
    version(tmp_path / file, becomes=99)
    before = (tmp_path / file).read_bytes()
    with pytest.raises(Refused) as refused:
        make(tmp_path)
    assert str(refused.value) == (
        f"{file}: error: A newer version of Sidedoor made this database, so this one cannot open it."
        " Start the newer version, or go back to the backup from before it: docs/upgrade.md says how."
    )
    assert (tmp_path / file).read_bytes() == before


@pytest.mark.parametrize("file", [file for file in STORES if file != "kept.sqlite3"])
def test_a_running_process_stops_using_a_file_that_a_newer_version_migrated(file: str, tmp_path: Path) -> None:
    make, keep, _ = STORES[file]
    store = make(tmp_path)
    keep(store)
    version(tmp_path / file, becomes=99)
    with pytest.raises(sqlite3.DatabaseError, match=rf"^{re.escape(file)}$"):
        keep(store)


def test_a_running_process_continues_with_a_copy_that_was_put_back(tmp_path: Path) -> None:
    path, copy = tmp_path / "words.sqlite3", tmp_path / "copy.sqlite3"
    database = Database(path, (FIRST_MIGRATION,), keep_open=True)
    with database.writing() as writing:
        writing.execute("INSERT INTO words VALUES ('one')")
    shutil.copy(path, copy)
    with database.writing() as writing:
        writing.execute("INSERT INTO words VALUES ('two')")
    copy.replace(path)
    with database.writing() as writing:
        assert writing.execute("SELECT * FROM words").fetchall() == [("one",)]
        writing.execute("INSERT INTO words VALUES ('three')")
    with closing(sqlite3.connect(path)) as reopened:
        assert reopened.execute("SELECT * FROM words").fetchall() == [("one",), ("three",)]
    path.unlink()
    with database.reading() as reading:
        assert reading.execute("SELECT * FROM words").fetchall() == []


def test_copies_that_a_newer_version_stored_do_not_stop_a_start(tmp_path: Path) -> None:
    Kept(tmp_path).update([Copy("news/a.md", "1", "2", "3", "4")])
    version(tmp_path / "kept.sqlite3", becomes=99)
    copies = Kept(tmp_path)
    copies.update([Copy("news/b.md", "1", "2", "3", "4")])
    assert list(copies.all()) == []
    assert version(tmp_path / "kept.sqlite3") == 99


@pytest.mark.parametrize(("program", "file"), [("desk:app", "staff.sqlite3"), ("app:app", "chat.sqlite3")])
def test_a_program_does_not_start_on_a_newer_file(
    program: str, file: str, content: ContentFolder, tmp_path: Path
) -> None:
    make, keep, _ = STORES[file]
    keep(make(tmp_path / "data"))
    version(tmp_path / "data" / file, becomes=99)
    environment = {
        **os.environ,
        "SIDEDOOR_CONTENT": str(content.path),
        "SIDEDOOR_DATA": str(tmp_path / "data"),
    }
    command = [sys.executable, "-c", f"import {program.split(':')[0]}"]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.strip().startswith(f"{file}: error: A newer version of Sidedoor made this database")


def test_migrations_run_in_order_and_once_even_when_many_processes_open_the_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "words.sqlite3"
    with Database(path, (FIRST_MIGRATION,), wal=True).writing() as database:
        database.execute("INSERT INTO words VALUES ('old')")
    script = (
        "import sys; from pathlib import Path; from sidedoor.database import Database;"
        "database = Database(Path(sys.argv[1]), sys.argv[2:], wal=True)\n"
        "with database.writing() as writing: writing.execute(\"INSERT INTO words (word) VALUES ('new')\")"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", script, str(path), FIRST_MIGRATION, SECOND_MIGRATION]) for _ in range(6)
    ]
    assert [process.wait() for process in processes] == [0] * 6
    with Database(path, (FIRST_MIGRATION, SECOND_MIGRATION)).reading() as database:
        assert database.execute("SELECT * FROM words").fetchall() == [("old", 8), *[("new", 7)] * 6]
    assert version(path) == 2


def test_many_threads_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    at_once = threading.Barrier(12)

    def add(number: int) -> None:
        database = Database(tmp_path / "words.sqlite3", (FIRST_MIGRATION,), wal=True, keep_open=True)
        at_once.wait()
        with database.writing() as writing:
            writing.execute("INSERT INTO words VALUES (?)", (str(number),))

    with ThreadPoolExecutor(12) as people:
        for done in [people.submit(add, number) for number in range(12)]:
            done.result()
    with Database(tmp_path / "words.sqlite3", (FIRST_MIGRATION,)).reading() as database:
        assert database.execute("SELECT count(*) FROM words").fetchone() == (12,)


def test_a_migration_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "words.sqlite3"
    with Database(path, (FIRST_MIGRATION,)).writing() as database:
        database.execute("INSERT INTO words VALUES ('old')")
    broken = Database(path, (FIRST_MIGRATION, "ALTER TABLE words ADD COLUMN number INTEGER;\nDROP TABLE gone"))
    with pytest.raises(sqlite3.OperationalError, match="no such table"), broken.reading():
        pass
    assert version(path) == 1
    with Database(path, (FIRST_MIGRATION,)).reading() as database:
        assert database.execute("SELECT * FROM words").fetchall() == [("old",)]


@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_no_other_user_can_read_a_database_its_log_or_its_folder_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    data = tmp_path / "data"
    before = os.umask(umask)
    try:
        stores = [make(data) for make, _, _ in STORES.values()]
        for store, (_, keep, _) in zip(stores, STORES.values(), strict=True):
            keep(store)
        assert {path.name for path in data.iterdir()} >= {*STORES, "chat.sqlite3-wal", "chat.sqlite3-shm", "chat-1.key"}
        assert {oct(stat.S_IMODE(path.stat().st_mode)) for path in data.iterdir()} == {"0o600"}
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
    finally:
        os.umask(before)


def test_opening_a_file_that_an_older_version_left_readable_for_others_makes_it_private(tmp_path: Path) -> None:
    data = tmp_path / "data"
    make, keep, look = STORES["chat.sqlite3"]
    store = make(data)
    keep(store)
    for path in (data, *data.iterdir()):
        path.chmod(0o755)
    assert look(make(data))
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert stat.S_IMODE((data / "chat.sqlite3").stat().st_mode) == 0o600


@pytest.mark.parametrize("name", sorted(STORES.keys() - {"kept.sqlite3"}))  # kept.sqlite3 copes without its file
def test_an_impossible_data_folder_is_a_database_error(name: str, tmp_path: Path) -> None:
    """Callers that can do without a database catch this error; another once ended the thread that ends quiet chats."""
    (tmp_path / "data").write_text("A file, where a folder has to be.")
    make, add, _ = STORES[name]
    with pytest.raises(sqlite3.Error):
        add(make(tmp_path / "data"))
