"""The points of the exit's specification in Firefox and WebKitGTK, by the same stories as in Chromium.

What WebKitGTK's driver cannot show: the tab's entries (H2), a profile on disk (H3, H4: MiniBrowser keeps none), a second
tab with a channel to the first (T3), a tab without scripts (F3).
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.browser.conftest import Visited
from tests.browser.places import Places
from tests.browser.readers import (
    WAIT_SECONDS,
    FirefoxReader,
    Reader,
    WebKitReader,
    press_again_and_again,
    read,
    wait_for,
    wait_for_address,
)
from tests.server import RunningSite

PAGES = ["/help/money", "/help", "/help/signs", "/contacts", "/news", "/help/getting-ready", "/safer-browsing"]
SHIFT = "\ue008"


@dataclass
class Visit:
    """A reader at a browser, between the search page and the weather."""

    reader: Reader
    site: RunningSite
    places: Places

    def arrive(self) -> None:
        """Come from the search page to the front page."""
        self.reader.go(self.places.url("search"))
        self.follow("#in", f"{self.site.url}/")

    def follow(self, link: str, address: str) -> None:
        """Press a link that loads a page whole."""
        self.reader.click(link)
        wait_for_address(self.reader, address)

    def load(self, path: str) -> None:
        """Load a page whole, as with scripts off."""
        self.reader.run(f"location.assign({path!r})")
        wait_for_address(self.reader, self.site.url + path)

    def hide(self) -> None:
        """Press the button, and wait for the weather."""
        self.reader.click("#hide-this-page")
        wait_for_address(self.reader, self.places.url("exit"))
        self.reader.seen()

    def assert_never_seen_again(self) -> None:
        """Ten times Back and ten times Forward, and no frame shows the site."""
        press_again_and_again(self.reader, "back")
        press_again_and_again(self.reader, "forward")
        assert not [url for url in self.reader.seen() if url.startswith(self.site.url)]


@pytest.fixture(scope="module")
def webkit() -> Iterator[WebKitReader]:
    reader = WebKitReader()
    yield reader
    reader.quit()


@pytest.fixture(params=["firefox", "webkit"])
def visit(request: pytest.FixtureRequest) -> Visit:
    """A visit in each engine, in a fresh tab."""
    if request.param == "firefox":
        return _in_firefox(request)
    site, places = request.getfixturevalue("visited_by_number")
    reader: WebKitReader = request.getfixturevalue("webkit")
    reader.fresh_tab(site.url)
    places.asked.clear()
    return Visit(reader, site, places)


@pytest.fixture
def firefox_visit(request: pytest.FixtureRequest) -> Visit:
    """A visit in Firefox, for points that only its driver can show."""
    return _in_firefox(request)


def _in_firefox(request: pytest.FixtureRequest) -> Visit:
    site, places = request.getfixturevalue("visited")
    places.asked.clear()
    return Visit(request.getfixturevalue("firefox"), site, places)


def seven_pages_in_place(visit: Visit) -> None:
    for path in PAGES:
        read(visit.reader, path)


def three_pages_loaded_whole(visit: Visit) -> None:
    for path in PAGES[:3]:
        visit.load(path)


def a_foreign_page_in_mid_visit(visit: Visit) -> None:
    visit.reader.run(f"location.assign({visit.places.url('elsewhere')!r})")
    wait_for_address(visit.reader, visit.places.url("elsewhere"))
    visit.follow("#again", f"{visit.site.url}/help/money")


def back_pressed_first(visit: Visit) -> None:
    three_pages_loaded_whole(visit)
    press_again_and_again(visit.reader, "back", 2)
    wait_for_address(visit.reader, visit.site.url + PAGES[0])


MOVES = [seven_pages_in_place, three_pages_loaded_whole, a_foreign_page_in_mid_visit, back_pressed_first]


@pytest.mark.parametrize("moves", MOVES, ids=lambda moves: moves.__name__)
def test_h1_back_and_forward_never_show_the_visit(visit: Visit, moves: Callable[[Visit], None]) -> None:
    visit.arrive()
    moves(visit)
    visit.hide()
    visit.assert_never_seen_again()


@pytest.mark.parametrize("moves", MOVES[:2], ids=lambda moves: moves.__name__)
def test_h2_no_entry_of_the_tab_holds_our_address_except_w(
    firefox_visit: Visit, moves: Callable[[Visit], None]
) -> None:
    firefox_visit.arrive()
    moves(firefox_visit)
    firefox_visit.hide()
    ours = {url for url in firefox_visit.reader.entries() if url.startswith(firefox_visit.site.url)}
    assert ours <= ({f"{firefox_visit.site.url}/w"} if moves is three_pages_loaded_whole else set())


def test_h5_a_new_visit_shows_the_page_at_once_with_the_notice(visit: Visit) -> None:
    visit.arrive()
    visit.load("/help/money")
    visit.hide()
    visit.reader.go(f"{visit.site.url}/help/signs")
    wait_for(visit.reader, "return document.querySelector('h1').getClientRects().length > 0", 1)
    assert visit.reader.run("return document.querySelector('#hide-notice summary').getClientRects().length") == 1
    assert visit.reader.run("return document.cookie") == ""


def test_f1_the_page_is_covered_in_the_same_task_and_nobody_can_read_it_out(visit: Visit) -> None:
    visit.arrive()
    covered = visit.reader.run(
        """document.getElementById("hide-this-page").click();
        return [getComputedStyle(document.documentElement).display, document.title, document.body.innerText.trim() === ""
          || document.body.getClientRects().length === 0];"""
    )
    assert covered == ["none", "Untitled", True]


def test_f3_with_scripts_off_the_link_leaves(firefox_without_scripts: FirefoxReader, visited: Visited) -> None:
    site, places = visited
    firefox_without_scripts.go(f"{site.url}/help/money")
    places.asked.clear()
    firefox_without_scripts.press_keys("\ue004", "\ue004", "\ue007")  # Tab, Tab, Enter
    deadline = time.monotonic() + WAIT_SECONDS
    while not places.asked_of("exit") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [request.referer for request in places.asked_of("exit")] == [None]


def test_f4_stopping_the_way_out_does_not_bring_the_page_back(visit: Visit) -> None:
    visit.arrive()
    display = visit.reader.run(
        """document.getElementById("hide-this-page").click();
        window.stop();
        return getComputedStyle(document.documentElement).display;"""
    )
    assert display == "none"
    # Stop came too early for WebKitGTK; in Firefox the second exit is tried, three seconds later.
    ways_out = [visit.places.url("exit"), visit.places.url("second")]
    wait_for(visit.reader, f"return {ways_out}.includes(location.href)")


def test_f5_five_rapid_activations_are_one_navigation(visit: Visit) -> None:
    visit.arrive()
    visit.reader.run("for (let i = 0; i < 5; i++) document.getElementById('hide-this-page').click();")
    wait_for_address(visit.reader, visit.places.url("exit"))
    time.sleep(0.5)
    assert len(visit.places.asked_of("exit")) == 1


def test_t1_the_exit_learns_nothing_and_is_asked_nothing_before(visit: Visit) -> None:
    visit.arrive()
    read(visit.reader, "/help/money")
    assert visit.places.asked_of("exit") == []
    visit.hide()
    assert [(request.path, request.referer) for request in visit.places.asked_of("exit")] == [("/", None)]


def test_t2_nothing_is_stored_before_and_after(firefox_visit: Visit) -> None:
    reader = firefox_visit.reader
    assert isinstance(reader, FirefoxReader)
    firefox_visit.arrive()
    seven_pages_in_place(firefox_visit)
    assert reader.run("return [document.cookie, localStorage.length, sessionStorage.length]") == ["", 0, 0]
    firefox_visit.hide()
    assert reader.cookies() == []


def test_t3_every_other_tab_of_the_site_leaves_within_a_second(firefox_visit: Visit) -> None:
    reader = firefox_visit.reader
    assert isinstance(reader, FirefoxReader)
    firefox_visit.arrive()
    reader.open_tab(f"{firefox_visit.site.url}/help/signs")
    firefox_visit.hide()
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline and set(reader.tabs()) != {firefox_visit.places.url("exit")}:
        time.sleep(0.02)
    assert reader.tabs() == [firefox_visit.places.url("exit")] * 2


def test_r1_while_the_page_is_magnified_the_link_is_in_what_is_seen(firefox_visit: Visit) -> None:
    reader = firefox_visit.reader
    assert isinstance(reader, FirefoxReader)
    firefox_visit.arrive()
    reader.magnify(3)
    wait_for(reader, "return visualViewport.scale > 2")
    inside = """const { offsetLeft, offsetTop, width, height, scale } = visualViewport;
      const link = document.getElementById("hide-this-page");
      const box = link.getBoundingClientRect();
      const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
      return hit === link && box.left >= offsetLeft - 1 && box.right <= offsetLeft + width + 1 && box.top >= offsetTop - 1
        && box.bottom <= offsetTop + height + 1 && box.height * scale >= 44;"""
    wait_for(reader, inside, 2)
    reader.magnify(1)


def test_in_firefoxs_reader_view_there_is_a_link_that_leaves(firefox_visit: Visit) -> None:
    reader = firefox_visit.reader
    assert isinstance(reader, FirefoxReader)
    reader.go(f"{firefox_visit.site.url}/help/getting-ready")
    assert reader.run("return document.querySelector('.way-out').getClientRects().length") == 0
    reader.enter_reader_view()
    wait_for(reader, "return Boolean(document.querySelector('.moz-reader-content h2'))", 10)
    links = reader.run(
        "return [...document.querySelectorAll('.moz-reader-content a')].filter((link) => link.textContent === 'Hide this page').length"
    )
    assert links == 1
    firefox_visit.places.asked.clear()
    reader.click(".moz-reader-content a")
    wait_for_address(reader, firefox_visit.places.url("exit"))
    assert [request.referer for request in firefox_visit.places.asked_of("exit")] == [None]


@pytest.mark.parametrize("field", ["#query", "h1"])
def test_r3_shift_three_times_leaves(firefox_visit: Visit, field: str) -> None:
    reader = firefox_visit.reader
    assert isinstance(reader, FirefoxReader)
    firefox_visit.arrive()
    read(reader, "/search")
    reader.run(f"document.querySelector('main {field}').focus()")
    reader.press_keys(SHIFT, "\ue050", SHIFT)  # left, right, left
    wait_for_address(reader, firefox_visit.places.url("exit"))


def test_r4_typing_capitals_does_not_leave(firefox_visit: Visit) -> None:
    reader = firefox_visit.reader
    assert isinstance(reader, FirefoxReader)
    firefox_visit.arrive()
    read(reader, "/search")
    reader.run("document.getElementById('query').focus()")
    actions: Any = reader._marionette.actions.sequence("key", "keyboard")
    for _ in range(4):
        actions = actions.key_down(SHIFT).key_down("A").key_up("A").key_up(SHIFT)
    actions.perform()
    wait_for(reader, "return document.getElementById('query').value === 'AAAA'")
    time.sleep(0.3)  # time for a wrong exit to happen
    assert reader.run("return [location.pathname, document.getElementById('query').value]") == ["/", "AAAA"]


def test_m1_moving_in_place_keeps_address_and_title_and_moves_focus(visit: Visit) -> None:
    visit.arrive()
    title = visit.reader.run("return document.title")
    for path in PAGES:
        read(visit.reader, path)
        state = visit.reader.run(
            """return [location.pathname, document.title, document.activeElement === document.querySelector("main h1"),
              document.getElementById("travel-status").textContent === document.activeElement.textContent.trim(),
              scrollY]"""
        )
        assert state == ["/", title, True, True, 0], path
    visit.reader.click("#way-back button")
    assert visit.reader.run("return document.querySelector('main h1').textContent") == "Getting ready"
