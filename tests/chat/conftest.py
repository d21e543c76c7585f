"""What tests of the chat share: a real Valkey (or Redis, which speaks the same) that stores nothing on disk."""

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis


class Valkey:
    """A Valkey server on a free port, for tests alone. Close it."""

    def __init__(self, folder: Path, *options: str, config: Path | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        program = shutil.which("valkey-server") or shutil.which("redis-server")
        assert program, "valkey-server or redis-server has to be installed (tests/browser/install.sh)"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"valkey://127.0.0.1:{self.port}/0"
        self.folder = folder
        self._program, self._config = program, config
        self.client = redis.Redis(port=self.port)
        self.start(*options)

    def start(self, *options: str) -> None:
        """Start it (again), empty, at the same port."""
        store_nothing = ("--save", "", "--appendonly", "no", "--slowlog-max-len", "0")
        self._process = subprocess.Popen(
            [self._program, *([str(self._config)] if self._config else []), "--port", str(self.port),
             "--bind", "127.0.0.1", "--dir", str(self.folder), *(options or (() if self._config else store_nothing))],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        for _ in range(100):
            try:
                self.client.ping()
                break
            except redis.ConnectionError:
                time.sleep(0.05)

    def restart(self, keeps: bool) -> None:
        """Kill it and start it again, with its data or without."""
        if keeps:
            self.client.save()
        self._process.kill()
        self._process.wait()
        for dump in () if keeps else self.folder.glob("*.rdb"):
            dump.unlink()
        self.start()

    def pause(self) -> None:
        """Freeze it: from now on it takes what is sent and answers nothing."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it answer again."""
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Stop it; it can be started again."""
        self._process.terminate()
        self._process.wait()

    def close(self) -> None:
        """Stop it for good."""
        self.client.close()
        self.stop()


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """A server for all tests of a run. Each test flushes it before it begins."""
    server = Valkey(tmp_path_factory.mktemp("valkey"))
    yield server
    server.close()
