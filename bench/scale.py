"""Scale: the site with 10,000 news items (or as many as asked for), a real server on real files.

python -m bench.scale 10000 100000
"""

import json
import random
import re
import signal
import statistics
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from bench import readme
from tests.server import PROJECT, RunningSite, copy_content, workers

Result = TypeVar("Result")


def write_items(content: Path, count: int) -> None:
    """Write `count` news items of about 240 words each."""
    words = re.findall(
        r"[a-z]{3,}", (PROJECT / "examples/hampshire/pages/safer-browsing.md").read_text("utf-8").lower()
    )
    choose = random.Random(1)
    first = datetime(2000, 1, 1, 9)  # noqa: DTZ001 - a wall time, as an editor writes it
    for number in range(count):
        when = first + timedelta(days=number % 9800)
        paragraphs = "\n\n".join(" ".join(choose.choices(words, k=60)) + "." for _ in range(4))
        folder = content / "news" / str(when.year)
        folder.mkdir(exist_ok=True)
        (folder / f"item-{number}.md").write_text(
            f"---\ntitle: Item {number} on {choose.choice(words)}\nsummary: Summary {number}.\nstate: published\n"
            f"publish_at: {when:%Y-%m-%d} 09:00\nrelated_help: [get-help-now]\n---\n\n{paragraphs}\n",
            "utf-8",
        )


def measure(count: int) -> list[object]:
    """Measure one row of the table."""
    with tempfile.TemporaryDirectory() as name:
        content, data = Path(name) / "content", Path(name) / "data"
        copy_content(content, ["https://weather.example/"])
        write_items(content, count)
        began = time.monotonic()
        site = RunningSite(content, data, workers=2, start_seconds=600)
        first = time.monotonic() - began
        try:
            _until_read(site, count)
            whole = time.monotonic() - began
        finally:
            site.close()
        _report(f"{count:,} items: first page {first:.1f} s, everything {whole:.0f} s")
        warm, site = _timed(lambda: RunningSite(content, data, workers=2, start_seconds=600))
        try:
            _until_read(site, count)
            _report(f"next start {warm:.1f} s")
            live = [_edit_until_live(site, content, number) for number in range(5)]
            _post(site, "hepl with mony")
            searches = [_timed(lambda query=query: _post(site, query))[0] for query in _queries()]  # type: ignore[misc]
            _report(f"live {live}, searches {searches}")
            memory = max(resident_megabytes(pid) for pid in workers(site))
            refused, longest = _reload(site)
        finally:
            site.close()
    return [
        f"{count:,}", f"{first:.1f} s", f"{whole:.0f} s", f"{warm:.1f} s", f"{statistics.median(live):.2f} s (longest {max(live):.2f})",
        f"{statistics.median(searches) * 1000:.0f} ms (longest {max(searches) * 1000:.0f})", f"{memory:.0f} MB",
        f"{refused} (longest wait {longest:.1f} s)",
    ]  # fmt: skip


def _report(sentence: str) -> None:
    """Report progress at once: a row takes many minutes."""
    print(sentence, file=sys.stderr, flush=True)


def _until_read(site: RunningSite, count: int) -> None:
    """Wait until both workers have read everything: ten connections in a row reach both of them."""
    give_up = time.monotonic() + 1200
    while min(_documents(site) for _ in range(10)) < count:
        if time.monotonic() > give_up:
            raise RuntimeError("The server never finished reading.")
        time.sleep(3)  # each question makes pages again, since there are more items each time


def _documents(site: RunningSite) -> int:
    with urllib.request.urlopen(f"{site.url}/healthz", timeout=60) as answer:
        documents: int = json.load(answer)["documents"]
        return documents


def _queries() -> list[str]:
    return ["browser history", "hepl with mony", "where to stay", "delete one line", "item 77"] * 4


def _edit_until_live(site: RunningSite, content: Path, number: int) -> float:
    """Seconds from saving a new item until its page, the list and the feeds show it, on every worker."""
    item = content / "news" / f"brand-new-{number}.md"
    item.write_text(
        f"---\ntitle: Brand new {number}\nsummary: s\nstate: published\npublish_at: 2026-11-2{number} 09:00\n"
        "---\n\nwords\n"
    )
    began = time.monotonic()
    paths = (
        f"/news/brand-new-{number}",
        "/news",
        "/news/rss.xml",
        "/news/atom.xml",
        "/news/feed.json",
        "/sitemap-2026.xml",
    )
    while not all(f"rand new {number}" in text or f"rand-new-{number}" in text for text in _texts(site, paths)):
        if time.monotonic() - began > 60:
            raise RuntimeError("The edit never went live.")
        time.sleep(0.02)
    return time.monotonic() - began


def _texts(site: RunningSite, paths: tuple[str, ...]) -> list[str]:
    texts = []
    for path in paths * 2:
        try:
            with urllib.request.urlopen(site.url + path, timeout=60) as answer:
                texts.append(answer.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                texts.append("")
    return texts


def _reload(site: RunningSite) -> tuple[int, float]:
    """How many requests a reload refuses, and the longest wait of any, each on its own connection."""
    before, refused, longest, after = set(workers(site)), 0, 0.0, 0
    site.process.send_signal(signal.SIGHUP)
    while after < 20:
        began = time.monotonic()
        try:
            with urllib.request.urlopen(f"{site.url}/news", timeout=60) as answer:
                answer.read()
        except OSError:
            refused += 1
        longest = max(longest, time.monotonic() - began)
        after += not before & set(workers(site))
        time.sleep(0.02)
    return refused, longest


def _post(site: RunningSite, query: str) -> None:
    with urllib.request.urlopen(
        f"{site.url}/search", f"query={query.replace(' ', '+')}".encode(), timeout=60
    ) as answer:
        answer.read()


def _timed(do: Callable[[], Result]) -> tuple[float, Result]:
    began = time.monotonic()
    result = do()
    return time.monotonic() - began, result


def resident_megabytes(pid: int) -> float:
    match = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(match[1]) / 1024 if match else 0.0


if __name__ == "__main__":
    head = [
        "news items", "first start: first page", "everything", "next start: first page", "saved → page, list, feeds live on both workers", "a search",
        "memory a worker", "refused while kill -HUP reloads",
    ]  # fmt: skip
    rows = [measure(int(count)) for count in sys.argv[1:] or ["10000"]]
    readme.write("scale", readme.table(head, rows), "Real files, a real server. `make bench-scale` measures it again.")
