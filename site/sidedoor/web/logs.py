"""The site's log: problems with content, and faults in the code; a line each, with time and level.

It never holds an address, a requested path, or a word of a visitor. An exception's own message may quote one, so a
fault is logged by its kind and its places in the code. What every worker sees is logged by one of them: the one that
holds a lock, which the system releases when it ends.
"""

import fcntl
import logging
import sqlite3
import sys
import threading
import time
import traceback
from pathlib import Path
from types import TracebackType

from sidedoor.private import private_file

ONCE = ("sidedoor.content", "sidedoor.health")
"""The loggers of facts that every worker sees."""
_PLACES = 8
_Fault = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class OneLine(logging.Formatter):
    """`2026-11-28T09:30:00Z WARNING help/money.md:3: …`, whatever the record holds; a fault by its kind and places."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%SZ")

    def formatException(self, ei: _Fault) -> str:
        """The kind of fault, and where it happened, the innermost place last."""
        kind, error, trace = ei
        assert kind is not None
        places = [
            f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(trace)[-_PLACES:]
        ]
        return f"{kind.__name__}{_reason(error)} at {' > '.join(places) or 'no known place'}"

    def format(self, record: logging.LogRecord) -> str:
        """The record in one line."""
        record.exc_text = None  # another handler may have set it, with the message in it
        return " | ".join(line for line in super().format(record).splitlines() if line)


def _reason(error: BaseException | None) -> str:
    """What the system or SQLite calls the error; their words quote nobody."""
    if isinstance(error, OSError) and error.strerror:
        return f" ({error.strerror})"
    if isinstance(error, sqlite3.Error):
        name = getattr(error, "sqlite_errorname", "")
        return f" ({name})" if name else _reason(error.__cause__)
    return ""


class _NoRequests(logging.Filter):
    """Drops the line that Flask's development server writes for every request; it holds the address and the path."""

    def filter(self, record: logging.LogRecord) -> bool:
        return " - - [" not in str(record.msg) and "HTTP/" not in record.getMessage()


class _OneWorker(logging.Filter):
    """Lets lines through in the process that holds the lock `file`; if there can be no lock, in every process."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file
        self._asking = threading.Lock()
        self._lock: int | None = None

    def filter(self, record: logging.LogRecord) -> bool:
        with self._asking:
            return self._lock is not None or self._is_free()

    def _is_free(self) -> bool:
        try:
            private_file(self._file)
            with self._file.open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # Held until this process ends, and not inherited by programs that it starts.
                self._lock = fcntl.fcntl(lock, fcntl.F_DUPFD_CLOEXEC, 3)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True


def set_up_logs() -> None:
    """Send our own lines to standard error. Calling it again changes nothing."""
    ours = logging.getLogger("sidedoor")
    if not ours.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(OneLine())
        ours.addHandler(handler)
        ours.setLevel(logging.INFO)
        ours.propagate = False
    server = logging.getLogger("werkzeug")
    if not any(isinstance(known, _NoRequests) for known in server.filters):
        server.addFilter(_NoRequests())


def without_a_log() -> None:
    """For a program that prints its findings: the modules it calls must not log them a second time."""
    logging.getLogger("sidedoor").addHandler(logging.NullHandler())


def tell_once(data: Path, application: str) -> None:
    """From now on only one worker of `application` logs what all of them see."""
    one_worker = _OneWorker(data / f"{application}.log.lock")
    for name in ONCE:
        log = logging.getLogger(name)
        if not any(isinstance(known, _OneWorker) for known in log.filters):
            log.addFilter(one_worker)
