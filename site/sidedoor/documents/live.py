"""The Library at this moment, kept up to date by a thread that looks at the folder whenever something in it changes.

The kernel tells which files changed (inotify, through watchfiles), and only those are looked at. It does not do so on
every file system, so the thread also looks at everything, as often as that costs next to nothing.
"""

import logging
import os
import threading
import time
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import watchfiles

from sidedoor.documents.codes import Code, Where
from sidedoor.documents.library import Library
from sidedoor.documents.loader import Loader
from sidedoor.documents.problem_words import PLACES
from sidedoor.documents.problems import Problem
from sidedoor.documents.sizes import Size

SETTLE_SECONDS = 0.1
LONGEST_QUIET_SECONDS = 0.5
# Looking at everything may take at most this share of the thread's time.
_LOOKING_SHARE = 0.02
_LONG_START_SECONDS = 1.0
_FIRST_SECONDS, _MORE_SECONDS = 1.0, 3.0
"""How long the news is read before the site first answers, and how long at least it is then read on before more is
shown."""
_MORE_READING_THAN_SHOWING = 5
log = logging.getLogger("sidedoor.content")


class LiveLibrary:
    """`library` is always whole: a new one replaces it in one assignment, and code that reads the old one keeps it."""

    def __init__(self, loader: Loader, soon: bool = False) -> None:
        """Read the folder once. Raises Refused as `Loader.load` does.

        `soon`: if there is much to read, be ready with everything but a part of the news; `catch_up` reads that.
        """
        self._loader = loader
        began = time.monotonic()
        self.library: Library = loader.load(seconds=_FIRST_SECONDS if soon else None)
        self._start_took = time.monotonic() - began
        self._looking = threading.Lock()
        self._stop = threading.Event()
        self._seen = time.monotonic()
        self._watching = threading.Lock()
        """Held while a thread watches."""
        self._watched = False
        self._log_problems(self.library.problems)

    def refresh(self, settled: bool = False, changed: Collection[str] | None = None) -> Library:
        """Look at the folder now. `settled` and `changed` as in `Loader.load`."""
        with self._looking:
            self._show(self._loader.load(settled, changed))
        return self.library

    def read_on(self, seconds: float) -> None:
        """Read more of the files that were left when the site first answered."""
        with self._looking:
            self._show(self._loader.read_on(seconds))

    def _show(self, library: Library) -> None:
        if library is not self.library:
            before, self.library = self.library.problems, library
            self._log_problems(problem for problem in library.problems if problem not in before)
            self._log_mended(before, library.problems)

    @property
    def behind(self) -> int:
        """How many of the files that were left then are still to be read."""
        return self._loader.behind

    def unseen_for(self) -> float:
        """Seconds since `watch` last looked at the folder, also if its thread has died; 0 if it was never called."""
        return time.monotonic() - self._seen if self._watched else 0.0

    @property
    def away(self) -> bool:
        """Whether the folder is away: then the library keeps its last good state."""
        return any(problem.code is Code.FOLDER_AWAY for problem in self.library.problems)

    def picture(self, name: str) -> bytes | None:
        """The bytes of one of the library's pictures; None if there are none."""
        return self._loader.picture(name)

    def picture_file(self, name: str) -> Path:
        """The file of one of the library's pictures; it may be away (then `picture` has its bytes)."""
        return self._loader.picture_file(name)

    def size(self, size: Size) -> bytes | None:
        """The bytes of one size of a picture; None if they cannot be made."""
        return self._loader.size(size)

    def watch(self) -> None:
        """Look at what changes until `close` is called; runs in a thread of its own."""
        with self._watching:
            self._watched = True
            last_look, pause = time.monotonic(), 2 * self._start_took
            for changed in self._changes():
                self._seen = time.monotonic()
                if changed:
                    self._look(changed)
                if changed is None or time.monotonic() - last_look >= pause:
                    began = time.monotonic()
                    self._look(None)
                    last_look = time.monotonic()
                    pause = (last_look - began) / _LOOKING_SHARE

    def close(self) -> None:
        """Stop looking, and wait until `watch` has returned."""
        self._stop.set()
        with self._watching:
            pass

    def catch_up(self) -> None:
        """Read the files that were left when the site first answered, and show them in parts; runs in its own thread.

        Changes are looked at in between.
        """
        if not self._loader.behind:
            return
        seconds = _MORE_SECONDS
        while self._loader.behind and not self._stop.is_set():
            began = time.monotonic()
            try:
                self.read_on(seconds)
            except Exception:
                log.exception("The content folder could not be read on.")
                self._stop.wait(_MORE_SECONDS)
            # The more news there is, the longer it takes to show what was read.
            showing = time.monotonic() - began - seconds
            seconds = max(_MORE_SECONDS, _MORE_READING_THAN_SHOWING * showing)
            self._stop.wait(SETTLE_SECONDS)
        with self._looking:
            self._loader.close()

    def _changes(self) -> Iterator[Collection[str] | None]:
        """The files that changed, as the kernel reports them; empty after each half second without changes; None if
        some may have been missed."""
        # The kernel does not report what changed before the watch began. If starting took long, the look at everything
        # comes a little later, when those who waited for the first pages have them.
        unwatched = self._start_took < _LONG_START_SECONDS
        while not self._stop.is_set():
            try:
                folder = self._loader.content.stat().st_ino
                start = f"{self._loader.content.resolve()}{os.sep}"
                for changes in watchfiles.watch(
                    self._loader.content.resolve(),
                    watch_filter=None,
                    step=int(SETTLE_SECONDS * 1000),
                    debounce=int(LONGEST_QUIET_SECONDS * 1000),
                    rust_timeout=int(LONGEST_QUIET_SECONDS * 1000),
                    yield_on_timeout=True,
                    stop_event=self._stop,
                ):
                    paths = {path for _, path in changes}
                    whole = unwatched or any(not path.startswith(start) for path in paths)
                    yield None if whole else {path.removeprefix(start).replace(os.sep, "/") for path in paths}
                    unwatched = False
                    if self._loader.content.stat().st_ino != folder:
                        break  # another folder took its place, and is not watched yet
            except OSError:
                # The folder is away, or the kernel has no watch left: look by ourselves.
                self._stop.wait(LONGEST_QUIET_SECONDS)
                yield ()
            unwatched = True

    def _look(self, changed: Collection[str] | None) -> None:
        try:
            self.refresh(True, changed)
            while (waiting := tuple(self._loader.waiting)) and not self._stop.wait(SETTLE_SECONDS):
                self.refresh(True, waiting)
        except Exception:
            # Whatever happens to one look, the last Library stays and the next look comes.
            log.exception("The content folder could not be looked at.")

    @staticmethod
    def _log_problems(problems: Iterable[Problem]) -> None:
        for problem in problems:
            log.warning("%s", problem)

    @staticmethod
    def _log_mended(before: Iterable[Problem], now: Iterable[Problem]) -> None:
        """Log one line for each file whose problems are gone."""
        wrong = {_place(problem) for problem in now}
        for place in sorted({_place(problem) for problem in before} - wrong):
            log.info("%s: mended.", place)


def _place(problem: Problem) -> str:
    """The file whose problem it is, or the folder as a whole."""
    return PLACES[Where.CONTENT_FOLDER] if problem.code is Code.FOLDER_AWAY else problem.place
