"""Starts processes quickly: forks them from a server process that has already imported the program.

Importing it takes a second, and the tests start hundreds of processes. Starting without this is tested in test_package.py,
deploy/ and test_docs.py.
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


# If this variable is set, processes started here compress pages at a lower quality, which is ten times as fast. Tests set it,
# and do the same in their own process (conftest.py, where `as_small_as_sent` undoes it); benches do not.
QUICKLY = "TESTS_COMPRESS_QUICKLY"
AS_SMALL_AS_SENT = brotli.compress

PROJECT = Path(__file__).resolve().parents[1]
SIDEDOOR = str(Path(sys.executable).with_name("sidedoor"))


def compress_quickly(above: int = 4) -> None:
    """Compress at quality 4 whenever a quality `above` this one is asked for, for the life of this process."""

    def compress(text: bytes, **how: int) -> bytes:
        small: bytes = AS_SMALL_AS_SENT(text, **{**how, "quality": 4} if how.get("quality", 11) > above else how)
        return small

    brotli.compress = compress


def _become(command: Sequence[str], folder: str, environment: Mapping[str, str], logs: Sequence[str]) -> None:
    """Run `sidedoor …` or `python -m name …` in this process. `logs`: the files for its output and its errors."""
    for stream, name in zip((0, 1, 2), (os.devnull, *logs), strict=True):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666), stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    if QUICKLY in environment:
        compress_quickly()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    multiprocessing.set_start_method("fork", force=True)  # Linux's default
    if command[0] == SIDEDOOR:
        from sidedoor.cli import main

        sys.argv = list(command)
        main()
        return
    assert command[:2] == [sys.executable, "-m"]
    sys.path.insert(0, folder)
    sys.argv = list(command[2:])
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


class ForkedProcess:
    """A process like subprocess.Popen's, running `command` (`sidedoor …` or `python -m name …`) in `folder`.

    `environment` replaces this process's; `logs` are the files for its output and its errors.
    """

    def __init__(
        self, command: Sequence[str | Path], folder: Path, environment: Mapping[str, str], logs: tuple[Path, Path]
    ) -> None:
        words, files = [str(word) for word in command], [str(path) for path in logs]
        self._process = ForkServerProcess(target=_become, args=(words, str(folder), dict(environment), files))
        self._process.start()
        assert self._process.pid
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """Return its exit code, or None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises subprocess.TimeoutExpired after so many seconds."""
        self._process.join(timeout)
        if (code := self._process.exitcode) is None:
            raise subprocess.TimeoutExpired("", timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


def begin(
    command: Sequence[str | Path], folder: Path, environment: Mapping[str, str], logs: tuple[Path, Path]
) -> ForkedProcess | subprocess.Popen[bytes]:
    """Start `command` in `folder`: as ForkedProcess, or as a new process for another program or with LD_PRELOAD."""
    if str(command[0]) in (SIDEDOOR, sys.executable) and "LD_PRELOAD" not in environment:
        return ForkedProcess(command, folder, environment, logs)
    with logs[0].open("ab") as output, logs[1].open("ab") as errors:
        return subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=errors)


def run(
    command: Sequence[str | Path], environment: Mapping[str, str], folder: Path = PROJECT, seconds: float = 100
) -> subprocess.CompletedProcess[str]:
    """Run like subprocess.run, with `environment` added to this process's. Raises TimeoutExpired after `seconds`."""
    with tempfile.TemporaryDirectory() as place:
        logs = (Path(place, "output"), Path(place, "errors"))
        process = begin(command, folder, {**os.environ, **environment}, logs)
        try:
            code = process.wait(seconds)
        finally:
            process.kill()
        return subprocess.CompletedProcess(command, code, *(log.read_text("utf-8") for log in logs))
