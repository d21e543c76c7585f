"""What is wrong with the site, looked at every few seconds in the background and reported by code.

The public `/healthz` tells strangers about the machine only: nothing there may change because of a draft. The desk adds
what is wrong with files and embargoes, for its own people (desk/health/checks.py).
"""

import errno
import logging
import math
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from sidedoor.chat.model import StoreDown
from sidedoor.chat.store import ChatStore
from sidedoor.documents.codes import Code, Where
from sidedoor.documents.live import LiveLibrary
from sidedoor.documents.problems import Problem
from sidedoor.documents.times import Clock
from sidedoor.home import Home, open_database
from sidedoor.private import private_folder
from sidedoor.schema import Schema

LOOKS_EVERY_SECONDS = 10.0
_UNSEEN_SECONDS = 300.0
_LOW_SHARE, _LOW_BYTES = 0.05, 500_000_000
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# The last three mean that its folder cannot exist.
_READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.EEXIST)
log = logging.getLogger("sidedoor.health")
Check = Callable[[], Iterable[Problem]]


class Health:
    """The problems that `checks` find. Each look is remembered for a few seconds, whoever asks and however often."""

    def __init__(self, *checks: Check) -> None:
        self._checks = checks
        self._looking = threading.Lock()
        self._looked = -math.inf
        self._watched = False
        self._problems: tuple[Problem, ...] = ()

    def troubles(self) -> tuple[Problem, ...]:
        """What is wrong now, or was a few seconds ago.

        A look takes seconds if some machine does not answer, and a load balancer does not wait that long. So while one
        is running, everybody else gets the result of the last look; and while `watch` keeps up, only that looks.
        """
        patience = LOOKS_EVERY_SECONDS * (3 if self._watched else 1)
        if time.monotonic() - self._looked >= patience:
            self._look()
        return self._problems

    def _look(self) -> None:
        if not self._looking.acquire(blocking=self._looked < 0):
            return
        try:
            if time.monotonic() - self._looked >= LOOKS_EVERY_SECONDS:
                before, self._problems = self._problems, tuple(problem for check in self._checks for problem in check())
                self._looked = time.monotonic()
                _tell(before, self._problems)
        finally:
            self._looking.release()

    def watch(self) -> None:
        """Look again and again, even while nobody asks, so that the log reports problems. Never returns: call it in a
        separate thread."""
        self._watched = True
        while True:
            try:
                self._look()
            except Exception:  # one failed look is no reason to stop
                log.exception("The state of the site could not be checked.")
            time.sleep(LOOKS_EVERY_SECONDS)


def _tell(before: tuple[Problem, ...], now: tuple[Problem, ...]) -> None:
    codes_before, codes_now = {problem.code for problem in before}, {problem.code for problem in now}
    for problem in now:
        if problem.code not in codes_before and problem.code is not Code.FOLDER_AWAY:  # live.py logs that
            log.warning("%s", problem)
    for problem in before:
        if problem.code not in codes_now and problem.code is not Code.FOLDER_AWAY:
            log.info("%s (%s): mended.", problem.place, problem.code)


def content(live: LiveLibrary) -> Check:
    """Whether the content folder is there, and is being watched."""

    def check() -> Iterable[Problem]:
        if live.away:
            yield Problem(Where.CONTENT_FOLDER, None, Code.HEALTH_CONTENT_AWAY)
        if live.unseen_for() > _UNSEEN_SECONDS:
            yield Problem(Where.CONTENT_FOLDER, None, Code.HEALTH_CONTENT_UNSEEN)

    return check


def disk(folder: Path, place: str | Where, make: bool = False) -> Check:
    """Whether `folder` can be written to, and has room left. `place`: see Problem. `make`: make it if it is not there
    yet."""

    def check() -> Iterable[Problem]:
        probe = folder / f".probe-{os.getpid()}"
        try:
            if make:
                private_folder(folder)
            elif not folder.is_dir():
                return
            with probe.open("wb") as out:
                out.write(bytes(16 * 1024))
            room = os.statvfs(folder)
            if room.f_bavail * room.f_frsize < min(_LOW_SHARE * room.f_blocks * room.f_frsize, _LOW_BYTES):
                yield Problem(place, None, Code.HEALTH_DISK_LOW)
        except OSError as error:
            if error.errno in _FULL:
                yield Problem(place, None, Code.HEALTH_DISK_FULL)
            elif error.errno in _READ_ONLY:
                yield Problem(place, None, Code.HEALTH_DISK_READ_ONLY)
            else:
                yield Problem(place, None, Code.HEALTH_DISK_BROKEN)
        finally:
            with suppress(OSError):
                probe.unlink(missing_ok=True)

    return check


def chat_store(chats: ChatStore, clock: Clock, wanted: Callable[[], bool]) -> Check:
    """Whether the chat's store can be used, if the site has a chat."""

    def check() -> Iterable[Problem]:
        if wanted():
            try:
                chats.present(clock())
            except (StoreDown, sqlite3.Error, OSError):
                yield Problem(Where.CHAT, None, Code.HEALTH_CHAT_DOWN)

    return check


def database(home: Home, schemas: Sequence[Schema]) -> Check:
    """Whether the database server answers, if there is one."""
    if not home.server:
        return lambda: ()
    stores = [open_database(home, schema) for schema in schemas[:1]]

    def check() -> Iterable[Problem]:
        try:
            for store in stores:
                with store.reading():
                    pass
        except sqlite3.Error:
            yield Problem(Where.DATABASE, None, Code.HEALTH_DATABASE_DOWN)

    return check


def as_json(problems: Iterable[Problem]) -> list[dict[str, str]]:
    """Each problem's code, for a monitor, and its sentence, for people."""
    return [{"code": problem.code, "says": str(problem.words())} for problem in problems]
