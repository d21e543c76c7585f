"""Back during a visit, other sites and tabs in between, and late answers: the same stories in Chromium and Firefox."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Visited
from tests.browser.readers import (
    ChromiumReader,
    FirefoxReader,
    Reader,
    press_again_and_again,
    read,
    wait_for,
    wait_for_address,
)
from tests.browser.test_every_engine import Visit
from tests.server import SlowSite

PAGES_ALONE = True  # chromium.py: where a test asks for no reader

ANDROID = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36"
)
HEADING = 'return document.querySelector("main h1").textContent.trim()'


@pytest.fixture
def visit(reader: Reader, visited: Visited) -> Iterator[Visit]:
    """A visit in each engine."""
    site, places = visited
    places.asked.clear()
    yield Visit(reader, site, places)
    places.silent.clear()


def follow_elsewhere(visit: Visit) -> None:
    """Leave for another site by a link on the page, as a reader does."""
    visit.reader.run(f"location.assign({visit.places.url('elsewhere')!r})")
    wait_for_address(visit.reader, visit.places.url("elsewhere"))


def come_back(visit: Visit) -> None:
    """Press Back until this site is there again."""
    visit.reader.back()
    wait_for_address(visit.reader, f"{visit.site.url}/")


def page_handles(visit: Visit, script: str) -> bool:
    """Whether the page handles an event itself rather than leave it to the browser."""
    return bool(
        visit.reader.run(f"const event = {script}; document.body.dispatchEvent(event); return event.defaultPrevented")
    )


ALT_LEFT = 'new KeyboardEvent("keydown", { key: "ArrowLeft", altKey: true, bubbles: true, cancelable: true })'
BACK_KEY = 'new KeyboardEvent("keydown", { key: "BrowserBack", bubbles: true, cancelable: true })'
BACK_BUTTON = 'new MouseEvent("mouseup", { button: 3, bubbles: true, cancelable: true })'


@pytest.mark.parametrize("press", [ALT_LEFT, BACK_KEY, BACK_BUTTON], ids=["alt+left", "back key", "mouse button"])
def test_keys_and_buttons_for_back_go_one_page_back_in_place_and_then_leave_it_to_the_browser(
    visit: Visit, press: str
) -> None:
    visit.arrive()
    front = visit.reader.run(HEADING)
    read(visit.reader, "/help/money")
    read(visit.reader, "/contacts")
    entries = visit.reader.entries()
    assert page_handles(visit, press)
    assert visit.reader.run(HEADING) == "Money and you"
    assert page_handles(visit, press)
    assert visit.reader.run(HEADING) == front
    assert not page_handles(visit, press)
    assert visit.reader.entries() == entries


def test_real_keys_for_back_go_one_page_back(visit: Visit) -> None:
    visit.arrive()
    read(visit.reader, "/help/money")
    read(visit.reader, "/contacts")
    if isinstance(visit.reader, ChromiumReader):
        visit.reader.tab.keyboard.press("Alt+ArrowLeft")
    else:
        assert isinstance(visit.reader, FirefoxReader)
        actions: Any = visit.reader._marionette.actions.sequence("key", "keyboard")
        actions.key_down("\ue00a").key_down("\ue012").key_up("\ue012").key_up("\ue00a").perform()
    wait_for(visit.reader, 'return document.querySelector("main h1").textContent.trim() === "Money and you"')
    assert visit.reader.run("return location.href") == f"{visit.site.url}/"


def test_the_mouses_back_button_goes_one_page_back_and_with_none_left_leaves(
    chromium_reader: ChromiumReader, visited: Visited
) -> None:
    visit = Visit(chromium_reader, *visited)
    tab = chromium_reader.tab

    def press_back_button() -> None:
        session = tab.context.new_cdp_session(tab)
        for kind in ("mousePressed", "mouseReleased"):
            session.send(
                "Input.dispatchMouseEvent", {"type": kind, "x": 99, "y": 99, "button": "back", "clickCount": 1}
            )

    visit.arrive()
    read(visit.reader, "/help/money")
    read(visit.reader, "/contacts")
    press_back_button()
    wait_for(visit.reader, 'return document.querySelector("main h1").textContent.trim() === "Money and you"')
    press_back_button()
    wait_for(visit.reader, 'return document.querySelector("main .choices")')
    press_back_button()
    wait_for_address(visit.reader, visit.places.url("search"))


@pytest.fixture
def android(browser: Browser, visited: Visited) -> Iterator[Page]:
    """Chromium that claims to be on Android. There, Back is a close request; here, Esc makes the same request."""
    context = browser.new_context(user_agent=ANDROID, viewport={"width": 360, "height": 640})
    tab = context.new_page()
    tab.goto(visited[1].url("search"))
    tab.click("#in")
    yield tab
    context.close()


def read_by_tap(tab: Page, path: str) -> None:
    tab.evaluate("document.querySelector('main h1').dataset.before = ''")
    tab.locator(f"footer a[href='{path}']").click()
    tab.wait_for_selector("main h1:not([data-before])")


def test_androids_back_goes_one_page_back_in_place_and_adds_no_entry(android: Page) -> None:
    entries = android.evaluate("history.length")
    for path in ("/help", "/contacts", "/news"):
        read_by_tap(android, path)
    for heading in ("Contacts", "All topics"):
        android.keyboard.press("Escape")
        expect(android.locator("main h1")).to_have_text(heading)
        android.wait_for_timeout(1200)  # read on, without touching the page
    android.keyboard.press("Escape")
    expect(android.locator("main .choices")).to_be_visible()
    assert android.evaluate("history.length") == entries
    android.wait_for_timeout(1200)
    # Nothing is left to go back to: the request is the browser's again, and Android leaves.
    assert android.evaluate("history.length") == entries
    assert close_requests_left(android) == 0


def close_requests_left(tab: Page) -> int:
    """How many presses of Back the page would still take for itself: each brings another page to the front."""
    taken = 0
    for _ in range(5):
        before = tab.inner_text("main h1")
        tab.keyboard.press("Escape")
        tab.wait_for_timeout(50)
        if tab.inner_text("main h1") == before:
            break
        taken += 1
    return taken


def test_two_quick_backs_leave_on_android(android: Page) -> None:
    for path in ("/help", "/contacts", "/news"):
        read_by_tap(android, path)
    assert close_requests_left(android) == 1  # the second press is the browser's


def test_back_also_leaves_a_page_whose_link_was_pressed_just_after_androids_back(android: Page) -> None:
    read_by_tap(android, "/help")
    android.keyboard.press("Escape")
    read_by_tap(android, "/contacts")
    android.wait_for_timeout(1200)
    android.keyboard.press("Escape")
    expect(android.locator("main .choices")).to_be_visible()


def test_esc_on_a_computer_is_left_to_the_browser(browser: Browser, visited: Visited) -> None:
    context = browser.new_context()
    tab = context.new_page()
    tab.goto(visited[0].url)
    read_by_tap(tab, "/help")
    read_by_tap(tab, "/contacts")
    tab.keyboard.press("Escape")
    tab.wait_for_timeout(300)
    assert tab.inner_text("main h1") == "Contacts"
    context.close()


def test_after_another_site_and_back_neither_back_nor_forward_shows_the_visit(visit: Visit) -> None:
    visit.arrive()
    read(visit.reader, "/help/money")
    follow_elsewhere(visit)
    come_back(visit)
    visit.hide()
    press_again_and_again(visit.reader, "forward", 3)
    assert not [url for url in visit.reader.seen() if not url.startswith(visit.places.url("exit"))]
    assert visit.places.url("elsewhere") not in visit.reader.entries()
    visit.assert_never_seen_again()


def test_after_another_site_back_and_a_reload_back_never_shows_the_visit(visit: Visit) -> None:
    visit.arrive()
    follow_elsewhere(visit)
    come_back(visit)
    visit.reader.run('document.documentElement.dataset.before = ""; location.reload()')
    wait_for(visit.reader, 'return !("before" in document.documentElement.dataset)')
    wait_for_address(visit.reader, f"{visit.site.url}/")
    visit.hide()
    assert visit.places.url("elsewhere") not in visit.reader.entries()
    visit.assert_never_seen_again()


def test_where_a_tab_began_here_firefox_alone_still_shows_the_part_before_another_site(visit: Visit) -> None:
    """The one known gap: [here, another site, here], then Hide. No page can tell that from [new tab, search, here].

    Chromium caches the first part whole: the message about Hide evicts it, and when it is loaded again it knows why and
    leaves. Firefox caches no page that came with no-store. Once this gap is closed the test fails: then change the README.
    """
    first = f"{visit.site.url}/"
    visit.reader.run(f"location.replace({first!r})")  # in place of the blank page that the browser begins with
    wait_for_address(visit.reader, first)
    read(visit.reader, "/help/money")
    follow_elsewhere(visit)
    visit.follow("#in", first)
    read(visit.reader, "/help/signs")
    assert visit.reader.run("return history.length") - len(visit.reader.run("return navigation.entries()")) <= 2
    visit.hide()
    press_again_and_again(visit.reader, "back", 10)
    shown = {url for url in visit.reader.seen() if url.startswith(visit.site.url)}
    assert shown == (set() if isinstance(visit.reader, ChromiumReader) else {first})
    assert not visit.reader.run("return document.cookie")


def test_the_page_read_in_place_is_there_after_another_site_and_back(visit: Visit) -> None:
    if isinstance(visit.reader, FirefoxReader):
        pytest.skip("Firefox keeps no page that came with no-store; it reloads the page arrived at")
    visit.arrive()
    read(visit.reader, "/help/money")
    read(visit.reader, "/help/signs")
    heading = visit.reader.run(HEADING)
    follow_elsewhere(visit)
    come_back(visit)
    assert visit.reader.run(HEADING) == heading
    assert visit.reader.run("return document.querySelector('main h1').getClientRects().length") == 1


def test_hiding_in_another_tab_hides_a_page_that_lies_behind_another_site(visit: Visit) -> None:
    visit.arrive()
    read(visit.reader, "/help/money")
    follow_elsewhere(visit)
    reader = visit.reader
    if isinstance(reader, ChromiumReader):
        first, reader.tab = reader.tab, reader.context.new_page()
        reader.go(f"{visit.site.url}/help/signs")
        visit.hide()
        reader.tab.close()
        reader.tab = first
    else:
        pytest.skip("see the README's limits: Firefox tells no page why it was reloaded")
    reader.seen()
    reader.back()
    wait_for_address(reader, visit.places.url("exit"))
    visit.assert_never_seen_again()


@pytest.fixture
def slow(visited: Visited) -> Iterator[SlowSite]:
    """The site behind a proxy that can hold answers back."""
    site, places = visited
    slow = SlowSite(site.url)
    before, places.links = places.links, f'<a id="in" href="{slow.url}/">In</a>'
    yield slow
    places.links = before
    slow.close()


# Pages that need a request: help pages come out of the pack, without one.
@pytest.mark.parametrize("path", ["/news/atom.xml", "/about"])
def test_a_late_answer_to_a_link_does_not_undo_hide(visit: Visit, slow: SlowSite, path: str) -> None:
    visit.reader.go(visit.places.url("search"))
    visit.follow("#in", f"{slow.url}/")
    slow.held.add(path)
    visit.places.silent.add("exit")
    visit.reader.run(
        f"""const link = Object.assign(document.createElement("a"), {{ href: {path!r} }});
        document.body.append(link);
        link.click();"""
    )
    slow.wait_for_request(path)
    visit.reader.run('document.getElementById("hide-this-page").click()')
    time.sleep(0.3)
    visit.reader.seen()
    slow.held.clear()
    time.sleep(1)
    visit.places.silent.clear()
    wait_for(visit.reader, f"return location.href.startsWith({visit.places.url('exit')!r})")
    assert [url for url in visit.reader.seen() if url.startswith(slow.url)] == []
    assert len(slow.asked(path)) == 1, "the address was asked for again, as a page"


def test_a_press_after_hide_starts_nothing(visit: Visit, slow: SlowSite) -> None:
    visit.reader.go(visit.places.url("search"))
    visit.follow("#in", f"{slow.url}/")
    visit.places.silent.add("exit")
    visit.reader.run(
        """document.getElementById("hide-this-page").click();
        document.querySelector("footer a[href='/contacts']").click();
        document.querySelector("footer a[href='/help']").click();"""
    )
    time.sleep(0.5)
    assert slow.asked("/contacts") + slow.asked("/help") == []
