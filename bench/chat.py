"""The chat with 1,000 conversations at once: one site on SQLite, then two replicas on Valkey.

Readers ask over real HTTP every two seconds, as chat.js does. The advisers' side is a process of its own that asks and
answers through the store, as the desk does, without the desk's pages. Server, store, advisers and readers share the
machine. Figures of different runs must not be compared.
"""

import asyncio
import gc
import math
import multiprocessing
import os
import random
import resource
import shutil
import socket
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

from bench import readme
from bench.scale import resident_megabytes
from bench.speed import cpu_seconds
from sidedoor.chat.rules import LOOKS_IN_EVERY
from sidedoor.chat.store import open_store
from tests.chat.readers import NoAnswer, Reader, copy_content_with_chat
from tests.server import RunningSite, free_port, workers

CONVERSATIONS = 1000
SECONDS = 30.0
POLL_SECONDS = 2.0
SPEAKS_EVERY = 40.0
"""Either side of each conversation; in turns, so that one message comes every 20 seconds."""
ADVISER = 1
WORDS = "I am not sure whether it is safe to write here, and I do not know where to begin. "


@dataclass
class Told:
    """What one side measured, in seconds of the machine's monotonic clock."""

    polls: list[float] = field(default_factory=list)
    says: list[float] = field(default_factory=list)
    acknowledged: dict[str, float] = field(default_factory=dict)
    """Message → when its sender knew that it had arrived."""
    shown: dict[str, float] = field(default_factory=dict)
    """Message → when a poll of the other side first brought it."""
    errors: Counter[str] = field(default_factory=Counter)


class Measuring:
    """From when to when what happens counts: not while conversations still begin."""

    def __init__(self) -> None:
        self.since = self.until = math.inf

    def now(self, moment: float) -> bool:
        return self.since <= moment < self.until


async def read(reader: Reader, name: str, told: Told, measuring: Measuring) -> None:
    """One reader: polls at the moments it is due, and says something between two polls now and then."""
    after = number = 0
    due = time.monotonic() + random.uniform(0, POLL_SECONDS)
    speaks = due + random.uniform(0, SPEAKS_EVERY)
    while due < measuring.until:
        await asyncio.sleep(due - time.monotonic())
        try:
            for one in (await reader.poll(after))["messages"]:
                if one["number"] != after + 1:
                    told.errors["out of order"] += 1
                after = one["number"]
                if one["who"] == "adviser":
                    told.shown[one["text"]] = time.monotonic()
            if measuring.now(due):
                told.polls.append(time.monotonic() - due)
            due += POLL_SECONDS
            if speaks < due:
                await asyncio.sleep(speaks - time.monotonic())
                number, text, began = number + 1, f"{WORDS}{name} {number}", time.monotonic()
                speaks += SPEAKS_EVERY
                await reader.say(text, once=f"once {number}")
                told.acknowledged[text] = time.monotonic()
                if measuring.now(began):
                    told.says.append(time.monotonic() - began)
        except NoAnswer as error:
            told.errors[str(error)[:60]] += 1
            due = max(due, time.monotonic()) + POLL_SECONDS


async def be_readers(ports: list[int], told: Told, measuring: Measuring, steady: Callable[[], None]) -> None:
    """Start everybody, one after the other, for as long as a poll's rarest work takes to come round; then measure."""
    readers = [Reader(ports[number % len(ports)], number) for number in range(CONVERSATIONS)]
    began, tasks = time.monotonic(), []
    for number, reader in enumerate(readers):
        await asyncio.sleep(began + number * LOOKS_IN_EVERY.total_seconds() / CONVERSATIONS - time.monotonic())
        while not reader.cookie:
            try:
                await reader.start()
            except NoAnswer:  # too many wait already
                told.errors["a start refused"] += 1
                await asyncio.sleep(0.2)
        tasks.append(asyncio.create_task(read(reader, f"reader {number}", told, measuring)))
    await asyncio.sleep(POLL_SECONDS)
    steady()
    await asyncio.gather(*tasks)
    for reader in readers:
        reader.close()


def be_advisers(pipe: Connection, chosen: str, data: Path) -> None:
    """Accept whoever waits; then ask and answer as the desk does, until told to stop. Sends a Told."""
    store, told = open_store(chosen, data), Told()
    store.set_presence(ADVISER, "Kit", True, datetime.now(UTC))
    pipe.send("present")
    after: dict[int, int] = {}
    while len(after) < CONVERSATIONS:
        for waiting in store.live(datetime.now(UTC)):
            if waiting.state == "waiting":
                store.accept(waiting.id, ADVISER, "Kit", datetime.now(UTC))
                after[waiting.id] = 0
        time.sleep(0.2)
    speaks = {conversation: time.monotonic() + random.uniform(0, SPEAKS_EVERY) for conversation in after}
    order = random.sample(list(after), len(after))
    while not pipe.poll():
        began = time.monotonic()
        for place, conversation in enumerate(order):
            time.sleep(max(0, began + place * POLL_SECONDS / CONVERSATIONS - time.monotonic()))
            store.get(conversation, datetime.now(UTC))
            for one in store.messages(conversation, after[conversation]):
                after[conversation] = one.number
                if one.who == "reader":
                    told.shown[one.text] = time.monotonic()
            if time.monotonic() >= speaks[conversation]:
                speaks[conversation] += SPEAKS_EVERY
                text = f"{WORDS}adviser {conversation} {after[conversation]}"
                store.say(conversation, "adviser", text, datetime.now(UTC))
                told.acknowledged[text] = time.monotonic()
    pipe.recv()
    pipe.send(told)


def measure(
    label: str, content: Path, data: Path, sites: list[RunningSite], chosen: str, valkey: int | None
) -> list[object]:
    """One row of the table."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    advisers = multiprocessing.get_context("spawn").Process(target=be_advisers, args=(theirs, chosen, data))
    advisers.start()
    ours.recv()
    told, measuring = Told(), Measuring()
    pids = {"site": [site.process.pid for site in sites], "advisers": [advisers.pid or 0], "readers": [os.getpid()]}
    if valkey:
        pids["Valkey"] = [valkey]
    used: dict[str, float] = {}

    def count(sign: int) -> None:
        for who, numbers in pids.items():
            own = {*pids["site"], *pids["advisers"], *([valkey] if valkey else [])}
            seconds = sum(cpu_seconds(pid) for pid in numbers)
            if who == "readers":
                seconds -= sum(cpu_seconds(pid) for pid in own)  # they are this process's children
            used[who] = used.get(who, 0) + sign * seconds

    def steady() -> None:
        count(-1)
        measuring.since = time.monotonic()
        measuring.until = measuring.since + SECONDS

    gc.freeze()
    asyncio.run(be_readers([site.port for site in sites], told, measuring, steady))
    count(1)
    ours.send("stop")
    answered: Told = ours.recv()
    advisers.join()
    memory = [f"{resident_megabytes(pid):.0f}" for site in sites for pid in workers(site)]
    stored = f"{resident_megabytes(valkey):.0f} MB" if valkey else f"{_bytes(data) / 2**20:.1f} MB of files"
    deliveries = [
        shown[text] - at
        for sent, shown in ((told.acknowledged, answered.shown), (answered.acknowledged, told.shown))
        for text, at in sent.items()
        if measuring.now(at) and measuring.now(at + POLL_SECONDS + 1) and text in shown
    ]
    lost = sum(
        text not in shown
        for sent, shown in ((told.acknowledged, answered.shown), (answered.acknowledged, told.shown))
        for text, at in sent.items()
        if measuring.now(at) and measuring.now(at + POLL_SECONDS + 1)
    )
    print(f"{label}: {len(told.polls)} polls, {len(told.says)} said, {len(deliveries)} delivered; {dict(told.errors)}")
    print({who: f"{seconds / SECONDS:.2f} cores" for who, seconds in used.items()})
    return [
        label,
        f"{len(told.polls) / SECONDS:.0f}",
        _both(told.polls),
        _both(told.says),
        f"{_at(deliveries, 50):.2f} / {_at(deliveries, 99):.2f} s",
        sum(told.errors.values()) + lost,
        f"{' + '.join(memory)} MB",
        stored,
        ", ".join(f"{who} {seconds / SECONDS:.0%}" for who, seconds in used.items()),
    ]


def _bytes(data: Path) -> int:
    return sum(path.stat().st_size for path in data.rglob("chat*") if path.is_file())


def _at(seconds: list[float], percent: int) -> float:
    return sorted(seconds)[min(len(seconds) - 1, len(seconds) * percent // 100)] if seconds else math.nan


def _both(seconds: list[float]) -> str:
    return f"{_at(seconds, 50) * 1000:.1f} / {_at(seconds, 99) * 1000:.1f} ms"


@contextmanager
def running_valkey(folder: Path) -> Iterator[tuple[str, int]]:
    """A server that writes nothing down: its address, and its process."""
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


def main() -> None:
    """Measure both, and write the table."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        content = folder / "content"
        copy_content_with_chat(content)
        site = RunningSite(content, folder / "one", workers=2)
        try:
            rows.append(measure("SQLite, one site with 2 workers", content, folder / "one", [site], "sqlite:", None))
        finally:
            site.close()
        with running_valkey(folder) as (url, pid):
            sites = [RunningSite(content, folder / which, SIDEDOOR_CHAT_STORE=url) for which in ("left", "right")]
            try:
                rows.append(measure("Valkey, two replicas with 1 worker each", content, folder, sites, url, pid))
            finally:
                for site in sites:
                    site.close()
    head = [
        f"{CONVERSATIONS:,} conversations", "polls a second", "a poll", "sending", "delivery", "errors",
        "memory of the workers", "of the store", "share of a core",
    ]  # fmt: skip
    note = (
        f"Median / 99th percentile over {SECONDS:.0f} s. Every reader polls every {POLL_SECONDS:.0f} s, and each "
        f"conversation has a message every {SPEAKS_EVERY / 2:.0f} s, in turns. Delivery is from a message being "
        "acknowledged to the first poll of the other side that shows it, so most of it is waiting for that poll. "
        f"Readers and advisers share the {os.cpu_count()} cores. `make bench-chat` measures it again."
    )
    readme.write("chat", readme.table(head, rows), note)


if __name__ == "__main__":
    main()
