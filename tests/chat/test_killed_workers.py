"""2,000 messages in 50 conversations, on a real server whose workers are killed with -9 all the while.

`make test-long` makes it 10,000 in 250.

None that was acknowledged is lost, none is doubled, all are in order; and whoever polls during it sees each message once.
"""

import asyncio
import contextlib
import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sidedoor.chat.model import Message
from sidedoor.chat.rules import MOST_MESSAGES_A_MINUTE
from sidedoor.chat.store import ChatStore, open_store
from sidedoor.web.granian_patient import listening
from tests.chat.readers import PATIENCE_SECONDS, NoAnswer, Reader, copy_content_with_chat
from tests.server import RunningSite, workers

CONVERSATIONS = 250 if os.environ.get("SIDEDOOR_TEST_LONG") else 50
EACH = MOST_MESSAGES_A_MINUTE
"""So many from either side: as many as the site takes within a minute."""
ADVISER = 1
POSTS_AT_ONCE = 8
"""Half the threads of one worker, which answers alone while the other is dead."""
MOST_KILLS = 12
"""About as many as there is time for; on a busy machine a worker takes long to come back."""
HANGS_UP = 0.03
"""So often the reader's own network fails too, between a message and its answer."""
AGAIN_SECONDS = 0.2
POLL_SECONDS = 1.0
THINKS_SECONDS = 1.5
"""At most so long before each message: the talk outlasts several deaths of a worker, however quick the machine."""


class Talk:
    """One conversation: what the reader's side was told, and what its polls showed."""

    def __init__(self, site: RunningSite, number: int) -> None:
        self.reader, self._site, self._number = Reader(site.port, number), site, number
        self.acknowledged: dict[int, str] = {}
        self.shown: list[str] = []
        self.unknown = 0

    async def start(self, turns: asyncio.Semaphore) -> None:
        """Begin to wait."""
        async with turns:
            await self.reader.start()

    async def speak(self, turns: asyncio.Semaphore) -> None:
        """Say every message until it is acknowledged; one whose answer was lost is sent again, as chat.js does."""
        for number in range(EACH):
            text = f"reader {self._number} {number}"
            await asyncio.sleep(random.uniform(0, THINKS_SECONDS))
            while True:
                try:
                    async with turns:
                        patience = 0.01 if random.random() < HANGS_UP else PATIENCE_SECONDS
                        told = await self.reader.say(text, f"once {number}", patience)
                    break
                except NoAnswer:
                    assert self._site.process.poll() is None, self._site.log.read_text()
                    self.unknown += 1
                    await asyncio.sleep(AGAIN_SECONDS)
            assert self.acknowledged.setdefault(told, text) == text

    async def listen(self) -> None:
        """Poll beside it until all of both sides is there. Each number comes once, in order, with none left out."""
        second = Reader(self._site.port, self._number, self.reader.cookie)
        while len(self.shown) < 2 * EACH:
            await asyncio.sleep(POLL_SECONDS * random.uniform(0.5, 1.5))
            with contextlib.suppress(NoAnswer):
                new = (await second.poll(after=len(self.shown)))["messages"]
                numbers = [one["number"] for one in new]
                assert numbers == list(range(len(self.shown) + 1, len(self.shown) + 1 + len(new)))
                self.shown += [one["text"] for one in new]
        second.close()


async def kill(site: RunningSite, enough: asyncio.Event) -> int:
    """Kill the worker that outlived the last kill, again and again, soon after the one before it is back.

    In turns, because granian gives up for good where the same worker dies twice within 5.5 seconds.
    """
    killed: list[int] = []
    survivor = workers(site)[0]
    while len(killed) < MOST_KILLS and not enough.is_set():
        await asyncio.sleep(random.uniform(0.5, 1.0))
        found = [worker for worker in workers(site) if worker not in killed]
        if len(found) == 2 and listening(site.port) == 2:
            os.kill(survivor, signal.SIGKILL)
            killed.append(survivor)
            (survivor,) = (worker for worker in found if worker != survivor)
    return len(killed)


def answer(store: ChatStore, conversations: list[int], acknowledged: dict[int, dict[int, str]]) -> None:
    """The advisers' side: in another process than the readers' words, on the same store."""
    for number in range(EACH):
        for conversation in conversations:
            text = f"adviser {conversation} {number}"
            told = store.say(conversation, "adviser", text, datetime.now(UTC), once=text)
            acknowledged.setdefault(conversation, {})[told] = text


async def talk(site: RunningSite, store: ChatStore) -> tuple[list[Talk], dict[int, dict[int, str]], int]:
    """Start all conversations, then let everybody speak and listen while workers die."""
    turns, enough = asyncio.Semaphore(POSTS_AT_ONCE), asyncio.Event()
    talks = [Talk(site, number) for number in range(CONVERSATIONS)]
    await asyncio.gather(*(one.start(turns) for one in talks))
    conversations = [one.id for one in store.live(datetime.now(UTC))]
    assert len(conversations) == CONVERSATIONS
    for conversation in conversations:
        store.accept(conversation, ADVISER, "Kit", datetime.now(UTC))
    answered: dict[int, dict[int, str]] = {}
    killing = asyncio.create_task(kill(site, enough))
    await asyncio.gather(
        asyncio.to_thread(answer, store, conversations, answered),
        *(one.speak(turns) for one in talks),
        *(one.listen() for one in talks),
    )
    enough.set()
    for one in talks:
        one.reader.close()
    return talks, answered, await killing


def in_order(kept: list[Message], who: str) -> bool:
    """Whether one side's messages stand in the order in which they were said."""
    said = [int(one.text.split()[-1]) for one in kept if one.who == who]
    return said == list(range(EACH))


@pytest.mark.timeout(240)  # 20 seconds, but on a machine that does much else every worker takes long to come back
def test_workers_that_are_killed_lose_no_message_double_none_and_keep_the_order(tmp_path: Path) -> None:
    copy_content_with_chat(tmp_path / "content")
    store, began = open_store("sqlite:", tmp_path / "data"), time.monotonic()
    site = RunningSite(tmp_path / "content", tmp_path / "data", workers=2)
    try:
        store.set_presence(ADVISER, "Kit", True, datetime.now(UTC))
        with ThreadPoolExecutor(1) as beside:  # where Playwright has run, this thread has a loop already
            talks, answered, killed = beside.submit(asyncio.run, talk(site, store)).result()
    finally:
        site.close()
    unknown = sum(one.unknown for one in talks)
    print(f"{killed} workers killed, {unknown} answers lost, {time.monotonic() - began:.0f} s")
    assert killed >= 5
    assert unknown >= 5, "some were killed while they answered"
    kept = {conversation: store.messages(conversation) for conversation in answered}
    assert sum(map(len, kept.values())) == CONVERSATIONS * EACH * 2
    for conversation, messages in kept.items():
        assert [one.number for one in messages] == list(range(1, 2 * EACH + 1)), "none left out"
        assert in_order(messages, "reader")
        assert in_order(messages, "adviser")
        stands = {one.number: one.text for one in messages}
        assert answered[conversation].items() <= stands.items(), "what the adviser was told is so"
        (own,) = [one for one in talks if one.shown[0] == messages[0].text]
        assert own.acknowledged.items() <= stands.items(), "what the reader was told is so"
        assert own.shown == [one.text for one in messages], "and was shown once, while it happened"
