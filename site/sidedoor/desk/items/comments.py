"""Comments on a passage of an item: said, answered and closed among the people of the desk, and never outside of it.

They are rows in the desk's own database: not in the content folder, so neither in the site, its mirror or its history,
and in no mail and no line of the log.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sidedoor.desk.items.reviews import SCHEMA
from sidedoor.desk.refusals import Refusal, Stopped
from sidedoor.home import Home, open_database

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
            database.execute(
                "INSERT INTO comments (file, passage, person, name, at, words, closed_by)"
                " VALUES (?, ?, ?, ?, ?, ?, '')",
                row,
            )

    def answer(self, file: str, number: int, words: str, person: int, name: str, now: datetime) -> None:
        """Answer one. Raises CannotComment."""
        row = (number, person, name, now.isoformat(), _said(words))
        with self._database.writing() as database:
            if not database.execute("SELECT 1 FROM comments WHERE number = ? AND file = ?", (number, file)).fetchone():
                raise CannotComment(Refusal.COMMENT_GONE)
            database.execute("INSERT INTO answers (comment, person, name, at, words) VALUES (?, ?, ?, ?, ?)", row)

    def close(self, file: str, number: int, name: str) -> None:
        """Say that a comment is dealt with; with an empty `name`, that it is not after all."""
        with self._database.writing() as database:
            database.execute("UPDATE comments SET closed_by = ? WHERE number = ? AND file = ?", (name, number, file))


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
