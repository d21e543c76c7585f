"""A question of a reader's page is held while there is nothing new, on a real server: told at once, and no thread taken."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest

from sidedoor.chat.bell import MOST_OF_ONE
from sidedoor.chat.rules import HELD
from sidedoor.chat.store import ChatStore, open_store
from sidedoor.web.rsgi import THREADS
from tests.chat.readers import Reader, copy_content_with_chat
from tests.server import RunningSite, started_before


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    folder = tmp_path_factory.mktemp("held")
    copy_content_with_chat(folder / "content")
    with closing(RunningSite(folder / "content", started_before(folder / "data"))) as site:
        open_store("sqlite:", site.data).set_presence(1, "Kit", True, datetime.now(UTC))
        yield site


async def talking(site: RunningSite, number: int) -> tuple[Reader, ChatStore, int, str]:
    """A reader whom an adviser answers, the store, the conversation, and what the reader was told last."""
    reader, store = Reader(site.port, number), open_store("sqlite:", site.data)
    await reader.start()
    conversation = max(one.id for one in store.live(datetime.now(UTC)))
    store.end_pause(1)
    store.accept(conversation, 1, "Kit", datetime.now(UTC))
    return reader, store, conversation, (await reader.poll(0))["told"]


async def until_it_ends(reader: Reader, after: int, told: str) -> None:
    """Ask as a page does: again where the answer tells what it did not know."""
    while (answer := await reader.poll(after, told))["state"] != "ended":
        told = answer["told"]


async def hang_up(*readers: Reader) -> None:
    for one in readers:
        one.close()
    await asyncio.sleep(0)  # the loop's turn


def test_it_is_answered_as_soon_as_there_is_something_to_tell_and_at_once_where_the_page_does_not_know_all(
    site: RunningSite,
) -> None:
    async def visit() -> None:
        reader, store, conversation, told = await talking(site, 1)
        other_tab = Reader(site.port, 1, reader.cookie)
        clock, after, was_held = asyncio.get_running_loop().time, 0, False
        while not was_held:  # a question that comes after the message is answered by the way
            began = clock()
            held = asyncio.create_task(reader.poll(after, told))
            assert not (await other_tab.poll(after, "other"))["held"]
            assert not held.done()
            after = store.say(conversation, "adviser", "zqword", datetime.now(UTC))
            answer = await held
            assert clock() - began < HELD.total_seconds(), "not only when its time was over"
            assert [one["text"] for one in answer["messages"]] == ["zqword"]
            told, was_held = answer["told"], answer["held"]
        assert not (await reader.poll(0, told))["held"], "a page that has not got the message"
        began = clock()
        ended = asyncio.create_task(until_it_ends(reader, after, told))
        assert not (await other_tab.poll(0))["held"]
        assert not ended.done()
        store.end(conversation, "adviser", datetime.now(UTC))
        await ended
        assert clock() - began < HELD.total_seconds()
        await hang_up(reader, other_tab)

    asyncio.run(visit())


def test_those_that_are_held_take_no_thread_and_one_conversation_holds_few(site: RunningSite) -> None:
    async def visit() -> None:
        there = [await talking(site, 10 + number) for number in range(THREADS + 4)]
        held = [asyncio.create_task(reader.poll(0, told)) for reader, _, _, told in there]
        reader, store, _, told = await talking(site, 60)
        tabs = [Reader(site.port, 60, reader.cookie) for _ in range(MOST_OF_ONE + 1)]
        asked = [asyncio.create_task(tab.poll(0, told)) for tab in tabs]
        done, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        assert len(done) == 1
        assert (await reader.poll(0))["state"] == "talking", "somebody else is answered"
        assert not [one for one in held if one.done()]
        for conversation in store.live(datetime.now(UTC)):
            store.end(conversation.id, "adviser", datetime.now(UTC))
        assert {answer["state"] for answer in await asyncio.gather(*held)} == {"ended"}
        await asyncio.gather(*asked)
        await hang_up(reader, *tabs, *(each for each, *_ in there))

    asyncio.run(visit())


def test_a_server_that_is_told_to_stop_answers_what_it_holds_and_stops(site: RunningSite) -> None:
    async def visit() -> None:
        reader, _, _, told = await talking(site, 70)
        other_tab = Reader(site.port, 70, reader.cookie)
        held = asyncio.create_task(reader.poll(0, told))
        assert not (await other_tab.poll(0))["held"]
        began = asyncio.get_running_loop().time()
        site.process.terminate()
        assert (await held)["held"], "it is answered, and nothing broke"
        await asyncio.to_thread(site.process.wait)
        assert asyncio.get_running_loop().time() - began < HELD.total_seconds()
        await hang_up(reader, other_tab)

    asyncio.run(visit())
