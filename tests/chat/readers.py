"""Readers of the chat as programs: hundreds at once on a real server, each from a different loopback address.

To the site each address is a network, so its limits apply to every reader as they do to a person. Each keeps one
connection open, as a browser does. They are light, because they share the machine with the server.
"""

import asyncio
import json
import re
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.server import copy_content

CHAT = """
[chat]
answered_by = "people who are trained for this."
confidential = "What you write stays between us, unless somebody is in danger."
most_waiting = 500
[[chat.open]]
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
from = "00:00"
until = "24:00"
"""
PATIENCE_SECONDS = 20.0


def copy_content_with_chat(
    folder: Path, exits: Sequence[str] = ("https://weather.example/",), chat: str = CHAT
) -> None:
    """Write the project's content to a new folder, with another chat: one that is always open and has room for many."""
    copy_content(folder, list(exits))
    site = folder / "site.toml"
    without_chat = re.sub(r"(?ms)^\[chat\].*?(?=^\[+(?!chat)|\Z)", "", site.read_text("utf-8"))
    site.write_text(without_chat + chat, "utf-8")


def run_async(visit: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine to its end, in a separate thread: a test with Playwright leaves an event loop in the main thread."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, visit).result()


class NoAnswer(Exception):
    """It is unknown whether a request was carried out: the connection broke, or the answer was not one of the chat's."""


class _Line(asyncio.Protocol):
    """One connection. One request is under way at a time."""

    def __init__(self) -> None:
        self._received = b""
        self._answer: asyncio.Future[tuple[bytes, bytes]] | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def send(self, request: bytes) -> "asyncio.Future[tuple[bytes, bytes]]":
        assert self.transport
        self._received, self._answer = b"", asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self._answer

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end_of_head, body = self._received.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head) if end_of_head else None
        if length and len(body) >= int(length[1]) and self._answer and not self._answer.done():
            self._answer.set_result((head, body))

    def connection_lost(self, error: Exception | None) -> None:
        self.transport = None
        if self._answer and not self._answer.done():
            self._answer.set_exception(NoAnswer(str(error or "closed")))


class Reader:
    """One reader's browser, as far as the chat knows it. `number` chooses the address it comes from."""

    def __init__(self, port: int, number: int, cookie: str = "") -> None:
        self.port, self.number, self.cookie = port, number, cookie
        self._address = f"127.1.{number // 250}.{number % 250 + 1}"
        self._line = _Line()

    async def start(self) -> None:
        """Begin to wait. Raises NoAnswer."""
        head, _ = await self._ask("POST", "/chat/start", {})
        match = re.search(rb"(?i)\r\nset-cookie: (chat=[^;]+)", head)
        if not match:
            raise NoAnswer(_status(head))
        self.cookie = match[1].decode()

    async def say(self, text: str, once: str, patience: float = PATIENCE_SECONDS) -> int:
        """Send a message; returns the number it is acknowledged with. Raises NoAnswer, also after `patience` seconds."""
        form = {"message": text, "once": once}
        return int((await self._ask_for_json("POST", "/chat/say", form, patience))["number"])

    async def poll(self, after: int, told: str = "") -> dict[str, Any]:
        """The news after the message numbered `after`, which is on the screen. The server holds the request while there is
        nothing but what was `told`. Raises NoAnswer."""
        query = f"after={after}&shown={after}" + (f"&told={told}" if told else "")
        return await self._ask_for_json("GET", f"/chat/messages?{query}")

    def close(self) -> None:
        """Hang up."""
        if self._line.transport:
            self._line.transport.abort()

    async def _ask_for_json(
        self, method: str, path: str, form: dict[str, str] | None = None, patience: float = PATIENCE_SECONDS
    ) -> dict[str, Any]:
        head, body = await self._ask(method, path, form, patience)
        if not head.startswith(b"HTTP/1.1 200"):
            raise NoAnswer(f"{_status(head)} {body[:200]!r}")
        answer: dict[str, Any] = json.loads(body)
        return answer

    async def _ask(
        self, method: str, path: str, form: dict[str, str] | None, patience: float = PATIENCE_SECONDS
    ) -> tuple[bytes, bytes]:
        body = urlencode(form or {})
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", "Accept: application/json"]
        if self.cookie:
            lines.append(f"Cookie: {self.cookie}")
        if form is not None:
            lines += ["Sec-Fetch-Site: same-origin", "Content-Type: application/x-www-form-urlencoded"]
            lines.append(f"Content-Length: {len(body)}")
        request = "\r\n".join([*lines, "", body]) if form is not None else "\r\n".join([*lines, "", ""])
        try:
            async with asyncio.timeout(patience):
                if not self._line.transport or self._line.transport.is_closing():
                    loop = asyncio.get_running_loop()
                    _, self._line = await loop.create_connection(
                        _Line, "127.0.0.1", self.port, local_addr=(self._address, 0)
                    )
                return await self._line.send(request.encode())
        except OSError as error:  # TimeoutError is one
            self.close()
            raise NoAnswer(repr(error)) from error


def _status(head: bytes) -> str:
    return head.split(b"\r\n")[0].decode()
