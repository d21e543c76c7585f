"""Databases of every release, built from stored schemas: today's code opens them and finds everything in them.

`tests/schemas/NAME-N.sql` is version N of the schema of NAME.sqlite3. A change to a schema needs the next file; a test
fails without it.
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
from sidedoor.desk.audit.store import Audit
from sidedoor.desk.items.preview_links import PreviewLinks
from sidedoor.desk.items.reviews import Reviews
from sidedoor.desk.notices.store import Notices
from sidedoor.desk.people.person import Person
from sidedoor.desk.people.sessions import Sessions
from sidedoor.desk.people.staff import Staff
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
# What the releases wrote: name → the first and the last schema that accept a statement, and the statement.
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
    store = Staff(data)
    (ann,) = store.everybody()
    ways_in = (store.has_password(3), [(key.label, key.signs) for key in store.passkeys(3)])
    # The names that strangers typed are forgotten, so a first attempt is allowed; and a new link works.
    assert store.attempt(ann, "net", NOON)
    assert store.invited(store.new_link(3, NOON), NOON)
    return ann.name, sorted(ann.roles), *ways_in


def chat(data: Path) -> object:
    store = SqliteStore(data)
    token = store.start(("net",), 9, NOON)
    conversation = store.find(token, NOON)
    assert conversation
    store.say(conversation.id, "reader", "zqnew", NOON)
    assert [message.text for message in store.messages(conversation.id)] == ["zqnew"]
    store.end_the_quiet(NOON + timedelta(days=1))
    states = {ended.state for ended in store.live(NOON + timedelta(days=1))}
    assert states <= {"ended"}, "old conversations and the new one are over"
    return [count for count in store.counts() if count[0] == "2026-11-24T12"]


LOOKS: dict[str, tuple[Callable[[Path], object], Any]] = {
    "staff": (staff, ("Ann Lee", ["editor", "press"], True, [("Ann's phone", 5)])),
    "sessions": (lambda data: [session.browser for session in Sessions(data).of(Person(3, "", frozenset()), NOON)], ["Firefox"]),
    "reviews": (
        lambda data: (
            Reviews(data).writers("news/a.md"), Reviews(data).base("news/a.md"),
            [(override.file, override.name, override.note) for override in Reviews(data).overrides()],
            [dict(draft.fields) for draft in Reviews(data).typed("news/a.md")],
        ),
        ({3: "Ann Lee"}, "digest", [("news/b.md", "Eve Orr", "Fire")], [{"body": "zq"}]),
    ),
    "previews": (lambda data: [link.for_whom for link in PreviewLinks(data).of("news/a.md", NOON)], ["Bea"]),
    "audit": (lambda data: [entry.action for entry in Audit(data, lambda: NOON).everything()], ["signed in"]),
    "notices": (lambda data: Notices(data).wishes(3).address, "ann@example.org"),
    "feedback": (lambda data: [message.text for message in FeedbackStore(data).all()], ["Thank you"]),
    "kept": (lambda data: [copy.file for copy in Kept(data).all()], ["news/a.md"]),
    "chat": (chat, [("2026-11-24T12", "started", 7)]),
}  # fmt: skip
STORED = sorted(path.stem for path in SCHEMAS.glob("*.sql"))


def build(data: Path, stored: str) -> Path:
    """A database as a release left it, with rows in each table that matters."""
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
def test_a_database_of_any_release_is_migrated_with_its_contents(stored: str, tmp_path: Path) -> None:
    path = build(tmp_path / "old", stored)
    look, held = LOOKS[path.stem]
    assert look(path.parent) == held
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    make_fresh(path.stem, fresh)
    assert schema(path) == schema(fresh / path.name), "a migrated file has the same schema as a new one"


def make_fresh(name: str, data: Path) -> None:
    """Let today's code create a new database."""
    makers: dict[str, Callable[[Path], Any]] = {
        "staff": lambda data: Staff(data).everybody(), "sessions": lambda data: Sessions(data).of(Person(1, "", frozenset()), NOON),
        "reviews": lambda data: Reviews(data).overrides(), "previews": lambda data: PreviewLinks(data).of("", NOON),
        "audit": lambda data: Audit(data, lambda: NOON).everything(), "feedback": lambda data: FeedbackStore(data).all(),
        "notices": lambda data: Notices(data).people(),
        "kept": lambda data: list(Kept(data).all()), "chat": lambda data: SqliteStore(data).counts(),
    }  # fmt: skip
    makers[name](data)


@pytest.mark.parametrize("name", ROWS)
def test_the_current_schema_is_stored_for_later_releases(name: str, tmp_path: Path) -> None:
    make_fresh(name, tmp_path)
    latest = max(
        (stored for stored in STORED if stored.rpartition("-")[0] == name),
        key=lambda stored: int(stored.rpartition("-")[2]),
    )
    assert schema(build(tmp_path / "stored", latest)) == schema(tmp_path / f"{name}.sqlite3"), (
        f"The schema of {name}.sqlite3 changed: store it as tests/schemas/{name}-N.sql, and its rows here."
    )


@pytest.mark.parametrize("which", ["oldest", "newest"])
def test_the_site_and_the_desk_start_with_the_data_folder_of_a_release(
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
