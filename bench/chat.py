"""The chat with 1,000 conversations at once: one site on SQLite, then two replicas on Valkey; with a desk of 40 boards.

Readers poll over real HTTP as chat.js does: their polls are held while there is nothing new, and for comparison sent
every two seconds. The advisers are a separate process: 40 boards that poll a real desk every two seconds. In a
second half, `wrk` reads a help page at the same time. Server, store, advisers and readers share the machine. Do not
compare figures from different runs.
"""

import asyncio
import gc
import itertools
import math
import multiprocessing
import os
import random
import re
import resource
import secrets
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from bench import readme
from bench.scale import resident_megabytes
from bench.speed import SECONDS as WRK_SECONDS
from bench.speed import cpu_seconds, wrk
from sidedoor.chat.store import open_store
from sidedoor.desk import create_app
from sidedoor.documents.times import utc_now
from sidedoor.settings import Settings
from tests.chat.readers import NoAnswer, Reader, copy_content_with_chat
from tests.chromium import CHROMIUM, CHROMIUM_ARGUMENTS
from tests.desk.conftest import learn_the_token
from tests.server import DESK, RunningSite, free_port, workers

CONVERSATIONS = 1000
SECONDS = 30.0
BEGIN_SECONDS = 60.0
POLL_SECONDS = 2.0
AGAIN_SECONDS = 0.2
SPEAKS_EVERY = 40.0
"""How often each side of a conversation writes; they take turns, so one message comes every 20 seconds."""
ADVISERS = 40
TAKES = 2
"""How many waiting readers an adviser takes at a look, at random, so that not all advisers try the same one."""
HELP = "/help/money"
HELP_RUNS = 3
WORDS = "I am not sure whether it is safe to write here, and I do not know where to begin. "


@dataclass
class Measured:
    """One side's measurements, in seconds of the machine's monotonic clock."""

    polls: list[float] = field(default_factory=list)
    """Polls that were answered at once."""
    questions: int = 0
    """All polls, including those that were held."""
    says: list[float] = field(default_factory=list)
    acknowledged: dict[str, float] = field(default_factory=dict)
    """When the sender of each message knew that it had arrived."""
    shown: dict[str, float] = field(default_factory=dict)
    """When a poll by the other side first brought each message."""
    errors: Counter[str] = field(default_factory=Counter)
    beside: list[float] = field(default_factory=list)
    """Polls while the help page was read as fast as possible."""


class Measuring:
    """When events are counted: not while conversations still begin. `quiet`: when reading of the help page starts."""

    def __init__(self) -> None:
        self.since = self.quiet = self.until = math.inf

    def now(self, moment: float) -> bool:
        return self.since <= moment < self.quiet


async def read(reader: Reader, holds: bool, measured: Measured, measuring: Measuring, unanswered: set[int]) -> None:
    """One reader's polls: every two seconds, or again as soon as a held poll is answered."""
    after, last_told = 0, ""
    due = time.monotonic() + random.uniform(0, POLL_SECONDS)
    while due < measuring.until:
        await asyncio.sleep(due - time.monotonic())
        try:
            answer = await reader.poll(after, last_told if holds else "")
            if answer["state"] == "talking":
                unanswered.discard(reader.number)
            for message in answer["messages"]:
                if message["number"] != after + 1:
                    measured.errors["out of order"] += 1
                after = message["number"]
                if message["who"] == "adviser":
                    measured.shown[message["text"]] = time.monotonic()
            if measuring.now(due):
                measured.questions += 1
                if not answer["held"]:
                    measured.polls.append(time.monotonic() - due)
            soon = holds and (answer["held"] or answer["told"] != last_told)
            last_told, due = answer["told"], time.monotonic() + AGAIN_SECONDS if soon else due + POLL_SECONDS
        except NoAnswer as error:
            measured.errors[str(error)[:60]] += 1
            due, last_told = max(due, time.monotonic()) + POLL_SECONDS, ""


async def speak(reader: Reader, name: str, measured: Measured, measuring: Measuring) -> None:
    """One reader's messages, on another connection, as a browser sends them while a poll is held."""
    line, number, due = Reader(reader.port, reader.number, reader.cookie), 0, time.monotonic()
    due += random.uniform(0, SPEAKS_EVERY)
    while due < measuring.until:
        await asyncio.sleep(due - time.monotonic())
        number, text = number + 1, f"{WORDS}{name} {number}"
        try:
            await line.say(text, once=f"once {number}")
            measured.acknowledged[text] = time.monotonic()
            if measuring.now(due):
                measured.says.append(time.monotonic() - due)
        except NoAnswer as error:
            measured.errors[str(error)[:60]] += 1
        due += SPEAKS_EVERY
    line.close()


async def be_readers(
    ports: list[int], holds: bool, measured: Measured, measuring: Measuring, steady: Callable[[], asyncio.Task[None]]
) -> None:
    """Start all readers one after the other, no faster than the advisers take them; then measure."""
    readers = [Reader(ports[number % len(ports)], number) for number in range(CONVERSATIONS)]
    began, tasks, unanswered = time.monotonic(), [], {reader.number for reader in readers}
    for number, reader in enumerate(readers):
        await asyncio.sleep(began + number * BEGIN_SECONDS / CONVERSATIONS - time.monotonic())
        while not reader.cookie:
            try:
                await reader.start()
            except NoAnswer:  # too many are waiting already
                measured.errors["a start refused"] += 1
                await asyncio.sleep(0.2)
        tasks.append(asyncio.create_task(read(reader, holds, measured, measuring, unanswered)))
        tasks.append(asyncio.create_task(speak(reader, f"reader {number}", measured, measuring)))
    while unanswered:
        await asyncio.sleep(POLL_SECONDS)
    tasks.append(steady())
    await asyncio.gather(*tasks)
    for reader in readers:
        reader.close()


class Adviser(Reader):
    """An adviser's board, as the desk sees it. `token`: what its forms are sent with."""

    token = ""
    own: dict[int, int]
    """The conversations on the board, each with the number of its newest message here."""

    async def look(self, measured: Measured, measuring: Measuring) -> list[int]:
        """Poll for news, as the board does, and return the waiting chats. Raises NoAnswer."""
        began = time.monotonic()
        after = ",".join(f"{number}:{newest}" for number, newest in self.own.items())
        answer = await self._ask_for_json("GET", f"/chats/now?after={after}")
        for number, chat in answer["chats"].items():
            for message in chat.get("messages", ()):
                self.own[int(number)] = message["number"]
                if message["who"] == "reader":
                    measured.shown[message["text"]] = time.monotonic()
        if measuring.now(began):
            measured.polls.append(time.monotonic() - began)
        elif measuring.quiet <= began < measuring.until:
            measured.beside.append(time.monotonic() - began)
        return [waiting["id"] for waiting in answer["waiting"]]

    async def post(self, number: int, step: str, **form: str) -> None:
        """Take a step. Raises NoAnswer."""
        await self._ask_for_json("POST", f"/chats/{number}/{step}", {"csrf_token": self.token, "from": "board", **form})


async def sit(adviser: Adviser, name: str, measured: Measured, measuring: Measuring) -> None:
    """Accept waiting chats, up to a fair share; look every two seconds, and answer each conversation in its turn."""
    due = time.monotonic() + random.uniform(0, POLL_SECONDS)
    speaks: dict[int, float] = {}
    while due < measuring.until:
        await asyncio.sleep(due - time.monotonic())
        try:
            waiting = await adviser.look(measured, measuring)
            for number in random.sample(
                waiting, min(len(waiting), TAKES, CONVERSATIONS // ADVISERS - len(adviser.own))
            ):
                with suppress(NoAnswer):  # a colleague was quicker
                    await adviser.post(number, "accept")
                    adviser.own[number] = 0
                    speaks[number] = time.monotonic() + random.uniform(0, SPEAKS_EVERY)
            for number in [number for number, moment in speaks.items() if moment < time.monotonic() + POLL_SECONDS]:
                await asyncio.sleep(speaks[number] - time.monotonic())
                text = f"{WORDS}{name} {number} {speaks[number]}"
                speaks[number] += SPEAKS_EVERY
                await adviser.post(number, "say", message=text, once=secrets.token_urlsafe(9))
                measured.acknowledged[text] = time.monotonic()
        except NoAnswer as error:
            measured.errors[str(error)[:60]] += 1
        due = max(due + POLL_SECONDS, time.monotonic())
    adviser.close()


def be_advisers(pipe: Connection, port: int, cookies: list[tuple[str, str]]) -> None:
    """Run forty boards until the parent sends the times, then send it a Measured."""
    measured, measuring = Measured(), Measuring()

    async def work() -> None:
        advisers = []
        for number, (cookie, token) in enumerate(cookies):
            adviser = Adviser(port, 2000 + number, cookie)
            adviser.token, adviser.own = token, {}
            advisers.append(sit(adviser, f"adviser {number}", measured, measuring))
        tasks = [asyncio.create_task(board) for board in advisers]
        while not pipe.poll():
            await asyncio.sleep(0.2)
            for task in tasks:
                if task.done():
                    task.result()  # raise the error, rather than leave a queue that nobody answers
        measuring.since, measuring.quiet, measuring.until = pipe.recv()
        await asyncio.gather(*tasks)

    pipe.send("present")
    asyncio.run(work())
    pipe.send(measured)


def signed_in(content: Path, data: Path, chosen: str) -> list[tuple[str, str]]:
    """The cookie of each adviser, who is present, and the token that their forms are sent with."""
    app = create_app(Settings(content=content, data=data, chat_store=chosen))
    desk, cookies = app.extensions["desk"], []
    for number in range(ADVISERS):
        desk.staff.add(f"Adviser {number}", ("adviser",))
        person, client = desk.staff.named(f"Adviser {number}"), app.test_client()
        with client.session_transaction() as session:
            session["token"] = desk.sessions.start(person, "Firefox on Linux", utc_now())
        learn_the_token(client)
        desk.chats.set_presence(person.id, person.name, True, utc_now())
        name = app.config["SESSION_COOKIE_NAME"]
        cookie = client.get_cookie(name)
        assert cookie
        cookies.append((f"{name}={cookie.value}", client._token))  # type: ignore[attr-defined]
    desk.live.close()
    return cookies


def measure(
    label: str, content: Path, data: Path, sites: list[RunningSite], chosen: str, valkey: int | None, holds: bool
) -> list[object]:
    """One row of the table."""
    cookies = signed_in(content, data, chosen)
    desk = RunningSite(content, data, application=DESK, SIDEDOOR_CHAT_STORE=chosen)
    page = sites[0].url + HELP
    wrk(page, sites[0].process.pid)
    alone = wrk(page, sites[0].process.pid).rate
    our_end, their_end = multiprocessing.get_context("spawn").Pipe()
    advisers = multiprocessing.get_context("spawn").Process(target=be_advisers, args=(their_end, desk.port, cookies))
    advisers.start()
    our_end.recv()
    measured, measuring = Measured(), Measuring()
    pids = {"site": [site.process.pid for site in sites], "desk": [desk.process.pid], "advisers": [advisers.pid or 0]}
    if valkey:
        pids["Valkey"] = [valkey]
    counted: list[dict[str, float]] = []
    beside: list[float] = []

    def count() -> None:
        now = {process: sum(cpu_seconds(pid) for pid in numbers) for process, numbers in pids.items()}
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        counted.append(now | {"readers": time.process_time(), "`wrk`": ended.ru_utime + ended.ru_stime})

    async def read_help() -> None:
        await asyncio.sleep(measuring.quiet - time.monotonic())
        count()
        for _ in range(HELP_RUNS):
            beside.append((await asyncio.to_thread(wrk, page, sites[0].process.pid)).rate)
        count()

    def steady() -> asyncio.Task[None]:
        count()
        measuring.since = time.monotonic()
        measuring.quiet = measuring.since + SECONDS
        measuring.until = measuring.quiet + HELP_RUNS * (WRK_SECONDS + 1)
        our_end.send((measuring.since, measuring.quiet, measuring.until))
        return asyncio.create_task(read_help())

    gc.freeze()
    asyncio.run(be_readers([site.port for site in sites], holds, measured, measuring, steady))
    answered: Measured = our_end.recv()
    advisers.join()
    memory = [f"{resident_megabytes(pid):.0f}" for site in sites for pid in workers(site)]
    stored = f"{resident_megabytes(valkey):.0f} MB" if valkey else f"{_bytes(data) / 2**20:.1f} MB of files"
    desk.close()
    lost, delivered = 0, []
    for sent, shown in ((measured.acknowledged, answered.shown), (answered.acknowledged, measured.shown)):
        settled = [text for text, at in sent.items() if measuring.now(at) and measuring.now(at + POLL_SECONDS + 1)]
        lost += sum(text not in shown for text in settled)
        delivered.append([shown[text] - sent[text] for text in settled if text in shown])
    print(
        f"{label}: {measured.questions} questions, {len(measured.says)} said; {dict(measured.errors)} {dict(answered.errors)}"
    )
    questions, looks = measured.questions, len(answered.polls)
    used, busy = (
        {process: after[process] - before[process] for process in after}
        for before, after in itertools.pairwise(counted)
    )
    return [
        label,
        f"{questions / SECONDS:.0f}",
        _both(measured.polls),
        f"{used['site'] / questions * 1000:.1f} ms",
        _both(measured.says),
        *(f"{_at(delays, 50):.2f} / {_at(delays, 99):.2f} s" for delays in reversed(delivered)),
        sum(measured.errors.values()) + sum(answered.errors.values()) + lost,
        _both(answered.polls),
        f"{used['desk'] / looks * 1000:.1f} ms",
        _both(answered.beside),
        f"{statistics.median(beside) / alone:.2f}",
        f"{' + '.join(memory)} MB",
        stored,
        _shares(used, SECONDS),
        _shares(busy, HELP_RUNS * WRK_SECONDS),
    ]


def _shares(used: dict[str, float], seconds: float) -> str:
    return ", ".join(
        f"{process} {used_seconds / seconds:.0%}"
        for process, used_seconds in used.items()
        if used_seconds / seconds > 0.005
    )


def _bytes(data: Path) -> int:
    return sum(path.stat().st_size for path in data.rglob("chat*") if path.is_file())


def _at(seconds: list[float], percent: int) -> float:
    return sorted(seconds)[min(len(seconds) - 1, len(seconds) * percent // 100)] if seconds else math.nan


def _both(seconds: list[float]) -> str:
    return f"{_at(seconds, 50) * 1000:.1f} / {_at(seconds, 99) * 1000:.1f} ms"


@contextmanager
def running_valkey(folder: Path) -> Iterator[tuple[str, int]]:
    """Run a server that writes nothing to disk: its address and its process."""
    port, program = free_port(), shutil.which("valkey-server") or "redis-server"
    server = subprocess.Popen(
        [
            program,
            "--save",
            "",
            "--appendonly",
            "no",
            "--slowlog-max-len",
            "0",
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--dir",
            str(folder),
        ],
        stdout=subprocess.DEVNULL,
    )
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.05)
        yield f"valkey://127.0.0.1:{port}/0", server.pid
    finally:
        server.terminate()
        server.wait()


def phone(content: Path, data: Path) -> None:
    """Measure what an idle chat costs on a phone, in real Chromium: with polls held, and with polls every two
    seconds."""
    rows: list[list[object]] = []
    site = RunningSite(content, data, workers=2)
    store = open_store("sqlite:", data)
    store.set_presence(1, "Kit", True, utc_now())
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
            for label, holds in (("questions held", True), ("asked every 2 s", False)):
                context = browser.new_context(**playwright.devices["Pixel 7"])
                page = context.new_page()
                page.goto(site.url + "/chat")
                page.get_by_role("button", name="It is safe. Start").click()
                page.locator("#message").wait_for()
                store.end_pause(1)
                store.accept(max(chat.id for chat in store.live(utc_now())), 1, "Kit", utc_now())
                page.get_by_text("An adviser is with you.").wait_for()
                if not holds:
                    untold = re.compile(r"/messages.*&told=")
                    page.route(untold, lambda route: route.continue_(url=re.sub("&told=.*", "", route.request.url)))
                polls, sent, received = set[str](), dict[str, int](), dict[str, int]()
                wire = context.new_cdp_session(page)

                def count_poll(event: dict[str, Any], polls: set[str] = polls) -> None:
                    polls.update([event["requestId"]] if "/messages" in event["request"]["url"] else [])

                def count_sent(event: dict[str, Any], sent: dict[str, int] = sent) -> None:
                    headers = sum(len(f"{name}: {value}\r\n") for name, value in event["headers"].items())
                    sent[event["requestId"]] = headers + len(
                        "GET /chat/messages?after=1&shown=1&told=0123456789ab HTTP/1.1\r\n"
                    )

                def count_received(event: dict[str, Any], received: dict[str, int] = received) -> None:
                    received[event["requestId"]] = event["encodedDataLength"]

                wire.on("Network.requestWillBeSent", count_poll)
                wire.on("Network.requestWillBeSentExtraInfo", count_sent)
                wire.on("Network.loadingFinished", count_received)
                wire.send("Network.enable")
                began = time.monotonic()
                while time.monotonic() < began + SECONDS:
                    store.sign(1, utc_now())
                    page.wait_for_timeout(5_000)
                hours = (time.monotonic() - began) / 3600
                done = [request for request in polls if request in received]
                each = sum(sent[request] + received[request] for request in done) / len(done)
                rate = len(done) / hours
                rows.append([label, f"{rate:,.0f}", f"{each:,.0f}", f"{rate * each / 1000:,.0f}"])
                context.close()
            browser.close()
    finally:
        site.close()
    head = ["a chat in which nobody writes", "questions an hour", "bytes a question", "kB an hour"]
    note = (
        f"Both ways, with all headers, without TLS; real Chromium as a phone, over {SECONDS:.0f} s. `make bench-chat`."
    )
    readme.write("phone", readme.table(head, rows), note)


def main() -> None:
    """Measure all, and write the tables."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        content = folder / "content"
        copy_content_with_chat(content)
        phone(content, folder / "phone")
        for label, data, holds in (
            ("SQLite, one site with 2 workers, questions held", folder / "held", True),
            ("the same, asked every 2 s", folder / "asked", False),
        ):
            site = RunningSite(content, data, workers=2)
            try:
                rows.append(measure(label, content, data, [site], "sqlite:", None, holds))
            finally:
                site.close()
        with running_valkey(folder) as (url, pid):
            sites = [RunningSite(content, folder / name, SIDEDOOR_CHAT_STORE=url) for name in ("left", "right")]
            label = "Valkey, two replicas with 1 worker each, questions held"
            try:
                rows.append(measure(label, content, folder / "both", sites, url, pid, holds=True))
            finally:
                for site in sites:
                    site.close()
    head = [
        f"{CONVERSATIONS:,} conversations, {ADVISERS} boards", "readers' questions a second", "one that is not held",
        "processor a question", "sending", "delivery to the reader", "to the adviser", "errors", "a board's poll",
        "processor a board's poll", "a board's poll while a help page is read as fast as it goes",
        "that page's speed beside alone", "memory of the workers", "of the store", "share of a core", "while that page is read",
    ]  # fmt: skip
    note = (
        f"Median / 99th percentile over {SECONDS:.0f} s. A question is held until there is news, for up to 15 s; a board "
        f"polls every {POLL_SECONDS:.0f} s over HTTP. Each conversation has a message every {SPEAKS_EVERY / 2:.0f} s, in "
        "turns. Delivery is from a message being acknowledged to the answer that shows it. "
        f"Readers, advisers, servers and `wrk` share the {os.cpu_count()} cores. `make bench-chat` measures it again."
    )
    readme.write("chat", readme.table(head, rows), note)


if __name__ == "__main__":
    main()
