"""The exit's scripts on a site that is not ours: the README's example page from a plain server, with a security policy."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.places import Places
from tests.browser.readers import (
    WAIT_SECONDS,
    ChromiumReader,
    FirefoxReader,
    Reader,
    press_again_and_again,
    wait_for,
    wait_for_address,
)
from tests.server import PROJECT

SCRIPTS = PROJECT / "static" / "js" / "exit"
POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; base-uri 'none'"
SHIFT = "\ue008"


def example() -> str:
    """The example page in the README."""
    (page,) = re.findall(r"```html\n(.*?)```", (SCRIPTS / "README.md").read_text("utf-8"), re.DOTALL)
    return str(page)


class Elsewhere:
    """A site with the same page at every address. `page` may be changed; `posts` and `asked` hold the requests."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.page = example()
        for address, place in (("https://www.example.com/", "exit"), ("https://www.example.net/", "second")):
            assert address in self.page
            self.page = self.page.replace(address, places.url(place))
        self.redirects = {"/away": places.url("exit")}
        self.posts: list[str] = []
        self.asked: list[tuple[str, str]] = []
        elsewhere = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                elsewhere.asked.append((self.path, self.headers.get("Cookie", "")))
                script = SCRIPTS / self.path[1:] if self.path.endswith(".js") else None
                if target := elsewhere.redirects.get(self.path):
                    self.send_response(303)
                    self.send_header("Location", target)
                    return self._end(b"", "text/plain")
                self.send_response(404 if self.path.endswith((".css", ".ico")) else 200)
                if script:
                    return self._end(script.read_bytes(), "text/javascript")
                return self._end(elsewhere.page.encode(), "text/html; charset=utf-8")

            def do_POST(self) -> None:
                elsewhere.posts.append(self.path)
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.send_response(204)
                self._end(b"", "text/plain")

            def _end(self, body: bytes, kind: str) -> None:
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Content-Security-Policy", POLICY)
                self.send_header("Referrer-Policy", "same-origin")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://site.localhost:{self._server.server_port}"
        places.links = f'<a id="in" href="{self.url}/one">In</a>'

    def without(self, *attributes: str) -> None:
        """Take attributes out of the page."""
        for name in attributes:
            self.page, count = re.subn(rf'\s{name}="[^"]*"', "", self.page)
            assert count, name

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    places = Places()
    site = Elsewhere(places)
    yield site
    site.close()
    places.close()


def arrive(reader: Reader, site: Elsewhere, pages: int = 1) -> None:
    """Come from a search and read `pages` pages, each loaded whole."""
    reader.go(site.places.url("search"))
    reader.click("#in")
    wait_for_address(reader, f"{site.url}/one")
    for page in range(2, pages + 1):
        # A page that is left while it loads has no place of its own in the history.
        wait_for(reader, "return document.readyState === 'complete'")
        reader.run(f"location.assign('/page{page}')")
        wait_for_address(reader, f"{site.url}/page{page}")
    wait_for(reader, "return document.querySelector('h1').getClientRects().length === 1")


def press_shift(reader: Reader, times: int) -> None:
    if isinstance(reader, ChromiumReader):
        for _ in range(times):
            reader.tab.keyboard.press("Shift")
    elif isinstance(reader, FirefoxReader):
        reader.press_keys(*[SHIFT] * times)


def assert_never_seen_again(reader: Reader, site: Elsewhere) -> None:
    """Back and Forward, again and again, and no frame shows the site."""
    wait_for_address(reader, site.places.url("exit"))
    assert reader.seen(), "the site's frames were noted before"
    press_again_and_again(reader, "back", 5)
    press_again_and_again(reader, "forward", 5)
    assert [url for url in reader.seen() if url.startswith(site.url)] == []


def the_link(reader: Reader) -> None:
    reader.click("#hide-this-page")


def the_shortcut(reader: Reader) -> None:
    press_shift(reader, 3)


@pytest.mark.parametrize("leave", [the_link, the_shortcut], ids=lambda leave: leave.__name__)
@pytest.mark.parametrize("pages", [1, 3])
def test_the_exit_leaves_and_back_does_not_show_the_page(
    reader: Reader, elsewhere: Elsewhere, pages: int, leave: Callable[[Reader], None]
) -> None:
    arrive(reader, elsewhere, pages)
    leave(reader)
    assert_never_seen_again(reader, elsewhere)
    assert {request.referer for request in elsewhere.places.asked_of("exit")} == {None}
    ours = {url for url in reader.entries() if url.startswith(elsewhere.url)}
    assert ours <= ({f"{elsewhere.url}/away"} if pages > 1 else set())


def test_without_an_address_that_redirects_the_front_page_leaves_again(reader: Reader, elsewhere: Elsewhere) -> None:
    elsewhere.without("data-redirect")
    elsewhere.redirects.clear()
    arrive(reader, elsewhere, 3)
    the_link(reader)
    assert_never_seen_again(reader, elsewhere)
    assert "/w" not in [path for path, _ in elsewhere.asked], "no address of ours is asked for"
    assert {url for url in reader.entries() if url.startswith(elsewhere.url)} <= {f"{elsewhere.url}/"}


def posts_in(site: Elsewhere, seconds: float) -> list[str]:
    """The addresses posted to, as soon as there is one or after `seconds`."""
    deadline = time.monotonic() + seconds
    while not site.posts and time.monotonic() < deadline:
        time.sleep(0.02)
    return site.posts


@pytest.mark.parametrize("runs", [True, False])
def test_on_a_site_with_conversations_the_end_is_sent_once_and_marked_if_one_runs(
    reader: Reader, elsewhere: Elsewhere, runs: bool
) -> None:
    if runs:
        elsewhere.page = elsewhere.page.replace("<html", '<html data-chat="running"', 1)
    elsewhere.page = elsewhere.page.replace('data-mark="left"', 'data-mark="gone"')
    arrive(reader, elsewhere)
    the_link(reader)
    wait_for_address(reader, elsewhere.places.url("exit"))
    assert posts_in(elsewhere, 3) == ["/conversation/end"]
    reader.go(f"{elsewhere.url}/again")
    cookies = [cookie.partition("=")[0] for path, cookie in elsewhere.asked if path == "/again"]
    assert cookies == ["gone" if runs else ""]


def test_on_a_site_without_conversations_nothing_is_sent_and_nothing_is_stored(
    reader: Reader, elsewhere: Elsewhere
) -> None:
    elsewhere.without("data-end", "data-mark")
    elsewhere.page = elsewhere.page.replace("<html", '<html data-chat="running"', 1)
    arrive(reader, elsewhere)
    the_link(reader)
    wait_for_address(reader, elsewhere.places.url("exit"))
    assert posts_in(elsewhere, 0.5) == []
    reader.go(f"{elsewhere.url}/again")
    assert reader.run("return document.cookie") == ""


OTHER_NAMES = {
    'data-redirect="/away"': 'data-redirect="/away" data-link=".leave, .also" data-cookie="bye" data-title="Blank"',
    '<script src="/shortcut.js">': '<script src="/shortcut.js" data-link=".leave" data-status=".says" data-switch=".box">',
    'id="hide-this-page"': 'class="leave"',
    'id="hide-status"': 'class="says"',
    'id="shortcut-switch"': 'class="box"',
    "<h1>": '<a class="also" href="https://www.example.com/">Leave, too</a><h1>',
}


def test_every_name_can_be_changed(reader: Reader, elsewhere: Elsewhere) -> None:
    for ours, theirs in OTHER_NAMES.items():
        assert elsewhere.page.count(ours) == 1
        elsewhere.page = elsewhere.page.replace(ours, theirs)
    arrive(reader, elsewhere, 2)
    press_shift(reader, 2)
    progress = "return [document.querySelector('.leave').dataset.presses, document.querySelector('.says').textContent]"
    assert reader.run(progress) == ["2", "Press Shift 1 more time to leave."]
    reader.run("document.querySelector('.box').click()")
    press_shift(reader, 3)
    assert reader.run(progress) == ["0", ""], "turned off"
    covered = reader.run("document.querySelector('.also').click(); return [document.title, document.cookie]")
    assert covered == ["Blank", "bye=1"]
    assert_never_seen_again(reader, elsewhere)


def test_the_progress_shows_on_a_page_without_an_element_to_announce_it(reader: Reader, elsewhere: Elsewhere) -> None:
    elsewhere.page = elsewhere.page.replace('<span id="hide-status" role="status"></span>', "")
    arrive(reader, elsewhere)
    press_shift(reader, 1)
    assert reader.run("return document.getElementById('hide-this-page').dataset.presses") == "1"


def test_with_scripts_off_the_link_leaves_in_chromium(browser: Browser, elsewhere: Elsewhere) -> None:
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(f"{elsewhere.url}/one")
    assert not tab.locator("#shortcut-switch").is_visible(), "no shortcut is promised"
    tab.click("#hide-this-page")
    tab.wait_for_url(elsewhere.places.url("exit"))
    assert [request.referer for request in elsewhere.places.asked_of("exit")] == [None]
    context.close()


def test_with_scripts_off_the_link_leaves_in_firefox(
    firefox_without_scripts: FirefoxReader, elsewhere: Elsewhere
) -> None:
    firefox_without_scripts.go(f"{elsewhere.url}/one")
    firefox_without_scripts.press_keys("\ue004", "\ue007")  # Tab, Enter
    deadline = time.monotonic() + WAIT_SECONDS
    while not elsewhere.places.asked_of("exit") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [request.referer for request in elsewhere.places.asked_of("exit")] == [None]


TURNED_OFF = {
    "a beacon": "navigator.sendBeacon = () => { throw new TypeError(); }",
    "channels": "window.BroadcastChannel = class { constructor() { throw new DOMException('', 'SecurityError'); } }",
    "speech": "Object.defineProperty(window, 'speechSynthesis', { get() { throw new TypeError(); } })",
    "timing": "performance.getEntriesByType = () => []",
    "cookies": "Object.defineProperty(document, 'cookie', { get() { throw new DOMException(); }, set() { throw new DOMException(); } })",
    "entries": "history.pushState = history.replaceState = navigation.updateCurrentEntry = () => { throw new DOMException(); }",
    "everything": "Object.defineProperty(window, 'navigation', { get: () => undefined })",
}
"""What throws where a browser lacks it, a reader has turned it off, or the page is a saved copy. The last takes all."""


@pytest.mark.parametrize("leave", [the_link, the_shortcut], ids=lambda leave: leave.__name__)
def test_whatever_a_browser_refuses_the_exit_leaves(
    chromium: Browser, elsewhere: Elsewhere, leave: Callable[[Reader], None]
) -> None:
    for name, script in TURNED_OFF.items():
        reader = ChromiumReader(chromium)
        reader.context.add_init_script(";".join(TURNED_OFF.values()) if name == "everything" else script)
        for pages in (1, 2):
            arrive(reader, elsewhere, pages)
            leave(reader)
            wait_for_address(reader, elsewhere.places.url("exit"))
        reader.quit()


def test_a_saved_copy_of_the_page_leaves_too(browser: Browser, elsewhere: Elsewhere, tmp_path: Path) -> None:
    page = elsewhere.page
    for name in ("hide-page.js", "shortcut.js", "pinch.js"):
        page = page.replace(f'src="/{name}"', f'src="{(SCRIPTS / name).as_uri()}"')
    copy = tmp_path / "copy.html"
    copy.write_text(page, "utf-8")
    tab = browser.new_page()
    tab.goto(copy.as_uri())
    tab.click("#hide-this-page")
    tab.wait_for_url(elsewhere.places.url("exit"))
    tab.close()


def test_in_a_browser_of_2018_to_2021_back_does_not_show_the_pages(chromium: Browser, elsewhere: Elsewhere) -> None:
    """Safari before 15.1 says only in the old way that Back led here, and has neither channels nor the tab's entries."""
    reader = ChromiumReader(chromium)
    reader.context.add_init_script(
        "delete window.BroadcastChannel; delete window.navigation; performance.getEntriesByType = () => [];"
        # A page that holds a lock is loaded again at Back.
        "navigator.locks.request('a', () => new Promise(() => {}));"
    )
    arrive(reader, elsewhere, 3)
    the_link(reader)
    assert_never_seen_again(reader, elsewhere)
    reader.quit()


@pytest.mark.parametrize(
    ("preference", "value"),
    [("beacon.enabled", "false"), ("network.cookie.cookieBehavior", "2")],
    ids=["beacons", "cookies"],
)
def test_in_firefox_without_beacons_or_cookies_the_exit_leaves_and_the_server_is_told(
    firefox: FirefoxReader, elsewhere: Elsewhere, preference: str, value: str
) -> None:
    kind = "Bool" if value == "false" else "Int"
    firefox.chrome(f"Services.prefs.set{kind}Pref({preference!r}, {value})")
    try:
        for leave in (the_link, the_shortcut):
            elsewhere.posts.clear()
            arrive(firefox, elsewhere)
            leave(firefox)
            assert_never_seen_again(firefox, elsewhere)
            assert posts_in(elsewhere, 3) == ["/conversation/end"]
    finally:
        firefox.chrome(f"Services.prefs.clearUserPref({preference!r})")
