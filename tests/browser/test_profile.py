"""H3, H4 and F1, with a chat and a recording or video played in the visit: real profiles, read after the browser is closed."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Playwright

from tests.browser.places import Places
from tests.browser.readers import ChromiumReader, FirefoxReader, Reader
from tests.browser.traces import frames_until_covered, leave_traces, listen, site_of_canaries, visit_this_site, watch
from tests.server import RunningSite

Make = Callable[[Playwright], ChromiumReader | FirefoxReader]
Plays = Callable[[Reader], None]


def listen_and_watch(reader: Reader) -> None:
    """Play a recording, and then a video that still plays as the visit ends."""
    listen(reader)
    watch(reader)


@pytest.fixture(scope="module")
def canaries() -> Iterator[tuple[RunningSite, Places]]:
    places = Places()
    with site_of_canaries(places) as site:
        yield site, places
    places.close()


@pytest.mark.parametrize(
    ("hide", "chats", "plays"),
    [(True, True, listen_and_watch), (False, False, watch), (False, True, watch)],
    ids=["hidden in mid-chat", "closed without hiding", "closed in mid-chat"],
)
@pytest.mark.parametrize("make", [ChromiumReader, lambda _: FirefoxReader()], ids=["chromium", "firefox"])
def test_h3_h4_at_most_one_neutral_row_and_no_word_in_any_file(
    canaries: tuple[RunningSite, Places], playwright: Playwright, make: Make, hide: bool, chats: bool, plays: Plays
) -> None:
    site, places = canaries
    reader = make(playwright)
    left = leave_traces(reader, site.url, visit_this_site(site, places, hide, chats, plays))
    # Chromium writes the exit's own title over ours; Firefox keeps the tab's last title.
    title = {"Chromium": "Weather", "Firefox": "Untitled"}[reader.name] if hide else "Start"
    assert left.files == []
    assert left.cached == []
    assert left.rows == [(f"{site.url}/", title)]
    # Chromium also writes session cookies to disk, encrypted, and deletes them at its next start.
    assert left.cookies <= (chats and not hide)
    assert left.stored == 0
    if hide:
        assert left.own_page in (None, 0)  # None: Firefox has no page of its own to read
        assert (left.back_presses, left.forward_presses) == (0, 0)


def test_f1_no_more_than_one_frame_is_painted_after_the_click(
    canaries: tuple[RunningSite, Places], playwright: Playwright
) -> None:
    assert frames_until_covered(playwright, f"{canaries[0].url}/help/money", "#hide-this-page") <= 1
