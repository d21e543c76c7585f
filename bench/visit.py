"""A visit on a slow phone: seven pages of this site, beside the same pages as GOV.UK's components and as plain pages.

The network is Chromium's own slow one, at 400 kbit/s with a round trip of 400 ms. All three show the same words; the
other two are built as most sites are: one response for each page, with style sheet and script as cached files.
"""

import re
import statistics
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import brotli
from playwright.sync_api import Browser, Page, sync_playwright

from bench import readme
from bench.traces import GOVUK, unpacked_govuk
from sidedoor.public import create_app
from sidedoor.settings import Settings
from sidedoor.web.in_place import Parts
from sidedoor.web.sheet import whole
from tests.chromium import CHROMIUM, CHROMIUM_ARGUMENTS
from tests.server import PROJECT, RunningSite

SEVEN = ["/", "/help/money", "/help/signs", "/contacts", "/help/orders", "/help/getting-ready", "/safer-browsing"]
ROUNDS = 5
BYTES_A_SECOND, ROUND_TRIP_MS = 50_000, 400

# Reports when somebody taps, and when the first frame with another heading is drawn.
WATCH = """
  let frames = 0, heading;
  addEventListener("click", () => { frames = 0; window.tapped(performance.timeOrigin + performance.now()); }, true);
  const look = () => {
    frames += 1;
    const h1 = document.querySelector("main h1");
    const words = h1?.getClientRects().length ? h1.textContent.trim() : heading;
    if (words !== heading) window.headed(performance.timeOrigin + performance.now(), frames, performance.timeOrigin);
    heading = words;
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
"""
TAP = """path => {
  const link = Object.assign(document.createElement("a"), { href: path });
  document.body.append(link);
  link.click();
  link.remove();
}"""


@dataclass
class Visit:
    """The cost of one visit: bytes and requests, and seconds until a heading: of the first page, then of each further
    one.

    `frames`: how many were drawn between a tap and its heading, if the page that was tapped draws it.
    """

    bytes: int = 0
    requests: int = 0
    first: float = 0
    taps: list[float] = field(default_factory=list)
    frames: list[int] = field(default_factory=list)


def make_visit(browser: Browser, url: str, wait_first: bool) -> Visit:
    """Read the seven pages. `wait_first`: tap only after everything that the first page fetches quietly has arrived."""
    context = browser.new_context(viewport={"width": 360, "height": 640}, device_scale_factor=2)
    visit, tapped, headed = Visit(), [0.0], list[tuple[float, int, float]]()
    context.expose_function("tapped", lambda moment: tapped.append(moment))
    context.expose_function("headed", lambda *heading: headed.append(heading))
    context.add_init_script(WATCH)
    tab = context.new_page()
    session = context.new_cdp_session(tab)
    session.send("Network.enable")
    session.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": ROUND_TRIP_MS, "downloadThroughput": BYTES_A_SECOND, "uploadThroughput": BYTES_A_SECOND},
    )  # fmt: skip
    finished: list[int] = []
    session.on("Network.loadingFinished", lambda event: finished.append(int(event["encodedDataLength"])))
    tab.goto(url + SEVEN[0])
    wait(tab, lambda: len(headed) == 1)
    visit.first = (headed[0][0] - headed[0][2]) / 1000
    if wait_first:
        tab.wait_for_load_state("networkidle")
    for path in SEVEN[1:]:
        so_far = len(headed)
        tab.evaluate(TAP, path)
        wait(tab, lambda so_far=so_far: len(headed) > so_far)  # type: ignore[misc]
        visit.taps.append((headed[-1][0] - tapped[-1]) / 1000)
        visit.frames.append(headed[-1][1])
        tab.wait_for_timeout(100)
    tab.wait_for_load_state("networkidle")
    sizes = [size for size in finished if size]  # cached files have no size
    visit.bytes, visit.requests = sum(sizes), len(sizes)
    context.close()
    return visit


def wait(tab: Page, until: Callable[[], bool]) -> None:
    """Let the browser run until a condition holds. Raises AssertionError after half a minute."""
    for _ in range(3000):
        if until():
            return
        tab.wait_for_timeout(10)
    raise AssertionError("The heading never came.")


@contextmanager
def built(pages: dict[str, str], files: dict[str, bytes]) -> Iterator[str]:
    """Serve pages that are fetched again each time, and files that are cached; yields the address."""
    answers = {path: ("text/html; charset=utf-8", "no-cache", page.encode()) for path, page in pages.items()}
    kinds = {".css": "text/css", ".js": "text/javascript"}
    answers |= {path: (kinds[Path(path).suffix], "max-age=31536000, immutable", body) for path, body in files.items()}
    small = {
        path: (kind, cache_control, brotli.compress(body)) for path, (kind, cache_control, body) in answers.items()
    }

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            kind, cache_control, body = small.get(self.path, ("text/plain", "no-store", brotli.compress(b"")))
            self.send_response(200 if self.path in small else 404)
            for name, value in (("Content-Type", kind), ("Cache-Control", cache_control), ("Content-Encoding", "br")):
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def parts(folder: Path) -> dict[str, Parts]:
    """The seven pages of this site, each in its parts."""
    app = create_app(Settings(data=folder / "parts"))
    client = app.test_client()
    pages = {path: Parts.of(client.get(path).get_data(as_text=True)) for path in SEVEN}
    app.extensions["live"].close()
    return {path: page for path, page in pages.items() if page}


def bare(page: Parts) -> str:
    """A page's words, without our scripts, and with no links but its own."""
    return re.sub(r"(?s)<script\b.*?</script>|<dialog\b.*?</dialog>|<p class=\"way-out\">.*?</p>", "", page.main)


def visit(folder: Path) -> None:
    """Make the visits in turns, and write the README's table."""
    ours = parts(folder)
    sheet = whole().encode()
    header = '<header><a href="/">Sidedoor</a> <a href="https://www.bbc.co.uk/weather">Leave</a></header>'
    plain = {
        path: f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<title>{path}</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/site.css">'
        f"<body>{header}{bare(page)}</body></html>"
        for path, page in ours.items()
    }
    govuk = unpacked_govuk(folder)
    components = {
        path: f'<!DOCTYPE html><html lang="en" class="govuk-template"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{path}</title><link rel="icon" href="data:,">'
        '<link rel="stylesheet" href="/govuk-frontend.min.css"><body class="govuk-template__body">'
        '<script>document.body.className += " js-enabled govuk-frontend-supported"</script>'
        '<div class="govuk-exit-this-page" data-module="govuk-exit-this-page"><a href="https://www.bbc.co.uk/weather" '
        'role="button" class="govuk-button govuk-button--warning govuk-exit-this-page__button '
        f'govuk-js-exit-this-page-button" rel="nofollow noreferrer">Exit this page</a></div>{header}'
        f'<div class="govuk-width-container">{bare(page)}</div><script type="module">'
        'import { initAll } from "/govuk-frontend.min.js"; initAll()</script></body></html>'
        for path, page in ours.items()
    }
    files = {
        f"/govuk-frontend.min.{kind}": (govuk / f"govuk-frontend.min.{kind}").read_bytes() for kind in ("css", "js")
    }
    site = RunningSite(PROJECT / "examples" / "hampshire", folder / "visited")
    visits: dict[str, list[Visit]] = {"ours": [], "at once": [], "plain": [], "govuk": []}
    with (
        sync_playwright() as playwright,
        built(plain, {"/site.css": sheet}) as plain_url,
        built(components, files) as govuk_url,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        make_visit(browser, site.url, True)  # warm up the server, like one that has run for a while
        for _ in range(ROUNDS):
            visits["ours"].append(make_visit(browser, site.url, True))
            visits["at once"].append(make_visit(browser, site.url, False))
            visits["plain"].append(make_visit(browser, plain_url, True))
            visits["govuk"].append(make_visit(browser, govuk_url, True))
        version = browser.version
        browser.close()
    site.close()
    labels = {
        "ours": "**this site**, a reader who looks at the first page",
        "at once": "this site, somebody who taps at once",
        "plain": "the same words, a page each and a style sheet",
        "govuk": f"the same words in {GOVUK}, a page each",
    }
    rows: list[list[object]] = []
    for name, label in labels.items():
        of_kind = visits[name]
        first_tap = statistics.median(cost.taps[0] for cost in of_kind)
        frames = max(max(cost.frames[1:] if name == "at once" else cost.frames) for cost in of_kind)
        later = statistics.median(tap for cost in of_kind for tap in cost.taps[1:])
        in_frames = f"{frames} frame{'s' if frames > 1 else ''}" if name == "ours" else f"{later:.2f} s"
        rows.append(
            [
                label,
                f"{statistics.median(cost.bytes for cost in of_kind):,.0f}",
                f"{statistics.median(cost.requests for cost in of_kind):.0f}",
                f"{statistics.median(cost.first for cost in of_kind):.2f} s",
                f"{first_tap:.2f} s",
                in_frames,
            ]
        )
    head = ["a visit of seven pages", "bytes", "requests", "first heading", "first tap", "each further tap"]
    note = (
        f"Medians of {ROUNDS} visits in turns, Chromium {version}, at 400 kbit/s and {ROUND_TRIP_MS} ms; headers counted. "
        "`make bench-speed` measures it again."
    )
    readme.write("visit", readme.table(head, rows), note)
