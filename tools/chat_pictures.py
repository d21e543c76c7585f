"""Take the pictures of the chat from the running site and desk. Called by tools/pictures.py."""

import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.browser.places import Places
from tests.browser.test_chat import ChatOffice, begin, say


def take_chat_pictures(browser: Browser, folder: Path) -> None:
    """Write chat-*.png: two readers and an adviser, each at their own screen."""
    places = Places()
    with tempfile.TemporaryDirectory() as temporary:
        office = ChatOffice(Path(temporary), browser, places)
        try:
            kit = office.arrive("Kit Adviser", "adviser")
            kit.set_viewport_size({"width": 1100, "height": 860})
            kit.goto(office.url + "/chats")
            kit.get_by_role("button", name="I am present").click()
            first = _answered(office, kit, "He is out until six. I do not know where to start.")
            _answer(kit, 0, "Take the time you need. You can start anywhere.")
            _answered(office, kit, "Can I ask for a friend?")
            begin(office, office.reader())
            expect(kit.get_by_role("button", name="Answer number 1")).to_be_visible(timeout=5000)
            kit.evaluate("scrollTo(0, 0)")
            kit.screenshot(path=folder / "chat-board.png")
            expect(first.locator(".chat .adviser")).to_be_visible(timeout=5000)
            first.locator("main h1").scroll_into_view_if_needed()
            first.evaluate("document.querySelector('main h1').scrollIntoView()")
            first.screenshot(path=folder / "chat-phone.png")
        finally:
            office.close()
            places.close()
    for file in sorted(folder.glob("chat-*.png")):
        print(f"{file.name}  {file.stat().st_size // 1000} kB")


def _answered(office: ChatOffice, kit: Page, words: str) -> Page:
    reader = begin(office, office.reader(width=375))
    say(reader, "Your message", words)
    kit.get_by_role("button", name="Answer number 1").click()
    expect(kit.locator("[data-chat]:last-child textarea[name=message]")).to_be_focused()
    return reader


def _answer(kit: Page, number: int, words: str) -> None:
    column = kit.locator("[data-chat]").nth(number)
    column.get_by_label("Your answer").fill(words)
    column.get_by_role("button", name="Send").click()
    expect(column.locator(".talk .adviser")).to_contain_text(words, timeout=5000)
