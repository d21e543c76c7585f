"""Takes requests from granian (RSGI, its own interface): a body is read whole, and only then takes a thread.

granian's WSGI gives a thread to every client that has sent its headers, and has no time limit for the rest, so a few
dozen clients that send a byte each keep everybody else's forms out (emmett-framework/granian, issue 728, will not be
fixed). Here a slow client costs a few kilobytes of memory until its time is up. What the edition remembers needs no
thread at all.
"""

import asyncio
import io
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from flask import Flask

from sidedoor.web.held import HELD_KEY, HOLD_KEY, Answer, Hold, NextAnswers, Wait, page_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

THREADS = 16
THREADS_APART = 3
"""For requests that are short, and frequent or urgent. Any other work then gets a thread at once, and at most this many
threads take turns with it and with the event loop, which answers with what the edition remembers."""
SECONDS_FOR_A_BODY = 10
SMALL_BYTES = 64 * 1024
"""The size of a form. Larger bodies, pictures, get one more second for each such amount that arrives: half a
megabit a second is enough."""
MOST_HELD_BYTES = 96 * 1024 * 1024
"""The memory that all large bodies may take together, from their first part until they are answered."""
FILE_KEY = "sidedoor.file"
"""A view may put the path of a file into the list in its environ at FILE_KEY, if there is one, and answer 200 or 206
with that file's headers and without a body. The file is then sent from disk, in pieces: a reader who takes it slowly,
or not at all, holds none of it in memory."""
_SWITCH_SECONDS = 0.0005
"""A thread gives way to the event loop after this time. Measured on its own, with 60 questions a second while pages are
read as fast as possible: with sixteen threads, Python's own 5 ms made the slowest in a hundred take 124 ms instead of
44. With THREADS_APART it makes no difference; a search still takes long."""


class Scope(Protocol):
    """What granian says about a request."""

    method: str
    path: str
    query_string: str
    scheme: str
    client: str
    server: str
    http_version: str
    headers: Any


class Connection(Protocol):
    """Where a body comes from, and where the answer goes."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...
    async def client_disconnect(self) -> None: ...
    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None: ...
    def response_file_range(
        self, status: int, headers: list[tuple[str, str]], file: str, start: int, end: int
    ) -> None: ...


class BodyRefused(Exception):
    """The body did not arrive. `status` is what to answer with; empty if nobody is there to answer."""

    def __init__(self, status: str = "") -> None:
        super().__init__(status)
        self.status = status


class Front:
    """Stands between granian and `app`. `at_hand`: whether the answer to a GET is ready, so that it needs no thread.

    `refuse` makes the answer to a body that did not arrive, with the policy of all others. `apart`: whether a path is
    one of those that have separate threads.
    """

    def __init__(
        self,
        app: Flask,
        at_hand: "Callable[[WSGIEnvironment], bool]",
        refuse: "Callable[[WSGIEnvironment, Callable[..., Any], str], Iterable[bytes]]",
        apart: Callable[[str], bool],
    ) -> None:
        self._app = app
        self._at_hand = at_hand
        self._refuse = refuse
        self._apart = apart
        self._threads = ThreadPoolExecutor(THREADS, "request")
        self._threads_apart = ThreadPoolExecutor(THREADS_APART, "apart")
        self._next_answers = NextAnswers()
        self._held = 0
        self._waiting: set[asyncio.Future[bool]] = set()
        self._is_warned = self._ends = False

    async def __call__(self, scope: Scope, connection: Connection) -> None:
        environ = _environ(scope)
        threads = self._threads_apart if self._apart(scope.path) else self._threads
        if scope.method in ("GET", "HEAD"):
            if self._at_hand(environ):
                connection.response_bytes(*self._answer(environ))
            else:
                files = list[str]()
                if scope.method == "GET":
                    environ[FILE_KEY] = files
                status, headers, body = await self._ask(scope, environ, threads, connection)
                if files and status in (200, 206):
                    connection.response_file_range(status, headers, files[0], *_part_of_file(headers))
                else:
                    connection.response_bytes(status, headers, body)
        else:
            try:
                body = await self._body(environ, connection)
            except BodyRefused as refused:
                if refused.status:
                    connection.response_bytes(*await _in_a_thread(threads, self._refused, environ, refused.status))
                return
            environ["wsgi.input"] = io.BytesIO(body)
            try:
                answer = await _in_a_thread(threads, self._answer, environ)
            finally:
                self._held -= _counted(body)
            connection.response_bytes(*answer)

    async def _ask(
        self, scope: Scope, environ: "WSGIEnvironment", threads: ThreadPoolExecutor, connection: Connection
    ) -> Answer:
        if scope.method != "GET":
            return await _in_a_thread(threads, self._answer, environ)
        page = page_of(scope)
        hold, answer = self._next_answers.find(page, scope.query_string) or await self._ask_view(page, environ, threads)
        if hold and await self._wait(hold.wait, connection):
            _, answer = await self._ask_view(page, {**_environ(scope), HELD_KEY: True}, threads)
        return answer

    async def _ask_view(
        self, page: bytes, environ: "WSGIEnvironment", threads: ThreadPoolExecutor
    ) -> tuple[Hold | None, Answer]:
        holds = environ[HOLD_KEY] = list[Hold]()
        answer = await _in_a_thread(threads, self._answer, environ)
        if not holds:
            self._next_answers.forget(page)
            return None, answer
        self._next_answers.remember(page, holds[0], answer)
        return holds[0] if holds[0].waits else None, answer

    async def _wait(self, wait: Wait, connection: Connection) -> bool:
        """Wait, and say whether there is news and somebody to send it to.

        granian says when the other end is gone: the browser, or nginx, which hangs up as soon as its own client does.
        It ends a worker once everything is answered: from the moment it is asked to, nothing waits any more.
        """
        loop = asyncio.get_running_loop()
        if not self._is_warned and threading.current_thread() is threading.main_thread():
            self._is_warned = True
            for number in (signal.SIGTERM, signal.SIGINT):
                # Replaces the loop's own handler, which does nothing: Python wakes the loop, and so granian, anyway.
                signal.signal(number, lambda *_: loop.call_soon_threadsafe(self._release_held))
        if self._ends:
            return False
        waiting = asyncio.ensure_future(wait())
        gone = asyncio.ensure_future(connection.client_disconnect())
        self._waiting.add(waiting)
        try:
            await asyncio.wait((waiting, gone), return_when=asyncio.FIRST_COMPLETED)
            return not gone.done() and not waiting.cancelled() and waiting.result()
        finally:
            self._waiting.discard(waiting)
            waiting.cancel()
            gone.cancel()

    def _release_held(self) -> None:
        self._ends = True
        for waiting in self._waiting:
            waiting.cancel()

    def _answer(self, environ: "WSGIEnvironment") -> Answer:
        return _run(lambda start: self._app.wsgi_app(environ, start))

    def _refused(self, environ: "WSGIEnvironment", status: str) -> Answer:
        return _run(lambda start: self._refuse(environ, start, status))

    async def _body(self, environ: "WSGIEnvironment", connection: Connection) -> bytes:
        """The whole body, counted among those held; puts its length into `environ`. A body that is too long is left
        unread: Flask refuses it."""
        most: int = self._app.config["MAX_CONTENT_LENGTH"]
        written = environ.get("CONTENT_LENGTH")
        declared = int(written) if written and written.isascii() and written.isdigit() else None
        if declared is not None and declared > most:
            return b""
        body = bytearray()
        try:
            await self._read(body, most, connection)
            if declared is not None and len(body) < declared:
                raise BodyRefused
        except BaseException:
            self._held -= _counted(body)
            raise
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        environ["CONTENT_LENGTH"] = str(len(body))
        return bytes(body)

    async def _read(self, body: bytearray, most: int, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        ends = loop.time() + SECONDS_FOR_A_BODY
        try:
            async with asyncio.timeout_at(ends) as limit:
                async for part in connection:
                    before = _counted(body)
                    body += part
                    self._held += _counted(body) - before
                    if len(body) > SMALL_BYTES:
                        limit.reschedule(ends + len(body) / SMALL_BYTES)
                    if self._held > MOST_HELD_BYTES:
                        raise BodyRefused("503 Service Unavailable")
                    if len(body) > most:
                        break
        except TimeoutError:
            raise BodyRefused("408 Request Timeout") from None
        except RuntimeError:  # granian raises it for a connection that is gone
            raise BodyRefused from None


def _counted(body: bytes | bytearray) -> int:
    """How much of a body counts towards MOST_HELD_BYTES: small ones do not."""
    return len(body) if len(body) > SMALL_BYTES else 0


def serve(
    app: Flask,
    at_hand: "Callable[[WSGIEnvironment], bool]",
    refuse: "Callable[[WSGIEnvironment, Callable[..., Any], str], Iterable[bytes]]",
    apart: Callable[[str], bool],
) -> None:
    """Let granian serve `app` through a Front."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    app.__rsgi__ = Front(app, at_hand, refuse, apart)  # type: ignore[attr-defined]


async def _in_a_thread(threads: ThreadPoolExecutor, answer: Callable[..., Answer], *arguments: Any) -> Answer:
    return await asyncio.get_running_loop().run_in_executor(threads, answer, *arguments)


def _part_of_file(headers: list[tuple[str, str]]) -> tuple[int, int]:
    """Where the part of a file that these headers announce starts, and where it ends."""
    by_name = {name.lower(): value for name, value in headers}
    start = int(by_name.get("content-range", "bytes 0-").removeprefix("bytes ").partition("-")[0])
    return start, start + int(by_name["content-length"])


def _run(application: Callable[[Callable[..., Any]], Any]) -> Answer:
    """Call a WSGI application; its answer in one piece."""
    sent: list[Any] = []

    def start(status: str, headers: list[tuple[str, str]], _error: Any = None) -> Callable[[bytes], object]:
        sent[:] = (int(status[:3]), headers)
        return written.append

    written: list[bytes] = []
    parts = application(start)
    try:
        body = b"".join([*written, *parts])
    finally:
        if close := getattr(parts, "close", None):
            close()
    return sent[0], sent[1], body


@lru_cache(maxsize=256)
def _name(header: str) -> str:
    name = header.upper().replace("-", "_")
    return name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"


def _environ(scope: Scope) -> "WSGIEnvironment":
    """The scope as a WSGI environment (PEP 3333). Values of a repeated header are joined, so that two Hosts match none
    that we trust."""
    server, _, port = scope.server.rpartition(":")
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path if scope.path.isascii() else scope.path.encode("utf-8", "replace").decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": server,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.input_terminated": True,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for header, value in scope.headers.items():
        if "_" in header:
            continue  # in a WSGI environment it would pass for another header
        name = _name(header)
        environ[name] = f"{environ[name]}{';' if name == 'HTTP_COOKIE' else ','}{value}" if name in environ else value
    return environ
