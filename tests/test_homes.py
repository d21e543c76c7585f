"""What stores keep, in SQLite files and in PostgreSQL alike: one suite for both, with the real server.

Each `home` of a test is a new one; `Home`s of one address stand for several machines.
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
from sidedoor.desk.audit import Audit
from sidedoor.desk.databases import KEPT
from sidedoor.desk.items.comments import CannotComment, Comments
from sidedoor.desk.items.preview_links import PreviewLinks
from sidedoor.desk.items.reviews import Override, Reviews
from sidedoor.desk.people.person import Person
from sidedoor.desk.people.sessions import Sessions
from sidedoor.desk.people.staff import FAILURES, LinkSpent, NotPossible, Passkey, Password, Staff
from sidedoor.desk.told.notices import Notices
from sidedoor.documents.problems import Refused
from sidedoor.home import ELSEWHERE, Home, Schema, look, open_database
from sidedoor.public import create_app
from sidedoor.public.feedback_store import MOST_AN_HOUR, FeedbackStore, StoreFull
from sidedoor.settings import Settings
from tests.content import ContentFolder
from tests.postgresql import QUOTED, PostgreSQL, running
from tests.server import free_port

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
NEWS = "news/a.md"
ONE = "CREATE TABLE IF NOT EXISTS words (number INTEGER PRIMARY KEY, word TEXT);"
TWO = "ALTER TABLE words ADD COLUMN count INTEGER NOT NULL DEFAULT 7;\nUPDATE words SET count = 8 WHERE word = 'old'"
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
    "staff": (lambda home: [one.name for one in Staff(home).everybody()], ["Ann Lee"]),
    "sessions": (lambda home: [one.browser for one in Sessions(home).of(ANN, NOON)], ["Firefox"]),
    "reviews": (lambda home: (Reviews(home).writers(NEWS), Reviews(home).knows(NEWS, "1")), ({1: "Ann Lee"}, True)),
    "previews": (lambda home: [one.for_whom for one in PreviewLinks(home).of(NEWS, NOON)], ["The council"]),
    "audit": (lambda home: [one.action for one in Audit(home, lambda: NOON).everything()], ["signed in"]),
    "feedback": (lambda home: [one.text for one in FeedbackStore(home).all()], ["Thank you"]),
    "notices": (lambda home: Notices(home).wishes(1).address, "ann@example.org"),
}


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    with running() as started:
        yield started


@pytest.fixture
def home(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Home:
    """Where one machine keeps what has to last."""
    address = request.getfixturevalue("server").database() if kind == "postgresql" else ""
    return Home(tmp_path / "data", address)


def at_once(count: int, act: Callable[[int], object]) -> list[object]:
    """What `act` says to so many who do it in the same moment; an exception is what it says, too."""
    ready = threading.Barrier(count)

    def one(number: int) -> object:
        ready.wait()
        try:
            return act(number)
        except Exception as error:
            return type(error)

    with ThreadPoolExecutor(count) as people:
        return list(people.map(one, range(count)))


@BOTH
def test_what_one_process_keeps_the_next_one_knows(home: Home) -> None:
    assert set(MADE) == set(SEEN) == {schema.name for schema in KEPT}
    for name, make in MADE.items():
        make(home)
        look_at, held = SEEN[name]
        assert look_at(home) == held, name


@BOTH
def test_whoever_only_reads_cannot_write_and_a_block_that_fails_leaves_nothing(home: Home) -> None:
    database = open_database(home, Schema("words", (ONE,)))
    with pytest.raises(sqlite3.Error), database.reading() as reading:
        reading.execute("INSERT INTO words (word) VALUES ('one')")
    with suppress(InterruptedError), database.writing() as writing:
        writing.execute("INSERT INTO words (word) VALUES ('two')")
        raise InterruptedError
    with database.writing() as writing:
        writing.executemany("INSERT INTO words (word) VALUES (?)", [("100%?",), ("Zoë ’ 𝄞",)])
    FeedbackStore(home).add("zq\0", NOON)
    assert FeedbackStore(home).all()[0].text in ("zq\0", "zq\ufffd"), "one keeps it, the other cannot; neither fails"
    with database.reading() as reading:
        found = reading.execute(
            "SELECT word FROM words WHERE word LIKE ? OR word = ? ORDER BY number", ("1%", "Zoë ’ 𝄞")
        )
        assert [word for (word,) in found] == ["100%?", "Zoë ’ 𝄞"]


@BOTH
def test_what_a_check_found_is_still_so_when_the_write_that_depends_on_it_happens(home: Home) -> None:
    store = FeedbackStore(home)
    for number in range(MOST_AN_HOUR - 1):
        store.add(f"{number}", NOON)
    said = at_once(6, lambda number: FeedbackStore(home).add(f"from machine {number}", NOON))
    assert said.count(StoreFull) == 5 and said.count(None) == 1
    assert len(store.all()) == MOST_AN_HOUR


@BOTH
def test_migrations_run_once_also_when_the_machines_of_a_new_release_start_in_the_same_moment(home: Home) -> None:
    with open_database(home, Schema("words", (ONE,))).writing() as database:
        database.execute("INSERT INTO words (word) VALUES ('old')")

    def start(number: int) -> None:
        with open_database(home, Schema("words", (ONE, TWO))).writing() as database:
            database.execute("INSERT INTO words (word) VALUES (?)", (str(number),))

    assert at_once(4, start) == [None] * 4
    new = replace(home, data=home.data / "new")
    with open_database(home, Schema("words", (ONE, TWO))).reading() as database:
        assert sorted(database.execute("SELECT word, count FROM words").fetchall()) == [
            ("0", 7), ("1", 7), ("2", 7), ("3", 7), ("old", 8),
        ]  # fmt: skip
    # And where nothing is there at all.
    assert at_once(4, lambda number: MADE["audit"](new)) == [None] * 4
    assert Audit(new, lambda: NOON).first_broken() is None


@BOTH
def test_what_a_newer_release_made_is_left_alone_and_a_process_that_is_older_stops_using_it(home: Home) -> None:
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
def test_moments_and_names_are_compared_as_they_are_whatever_the_alphabet_of_the_server(home: Home) -> None:
    links = PreviewLinks(home)
    token = links.make(NEWS, "1", "Ann Lee", "The council", True, NOON - timedelta(days=3))
    assert links.find(token, NOON + timedelta(microseconds=500_000)) is None, "it ended half a second ago"
    assert links.find(token, NOON - timedelta(microseconds=1)) is not None
    store = Staff(home)
    for name in ("ann lee", "Zoe Orr", "Ben Oak"):
        store.add(name, ["press"])
    assert [one.name for one in store.everybody()] == ["ann lee", "Ben Oak", "Zoe Orr"]
    with pytest.raises(NotPossible):
        store.add("ANN  Lee", ["press"])


@BOTH
def test_the_log_is_only_added_to_and_holds_with_lines_that_were_taken_back_and_letters_that_cannot_be_kept(
    home: Home,
) -> None:
    log = Audit(home, lambda: NOON)
    log.record("Ann Lee", "sent\0something", "100%_x")
    with suppress(InterruptedError), log._database.writing() as database:
        log._add(database, "Ann Lee", "did not happen", "", "")
        raise InterruptedError
    log.record_stranger("could not sign in")
    assert log.first_broken() is None
    assert [one.number for one in log.entries("LEE 100%_")] == [1]
    for change in ("UPDATE log SET person = 'Eve'", "DELETE FROM log"):
        with pytest.raises(sqlite3.Error), log._database.writing() as database:
            database.execute(change)
    assert log.first_broken() is None and len(log.everything()) == 2


@BOTH
def test_who_wrote_what_is_remembered_through_every_step_and_a_move_onto_what_was_left_of_another(home: Home) -> None:
    it, other = Reviews(home), "news/b.md"
    it.wrote(NEWS, 1, "Ann", NOON, "one", "base")
    it.wrote(NEWS, 1, "Ann Lee", NOON + timedelta(seconds=1), "two", "base two")
    it.wrote(other, 1, "Old Ann", NOON, "two", "other")
    it.wrote(other, 2, "Ben", NOON, "three")
    it.rewritten(NEWS, "two", "two again")
    it.sign(NEWS, "two", 3, "Cat", NOON)
    it.store_typed(NEWS, 1, "Ann Lee", NOON, "base", {"body": "zq\0"})
    it.store_typed(NEWS, 1, "Ann Lee", NOON + timedelta(seconds=9), "base", None)
    it.move(NEWS, other)
    assert it.writers(NEWS) == {} and it.writers(other) == {2: "Ben", 1: "Ann Lee"}
    assert all(it.knows(other, version) for version in ("one", "two", "three", "two again"))
    assert it.base(other) == "base two" and it.signed(other, "two") == {3: "Cat"}
    assert [(dict(one.fields), one.at.second) for one in it.typed(other)] == [({"body": "zq\0"}, 9)]
    it.decide(other, "two", "override", 2, "Ben", NOON, "Fire")
    it.flag(Override(other, "two", "base", 2, "Ben", NOON, "Fire"), {1: "Ann Lee"})
    it.flag(Override(other, "four", "two", 2, "Ben Oak", NOON, "Flood"))
    assert (it.alone(other).digest, it.alone(other).before) == ("four", "base")  # type: ignore[union-attr]
    assert it.writers(other, "alone") == {1: "Ann Lee", 2: "Ben Oak"} and not it.writers(other)
    it.wrote(other, 2, "Ben", NOON)
    it.reopened(other, "two", "five")
    assert it.writers(other) == {1: "Ann Lee", 2: "Ben Oak"} and it.knows(other, "five") and not it.overrides()
    assert it.last(other).note == "Fire"  # type: ignore[union-attr]


@BOTH
def test_comments_are_answered_closed_and_moved_with_their_item(home: Home) -> None:
    it, other = Comments(home), "news/b.md"
    it.say(NEWS, "Ten rooms", "Are they?", 1, "Ann Lee", NOON)
    it.say(NEWS, "", "All of it?", 2, "Ben", NOON)
    first, second = it.of(NEWS)
    it.answer(NEWS, first.number, "They are.", 2, "Ben", NOON)
    it.close(NEWS, second.number, "Ann Lee")
    with pytest.raises(CannotComment):
        it.answer(other, first.number, "Elsewhere.", 2, "Ben", NOON)
    it.close(other, first.number, "Ben")
    Reviews(home).move(NEWS, other)
    assert it.of(NEWS) == []
    moved = Comments(home).of(other)
    assert [(one.passage, one.words, one.name, one.closed_by) for one in moved] == [
        ("Ten rooms", "Are they?", "Ann Lee", ""), ("", "All of it?", "Ben", "Ann Lee"),
    ]  # fmt: skip
    assert [(one.name, one.words, one.at) for one in moved[0].answers] == [("Ben", "They are.", NOON)]


@BOTH
def test_ways_in_are_good_once_and_for_one_person_whoever_asks_at_the_same_moment(home: Home) -> None:
    store = Staff(home)
    ann, ben = store.add("Ann Lee", ["admin"]), store.add("Ben Oak", ["press"])
    link = store.new_link(ann.id, NOON)
    keys = [Passkey(bytes([number, 0, 255]), ann.id, b"\0key", 0, "Phone", NOON, None) for number in range(4)]
    said = at_once(4, lambda number: Staff(home).add_passkey(keys[number], link))
    assert said.count(None) == 1 and said.count(LinkSpent) == 3
    (kept,) = store.passkeys(ann.id)
    assert kept in keys
    with pytest.raises(NotPossible):
        store.add_passkey(replace(kept, person=ben.id))
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
    assert store.add("Cat Fox", ["press"]).id > ben.id, "nobody is taken for somebody who left"


@BOTH
def test_what_stands_in_one_home_is_the_same_after_it_moved_to_a_server_and_back(
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
    assert Staff(moved).add("Cat Fox", ["press"]).id == 3, "2 was somebody else's"
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


def test_a_start_with_a_server_that_cannot_be_used_is_a_sentence_without_the_password(
    server: PostgreSQL, tmp_path: Path
) -> None:
    server.ask("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0")
    for address, said in WRONG.values():
        home = Home(tmp_path, address.format(port=server.port, password=QUOTED))
        with pytest.raises(Refused) as refused:
            look(home, KEPT)
        (problem,) = refused.value.problems
        assert problem.file == "SIDEDOOR_DATABASE" and said in str(problem)
        assert "zqwrong" not in str(problem) and "secret" not in str(problem)
    look(Home(tmp_path, f"postgresql://owner:x@127.0.0.1:{free_port()}/postgres"), KEPT)  # it may come later
    FeedbackStore(tmp_path).add("From before there was a server.", NOON)
    with pytest.raises(Refused, match=re.escape(f"Run sidedoor fill-database {tmp_path}")):
        look(Home(tmp_path, server.database()), KEPT)
    # And the other way round: a command that is not told of the server begins with no empty files beside it.
    started = Home(tmp_path / "started", server.database())
    look(started, KEPT)
    for make in MADE.values():
        with pytest.raises(Refused, match="what was kept in this folder is in one"):
            make(replace(started, server=""))


def test_the_public_site_s_user_sees_feedback_alone_and_the_desk_s_reads_and_deletes_it(
    server: PostgreSQL, tmp_path: Path
) -> None:
    site, desk = (
        Home(tmp_path / name, address)
        for name, address in zip(("site", "desk"), server.deployed("for 'the' site"), strict=True)
    )
    look(site, [schema for schema in KEPT if schema.name == "feedback"])
    look(desk, KEPT)
    assert FeedbackStore(desk).all() == [], "whoever is first makes the tables; they are the site's"
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


def test_while_the_server_is_away_readers_are_served_and_their_words_stay_in_the_form(
    server: PostgreSQL, content: ContentFolder, tmp_path: Path
) -> None:
    app = create_app(Settings(content=content.path, data=tmp_path / "data", database=server.database()))
    client = app.test_client()
    words = {"message": "Keep these words."}
    assert client.post("/feedback", data={"message": "One"}).status_code == 303
    desk = create_desk(Settings(content=content.path, data=tmp_path / "desk", database=server.database()))
    desk.config["WTF_CSRF_ENABLED"] = False
    it, ann = desk.extensions["desk"], desk.test_client()
    with ann.session_transaction() as session:
        session["token"] = it.sessions.start(it.staff.add("Ann Lee", ["press"]), "Firefox", datetime.now(UTC))
    assert ann.get("/").status_code == 200
    server.stop()
    try:
        kept = ann.post("/items/news/first", data={"title": "Words of an hour"})
        assert kept.status_code == 503 and "Words of an hour" in kept.text
        assert ann.get("/").status_code == 503
        refused = client.post("/feedback", data=words)
        assert refused.status_code == 503 and "Keep these words.</textarea>" in refused.text
        assert client.get("/help/money").status_code == 200
        answer = client.get("/healthz")
        assert answer.status_code == 200
        assert [one["code"] for one in answer.get_json()["trouble"]] == ["health_database_down"]
        assert str(server.port) not in answer.text
    finally:
        server.start()
    assert client.post("/feedback", data=words).status_code == 303
    assert ann.get("/").status_code == 200
    it.live.close()
    app.extensions["live"].close()


@pytest.mark.alone
def test_a_machine_that_says_nothing_is_waited_for_once_and_not_by_one_reader_after_the_other(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"postgresql://owner:x@127.0.0.1:{silent.getsockname()[1]}/sidedoor?connect_timeout=2"
        store, began = FeedbackStore(Home(tmp_path, address)), time.monotonic()
        assert at_once(9, lambda number: store.add(f"{number}", NOON)) == [sqlite3.OperationalError] * 9
        assert time.monotonic() - began < 3.9, "four at a time would be three times two seconds"


def test_two_desks_on_one_database_are_told_of_both(server: PostgreSQL, content: ContentFolder, tmp_path: Path) -> None:
    address = server.database()

    def troubles(folder: str) -> set[str]:
        desk = create_desk(Settings(content=content.path, data=tmp_path / folder, database=address))
        desk.extensions["desk"].staff.everybody()
        desk.extensions["desk"].live.close()
        open_for_now.append(desk)
        return {problem.code.value for problem in desk.extensions["health"].troubles()}

    open_for_now: list[Flask] = []
    for folder in ("one", "one"):  # a reload, or a command beside it
        assert "health_two_desks" not in troubles(folder)
    assert "health_two_desks" in troubles("other")


def test_a_backup_reads_the_server_and_what_is_restored_can_fill_a_new_one(
    server: PostgreSQL, content: ContentFolder, tmp_path: Path
) -> None:
    home = Home(tmp_path / "data", server.database())
    for make in MADE.values():
        make(home)
    Staff(home.data).add("From before", ["press"])
    look(home, KEPT)
    given = {
        "SIDEDOOR_CONTENT": str(content.path), "SIDEDOOR_DATA": str(home.data), "SIDEDOOR_DATABASE": home.server
    }  # fmt: skip
    recipient = new_key(tmp_path / "key")

    def sidedoor(*words: str, **more: str) -> str:
        done = CliRunner().invoke(cli, words, env={**given, **more})
        assert done.exit_code == 0, done.output
        return done.output

    sidedoor("backup", str(tmp_path / "one.age"), "--to", recipient)
    new = tmp_path / "new"
    said = sidedoor("restore", str(tmp_path / "one.age"), str(new), "--key", str(tmp_path / "key"))
    assert f"sidedoor fill-database {new / 'data'}" in said
    assert not (new / "data" / ELSEWHERE).exists()
    for look_at, held in SEEN.values():
        assert look_at(Home(new / "data")) == held, "it is a whole site without a server"
    address = server.database()
    assert "staff.sqlite3: 1 rows." in sidedoor("fill-database", str(new / "data"), SIDEDOOR_DATABASE=address)
    for look_at, held in SEEN.values():
        assert look_at(Home(new / "data", address)) == held
    assert Audit(Home(new / "data", address), lambda: NOON).first_broken() is None


def test_doctor_says_that_clocks_are_apart_and_that_others_can_read_along(
    server: PostgreSQL, content: ContentFolder, tmp_path: Path
) -> None:
    """An hour ahead of the database, which is reached at an address that is not this machine's own."""
    settings = {
        "SIDEDOOR_CONTENT": str(content.path), "SIDEDOOR_DATA": str(tmp_path / "data"), "PORT": str(free_port()),
        "SIDEDOOR_DATABASE": server.database().replace("127.0.0.1", "127.0.0.2"),
    }  # fmt: skip
    command = ["faketime", "-f", "+1h", str(Path(sys.executable).with_name("sidedoor")), "doctor"]
    said = subprocess.run(command, env={**os.environ, **settings}, capture_output=True, text=True, check=False)
    apart = r"the clock: error: This machine's clock and the database's are 3[56]\d\d seconds apart"
    assert re.search(apart, said.stdout), said.stdout + said.stderr
    assert "SIDEDOOR_DATABASE: warning: What is said to the database at another machine can be read" in said.stdout
