"""A pool of child processes that read documents, one for each processor (see reading_child.py)."""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from sidedoor.documents.child import Child
from sidedoor.documents.reading_child import Answer
from sidedoor.documents.site import Site

WORTH_IT = 200
"""From this many documents on, reading takes longer than starting the children."""
_AT_ONCE = 20
_PATIENCE_SECONDS = 60.0


class ReadingPool:
    """Reads documents of the folder `content` of `site`. For use by one thread."""

    def __init__(self, content: Path, site: Site) -> None:
        self.site = site
        self._first = json.dumps([str(content.resolve()), site.model_dump_json()]) + "\n"
        count = max(1, len(os.sched_getaffinity(0)))
        self._threads = ThreadPoolExecutor(count, "reading")
        self._children: SimpleQueue[Child | None] = SimpleQueue()
        self._started: list[Child] = []
        for _ in range(count):
            self._children.put(None)

    def close(self) -> None:
        """End the children."""
        self._threads.shutdown(cancel_futures=True)
        for child in self._started:
            child.end()

    def read(self, files: Sequence[tuple[str, str]]) -> Iterator[tuple[str, Answer]]:
        """The children's answer for each file and its known digest; None where they could not read it.

        All questions are sent at once, however late the answers are collected.
        """
        parts = [files[first : first + _AT_ONCE] for first in range(0, len(files), _AT_ONCE)]
        return self._answered(parts, self._threads.map(self._ask, parts))

    @staticmethod
    def _answered(
        parts: Iterable[Sequence[tuple[str, str]]], all_answers: Iterable[list[Answer]]
    ) -> Iterator[tuple[str, Answer]]:
        for part, answers in zip(parts, all_answers, strict=True):
            for (file, _), answer in zip(part, answers, strict=True):
                yield file, tuple(answer) if answer else None

    def _ask(self, part: Sequence[tuple[str, str]]) -> list[Answer]:
        child, answers = self._children.get(), None
        try:
            if child is None:
                child = Child("sidedoor.documents.reading_child", self._first)
                self._started.append(child)
            answers = child.ask(part, _PATIENCE_SECONDS)
        except OSError:  # no child could be started
            pass
        finally:
            self._children.put(child if answers is not None else None)  # without answers, a file killed it
        return answers if answers is not None else [None] * len(part)
