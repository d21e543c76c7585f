"""Runs the site as an operator does: granian, on a free port, with the test's own content and data folder."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import weakref
from collections.abc import Sequence
from functools import cache, partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from sidedoor.documents.loader import Loader
from sidedoor.private import private_tree
from sidedoor.web import serve
from sidedoor.web.granian_patient import listening
from tests.processes import begin

PROJECT = Path(__file__).resolve().parents[1]
START_SECONDS = 60
PUBLIC_SITE, DESK = "sidedoor.public.server:load", "sidedoor.desk.server:load"


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def copy_content(folder: Path, exits: list[str], canary: str = "") -> None:
    """Copy the project's own content to a new folder, with other exits, and with `canary` in each page's words."""
    shutil.copytree(PROJECT / "examples/hampshire", folder)
    chosen = folder / "site.toml"
    chosen.write_text(re.sub(r"(?m)^exit = .*$", f"exit = {json.dumps(exits)}", chosen.read_text("utf-8")), "utf-8")
    for page in folder.glob("*/*.md") if canary else ():
        page.write_text(page.read_text("utf-8") + f"\n{canary} {page.stem}\n", "utf-8")


@cache
def _what_a_site_keeps() -> "tempfile.TemporaryDirectory[str]":
    folder = tempfile.TemporaryDirectory()
    Loader(PROJECT / "examples/hampshire", Path(folder.name)).load()
    kept = Path(folder.name, "kept.sqlite3")
    with contextlib.closing(sqlite3.connect(kept)) as database:
        assert database.execute("SELECT count(*) FROM kept").fetchone() > (50,)
        whole = database.serialize()  # the file alone is not enough: SQLite's log beside it holds the rest
    for part in kept.parent.glob(f"{kept.name}*"):
        part.unlink()
    kept.write_bytes(whole)
    return folder


def started_before(data: Path) -> Path:
    """Make `data` the data folder of a site and a desk that have read the project's content: the next start is quicker."""
    for application in (data, data / "desk"):
        shutil.copytree(_what_a_site_keeps().name, application, dirs_exist_ok=True)
    private_tree(data)
    return data


RUNNING: "weakref.WeakSet[RunningSite]" = weakref.WeakSet()
"""The servers of this process: conftest.py prints the end of their logs if a test fails."""


class RunningSite:
    """A server process at `url`. `wrapper` is a command that starts it; `environment` adds settings.

    `application` is the public site or the desk (DESK).
    """

    def __init__(
        self,
        content: Path,
        data: Path,
        workers: int = 1,
        wrapper: Sequence[str] = (),
        start_seconds: float = START_SECONDS,
        application: str = PUBLIC_SITE,
        **environment: str,
    ) -> None:
        self.port, self._workers = free_port(), workers
        self.url = f"http://127.0.0.1:{self.port}"
        command = [*wrapper, *serve.command(application, "127.0.0.1", self.port, workers)]
        settings = {"SIDEDOOR_CONTENT": str(content), "SIDEDOOR_DATA": str(data), "PORT": str(self.port)}
        settings["SIDEDOOR_DESK_URL"] = f"http://localhost:{self.port}"
        self.data = data
        self.log = data / "server.log"
        data.mkdir(parents=True, exist_ok=True)
        self.log.touch()
        environment = {**os.environ, **settings, **environment}
        self._start = partial(begin, command, PROJECT, environment, (self.log, self.log))
        self.start(start_seconds)
        RUNNING.add(self)

    def start(self, seconds: float = START_SECONDS) -> None:
        """Start the server, or start it again at the same port."""
        self.process = self._start()
        self._wait(seconds)

    def kill(self) -> None:
        """Kill all its processes at once, as a power cut would."""
        for process in (self.process.pid, *workers(self)):
            os.kill(process, signal.SIGKILL)
        self.process.wait()

    def _wait(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=5):
                    if listening(self.port) >= self._workers:
                        return
            except (urllib.error.URLError, OSError):
                if self.process.poll() is not None:
                    break
                time.sleep(0.05)
        self.close()
        raise RuntimeError(f"The site did not start:\n{self.log.read_text()}")

    def close(self) -> None:
        """Stop the server and wait until it is gone. A server that lost a worker may not stop by itself."""
        alive = workers(self)
        self.process.terminate()
        try:
            self.process.wait(timeout=3)
        except subprocess.TimeoutExpired:
            for process in (*alive, *workers(self), self.process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            self.process.wait()


class SlowSite:
    """A proxy in front of a site that can hold responses back: one to a path in `held` waits until the path is removed.

    `away`: no request gets a response. `answered`: the requested paths, with the status of each response.
    """

    def __init__(self, behind: str) -> None:
        self.held: set[str] = set()
        self.away = False
        self.answered: list[tuple[str, int]] = []
        self._asked: list[str] = []
        slow = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                sent = self.rfile.read(int(self.headers.get("Content-Length", 0))) or None
                if slow.away:
                    return
                slow._asked.append(self.path)
                given = {name: value for name, value in self.headers.items() if name.lower() != "accept-encoding"}
                request = urllib.request.Request(behind + self.path, sent, given, method=self.command)
                try:
                    with urllib.request.urlopen(request, timeout=20) as answer:
                        status, headers, body = answer.status, answer.headers.items(), answer.read()
                except urllib.error.HTTPError as error:
                    status, headers, body = error.code, error.headers.items(), error.read()
                slow.answered.append((self.path, status))
                until = time.monotonic() + 20
                while self.path in slow.held and time.monotonic() < until:
                    time.sleep(0.02)
                with contextlib.suppress(OSError):  # the browser may have gone elsewhere
                    self.send_response_only(status)
                    for name, value in headers:
                        if name.lower() not in ("connection", "transfer-encoding"):
                            self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(body)

            do_POST = do_GET  # noqa: N815 - the name that http.server asks for

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def asked(self, path: str) -> list[str]:
        """Return the requests for `path` so far."""
        return [asked for asked in self._asked if asked == path]

    def wait_for_request(self, path: str, seconds: float = 5) -> None:
        """Wait until somebody asks for `path`. Raises AssertionError after `seconds`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.asked(path):
                return
            time.sleep(0.02)
        raise AssertionError(f"Nobody asked for {path}.")

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


def workers(site: RunningSite) -> list[int]:
    """Return the process numbers of the server's workers, without the rendering children."""
    numbers = []
    for status in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):
            text = status.read_text()
            parent = re.search(r"PPid:\t(\d+)", text)
            command = status.with_name("cmdline").read_bytes()
            if parent and int(parent[1]) == site.process.pid and b"resource_tracker" not in command:
                numbers.append(int(status.parent.name))
    return sorted(numbers)


def node_environment() -> dict[str, str]:
    """Return an environment in which `node` is the one that requirements-dev.txt installs."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"}
