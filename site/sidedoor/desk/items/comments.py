"""Comments on a passage of an item: said, answered and closed among the people of the desk, and never outside of it.

They are rows in the desk's own database: not in the content folder, so neither in the site, its mirror or its history,
and in no mail and no line of the log. Who wrote the item, and who took part in a comment, is told that there is
something to read: noted in the same step, until they have seen it or the comment is closed.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sidedoor.desk.items.reviews import SCHEMA, UNKNOWN
from sidedoor.desk.refusals import Refusal, Stopped
from sidedoor.home import Home, Statements, open_database

LONGEST_PASSAGE, LONGEST_WORDS = 300, 1000
_MARKS = str.maketrans("‘’“”", "''\"\"")


class CannotComment(Stopped):
    """What was said cannot be kept as a comment."""


@dataclass(frozen=True)
class Answer:
    """What somebody answered, and when (aware)."""

    name: str
    at: datetime
    words: str


@dataclass(frozen=True)
class Comment:
    """What somebody said of a passage, and what came of it. `closed_by` is empty while it is open."""

    number: int
    passage: str
    name: str
    at: datetime
    words: str
    closed_by: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Unseen:
    """An open comment of which somebody, by id, has not seen the latest."""

    number: int
    file: str
    person: int


class Comments:
    """The comments at `home`. `file` is always the public file's name, `news/first.md`."""

    def __init__(self, home: Home | Path) -> None:
        self._database = open_database(home, SCHEMA)

    def of(self, file: str) -> list[Comment]:
        """Every comment on an item, the oldest first."""
        with self._database.reading() as database:
            rows = database.execute(
                "SELECT number, passage, name, at, words, closed_by FROM comments WHERE file = ? ORDER BY number",
                (file,),
            ).fetchall()
            answers = database.execute(
                "SELECT comment, name, at, words FROM answers WHERE comment IN"
                " (SELECT number FROM comments WHERE file = ?) ORDER BY number",
                (file,),
            ).fetchall()
        said: dict[int, list[Answer]] = {}
        for comment, who, when, words in answers:
            said.setdefault(comment, []).append(Answer(who, datetime.fromisoformat(when), words))
        return [
            Comment(
                number, passage, name, datetime.fromisoformat(at), words, closed_by,
                tuple(said.get(number, ())),
            )
            for number, passage, name, at, words, closed_by in rows
        ]  # fmt: skip

    def say(self, file: str, passage: str, words: str, person: int, name: str, now: datetime) -> None:
        """Comment on a passage. Raises CannotComment."""
        row = (file, _told(passage, LONGEST_PASSAGE), person, name, now.isoformat(), _said(words))
        with self._database.writing() as database:
            (number,) = database.execute(
                "INSERT INTO comments (file, passage, person, name, at, words, closed_by)"
                " VALUES (?, ?, ?, ?, ?, ?, '') RETURNING number",
                row,
            ).fetchone()
            _concerns(database, number, person)

    def answer(self, file: str, number: int, words: str, person: int, name: str, now: datetime) -> None:
        """Answer one. Raises CannotComment."""
        row = (number, person, name, now.isoformat(), _said(words))
        with self._database.writing() as database:
            if not database.execute("SELECT 1 FROM comments WHERE number = ? AND file = ?", (number, file)).fetchone():
                raise CannotComment(Refusal.COMMENT_GONE)
            database.execute("INSERT INTO answers (comment, person, name, at, words) VALUES (?, ?, ?, ?, ?)", row)
            _concerns(database, number, person)

    def close(self, file: str, number: int, name: str) -> None:
        """Say that a comment is dealt with: nobody needs to be told of it any more."""
        with self._database.writing() as database:
            query = "UPDATE comments SET closed_by = ? WHERE number = ? AND file = ?"
            if database.execute(query, (name, number, file)).rowcount:
                database.execute("DELETE FROM unseen WHERE comment = ?", (number,))

    def open_again(self, file: str, number: int, person: int) -> None:
        """Say that it is not dealt with after all."""
        with self._database.writing() as database:
            query = "UPDATE comments SET closed_by = '' WHERE number = ? AND file = ?"
            if database.execute(query, (number, file)).rowcount:
                _concerns(database, number, person)

    def unseen(self) -> list[Unseen]:
        """Who has something to read, by the oldest comment first."""
        with self._database.reading() as database:
            query = "SELECT number, file, unseen.person FROM unseen JOIN comments ON number = comment ORDER BY 1, 3"
            return [Unseen(*row) for row in database.execute(query).fetchall()]

    def seen(self, person: int, files: Iterable[str]) -> None:
        """Somebody has seen all comments on these."""
        with self._database.reading() as database:
            if not database.execute("SELECT 1 FROM unseen WHERE person = ?", (person,)).fetchone():
                return
        with self._database.writing() as database:
            query = "DELETE FROM unseen WHERE person = ? AND comment IN (SELECT number FROM comments WHERE file = ?)"
            database.executemany(query, [(person, file) for file in files])


def _concerns(database: Statements, number: int, person: int) -> None:
    """Note for whoever wrote the item or took part in the comment, save `person`, that there is something to read."""
    (file,) = database.execute("SELECT file FROM comments WHERE number = ?", (number,)).fetchone()
    rows = database.execute(
        "SELECT person FROM hands WHERE file = ? UNION SELECT person FROM comments WHERE number = ?"
        " UNION SELECT person FROM answers WHERE comment = ?",
        (file, number, number),
    ).fetchall()
    concerned = [(number, someone) for (someone,) in rows if someone not in (UNKNOWN, person)]
    database.executemany("INSERT INTO unseen (comment, person) VALUES (?, ?) ON CONFLICT DO NOTHING", concerned)


def stands_in(passage: str, blocks: Iterable[str]) -> bool:
    """Whether these words stand in a text, however its spaces and quotation marks are written."""
    return _plain(passage) in _plain(" ".join(blocks))


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().translate(_MARKS).casefold()


def _said(words: str) -> str:
    if not (said := words.strip()):
        raise CannotComment(Refusal.COMMENT_EMPTY)
    return _told(said, LONGEST_WORDS)


def _told(words: str, most: int) -> str:
    if len(words.strip()) > most:
        raise CannotComment(Refusal.COMMENT_TOO_LONG, most=most)
    return words.strip()
