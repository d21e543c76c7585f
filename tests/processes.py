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
import tempfile
import time
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import brotli

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    ["granian.cli", "sidedoor.cli", "sidedoor.public.server", "sidedoor.desk.server", "sidedoor.documents.render_child"]
)


# Set, what is begun here makes pages small quickly rather than as small as they get, which takes ten times as long. Tests set
# it, and do the same in their own process (conftest.py, where `as_small_as_sent` undoes it); the benches do not.
QUICKLY = "TESTS_COMPRESS_QUICKLY"
AS_SMALL_AS_SENT = brotli.compress

PROJECT = Path(__file__).resolve().parents[1]
SIDEDOOR = str(Path(sys.executable).with_name("sidedoor"))


def compress_quickly(above: int = 4) -> None:
    """What asks for a quality `above` this one gets 4, for as long as this process lives."""

    def compress(text: bytes, **how: int) -> bytes:
        small: bytes = AS_SMALL_AS_SENT(text, **{**how, "quality": 4} if how.get("quality", 11) > above else how)
        return small

    brotli.compress = compress


def _become(command: Sequence[str], folder: str, environment: Mapping[str, str], said: Sequence[str]) -> None:
    """Run `sidedoor …` or `python -m name …` in this process. What it says goes to the files `said`: output, errors."""
    for stream, name in zip((0, 1, 2), (os.devnull, *said), strict=True):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666), stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    if QUICKLY in environment:
        compress_quickly()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    multiprocessing.set_start_method("fork", force=True)  # as it is where nobody chose
    if command[0] == SIDEDOOR:
        from sidedoor.cli import main

        sys.argv = list(command)
        main()
        return
    assert command[:2] == [sys.executable, "-m"]
    sys.path.insert(0, folder)
    sys.argv = list(command[2:])
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


class Begun:
    """A process like subprocess.Popen's, running `command` (`sidedoor …` or `python -m name …`) in `folder`.

    `environment` is all of its own; what it says goes to the files `said`: output, errors.
    """

    def __init__(
        self, command: Sequence[str | Path], folder: Path, environment: Mapping[str, str], said: tuple[Path, Path]
    ) -> None:
        words, files = [str(word) for word in command], [str(path) for path in said]
        self._process = ForkServerProcess(target=_become, args=(words, str(folder), dict(environment), files))
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


def begin(
    command: Sequence[str | Path], folder: Path, environment: Mapping[str, str], said: tuple[Path, Path]
) -> Begun | subprocess.Popen[bytes]:
    """The same, from nothing where it is another program, or one that takes a library along (LD_PRELOAD)."""
    if str(command[0]) in (SIDEDOOR, sys.executable) and "LD_PRELOAD" not in environment:
        return Begun(command, folder, environment, said)
    with said[0].open("ab") as output, said[1].open("ab") as errors:
        return subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=errors)


def run(
    command: Sequence[str | Path], environment: Mapping[str, str], folder: Path = PROJECT, seconds: float = 100
) -> subprocess.CompletedProcess[str]:
    """Like subprocess.run, with `environment` added to this process's. Raises TimeoutExpired after `seconds`."""
    with tempfile.TemporaryDirectory() as place:
        said = (Path(place, "output"), Path(place, "errors"))
        begun = begin(command, folder, {**os.environ, **environment}, said)
        try:
            code = begun.wait(seconds)
        finally:
            begun.kill()
        return subprocess.CompletedProcess(command, code, *(path.read_text("utf-8") for path in said))
