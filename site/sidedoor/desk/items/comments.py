"""Comments on a passage of an item: written, answered and closed by the people of the desk, and never shown elsewhere.

They are rows in the desk's own database: not in the content folder, and so not in the site, its mirror or its history;
and in no mail and no audit line. The writers of the item and those who took part in a comment are told that there
is something to read. That is recorded in the same step, and stays until they have seen it or the comment is closed.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sidedoor.desk.items.reviews import SCHEMA, UNKNOWN
from sidedoor.desk.refusals import Refusal, Stopped
from sidedoor.home import Home, open_database
from sidedoor.schema import Statements

LONGEST_PASSAGE, LONGEST_WORDS = 300, 1000
_MARKS = str.maketrans("‘’“”", "''\"\"")


class CannotComment(Stopped):
    """These words cannot be saved as a comment."""


@dataclass(frozen=True)
class Answer:
    """What a person answered, and when (aware)."""

    name: str
    at: datetime
    words: str


@dataclass(frozen=True)
class Comment:
    """What a person said about a passage, and the answers. `closed_by` is empty while the comment is open."""

    number: int
    passage: str
    name: str
    at: datetime
    words: str
    closed_by: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Unseen:
    """An open comment whose latest words a person, by id, has not seen."""

    number: int
    file: str
    person: int


class Comments:
    """The comments at `home`. `file` is always the public file's name, `news/first.md`."""

    def __init__(self, home: Home | Path) -> None:
        self._database = open_database(home, SCHEMA)

    def of(self, file: str) -> list[Comment]:
        """Return every comment on an item, the oldest first."""
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
        answers_to: dict[int, list[Answer]] = {}
        for comment, author, answered_at, words in answers:
            answers_to.setdefault(comment, []).append(Answer(author, datetime.fromisoformat(answered_at), words))
        return [
            Comment(
                number, passage, name, datetime.fromisoformat(at), words, closed_by,
                tuple(answers_to.get(number, ())),
            )
            for number, passage, name, at, words, closed_by in rows
        ]  # fmt: skip

    def say(self, file: str, passage: str, words: str, person: int, name: str, now: datetime) -> None:
        """Comment on a passage. A form that is sent twice makes one comment. Raises CannotComment."""
        row = (file, _not_too_long(passage, LONGEST_PASSAGE), person, name, now.isoformat(), _valid_words(words))
        with self._database.writing() as database:
            last = "SELECT file, passage, person, words, closed_by FROM comments WHERE file = ? ORDER BY number DESC"
            if database.execute(last, (file,)).fetchone() == (*row[:3], row[5], ""):
                return
            (number,) = database.execute(
                "INSERT INTO comments (file, passage, person, name, at, words, closed_by)"
                " VALUES (?, ?, ?, ?, ?, ?, '') RETURNING number",
                row,
            ).fetchone()
            _note_unseen(database, number, person)

    def answer(self, file: str, number: int, words: str, person: int, name: str, now: datetime) -> None:
        """Answer a comment. Raises CannotComment."""
        row = (number, person, name, now.isoformat(), _valid_words(words))
        with self._database.writing() as database:
            if not database.execute("SELECT 1 FROM comments WHERE number = ? AND file = ?", (number, file)).fetchone():
                raise CannotComment(Refusal.COMMENT_GONE)
            last = "SELECT person, words FROM answers WHERE comment = ? ORDER BY number DESC"
            if database.execute(last, (number,)).fetchone() == (person, row[4]):
                return
            database.execute("INSERT INTO answers (comment, person, name, at, words) VALUES (?, ?, ?, ?, ?)", row)
            _note_unseen(database, number, person)

    def close(self, file: str, number: int, name: str) -> None:
        """Record that a comment is dealt with, so that nobody needs to be told about it any more."""
        with self._database.writing() as database:
            query = "UPDATE comments SET closed_by = ? WHERE number = ? AND file = ?"
            if database.execute(query, (name, number, file)).rowcount:
                database.execute("DELETE FROM unseen WHERE comment = ?", (number,))

    def open_again(self, file: str, number: int, person: int) -> None:
        """Record that a comment is not dealt with after all."""
        with self._database.writing() as database:
            query = "UPDATE comments SET closed_by = '' WHERE number = ? AND file = ?"
            if database.execute(query, (number, file)).rowcount:
                _note_unseen(database, number, person)

    def unseen(self) -> list[Unseen]:
        """Return who has something to read, the oldest comment first."""
        with self._database.reading() as database:
            query = "SELECT number, file, unseen.person FROM unseen JOIN comments ON number = comment ORDER BY 1, 3"
            return [Unseen(*row) for row in database.execute(query).fetchall()]

    def mark_seen(self, person: int, files: Iterable[str]) -> None:
        """Record that a person has seen all comments on these files."""
        with self._database.reading() as database:
            if not database.execute("SELECT 1 FROM unseen WHERE person = ?", (person,)).fetchone():
                return
        with self._database.writing() as database:
            query = "DELETE FROM unseen WHERE person = ? AND comment IN (SELECT number FROM comments WHERE file = ?)"
            database.executemany(query, [(person, file) for file in files])


def _note_unseen(database: Statements, number: int, person: int) -> None:
    """Record that everybody who wrote the item or took part in the comment, except `person`, has something to read."""
    (file,) = database.execute("SELECT file FROM comments WHERE number = ?", (number,)).fetchone()
    rows = database.execute(
        "SELECT person FROM hands WHERE file = ? UNION SELECT person FROM comments WHERE number = ?"
        " UNION SELECT person FROM answers WHERE comment = ?",
        (file, number, number),
    ).fetchall()
    concerned = [(number, someone) for (someone,) in rows if someone not in (UNKNOWN, person)]
    database.executemany("INSERT INTO unseen (comment, person) VALUES (?, ?) ON CONFLICT DO NOTHING", concerned)


def stands_in(passage: str, blocks: Iterable[str]) -> bool:
    """Whether a text contains these words, whatever its spaces and quotation marks look like."""
    return _plain(passage) in _plain(" ".join(blocks))


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().translate(_MARKS).casefold()


def _valid_words(words: str) -> str:
    if not (text := words.strip()):
        raise CannotComment(Refusal.COMMENT_EMPTY)
    return _not_too_long(text, LONGEST_WORDS)


def _not_too_long(words: str, most: int) -> str:
    if len(words.strip()) > most:
        raise CannotComment(Refusal.COMMENT_TOO_LONG, most=most)
    return words.strip()
