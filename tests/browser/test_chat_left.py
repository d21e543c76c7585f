"""Leaving a chat when the site does not hear of it: offline, refused, in another tab. Real browsers on the real site."""

import contextlib
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from marionette_driver.errors import MarionetteException
from playwright.sync_api import Browser, BrowserContext, Error, Page, Route, expect

from sidedoor.chat.model import Conversation
from sidedoor.chat.store import ChatStore, open_store
from tests.browser.places import Places
from tests.browser.readers import WATCH_FRAMES, FirefoxReader, eventually, wait_for
from tests.browser.test_chat import CHAT
from tests.chat.readers import copy_content_with_chat
from tests.server import RunningSite, started_before

LOST = "There is no connection just now."
PACKED = "typeof pack === 'object'"  # the pack brings the script that follows a chat on other pages

MESSAGE_WORDS = re.compile("zq(reader|adviser|typed|kept|first|without)")
"""The words of all messages here. `zq` alone would not do: a token that the server draws may contain the two letters."""


class ChatSite:
    """A site whose chat is open, and its conversations."""

    def __init__(self, site: RunningSite, places: Places, store: ChatStore) -> None:
        self.site, self.places, self.store = site, places, store

    def talk(self, page: Page) -> Conversation:
        """Somebody starts, writes and is answered."""
        page.goto(self.site.url + "/chat")
        page.get_by_role("button", name="It is safe. Start").click()
        expect(page.locator("#chat-status")).to_be_visible()
        chat = self.answer()
        page.get_by_label("Your message").fill("zqreader")
        page.get_by_role("button", name="Send").click()
        expect(page.locator(".chat .adviser")).to_contain_text("zqadviser")
        expect(page.locator(".chat .reader")).to_contain_text("zqreader")
        return chat

    def answer(self) -> Conversation:
        """Answer the reader who waits."""
        now = datetime.now(UTC)
        (chat,) = [chat for chat in self.store.live(now) if chat.state == "waiting"]
        self.store.end_pause(1)
        self.store.accept(chat.id, 1, "Kit", now)
        self.store.say(chat.id, "adviser", "zqadviser", now)
        return chat

    def end_of(self, chat: Conversation, seconds: float = 10) -> tuple[str, str | None]:
        """The chat's state and reason once it has ended, or as they are after `seconds`."""
        deadline = time.monotonic() + seconds
        while True:
            current = self.store.get(chat.id, datetime.now(UTC))
            assert current
            if current.state == "ended" or time.monotonic() > deadline:
                return current.state, current.reason
            time.sleep(0.05)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChatSite]:
    folder, places = tmp_path_factory.mktemp("left"), Places()
    copy_content_with_chat(folder / "content", [places.url("exit")], CHAT)
    site = RunningSite(folder / "content", started_before(folder / "data"))
    places.links = f'<a id="in" href="{site.url}/">In</a>'
    yield ChatSite(site, places, open_store("sqlite:", folder / "data"))
    site.close()
    places.close()


@pytest.fixture
def office(served: ChatSite) -> ChatSite:
    """The served site, with an adviser present and no chat running."""
    now = datetime.now(UTC)
    served.store.set_presence(1, "Kit", True, now)
    for chat in served.store.live(now):
        served.store.end(chat.id, "adviser", now)
    served.store.end_pause(1)
    return served


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 320, "height": 600})
    yield context
    context.close()


def refuse(route: Route) -> None:
    """Answer as the outermost layer does when too many requests come in."""
    route.fulfill(status=503, content_type="text/plain; charset=utf-8", body="Too many people are sending something.\n")


def cookie_names(context: BrowserContext) -> list[str]:
    return sorted(str(cookie["name"]) for cookie in context.cookies())


def press_hide(page: Page) -> None:
    """Press Hide without waiting for the exit, which may not answer."""
    page.get_by_role("link", name="Hide this page").click(no_wait_after=True)


@pytest.mark.parametrize("how", ["offline", "refused"])
@pytest.mark.parametrize("back", ["/chat", "/help/money", "from another site"])
def test_after_hide_no_later_request_shows_a_word_though_the_beacon_never_arrived(
    office: ChatSite, context: BrowserContext, how: str, back: str
) -> None:
    page = context.new_page()
    chat = office.talk(page)
    if how == "offline":
        context.set_offline(True)
    else:
        context.route("**/chat/hide", refuse)
    press_hide(page)
    eventually(lambda: cookie_names(context) == ["chat", "left"])
    assert office.end_of(chat, 0) == ("talking", None)
    context.set_offline(False)
    context.unroute_all()
    later = context.new_page()
    if back == "from another site":  # such a request carries neither cookie
        later.goto(office.places.url("search"))
        later.click("#in")
        expect(later.get_by_role("heading", level=1)).to_be_visible()
        later.locator("footer").get_by_role("link", name="Questions?").click()
        expect(later.get_by_role("heading", name="Questions?")).to_be_visible()
    else:
        later.goto(office.site.url + back)
    assert not MESSAGE_WORDS.search(later.content())
    assert office.end_of(chat) == ("ended", "hidden")
    assert cookie_names(context) == []
    later.goto(office.site.url + "/chat")
    expect(later.get_by_role("button", name="It is safe. Start")).to_be_visible()
    new_chat = office.talk(later)
    assert office.end_of(new_chat, 0) == ("talking", None), "a new chat is a chat like any other"
    press_hide(later)
    assert office.end_of(new_chat) == ("ended", "hidden")


def test_a_page_that_was_open_before_the_chat_began_knows_of_it(office: ChatSite, context: BrowserContext) -> None:
    before = context.new_page()
    before.goto(office.site.url + "/help/money")
    page = context.new_page()
    chat = office.talk(page)
    page.close()
    context.set_offline(True)
    press_hide(before)
    eventually(lambda: cookie_names(context) == ["chat", "left"])
    context.set_offline(False)
    context.new_page().goto(office.site.url + "/help/signs")
    assert office.end_of(chat) == ("ended", "hidden")


def test_hide_on_a_page_that_came_from_another_site_ends_a_chat_it_does_not_know_of(
    office: ChatSite, context: BrowserContext
) -> None:
    page = context.new_page()
    chat = office.talk(page)
    page.close()
    page = context.new_page()
    page.goto(office.places.url("search"))
    page.click("#in")
    assert page.evaluate("document.documentElement.dataset.chat") is None
    press_hide(page)
    assert office.end_of(chat) == ("ended", "hidden")


def test_hide_while_the_page_is_still_arriving_ends_the_chat(office: ChatSite, context: BrowserContext) -> None:
    page = context.new_page()
    chat = office.talk(page)
    page.goto(office.site.url + "/help/money")
    start, _, _ = context.request.get(office.site.url + "/help/money").text().partition("<main")
    assert 'data-chat="running"' in start
    page.route("**/half", lambda route: route.fulfill(body=start, content_type="text/html"))
    page.goto(office.site.url + "/half")
    context.set_offline(True)
    press_hide(page)
    eventually(lambda: {"chat", "left"} <= set(cookie_names(context)))
    context.set_offline(False)
    context.new_page().goto(office.site.url + "/")
    assert office.end_of(chat) == ("ended", "hidden")


def test_a_page_in_the_back_forward_cache_is_kept_without_a_word(office: ChatSite, context: BrowserContext) -> None:
    page = context.new_page()
    chat = office.talk(page)
    page.get_by_label("Your message").fill("zqtyped")
    words = page.evaluate("""() => new Promise(done => {
      dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true }));
      done([document.body.innerText, document.querySelector("textarea").value]);
    })""")
    assert not MESSAGE_WORDS.search("".join(words))
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    expect(page.locator(".chat li")).to_have_count(2)
    expect(page.get_by_label("Your message")).to_have_value("zqtyped")
    page.goto(office.places.url("elsewhere"))
    office.store.end(chat.id, "hidden", datetime.now(UTC))
    page.go_back()
    expect(page.locator("[data-chat-open]")).to_have_count(0)
    assert not MESSAGE_WORDS.search(page.content())


def cached_page(office: ChatSite, context: BrowserContext) -> Page:
    """A page that was reached from another site and left for another, which the browser keeps whole for Back."""
    page = context.new_page()
    page.goto(office.places.url("search"))
    page.click("#in")
    expect(page.locator("main .choices")).to_be_visible()
    page.evaluate("window.kept = true")
    page.evaluate(f"location.assign({office.places.url('elsewhere')!r})")
    page.wait_for_url(office.places.url("elsewhere"))
    return page


@pytest.mark.parametrize("change", ["nothing", "begins", "ends"])
def test_back_shows_a_cached_page_after_a_chat_began_or_ended_in_another_tab(
    office: ChatSite, context: BrowserContext, change: str
) -> None:
    other = context.new_page()
    if change == "ends":
        office.talk(other)
    page = cached_page(office, context)
    if change == "begins":
        chat = office.talk(other)
    elif change == "ends":
        other.get_by_role("button", name="End and clear").click()
        expect(other.get_by_text("Every word of it is deleted.")).to_be_visible()
    page.go_back(wait_until="commit")
    expect(page.locator("main .choices")).to_be_visible()
    assert page.url == office.site.url + "/"
    if change == "nothing":
        assert page.evaluate("window.kept"), "else none of these pages was kept"
    elif change == "begins":
        other.close()
        press_hide(page)
        assert office.end_of(chat) == ("ended", "hidden")


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_cached_page_is_never_seen_again_once_a_chat_was_hidden_in_another_tab(
    office: ChatSite, context: BrowserContext, when: str
) -> None:
    painted: list[str] = []
    context.expose_function("painted", lambda url: painted.append(url))
    context.add_init_script(f"({WATCH_FRAMES})(window, window.painted)")
    other = context.new_page()
    chat = None if when == "after" else office.talk(other)
    page = cached_page(office, context)
    chat = chat or office.talk(other)
    press_hide(other)
    assert office.end_of(chat) == ("ended", "hidden")
    other.wait_for_url(office.places.url("exit"))
    painted.clear()
    page.go_back(wait_until="commit")
    page.wait_for_url(office.places.url("exit"))
    page.wait_for_timeout(300)
    assert [url for url in painted if url.startswith(office.site.url)] == []


def test_a_cached_page_that_is_shown_again_asks_whether_a_chat_runs_now(
    office: ChatSite, context: BrowserContext
) -> None:
    page = context.new_page()
    page.goto(office.site.url + "/help/money")
    while not page.evaluate(PACKED):
        page.wait_for_timeout(50)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url.removeprefix(office.site.url)))
    page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
    other = context.new_page()
    chat = office.talk(other)
    assert page.evaluate("document.documentElement.dataset.chat") is None, "a cached page hears nothing"
    other.close()
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    expect(page.locator("html")).to_have_attribute("data-chat", "running")
    context.set_offline(True)
    press_hide(page)
    eventually(lambda: {"chat", "left"} <= set(cookie_names(context)))
    context.set_offline(False)
    context.new_page().goto(office.site.url + "/")
    assert office.end_of(chat) == ("ended", "hidden")
    again = context.new_page()
    again.goto(office.site.url + "/help/money")
    while not again.evaluate(PACKED):
        again.wait_for_timeout(50)
    again.on("request", lambda request: requests.append(request.url.removeprefix(office.site.url)))
    requests.clear()
    for event in ("pagehide", "pageshow"):
        again.evaluate(f"dispatchEvent(new PageTransitionEvent('{event}', {{ persisted: true }}))")
    again.wait_for_timeout(5000)
    assert [path for path in requests if path != "/pack"] == ["/chat/messages?after=999999999"], "once, where none runs"
    assert again.evaluate("document.documentElement.dataset.chat") is None


@pytest.mark.parametrize("how", ["offline", "refused"])
def test_end_clears_the_screen_first_and_says_that_it_is_done_only_when_it_is(
    office: ChatSite, context: BrowserContext, how: str
) -> None:
    page = context.new_page()
    chat = office.talk(page)
    length = page.evaluate("history.length")
    if how == "offline":
        context.set_offline(True)
    else:
        context.route(re.compile("/chat/(end|messages)"), refuse)
    page.get_by_role("button", name="End and clear").click()
    assert not MESSAGE_WORDS.search(page.content())
    expect(page.get_by_text("We could not end the chat yet.")).to_be_visible()
    expect(page.get_by_text("Every word of it is deleted.")).to_be_hidden()
    context.set_offline(False)
    context.unroute_all()
    expect(page.get_by_text("Every word of it is deleted.")).to_be_visible()
    expect(page.get_by_text("We could not end the chat yet.")).to_have_count(0)
    assert office.end_of(chat) == ("ended", "reader")
    assert cookie_names(context) == []
    assert (page.evaluate("history.length"), page.url) == (length, office.site.url + "/chat")


@pytest.mark.parametrize("how", ["offline", "refused"])
def test_a_step_that_gets_no_answer_says_so_keeps_what_is_typed_and_can_be_repeated(
    office: ChatSite, context: BrowserContext, how: str
) -> None:
    page = context.new_page()
    page.goto(office.site.url + "/chat")
    before = (page.evaluate("history.length"), page.url)
    start, send = page.get_by_role("button", name="It is safe. Start"), page.get_by_role("button", name="Send")
    box, status = page.get_by_label("Your message"), page.locator("#chat-status")

    def cut() -> None:
        if how == "offline":
            context.set_offline(True)
        else:
            context.route("**/chat/**", refuse)

    def mend() -> None:
        context.set_offline(False)
        context.unroute_all()

    cut()
    start.click()
    expect(page.locator("#travel-status")).to_have_text("The page did not come. Please try again.")
    assert (page.evaluate("history.length"), page.url) == before, "and makes no entry"
    mend()
    start.click()
    expect(status).to_contain_text("You are next.")

    cut()  # the first words, while they wait
    box.fill("zqfirst")
    send.click()
    reason = LOST if how == "offline" else "We could not take it just now."
    expect(page.locator("#chat-problem")).to_contain_text(reason)
    expect(status).to_contain_text(LOST)
    expect(box).to_have_value("zqfirst")
    mend()
    send.dblclick()
    expect(page.locator(".chat .reader")).to_have_count(1)
    expect(status).to_contain_text("You are next.")
    chat = office.answer()
    expect(page.locator(".chat .adviser")).to_contain_text("zqadviser")

    box.fill("zqtyped")  # in the middle of a message
    cut()
    office.store.say(chat.id, "adviser", "zqadviser, too", datetime.now(UTC))
    expect(status).to_contain_text(LOST)
    mend()
    expect(page.locator(".chat .adviser")).to_have_count(2)
    expect(box).to_have_value("zqtyped")
    send.click()
    expect(page.locator(".chat .reader")).to_have_count(2)
    texts = [message.text for message in office.store.messages(chat.id) if message.who == "reader"]
    assert texts == ["zqfirst", "zqtyped"]

    cut()
    press_hide(page)
    with contextlib.suppress(Error):  # offline, the browser shows its own page
        page.wait_for_url(lambda url: not url.startswith(office.site.url))
    mend()
    context.new_page().goto(office.site.url)
    assert office.end_of(chat) == ("ended", "hidden")


def test_a_phone_that_wakes_on_a_closed_chat_learns_that_it_has_opened_without_a_reload(
    office: ChatSite, context: BrowserContext
) -> None:
    office.store.set_presence(1, "Kit", False, datetime.now(UTC))
    page = context.new_page()
    page.goto(office.site.url + "/chat")
    expect(page.get_by_text("Nobody can answer here just now.")).to_be_visible()
    page.evaluate("window.kept = true")
    office.store.set_presence(1, "Kit", True, datetime.now(UTC))
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_role("button", name="It is safe. Start")).to_be_visible(timeout=10_000)
    expect(page.locator("[data-chat-opened]")).to_have_text("The chat is open now.")
    expect(page.get_by_text("Nobody can answer here just now.")).to_be_hidden()
    assert page.evaluate("window.kept")


def test_words_changed_after_a_lost_acknowledgement_arrive(office: ChatSite, context: BrowserContext) -> None:
    page = context.new_page()
    chat = office.talk(page)

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    context.route("**/chat/say", lose)
    page.get_by_label("Your message").fill("zqfirst")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#chat-problem")).to_contain_text(LOST)
    context.unroute_all()
    page.get_by_label("Your message").fill("zqfirst and more")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_label("Your message")).to_have_value("")
    expect(page.locator(".chat .reader")).to_have_count(3)
    texts = [message.text for message in office.store.messages(chat.id) if message.who == "reader"]
    assert texts == ["zqreader", "zqfirst", "zqfirst and more"]


def test_a_hanging_request_is_given_up_after_ten_seconds_and_the_third_is_reported(
    office: ChatSite, context: BrowserContext
) -> None:
    page = context.new_page()
    office.talk(page)
    page.add_init_script("Math.random = () => 0.5")  # otherwise each page waits for a random moment
    page.clock.install()
    page.reload()
    expect(page.locator(".chat li")).to_have_count(2)
    requests: list[Route] = []
    context.route("**/chat/messages*", lambda route: requests.append(route))  # and never answer
    for number, later in enumerate((2100, 2100, 4100), start=1):  # each request later than the one before
        page.clock.run_for(later)
        deadline = time.monotonic() + 10
        while len(requests) < number and time.monotonic() < deadline:
            page.wait_for_timeout(50)
        expect(page.locator("#chat-status")).not_to_contain_text(LOST)
        page.clock.run_for(10_100)
        page.wait_for_timeout(100)
    assert len(requests) == 3
    expect(page.locator("#chat-status")).to_contain_text(LOST)
    context.unroute_all()
    page.clock.run_for(8100)
    expect(page.locator("#chat-status")).not_to_contain_text(LOST)


def test_a_picture_with_the_address_of_the_exit_ends_no_chat_in_chromium(
    office: ChatSite, context: BrowserContext
) -> None:
    page = context.new_page()
    chat = office.talk(page)
    page.evaluate("new Promise(done => { const a = new Image(); a.onerror = done; a.src = '/chat/hide'; })")
    assert office.end_of(chat, 0.5) == ("talking", None)
    page.evaluate("fetch('/chat/hide', { redirect: 'manual' })")
    assert office.end_of(chat, 0.5) == ("talking", None)


@pytest.mark.parametrize("anchor", ["", "Menu"])
def test_without_scripts_the_page_after_send_renews_itself_in_chromium(
    office: ChatSite, browser: Browser, anchor: str
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(office.site.url + "/chat")
    page.get_by_role("button", name="It is safe. Start").click()
    chat = office.answer()
    page.get_by_role("link", name="Write a message").click()
    page.get_by_label("Your message").fill("zqreader")
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/chat/wait")
    if anchor:  # an address with a fragment: to load it again would only scroll the page
        page.get_by_role("link", name=anchor).click()
        page.reload()
        assert page.url.endswith("/chat/wait#menu")
    office.store.say(chat.id, "adviser", "zqwithout a press", datetime.now(UTC))
    expect(page.locator(".chat .adviser")).to_have_count(2)
    context.close()


def wait_for_words(reader: FirefoxReader, words: str, seconds: float) -> None:
    """Wait until the page shows `words`. With scripts off the driver's own do not run either, so it reads the page's text."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(MarionetteException):
            if words in reader._marionette.find_element("css selector", "main").text:
                return
        time.sleep(0.2)
    raise AssertionError(f"never shown: {words}")


def wait_for_tab(reader: FirefoxReader, address: str) -> None:
    deadline = time.monotonic() + 10
    while reader.tabs()[-1] != address:
        assert time.monotonic() < deadline, reader.tabs()
        time.sleep(0.1)


def test_a_picture_with_the_address_of_the_exit_ends_no_chat_in_firefox(
    office: ChatSite, firefox: FirefoxReader
) -> None:
    firefox.go(office.site.url + "/chat")
    firefox.click("form[action='/chat/start'] button")
    wait_for(firefox, 'return Boolean(document.querySelector("[data-chat-words]"))')
    chat = office.answer()
    firefox.run(
        """const picture = new Image();
        picture.onload = picture.onerror = () => { document.body.dataset.tried = "picture"; };
        picture.src = "/chat/hide";
        document.body.append(picture);"""
    )
    wait_for(firefox, 'return document.body.dataset.tried === "picture"')
    firefox.run(
        """fetch("/chat/hide", { redirect: "manual" }).finally(() => { document.body.dataset.tried = "fetch"; });"""
    )
    wait_for(firefox, 'return document.body.dataset.tried === "fetch"')
    assert office.end_of(chat, 0.5) == ("talking", None)
    firefox.click("#hide-this-page")
    assert office.end_of(chat) == ("ended", "hidden")


def test_without_scripts_the_pages_after_start_and_send_renew_themselves_in_firefox_and_nobody_is_dropped(
    office: ChatSite, firefox_without_scripts: FirefoxReader
) -> None:
    reader = firefox_without_scripts
    reader.go(office.site.url + "/chat")
    reader.click("form[action='/chat/start'] button")
    wait_for_tab(reader, office.site.url + "/chat/wait")
    (chat,) = [chat for chat in office.store.live(datetime.now(UTC)) if chat.state == "waiting"]

    def waiting_chat() -> Conversation:
        current = office.store.get(chat.id, datetime.now(UTC))
        assert current
        assert current.state == "waiting"
        return current

    eventually(lambda: waiting_chat().seen > chat.seen)  # the page asks by itself
    office.answer()
    wait_for_words(reader, "zqadviser", 15)
    reader.click("a[href='/chat#message']")
    wait_for_tab(reader, office.site.url + "/chat#message")
    reader._marionette.find_element("id", "message").send_keys("zqreader")
    reader.click("#chat-form button")
    wait_for_tab(reader, office.site.url + "/chat/wait")
    wait_for_words(reader, "zqreader", 5)
    office.store.say(chat.id, "adviser", "zqwithout a press", datetime.now(UTC))
    wait_for_words(reader, "zqwithout a press", 15)
    assert office.end_of(chat, 0) == ("talking", None)
    reader.click("#hide-this-page")
    assert office.end_of(chat) == ("ended", "hidden")
