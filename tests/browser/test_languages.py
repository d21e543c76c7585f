"""Languages written from right to left: numbers read as they are dialled, on the screen and in a screen reader."""

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page

from sidedoor.chat.store import open_store
from tests.server import RunningSite

PAGES_ALONE = True  # chromium.py

PLACES = ("", "/contacts", "/help/get-help-now", "/safer-browsing", "/feedback", "/chat", "/nope")
# Finds each number of two or more digits whose digits do not run from left to right, line by line; also all numbers seen.
OUT_OF_ORDER = r"""() => {
  for (const details of document.querySelectorAll("details")) details.open = true;
  const [wrong, seen, walker] = [[], [], document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)];
  for (let node = walker.nextNode(); node; node = walker.nextNode())
    for (const { 0: number, index } of node.data.matchAll(/[+(]?\p{Nd}(?:[ ():.\/-]{0,2}\p{Nd})+/gu)) {
      const places = [...number].map((digit, at) => {
        const range = document.createRange();
        range.setStart(node, index + at);
        range.setEnd(node, index + at + 1);
        return /\p{Nd}/u.test(digit) ? range.getClientRects()[0] : undefined;
      }).filter((place) => place?.width);
      if (places.length < 2) continue;
      seen.push(number);
      const ordered = places.every((place, at) => !at || place.left > places[at - 1].left || place.top > places[at - 1].bottom - 1);
      if (!ordered) wrong.push(`${number} in ${node.parentElement.outerHTML.slice(0, 200)}`);
    }
  return { wrong, seen };
}"""


def numbers_shown(page: Page) -> list[str]:
    """The numbers on a page, after a check that each reads as it is dialled."""
    numbers = page.evaluate(OUT_OF_ORDER)
    assert numbers["wrong"] == [], page.url
    return list(numbers["seen"])


def numbers_heard(page: Page) -> list[tuple[str, str]]:
    """For each link that calls, the number it dials and the digits of its name in the accessibility tree."""
    nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    links = [node for node in nodes if node.get("role", {}).get("value") == "link"]
    named = [
        ({item["name"]: item["value"].get("value") for item in link["properties"]}, link["name"]["value"])
        for link in links
    ]
    calls = [(facts["url"].removeprefix("tel:"), name) for facts, name in named if facts["url"].startswith("tel:")]
    return [(dialled, re.sub(r"\D", "", name)) for dialled, name in calls]


def texts_heard(page: Page) -> list[str]:
    """The pieces of running text in the accessibility tree."""
    nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    return [node["name"]["value"] for node in nodes if node.get("role", {}).get("value") == "StaticText"]


@pytest.mark.parametrize("language", ["ur", "ar", "fa"])
def test_numbers_are_shown_and_read_out_as_they_are_dialled(browser: Browser, site: RunningSite, language: str) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 640})
    seen = {}
    for place in PLACES:
        page.goto(f"{site.url}/{language}{place}")
        assert page.evaluate("document.documentElement.dir") == "rtl"
        seen[place] = numbers_shown(page)
        heard_whole = texts_heard(page)
        assert [number for number in seen[place] if not any(number in text for text in heard_whole)] == []
        if place in ("/contacts", "/help/get-help-now"):
            heard = numbers_heard(page)
            assert len(heard) > 7
            assert [dialled for dialled, name in heard if dialled not in name] == []
    assert len(seen["/contacts"]) > 60
    assert "0808 2000 247" in seen["/help/get-help-now"]
    page.goto(f"{site.url}/{language}/search")
    page.fill("#query", "0808 2000 247")
    page.press("#query", "Enter")
    page.wait_for_selector("main h2")
    numbers_shown(page)
    page.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_numbers_in_a_chat_are_shown_as_they_are_dialled(browser: Browser, site: RunningSite, scripts: bool) -> None:
    store, now = open_store("sqlite:", site.data), datetime.now(UTC)
    store.set_presence(1, "Kit", True, now)
    page = browser.new_page(viewport={"width": 320, "height": 640}, java_script_enabled=scripts)
    page.goto(f"{site.url}/ur/chat")
    page.click("form[action='/ur/chat/start'] button")
    page.wait_for_selector("[data-chat-words]", state="attached")
    (waiting,) = [chat for chat in store.live(now) if chat.state == "waiting"]
    store.end_pause(1)
    store.accept(waiting.id, 1, "Kit", now)
    store.say(waiting.id, "reader", "میرا نمبر 07700 900 123 ہے", now)
    store.say(waiting.id, "adviser", "0808 2000 247 پر فون کریں، یا 116 123 پر۔", now)
    if not scripts:
        page.reload()
    page.wait_for_selector(".chat .adviser")
    assert {"07700 900 123", "0808 2000 247", "116 123"} <= set(numbers_shown(page))
    store.end(waiting.id, "adviser", now)
    page.close()
