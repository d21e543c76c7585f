"""2,000 messages in 50 conversations, on a real server whose workers are killed with -9 all the while.

`make test-long` makes it 10,000 in 250.

No acknowledged message is lost, none is doubled, all are in order, and readers who poll meanwhile see each message once.
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
"""Messages from either side: as many as the site takes within a minute."""
ADVISER = 1
POSTS_AT_ONCE = 8
"""Half the threads of one worker, which answers alone while the other is dead."""
MOST_KILLS = 12
"""About as many as there is time for; on a busy machine a worker takes long to come back."""
HANGS_UP = 0.03
"""The share of messages for which the reader's own network fails, too, before the answer."""
AGAIN_SECONDS = 0.2
POLL_SECONDS = 1.0
THINKS_SECONDS = 1.5
"""The longest pause before each message, so that the talk outlasts several kills, however quick the machine."""


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
        """Send each message until it is acknowledged: again if its answer was lost, as chat.js does."""
        for number in range(EACH):
            text = f"reader {self._number} {number}"
            await asyncio.sleep(random.uniform(0, THINKS_SECONDS))
            while True:
                try:
                    async with turns:
                        patience = 0.01 if random.random() < HANGS_UP else PATIENCE_SECONDS
                        acknowledged_as = await self.reader.say(text, f"once {number}", patience)
                    break
                except NoAnswer:
                    assert self._site.process.poll() is None, self._site.log.read_text()
                    self.unknown += 1
                    await asyncio.sleep(AGAIN_SECONDS)
            assert self.acknowledged.setdefault(acknowledged_as, text) == text

    async def listen(self) -> None:
        """Poll meanwhile until all messages of both sides have come. Each number comes once, in order, with no gap."""
        second = Reader(self._site.port, self._number, self.reader.cookie)
        while len(self.shown) < 2 * EACH:
            await asyncio.sleep(POLL_SECONDS * random.uniform(0.5, 1.5))
            with contextlib.suppress(NoAnswer):
                new = (await second.poll(after=len(self.shown)))["messages"]
                numbers = [message["number"] for message in new]
                assert numbers == list(range(len(self.shown) + 1, len(self.shown) + 1 + len(new)))
                self.shown += [message["text"] for message in new]
        second.close()


async def kill(site: RunningSite, enough: asyncio.Event) -> int:
    """Kill the worker that survived the last kill, again and again, each time soon after the other one is back.

    They take turns because granian gives up for good if the same worker dies twice within 5.5 seconds.
    """
    killed: list[int] = []
    survivor = workers(site)[0]
    while len(killed) < MOST_KILLS and not enough.is_set():
        await asyncio.sleep(random.uniform(0.5, 1.0))
        running = [worker for worker in workers(site) if worker not in killed]
        if len(running) == 2 and listening(site.port) == 2:
            os.kill(survivor, signal.SIGKILL)
            killed.append(survivor)
            (survivor,) = (worker for worker in running if worker != survivor)
    return len(killed)


def answer(store: ChatStore, conversations: list[int], acknowledged: dict[int, dict[int, str]]) -> None:
    """Write the advisers' messages: on the same store, but in another process than the readers' words."""
    for number in range(EACH):
        for conversation in conversations:
            text = f"adviser {conversation} {number}"
            acknowledged_as = store.say(conversation, "adviser", text, datetime.now(UTC), once=text)
            acknowledged.setdefault(conversation, {})[acknowledged_as] = text


async def talk_while_workers_die(
    site: RunningSite, store: ChatStore
) -> tuple[list[Talk], dict[int, dict[int, str]], int]:
    """Start all conversations, then let everybody speak and listen while workers die."""
    turns, enough = asyncio.Semaphore(POSTS_AT_ONCE), asyncio.Event()
    talks = [Talk(site, number) for number in range(CONVERSATIONS)]
    await asyncio.gather(*(talk.start(turns) for talk in talks))
    conversations = [conversation.id for conversation in store.live(datetime.now(UTC))]
    assert len(conversations) == CONVERSATIONS
    for conversation in conversations:
        store.accept(conversation, ADVISER, "Kit", datetime.now(UTC))
    answered: dict[int, dict[int, str]] = {}
    killing = asyncio.create_task(kill(site, enough))
    await asyncio.gather(
        asyncio.to_thread(answer, store, conversations, answered),
        *(talk.speak(turns) for talk in talks),
        *(talk.listen() for talk in talks),
    )
    enough.set()
    for talk in talks:
        talk.reader.close()
    return talks, answered, await killing


def in_order(messages: list[Message], who: str) -> bool:
    """Whether one side's messages are in the order in which they were sent."""
    order = [int(message.text.split()[-1]) for message in messages if message.who == who]
    return order == list(range(EACH))


@pytest.mark.timeout(240)  # it takes 20 seconds, but on a busy machine each worker takes long to come back
def test_workers_that_are_killed_lose_no_message_double_none_and_keep_the_order(tmp_path: Path) -> None:
    copy_content_with_chat(tmp_path / "content")
    store, began = open_store("sqlite:", tmp_path / "data"), time.monotonic()
    site = RunningSite(tmp_path / "content", tmp_path / "data", workers=2)
    try:
        store.set_presence(ADVISER, "Kit", True, datetime.now(UTC))
        with ThreadPoolExecutor(1) as beside:  # where Playwright has run, this thread has a loop already
            talks, answered, killed = beside.submit(asyncio.run, talk_while_workers_die(site, store)).result()
    finally:
        site.close()
    unknown = sum(talk.unknown for talk in talks)
    print(f"{killed} workers killed, {unknown} answers lost, {time.monotonic() - began:.0f} s")
    assert killed >= 5
    assert unknown >= 5, "some were killed while they answered"
    stored = {conversation: store.messages(conversation) for conversation in answered}
    assert sum(map(len, stored.values())) == CONVERSATIONS * EACH * 2
    for conversation, messages in stored.items():
        assert [message.number for message in messages] == list(range(1, 2 * EACH + 1)), "none left out"
        assert in_order(messages, "reader")
        assert in_order(messages, "adviser")
        texts = {message.number: message.text for message in messages}
        assert answered[conversation].items() <= texts.items(), "the adviser's acknowledgements are true"
        (readers,) = [talk for talk in talks if talk.shown[0] == messages[0].text]
        assert readers.acknowledged.items() <= texts.items(), "the reader's acknowledgements are true"
        assert readers.shown == list(texts.values()), "and each message was shown once, while it happened"
