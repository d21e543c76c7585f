"""A reader at a real browser: the same moves in Chromium, Firefox and WebKitGTK, and the profile that is left behind.

Chromium is driven by Playwright on a profile on disk, Firefox by Marionette, WebKitGTK by WebDriver. Back and Forward
are the browser's own buttons. In Chromium and Firefox a script reports the address of every page whose words are painted;
WebKitGTK's driver has no place for such a script, so its page is polled instead.
"""

import contextlib
import glob
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from marionette_driver.errors import MarionetteException, MoveTargetOutOfBoundsException
from marionette_driver.marionette import Marionette
from marionette_driver.webauthn import WebAuthn
from playwright.sync_api import Browser, CDPSession, Error, Playwright
from selenium.common.exceptions import WebDriverException
from selenium.webdriver import WebKitGTK
from selenium.webdriver.webkitgtk.options import Options
from selenium.webdriver.webkitgtk.service import Service

from tests.chromium import CHROMIUM, CHROMIUM_ARGUMENTS
from tests.server import free_port

FIREFOX = "/usr/bin/firefox-esr"
WAIT_SECONDS = 20.0
"""The longest wait for something that happens by itself: several browsers share the machine."""
AFTER_PRESS_SECONDS = 0.15

# Reports that a document shows words: calls `note` with its address in the first frame that shows some, and ten times a
# second while it still does. Reading a page's words in every frame would take more processor time than the page itself.
WATCH_FRAMES = """(window, note) => {
  let noted = -Infinity;
  const look = (time) => {
    try {
      const { body } = window.document;
      if (!body?.getClientRects().length) noted = -Infinity;
      else if (time - noted >= 100 && body.innerText.trim()) {
        noted = time;
        note(window.location.href);
      }
      window.requestAnimationFrame(look);
    } catch {}
  };
  window.addEventListener("pageshow", () => { noted = -Infinity; });
  window.requestAnimationFrame(look);
}"""

# Follows a link to a path, in place of a tap: adds the link to the page, clicks it and removes it.
FOLLOW = """
document.querySelector("main h1").dataset.before = "";
const link = Object.assign(document.createElement("a"), { href: %r });
document.body.append(link);
link.click();
link.remove();
"""
ARRIVED = 'return Boolean(document.querySelector("main h1:not([data-before])"))'


class RunsScripts(Protocol):
    """A page on which a test can run scripts."""

    name: str

    def run(self, script: str) -> Any:
        """The value that a function body returns on the page."""


class Reader(RunsScripts, Protocol):
    """What a reader can do in any browser."""

    version: str

    def go(self, url: str) -> None:
        """Type an address."""

    def click(self, css: str) -> None:
        """Press the element that the selector finds."""

    def back(self) -> None:
        """Press Back, if it can be pressed."""

    def forward(self) -> None:
        """Press Forward, if it can be pressed."""

    def seen(self) -> list[str]:
        """The addresses of the documents whose words were painted since the last call."""

    def entries(self) -> list[str]:
        """The addresses in the tab's history."""

    def quit(self) -> None:
        """Close the browser; the profile stays on disk."""


def eventually(condition: Callable[[], object], seconds: float = WAIT_SECONDS) -> None:
    """Wait until `condition` returns something true, however busy the machine is. Raises AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "It did not come true."
        time.sleep(0.03)


def wait_for(reader: RunsScripts, condition: str, seconds: float = WAIT_SECONDS) -> None:
    """Wait until a function body returns something true on the page. Raises AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    pause = 0.02
    while time.monotonic() < deadline:
        with contextlib.suppress(MarionetteException, WebDriverException, Error):
            if reader.run(condition):
                return
        time.sleep(pause)
        pause = min(pause * 1.2, 0.1)  # answering is work for the browser, too
    shown = ""
    with contextlib.suppress(MarionetteException, WebDriverException, Error):
        shown = reader.run("return `${location.href}\n${document.body.innerText}`")
    raise AssertionError(f"{reader.name}: never true: {condition}\n{shown}")


def wait_for_address(reader: Reader, address: str, seconds: float = WAIT_SECONDS) -> None:
    """Wait until the tab is at `address`."""
    wait_for(reader, f"return location.href === {address!r} && document.readyState === 'complete'", seconds)


def read(reader: Reader, path: str) -> None:
    """Follow a link to `path` in place."""
    reader.run(FOLLOW % path)
    wait_for(reader, ARRIVED)


def press_again_and_again(reader: Reader, direction: str, times: int = 10) -> None:
    """Press Back or Forward again and again, as somebody who looks through the history would."""
    for _ in range(times):
        getattr(reader, direction)()
        time.sleep(AFTER_PRESS_SECONDS)


def _wait_for_port(port: int, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise AssertionError(f"Nobody listens on port {port}.")


class ChromiumReader:
    """Chromium: started with a profile on disk, or a context of a running browser, whose profile is only in memory."""

    name = "Chromium"

    def __init__(self, source: Playwright | Browser, profile: Path | None = None) -> None:
        if isinstance(source, Browser):
            self.context = source.new_context(viewport={"width": 320, "height": 568})
            self.context.new_page()
        else:
            self.profile = profile or Path(tempfile.mkdtemp())
            self.context = source.chromium.launch_persistent_context(
                self.profile,
                executable_path=CHROMIUM,
                args=CHROMIUM_ARGUMENTS,
                ignore_default_args=["--disable-back-forward-cache"],
                viewport={"width": 320, "height": 568},
            )
        self._seen: list[str] = []
        self.context.expose_function("painted", lambda url: self._seen.append(url))
        self.context.add_init_script(f"({WATCH_FRAMES})(window, window.painted)")
        self.tab = self.context.pages[0]
        self.version = self.context.browser.version if self.context.browser else self._version_from_devtools()

    def _version_from_devtools(self) -> str:
        return str(self.context.new_cdp_session(self.tab).send("Browser.getVersion")["product"].split("/")[1])

    def go(self, url: str) -> None:
        self.tab.goto(url)

    def run(self, script: str) -> Any:
        return self.tab.evaluate(f"() => {{ {script} }}")

    def click(self, css: str) -> None:
        self.tab.click(css)

    def _history(self) -> tuple[CDPSession, dict[str, Any]]:
        """The tab's history. Chromium refuses to tell it while the tab changes process for another site, so ask again."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                session = self.context.new_cdp_session(self.tab)
                return session, session.send("Page.getNavigationHistory")
            except Error as error:
                if "Not attached to an active page" not in str(error) or time.monotonic() > deadline:
                    raise
            self.tab.wait_for_timeout(20)

    def press_keys(self, *keys: str) -> None:
        """Type keys into whatever has focus."""
        for key in keys:
            self.tab.keyboard.press(key)

    def _traverse(self, by: int) -> None:
        session, history = self._history()
        target = history["currentIndex"] + by
        if 0 <= target < len(history["entries"]):
            session.send("Page.navigateToHistoryEntry", {"entryId": history["entries"][target]["id"]})
        self.tab.wait_for_timeout(AFTER_PRESS_SECONDS * 1000)

    def back(self) -> None:
        self._traverse(-1)

    def forward(self) -> None:
        self._traverse(+1)

    def seen(self) -> list[str]:
        with contextlib.suppress(Error):
            self.tab.wait_for_timeout(20)
        seen = list(self._seen)
        self._seen.clear()
        return seen

    def entries(self) -> list[str]:
        return [entry["url"] for entry in self._history()[1]["entries"]]

    def own_history_page(self) -> str:
        """The words of chrome://history, opened in a separate tab."""
        tab = self.context.new_page()
        tab.goto("chrome://history")
        tab.wait_for_timeout(1500)
        text: str = tab.evaluate(
            """() => {
              const words = (root) => [...root.childNodes].map((node) =>
                node.nodeType === 3 ? node.textContent :
                ["STYLE", "SCRIPT", "TEMPLATE"].includes(node.nodeName) ? "" :
                (node.shadowRoot ? words(node.shadowRoot) : "") + words(node) + (node.href ?? "")).join(" ");
              return words(document.body);
            }"""
        )
        tab.close()
        return text

    def quit(self) -> None:
        self.context.close()


class FirefoxReader:
    """Firefox ESR with a profile on disk."""

    name = "Firefox"

    def __init__(self, profile: Path | None = None, scripts: bool = True, read_out: bool = False) -> None:
        """`read_out`: open a window on DISPLAY, with accessibility on, so that a screen reader can read it."""
        self.profile = profile or Path(tempfile.mkdtemp())
        self.profile.mkdir(parents=True, exist_ok=True)
        port = free_port()
        preferences = {
            "marionette.port": port,
            "browser.shell.checkDefaultBrowser": False,
            "browser.aboutwelcome.enabled": False,
            "datareporting.policy.dataSubmissionEnabled": False,
            "javascript.enabled": scripts,
            "accessibility.force_disabled": -1 if read_out else 0,
            # Back stops at every entry, including those where the reader did nothing.
            "browser.navigation.requireUserInteraction": False,
        }
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in preferences.items()]
        (self.profile / "user.js").write_text("\n".join(lines))
        self._process = subprocess.Popen(
            [
                FIREFOX,
                "--marionette",
                "-remote-allow-system-access",
                *(() if read_out else ("--headless",)),
                "--no-remote",
                "--profile",
                str(self.profile),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _wait_for_port(port)  # Marionette would wait as well, and leave a socket open for each try
        self._marionette = Marionette(host="127.0.0.1", port=port)
        self._marionette.start_session()
        self._marionette.timeout.page_load = 20
        self.version = str(self._marionette.session_capabilities["browserVersion"])
        self._watch()

    def chrome(self, script: str) -> Any:
        """Run a function body in the browser's own window, where `window` is that window."""
        with self._marionette.using_context("chrome"):
            return self._marionette.execute_script(
                f'const window = Services.wm.getMostRecentWindow("navigator:browser"); {script}', sandbox="system"
            )

    def _watch(self) -> None:
        frame_script = f"""
          const watch = {WATCH_FRAMES};
          const begin = (event) => {{
            const {{ defaultView }} = event.target;
            if (defaultView && defaultView.location.href !== "about:blank") watch(defaultView, (url) => sendAsyncMessage("painted", url));
          }};
          addEventListener("DOMWindowCreated", begin, true);
          addEventListener("pageshow", begin, true);
        """
        self.chrome(
            f"""window.seenAddresses = [];
            Services.mm.addMessageListener("painted", (message) => window.seenAddresses.push(message.data));
            Services.mm.loadFrameScript("data:," + encodeURIComponent({frame_script!r}), true);"""
        )

    def go(self, url: str) -> None:
        self._marionette.navigate(url)

    def run(self, script: str) -> Any:
        return self._marionette.execute_script(script, sandbox=None)

    def click(self, css: str) -> None:
        self._marionette.find_element("css selector", css).click()

    def press_keys(self, *keys: str) -> None:
        """Type keys into whatever has focus."""
        actions = self._marionette.actions.sequence("key", "keyboard")
        for key in keys:
            actions = actions.key_down(key).key_up(key)
        actions.perform()

    def press_together(self, *keys: str) -> None:
        """Press keys as a chord."""
        actions = self._marionette.actions.sequence("key", "keyboard")
        for key in keys:
            actions = actions.key_down(key)
        for key in reversed(keys):
            actions = actions.key_up(key)
        actions.perform()

    def add_authenticator(self) -> None:
        """A device that makes passkeys, and says yes by itself."""
        self.chrome(
            """Services.prefs.setBoolPref("security.webauth.webauthn_enable_softtoken", true);
            Services.prefs.setBoolPref("security.webauth.webauthn_enable_usbtoken", false);"""
        )
        WebAuthn(self._marionette).add_virtual_authenticator({
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
            "isUserVerified": True,
        })  # fmt: skip

    def resize(self, width: int) -> None:
        """Make the page `width` pixels wide. Firefox's window is at least 500: narrow the page in it, as BiDi's setViewport does."""
        self._marionette.set_window_rect(width=max(width, 500), height=900)
        self.chrome(f"window.gBrowser.selectedBrowser.style.maxWidth = '{width}px';")
        wait_for(self, f"return innerWidth === {width}")

    def click_at_the_left(self, css: str) -> None:
        """Press the left end of the element that the selector finds: in a date field, the day."""
        element = self._marionette.find_element("css selector", css)
        for last in (False, False, True):
            self.run(f"document.querySelector({css!r}).scrollIntoView({{ block: 'center', behavior: 'instant' }})")
            self._wait_until_it_stands_still(css)
            left = round(20 - self._place(css)[2]) / 2  # from its middle
            press = self._marionette.actions.sequence("pointer", "mouse").pointer_move(left, 0, origin=element).click()
            try:
                press.perform()
                return
            except MoveTargetOutOfBoundsException:  # the page above it grew in between
                if last:
                    raise

    def _place(self, css: str) -> list[float]:
        return list(
            self.run(
                f"const {{ x, y, width }} = document.querySelector({css!r}).getBoundingClientRect(); return [x, y, width]"
            )
        )

    def _wait_until_it_stands_still(self, css: str) -> None:
        """Wait as Playwright does by itself: a page that is still growing moves the target away."""
        deadline = time.monotonic() + WAIT_SECONDS
        before = None
        while (now := self._place(css)) != before and time.monotonic() < deadline:
            before = now
            time.sleep(0.1)

    def back(self) -> None:
        self.chrome("if (window.gBrowser.canGoBack) window.gBrowser.goBack();")

    def forward(self) -> None:
        self.chrome("if (window.gBrowser.canGoForward) window.gBrowser.goForward();")

    def seen(self) -> list[str]:
        time.sleep(0.05)
        return list(self.chrome("return window.seenAddresses.splice(0);"))

    def entries(self) -> list[str]:
        return list(
            self.chrome(
                """const history = window.gBrowser.selectedBrowser.browsingContext.sessionHistory;
                return Array.from({ length: history.count }, (_, at) => history.getEntryAtIndex(at).URI.spec);"""
            )
        )

    def magnify(self, times: float) -> None:
        """Magnify the page as a pinch does, after which only a part of it is visible."""
        with self._marionette.using_context("content"):
            self._marionette.execute_script(
                "window.windowUtils.setResolutionAndScaleTo(arguments[0])", [times], sandbox="system"
            )

    def enter_reader_view(self) -> None:
        """Press the button of the reader view in the address bar."""
        self.chrome("window.AboutReaderParent.toggleReaderMode({ target: window.document.documentElement });")

    def tabs(self) -> list[str]:
        """The addresses of all open tabs."""
        return list(self.chrome("return window.gBrowser.browsers.map((browser) => browser.currentURI.spec);"))

    def open_tab(self, url: str) -> None:
        """Open an address in a new tab in the background."""
        handle = self._marionette.current_window_handle
        opened = self._marionette.open(type="tab", focus=False)
        self._marionette.switch_to_window(opened["handle"], focus=False)
        self.go(url)
        self._marionette.switch_to_window(handle, focus=True)

    def fresh_tab(self) -> None:
        """Leave one empty tab and no cookie, for a new visit."""
        opened = self._marionette.open(type="tab", focus=True)
        for handle in self._marionette.window_handles:
            if handle != opened["handle"]:
                self._marionette.switch_to_window(handle)
                self._marionette.close()
        self._marionette.switch_to_window(opened["handle"])
        self.chrome("Services.cookies.removeAll(); Services.cache2.clear();")
        self.seen()

    def run_scripts(self, run: bool) -> None:
        """Turn scripts on or off for the pages that are loaded from now on."""
        self.chrome(f"Services.prefs.setBoolPref('javascript.enabled', {json.dumps(run)});")

    def cookies(self) -> list[str]:
        """All cookies, as name=value."""
        return list(self.chrome("return Services.cookies.cookies.map((cookie) => `${cookie.name}=${cookie.value}`);"))

    def quit(self) -> None:
        with contextlib.suppress(MarionetteException, OSError):
            self.chrome("window.setTimeout(() => Services.startup.quit(Ci.nsIAppStartup.eAttemptQuit), 0);")
        with contextlib.suppress(OSError):
            self._marionette.client.close()
        self._marionette.delete_session(send_request=False)
        self._process.wait(timeout=30)


class WebKitReader:
    """WebKitGTK's MiniBrowser, on a virtual screen if the machine has none. It stores its history nowhere."""

    name = "WebKitGTK"

    def __init__(self) -> None:
        self._screen = None
        environment = dict(os.environ)
        if "DISPLAY" not in environment:
            read_end, write_end = os.pipe()
            self._screen = subprocess.Popen(
                ["Xvfb", "-displayfd", str(write_end), "-screen", "0", "800x600x24", "-nolisten", "tcp"],
                pass_fds=[write_end],
                stderr=subprocess.DEVNULL,
            )
            os.close(write_end)
            with os.fdopen(read_end) as display_number:
                environment["DISPLAY"] = f":{display_number.readline().strip()}"
        options = Options()
        options.binary_location = sorted(glob.glob("/usr/lib/*/webkit2gtk-*/MiniBrowser"))[-1]
        options.add_argument("--automation")
        self.driver = WebKitGTK(options=options, service=Service(shutil.which("WebKitWebDriver"), env=environment))
        self.driver.set_page_load_timeout(20)
        self.version = str(self.driver.capabilities["browserVersion"])
        self._seen: list[str] = []

    def go(self, url: str) -> None:
        self.driver.get(url)

    def run(self, script: str) -> Any:
        return self.driver.execute_script(script)

    def click(self, css: str) -> None:
        self.driver.find_element("css selector", css).click()

    def _look(self) -> None:
        deadline = time.monotonic() + AFTER_PRESS_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(WebDriverException):
                shown = self.run(
                    "return document.body && document.body.getClientRects().length && document.body.innerText.trim()"
                    " ? location.href : ''"
                )
                if shown:
                    self._seen.append(shown)

    def back(self) -> None:
        with contextlib.suppress(WebDriverException):
            self.driver.back()
        self._look()

    def forward(self) -> None:
        with contextlib.suppress(WebDriverException):
            self.driver.forward()
        self._look()

    def seen(self) -> list[str]:
        seen = list(self._seen)
        self._seen.clear()
        return seen

    def fresh_tab(self, site: str) -> None:
        """Leave one empty tab and no cookie of `site`, for a new visit."""
        self.go(f"{site}/robots.txt")
        self.driver.delete_all_cookies()
        before = self.driver.window_handles
        self.driver.switch_to.new_window("tab")
        fresh = self.driver.current_window_handle
        for handle in before:
            self.driver.switch_to.window(handle)
            self.driver.close()
        self.driver.switch_to.window(fresh)
        self._seen.clear()

    def entries(self) -> list[str]:
        raise NotImplementedError("WebKitWebDriver does not tell the tab's history.")

    def quit(self) -> None:
        with contextlib.suppress(WebDriverException):
            self.driver.quit()
        if self._screen:
            self._screen.terminate()
            self._screen.wait()
