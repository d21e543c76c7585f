"""Reader and adviser in real Chromium, on the real site and desk: they write, answer, and hide in the middle."""

import re
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from sidedoor.chat.store import open_store
from tests.browser.places import Places
from tests.browser.test_desk import Office
from tests.browser.test_pages import problems_of
from tests.chat.readers import copy_content_with_chat
from tests.chromium import LIKE_IOS_14
from tests.server import DESK, RunningSite, started_before

PAGES_ALONE = True  # chromium.py

CHAT = """
[chat]
answered_by = "people who are trained for this."
confidential = "What you write stays between us, unless somebody is in danger."
most_waiting = 20
[[chat.open]]
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
from = "00:00"
until = "24:00"
"""


class ChatOffice(Office):
    """An office whose site has a chat, and whose exit is a page that answers."""

    def __init__(self, folder: Path, browser: Browser, places: Places) -> None:
        copy_content_with_chat(folder / "content", [places.url("exit")], CHAT)
        self.content, self.data, self._browser, self._contexts = folder / "content", folder / "data", browser, []
        self._readers: list[BrowserContext] = []
        started_before(self.data)
        self.desk = RunningSite(self.content, self.data, application=DESK)
        self.site = RunningSite(self.content, self.data)
        self.url = f"http://localhost:{self.desk.port}"

    def reader(self, scripts: bool = True, width: int = 320) -> BrowserContext:
        """A reader's browser, on a small phone."""
        context = self._browser.new_context(viewport={"width": width, "height": 600}, java_script_enabled=scripts)
        self._contexts.append(context)
        self._readers.append(context)
        return context

    def readers_leave(self) -> None:
        """Close the readers' browsers: a chat page that stays open goes on asking for news."""
        while self._readers:
            context = self._readers.pop()
            self._contexts.remove(context)
            context.close()


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[ChatOffice]:
    places = Places()
    office = ChatOffice(tmp_path_factory.mktemp("chat"), browser, places)
    yield office
    office.close()
    places.close()


@pytest.fixture(autouse=True)
def readers_leave(office: ChatOffice) -> Iterator[None]:
    yield
    office.readers_leave()


@pytest.fixture(scope="module")
def kit(office: ChatOffice) -> Page:
    """An adviser, signed in and present."""
    kit = office.arrive("Kit Adviser", "adviser")
    kit.goto(office.url + "/chats")
    kit.get_by_role("button", name="I am present").click()
    return kit


def begin(office: ChatOffice, context: BrowserContext) -> Page:
    """A reader comes to the chat from the menu and starts to wait."""
    page = context.new_page()
    page.goto(office.site.url + "/help/money")
    page.get_by_role("link", name="Questions?").click()
    assert context.cookies() == [], "nothing before Start"
    page.get_by_role("button", name="It is safe. Start").click()
    expect(page.locator("#chat-status")).to_have_text(re.compile("You are next"))
    return page


def answer(kit: Page, office: ChatOffice) -> None:
    """The adviser answers whoever has waited longest, and takes that chat to a separate page."""
    kit.goto(office.url + "/chats")
    if kit.get_by_role("button", name="I am ready now").is_visible():
        kit.get_by_role("button", name="I am ready now").click()
        expect(kit.get_by_role("button", name="I am ready now")).to_be_hidden()
    kit.get_by_role("button", name="Answer number 1").click()
    expect(kit.locator("textarea[name=message]:focus")).to_be_visible()
    kit.locator("[data-chat]:focus-within").get_by_role("link", name="own page").click()
    expect(kit.get_by_role("heading", level=1, name=re.compile(r"Chat \d+"))).to_be_visible()


def say(page: Page, label: str, text: str) -> None:
    page.get_by_label(label).fill(text)
    page.get_by_role("button", name="Send").click()


def test_both_write_and_replies_come_by_themselves_also_beside_another_page(office: ChatOffice, kit: Page) -> None:
    context = office.reader()
    page = begin(office, context)
    (cookie,) = context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["expires"]) == (True, "Strict", -1)
    answer(kit, office)
    expect(page.locator("#chat-status")).to_have_text("An adviser is with you.")
    say(page, "Your message", "Is anybody there? <b>")
    expect(kit.locator(".talk .reader")).to_contain_text("Is anybody there? <b>")
    say(kit, "Your answer", "I am here.")
    expect(page.locator(".chat .adviser")).to_contain_text("I am here.")
    assert problems_of(page) == []
    assert problems_of(kit) == []
    assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    # Reading a help page in place; the reply is announced there.
    page.locator("footer").get_by_role("link", name="All topics").click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Questions?")
    say(kit, "Your answer", "Take your time.")
    expect(page.locator("#chat-news")).to_be_visible()
    expect(page.locator("#chat-news [role=status]")).to_have_text("1 new reply in your chat.")
    page.get_by_role("link", name="Go to your chat").click()
    expect(page.locator(".chat li:focus")).to_contain_text("Take your time.")
    expect(page.locator(".chat li")).to_have_count(3)
    page.reload()
    page.goto(office.site.url + "/chat")
    expect(page.locator(".chat li")).to_have_count(3)
    page.get_by_role("button", name="End and clear").click()
    expect(page.get_by_text("The chat is over.")).to_be_visible()
    expect(kit.locator("[data-chat-ended]")).to_contain_text("The reader ended it.")
    assert "Take your time" not in kit.content()
    assert context.cookies() == []
    page.go_back()
    assert "I am here." not in page.content()


def test_hiding_in_mid_chat_ends_it_in_both_tabs_and_the_adviser_is_told(office: ChatOffice, kit: Page) -> None:
    context = office.reader()
    page = begin(office, context)
    second = context.new_page()
    second.goto(office.site.url + "/chat")
    answer(kit, office)
    say(page, "Your message", "Somebody is coming")
    expect(second.locator(".chat .reader")).to_contain_text("Somebody is coming")
    page.get_by_role("link", name="Hide this page").click()
    for tab in (page, second):
        tab.wait_for_url("**exit**")
    expect(kit.locator("[data-chat-ended]")).to_contain_text("Do not contact them.")
    assert "Somebody is coming" not in kit.content()
    page.go_back()
    page.wait_for_timeout(500)
    assert "Somebody is coming" not in page.content()
    page.goto(office.site.url + "/chat")
    assert "Somebody is coming" not in page.content()
    expect(page.get_by_role("button", name="It is safe. Start")).to_be_visible()


def test_a_whole_chat_works_without_scripts(office: ChatOffice, kit: Page) -> None:
    context = office.reader(scripts=False)
    page = begin(office, context)
    answer(kit, office)
    page.get_by_role("link", name="Write a message").click()  # the page to wait on renews itself, and has no box
    say(page, "Your message", "No scripts here")
    expect(kit.locator(".talk .reader")).to_contain_text("No scripts here")
    say(kit, "Your answer", "I read you.")
    page.get_by_role("link", name="Check for replies").click()
    expect(page.locator(".chat .adviser")).to_contain_text("I read you.")
    say(kit, "Your answer", "And without a press.")
    expect(page.locator(".chat .adviser")).to_have_count(2)
    page.get_by_role("link", name="Write a message").click()
    expect(page.get_by_label("Your message")).to_be_visible()
    page.get_by_role("link", name="Hide this page").click()
    page.wait_for_url("**exit**")
    expect(kit.locator("[data-chat-ended]")).to_contain_text("Do not contact them.")
    page.go_back()
    assert "I read you." not in page.content()


def test_a_lost_network_is_not_leaving_and_nothing_is_lost_or_doubled(office: ChatOffice, kit: Page) -> None:
    context = office.reader()
    page = begin(office, context)
    answer(kit, office)
    context.set_offline(True)
    say(kit, "Your answer", "While you were away.")
    page.get_by_label("Your message").fill("Sent in a tunnel")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_label("Your message")).to_have_value("Sent in a tunnel")
    context.set_offline(False)
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".chat .adviser")).to_contain_text("While you were away.")
    expect(page.locator(".chat .reader")).to_have_count(1)
    expect(kit.locator(".talk .reader")).to_have_count(1)


def test_the_chats_script_does_not_wait_for_a_slow_pack_and_before_it_the_buttons_work(
    office: ChatOffice, kit: Page
) -> None:
    context = office.reader()
    before = begin(office, context)
    answer(kit, office)
    say(kit, "Your answer", "I am here.")
    before.close()
    page, held, failed = context.new_page(), list[Route](), list[str]()

    def fail(route: Route) -> None:
        failed.append(route.request.url)
        route.abort()

    page.route("**/pack", lambda route: held.append(route))
    page.route("**/chat.js", fail)
    page.goto(office.site.url + "/chat")
    expect(page.locator(".chat .adviser")).to_have_count(1)
    say(page, "Your message", "Sent by the form alone")
    expect(page.locator(".chat .reader")).to_contain_text("Sent by the form alone")
    say(kit, "Your answer", "I read you.")
    page.get_by_label("Your message").fill("half a sent")
    page.get_by_role("button", name="Check for replies").click()
    expect(page.locator(".chat .adviser")).to_have_count(2)
    expect(page.get_by_label("Your message")).to_have_value("half a sent")
    expect(page.locator(".chat .reader")).to_have_count(1)
    assert failed, "the page asks for it, not the pack"
    page.unroute("**/chat.js")
    expect(page.get_by_role("button", name="Check for replies")).to_have_count(0)  # asked for again, and here
    say(kit, "Your answer", "By itself.")
    expect(page.locator(".chat .adviser")).to_have_count(3)
    assert held, "the pack is still on its way"


def test_a_message_sent_while_another_is_on_its_way_arrives_once_and_in_order_or_is_back_in_the_box(
    office: ChatOffice, kit: Page
) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page = begin(office, office.reader())
    answer(kit, office)
    for side, label, here, there in (
        (page, "Your message", page.locator(".chat .reader"), kit.locator(".talk .reader")),
        (kit, "Your answer", kit.locator(".talk .adviser"), page.locator(".chat .adviser")),
    ):
        box = side.get_by_label(label)
        side.route("**/say", hold, times=1)
        with side.expect_request("**/say"):
            say(side, label, "One")
        side.get_by_role("button", name="Send").click()  # twice in haste
        say(side, label, "Two")
        box.fill("half a sent")
        held.pop().continue_()
        expect(there).to_have_text([re.compile("One"), re.compile("Two")])
        expect(here).to_have_count(2)
        expect(box).to_have_value("half a sent")
        # The first arrives, but its answer does not.
        side.route("**/say", hold, times=1)
        with side.expect_request("**/say"):
            say(side, label, "Three")
        say(side, label, "Four")
        box.fill("half a sent")
        held[0].fetch()
        held.pop().abort()
        expect(box).to_have_value("Three\nFour\nhalf a sent")
        say(side, label, "Three\nFour")
        expect(there).to_have_text([re.compile(word) for word in ("One", "Two", "Three", "Four")])
        expect(here).to_have_count(4)
        expect(box).to_have_value("")
    page.get_by_role("button", name="End and clear").click()
    expect(page.get_by_text("Every word of it is deleted.")).to_be_visible()


def test_a_double_click_on_start_makes_one_conversation_with_one_request(office: ChatOffice, kit: Page) -> None:
    page = office.reader().new_page()
    page.goto(office.site.url + "/chat")
    before = waiting(office)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method) if request.url.endswith("/chat/start") else None)
    page.get_by_role("button", name="It is safe. Start").dblclick()
    expect(page.locator("#chat-status")).to_be_visible()
    page.wait_for_timeout(500)
    assert sent == ["POST"]
    assert waiting(office) - before == 1
    page.get_by_role("button", name="End and clear").click()
    expect(page.get_by_text("Every word of it is deleted.")).to_be_visible()
    assert waiting(office) == before


def waiting(office: ChatOffice) -> int:
    return sum(chat.state == "waiting" for chat in open_store("sqlite:", office.data).live(datetime.now(UTC)))


@pytest.mark.parametrize("scripts", [True, False])
def test_one_press_answers_whether_somebody_is_still_here_and_half_typed_words_stay(
    office: ChatOffice, kit: Page, scripts: bool
) -> None:
    page = begin(office, office.reader(scripts=scripts))
    if not scripts:
        page.get_by_role("link", name="Write a message").click()
    if scripts:
        with page.expect_response("**/chat/here"):  # typing says that somebody is there
            page.get_by_label("Your message").fill("half a sent")
    else:
        page.get_by_label("Your message").fill("half a sent")
    database = sqlite3.connect(office.data / "chat.sqlite3", timeout=10, isolation_level=None)
    long_ago = (datetime.now(UTC) - timedelta(minutes=21)).isoformat()
    database.execute("UPDATE conversations SET quiet_since = ? WHERE state = 'waiting'", (long_ago,))
    database.close()
    if not scripts:
        page.get_by_role("button", name="Check for replies").click()
        expect(page.get_by_label("Your message")).to_have_value("half a sent")
    here = page.get_by_role("button", name="I am still here")
    expect(here).to_be_visible()
    assert not scripts or problems_of(page) == []
    here.click()
    expect(here).to_be_hidden()
    expect(page.get_by_label("Your message")).to_have_value("half a sent")
    page.get_by_role("button", name="End and clear").click()
    expect(page.get_by_text("Every word of it is deleted.")).to_be_visible()


def box_in_view(page: Page) -> bool:
    """Whether the whole box and Send are on the screen, above “Hide this page”."""
    in_view: bool = page.evaluate(
        """() => {
          const hide = document.querySelector("#hide-this-page").getBoundingClientRect();
          const low = hide.top > innerHeight / 2 ? hide.top : innerHeight;
          return ["#message", "#chat-form .chat-row button"].every((name) => {
            const { top, bottom, left, right } = document.querySelector(name).getBoundingClientRect();
            return top >= 0 && bottom <= low + 1 && left >= 0 && right <= innerWidth;
          });
        }"""
    )
    return in_view


def test_the_box_stays_in_view_and_coming_back_shows_the_first_new_message_and_the_draft(
    office: ChatOffice, kit: Page
) -> None:
    page = begin(office, office.reader(width=360))
    answer(kit, office)
    box = page.get_by_label("Your message")
    box.fill("One")
    box.press("Control+Enter")
    expect(page.locator(".chat .reader")).to_have_count(1)
    expect(box).to_be_focused()
    page.get_by_role("button", name="Send").click()
    expect(box).to_be_focused()
    for n in range(6):
        say(kit, "Your answer", f"Line {n}. " + "Take the time you need. " * 6)
    expect(page.locator(".chat .adviser")).to_have_count(6)
    expect(page.locator("[data-number='7']")).to_be_in_viewport()
    for width, height, text in ((360, 380, "100%"), (640, 360, "100%"), (360, 640, "200%"), (360, 380, "200%")):
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("text => { document.documentElement.style.fontSize = text }", text)
        for place in ("0", "document.body.scrollHeight / 3"):
            page.evaluate(f"scrollTo(0, {place})")
            assert box_in_view(page), (width, height, text, place)
    page.evaluate("document.documentElement.style.fontSize = ''")
    page.set_viewport_size({"width": 360, "height": 640})
    expect(kit.locator("[data-shown]")).to_have_text("Your last words have been on their screen.")
    box.fill("half a")
    page.locator("footer").get_by_role("link", name="All topics").click()
    for text in ("New one", "New two " + "and on and on " * 60):
        say(kit, "Your answer", text)
    expect(page.locator("#chat-news [role=status]")).to_have_text("2 new replies in your chat.")
    expect(kit.locator("[data-shown]")).to_have_text("")
    page.locator("footer").get_by_role("link", name="Questions?").click()
    expect(page.locator("[data-new]:focus")).to_contain_text("New one")
    expect(page.locator("[data-new]")).to_be_in_viewport()
    expect(box).to_have_value("half a")
    page.reload()  # this loads the page that the tab arrived at
    page.get_by_role("link", name="Go to your chat").click()
    expect(box).to_have_value("half a")
    expect(page.locator(".chat li").last).to_be_in_viewport()
    page.get_by_role("button", name="End and clear").click()
    expect(page.get_by_role("heading", name="How was it?")).to_be_visible()
    assert page.evaluate("[localStorage.length, sessionStorage.length, window.name]") == [0, 0, ""]


def test_a_phones_send_key_sends_and_typing_shows_that_somebody_is_there(
    office: ChatOffice, kit: Page, browser: Browser
) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True)
    page = begin(office, context)
    here: list[str] = []
    page.on("request", lambda request: here.append(request.url) if request.url.endswith("/chat/here") else None)
    box = page.get_by_label("Your message")
    box.press_sequentially("Hello")
    assert len(here) == 1, "once a minute, not at each key"
    box.press("Enter")
    expect(page.locator(".chat .reader")).to_have_text(re.compile("Hello"))
    expect(box).to_have_value("")
    page.get_by_role("button", name="End and clear").click()
    expect(page.get_by_text("Every word of it is deleted.")).to_be_visible()
    context.close()


def test_a_whole_chat_works_in_a_browser_like_ios_14(office: ChatOffice, kit: Page) -> None:
    context = office.reader()
    context.add_init_script(LIKE_IOS_14)
    page = begin(office, context)
    answer(kit, office)
    say(kit, "Your answer", "I am here.")
    expect(page.locator(".chat .adviser")).to_contain_text("I am here.")
    page.get_by_label("Your message").fill("On an old phone")
    page.get_by_label("Your message").press("Control+Enter")
    expect(kit.locator(".talk .reader")).to_contain_text("On an old phone")
    page.get_by_role("button", name="End and clear").click()
    with page.expect_request("**/chat/how") as asked:
        page.get_by_role("button", name="It helped", exact=True).click()
    assert "how=helped" in (asked.value.post_data or "")
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
