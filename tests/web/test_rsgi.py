"""Between granian and the application: large bodies take their share of memory until they are answered."""

import asyncio
import threading
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from sidedoor.web import rsgi
from sidedoor.web.rsgi import Front


class Upload:
    """A connection, as granian gives it, whose client sends a body of `size` bytes. `status`: what it was answered."""

    def __init__(self, size: int) -> None:
        self.size, self.status = size, 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self.size // 1000):
            yield bytes(1000)

    async def client_disconnect(self) -> None:
        """Wait for ever: this client stays."""

    def response_bytes(self, status: int, _headers: list[tuple[str, str]], _body: bytes) -> None:
        """Receive the answer."""
        self.status = status

    def response_file_range(
        self, status: int, _headers: list[tuple[str, str]], _file: str, _start: int, _end: int
    ) -> None:
        """Receive an answer from disk."""
        self.status = status


def refuse(_environ: Any, start: Any, status: str) -> list[bytes]:
    """Answer as outermost.py does, in fewer words."""
    start(status, [])
    return []


def test_bodies_that_wait_for_a_thread_count_until_they_are_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once they had arrived they no longer counted, however many waited: 24 MB each at the desk, for anybody."""
    monkeypatch.setattr(rsgi, "MOST_HELD_BYTES", 300_000)
    app, began, answers = Flask(__name__), threading.Event(), threading.Event()
    app.config["MAX_CONTENT_LENGTH"] = 1_000_000

    @app.post("/")
    def slowly() -> str:
        began.set()
        assert answers.wait(20)
        return "taken"

    front = Front(app, lambda environ: False, refuse, lambda path: False)
    scope: Any = SimpleNamespace(
        method="POST", path="/", query_string="", scheme="http", client="127.0.0.1:1", server="127.0.0.1:2",
        http_version="1.1", headers={"host": "localhost"},
    )  # fmt: skip

    async def send_all() -> list[int]:
        first, second, small, third = (Upload(size) for size in (200_000, 200_000, 50_000, 200_000))
        waits = asyncio.ensure_future(front(scope, first))
        await asyncio.to_thread(began.wait, 20)
        others = [asyncio.ensure_future(front(scope, upload)) for upload in (second, small)]
        await asyncio.wait(others, timeout=5, return_when=asyncio.FIRST_COMPLETED)
        answers.set()
        await asyncio.gather(waits, *others)
        await front(scope, third)
        return [upload.status for upload in (first, second, small, third)]

    assert asyncio.run(send_all()) == [200, 503, 200, 200]
    assert front._held == 0
