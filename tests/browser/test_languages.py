"""Languages that are written from the right: a number stands there as it is dialled, on the screen and for who listens."""

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page

from sidedoor.chat.store import open_store
from tests.server import RunningSite

PAGES_ALONE = True  # chromium.py

PLACES = ("", "/contacts", "/help/get-help-now", "/safer-browsing", "/feedback", "/chat", "/nope")
# Each number of two figures or more whose figures do not stand from left to right, line by line; and how many there are.
OUT_OF_ORDER = r"""() => {
  for (const details of document.querySelectorAll("details")) details.open = true;
  const [found, seen, walker] = [[], [], document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)];
  for (let node = walker.nextNode(); node; node = walker.nextNode())
    for (const { 0: number, index } of node.data.matchAll(/[+(]?\p{Nd}(?:[ ():.\/-]{0,2}\p{Nd})+/gu)) {
      const places = [...number].map((figure, at) => {
        const range = document.createRange();
        range.setStart(node, index + at);
        range.setEnd(node, index + at + 1);
        return /\p{Nd}/u.test(figure) ? range.getClientRects()[0] : undefined;
      }).filter((place) => place?.width);
      if (places.length < 2) continue;
      seen.push(number);
      const ordered = places.every((place, at) => !at || place.left > places[at - 1].left || place.top > places[at - 1].bottom - 1);
      if (!ordered) found.push(`${number} in ${node.parentElement.outerHTML.slice(0, 200)}`);
    }
  return { found, seen };
}"""


def numbers_shown(page: Page) -> list[str]:
    """The numbers on a page, all of them as they are dialled."""
    told = page.evaluate(OUT_OF_ORDER)
    assert told["found"] == [], page.url
    return list(told["seen"])


def numbers_heard(page: Page) -> list[tuple[str, str]]:
    """What each link that calls dials, and the figures of its name in the accessibility tree."""
    nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    links = [node for node in nodes if node.get("role", {}).get("value") == "link"]
    told = [
        ({one["name"]: one["value"].get("value") for one in link["properties"]}, link["name"]["value"])
        for link in links
    ]
    calls = [(known["url"].removeprefix("tel:"), name) for known, name in told if known["url"].startswith("tel:")]
    return [(dialled, re.sub(r"\D", "", name)) for dialled, name in calls]


def texts_heard(page: Page) -> list[str]:
    """The running text, piece by piece, as the accessibility tree has it."""
    nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    return [node["name"]["value"] for node in nodes if node.get("role", {}).get("value") == "StaticText"]


@pytest.mark.parametrize("language", ["ur", "ar", "fa"])
def test_numbers_stand_and_are_heard_as_they_are_dialled(browser: Browser, site: RunningSite, language: str) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 640})
    seen = {}
    for place in PLACES:
        page.goto(f"{site.url}/{language}{place}")
        assert page.evaluate("document.documentElement.dir") == "rtl"
        seen[place] = numbers_shown(page)
        heard_whole = texts_heard(page)
        assert [one for one in seen[place] if not any(one in text for text in heard_whole)] == []
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
def test_numbers_in_a_chat_stand_as_they_are_dialled(browser: Browser, site: RunningSite, scripts: bool) -> None:
    store, now = open_store("sqlite:", site.data), datetime.now(UTC)
    store.set_presence(1, "Kit", True, now)
    page = browser.new_page(viewport={"width": 320, "height": 640}, java_script_enabled=scripts)
    page.goto(f"{site.url}/ur/chat")
    page.click("form[action='/ur/chat/start'] button")
    page.wait_for_selector("[data-chat-words]", state="attached")
    (waiting,) = [one for one in store.live(now) if one.state == "waiting"]
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
