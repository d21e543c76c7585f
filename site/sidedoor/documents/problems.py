"""What is wrong with something an editor wrote, as facts: where it is, which kind of mistake it is, and the values
concerned.

`problem_words.py` makes the sentences: `file_words` for files and logs, `form_words` for the desk's forms.
"""

import dataclasses
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from sidedoor.documents.codes import Code, Where
from sidedoor.documents.problem_words import PLACES, ProblemWords, file_words


class Level(StrEnum):
    """An `ERROR` has to be put right; a `WARNING` is due or would be better."""

    ERROR = "error"
    WARNING = "warning"


@dataclasses.dataclass(frozen=True)
class Problem:
    """One thing wrong in one place.

    `file` is a path inside the content folder, or the name of a setting or of a database's file, or `Where` else it is;
    `line` counts from 1 (None: the file as a whole). `values` fill the gaps in the words for its `code`; `field` is its
    place among the file's names and values, such as `updates.1.at`.
    """

    file: str | Where
    line: int | None
    code: Code
    values: Mapping[str, Any] = dataclasses.field(default_factory=dict, hash=False)
    field: str = ""
    level: Level = Level.ERROR

    @property
    def place(self) -> str:
        """Where it is, in words, without the line."""
        return PLACES[self.file] if isinstance(self.file, Where) else self.file

    def words(self) -> ProblemWords:
        """What is wrong and what to do, without the place."""
        return file_words(self.code, self.values, self.field)

    def __str__(self) -> str:
        """The problem as a log and `flask content check` show it."""
        place = self.place if self.line is None else f"{self.place}:{self.line}"
        return f"{place}: {self.level}: {file_words(self.code, self.values, self.field)}"


class Refused(Exception):
    """A file cannot be used as it stands; `problems` holds every reason, not only the first."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        return "; ".join(str(problem) for problem in self.problems)


class Wrong(ValueError):
    """A value cannot be used. A caller that knows the file and the line makes a Problem of it."""

    def __init__(self, code: Code, **values: object) -> None:
        super().__init__(code, values)
        self.code = code
        self.values = values

    def __str__(self) -> str:
        return str(file_words(self.code, self.values))
