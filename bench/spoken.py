"""One visit as a screen reader says it: Orca with Firefox, in a window that nobody sees, with real keys.

A script and not a test: what Orca says depends on the speed of the machine. `make audit` runs it and puts what was said
into the README. It fails where a step leaves out what has to be heard. Needs Debian's orca, at-spi2-core, openbox,
xdotool, Xvfb and dbus.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.readme import table, write
from tests.browser.readers import FirefoxReader, wait_for
from tests.server import PROJECT, RunningSite

NEEDED = ("orca", "openbox", "xdotool", "Xvfb", "dbus-run-session")
BUS = "/usr/libexec/at-spi-bus-launcher"
_SAID = re.compile(rb"SPEECH OUTPUT: (['\"])(.*?)\1[^'\"\n]*(?:\{.*)?$", re.MULTILINE)
MOST = 9
"""So many phrases of a step are quoted; a page that is opened is read out to its end."""
QUIET_SECONDS = 4
LONGEST_SECONDS = 20


class Listener:
    """Orca, and what it says."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "orca.out"
        self._heard = 0
        self.process = subprocess.Popen(
            ["orca", "--replace", f"--debug-file={self._file}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def hear(self) -> list[str]:
        """What was said since the last call, once it has been quiet for a while."""
        until, last, size = time.monotonic() + LONGEST_SECONDS, time.monotonic(), -1
        while time.monotonic() < until and time.monotonic() - last < QUIET_SECONDS:
            now = self._file.stat().st_size if self._file.exists() else 0
            if now != size:
                size, last = now, time.monotonic()
            time.sleep(0.1)
        everything = [
            " ".join(said.decode("utf-8", "replace").split()) for _, said in _SAID.findall(self._file.read_bytes())
        ]
        new, self._heard = everything[self._heard :], len(everything)
        keys = {"tab", "return", "h", "space", "left shift"}  # Orca names each key that is pressed
        return [said for said in new if said and said not in keys]


def press(*keys: str) -> None:
    """Real keys, as of a keyboard."""
    for key in keys:
        subprocess.run(["xdotool", "key", "--clearmodifiers", key], check=True)
        time.sleep(0.4)


def visit(site: RunningSite, folder: Path) -> list[tuple[str, list[str], str]]:
    """The steps: what the reader does, what is said, and what has to be in it."""
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
        steps.append((does, listener.hear(), has_to_hear))

    def focus(css: str) -> None:
        firefox.run(f"document.querySelector({css!r}).focus()")
        listener.hear()

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
    finally:
        firefox.quit()
        for process in (listener.process, *helpers):
            process.terminate()
            process.wait()
    return steps


def main() -> None:
    """Run the visit on a bus and a display of its own; write what was said into the README."""
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
        site = RunningSite(PROJECT / "examples/hampshire", Path(name) / "data")
        try:
            steps = visit(site, Path(name))
        finally:
            site.close()
    missed = [does for does, said, has_to_hear in steps if not any(has_to_hear in words for words in said)]
    rows: list[list[object]] = [
        [does, " / ".join(words.replace("|", ",") for words in said[:MOST]) + (" …" if len(said) > MOST else "")]
        for does, said, _ in steps
    ]
    if missed:
        print("\n".join(f"{does}: {said}"[:600] for does, said in rows))
        sys.exit(f"FAIL spoken visit: not heard at: {', '.join(missed)}")
    write("spoken", table(["the reader", "Orca says"], rows), "Orca 43 with Firefox ESR, real keys.")


if __name__ == "__main__":
    main()
