"""The advisers' board in real Chromium: several chats at once, keyboard only, a lost network, and a supervisor who reads along."""

import re
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.places import Places
from tests.browser.test_chat import ChatOffice, begin, say
from tests.browser.test_languages import numbers_shown
from tests.browser.test_pages import WIDTHS, problems_of

PAGES_ALONE = True  # chromium.py

SPY = """
window.notices = [];
window.Notification = class { static permission = "granted"; constructor(title, more) { notices.push(`${title}: ${more.body}`); } };
"""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[ChatOffice]:
    """An office for this file alone."""
    places = Places()
    office = ChatOffice(tmp_path_factory.mktemp("board"), browser, places)
    yield office
    office.close()
    places.close()


@pytest.fixture(autouse=True)
def readers_leave(office: ChatOffice) -> Iterator[None]:
    yield
    office.readers_leave()


@pytest.fixture
def kit(office: ChatOffice, request: pytest.FixtureRequest) -> Iterator[Page]:
    """An adviser who is present during the test: a new person each time, so that the board is empty."""
    kit = office.arrive(f"Kit {abs(hash(request.node.name))}", "adviser")
    kit.goto(office.url + "/chats")
    kit.get_by_role("button", name="I am present").click()
    expect(kit.get_by_role("button", name="I am away now")).to_be_focused()
    yield kit
    kit.goto(office.url + "/chats")
    while (running := kit.locator("[data-chat]:has([data-open]:not([hidden]))")).count():
        place = kit.locator(f"#{running.first.get_attribute('id')}")
        end(place)
        place.get_by_role("button", name="Close").click()
    kit.get_by_role("button", name="I am away now").click()
    expect(kit.get_by_role("button", name="I am present")).to_be_visible()


def end(place: Locator | Page) -> None:
    """End a chat, which takes two presses."""
    place.locator("summary", has_text=re.compile("^End it")).click()
    place.get_by_role("button", name="End it and delete").click()


def answered_readers(office: ChatOffice, kit: Page, *words: str) -> list[Page]:
    """Readers who wrote `words` and whom Kit has answered on the board."""
    readers = []
    for text in words:
        reader = begin(office, office.reader())
        say(reader, "Your message", text)
        kit.get_by_role("button", name="Answer number 1").click()
        expect(kit.locator("[data-chat]:last-child textarea[name=message]")).to_be_focused()
        readers.append(reader)
    return readers


def wider_than_the_screen(page: Page) -> bool:
    wider: bool = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return wider


def test_two_chats_side_by_side_by_keyboard_alone_and_no_word_in_the_title(office: ChatOffice, kit: Page) -> None:
    kit.add_init_script(SPY)
    kit.reload()
    kit.get_by_label("Sound and notice").check()
    reader = begin(office, office.reader())
    say(reader, "Your message", "zqone")
    expect(kit.get_by_role("button", name="Answer number 1")).to_be_visible()
    kit.keyboard.press("Alt+a")
    first = kit.locator("[data-chat]").first
    expect(first.get_by_label("Your answer")).to_be_focused()
    kit.keyboard.type("Half a sentence")
    later_reader = begin(office, office.reader())
    say(later_reader, "Your message", "zqtwo")
    expect(kit.get_by_role("button", name="Answer number 1")).to_be_visible()
    assert kit.title().startswith("! (2) Chats")
    expect(first.get_by_label("Your answer")).to_be_focused()
    kit.keyboard.press("Alt+a")
    second = kit.locator("[data-chat]").nth(1)
    expect(second.get_by_label("Your answer")).to_be_focused()
    expect(second.locator(".reader")).to_contain_text("zqtwo")
    kit.keyboard.press("Alt+1")
    expect(first.get_by_label("Your answer")).to_have_value("Half a sentence")
    kit.keyboard.type(" is whole.")
    kit.keyboard.press("Control+Enter")
    expect(reader.locator(".chat .adviser")).to_contain_text("Half a sentence is whole.")
    expect(first.locator(".adviser")).to_have_count(1)
    expect(first.get_by_label("Your answer")).to_have_value("")
    kit.keyboard.press("Alt+n")
    expect(second.get_by_label("Your answer")).to_be_focused()
    kit.keyboard.press("Alt+r")
    expect(second.get_by_label("A ready answer")).to_be_focused()
    second.get_by_label("A ready answer").select_option(
        label="/more Would you like to tell me a little more about that?"
    )
    second.get_by_role("button", name="Put it in").press("Enter")
    expect(second.get_by_label("Your answer")).to_have_value(re.compile("a little more"))
    kit.keyboard.press("Alt+9")
    expect(second.get_by_text("Call 999 yourself.")).to_be_visible()
    # Away from the tab, a notice says that there is something, never what.
    kit.evaluate("Object.defineProperty(document, 'hidden', { get: () => true })")
    say(reader, "Your message", "zqthree")
    expect(first.locator(".reader")).to_have_count(2)
    expected = {"Sidedoor desk: There is a reply."}
    assert expected <= set(kit.evaluate("notices")) <= {*expected, "Sidedoor desk: Somebody waits."}
    assert "zq" not in kit.title()
    assert kit.evaluate("sessionStorage.length") == 0
    stored = kit.evaluate("({ ...localStorage })")
    stored.pop("sidedoor-writes-markdown")  # how these tests write a release (browser_of)
    assert stored == {"chats-sound": "on"}, "only the choice, and nothing of a chat"
    # When one chat ends, the focus and the words typed in the other stay.
    second.get_by_label("Your answer").fill("Still typing")
    reader.get_by_role("link", name="Hide this page").click()
    expect(first.locator("[data-chat-ended]")).to_contain_text("Do not contact them.")
    expect(second.get_by_label("Your answer")).to_have_value("Still typing")
    expect(second.get_by_label("Your answer")).to_be_focused()
    assert "zqone" not in kit.content()
    expect(kit.get_by_role("button", name="I am ready now")).to_be_visible()
    kit.get_by_role("button", name=re.compile("^Close")).click()
    expect(kit.locator("[data-chat]")).to_have_count(1)
    end(first)
    expect(first.locator("[data-chat-ended]")).to_be_focused()


def test_a_chat_that_appears_while_somebody_types_does_not_take_their_words(office: ChatOffice, kit: Page) -> None:
    answered_readers(office, kit, "Hello")
    begin(office, office.reader())
    first, second = kit.locator("[data-chat]").first, kit.locator("[data-chat]").nth(1)
    kit.get_by_role("button", name="Answer number 1").click()
    first.get_by_label("Your answer").focus()
    kit.keyboard.type("Her new address is ")
    expect(second).to_be_visible()
    kit.keyboard.type("12 Elm Road")
    expect(first.get_by_label("Your answer")).to_have_value("Her new address is 12 Elm Road")
    expect(second.get_by_label("Your answer")).to_have_value("")
    # Two fields further on, and nothing typed there yet.
    begin(office, office.reader())
    expect(kit.get_by_role("button", name="Answer number 1")).to_be_visible()
    kit.keyboard.press("Alt+a")
    second.get_by_label("Your answer").focus()
    expect(kit.locator("[data-chat]")).to_have_count(3)
    kit.evaluate("new Promise((done) => setTimeout(done))")  # the focus would move in the same task
    expect(second.get_by_label("Your answer")).to_be_focused()


def test_a_lost_network_neither_loses_nor_doubles_the_advisers_messages(office: ChatOffice, kit: Page) -> None:
    (reader,) = answered_readers(office, kit, "Hello")
    place = kit.locator("[data-chat]")
    # The answer is lost on its way back: the desk has the message, the page does not know.
    kit.route("**/say", lambda route: (route.fetch(), route.abort())[0])
    say(kit, "Your answer", "Sent once")
    expect(place.locator("[data-problem]")).to_contain_text("still here")
    expect(place.get_by_label("Your answer")).to_have_value("Sent once")
    kit.unroute("**/say")
    kit.context.set_offline(True)
    kit.get_by_role("button", name="Send").click()
    say(reader, "Your message", "Are you there?")
    expect(kit.locator("[data-lost-touch]")).to_contain_text("cannot be reached since")
    kit.context.set_offline(False)
    expect(kit.locator("[data-lost-touch]")).to_be_hidden()
    kit.get_by_role("button", name="Send").click()
    expect(place.get_by_label("Your answer")).to_have_value("")
    expect(place.locator("[data-problem]")).to_be_hidden()
    expect(place.locator(".talk li")).to_have_count(3)
    expect(reader.locator(".chat .adviser")).to_have_count(1)


def test_everybody_sees_that_a_supervisor_reads_along_and_takes_over(office: ChatOffice, kit: Page) -> None:
    (reader,) = answered_readers(office, kit, "zqword")
    sue = office.arrive("Sue Supervisor", "supervisor")
    sue.goto(office.url + "/chats/watch")
    assert "zqword" not in sue.content()
    assert problems_of(sue) == []
    number = kit.locator("[data-chat]").get_attribute("data-chat")
    sue.get_by_role("button", name=f"Read along in chat {number}").click()
    expect(sue.locator(".talk .reader")).to_contain_text("zqword")
    assert problems_of(sue) == []
    expect(kit.locator("[data-watcher]")).to_have_text("Sue Supervisor reads along.")
    expect(reader.locator("#chat-status")).to_contain_text("A second adviser reads along")
    say(kit, "Your answer", "I am here.")
    expect(sue.locator(".talk .adviser")).to_contain_text("I am here.")
    sue.get_by_role("button", name="Take it over").click()
    expect(sue.get_by_role("heading", level=1, name="Chat")).to_be_visible()
    expect(kit.locator("[data-chat-ended]")).to_have_text("A colleague has this chat now.")
    assert "zqword" not in kit.content()
    kit.get_by_role("button", name="Close").click()
    expect(kit.locator("[data-chat]")).to_have_count(0)
    say(sue, "Your answer", "I am Sue.")
    expect(reader.locator(".chat .adviser").last).to_contain_text("I am Sue.")


def test_a_hand_over_arrives_on_the_colleagues_board_by_itself(office: ChatOffice, kit: Page) -> None:
    (reader,) = answered_readers(office, kit, "Hello")
    lee = office.arrive("Lee Adviser", "adviser")
    lee.goto(office.url + "/chats")
    lee.get_by_role("button", name="I am present").click()
    kit.get_by_text("Hand it over").first.click()
    expect(kit.get_by_label("To in chat").locator("option")).to_have_text(["Lee Adviser"])
    kit.get_by_label("A note for them").fill("zqnote")
    kit.get_by_role("button", name="Hand it over").click()
    expect(kit.locator("[data-said]")).to_have_text("Lee Adviser has it now.")
    expect(kit.locator("[data-chat]")).to_have_count(0)
    expect(lee.locator(".talk .note")).to_contain_text("zqnote")
    expect(reader.locator(".chat .handed")).to_contain_text("A colleague of mine goes on")
    assert "zqnote" not in reader.content()
    lee.get_by_role("button", name="I am away now").click()
    expect(lee.get_by_role("button", name="I am present")).to_be_visible()


def age(office: ChatOffice, change: str, *values: object) -> None:
    """Let time pass for some rows of the database that site and desk share."""
    database = sqlite3.connect(office.data / "chat.sqlite3", timeout=10, isolation_level=None)
    assert database.execute(change, values).rowcount
    database.close()


def leave_out_of_reach(office: ChatOffice) -> None:
    """Let a minute pass for everybody who waits. Repeated, as a request held for a closed page is still answered once."""
    gone = (datetime.now(UTC) - timedelta(seconds=60)).isoformat()
    database = sqlite3.connect(office.data / "chat.sqlite3", timeout=10, isolation_level=None)
    change = "UPDATE conversations SET seen = ? WHERE state = 'waiting' AND seen != ?"
    ends = time.monotonic() + 1
    while time.monotonic() < ends:
        if database.execute(change, (gone, gone)).rowcount:
            ends = time.monotonic() + 1
        time.sleep(0.1)
    database.close()


def test_when_an_advisers_desk_sleeps_the_reader_is_told_and_a_colleague_takes_the_chat_as_all_three_see(
    office: ChatOffice, kit: Page
) -> None:
    (reader,) = answered_readers(office, kit, "zqword")
    number = kit.locator("[data-chat]").get_attribute("data-chat")
    lee = office.arrive("Lee Awake", "adviser")
    lee.goto(office.url + "/chats")
    lee.get_by_role("button", name="I am present").click()
    expect(reader.locator("#chat-status")).to_have_text("An adviser is with you.")
    expect(reader.locator("#chat-numbers")).to_be_hidden()
    kit.context.set_offline(True)
    slept = (datetime.now(UTC) - timedelta(seconds=80)).isoformat()
    whose = "UPDATE desks SET seen = ? WHERE adviser = (SELECT adviser FROM conversations WHERE id = ?)"
    age(office, whose, slept, number)
    expect(reader.locator("#chat-status")).to_contain_text("connection is lost just now")
    expect(reader.locator("#chat-numbers")).to_be_visible()
    take = lee.get_by_role("button", name=f"Take it over chat {number}")
    expect(take).to_be_visible()
    assert problems_of(lee) == []
    assert problems_of(reader) == []
    take.click()
    expect(lee.locator("[data-chat]").get_by_label("Your answer")).to_be_focused()
    expect(lee.locator(".talk .reader")).to_contain_text("zqword")
    expect(take).to_have_count(0)
    expect(reader.locator("#chat-status")).to_have_text("An adviser is with you.")
    expect(reader.locator(".chat .handed")).to_contain_text("A colleague of mine goes on")
    expect(reader.locator("#chat-numbers")).to_be_hidden()
    kit.context.set_offline(False)
    expect(kit.locator("[data-chat-ended]")).to_have_text("A colleague has this chat now.")
    expect(kit.locator("[data-said]")).to_contain_text("This desk gave no sign from")
    assert "zqword" not in kit.content()
    said = kit.locator("[data-said]").text_content()
    kit.get_by_role("button", name="Close").click()
    expect(kit.locator("[data-chat]")).to_have_count(0)
    assert kit.locator("[data-said]").text_content() in ("", said), "the desk's refusal is nothing to tell"
    end(lee)
    lee.get_by_role("button", name="I am away now").click()
    expect(lee.get_by_role("button", name="I am present")).to_be_visible()


def test_a_chat_that_is_no_longer_known_is_not_said_to_be_with_a_colleague(office: ChatOffice, kit: Page) -> None:
    (reader,) = answered_readers(office, kit, "zqword")
    number = kit.locator("[data-chat]").get_attribute("data-chat")
    kit.context.set_offline(True)
    reader.get_by_role("button", name="End and clear").click()
    expect(reader.get_by_text("The chat is over.")).to_be_visible()
    age(office, "DELETE FROM conversations WHERE id = ?", number)
    kit.context.set_offline(False)
    expect(kit.locator("[data-chat-ended]")).to_contain_text("no longer known: it is over")
    assert "colleague" not in (kit.locator("[data-chat-ended]").text_content() or "")
    kit.get_by_role("button", name="Close").click()


def test_a_waiting_reader_out_of_reach_is_marked_on_the_board_and_alt_a_takes_the_next(
    office: ChatOffice, kit: Page
) -> None:
    first = begin(office, office.reader())
    say(first, "Your message", "zqfirst")
    first.context.close()
    leave_out_of_reach(office)
    second = begin(office, office.reader())  # reads “You are next”: the first reader is not counted
    say(second, "Your message", "zqsecond")
    expect(kit.locator("[data-waiting] li")).to_have_count(2)
    expect(kit.locator("[data-waiting] li").first).to_contain_text("Out of reach since")
    expect(kit.locator("[data-waiting] li").nth(1)).not_to_contain_text("Out of reach")
    assert problems_of(kit) == []
    kit.keyboard.press("Alt+a")
    expect(kit.locator(".talk .reader")).to_contain_text("zqsecond")
    kit.get_by_role("button", name="Answer number 1").click()


def test_the_board_breaks_no_rule_of_axe_and_is_no_wider_than_the_screen(office: ChatOffice, kit: Page) -> None:
    answered_readers(
        office, kit, "I do not know where to begin", "word" * 100, "میرا نمبر 07700 900 123 ہے، 116 123 نہیں"
    )
    begin(office, office.reader())
    rows = {}
    for width in WIDTHS:
        kit.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            kit.emulate_media(color_scheme=scheme)
            kit.reload()
            for summary in kit.locator("summary").all():
                summary.click()
            assert problems_of(kit) == []
            assert not wider_than_the_screen(kit), width
        assert {"07700 900 123", "116 123"} <= set(numbers_shown(kit)), "as they are dialled"
        tops = "[...document.querySelectorAll('[data-chat]')].map((chat) => chat.getBoundingClientRect().top)"
        rows[width] = len(set(kit.evaluate(tops)))
    assert rows == {320: 3, 768: 2, 1280: 1}
    kit.get_by_role("button", name="Answer number 1").click()
    expect(kit.locator("[data-chat]")).to_have_count(4)


def test_an_adviser_without_scripts_answers_and_ends(office: ChatOffice, kit: Page) -> None:
    begin(office, office.reader())
    context = kit.context.browser.new_context(  # type: ignore[union-attr]
        java_script_enabled=False, storage_state=kit.context.storage_state()
    )
    plain = context.new_page()
    plain.goto(office.url + "/chats")
    expect(plain.get_by_text("Sound and notice")).to_be_hidden()
    plain.get_by_role("button", name="Answer number 1").click()
    plain.get_by_label("A ready answer").select_option(index=1)
    plain.get_by_role("button", name="Put it in").click()
    expect(plain.get_by_label("Your answer")).to_have_value(re.compile("^Hello, you have reached"))
    plain.get_by_role("button", name="Send").click()
    expect(plain.locator(".talk .adviser")).to_have_count(1)
    end(plain)
    expect(plain.locator("[data-chat-ended]")).to_have_text("You ended it.")
    plain.get_by_role("button", name="Close").click()
    expect(plain.get_by_text("None.")).to_be_visible()
    context.close()


def test_a_slash_finds_a_ready_answer_and_unsent_words_outlive_a_reload(office: ChatOffice, kit: Page) -> None:
    answered_readers(office, kit, "Hello")
    place = kit.locator("[data-chat]").first
    box = place.locator("textarea[name=message]")
    box.press_sequentially("I see. /tha")
    matches = place.locator("[data-found] li")
    expect(matches.first).to_have_text("/thank Thank you for telling me. It is not your fault.")
    box.press("Enter")
    expect(box).to_have_value("I see. Thank you for telling me. It is not your fault.")
    expect(matches).to_have_count(0)
    box.press_sequentially(" /money")
    expect(matches.first).to_contain_text("oney")
    box.press("Escape")
    box.fill("half an answer")
    place.get_by_label(re.compile("At risk")).check()
    place.get_by_role("textbox", name=re.compile("Your note")).fill("zqnote")
    place.get_by_role("button", name=re.compile("^Note")).click()
    expect(kit.locator("[data-chat][data-risk]")).to_have_count(1)
    kit.reload()
    expect(box).to_have_value("half an answer")
    expect(kit.locator("[data-chat][data-risk]")).to_have_count(1)
    assert "half an answer" not in kit.evaluate("JSON.stringify(localStorage) + document.title")


def test_after_a_reload_an_alarm_still_sounds_until_one_press_says_that_it_was_heard(
    office: ChatOffice, kit: Page
) -> None:
    kit.get_by_label("Sound and notice").check()
    kit.reload()
    expect(kit.get_by_label("Sound and notice")).to_be_checked()
    page = begin(office, office.reader())
    expect(kit.locator("[data-alarm]")).to_have_text("Somebody waits.")
    expect(kit).to_have_title(re.compile(r"^! \(1\)"))
    kit.get_by_role("button", name="Quiet, I have heard it").click()
    expect(kit.get_by_role("button", name="Quiet, I have heard it")).to_be_hidden()
    expect(kit.locator("[data-alarm]")).to_have_text("Somebody waits.")
    page.get_by_role("button", name="End and clear").click()
    expect(kit.locator("[data-alarm]")).to_have_text("")
    kit.get_by_label("Sound and notice").uncheck()


def test_a_desk_that_is_cut_off_rings_if_its_adviser_is_present(office: ChatOffice, kit: Page) -> None:
    kit.add_init_script(SPY)
    kit.reload()
    kit.get_by_label("Sound and notice").check()
    kit.evaluate("Object.defineProperty(document, 'hidden', { get: () => true })")
    signed_in = kit.context.cookies()
    kit.context.clear_cookies()  # as after two idle hours
    expect(kit.locator("[data-lost-touch]")).to_contain_text("You are signed out.")
    expect(kit.get_by_role("button", name="Quiet, I have heard it")).to_be_visible()
    expect(kit.locator("[data-alarm]")).to_have_text("Your desk is cut off.")
    expect(kit).to_have_title(re.compile("^! "))
    assert kit.evaluate("notices") == ["Sidedoor desk: Your desk is cut off."]
    kit.context.add_cookies(signed_in)  # type: ignore[arg-type]
    expect(kit.locator("[data-alarm]")).to_have_text("")
    kit.get_by_role("button", name="I am away now").click()
    expect(kit.get_by_role("button", name="I am present")).to_be_visible()
    kit.context.set_offline(True)
    expect(kit.locator("[data-lost-touch]")).to_contain_text("cannot be reached")
    expect(kit.locator("[data-alarm]")).to_have_text("")
    kit.context.set_offline(False)
    expect(kit.locator("[data-lost-touch]")).to_have_text("")
    kit.get_by_role("button", name="I am present").click()
    kit.get_by_label("Sound and notice").uncheck()


def test_a_tick_at_risk_counts_at_once_and_so_does_a_note_on_the_chats_own_page_too(
    office: ChatOffice, kit: Page
) -> None:
    answered_readers(office, kit, "Hello")
    place = kit.locator("[data-chat]")
    place.get_by_label("At risk").check()
    expect(place).to_have_attribute("data-risk", "")
    place.get_by_role("link", name="own page").click()
    expect(place.get_by_label("At risk")).to_be_checked()
    place.get_by_label("Your answer").fill("Half a sen")
    place.get_by_label("Your note").fill("has a child with her")
    place.get_by_label("At risk").uncheck()
    expect(place).not_to_have_attribute("data-risk", "")
    expect(place.get_by_label("Your answer")).to_have_value("Half a sen")
    kit.goto(office.url + "/chats")
    expect(place.get_by_label("Your note")).to_have_value("has a child with her")
    expect(place.get_by_label("At risk")).not_to_be_checked()
