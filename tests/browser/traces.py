"""What one visit leaves on a device: a reader comes from a search, reads seven pages and leaves; then the closed profile
is read from disk. Tests apply it to this site, `make bench` to other designs as well.
"""

import contextlib
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image
from playwright.sync_api import Playwright

from sidedoor.chat.store import open_store
from tests.browser.places import Places
from tests.browser.readers import (
    ChromiumReader,
    FirefoxReader,
    Reader,
    press_again_and_again,
    read,
    wait_for,
    wait_for_address,
)
from tests.server import PROJECT, RunningSite, copy_content

CANARY = "zqcanary"
# Words that the visit comes across: in bodies, a title, an address, a search, and a chat from both sides.
WORDS = (CANARY, "zqtitle", "zqslug", "zqquery", "zqasked", "zqanswered", "zqurdu", "zqwelsh", "میں نے", "Gofynnais")
SITE_PAGES = ("/help/money", "/help/signs", "/contacts", "/help/zqslug")
PAGE = """---
title: The zqtitle
tab_title: Things to know
summary: A page with zqsummary.
language: en
state: published
group: plan
sources: [the tests]
---
Here is zqcanary, and more.

/// video | zqvideo.mp4
![A hand](/images/zqhand.png)

Words of the zqvideo.
///
"""
VIDEO = PROJECT / "tests/public/tiny.mp4"
CAPTIONS = "WEBVTT\n\n00:00.000 --> 00:09.000\nThe zqcaptions.\n"
RECORDING = "get-help-now.mp3"
PACK_CAME = """return performance.getEntriesByType("resource").some(
  ({ name, responseEnd }) => name.endsWith("/pack") && responseEnd)"""
COUNT_FRAMES = """
  addEventListener("click", () => { window.clicked = true; }, true);
  const count = () => {
    if (window.clicked && document.body?.getClientRects().length && document.documentElement.getClientRects().length)
      window.frameAfterClick();
    requestAnimationFrame(count);
  };
  requestAnimationFrame(count);
"""


@dataclass(frozen=True)
class Traces:
    """What was left. `rows` are the addresses and titles in the history's database; `own_page` counts the site's lines on the
    browser's own history page (Chromium only); presses are those of ten that showed the site; `files` and `cached` are
    paths relative to the profile."""

    browser: str
    rows: list[tuple[str, str]]
    own_page: int | None
    back_presses: int
    forward_presses: int
    cookies: int
    stored: int
    files: list[str]
    cached: list[str]
    referer: str | None


def history_rows(profile: Path, address: str) -> list[tuple[str, str]]:
    """Addresses that begin with `address`, with their titles, from the history database of a closed profile."""
    chromium = profile / "Default" / "History"
    path = chromium if chromium.exists() else profile / "places.sqlite"
    query = (
        "SELECT url, title FROM urls"
        if chromium.exists()
        else "SELECT DISTINCT url, title FROM moz_places JOIN moz_historyvisits ON place_id = moz_places.id"
    )
    with contextlib.closing(sqlite3.connect(path)) as database:
        rows = database.execute(query).fetchall()
    return [(url, title or "") for url, title in rows if url.startswith(address)]


def cookie_count(profile: Path) -> int:
    """How many cookies a closed profile holds."""
    chromium = profile / "Default" / "Cookies"
    path, table = (chromium, "cookies") if chromium.exists() else (profile / "cookies.sqlite", "moz_cookies")
    if not path.exists():
        return 0
    with contextlib.closing(sqlite3.connect(path)) as database:
        (count,) = database.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(count)


def traces_of_media() -> list[bytes]:
    """The names of the recording and the video, and parts from all along them: a cache stores a recording in blocks."""
    recording, video = (PROJECT / "examples/hampshire/media" / RECORDING).read_bytes(), VIDEO.read_bytes()
    parts = [media[at : at + 64] for media in (recording, video) for at in range(0, len(media) - 64, 4096)]
    return [RECORDING.encode(), b"zqvideo", b"zqcaptions", b"zqhand", *parts]


def files_holding(profile: Path, words: tuple[str, ...], under: str = "", parts: Iterable[bytes] = ()) -> list[str]:
    """The profile's files that hold one of the words, as UTF-8 or as UTF-16, or one of the `parts`; only those whose
    path holds `under`."""
    needles = [*parts, *(word.encode(encoding) for word in words for encoding in ("utf-8", "utf-16-le"))]
    names = []
    for path in sorted(profile.rglob("*")):
        name = str(path.relative_to(profile))
        if path.is_file() and not path.is_symlink() and under.lower() in name.lower():
            content = path.read_bytes()
            if any(needle in content for needle in needles):
                names.append(name)
    return names


def leave_traces(reader: ChromiumReader | FirefoxReader, address: str, visit: Callable[[Reader], str | None]) -> Traces:
    """Let a reader make a visit to the site at `address`, press Back and Forward, close the browser, and look.

    `visit` returns the Referer that the exit received. The profile is deleted.
    """
    referer = visit(reader)
    stored = _stored_after(reader, address)
    reader.seen()
    back = _presses_that_show(reader, "back", address)
    forward = _presses_that_show(reader, "forward", address)
    own_page = reader.own_history_page().count(address) if isinstance(reader, ChromiumReader) else None
    reader.quit()
    try:
        return Traces(
            browser=f"{reader.name} {reader.version}",
            rows=history_rows(reader.profile, address),
            own_page=own_page,
            back_presses=back,
            forward_presses=forward,
            cookies=cookie_count(reader.profile),
            stored=stored,
            files=files_holding(reader.profile, WORDS, parts=traces_of_media()),
            cached=files_holding(reader.profile, (address,), under="cache"),
            referer=referer,
        )
    finally:
        shutil.rmtree(reader.profile, ignore_errors=True)


def _presses_that_show(reader: Reader, direction: str, address: str) -> int:
    shown = 0
    for _ in range(10):
        before = reader.run("return location.href")  # that page may paint a last frame after the press
        press_again_and_again(reader, direction, 1)
        shown += any(url.startswith(address) and url != before for url in reader.seen())
    return shown


def _stored_after(reader: Reader, address: str) -> int:
    """Files under the profile's stores for sites (local and session storage, IndexedDB, service workers) that name it."""
    assert isinstance(reader, ChromiumReader | FirefoxReader)
    host = address.removeprefix("http://").replace(":", "_")
    plus = address.replace("://", "+++").replace(":", "+")
    return sum(1 for path in reader.profile.rglob("*") if host in path.name or plus in path.name)


@contextlib.contextmanager
def site_of_canaries(places: Places) -> Iterator[RunningSite]:
    """This site, its exits among `places`, with words to look for in every page."""
    with tempfile.TemporaryDirectory() as folder:
        content = Path(folder) / "content"
        copy_content(content, [places.url("exit"), places.url("second")], CANARY)
        (content / "help" / "zqslug.md").write_text(PAGE, "utf-8")
        shutil.copy(VIDEO, content / "media/zqvideo.mp4")
        (content / "media/zqvideo.vtt").write_text(CAPTIONS, "utf-8")
        (content / "images").mkdir(exist_ok=True)
        Image.new("RGB", (96, 64), "green").save(content / "images/zqhand.png")
        site = RunningSite(content, Path(folder) / "data")
        places.links = f'<a id="in" href="{site.url}/">In</a>'
        try:
            yield site
        finally:
            site.close()


def visit_this_site(
    site: RunningSite,
    places: Places,
    hide: bool = True,
    chats: bool = True,
    extra: Callable[[Reader], None] | None = None,
    first: Callable[[Reader], None] | None = None,
) -> Callable[[Reader], str | None]:
    """A visit of seven pages, one of them search results; then a chat and whatever `extra` does; then Hide in the middle of
    it, or nothing. `first` prepares the browser before the visit."""

    def visit(reader: Reader) -> str | None:
        places.asked.clear()
        if first:
            first(reader)
        reader.go(places.url("search"))
        reader.click("#in")
        wait_for_address(reader, f"{site.url}/")
        for path in SITE_PAGES:
            read(reader, path)
        read(reader, "/search")
        reader.run(
            """document.querySelector("main h1").dataset.before = "";
            document.getElementById("query").value = "zqquery";
            document.querySelector("main form[role='search']").requestSubmit();"""
        )
        wait_for(reader, 'return Boolean(document.querySelector("main h1:not([data-before])"))')
        if chats:
            chat(reader, site)
        if extra:
            extra(reader)
        wait_for(reader, PACK_CAME, 20)  # all help is in the page's memory
        return leave(reader, places, hide)

    return visit


def leave(reader: Reader, places: Places, hide: bool = True) -> str | None:
    """Press Hide, or nothing; returns the Referer that the exit received."""
    time.sleep(1.5)  # titles reach the history's database a moment after the page
    if not hide:
        return None
    assert reader.run(
        "return [...document.querySelectorAll('main :is(audio, video)')].every((player) => !player.ended)"
    )
    reader.click("#hide-this-page")
    wait_for_address(reader, places.url("exit"))
    time.sleep(0.5)
    ends = time.monotonic() + 10
    while isinstance(reader, ChromiumReader) and reader.context.cookies() and time.monotonic() < ends:
        reader.tab.wait_for_timeout(100)  # the answer to the end of a chat takes its cookie
    return places.asked_of("exit")[0].referer


def listen(reader: Reader) -> None:
    """Play a recording with its player's own key: a browser plays nothing without a press."""
    _play(reader, "/help/get-help-now", "audio")


def watch(reader: Reader) -> None:
    """Play a video in the same way. Its sound is off by default."""
    _play(reader, "/help/zqslug", "video")


def _play(reader: Reader, path: str, player: str) -> None:
    assert isinstance(reader, ChromiumReader | FirefoxReader)
    read(reader, path)
    reader.run(f"document.querySelector('main {player}').focus()")
    reader.press_keys(" ")
    wait_for(reader, f"return document.querySelector('main {player}')?.currentTime > 2")


def chat(reader: Reader, site: RunningSite) -> None:
    """Ask an adviser something, and read the answer, in three languages. The test plays the adviser's desk through the store
    that both share."""
    store, now = open_store("sqlite:", site.data), datetime.now(UTC)
    store.set_presence(1, "Kit", True, now)
    read(reader, "/chat")
    reader.click("form[action='/chat/start'] button")
    wait_for(reader, 'return Boolean(document.querySelector("[data-chat-words]"))')
    (waiting,) = [conversation for conversation in store.live(now) if conversation.state == "waiting"]
    store.end_pause(1)
    store.accept(waiting.id, 1, "Kit", now)
    reader.run('document.getElementById("message").value = "zqasked"')
    reader.click("[data-chat-form=say] button")
    wait_for(reader, 'return Boolean(document.querySelector(".chat .reader"))')
    assert [message.text for message in store.messages(waiting.id)] == ["zqasked"]
    store.say(waiting.id, "adviser", "zqanswered", now)
    wait_for(reader, 'return document.querySelector(".chat .adviser")?.textContent.includes("zqanswered")')
    for language, words in (("ur", "zqurdu میں نے"), ("cy", "zqwelsh Gofynnais")):
        read(reader, f"/{language}/chat")
        wait_for(reader, f"return document.documentElement.lang === {language!r} && document.querySelector('#message')")
        reader.run(f'document.getElementById("message").value = {words!r}')
        reader.click("[data-chat-form=say] button")
        wait_for(reader, f"return [...document.querySelectorAll('.chat li')].at(-1)?.textContent.includes({words!r})")


def frames_until_covered(playwright: Playwright, address: str, button: str) -> int:
    """Frames painted with the page's words after a click on `button`, in Chromium with its processor slowed six times."""
    reader = ChromiumReader(playwright)
    try:
        painted: list[None] = []
        reader.context.expose_function("frameAfterClick", lambda: painted.append(None))
        reader.context.add_init_script(COUNT_FRAMES)
        reader.go(address)
        session = reader.context.new_cdp_session(reader.tab)
        session.send("Emulation.setCPUThrottlingRate", {"rate": 6})
        reader.tab.wait_for_timeout(300)
        reader.tab.click(button, no_wait_after=True)
        reader.tab.wait_for_timeout(2000)
        return len(painted)
    finally:
        reader.quit()
        shutil.rmtree(reader.profile, ignore_errors=True)
