"""The stores, on SQLite files and on PostgreSQL: one suite for both, with a real server.

Each test has a new `home`; several `Home`s with one address stand for several machines.
"""

import os
import re
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask

from sidedoor.backup import new_key
from sidedoor.cli import main as cli
from sidedoor.database_moves import as_files, fill
from sidedoor.desk import create_app as create_desk
from sidedoor.desk.audit.store import Audit
from sidedoor.desk.databases import KEPT
from sidedoor.desk.items.comments import CannotComment, Comments
from sidedoor.desk.items.preview_links import PreviewLinks
from sidedoor.desk.items.reviews import Override, Reviews
from sidedoor.desk.notices.store import Notices
from sidedoor.desk.people.person import Person
from sidedoor.desk.people.sessions import Sessions
from sidedoor.desk.people.staff import FAILURES, LinkSpent, NotPossible, Passkey, Password, Staff
from sidedoor.documents.problems import Refused
from sidedoor.home import ELSEWHERE, Home, look, open_database
from sidedoor.public import create_app
from sidedoor.public.feedback_store import MOST_AN_HOUR, FeedbackStore, StoreFull
from sidedoor.schema import Schema
from sidedoor.settings import Settings
from tests.content import ContentFolder
from tests.postgresql import QUOTED, PostgreSQL, running
from tests.server import free_port

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
NEWS = "news/a.md"
FIRST_MIGRATION = "CREATE TABLE IF NOT EXISTS words (number INTEGER PRIMARY KEY, word TEXT);"
SECOND_MIGRATION = (
    "ALTER TABLE words ADD COLUMN count INTEGER NOT NULL DEFAULT 7;\nUPDATE words SET count = 8 WHERE word = 'old'"
)
ANN = Person(1, "Ann Lee", frozenset())
BOTH = pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
MADE: dict[str, Callable[[Home], Any]] = {
    "staff": lambda home: Staff(home).add("Ann Lee", ["press"]),
    "sessions": lambda home: Sessions(home).start(ANN, "Firefox", NOON),
    "reviews": lambda home: Reviews(home).wrote(NEWS, 1, "Ann Lee", NOON, "1", "0"),
    "previews": lambda home: PreviewLinks(home).make(NEWS, "1", "Ann Lee", "The council", True, NOON),
    "audit": lambda home: Audit(home, lambda: NOON).record("Ann Lee", "signed in"),
    "feedback": lambda home: FeedbackStore(home).add("Thank you", NOON),
    "notices": lambda home: Notices(home).wish(1, "ann@example.org", {}, NOON.date()),
}
SEEN: dict[str, tuple[Callable[[Home], Any], Any]] = {
    "staff": (lambda home: [person.name for person in Staff(home).everybody()], ["Ann Lee"]),
    "sessions": (lambda home: [session.browser for session in Sessions(home).of(ANN, NOON)], ["Firefox"]),
    "reviews": (lambda home: (Reviews(home).writers(NEWS), Reviews(home).knows(NEWS, "1")), ({1: "Ann Lee"}, True)),
    "previews": (lambda home: [link.for_whom for link in PreviewLinks(home).of(NEWS, NOON)], ["The council"]),
    "audit": (lambda home: [entry.action for entry in Audit(home, lambda: NOON).everything()], ["signed in"]),
    "feedback": (lambda home: [message.text for message in FeedbackStore(home).all()], ["Thank you"]),
    "notices": (lambda home: Notices(home).wishes(1).address, "ann@example.org"),
}


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    with running() as started:
        yield started


@pytest.fixture
def home(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Home:
    """Where one machine stores what has to last."""
    address = request.getfixturevalue("server").database() if kind == "postgresql" else ""
    return Home(tmp_path / "data", address)


def at_once(count: int, act: Callable[[int], object]) -> list[object]:
    """What `act` returns when `count` threads call it at the same moment; for an exception, its class."""
    ready = threading.Barrier(count)

    def act_when_ready(number: int) -> object:
        ready.wait()
        try:
            return act(number)
        except Exception as error:
            return type(error)

    with ThreadPoolExecutor(count) as people:
        return list(people.map(act_when_ready, range(count)))


@BOTH
def test_what_one_process_stores_the_next_process_reads(home: Home) -> None:
    assert set(MADE) == set(SEEN) == {schema.name for schema in KEPT}
    for name, make in MADE.items():
        make(home)
        look_at, held = SEEN[name]
        assert look_at(home) == held, name


@BOTH
def test_a_reading_block_cannot_write_and_a_failing_block_leaves_nothing(home: Home) -> None:
    database = open_database(home, Schema("words", (FIRST_MIGRATION,)))
    with pytest.raises(sqlite3.Error), database.reading() as reading:
        reading.execute("INSERT INTO words (word) VALUES ('one')")
    with suppress(InterruptedError), database.writing() as writing:
        writing.execute("INSERT INTO words (word) VALUES ('two')")
        raise InterruptedError
    with database.writing() as writing:
        writing.executemany("INSERT INTO words (word) VALUES (?)", [("100%?",), ("Zoë ’ 𝄞",)])
    FeedbackStore(home).add("zq\0", NOON)
    assert FeedbackStore(home).all()[0].text in ("zq\0", "zq\ufffd"), (
        "SQLite can store a NUL, PostgreSQL cannot; neither fails"
    )
    with database.reading() as reading:
        rows = reading.execute(
            "SELECT word FROM words WHERE word LIKE ? OR word = ? ORDER BY number", ("1%", "Zoë ’ 𝄞")
        )
        assert [word for (word,) in rows] == ["100%?", "Zoë ’ 𝄞"]


@BOTH
def test_what_a_check_read_still_holds_when_the_write_that_depends_on_it_happens(home: Home) -> None:
    store = FeedbackStore(home)
    for number in range(MOST_AN_HOUR - 1):
        store.add(f"{number}", NOON)
    results = at_once(6, lambda number: FeedbackStore(home).add(f"from machine {number}", NOON))
    assert results.count(StoreFull) == 5 and results.count(None) == 1
    assert len(store.all()) == MOST_AN_HOUR


@BOTH
def test_migrations_run_once_even_when_several_machines_of_a_new_release_start_at_once(home: Home) -> None:
    with open_database(home, Schema("words", (FIRST_MIGRATION,))).writing() as database:
        database.execute("INSERT INTO words (word) VALUES ('old')")

    def start(number: int) -> None:
        with open_database(home, Schema("words", (FIRST_MIGRATION, SECOND_MIGRATION))).writing() as database:
            database.execute("INSERT INTO words (word) VALUES (?)", (str(number),))

    assert at_once(4, start) == [None] * 4
    new = replace(home, data=home.data / "new")
    with open_database(home, Schema("words", (FIRST_MIGRATION, SECOND_MIGRATION))).reading() as database:
        assert sorted(database.execute("SELECT word, count FROM words").fetchall()) == [
            ("0", 7), ("1", 7), ("2", 7), ("3", 7), ("old", 8),
        ]  # fmt: skip
    # Also in a new, empty folder.
    assert at_once(4, lambda number: MADE["audit"](new)) == [None] * 4
    assert Audit(new, lambda: NOON).first_broken() is None


@BOTH
def test_an_older_process_leaves_a_newer_releases_database_alone(home: Home) -> None:
    older = FeedbackStore(home)
    older.add("Thank you", NOON)
    newer = Schema("feedback", (*KEPT[5].migrations, "ALTER TABLE messages ADD COLUMN star INTEGER"))
    with open_database(home, newer).reading():
        pass
    with pytest.raises(sqlite3.Error):
        older.add("Again", NOON)
    start = (lambda: look(home, KEPT[5:])) if home.server else (lambda: FeedbackStore(home))
    with pytest.raises(Refused, match="A newer version of Sidedoor made this database, so this one cannot open it"):
        start()


@BOTH
def test_times_and_names_compare_the_same_whatever_the_servers_collation(home: Home) -> None:
    links = PreviewLinks(home)
    token = links.make(NEWS, "1", "Ann Lee", "The council", True, NOON - timedelta(days=3))
    assert links.find(token, NOON + timedelta(microseconds=500_000)) is None, "it ended half a second ago"
    assert links.find(token, NOON - timedelta(microseconds=1)) is not None
    store = Staff(home)
    for name in ("ann lee", "Zoe Orr", "Ben Oak"):
        store.add(name, ["press"])
    assert [person.name for person in store.everybody()] == ["ann lee", "Ben Oak", "Zoe Orr"]
    with pytest.raises(NotPossible):
        store.add("ANN  Lee", ["press"])


@BOTH
def test_the_log_is_append_only_and_stays_valid_after_a_rollback_and_with_letters_that_cannot_be_stored(
    home: Home,
) -> None:
    log = Audit(home, lambda: NOON)
    log.record("Ann Lee", "sent\0something", "100%_x")
    with suppress(InterruptedError), log._database.writing() as database:
        log._add(database, "Ann Lee", "did not happen", "", "")
        raise InterruptedError
    log.record_stranger("could not sign in")
    assert log.first_broken() is None
    assert [entry.number for entry in log.entries("LEE 100%_")] == [1]
    for change in ("UPDATE log SET person = 'Eve'", "DELETE FROM log"):
        with pytest.raises(sqlite3.Error), log._database.writing() as database:
            database.execute(change)
    assert log.first_broken() is None and len(log.everything()) == 2


@BOTH
def test_writers_are_remembered_through_every_step_and_a_move_to_an_address_with_remains_of_another_item(
    home: Home,
) -> None:
    reviews, other = Reviews(home), "news/b.md"
    reviews.wrote(NEWS, 1, "Ann", NOON, "one", "base")
    reviews.wrote(NEWS, 1, "Ann Lee", NOON + timedelta(seconds=1), "two", "base two")
    reviews.wrote(other, 1, "Old Ann", NOON, "two", "other")
    reviews.wrote(other, 2, "Ben", NOON, "three")
    reviews.rewritten(NEWS, "two", "two again")
    reviews.sign(NEWS, "two", 3, "Cat", NOON)
    reviews.store_typed(NEWS, 1, "Ann Lee", NOON, "base", {"body": "zq\0"})
    reviews.store_typed(NEWS, 1, "Ann Lee", NOON + timedelta(seconds=9), "base", None)
    reviews.move(NEWS, other)
    assert reviews.writers(NEWS) == {} and reviews.writers(other) == {2: "Ben", 1: "Ann Lee"}
    assert all(reviews.knows(other, version) for version in ("one", "two", "three", "two again"))
    assert reviews.base(other) == "base two" and reviews.signed(other, "two") == {3: "Cat"}
    assert [(dict(draft.fields), draft.at.second) for draft in reviews.typed(other)] == [({"body": "zq\0"}, 9)]
    reviews.decide(other, "two", "override", 2, "Ben", NOON, "Fire")
    reviews.flag(Override(other, "two", "base", 2, "Ben", NOON, "Fire"), {1: "Ann Lee"})
    reviews.flag(Override(other, "four", "two", 2, "Ben Oak", NOON, "Flood"))
    assert (reviews.alone(other).digest, reviews.alone(other).before) == ("four", "base")  # type: ignore[union-attr]
    assert reviews.writers(other, "alone") == {1: "Ann Lee", 2: "Ben Oak"} and not reviews.writers(other)
    reviews.wrote(other, 2, "Ben", NOON)
    reviews.reopened(other, "two", "five")
    assert (
        reviews.writers(other) == {1: "Ann Lee", 2: "Ben Oak"}
        and reviews.knows(other, "five")
        and not reviews.overrides()
    )
    assert reviews.last(other).note == "Fire"  # type: ignore[union-attr]


@BOTH
def test_comments_are_answered_closed_and_moved_with_their_item(home: Home) -> None:
    comments, other = Comments(home), "news/b.md"
    comments.say(NEWS, "Ten rooms", "Are they?", 1, "Ann Lee", NOON)
    comments.say(NEWS, "", "All of it?", 2, "Ben", NOON)
    first, second = comments.of(NEWS)
    comments.answer(NEWS, first.number, "They are.", 2, "Ben", NOON)
    comments.close(NEWS, second.number, "Ann Lee")
    with pytest.raises(CannotComment):
        comments.answer(other, first.number, "Elsewhere.", 2, "Ben", NOON)
    comments.close(other, first.number, "Ben")
    Reviews(home).move(NEWS, other)
    assert comments.of(NEWS) == []
    moved = Comments(home).of(other)
    assert [(comment.passage, comment.words, comment.name, comment.closed_by) for comment in moved] == [
        ("Ten rooms", "Are they?", "Ann Lee", ""), ("", "All of it?", "Ben", "Ann Lee"),
    ]  # fmt: skip
    assert [(answer.name, answer.words, answer.at) for answer in moved[0].answers] == [("Ben", "They are.", NOON)]


@BOTH
def test_links_passkeys_and_challenges_work_once_for_one_person_however_many_try_at_once(home: Home) -> None:
    store = Staff(home)
    ann, ben = store.add("Ann Lee", ["admin"]), store.add("Ben Oak", ["press"])
    link = store.new_link(ann.id, NOON)
    keys = [Passkey(bytes([number, 0, 255]), ann.id, b"\0key", 0, "Phone", NOON, None) for number in range(4)]
    results = at_once(4, lambda number: Staff(home).add_passkey(keys[number], link))
    assert results.count(None) == 1 and results.count(LinkSpent) == 3
    (stored,) = store.passkeys(ann.id)
    assert stored in keys
    with pytest.raises(NotPossible):
        store.add_passkey(replace(stored, person=ben.id))
    for step in (1, 2):
        store.set_password(ben.id, Password(f"hash {step}", "secret", step), NOON)
    assert store.has_password(ben.id)
    challenge = store.challenge("sign in", NOON)
    assert sorted(map(str, at_once(4, lambda _: Staff(home).answered(challenge, "sign in", NOON)))) == [
        "False", "False", "False", "True",
    ]  # fmt: skip
    for _ in range(FAILURES):
        assert store.attempt(ben, "net", NOON)
    assert not store.attempt(ben, "net", NOON)
    store.succeeded(ben, "net")
    assert store.attempt(ben, "net", NOON)
    with pytest.raises(NotPossible):
        store.remove(ann.id)
    store.remove(ben.id)
    assert store.add("Cat Fox", ["press"]).id > ben.id, "the numbers of people who left are not used again"


@BOTH
def test_a_home_holds_the_same_after_moving_to_a_server_and_back(
    kind: str, home: Home, server: PostgreSQL, tmp_path: Path
) -> None:
    for make in MADE.values():
        make(home)
    Staff(home).remove(Staff(home).add("Ben Oak", ["press"]).id)
    first = home.data
    if home.server:
        first = tmp_path / "copy"
        first.mkdir()
        for file, raw in as_files(home.server, KEPT).items():
            (first / file).write_bytes(raw)
    address = server.database()
    assert set(fill(address, KEPT, first)) == {schema.file for schema in KEPT}
    moved = Home(home.data, address)
    for name, (look_at, held) in SEEN.items():
        assert look_at(moved) == look_at(home) == held, name
    log = Audit(moved, lambda: NOON)
    log.record("Ann Lee", "moved")
    assert log.first_broken() is None
    assert Staff(moved).add("Cat Fox", ["press"]).id == 3, "2 belonged to somebody else"
    with pytest.raises(Refused, match="holds something already, so nothing was copied"):
        fill(address, KEPT, first)
    with closing(sqlite3.connect(":memory:")) as back:
        back.deserialize(as_files(address, KEPT)["staff.sqlite3"])
        assert back.execute("SELECT name FROM people ORDER BY id").fetchall() == [("Ann Lee",), ("Cat Fox",)]
        assert back.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


WRONG: dict[str, tuple[str, str]] = {
    "password": ("postgresql://owner:zqwrong@127.0.0.1:{port}/postgres", "does not accept the user or the password"),
    "user": ("postgresql://nobody:zqwrong@127.0.0.1:{port}/postgres", "does not accept the user or the password"),
    "no password": ("postgresql://owner@127.0.0.1:{port}/postgres", "does not accept the user or the password"),
    "database": ("postgresql://owner:{password}@127.0.0.1:{port}/nowhere", "has no such thing (database \"nowhere\""),
    "option": ("postgresql://owner:zqwrong@127.0.0.1:{port}/postgres?nonsense=1", "This is no address of a PostgreSQL"),
    "letters": ("postgresql://owner:{password}@127.0.0.1:{port}/latin", "This database cannot hold every letter."),
}  # fmt: skip


def test_an_unusable_server_is_reported_in_a_sentence_without_the_password(server: PostgreSQL, tmp_path: Path) -> None:
    server.ask("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0")
    for address, message in WRONG.values():
        home = Home(tmp_path, address.format(port=server.port, password=QUOTED))
        with pytest.raises(Refused) as refused:
            look(home, KEPT)
        (problem,) = refused.value.problems
        assert problem.file == "SIDEDOOR_DATABASE" and message in str(problem)
        assert "zqwrong" not in str(problem) and "secret" not in str(problem)
    look(
        Home(tmp_path, f"postgresql://owner:x@127.0.0.1:{free_port()}/postgres"), KEPT
    )  # a server that does not answer may start later
    FeedbackStore(tmp_path).add("From before there was a server.", NOON)
    with pytest.raises(Refused, match=re.escape(f"Run sidedoor fill-database {tmp_path}")):
        look(Home(tmp_path, server.database()), KEPT)
    # Conversely, a command that does not know of the server does not start empty files beside it.
    started = Home(tmp_path / "started", server.database())
    look(started, KEPT)
    for make in MADE.values():
        with pytest.raises(Refused, match="what was kept in this folder is in one"):
            make(replace(started, server=""))


def test_the_public_sites_database_user_sees_only_feedback_and_the_desks_user_reads_and_deletes_it(
    server: PostgreSQL, tmp_path: Path
) -> None:
    site, desk = (
        Home(tmp_path / name, address)
        for name, address in zip(("site", "desk"), server.deployed("for 'the' site"), strict=True)
    )
    look(site, [schema for schema in KEPT if schema.name == "feedback"])
    look(desk, KEPT)
    assert FeedbackStore(desk).all() == [], "whichever starts first makes the tables; they belong to the site"
    FeedbackStore(site).add("Thank you", NOON)
    (message,) = FeedbackStore(desk).all()
    assert FeedbackStore(desk).delete(message.number) and FeedbackStore(site).all() == []
    for make in MADE.values():
        make(desk)
    for name in set(SEEN) - {"feedback"}:
        with pytest.raises(sqlite3.Error):
            SEEN[name][0](site)
    with pytest.raises(Refused, match="This user may not do what Sidedoor needs"):
        look(site, KEPT)


def test_while_the_server_is_down_readers_are_served_and_their_words_stay_in_the_form(
    server: PostgreSQL, content: ContentFolder, tmp_path: Path
) -> None:
    app = create_app(Settings(content=content.path, data=tmp_path / "data", database=server.database()))
    client = app.test_client()
    words = {"message": "Keep these words."}
    assert client.post("/feedback", data={"message": "One"}).status_code == 303
    desk = create_desk(Settings(content=content.path, data=tmp_path / "desk", database=server.database()))
    desk.config["WTF_CSRF_ENABLED"] = False
    parts, ann = desk.extensions["desk"], desk.test_client()
    with ann.session_transaction() as session:
        session["token"] = parts.sessions.start(parts.staff.add("Ann Lee", ["press"]), "Firefox", datetime.now(UTC))
    assert ann.get("/").status_code == 200
    server.stop()
    try:
        unsaved = ann.post("/items/news/first", data={"title": "Words of an hour"})
        assert unsaved.status_code == 503 and "Words of an hour" in unsaved.text
        assert ann.get("/").status_code == 503
        refused = client.post("/feedback", data=words)
        assert refused.status_code == 503 and "Keep these words.</textarea>" in refused.text
        assert client.get("/help/money").status_code == 200
        answer = client.get("/healthz")
        assert answer.status_code == 200
        assert [trouble["code"] for trouble in answer.get_json()["trouble"]] == ["health_database_down"]
        assert str(server.port) not in answer.text
    finally:
        server.start()
    assert client.post("/feedback", data=words).status_code == 303
    assert ann.get("/").status_code == 200
    parts.live.close()
    app.extensions["live"].close()


@pytest.mark.alone
def test_readers_wait_for_a_silent_server_together_and_not_one_after_the_other(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"postgresql://owner:x@127.0.0.1:{silent.getsockname()[1]}/sidedoor?connect_timeout=2"
        store, began = FeedbackStore(Home(tmp_path, address)), time.monotonic()
        assert at_once(9, lambda number: store.add(f"{number}", NOON)) == [sqlite3.OperationalError] * 9
        assert time.monotonic() - began < 3.9, "four at a time would take three times two seconds"


def test_two_desks_on_one_database_are_reported(server: PostgreSQL, content: ContentFolder, tmp_path: Path) -> None:
    address = server.database()

    def troubles(folder: str) -> set[str]:
        desk = create_desk(Settings(content=content.path, data=tmp_path / folder, database=address))
        desk.extensions["desk"].staff.everybody()
        desk.extensions["desk"].live.close()
        open_desks.append(desk)
        return {problem.code.value for problem in desk.extensions["health"].troubles()}

    open_desks: list[Flask] = []
    for folder in ("one", "one"):  # a desk that reloads, or a command beside it
        assert "health_two_desks" not in troubles(folder)
    assert "health_two_desks" in troubles("other")


def test_a_backup_reads_the_server_and_a_restore_can_fill_a_new_one(
    server: PostgreSQL, content: ContentFolder, tmp_path: Path
) -> None:
    home = Home(tmp_path / "data", server.database())
    for make in MADE.values():
        make(home)
    Staff(home.data).add("From before", ["press"])
    look(home, KEPT)
    environment = {
        "SIDEDOOR_CONTENT": str(content.path), "SIDEDOOR_DATA": str(home.data), "SIDEDOOR_DATABASE": home.server
    }  # fmt: skip
    recipient = new_key(tmp_path / "key")

    def sidedoor(*words: str, **more: str) -> str:
        done = CliRunner().invoke(cli, words, env={**environment, **more})
        assert done.exit_code == 0, done.output
        return done.output

    sidedoor("backup", str(tmp_path / "one.age"), "--to", recipient)
    new = tmp_path / "new"
    output = sidedoor("restore", str(tmp_path / "one.age"), str(new), "--key", str(tmp_path / "key"))
    assert f"sidedoor fill-database {new / 'data'}" in output
    assert not (new / "data" / ELSEWHERE).exists()
    for look_at, held in SEEN.values():
        assert look_at(Home(new / "data")) == held, "it is a whole site without a server"
    address = server.database()
    assert "staff.sqlite3: 1 rows." in sidedoor("fill-database", str(new / "data"), SIDEDOOR_DATABASE=address)
    for look_at, held in SEEN.values():
        assert look_at(Home(new / "data", address)) == held
    assert Audit(Home(new / "data", address), lambda: NOON).first_broken() is None


def test_doctor_reports_clocks_that_differ_and_a_connection_that_others_can_read(
    server: PostgreSQL, content: ContentFolder, tmp_path: Path
) -> None:
    """The machine is an hour ahead of the database, which it reaches at an address other than its own."""
    settings = {
        "SIDEDOOR_CONTENT": str(content.path), "SIDEDOOR_DATA": str(tmp_path / "data"), "PORT": str(free_port()),
        "SIDEDOOR_DATABASE": server.database().replace("127.0.0.1", "127.0.0.2"),
    }  # fmt: skip
    command = ["faketime", "-f", "+1h", str(Path(sys.executable).with_name("sidedoor")), "doctor"]
    doctor = subprocess.run(command, env={**os.environ, **settings}, capture_output=True, text=True, check=False)
    apart = r"the clock: error: This machine's clock and the database's are 3[56]\d\d seconds apart"
    assert re.search(apart, doctor.stdout), doctor.stdout + doctor.stderr
    assert "SIDEDOOR_DATABASE: warning: What is said to the database at another machine can be read" in doctor.stdout
