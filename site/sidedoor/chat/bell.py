"""Wakes the questions of readers' pages that are held until there is something to tell.

They wait in the server's event loop, where one costs a few kilobytes and no thread. One look at the store, some times a
second, is for all of a worker's together, so a reader who is told nothing costs next to nothing.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from sidedoor.chat.model import StoreDown
from sidedoor.chat.rules import News

EVERY_SECONDS = 0.25
MOST_OF_ONE = 3
"""Questions of one conversation, each of a tab; the oldest is answered when one more comes."""

Look = Callable[[Collection[int], datetime], Mapping[int, News]]
Looked = Callable[[Mapping[int, tuple[datetime, int]]], None]


class Bell:
    """`look` is a store's `news`, `looked` its `looked_in`. `hears`: whether its last look at the store went well."""

    def __init__(self, look: Look, looked: Looked, clock: Callable[[], datetime]) -> None:
        self._look, self._looked, self._clock = look, looked, clock
        self.hears = True
        self._saw: dict[int, tuple[datetime, int]] = {}
        self._held: dict[int, dict[asyncio.Future[None], News]] = {}
        self._looking: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "bell")

    async def wait(self, conversation: int, known: News, seconds: float) -> bool:
        """Until the news of `conversation` are other than those `known`: whether they are within so many seconds."""
        loop = asyncio.get_running_loop()
        rings: asyncio.Future[None] = loop.create_future()
        held = self._held.setdefault(conversation, {})
        held[rings] = known
        if len(held) > MOST_OF_ONE:
            _ring(next(iter(held)))
        if self._looking is None or self._looking.done():
            self._looking = loop.create_task(self._keep_looking())
        try:
            await asyncio.wait((rings,), timeout=seconds)
            return rings.done()
        finally:
            del held[rings]
            if not held and self._held.get(conversation) is held:
                del self._held[conversation]

    def saw(self, conversation: int, shown: int) -> None:
        """Its reader's page called, has shown so many messages, and nobody asked the store: it is written down with
        others."""
        self._saw[conversation] = self._clock(), max(shown, self._saw.get(conversation, (None, 0))[1])

    def _write_and_look(
        self, saw: Mapping[int, tuple[datetime, int]], held: Collection[int], now: datetime
    ) -> Mapping[int, News]:
        if saw:
            self._looked(saw)
        return self._look(held, now)

    async def _keep_looking(self) -> None:
        loop = asyncio.get_running_loop()
        while self._held:
            await asyncio.sleep(EVERY_SECONDS)
            try:
                saw, self._saw = self._saw, {}
                asked = (saw, tuple(self._held), self._clock())
                news = await loop.run_in_executor(self._thread, self._write_and_look, *asked)
            except (StoreDown, sqlite3.Error, OSError, ValueError, TypeError) as error:
                # Whoever is held is told at the end of their time, and not all of them at once.
                logging.getLogger("sidedoor.chat").warning("Readers are told late: %s", type(error).__name__)
                self.hears = False
                continue
            self.hears = True
            for conversation, held in self._held.items():
                for rings, known in held.items():
                    if news.get(conversation) != known:
                        _ring(rings)


def _ring(rings: "asyncio.Future[None]") -> None:
    if not rings.done():
        rings.set_result(None)
