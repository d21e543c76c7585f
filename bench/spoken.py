"""One visit, with a chat, as a screen reader speaks it: Orca with Firefox, on a display that nobody sees, with real
keys.

This is a script and not a test, because what Orca says depends on the speed of the machine. `make audit` runs it and
puts what Orca said into the README. It fails if a step leaves out what readers have to hear. Needs Debian's orca,
at-spi2-core, openbox, xdotool, Xvfb and dbus.
"""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.readme import table, write
from sidedoor.chat.store import open_store
from tests.browser.readers import FirefoxReader, wait_for
from tests.chat.readers import copy_content_with_chat
from tests.server import RunningSite

NEEDED = ("orca", "openbox", "xdotool", "Xvfb", "dbus-run-session")
BUS = "/usr/libexec/at-spi-bus-launcher"
_SAID = re.compile(rb"SPEECH OUTPUT: (['\"])(.*?)\1[^'\"\n]*(?:\{.*)?$", re.MULTILINE)
MOST = 9
"""How many phrases of a step are quoted; Orca reads a page that opens to its end."""
QUIET_SECONDS = 2
KEYS = {"tab", "return", "h", "space", "left shift", "left control", "control"}
LONGEST_SECONDS = 90
"""The site notices what is written into its store from outside after a minute (web/held.py), plus the time of a held
poll."""


class Listener:
    """Orca, and the phrases it speaks."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "orca.out"
        self._heard = 0
        self.process = subprocess.Popen(
            ["orca", "--replace", f"--debug-file={self._file}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def hear(self, wanted: str = "") -> list[str]:
        """The phrases since the last call, once `wanted` was among them and it has been quiet for a while."""
        deadline, last_change, size = time.monotonic() + LONGEST_SECONDS, time.monotonic(), -1
        phrases, flushed = self._since(), False
        while time.monotonic() < deadline:
            now = self._file.stat().st_size if self._file.exists() else 0
            if now != size:
                size, last_change, phrases = now, time.monotonic(), self._since()
            if time.monotonic() - last_change > QUIET_SECONDS:
                if flushed and any(wanted in words for words in phrases):
                    break
                # Orca only writes down a phrase when it does something else: a key without a meaning makes it do so.
                press(*["Control_L"] * 8)
                flushed = True
            time.sleep(0.1)
        self._heard += len(phrases)
        # Orca names each key that is pressed.
        return [words for words in phrases if words and words not in KEYS]

    def _since(self) -> list[str]:
        matches = _SAID.findall(self._file.read_bytes()) if self._file.exists() else []
        return [" ".join(words.decode("utf-8", "replace").split()) for _, words in matches[self._heard :]]


def press(*keys: str) -> None:
    """Press real keys, as on a keyboard."""
    for key in keys:
        subprocess.run(["xdotool", "key", "--clearmodifiers", key], check=True)
        time.sleep(0.4)


def visit(site: RunningSite, folder: Path) -> list[tuple[str, list[str], str]]:
    """The steps: what the reader does, what Orca says, and what the reader has to hear."""
    quiet = subprocess.DEVNULL
    helpers = [
        subprocess.Popen([BUS, "--launch-immediately"], stderr=quiet),
        subprocess.Popen(["openbox"], stderr=quiet),
    ]
    time.sleep(1)
    listener = Listener(folder)
    time.sleep(6)
    firefox = FirefoxReader(folder / "profile", read_out=True)
    steps: list[tuple[str, list[str], str]] = []

    def step(does: str, has_to_hear: str) -> None:
        steps.append((does, listener.hear(has_to_hear), has_to_hear))

    def focus(css: str) -> None:
        firefox.run(f"document.querySelector({css!r}).focus()")
        listener.hear()
        time.sleep(1)

    try:
        listener.hear()
        firefox.go(f"{site.url}/help/get-help-now")
        step("opens Help now", "Get help now")
        focus("#hide-notice button")
        press("Tab")
        step("Tab, after the notice", "Call 999")
        press("h", "h")
        step("H, twice: the next headings", "In danger now")
        focus("footer a[href='/contacts']")
        press("Return")
        wait_for(firefox, "return document.querySelector('h1').textContent === 'Contacts'")
        step("follows Contacts in place", "Contacts")
        firefox.run("document.querySelector('#narrow details').open = true")
        focus("input[name=place][value=wales]")
        press("space")
        step("chooses Wales", " of ")
        focus("#narrow button")
        press("Return")
        step("presses Show them", " of ")
        focus("footer a[href='/search']")
        press("Return")
        wait_for(firefox, "return document.querySelector('h1').textContent === 'Search'")
        listener.hear()
        firefox.run("document.getElementById('query').value = 'money'")
        focus("#query")
        press("Return")
        wait_for(firefox, "return document.getElementById('results')")
        step("searches for money", "results")
        focus("footer a[href='/feedback']")
        press("Return")
        wait_for(firefox, "return document.getElementById('message')")
        listener.hear()
        focus("main form[action^='/feedback'] button")
        press("Return")
        wait_for(firefox, "return document.getElementById('message-problem')")
        step("sends an empty message", "nothing in the box")
        press("Shift_L")
        time.sleep(6)
        step("presses Shift once, and waits", "run out")
        chat(site, firefox, listener, step, focus)
    finally:
        firefox.quit()
        for process in (listener.process, *helpers):
            process.terminate()
            process.wait()
    return steps


def chat(
    site: RunningSite,
    firefox: FirefoxReader,
    listener: Listener,
    step: Callable[[str, str], None],
    focus: Callable[[str], None],
) -> None:
    """A whole chat, to the page after it."""
    store = open_store("sqlite:", site.data)

    def now() -> datetime:
        store.sign(1, datetime.now(UTC))  # the adviser's desk is open
        return datetime.now(UTC)

    def heading(text: str) -> None:
        wait_for(firefox, f"return document.querySelector('h1').textContent === {text!r}")

    store.set_presence(1, "Kit", True, now())
    focus("footer a[href='/chat']")
    press("Return")
    heading("Questions?")
    step("follows Questions?", "Questions?")
    focus("form[action='/chat/start'] button")
    press("Return")
    wait_for(firefox, "return document.querySelector('#chat-status')")
    step("presses “It is safe. Start”", "You are next.")
    (conversation,) = store.live(now())
    store.accept(conversation.id, 1, "Kit", now())
    step("an adviser answers", "An adviser is with you.")
    store.say(conversation.id, "adviser", "Hello, I am here.", now())
    step("the adviser writes", "Hello, I am here.")
    focus("#message")
    press("h", "i", "ctrl+Return")
    step("writes “hi”, Ctrl and Enter", "hi")
    focus("footer a[href='/about']")
    press("Return")
    wait_for(firefox, "return !document.querySelector('.chat-box')")
    listener.hear()
    store.say(conversation.id, "adviser", "Take your time.", now())
    step("reads another page; the adviser writes", "1 new reply in your chat.")
    focus("#chat-news a")
    press("Return")
    heading("Questions?")
    step("presses “Go to your chat”", "Take your time.")
    focus("#message")
    with closing(sqlite3.connect(site.data / "chat.sqlite3", timeout=10, isolation_level=None)) as database:
        quiet = (now() - timedelta(minutes=11)).isoformat()
        database.execute("UPDATE conversations SET quiet_since = ?", (quiet,))
    step("it has been quiet for eleven minutes", "Are you still there?")
    focus("#chat-here")
    press("Return")
    listener.hear()
    focus("form[data-chat-form=end] button")
    press("Return")
    step("presses “End and clear”", "The chat is over.")
    press("h")
    step("H: the next heading", "How was it?")


def main() -> None:
    """Run the visit on its own bus and display; write what Orca said into the README."""
    if missing := [name for name in NEEDED if not shutil.which(name)]:
        sys.exit(f"FAIL spoken visit: install Debian's packages of {', '.join(missing)}")
    if "--inside" not in sys.argv:
        with tempfile.TemporaryDirectory() as home:
            listening, telling = os.pipe()
            display = subprocess.Popen(
                ["Xvfb", "-displayfd", str(telling), "-screen", "0", "1280x900x24"],
                pass_fds=[telling], stderr=subprocess.DEVNULL,
            )  # fmt: skip
            number = os.read(listening, 16).decode().strip()
            surroundings = {
                **os.environ,
                "DISPLAY": f":{number}",
                "HOME": home,
                "XDG_RUNTIME_DIR": home,
                "NO_AT_BRIDGE": "0",
            }
            command = ["dbus-run-session", "--", sys.executable, "-m", "bench.spoken", "--inside"]
            ran = subprocess.run(command, env=surroundings, check=False)
            display.terminate()
            display.wait()
        sys.exit(ran.returncode)
    with tempfile.TemporaryDirectory() as name:
        copy_content_with_chat(Path(name) / "content")
        site = RunningSite(Path(name) / "content", Path(name) / "data")
        try:
            steps = visit(site, Path(name))
        finally:
            site.close()
    missed = [does for does, phrases, has_to_hear in steps if not any(has_to_hear in words for words in phrases)]
    rows: list[list[object]] = [
        [does, " / ".join(words.replace("|", ",") for words in phrases[:MOST]) + (" …" if len(phrases) > MOST else "")]
        for does, phrases, _ in steps
    ]
    if missed:
        print("\n".join(f"{does}: {phrases}"[:600] for does, phrases in rows))
        sys.exit(f"FAIL spoken visit: not heard at: {', '.join(missed)}")
    write("spoken", table(["the reader", "Orca says"], rows), "Orca 43 with Firefox ESR, real keys.")


if __name__ == "__main__":
    main()
