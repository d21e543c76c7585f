"""How granian hands a request over (RSGI, its own interface): a body comes in whole, and only then takes a thread.

granian's WSGI gives a thread to whoever has sent the headers, and has no time limit for the rest, so a few dozen people
who send a byte each keep everybody else's forms out (emmett-framework/granian, issue 728, will not be mended). Here who
sends slowly costs a few kilobytes of memory until their time is up. What the edition remembers needs no thread at all.
"""

import asyncio
import io
import signal
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from flask import Flask

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

THREADS = 16
SECONDS_FOR_A_BODY = 10
SMALL_BYTES = 64 * 1024
"""A form. Larger bodies, pictures, get one more second for each such amount that arrives: 5 Mbit/s is plenty."""
MOST_HELD_BYTES = 96 * 1024 * 1024
"""The memory that all large bodies still arriving may take together."""
_SWITCH_SECONDS = 0.0005
"""After so long a thread gives way to the event loop. With Python's own 5 ms, a busy chat would slow every page."""
HOLD_KEY, HELD_KEY = "sidedoor.hold", "sidedoor.held"
"""A view that has nothing to tell yet may put what it waits for into the list that is in its environ at HOLD_KEY, where
there is one. Once that says that there is something new, the view is asked again, once, with HELD_KEY; where it says
that there is not, what the view answered first is sent."""
Wait = Callable[[], Awaitable[bool]]
_Answer = tuple[int, list[tuple[str, str]], bytes]


class Scope(Protocol):
    """What granian tells of a request."""

    method: str
    path: str
    query_string: str
    scheme: str
    client: str
    server: str
    http_version: str
    headers: Any


class Connection(Protocol):
    """Where a body comes from and the answer goes."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...
    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None: ...


class BodyRefused(Exception):
    """There is nobody to answer, or a status to answer with."""

    def __init__(self, status: str = "") -> None:
        super().__init__(status)
        self.status = status


class Front:
    """Stands between granian and `app`. `at_hand` says of a GET whether its answer is ready: then no thread is needed.

    `refuse` makes the answer to a body that did not come, with the policy of all others.
    """

    def __init__(
        self,
        app: Flask,
        at_hand: "Callable[[WSGIEnvironment], bool]",
        refuse: "Callable[[WSGIEnvironment, Callable[..., Any], str], Iterable[bytes]]",
    ) -> None:
        self._app = app
        self._at_hand = at_hand
        self._refuse = refuse
        self._threads = ThreadPoolExecutor(THREADS, "request")
        self._held = 0
        self._waiting: set[asyncio.Future[bool]] = set()
        self._is_warned = self._ends = False

    async def __call__(self, scope: Scope, connection: Connection) -> None:
        environ = _environ(scope)
        waits: list[Wait] = []
        if scope.method in ("GET", "HEAD"):
            if self._at_hand(environ):
                connection.response_bytes(*self._answer(environ))
                return
            environ[HOLD_KEY] = waits
        else:
            try:
                body = await self._body(environ, connection)
            except BodyRefused as refused:
                if refused.status:
                    connection.response_bytes(*await self._in_a_thread(self._refused, environ, refused.status))
                return
            environ["wsgi.input"] = io.BytesIO(body)
        answer = await self._in_a_thread(self._answer, environ)
        if waits and await self._wait(waits[0]):
            answer = await self._in_a_thread(self._answer, {**_environ(scope), HELD_KEY: True})
        connection.response_bytes(*answer)

    async def _in_a_thread(self, answer: Callable[..., _Answer], *given: Any) -> _Answer:
        return await asyncio.get_running_loop().run_in_executor(self._threads, answer, *given)

    async def _wait(self, wait: Wait) -> bool:
        """Whether there is something new.

        granian ends a worker when everything is answered: from the moment it is told to, nothing waits any more.
        """
        loop = asyncio.get_running_loop()
        if not self._is_warned and threading.current_thread() is threading.main_thread():
            self._is_warned = True
            for number in (signal.SIGTERM, signal.SIGINT):
                # In the place of the loop's own, which does nothing: Python wakes the loop, and so granian, anyway.
                signal.signal(number, lambda *_: loop.call_soon_threadsafe(self._let_go))
        if self._ends:
            return False
        waiting = asyncio.ensure_future(wait())
        self._waiting.add(waiting)
        await asyncio.wait((waiting,))
        self._waiting.discard(waiting)
        return not waiting.cancelled() and waiting.result()

    def _let_go(self) -> None:
        self._ends = True
        for waiting in self._waiting:
            waiting.cancel()

    def _answer(self, environ: "WSGIEnvironment") -> _Answer:
        return _run(lambda start: self._app.wsgi_app(environ, start))

    def _refused(self, environ: "WSGIEnvironment", status: str) -> _Answer:
        return _run(lambda start: self._refuse(environ, start, status))

    async def _body(self, environ: "WSGIEnvironment", connection: Connection) -> bytes:
        """The whole body, its length in `environ`. A body that is too long is left where it is: Flask says so."""
        most: int = self._app.config["MAX_CONTENT_LENGTH"]
        written = environ.get("CONTENT_LENGTH")
        declared = int(written) if written and written.isascii() and written.isdigit() else None
        if declared is not None and declared > most:
            return b""
        loop = asyncio.get_running_loop()
        ends = loop.time() + SECONDS_FOR_A_BODY
        body = bytearray()
        held = 0
        try:
            async with asyncio.timeout_at(ends) as limit:
                async for part in connection:
                    body += part
                    if len(body) > SMALL_BYTES:
                        self._held += len(body) - held
                        held = len(body)
                        limit.reschedule(ends + held / SMALL_BYTES)
                    if self._held > MOST_HELD_BYTES:
                        raise BodyRefused("503 Service Unavailable")
                    if len(body) > most:
                        break
        except TimeoutError:
            raise BodyRefused("408 Request Timeout") from None
        except RuntimeError:  # granian raises it for a connection that is gone
            raise BodyRefused from None
        finally:
            self._held -= held
        if declared is not None and len(body) < declared:
            raise BodyRefused
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        environ["CONTENT_LENGTH"] = str(len(body))
        return bytes(body)


def serve(
    app: Flask,
    at_hand: "Callable[[WSGIEnvironment], bool]",
    refuse: "Callable[[WSGIEnvironment, Callable[..., Any], str], Iterable[bytes]]",
) -> None:
    """Let granian serve `app` through a Front."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    app.__rsgi__ = Front(app, at_hand, refuse)  # type: ignore[attr-defined]


def _run(application: Callable[[Callable[..., Any]], Any]) -> _Answer:
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
    """The scope as PEP 3333 has it. Values of a repeated header are joined, so that two Hosts match none we trust."""
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
