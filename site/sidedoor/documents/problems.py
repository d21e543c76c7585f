"""What is wrong with something an editor wrote, said in one clear sentence: where, what, and what to write instead."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """An `ERROR` has to be put right; a `WARNING` is due or would be better."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Problem:
    """One thing wrong in one file.

    `file` is the path inside the content folder, `line` counts from 1 (None: the file as a whole),
    `what` says what is wrong and `instead` what to write; both are whole sentences.
    """

    file: str
    line: int | None
    what: str
    instead: str
    level: Level = Level.ERROR

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.level}: {self.what} {self.instead}"


class Refused(Exception):
    """A file cannot be used as it stands; `problems` holds every reason, not only the first."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems
