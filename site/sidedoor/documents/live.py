"""The Library of this moment, kept up to date by a thread that looks at the folder four times a second."""

import logging
import threading
from collections.abc import Iterable

from sidedoor.documents.library import Library
from sidedoor.documents.loader import Loader
from sidedoor.documents.problems import Problem

INTERVAL_SECONDS = 0.25
log = logging.getLogger("sidedoor.content")


class LiveLibrary:
    """`library` is always whole: a new one replaces it in one assignment, and whoever reads the old one keeps it."""

    def __init__(self, loader: Loader) -> None:
        """Read the folder once. Raises Refused as `Loader.load` does."""
        self._loader = loader
        self.library: Library = loader.load()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._tell(self.library.problems)

    def refresh(self, settled: bool = False) -> Library:
        """Look at the folder now. `settled` as in `Loader.load`."""
        library = self._loader.load(settled)
        if library is not self.library:
            known = set(self.library.problems)
            self.library = library
            self._tell(problem for problem in library.problems if problem not in known)
        return library

    def watch(self) -> None:
        """Start looking, in a daemon thread. Calling it again changes nothing."""
        if not self._thread:
            self._thread = threading.Thread(target=self._watch, name="content", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop looking, and end the rendering process."""
        self._stop.set()
        if self._thread:
            self._thread.join()
        self._loader.close()

    def _watch(self) -> None:
        while not self._stop.wait(INTERVAL_SECONDS):
            try:
                self.refresh(settled=True)
            except Exception:
                # Whatever happens to one look, the last Library stays and the next look comes.
                log.exception("The content folder could not be looked at.")

    @staticmethod
    def _tell(problems: Iterable[Problem]) -> None:
        for problem in problems:
            log.warning("%s", problem)
