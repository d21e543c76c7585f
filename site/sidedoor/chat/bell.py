"""Holds the questions of readers' pages until there is something to tell, then lets them be answered.

They wait in the server's event loop, where each costs a few kilobytes and no thread. A worker looks at the store a few
times a second for all of them together, so a reader with no news costs next to nothing.
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
MOST_OF_A_CHAT = 3
"""Questions of one conversation that are held, one for each tab. One more lets the oldest be answered."""

Look = Callable[[Collection[int], datetime], Mapping[int, News]]
Looked = Callable[[Mapping[int, tuple[datetime, int]]], None]


class Bell:
    """Wakes held questions. `look` and `looked` are `news` and `looked_in` of a store. `hears`: whether its last look
    worked."""

    def __init__(self, look: Look, looked: Looked, clock: Callable[[], datetime]) -> None:
        self._look, self._looked, self._clock = look, looked, clock
        self.hears = True
        self._saw: dict[int, tuple[datetime, int]] = {}
        self._held: dict[int, dict[asyncio.Future[None], News]] = {}
        self._looking: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "bell")

    async def wait(self, conversation: int, known: News, seconds: float) -> bool:
        """Wait until the news of `conversation` differ from `known`. Returns whether they did so within `seconds`."""
        loop = asyncio.get_running_loop()
        question: asyncio.Future[None] = loop.create_future()
        held = self._held.setdefault(conversation, {})
        held[question] = known
        if len(held) > MOST_OF_A_CHAT:
            _ring(next(iter(held)))
        if self._looking is None or self._looking.done():
            self._looking = loop.create_task(self._keep_looking())
        try:
            await asyncio.wait((question,), timeout=seconds)
            return question.done()
        finally:
            del held[question]
            if not held and self._held.get(conversation) is held:
                del self._held[conversation]

    def saw(self, conversation: int, shown: int) -> None:
        """Note that a page of this conversation called, and how many messages it has shown. It was answered without the
        store, so the next look stores this."""
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
                arguments = (saw, tuple(self._held), self._clock())
                news = await loop.run_in_executor(self._thread, self._write_and_look, *arguments)
            except (StoreDown, sqlite3.Error, OSError, ValueError, TypeError) as error:
                # Each held question is answered when its own time ends, so they do not all come back at once.
                logging.getLogger("sidedoor.chat").warning("Readers are told late: %s", type(error).__name__)
                self.hears = False
                continue
            self.hears = True
            for conversation, held in self._held.items():
                for question, known in held.items():
                    if news.get(conversation) != known:
                        _ring(question)


def _ring(question: "asyncio.Future[None]") -> None:
    if not question.done():
        question.set_result(None)
