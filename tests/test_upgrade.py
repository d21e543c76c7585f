"""Data of every release that ever landed: built from its stored schema, opened by today's code, with all that it held.

`tests/schemas/NAME-N.sql` is the schema that NAME.sqlite3 had from some day on, with its version. Whoever changes a schema
adds the next file; a test says so.
"""

import sqlite3
import urllib.request
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sidedoor.chat.sqlite_store import SqliteStore
from sidedoor.desk.audit import Audit
from sidedoor.desk.items.preview_links import PreviewLinks
from sidedoor.desk.items.reviews import Reviews
from sidedoor.desk.people.person import Person
from sidedoor.desk.people.sessions import Sessions
from sidedoor.desk.people.staff import Staff
from sidedoor.desk.told.notices import Notices
from sidedoor.documents.kept import Kept
from sidedoor.public.feedback_store import FeedbackStore
from tests.content import SITE, ContentFolder
from tests.server import DESK, RunningSite

SCHEMAS = Path(__file__).parent / "schemas"
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
AT, LATER = NOON.isoformat(), (NOON + timedelta(days=400)).isoformat()
_OLD_CHAT = f"INSERT INTO conversations (token, state, started, quiet_since, newest) VALUES ('abc', 'waiting', '{AT}', '{AT}', 1)"
_CHAT = (
    "INSERT INTO conversations (token, network, state, started, quiet_since, seen, newest)"
    f" VALUES ('abc', 'net', 'waiting', '{AT}', '{AT}', '{AT}', 1)"
)
_COUNT = "INSERT INTO counts VALUES ('2026-11-24T12', 'started', 7)"
# What the releases wrote: name → the first and the last schema that take it, and the statement.
ROWS: dict[str, list[tuple[int, int, str]]] = {
    "staff": [
        (1, 9, "INSERT INTO people (id, name, roles) VALUES (3, 'Ann Lee', 'editor,press')"),
        (1, 9, "INSERT INTO passwords VALUES (3, 'a hash', 'a secret', 17)"),
        (1, 9, f"INSERT INTO passkeys VALUES (x'01', 3, x'02', 5, 'Ann''s phone', '{AT}', NULL)"),
        (1, 9, f"INSERT INTO failures (who, at) VALUES ('what somebody typed', '{AT}')"),
        (1, 2, f"INSERT INTO spent VALUES ('abc', '{AT}')"),
        (2, 9, "INSERT INTO accounts VALUES ('https://login.example ann', 3)"),
    ],
    "sessions": [
        (1, 1, f"INSERT INTO sessions VALUES ('abc', 3, '{AT}', '{AT}', 'Firefox')"),
        (2, 2, f"INSERT INTO sessions VALUES ('abc', 3, '{AT}', '{AT}', 'Firefox', 0)"),
    ],
    "reviews": [
        (1, 1, f"INSERT INTO writers VALUES ('news/a.md', 3, 'Ann Lee', '{AT}')"),
        (2, 9, f"INSERT INTO hands VALUES ('news/a.md', 'waiting', 3, 'Ann Lee', '{AT}')"),
        (1, 9, "INSERT INTO bases VALUES ('news/a.md', 'digest')"),
        (1, 9, f"INSERT INTO verdicts VALUES (1, 'news/b.md', 'other', 'override', 4, 'Eve Orr', '{AT}', 'Fire')"),
        (2, 9, f"INSERT INTO alone VALUES ('news/b.md', 'other', '', 4, 'Eve Orr', '{AT}', 'Fire')"),
        (1, 9, f"INSERT INTO typing VALUES ('news/a.md', 3, 'Ann Lee', '{AT}', 'digest', '{{\"body\": \"zq\"}}')"),
        (4, 9, f"INSERT INTO comments VALUES (1, 'news/b.md', 'Rooms', 3, 'Ann Lee', '{AT}', 'Zq?', '')"),
        (4, 9, f"INSERT INTO answers VALUES (1, 1, 4, 'Eve Orr', '{AT}', 'Yes')"),
        (5, 9, "INSERT INTO unseen VALUES (1, 3)"),
    ],
    "previews": [(1, 2, f"INSERT INTO links VALUES ('abc', 'news/a.md', '1', 'Ann', 'Bea', 1, '{LATER}', '{AT}')")],
    "audit": [(1, 2, f"INSERT INTO log VALUES (1, '{AT}', 'Ann Lee', 'signed in', '', '', 'abc')")],
    "feedback": [
        (1, 2, f"INSERT INTO messages VALUES (1, '{AT}', 'Thank you')"),
        (3, 9, f"INSERT INTO messages VALUES (1, '{AT}', 'Thank you', 'press', '', '')"),
    ],
    "notices": [(1, 9, "INSERT INTO wishes VALUES (3, 'ann@example.org', '{}', '', '2026-11-24')")],
    "kept": [(1, 9, "INSERT INTO kept VALUES ('news/a.md', '1', '2', '3', '4')")],
    "chat": [
        (1, 1, _OLD_CHAT),
        (1, 1, "INSERT INTO keys VALUES (1, x'00')"),
        (2, 6, _CHAT),
        (1, 4, f"INSERT INTO messages VALUES (1, 1, 'reader', x'00', '{AT}', NULL)"),
        (5, 6, f"INSERT INTO messages (conversation, number, who, sealed, at) VALUES (1, 1, 'reader', x'00', '{AT}')"),
        (1, 6, _COUNT),
    ],
}


def staff(data: Path) -> object:
    it = Staff(data)
    (ann,) = it.everybody()
    kept = (it.has_password(3), [(key.label, key.signs) for key in it.passkeys(3)])
    # From before there were sessions of people: what was typed is forgotten, and a new link works.
    assert it.attempt(ann, "net", NOON)
    assert it.invited(it.new_link(3, NOON), NOON)
    return ann.name, sorted(ann.roles), *kept


def chat(data: Path) -> object:
    it = SqliteStore(data)
    token = it.start(("net",), 9, NOON)
    begun = it.find(token, NOON)
    assert begun
    it.say(begun.id, "reader", "zqnew", NOON)
    assert [one.text for one in it.messages(begun.id)] == ["zqnew"]
    it.end_the_quiet(NOON + timedelta(days=1))
    states = {one.state for one in it.live(NOON + timedelta(days=1))}
    assert states <= {"ended"}, "what was open then is over, and so is this"
    return [count for count in it.counts() if count[0] == "2026-11-24T12"]


LOOKS: dict[str, tuple[Callable[[Path], object], Any]] = {
    "staff": (staff, ("Ann Lee", ["editor", "press"], True, [("Ann's phone", 5)])),
    "sessions": (lambda data: [one.browser for one in Sessions(data).of(Person(3, "", frozenset()), NOON)], ["Firefox"]),
    "reviews": (
        lambda data: (
            Reviews(data).writers("news/a.md"), Reviews(data).base("news/a.md"),
            [(one.file, one.name, one.note) for one in Reviews(data).overrides()],
            [dict(one.fields) for one in Reviews(data).typed("news/a.md")],
        ),
        ({3: "Ann Lee"}, "digest", [("news/b.md", "Eve Orr", "Fire")], [{"body": "zq"}]),
    ),
    "previews": (lambda data: [one.for_whom for one in PreviewLinks(data).of("news/a.md", NOON)], ["Bea"]),
    "audit": (lambda data: [one.action for one in Audit(data, lambda: NOON).everything()], ["signed in"]),
    "notices": (lambda data: Notices(data).wishes(3).address, "ann@example.org"),
    "feedback": (lambda data: [one.text for one in FeedbackStore(data).all()], ["Thank you"]),
    "kept": (lambda data: [copy.file for copy in Kept(data).all()], ["news/a.md"]),
    "chat": (chat, [("2026-11-24T12", "started", 7)]),
}  # fmt: skip
STORED = sorted(path.stem for path in SCHEMAS.glob("*.sql"))


def build(data: Path, stored: str) -> Path:
    """A database as a release left it, with something in each of its tables that matters."""
    name, _, number = stored.rpartition("-")
    data.mkdir(exist_ok=True)
    path = data / f"{name}.sqlite3"
    with closing(sqlite3.connect(path)) as database:
        database.executescript((SCHEMAS / f"{stored}.sql").read_text("utf-8"))
        for first, last, statement in ROWS[name]:
            if first <= int(number) <= last:
                database.execute(statement)
        database.commit()
    return path


def schema(path: Path) -> tuple[int, set[str]]:
    """The version of a database, and its tables with their columns."""
    with closing(sqlite3.connect(path)) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        columns = {
            f"{name}.{column[1]}"
            for (name,) in tables.fetchall()
            for column in database.execute(f"PRAGMA table_info({name})")
        }
        return int(database.execute("PRAGMA user_version").fetchone()[0]), columns


@pytest.mark.parametrize("stored", STORED)
def test_a_database_of_any_release_is_taken_up_with_what_it_holds(stored: str, tmp_path: Path) -> None:
    path = build(tmp_path / "old", stored)
    look, held = LOOKS[path.stem]
    assert look(path.parent) == held
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    make_fresh(path.stem, fresh)
    assert schema(path) == schema(fresh / path.name), "an old file and a new one are the same afterwards"


def make_fresh(name: str, data: Path) -> None:
    """A file that today's code made from nothing."""
    makers: dict[str, Callable[[Path], Any]] = {
        "staff": lambda data: Staff(data).everybody(), "sessions": lambda data: Sessions(data).of(Person(1, "", frozenset()), NOON),
        "reviews": lambda data: Reviews(data).overrides(), "previews": lambda data: PreviewLinks(data).of("", NOON),
        "audit": lambda data: Audit(data, lambda: NOON).everything(), "feedback": lambda data: FeedbackStore(data).all(),
        "notices": lambda data: Notices(data).people(),
        "kept": lambda data: list(Kept(data).all()), "chat": lambda data: SqliteStore(data).counts(),
    }  # fmt: skip
    makers[name](data)


@pytest.mark.parametrize("name", ROWS)
def test_the_schema_of_today_is_stored_for_those_who_come_after(name: str, tmp_path: Path) -> None:
    make_fresh(name, tmp_path)
    latest = max(
        (stored for stored in STORED if stored.rpartition("-")[0] == name), key=lambda it: int(it.rpartition("-")[2])
    )
    assert schema(build(tmp_path / "stored", latest)) == schema(tmp_path / f"{name}.sqlite3"), (
        f"The schema of {name}.sqlite3 changed: store it as tests/schemas/{name}-N.sql, and its rows here."
    )


@pytest.mark.parametrize("which", ["oldest", "newest"])
def test_the_site_and_the_desk_start_on_a_whole_folder_of_a_release(
    which: str, content: ContentFolder, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    for name in ROWS:
        numbers = sorted(int(stored.rpartition("-")[2]) for stored in STORED if stored.rpartition("-")[0] == name)
        build(data, f"{name}-{numbers[0 if which == 'oldest' else -1]}")
    content.write("site.toml", f'{SITE}[chat]\nanswered_by = "Advisers."\nconfidential = "We keep nothing."\n')
    site = RunningSite(content.path, data)
    try:
        for path in ("/help/money", "/chat"):
            with urllib.request.urlopen(site.url + path) as answer:
                assert answer.status == 200
    finally:
        site.close()
    desk = RunningSite(content.path, data, application=DESK)
    desk.close()
    assert "ERROR" not in site.log.read_text() + desk.log.read_text()
