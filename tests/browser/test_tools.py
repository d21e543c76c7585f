"""The tools that leave nothing: a plan, questions and a card, in real browsers, and what their profiles hold afterwards."""

import shutil
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, Playwright

from tests.browser.conftest import Visited
from tests.browser.readers import ChromiumReader, FirefoxReader, read, wait_for, wait_for_address
from tests.browser.test_pages import problems_of
from tests.browser.traces import files_holding
from tests.server import RunningSite

PAGES_ALONE = True  # chromium.py

Make = Callable[[Playwright], ChromiumReader | FirefoxReader]
WRITTEN = "zqplanned"
# Types and ticks in place of a hand. CONTROL adds a field that a browser may store: the test has to find its word.
FILL = f"""
const type = (field, words) => {{ field.value = words; field.dispatchEvent(new Event("input", {{ bubbles: true }})); }};
for (const area of document.querySelectorAll("#plan textarea")) type(area, "{WRITTEN} here");
document.querySelector("#plan input").click();
"""
CONTROL = """
const other = document.createElement("textarea");
other.id = "other";
document.body.append(other);
type(other, "zqcontrol");
"""
ALL_STORAGE = (
    """return JSON.stringify([localStorage, sessionStorage, document.cookie, location.href, history.state, name])"""
)


def plan_of(page: Page) -> str:
    return page.locator("#plan-page [data-words]").inner_text()


def link_to(page: Page, path: str, heading: str) -> None:
    page.locator(f'footer a[href="{path}"], main a[href="{path}"]').locator("visible=true").first.click()
    page.get_by_role("heading", level=1, name=heading).wait_for()


def test_a_plan_is_read_as_one_page_as_it_is_ticked_and_written(page: Page, site: RunningSite) -> None:
    page.goto(f"{site.url}/plan")
    page.locator("form#plan").wait_for()  # its script comes once the page is shown
    assert "not sent" in page.locator("#plan .callout").inner_text()
    first = page.locator("#plan").evaluate("(plan) => plan.querySelector('.callout, input').className")
    assert first == "callout"  # it says so before the first letter
    assert "Tick or write something" in page.locator("#plan-page").inner_text()
    page.get_by_label("Keys").focus()
    page.keyboard.press("Space")
    page.get_by_label("Names and numbers").fill("Ann\nBob <b>")
    assert plan_of(page).split() == "What I would take Keys Who I would call Names and numbers: Ann Bob <b>".split()
    page.get_by_label("Keys").uncheck()
    assert "Keys" not in plan_of(page)
    page.get_by_role("button", name="Empty it").click()
    assert plan_of(page) == ""
    assert page.locator("#plan textarea").first.input_value() == ""
    assert problems_of(page) == []


def test_a_plan_moves_with_the_reader_in_place_and_asks_the_server_nothing(page: Page, site: RunningSite) -> None:
    requests: list[str] = []
    with page.expect_response("**/pack"):
        page.goto(f"{site.url}/")
    page.on("request", lambda request: requests.append(request.url + str(request.post_data)))
    link_to(page, "/plan", "My plan")
    page.get_by_label("Names and numbers").fill(WRITTEN)
    page.get_by_label("Keys").check()
    before = len(requests)
    page.wait_for_timeout(300)
    assert len(requests) == before
    link_to(page, "/contacts", "Contacts")
    page.locator("#way-back button").click()
    assert page.get_by_label("Names and numbers").input_value() == WRITTEN
    link_to(page, "/contacts", "Contacts")
    link_to(page, "/help", "All topics")
    link_to(page, "/plan", "My plan")
    assert page.get_by_label("Names and numbers").input_value() == WRITTEN
    assert page.get_by_label("Keys").is_checked()
    assert WRITTEN in plan_of(page)
    page.get_by_label("Medicines").check()
    assert "Medicines" in plan_of(page)
    for _ in range(3):
        page.locator("#way-back button").click()
    assert page.get_by_label("Names and numbers").input_value() == WRITTEN
    assert not any(WRITTEN in request for request in requests)


@pytest.mark.parametrize("away", ["reload", "another site and Back"])
def test_a_plan_is_not_restored(page: Page, visited: Visited, away: str) -> None:
    site, places = visited
    page.goto(f"{site.url}/plan")
    page.get_by_label("Names and numbers").fill(WRITTEN)
    page.get_by_label("Keys").check()
    if away == "reload":
        page.reload()
    else:
        page.goto(places.url("search"))
        page.go_back(wait_until="commit")  # a page from the back/forward cache fires no load event
    page.wait_for_timeout(300)
    assert page.get_by_label("Names and numbers").input_value() == ""
    assert not page.get_by_label("Keys").is_checked()
    assert WRITTEN not in page.content()


def test_a_plan_is_empty_before_the_page_is_left_at_hide(page: Page, visited: Visited) -> None:
    site, places = visited
    page.goto(f"{site.url}/plan")
    page.get_by_label("Names and numbers").fill(WRITTEN)
    left = page.evaluate(
        """() => {
          document.dispatchEvent(new Event("sidedoor:hide"));
          return document.documentElement.outerHTML + [...document.querySelectorAll("textarea")].map((area) => area.value);
        }"""
    )
    assert WRITTEN not in left
    page.get_by_label("Names and numbers").fill(WRITTEN)
    page.locator("#hide-this-page").click()
    page.wait_for_url(places.url("exit"))


def test_without_scripts_the_tools_are_lists_to_read_and_print(browser: Browser, site: RunningSite) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 320, "height": 568})
    page = context.new_page()
    page.goto(f"{site.url}/plan")
    assert page.locator(".text :is(input, textarea, button)").evaluate_all("(all) => all.length") == 3  # hidden
    assert page.locator(".text button:visible").count() == 0
    assert page.locator(".ticks li:visible").count() > 10
    assert page.locator(".write:visible").count() > 3
    page.goto(f"{site.url}/check")
    assert page.locator("main input").count() == 0
    assert page.locator(".question h3:visible").count() > 10
    assert page.locator(".question a:visible").count() > 15
    page.emulate_media(media="print")
    assert page.locator(".question a:visible").count() > 15
    page.goto(f"{site.url}/plan")
    assert page.locator(".ticks li:visible").count() > 10
    context.close()


def test_the_questions_answer_with_the_pages_and_lines_that_fit_and_no_score(page: Page, site: RunningSite) -> None:
    requests: list[str] = []
    with page.expect_response("**/pack"):  # which every page asks for once it is shown, whatever is answered
        page.goto(f"{site.url}/check")
    page.on("request", lambda request: requests.append(request.url))
    page.locator("form#questions").wait_for()  # its script comes with the pack
    fits = page.locator("#fits")
    assert page.locator(".question a:visible").count() == 0
    page.get_by_label("Are you afraid of how they will react?").check()
    page.get_by_label("Do they say they will hurt themselves").check()
    links = [link.get_attribute("href") for link in fits.locator("a").all()]
    assert "/help/signs" in links
    assert len(links) == len(set(links))
    page.get_by_label("Has anyone put hands on your neck").check()
    assert "999 or go to A&E" in fits.inner_text()
    question = page.locator(".question", has_text="hands on your neck")
    assert [line.inner_text() for line in question.locator("li:visible").all()] == [
        "Call 999 or go to A&E now, even with no marks."
    ]
    assert page.locator(".question li:visible").count() == 1
    assert not any(character.isdigit() for character in fits.inner_text().replace("999", ""))
    assert requests == []
    assert problems_of(page) == []
    page.get_by_label("Do they read your messages").check()
    fits.get_by_role("link", name="Using the internet").click()
    page.get_by_role("heading", level=1, name="Using the internet").wait_for()
    page.locator("#way-back button").click()
    assert page.get_by_label("Are you afraid of how they will react?").is_checked()
    page.reload()
    assert not page.get_by_label("Are you afraid of how they will react?").is_checked()
    assert fits.locator("a").count() == 0


def test_a_card_shows_one_places_numbers_and_prints_as_big_as_a_bank_card(page: Page, site: RunningSite) -> None:
    page.goto(f"{site.url}/card")
    assert page.locator(".card:visible").count() == 4
    for nation, number in (("Scotland", "0800 027 1234"), ("England", "0808 2000 247")):
        page.emulate_media(media="screen")
        page.get_by_label(nation, exact=True).check()
        (card,) = page.locator(".card:visible").all()
        assert number in card.inner_text()
        page.emulate_media(media="print")
        assert page.locator("main > :visible, .text > :visible").evaluate_all(
            "(all) => all.map((part) => part.className)"
        ) == ["text", "card"]
        printed = card.inner_text().lower()
        assert not any(word in printed for word in ("abuse", "help", "refuge", "police", "violence", nation.lower()))
        box = card.bounding_box()
        assert box
        assert (round(box["width"] / 96 * 25.4, 1), round(box["height"] / 96 * 25.4)) == (85.6, 54)
        assert card.evaluate("(card) => card.scrollHeight <= card.clientHeight")  # nothing is cut off


def test_only_the_plan_is_printed_once_there_is_one(page: Page, site: RunningSite) -> None:
    page.goto(f"{site.url}/plan")
    page.get_by_label("Keys").check()
    page.emulate_media(media="print")
    words = page.locator("body").inner_text().split()
    assert words == ["Your", "page", "What", "I", "would", "take", "Keys"]


@pytest.mark.parametrize("hide", [True, False], ids=["hidden", "left for another site"])
@pytest.mark.parametrize("make", [ChromiumReader, lambda _: FirefoxReader()], ids=["chromium", "firefox"])
def test_no_word_of_a_plan_is_in_any_file_of_a_profile_in_storage_or_at_the_server(
    visited: Visited, playwright: Playwright, make: Make, hide: bool
) -> None:
    site, places = visited
    reader = make(playwright)
    try:
        reader.go(f"{site.url}/")
        read(reader, "/plan")
        wait_for(reader, 'return Boolean(document.querySelector("#plan textarea"))')
        reader.run(FILL + CONTROL)
        assert WRITTEN in reader.run('return document.querySelector("#plan-page").innerText')
        assert WRITTEN not in reader.run(ALL_STORAGE)
        read(reader, "/contacts")
        read(reader, "/plan")
        assert WRITTEN in reader.run('return document.querySelector("#plan-page").innerText')
        if isinstance(reader, FirefoxReader):
            state = firefox_would_restore(reader)
            assert "zqcontrol" in state  # the words of a field that a browser may store are here
            assert WRITTEN not in state
            assert '"checked"' not in state
        if hide:
            reader.click("#hide-this-page")
            wait_for_address(reader, places.url("exit"))
        else:
            reader.go(places.url("search"))
        time.sleep(1.5)
        reader.quit()
        assert files_holding(reader.profile, (WRITTEN,)) == []
        if not hide and isinstance(reader, ChromiumReader):
            assert files_holding(reader.profile, ("zqcontrol",)), "the test would not see a word that a browser keeps"
    finally:
        shutil.rmtree(reader.profile, ignore_errors=True)
    assert files_holding(site.data, (WRITTEN,)) == []


def firefox_would_restore(reader: FirefoxReader) -> str:
    """What Firefox would write to disk now about its open tabs, for its next start."""
    reader.chrome(
        """const { TabStateFlusher } = ChromeUtils.importESModule("resource:///modules/sessionstore/TabStateFlusher.sys.mjs");
        window.flushed = false;
        TabStateFlusher.flush(window.gBrowser.selectedBrowser).then(() => { window.flushed = true; });"""
    )
    deadline = time.monotonic() + 10
    while not reader.chrome("return window.flushed;") and time.monotonic() < deadline:
        time.sleep(0.1)
    return str(
        reader.chrome(
            """const { SessionStore } = ChromeUtils.importESModule("resource:///modules/sessionstore/SessionStore.sys.mjs");
            return SessionStore.getBrowserState();"""
        )
    )
