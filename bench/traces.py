"""What a visit leaves behind: this site beside other designs, in fresh Chromium and Firefox profiles.

The visit is the same for all: a search, seven pages, the exit; then Back and Forward ten times each; then the browser
is closed and its profile is read from disk. GOV.UK's component is the real one, fetched from npm and not kept here.
"""

import subprocess
import tarfile
import tempfile
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Playwright, sync_playwright

from bench import readme
from tests.browser.places import Places
from tests.browser.readers import ChromiumReader, FirefoxReader, Reader, read, wait_for, wait_for_address
from tests.browser.test_back import ANDROID
from tests.browser.traces import (
    CANARY,
    PACK_CAME,
    SITE_PAGES,
    Traces,
    frames_until_covered,
    leave,
    leave_traces,
    site_of_canaries,
    visit_this_site,
)
from tests.server import RunningSite, SlowSite, node_environment

GOVUK = "govuk-frontend@6.6.0"
SEVEN = ["home", "money", "signs", "contacts", "zqslug", "leaving", "results"]
PLAIN_BUTTON = '<p><a id="leave" href="{exit}" rel="noreferrer">Leave</a></p>'


class PeerSite:
    """Seven linked pages with real titles, served like most sites, with another design's exit on each."""

    def __init__(self, exit_url: str, button: str = PLAIN_BUTTON, script: str = "", files: Path | None = None) -> None:
        self.exit_url, self.button, self.script, self.files = exit_url, button, script, files
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.strip("/")
                body, kind = site.page(name).encode(), "text/html; charset=utf-8"
                if site.files and name.startswith("govuk/"):
                    path = site.files / name.removeprefix("govuk/")
                    body = path.read_bytes() if path.is_file() else b""
                    kind = "text/css" if name.endswith(".css") else "text/javascript"
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def page(self, name: str) -> str:
        name = name if name in SEVEN else SEVEN[0]
        following = SEVEN[(SEVEN.index(name) + 1) % len(SEVEN)]
        button = self.button.format(exit=self.exit_url)
        return (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>zqtitle {name}</title>'
            f'<body class="govuk-template__body">{button}<main id="main"><h1>{name}</h1><p>{CANARY} {name}</p>'
            f'<a id="next" href="/{following}">next</a></main>{self.script}</body></html>'
        )

    def visit(self, places: Places, button: str | None) -> Callable[[Reader], str | None]:
        """A visit to seven pages by their links, then the button (None: the tab is left as it is)."""

        def visit(reader: Reader) -> str | None:
            places.links = f'<a id="in" href="{self.url}/home">In</a>'
            places.asked.clear()
            reader.go(places.url("search"))
            reader.click("#in")
            for name in SEVEN:
                wait_for_address(reader, f"{self.url}/{name}")
                time.sleep(0.3)
                if name != SEVEN[-1]:
                    reader.click("#next")
            time.sleep(1.5)
            if button is None:
                return None
            reader.click(button)
            wait_for_address(reader, places.url("exit"))
            time.sleep(0.5)
            return places.asked_of("exit")[0].referer

        return visit

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


def unpacked_govuk(folder: Path) -> Path:
    """The folder of GOV.UK's components from npm, unpacked below `folder` at the first call."""
    components = folder / "package" / "dist" / "govuk"
    if not components.is_dir():
        archive_name = subprocess.run(
            ["npm", "pack", GOVUK, "--silent"],
            cwd=folder, env=node_environment(), check=True, capture_output=True, text=True,
        ).stdout.split()[-1]  # fmt: skip
        with tarfile.open(folder / archive_name) as archive:
            archive.extractall(folder, filter="data")
    return components


def govuk_site(exit_url: str, folder: Path) -> PeerSite:
    """Pages with GOV.UK's “Exit this page”, as its documentation shows it."""
    files = unpacked_govuk(folder)
    button = (
        '<div class="govuk-exit-this-page" data-module="govuk-exit-this-page"><a href="{exit}" role="button" '
        'draggable="false" class="govuk-button govuk-button--warning govuk-exit-this-page__button '
        'govuk-js-exit-this-page-button" data-module="govuk-button" rel="nofollow noreferrer">'
        '<span class="govuk-visually-hidden">Emergency</span> Exit this page</a></div>'
    )
    script = (
        '<link rel="stylesheet" href="/govuk/govuk-frontend.min.css">'
        '<script>document.body.className += " js-enabled" + '
        '("noModule" in HTMLScriptElement.prototype ? " govuk-frontend-supported" : "")</script>'
        '<script type="module">import { initAll } from "/govuk/govuk-frontend.min.js"; initAll()</script>'
    )
    return PeerSite(exit_url, button, script, files)


def by_script(how: str) -> str:
    """A script that makes the plain button leave by `location.assign` or `location.replace`."""
    return (
        '<script>document.getElementById("leave").onclick = (event) => '
        f"{{ event.preventDefault(); location.{how}(event.currentTarget.href); }}</script>"
    )


def as_android(reader: Reader) -> None:
    """Make Chromium call itself Android's, where Back is a close request; here Esc makes the same request."""
    if isinstance(reader, ChromiumReader):
        reader.context.new_cdp_session(reader.tab).send("Emulation.setUserAgentOverride", {"userAgent": ANDROID})


def back_in_mid_visit(reader: Reader) -> None:
    """Press Back twice, in Chromium as on Android, in Firefox with Alt and left; then go on to another page."""
    for heading in ("Search", "The zqtitle"):
        if isinstance(reader, ChromiumReader):
            reader.tab.wait_for_timeout(1200)
            reader.tab.keyboard.press("Escape")
        else:
            reader.run(
                'document.body.dispatchEvent(new KeyboardEvent("keydown", '
                '{ key: "ArrowLeft", altKey: true, bubbles: true, cancelable: true }))'
            )
        wait_for(reader, f'return document.querySelector("main h1").textContent.trim() === {heading!r}')
    read(reader, "/help/signs")


def second_tab(reader: Reader) -> None:
    """Open the same site in a second tab, which Hide in the first one takes away as well."""
    reader.run('window.open("/", "_blank", "noopener")')
    time.sleep(2)


def offline(places: Places, wire: SlowSite) -> Callable[[Reader], str | None]:
    """The network goes away once the first page, the pack and its rest have arrived; then six pages are read."""

    def visit(reader: Reader) -> str | None:
        wire.away = False
        places.asked.clear()
        places.links = f'<a id="in" href="{wire.url}/">In</a>'
        reader.go(places.url("search"))
        reader.click("#in")
        wait_for_address(reader, f"{wire.url}/")
        wait_for(reader, PACK_CAME, 20)
        time.sleep(0.5)
        read(reader, "/help/zqslug")
        wire.away = True
        for path in (*SITE_PAGES, "/help", "/safer-browsing"):
            read(reader, path)
        return leave(reader, places)

    return visit


def by_text_fragment(site: RunningSite, places: Places) -> Callable[[Reader], str | None]:
    """Arrive by a search engine's link that names words of the page in its address, then read pages as always."""

    def visit(reader: Reader) -> str | None:
        places.asked.clear()
        places.links = f'<a id="in" href="{site.url}/help/zqslug#:~:text={CANARY}">In</a>'
        reader.go(places.url("search"))
        reader.click("#in")
        wait_for_address(reader, f"{site.url}/help/zqslug")
        for path in SITE_PAGES[:-1]:
            read(reader, path)
        return leave(reader, places)

    return visit


def main() -> None:
    """Measure all designs in both browsers, and write the README's table."""
    rows: list[list[object]] = []
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        places = Places()
        away = places.url("exit")
        peers = [
            ("no button", PeerSite(away), None),
            ("`location.assign`", PeerSite(away, script=by_script("assign")), "#leave"),
            (
                f"GOV.UK “Exit this page” {GOVUK.split('@')[1]}",
                govuk_site(away, Path(folder)),
                ".govuk-exit-this-page a",
            ),
            ("`location.replace`", PeerSite(away, script=by_script("replace")), "#leave"),
        ]
        for name, peer, button in peers:
            visit = peer.visit(places, button)
            chromium, firefox = (leave_traces(reader, peer.url, visit) for reader in _readers(playwright))
            frames: object = frames_until_covered(playwright, f"{peer.url}/home", button) if button else "–"
            rows.append(_row(name, chromium, firefox, frames))
            peer.close()
        with site_of_canaries(places) as site:
            visit = visit_this_site(site, places)
            chromium, firefox = (leave_traces(reader, site.url, visit) for reader in _readers(playwright))
            frames = frames_until_covered(playwright, site.url, "#hide-this-page")
            rows.append(_row("**this site**", chromium, firefox, frames))
            around = visit_this_site(site, places, chats=False, extra=back_in_mid_visit, first=as_android)
            two = visit_this_site(site, places, chats=False, extra=second_tab)
            wire = SlowSite(site.url)
            for name, address, visit in (
                ("this site, Back pressed in mid-visit", site.url, around),
                ("this site in two tabs", site.url, two),
                ("this site, no network once the pack and the rest of it are here", wire.url, offline(places, wire)),
                ("this site, come by a link with a text fragment", site.url, by_text_fragment(site, places)),
            ):
                chromium, firefox = (leave_traces(reader, address, visit) for reader in _readers(playwright))
                rows.append(_row(name, chromium, firefox, "–"))
            wire.close()
        places.close()
    head = [
        "one visit of seven pages", "lines in Chromium's history page", "history rows", "Back presses that show it",
        "Forward presses", "cookies, stores", "files that hold its words", "the exit learns where from",
        "frames until covered",
    ]  # fmt: skip
    note = (
        f"Two figures: {chromium.browser} / {firefox.browser}, each with a fresh profile on disk. "
        "Frames: Chromium with its processor slowed six times. `make bench-traces` measures it again."
    )
    readme.write("traces", readme.table(head, rows), note)


def _readers(playwright: Playwright) -> list[ChromiumReader | FirefoxReader]:
    return [ChromiumReader(playwright), FirefoxReader()]


def _row(name: str, chromium: Traces, firefox: Traces, frames: object) -> list[object]:
    def both(choose: Callable[[Traces], object]) -> str:
        return f"{choose(chromium)} / {choose(firefox)}"

    return [
        name,
        chromium.own_page,
        both(lambda left: _titled(left)),
        both(lambda left: left.back_presses),
        both(lambda left: left.forward_presses),
        both(lambda left: left.cookies + left.stored),
        both(lambda left: len({*left.files, *left.cached})),
        both(lambda left: "yes" if left.referer else "no"),
        frames,
    ]


def _titled(left: Traces) -> str:
    telling = sum("zq" in title for _, title in left.rows)
    return f"{len(left.rows)}{f' ({telling} telling)' if telling else ''}"


if __name__ == "__main__":
    main()
