"""From an opened invitation to an approved embargo: two people's presses are counted, by keyboard alone and by pointer.

A press is a click, or a key that does not type words (a chord counts once for each key). At most 20 for both together.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, Protocol

import pytest
from marionette_driver.keys import Keys
from playwright.sync_api import Browser, Page

from tests.browser.readers import FirefoxReader, wait_for
from tests.browser.test_desk import LONDON, Office
from tests.server import PROJECT

MOST = 20
WAITS = "form[action$='/send-back'], .state.ready, .said[role=status]:not(:has(.problem))"

pytestmark = pytest.mark.skipif(
    not (PROJECT / "static/js/desk/built/editor.js").is_file(), reason="`make editor` builds what is tested here"
)


class Hands(Protocol):
    """Somebody at a browser, whose presses are counted."""

    name: str
    presses: list[str]

    def newcomer(self, url: str) -> None:
        """Open the invitation in a browser without cookies."""

    def press(self, *keys: str) -> None:
        """Press keys together."""

    def type(self, words: str) -> None:
        """Type words into what has the focus."""

    def click(self, css: str) -> None:
        """Click the element that the selector finds, at its left end."""

    def run(self, script: str) -> Any:
        """The value that a function body returns on the page."""


class InChromium:
    name = "Chromium"

    def __init__(self, office: Office, width: int) -> None:
        self._office, self._width, self.presses = office, width, list[str]()
        self._page: Page

    def newcomer(self, url: str) -> None:
        self._page = self._office.browser_of(self._width)
        self._page.goto(url)

    def press(self, *keys: str) -> None:
        self.presses += keys
        self._page.keyboard.press("+".join(keys))

    def type(self, words: str) -> None:
        self._page.keyboard.type(words)

    def click(self, css: str) -> None:
        self.presses.append(css)
        self._page.click(css, position={"x": 20, "y": 12})

    def run(self, script: str) -> Any:
        return self._page.evaluate(f"() => {{ {script} }}")


class InFirefox:
    name = "Firefox"

    def __init__(self, firefox: FirefoxReader, width: int) -> None:
        self._firefox, self._width, self.presses = firefox, width, list[str]()

    def newcomer(self, url: str) -> None:
        self._firefox.fresh_tab()
        self._firefox.go(url)
        self._firefox.resize(self._width)

    def press(self, *keys: str) -> None:
        self.presses += keys
        self._firefox.press_together(*(getattr(Keys, key.upper(), key) for key in keys))

    def type(self, words: str) -> None:
        self._firefox.press_keys(*words)

    def click(self, css: str) -> None:
        self.presses.append(css)
        self._firefox.click_at_the_left(css)

    def run(self, script: str) -> Any:
        return self._firefox.run(script)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Office]:
    office = Office(tmp_path_factory.mktemp("stopwatch"), browser, visually=True)
    yield office
    office.close()


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FirefoxReader]:
    firefox = FirefoxReader(tmp_path_factory.mktemp("firefox"))
    firefox.add_authenticator()
    yield firefox
    firefox.quit()


def wait_for_focus(hands: Hands, css: str) -> None:
    """Wait until the focus is on an element by itself."""
    wait_for(hands, f"return document.activeElement.matches({css!r})")


def tab_to(hands: Hands, css: str) -> None:
    """Press Tab until the focus is on an element."""
    for _ in range(MOST):
        if hands.run(f"return document.activeElement.matches({css!r})"):
            return
        hands.press("Tab")
    raise AssertionError(f"{css} is too far: {hands.presses}")


def wait_for_page(hands: Hands, css: str) -> None:
    wait_for(hands, f"return document.readyState === 'complete' && !!document.querySelector({css!r})")


def a_day_that_every_country_writes_alike() -> date:
    today = datetime.now(LONDON).date()
    days = [date(year, month, month) for year in (today.year, today.year + 1) for month in range(1, 13)]
    return next(day for day in days if day > today + timedelta(days=1))


def with_keys(hands: Hands, office: Office, title: str) -> None:
    """Use keys only."""
    hands.newcomer(office.invite(f"Ann for {title}", "press"))
    wait_for_focus(hands, "[data-passkey] button")
    hands.press("Enter")
    wait_for_page(hands, "a[href^='/items/new']")
    tab_to(hands, "a[href^='/items/new']")
    hands.press("Enter")
    wait_for_page(hands, "#title")
    wait_for_focus(hands, "#title")
    hands.type(title)
    hands.press("Enter")
    wait_for_page(hands, "#visual-text")
    wait_for_focus(hands, "#f-summary")
    hands.type("Ten new rooms are open for people who need a safe place.")
    hands.press("Enter")
    wait_for_focus(hands, "#visual-text")
    hands.type("Ten new rooms opened in Southampton today. The council paid for them.")
    tab_to(hands, "#f-publish_date")
    hands.type(f"{a_day_that_every_country_writes_alike():%d%m%Y}")
    hands.press("Enter")
    wait_for_focus(hands, "#f-publish_time")
    hands.type("9.30")
    hands.press("Control", "Enter")
    wait_for_page(hands, WAITS)
    hands.newcomer(office.invite(f"Ben for {title}", "press,editor"))
    wait_for_focus(hands, "[data-passkey] button")
    hands.press("Enter")
    wait_for_page(hands, "a[href^='/items/new']")
    tab_to(hands, "a[href$='/review']")
    hands.press("Enter")
    wait_for_page(hands, "form[action$='/approve'] button")
    tab_to(hands, ".skip")
    hands.press("Enter")
    tab_to(hands, "form[action$='/approve'] button")
    hands.press("Enter")


def with_a_pointer(hands: Hands, office: Office, title: str) -> None:
    """Type the words, and click everything else."""
    hands.newcomer(office.invite(f"Ann for {title}", "press"))
    wait_for_page(hands, "[data-passkey]:not([hidden]) button")
    hands.click("[data-passkey] button")
    wait_for_page(hands, "a[href^='/items/new']")
    hands.click("a[href^='/items/new']")
    wait_for_page(hands, "#title")
    wait_for_focus(hands, "#title")
    hands.type(title)
    hands.click("main form button")
    wait_for_page(hands, "#visual-text")
    wait_for_focus(hands, "#f-summary")
    hands.type("Ten new rooms are open for people who need a safe place.")
    hands.click("#visual-text")
    hands.type("Ten new rooms opened in Southampton today. The council paid for them.")
    hands.click("#f-publish_date")
    hands.type(f"{a_day_that_every_country_writes_alike():%d%m%Y}")
    hands.click("#f-publish_time")
    hands.press("Control", "a")
    hands.type("9.30")
    hands.click("button[value=ready]")
    wait_for_page(hands, WAITS)
    hands.newcomer(office.invite(f"Ben for {title}", "press,editor"))
    wait_for_page(hands, "[data-passkey]:not([hidden]) button")
    hands.click("[data-passkey] button")
    wait_for_page(hands, "a[href$='/review']")
    hands.click("main a[href$='/review']")
    wait_for_page(hands, "form[action$='/approve'] button")
    hands.click("form[action$='/approve'] button")


STORIES = [("Chromium", 1280, with_keys), ("Chromium", 375, with_keys), ("Chromium", 1280, with_a_pointer),
           ("Chromium", 375, with_a_pointer), ("Firefox", 1280, with_keys), ("Firefox", 375, with_a_pointer)]  # fmt: skip


@pytest.mark.parametrize(
    ("browser_name", "width", "story"), STORIES, ids=lambda value: getattr(value, "__name__", str(value))
)
def test_an_embargo_takes_twenty_presses(
    office: Office, request: pytest.FixtureRequest, browser_name: str, width: int, story: object
) -> None:
    firefox = browser_name == "Firefox"
    hands: Hands = InFirefox(request.getfixturevalue("firefox"), width) if firefox else InChromium(office, width)
    title = f"Rooms by {getattr(story, '__name__', '')} in {browser_name} at {width}".replace("_", " ")
    story(hands, office, title)  # type: ignore[operator]
    wait_for(hands, "return document.body.innerText.includes('It is approved, and goes live at its time.')")
    assert hands.run("return innerWidth") == width
    assert len(hands.presses) <= MOST, hands.presses
    (path,) = (office.content / "news").glob(f"*{title.lower().replace(' ', '-')}*.md")
    assert f"publish_at: {a_day_that_every_country_writes_alike()} 09:30" in path.read_text("utf-8")
