"""As many children that read documents as there are processors (see reading_child.py)."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from sidedoor.documents.reading_child import Answer
from sidedoor.documents.site import Site

WORTH_IT = 200
"""So many documents take longer to read than the children take to start."""
_AT_ONCE = 20
_PATIENCE_SECONDS = 60.0
_SOURCE_ROOT = Path(__file__).resolve().parents[2]
_Child = subprocess.Popen[str]


class ReadingPool:
    """Reads documents of the folder `content` of `site`. For one thread."""

    def __init__(self, content: Path, site: Site) -> None:
        self._first = json.dumps([str(content.resolve()), site.model_dump_json()]) + "\n"
        count = max(1, len(os.sched_getaffinity(0)))
        self._threads = ThreadPoolExecutor(count, "reading")
        self._children: SimpleQueue[_Child | None] = SimpleQueue()
        self._started: list[_Child] = []
        for _ in range(count):
            self._children.put(None)

    def close(self) -> None:
        """End the children."""
        self._threads.shutdown(cancel_futures=True)
        for child in self._started:
            child.kill()
            child.communicate()

    def read(self, files: Sequence[tuple[str, str]]) -> Iterator[tuple[str, Answer]]:
        """What the children answer for each file, with the digest that is known of it; None where they could not."""
        parts = [files[first : first + _AT_ONCE] for first in range(0, len(files), _AT_ONCE)]
        for part, answers in zip(parts, self._threads.map(self._ask, parts), strict=True):
            for (file, _), answer in zip(part, answers, strict=True):
                yield file, tuple(answer) if answer else None

    def _ask(self, part: Sequence[tuple[str, str]]) -> list[Answer]:
        child = self._children.get()
        try:
            if child is None:
                child = self._start()
                self._started.append(child)
            overdue = threading.Timer(_PATIENCE_SECONDS, child.kill)
            overdue.start()
            try:
                assert child.stdin
                assert child.stdout
                child.stdin.write(json.dumps(part) + "\n")
                child.stdin.flush()
                line = child.stdout.readline()
            finally:
                overdue.cancel()
            if line.endswith("\n"):
                answers: list[Answer] = json.loads(line)
                return answers
            child = None  # it died of one of them
        except OSError:
            child = None
        finally:
            self._children.put(child)
        return [None] * len(part)

    def _start(self) -> _Child:
        child = subprocess.Popen(
            [sys.executable, "-m", "sidedoor.documents.reading_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            cwd=_SOURCE_ROOT,
        )
        assert child.stdin
        child.stdin.write(self._first)
        return child
