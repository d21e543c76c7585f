"""A chat in real browsers while machines fail: two servers of the site behind nginx, Valkey and a desk, all of them real.

One server's clock is ten minutes fast, the reader's phone is twenty minutes fast, and the adviser's computer is ten
minutes slow: nobody notices.
"""

import json
import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from sidedoor.chat.rules import HELD
from tests.browser.places import Places
from tests.browser.test_chat import CHAT, answer, begin, say
from tests.browser.test_desk import Office
from tests.chat.conftest import Valkey
from tests.chat.readers import copy_content_with_chat
from tests.chromium import CHROMIUM_ARGUMENTS, HEADLESS_SHELL
from tests.deploy.front import Nginx
from tests.server import DESK, RunningSite, started_before

PAGES_ALONE = True  # chromium.py

WRONG_CLOCK = """(() => {
  const [right, off] = [Date, %d * 60_000];
  window.Date = class extends right { constructor(...args) { super(...(args.length ? args : [right.now() + off])); } };
  window.Date.now = () => right.now() + off;
})();"""
LOST = "There is no connection just now. Your chat is kept for a while."
NOTE_QUESTIONS = """(() => {
  const fetch = window.fetch;
  window.asked = [];
  window.fetch = (...args) => {
    if (String(args[0]).includes("/chat/messages")) asked.push(performance.now());
    return fetch(...args);
  };
})()"""


class Machines(Office):
    """An office with all these machines. `site.url` is nginx's address."""

    def __init__(self, folder: Path, browser: Browser, places: Places) -> None:
        copy_content_with_chat(folder / "content", [places.url("exit")], CHAT)
        self.content, self.data, self._browser, self._contexts = folder / "content", folder / "data", browser, []
        self.valkey = Valkey(folder / "valkey")
        (fake,) = Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
        started_before(self.data)
        self.desk = RunningSite(self.content, self.data, application=DESK, SIDEDOOR_CHAT_STORE=self.valkey.url)
        self.machines = [
            RunningSite(
                self.content, started_before(folder / name), SIDEDOOR_PROXIES="1", FAKETIME_DONT_FAKE_MONOTONIC="1",
                SIDEDOOR_CHAT_STORE=self.valkey.url, LD_PRELOAD=str(fake), FAKETIME=fast,
            )
            for name, fast in (("right", "+0"), ("fast", "+10m"))
        ]  # fmt: skip
        self.nginx = Nginx(folder, self.machines, self.desk)
        self.url = f"http://localhost:{self.desk.port}"
        self.site = SimpleNamespace(url=self.nginx.url)  # type: ignore[assignment]

    def reader(self) -> Page:
        """A reader who starts to wait, on a small phone with a wrong clock."""
        context = self._browser.new_context(viewport={"width": 360, "height": 380})
        context.add_init_script(WRONG_CLOCK % 20 + NOTE_QUESTIONS)
        self._contexts.append(context)
        page = begin(self, context)  # type: ignore[arg-type]
        page.evaluate("window.kept = true")
        return page

    def adviser(self, name: str) -> Page:
        """An adviser who is present, on a computer with a wrong clock."""
        kit = self.arrive(name, "adviser")
        kit.context.add_init_script(WRONG_CLOCK % -10)
        kit.goto(self.url + "/chats")
        kit.get_by_role("button", name="I am present").click()
        expect(kit.get_by_role("button", name="I am away now")).to_be_focused()
        return kit

    def close(self) -> None:
        for context in self._contexts:
            context.close()
        self.nginx.close()
        for machine in (self.desk, *self.machines):
            machine.close()
        self.valkey.close()


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Machines]:
    places = Places()
    office = Machines(tmp_path_factory.mktemp("machines"), browser, places)
    yield office
    office.close()
    places.close()


@pytest.fixture(scope="module")
def kit(office: Machines) -> Page:
    """An adviser, on a computer with a wrong clock."""
    return office.adviser("Kit Adviser")


def answered_reader(office: Machines, kit: Page) -> Page:
    """A reader whom Kit has answered."""
    page = office.reader()
    answer(kit, office)  # type: ignore[arg-type]
    expect(page.locator("#chat-status")).to_have_text("An adviser is with you.")
    say(page, "Your message", "zqfirst")
    expect(kit.locator(".talk .reader")).to_contain_text("zqfirst")
    return page


def texts(page: Page, messages: str) -> list[str]:
    return [text.strip() for text in page.locator(f"{messages} > span").all_text_contents()]


def test_both_are_told_when_valkey_restarts_with_its_data_and_without_and_their_pages_mend_themselves(
    office: Machines, kit: Page
) -> None:
    page = answered_reader(office, kit)
    office.valkey.client.save()
    office.valkey.stop()
    say(page, "Your message", "zqreader unsent")
    say(kit, "Your answer", "zqadviser unsent")
    expect(page.locator("#chat-problem")).to_have_text("The chat does not work just now. What you wrote was not sent.")
    expect(page.get_by_label("Your message")).to_have_value("zqreader unsent")
    expect(kit.locator("[data-problem]")).to_contain_text("it is still here")
    expect(kit.get_by_label("Your answer")).to_have_value("zqadviser unsent")
    office.valkey.start()
    page.get_by_role("button", name="Send").click()
    expect(kit.locator(".talk .reader").last).to_contain_text("zqreader unsent")
    kit.get_by_role("button", name="Send").click()
    expect(page.locator(".chat .adviser").last).to_contain_text("zqadviser unsent")
    assert (texts(page, ".chat .reader"), texts(kit, ".talk .adviser")) == (
        ["zqfirst", "zqreader unsent"],
        ["zqadviser unsent"],
    )
    expect(page.locator("#chat-status")).to_have_text("An adviser is with you.")

    kit.goto(office.url + "/chats")
    expect(kit.locator(".talk .reader").last).to_contain_text("zqreader unsent")
    office.valkey.restart(keeps=False)
    expect(page.get_by_text("Something went wrong on our side, so we had to end it.")).to_be_visible()
    expect(kit.locator("[data-chat-ended]")).to_contain_text("This chat is no longer known: it is over")
    expect(kit.locator("[data-alarm]")).to_contain_text("You count as away now.")
    assert "zqfirst" not in page.content() + kit.content()
    assert page.evaluate("window.kept")
    kit.get_by_role("button", name="I am present").click()
    expect(kit.locator("[data-alarm]")).to_be_hidden()
    page.get_by_role("link", name="Start again").click()
    expect(page.get_by_role("button", name="It is safe. Start")).to_be_visible()


def test_the_first_answer_tells_a_laptop_that_slept_everything(
    office: Machines, kit: Page, playwright: Playwright
) -> None:
    kit.goto(office.url + "/account")
    laptop = playwright.chromium.launch(executable_path=HEADLESS_SHELL, args=CHROMIUM_ARGUMENTS)
    asleep = laptop.new_context(storage_state=kit.context.storage_state()).new_page()
    asleep.goto(office.url + "/chats")
    processes = laptop.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    lee = office.adviser("Lee Awake")
    page = office.reader()
    if asleep.get_by_role("button", name="I am ready now").is_visible():
        asleep.get_by_role("button", name="I am ready now").click()
    asleep.get_by_role("button", name="Answer number 1").click()
    asleep.get_by_label("Your answer").fill("half an answer")
    expect(page.locator("#chat-status")).to_have_text("An adviser is with you.")
    number = asleep.locator("[data-chat]").get_attribute("data-chat")
    for process in processes:
        os.kill(int(process["id"]), signal.SIGSTOP)
    try:
        with lee.expect_response("**/chats/now*"), page.expect_response("**/chat/messages*"):
            pass  # whatever was on its way when it fell asleep has arrived
        six_minutes_ago = (datetime.now(UTC) - timedelta(minutes=6)).isoformat()
        presence = office.valkey.client.hgetall("sidedoor:chat:present")
        adviser = next(id_ for id_, entry in presence.items() if json.loads(entry)[0] == "Kit Adviser")
        office.valkey.client.hset("sidedoor:chat:desks", adviser, six_minutes_ago)
        name, _, *rest = json.loads(presence[adviser])
        office.valkey.client.hset("sidedoor:chat:present", adviser, json.dumps([name, six_minutes_ago, *rest]))
        expect(lee.locator("[data-alarm]")).to_contain_text("A colleague's desk gives no sign.")
        expect(page.locator("#chat-status")).to_contain_text("The adviser's connection is lost just now.")
        lee.get_by_role("button", name=f"Take it over chat {number}").click()
        expect(lee.locator("[data-chat]").get_by_label("Your answer")).to_be_focused()
    finally:
        for process in processes:
            os.kill(int(process["id"]), signal.SIGCONT)
    with asleep.expect_response(
        lambda answer: "/chats/now" in answer.url and bool(answer.json().get("silent"))
    ) as first:
        pass
    assert first.value.json()["gone"] == {number: "A colleague has this chat now."}
    expect(asleep.locator("[data-chat-ended]")).to_have_text("A colleague has this chat now.")
    expect(asleep.locator("[data-said]")).to_contain_text("This desk gave no sign from")
    expect(asleep.locator("[data-alarm]")).to_contain_text("You count as away now.")
    # The reader may learn that an adviser is back only when a request that is held has been answered.
    expect(page.locator("#chat-status")).to_have_text("An adviser is with you.", timeout=2000 * HELD.total_seconds())
    laptop.close()


def test_one_killed_server_costs_nothing_and_while_both_are_gone_words_stay_until_one_is_back(
    office: Machines, kit: Page
) -> None:
    page = answered_reader(office, kit)
    box = page.get_by_label("Your message")
    for number, machine in enumerate(office.machines):
        box.fill("half a sent")
        machine.kill()  # whichever of them holds the request
        if number == 0:
            say(kit, "Your answer", "While one is away")
            expect(page.locator(".chat .adviser")).to_contain_text("While one is away")
            expect(box).to_have_value("half a sent")
            say(page, "Your message", "Past the dead one")
            expect(kit.locator(".talk .reader").last).to_contain_text("Past the dead one")
    say(page, "Your message", "Sent to nobody")
    expect(page.locator("#chat-problem")).to_be_visible()
    expect(box).to_have_value("Sent to nobody")
    expect(page.locator("#chat-status")).to_have_text(LOST)
    box.fill("Sent to nobody\nand more")
    first, second, third = page.evaluate("asked.slice(-3)")
    assert second - first >= 1000 and third - second >= 2000, "each question later than the one before"
    office.machines[0].start()
    expect(page.locator("#chat-status")).to_have_text("An adviser is with you.", timeout=40_000)
    expect(box).to_have_value("Sent to nobody\nand more")
    page.get_by_role("button", name="Send").click()
    expect(kit.locator(".talk .reader").last).to_contain_text("and more")
    assert texts(kit, ".talk .reader") == ["zqfirst", "Past the dead one", "Sent to nobody\nand more"]
    expect(page.locator(".chat .reader")).to_have_count(3)  # the adviser may have it first
    assert texts(page, ".chat .reader") == texts(kit, ".talk .reader")
    assert set(page.locator(".chat time").all_text_contents()) <= {"just now", "1 minute ago", "2 minutes ago"}
    assert page.evaluate("window.kept"), "the page mends itself"
    page.get_by_role("button", name="End and clear").click()
    expect(page.get_by_text("Every word of it is deleted.")).to_be_visible()
