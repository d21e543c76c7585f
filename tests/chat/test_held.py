"""A real server holds a reader's poll while there is nothing new: news is told at once, and no thread is taken."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import request

from sidedoor.chat.bell import MOST_OF_A_CHAT
from sidedoor.chat.rules import HELD
from sidedoor.chat.store import ChatStore, open_store
from sidedoor.public import create_app
from sidedoor.settings import Settings
from sidedoor.web.rsgi import THREADS
from tests.chat.readers import Reader, copy_content_with_chat, run_async
from tests.conftest import PROJECT
from tests.server import RunningSite, started_before


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    folder = tmp_path_factory.mktemp("held")
    copy_content_with_chat(folder / "content")
    with closing(RunningSite(folder / "content", started_before(folder / "data"))) as site:
        open_store("sqlite:", site.data).set_presence(1, "Kit", True, datetime.now(UTC))
        yield site


async def talking(site: RunningSite, number: int) -> tuple[Reader, ChatStore, int, str]:
    """A reader whom an adviser has answered, the store, the conversation, and what the reader was told last."""
    reader, store = Reader(site.port, number), open_store("sqlite:", site.data)
    await reader.start()
    conversation = max(chat.id for chat in store.live(datetime.now(UTC)))
    store.end_pause(1)
    store.accept(conversation, 1, "Kit", datetime.now(UTC))
    return reader, store, conversation, (await reader.poll(0))["told"]


async def until_it_ends(reader: Reader, after: int, told: str) -> None:
    """Poll as a page does until the chat has ended: again with whatever the last answer told."""
    while (answer := await reader.poll(after, told))["state"] != "ended":
        told = answer["told"]


async def hang_up(*readers: Reader) -> None:
    for reader in readers:
        reader.close()
    await asyncio.sleep(0)  # lets the loop close them


def test_a_page_waits_as_long_as_its_question_may_be_held() -> None:
    """Otherwise it would give up on a site that only holds its question, or notice a dead one too late."""
    (held,) = re.findall(r"const HELD_MS = ([\d_]+);", (PROJECT / "static/js/chat.js").read_text("utf-8"))
    assert timedelta(milliseconds=int(held)) == HELD


def test_a_poll_is_answered_as_soon_as_there_is_news_and_at_once_if_the_page_has_missed_some(
    site: RunningSite,
) -> None:
    async def visit() -> None:
        reader, store, conversation, told = await talking(site, 1)
        other_tab = Reader(site.port, 1, reader.cookie)
        clock, after, was_held = asyncio.get_running_loop().time, 0, False
        while not was_held:  # a poll that arrives after the message is answered without being held
            began = clock()
            held = asyncio.create_task(reader.poll(after, told))
            assert not (await other_tab.poll(after, "other"))["held"]
            assert not held.done()
            after = store.say(conversation, "adviser", "zqword", datetime.now(UTC))
            answer = await held
            assert clock() - began < HELD.total_seconds(), "before its time was over"
            assert [message["text"] for message in answer["messages"]] == ["zqword"]
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

    run_async(visit())


def test_held_polls_take_no_thread_and_one_conversation_can_hold_only_a_few(site: RunningSite) -> None:
    async def visit() -> None:
        visitors = [await talking(site, 10 + number) for number in range(THREADS + 4)]
        held = [asyncio.create_task(reader.poll(0, told)) for reader, _, _, told in visitors]
        reader, store, _, told = await talking(site, 60)
        tabs = [Reader(site.port, 60, reader.cookie) for _ in range(MOST_OF_A_CHAT + 1)]
        polls = [asyncio.create_task(tab.poll(0, told)) for tab in tabs]
        done, _ = await asyncio.wait(polls, return_when=asyncio.FIRST_COMPLETED)
        assert len(done) == 1
        assert (await reader.poll(0))["state"] == "talking", "somebody else is answered"
        assert not [poll for poll in held if poll.done()]
        for conversation in store.live(datetime.now(UTC)):
            store.end(conversation.id, "adviser", datetime.now(UTC))
        assert {answer["state"] for answer in await asyncio.gather(*held)} == {"ended"}
        await asyncio.gather(*polls)
        await hang_up(reader, *tabs, *(reader for reader, *_ in visitors))

    run_async(visit())


def test_a_page_that_is_gone_holds_nothing_any_more(site: RunningSite) -> None:
    async def visit() -> None:
        reader, store, conversation, told = await talking(site, 80)
        async with asyncio.timeout(HELD.total_seconds() - 2):
            while True:  # until the server has noticed in time that the page is gone
                tabs = [Reader(site.port, 80, reader.cookie) for _ in range(MOST_OF_A_CHAT + 1)]
                *stay, goes, comes = tabs
                held = []
                for tab in tabs:  # so that each has a connection
                    assert not (await tab.poll(0))["held"]
                for tab in (*stay, goes):
                    held.append(asyncio.create_task(tab.poll(0, told)))
                    assert not (await reader.poll(0))["held"]
                held.pop().cancel()
                await hang_up(goes)
                assert not (await reader.poll(0))["held"]
                held.append(asyncio.create_task(comes.poll(0, told)))
                assert not (await reader.poll(0))["held"]
                if not any(poll.done() for poll in held):
                    break
                for poll in held:
                    poll.cancel()
                await hang_up(*tabs)
        store.end(conversation, "adviser", datetime.now(UTC))
        assert {answer["state"] for answer in await asyncio.gather(*held)} == {"ended"}
        await hang_up(reader, *tabs)

    run_async(visit())


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

    run_async(visit())


@dataclass
class RsgiRequest:
    """A request as granian passes it to the application, and the answer to it."""

    query_string: str
    headers: dict[str, str]
    method: str = "GET"
    path: str = "/chat/messages"
    scheme: str = "http"
    client: str = "127.0.0.1:9"
    server: str = "127.0.0.1:80"
    http_version: str = "1.1"
    status: int = 0
    body: bytes = b""

    async def client_disconnect(self) -> None:
        await asyncio.Event().wait()  # the client stays connected

    def __aiter__(self) -> AsyncIterator[bytes]:
        raise AssertionError("a GET has no body")

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status, self.body = status, body
        assert dict(headers)["Content-Length"] == str(len(body))


def test_a_repeated_poll_reaches_no_view_and_still_hears_all_news(tmp_path: Path) -> None:
    now = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    copy_content_with_chat(tmp_path / "content")
    data = started_before(tmp_path / "data")
    app, store = create_app(Settings(content=tmp_path / "content", data=data), lambda: now), open_store("sqlite:", data)
    views: list[str] = []
    app.before_request(lambda: views.append(request.full_path))
    store.set_presence(1, "Kit", True, now)
    cookie = {"host": "localhost", "cookie": f"chat={store.start((), 9, now)}"}
    (conversation,) = (chat.id for chat in store.live(now))
    store.accept(conversation, 1, "Kit", now)

    async def ask(query: str, headers: dict[str, str] = cookie) -> dict[str, Any]:
        poll = RsgiRequest(query, headers)
        await app.__rsgi__(poll, poll)  # type: ignore[attr-defined]
        answer: dict[str, Any] = json.loads(poll.body)
        return answer

    async def until(done: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not done():
                await asyncio.sleep(0.01)

    async def hold(query: str, headers: dict[str, str] = cookie) -> "asyncio.Task[dict[str, Any]]":
        """A poll that is held. The poll before it was broken off, as when its page goes elsewhere."""
        bell, task = app.extensions["site"].bell, asyncio.create_task(ask(query, headers))
        before = set(bell._held.get(conversation, ()))
        await until(lambda: set(bell._held.get(conversation, ())) - before or task.done())
        assert not task.done()
        return task

    async def visit() -> None:
        nonlocal now
        told = (await ask("after=0&shown=0&as=1&was="))["told"]
        (await hold(f"after=0&shown=0&as=1&was=&told={told}")).cancel()
        assert len(views) == 1, "the page has all news"
        now += timedelta(seconds=40)
        held = await hold(f"after=0&shown=0&as=2&was=&told={told}")
        await until(lambda: store.live(now)[0].seen == now)
        store.say(conversation, "adviser", "zqword", now)
        answer = await held
        assert ([message["text"] for message in answer["messages"]], len(views)) == (["zqword"], 2)
        told = answer["told"]
        (await hold(f"after=1&shown=1&told={told}")).cancel()
        assert len(views) == 2
        await until(lambda: store.live(now)[0].shown == 1)
        for other in (f"after=1&shown=0&told={told}", f"after=0&shown=1&told={told}", "after=1&shown=1&told=other",
                      f"after=1&shown=1&told={told}&draft=", f"after=1&shown=1&told={told}&was=adviser+gone",
                      f"after=1&shown=9&told={told}", "after=1&shown=1"):  # fmt: skip
            views.clear()
            task = asyncio.create_task(ask(other))
            await until(lambda: views)
            task.cancel()
        told = (await ask("after=1&shown=1"))["told"]
        (await hold(f"after=1&shown=1&told={told}", {**cookie, "accept-language": "cy"})).cancel()
        viewed = len(views)
        (await hold(f"after=1&shown=1&told={told}")).cancel()
        assert len(views) == viewed, "another page's poll is separate"
        store.set_presence(1, "Kit", True, now + timedelta(seconds=70))
        now += timedelta(seconds=70)
        held = await hold(f"after=1&shown=1&told={told}")
        assert len(views) == viewed + 1, "after a long time a view looks again"
        store.end(conversation, "hidden", now)
        assert (await held)["state"] == "ended"
        assert (await ask(f"after=1&shown=1&told={told}"))["state"] == "ended"

    run_async(visit())
