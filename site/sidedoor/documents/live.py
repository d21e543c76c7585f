"""The Library of this moment, kept up to date by a thread that looks at the folder whenever something in it changes.

The kernel tells of changes (inotify, through watchfiles). It does not for every file system, so the thread also looks
by itself, as often as costs next to nothing.
"""

import logging
import threading
import time
from collections.abc import Iterable, Iterator

import watchfiles

from sidedoor.documents.codes import Code
from sidedoor.documents.library import Library
from sidedoor.documents.loader import Loader
from sidedoor.documents.problems import Problem

SETTLE_SECONDS = 0.1
LONGEST_QUIET_SECONDS = 0.5
# A look may take this part of the thread's time at most.
_LOOKING_SHARE = 0.05
log = logging.getLogger("sidedoor.content")


class LiveLibrary:
    """`library` is always whole: a new one replaces it in one assignment, and whoever reads the old one keeps it."""

    def __init__(self, loader: Loader) -> None:
        """Read the folder once. Raises Refused as `Loader.load` does."""
        self._loader = loader
        self.library: Library = loader.load()
        self._looking = threading.Lock()
        self._stop = threading.Event()
        self._seen = time.monotonic()
        self._thread: threading.Thread | None = None
        self._tell(self.library.problems)

    def refresh(self, settled: bool = False) -> Library:
        """Look at the folder now. `settled` as in `Loader.load`."""
        with self._looking:
            library = self._loader.load(settled)
            if library is not self.library:
                known, self.library = self.library.problems, library
                self._tell(problem for problem in library.problems if problem not in known)
                self._tell_mended(known, library.problems)
        return library

    def unseen_for(self) -> float:
        """Seconds since the folder was last looked at, where a thread looks; 0 where none does."""
        return time.monotonic() - self._seen if self._thread else 0.0

    @property
    def away(self) -> bool:
        """Whether the folder is not there: then the library is as it was last good."""
        return any(problem.code is Code.FOLDER_AWAY for problem in self.library.problems)

    def picture(self, name: str) -> bytes | None:
        """The bytes of one of the library's pictures; None if they are nowhere."""
        return self._loader.picture(name)

    def watch(self) -> None:
        """Start looking, in a daemon thread. Calling it again changes nothing."""
        if not self._thread:
            thread = threading.Thread(target=self._watch, name="content", daemon=True)
            thread.start()
            self._thread = thread

    def close(self) -> None:
        """Stop looking."""
        self._stop.set()
        if self._thread:
            self._thread.join()

    def _watch(self) -> None:
        looked, wait = time.monotonic(), 0.0
        for told in self._tidings():
            self._seen = time.monotonic()
            if told or time.monotonic() - looked >= wait:
                began = time.monotonic()
                self._look()
                looked = time.monotonic()
                wait = (looked - began) / _LOOKING_SHARE

    def _tidings(self) -> Iterator[bool]:
        """True when the kernel tells of a change, or may have missed one; False after each half second without."""
        while not self._stop.is_set():
            try:
                folder, unwatched = self._loader.content.stat().st_ino, True
                for changes in watchfiles.watch(
                    self._loader.content,
                    watch_filter=None,
                    step=int(SETTLE_SECONDS * 1000),
                    debounce=int(LONGEST_QUIET_SECONDS * 1000),
                    rust_timeout=int(LONGEST_QUIET_SECONDS * 1000),
                    yield_on_timeout=True,
                    stop_event=self._stop,
                ):
                    # Of what changed before the watch stood, the kernel tells nothing.
                    yield bool(changes) or unwatched
                    unwatched = False
                    if self._loader.content.stat().st_ino != folder:
                        break  # another folder took its place, which nobody watches yet
            except OSError:
                # The folder is away, or the kernel has no watch left: look by ourselves.
                self._stop.wait(LONGEST_QUIET_SECONDS)
                yield False

    def _look(self) -> None:
        try:
            self.refresh(settled=True)
            while self._loader.waiting and not self._stop.wait(SETTLE_SECONDS):
                self.refresh(settled=True)
        except Exception:
            # Whatever happens to one look, the last Library stays and the next look comes.
            log.exception("The content folder could not be looked at.")

    @staticmethod
    def _tell(problems: Iterable[Problem]) -> None:
        for problem in problems:
            log.warning("%s", problem)

    @staticmethod
    def _tell_mended(before: Iterable[Problem], now: Iterable[Problem]) -> None:
        """One line for each file that was wrong and is right."""
        wrong = {_place(problem) for problem in now}
        for place in sorted({_place(problem) for problem in before} - wrong):
            log.info("%s: mended.", place)


def _place(problem: Problem) -> str:
    """What is said to be mended: a file, or the folder as a whole."""
    return "the content folder" if problem.code is Code.FOLDER_AWAY else problem.file
