"""Processes that begin at once: each is forked from one that has read the program already, whatever threads a test has.

Reading it takes a second, and the tests start hundreds of them. That the program starts from nothing is asked by
test_package.py, deploy/ and test_docs.py.
"""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    ["granian.cli", "sidedoor.cli", "sidedoor.public.server", "sidedoor.desk.server", "sidedoor.documents.render_child"]
)


def _become(command: Sequence[str], folder: str, environment: Mapping[str, str], log: str) -> None:
    """Run `python -m name …` in this process, with `folder` to work in, and write what it says into `log`."""
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    for stream in (1, 2):
        os.dup2(written, stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    multiprocessing.set_start_method("fork", force=True)  # as it is where nobody chose
    assert command[:2] == [sys.executable, "-m"]
    sys.argv = list(command[2:])
    sys.path.insert(0, folder)
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


class Begun:
    """A process like subprocess.Popen's, running `command` (`python -m name …`)."""

    def __init__(self, command: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path) -> None:
        self._process = ForkServerProcess(target=_become, args=(command, str(folder), dict(environment), str(log)))
        self._process.start()
        assert self._process.pid
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """What it ended with, if it has."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises subprocess.TimeoutExpired after so many seconds."""
        self._process.join(timeout)
        if (code := self._process.exitcode) is None:
            raise subprocess.TimeoutExpired("", timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """Send it, if there is still somebody to take it."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)
