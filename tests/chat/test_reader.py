"""What the chat tells its reader: before it starts, on every other page, during it and after it.

Tests public/chat/; why it is here, tests/chat/__init__.py says.
"""

import html
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from sidedoor.chat.hours import closed_days, week
from sidedoor.chat.model import StoreDown
from sidedoor.chat.rules import with_noise
from sidedoor.chat.store import ChatStore
from sidedoor.documents.site import Chat
from tests.chat.test_chat import CHAT, LONDON, desk, kit, start, store
from tests.chat.test_hidden_first import talk
from tests.conftest import Refresh, SetClock
from tests.content import SITE, ContentFolder

__all__ = ["desk", "kit", "store"]
WITH_LINKS = (
    "Read /help/money, or http://localhost/help/money?x and http://localhost/help/money. Call 999 or 0808 2000 247. Not"
    " /help/nowhere, not 2026-11-24 nor 10:30. See https://other.example/a?b=c."
)


def the_chat(store: ChatStore, clock: SetClock) -> int:
    (conversation,) = store.live(clock())
    return conversation.id


def test_pages_and_numbers_that_an_adviser_names_are_links_and_other_sites_are_shown_whole_with_a_warning(
    app: Flask, store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    reader = talk(app, kit, store, clock)
    store.say(the_chat(store, clock), "adviser", WITH_LINKS, clock())
    reader.post("/chat/say", data={"message": "I call 999 from /help/money"})
    *_, by_adviser, by_reader = re.findall(
        r'<li class="(?:adviser|reader)".*?</li>', reader.get("/chat").text, re.DOTALL
    )
    links = re.findall(r'<a href="([^"]+)"', by_adviser)
    assert links == ["/help/money", "/help/money", "tel:999", "tel:08082000247", "https://other.example/a?b=c"]
    assert "<details><summary>https://other.example/a?b=c</summary>" in by_adviser
    assert 'rel="noreferrer nofollow"' in by_adviser
    shown = re.sub(r"<i>.*?</i>|<b>.*?</b>|<[^>]+>", "", by_adviser, flags=re.DOTALL)
    assert html.unescape(shown).strip() == WITH_LINKS, "no word is changed"
    assert "href" not in by_reader, "what a reader writes is no link"
    (message,) = reader.get("/chat/messages?after=2").get_json()["messages"][:1]
    assert [part[1] for part in message["parts"] if part[1]] == links
    assert "".join(part[0] for part in message["parts"]) == message["text"] == WITH_LINKS


def test_a_page_that_an_adviser_names_opens_in_the_readers_language(
    app: Flask, store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    reader = talk(app, kit, store, clock)
    text = "Read /help/money, http://localhost/contacts or /cy/help/money. Call 999."
    store.say(the_chat(store, clock), "adviser", text, clock())
    links = ["/cy/help/money", "/cy/contacts", "/cy/help/money", "tel:999"]
    *_, by_adviser = re.findall(r'<li class="adviser".*?</li>', reader.get("/cy/chat").text, re.DOTALL)
    assert re.findall(r'<a href="([^"]+)"', by_adviser) == links
    (message,) = reader.get("/cy/chat/messages?after=2").get_json()["messages"]
    assert [part[1] for part in message["parts"] if part[1]] == links
    assert "".join(part[0] for part in message["parts"]) == text, "no word is changed"
    assert 'href="/cy/contacts">http://localhost/contacts' in reader.post("/cy/chat/end").text


def test_every_page_shows_the_state_of_the_chat_and_how_many_replies_are_new(
    app: Flask, store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    reader = start(app)

    def status(path: str = "/help/money") -> str:
        (line,) = re.findall(r'<div id="chat-news"[^>]*><span role="status">(.*?)</span>', reader.get(path).text)
        return html.unescape(line)

    assert status() == "You wait in the chat. Your place is kept."
    number = the_chat(store, clock)
    kit.get("/chats")
    kit.post(f"/chats/{number}/accept")
    assert status() == "An adviser is with you."
    for text in ("One", "Two"):
        kit.post(f"/chats/{number}/say", data={"message": text})
    assert status() == "2 new replies in your chat."
    assert status("/chat") == "", "the chat itself has its own line"
    page = reader.get("/chat").text
    assert re.findall(r'id="said-(\d)" data-number="\d" tabindex="-1" data-new', page) == ["1"], (
        "the page opens at the first"
    )
    news = reader.get("/chat/messages?after=2&shown=1").get_json()
    assert (news["bar"], news["first"], news["messages"]) == ("1 new reply in your chat.", 2, [])
    assert status() == "1 new reply in your chat."
    reader.get("/chat/messages?after=2&shown=2")
    assert status() == "An adviser is with you."
    clock.forward(minutes=11)
    kit.get("/chats")
    assert status() == "Are you still there? Your chat ends by itself in a few minutes."
    clock.forward(seconds=100)
    reader.post("/chat/here")
    assert status() == "Your adviser's connection is lost just now. Your chat is kept."
    kit.get("/chats/now")
    assert status() == "An adviser is with you."
    assert reader.get("/chat/messages?after=2&was=adviser gone").get_json()["bar"] == "The adviser is back."
    stranger = app.test_client()
    assert 'id="chat-news"><span role="status"></span>' in stranger.get("/help/money").text


def test_a_page_is_shown_even_when_the_chats_store_fails(
    app: Flask, store: ChatStore, kit: FlaskClient, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = start(app)

    def down(*_: object, **__: object) -> None:
        raise StoreDown("away")

    monkeypatch.setattr(store, "find", down)
    answer = reader.get("/help/money")
    assert answer.status_code == 200
    assert 'id="chat-news" data-script="/chat.js"><span role="status"></span>' in answer.text


def test_unsent_words_are_there_after_a_reload_no_adviser_reads_them_and_the_end_deletes_them(
    app: Flask, store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    reader = talk(app, kit, store, clock)
    number = the_chat(store, clock)
    reader.post("/chat/draft", data={"message": "zqhalf a"})
    assert ">zqhalf a</textarea>" in reader.get("/chat").text
    assert reader.get("/chat/messages?draft").get_json()["draft"] == "zqhalf a"
    assert "draft" not in reader.get("/chat/messages").get_json(), "only a page that asks for it gets it"
    for address in ("/chats", f"/chats/{number}", "/chats/now", "/chats/now?after=1:0"):
        assert "zqhalf" not in kit.get(address).text
    reader.post("/chat/say", data={"message": "zqhalf a sentence"})
    assert "zqhalf a</textarea>" not in reader.get("/chat").text, "once sent, it is no longer a draft"
    reader.post("/chat/draft", data={"message": "zqagain"})
    reader.post("/chat/end")
    assert store.kept(number, "draft") == ""
    reader.post("/chat/draft", data={"message": "zqlate"})
    assert "zqlate" not in reader.get("/chat").text


def test_a_long_text_arrives_whole_or_is_given_back_whole(
    app: Flask, store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    reader = talk(app, kit, store, clock)
    number = the_chat(store, clock)
    note = ("He rang again. شب بخیر " * 500)[:10_000].strip()
    assert reader.post("/chat/say", data={"message": note}).status_code == 303
    assert store.messages(number)[-1].text == note
    assert note in kit.get("/chats").text
    longer = "x" * 10_001
    answer = reader.post("/chat/say", data={"message": longer})
    assert (answer.status_code, f">{longer}</textarea>" in answer.text) == (422, True)
    assert "Please send it in parts." in answer.text
    assert kit.post(f"/chats/{number}/say", data={"message": note}).status_code == 303
    assert f">{longer}</textarea>" in kit.post(f"/chats/{number}/say", data={"message": longer}).text


def test_times_are_told_by_the_servers_clock(app: Flask, store: ChatStore, kit: FlaskClient, clock: SetClock) -> None:
    reader = talk(app, kit, store, clock)
    assert reader.get("/chat").text.count(">just now</time>") == 2
    clock.forward(seconds=61)
    assert reader.get("/chat").text.count(">1 minute ago</time>") == 2
    news = reader.get("/chat/messages?after=0").get_json()
    assert [news["now"] - message["at"] for message in news["messages"]] == [61, 61]


def test_after_a_chat_the_page_lists_what_was_named_asks_how_it_was_and_offers_to_start_again(
    app: Flask, store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    reader = talk(app, kit, store, clock)
    store.say(the_chat(store, clock), "adviser", WITH_LINKS, clock())
    page = reader.post("/chat/end").text
    (named,) = re.findall(r"<div data-chat-named>.*?</div>", page, re.DOTALL)
    assert re.findall(r'href="([^"]+)"', named) == ["/help/money", "tel:999", "tel:08082000247"]
    assert '<a href="/chat">Start again</a>' in page
    (ticket,) = re.findall(r'name="ticket" value="([0-9a-f]{64})"', page)
    assert "data-chat-how>" in page
    for _ in range(3):
        assert reader.post("/chat/how", data={"ticket": ticket, "how": "helped"}).status_code == 200
    reader.post("/chat/how", data={"ticket": ticket, "how": "zqwords"})
    counted = [(event, number) for _, event, number in store.counts() if event.startswith("how")]
    assert [number for _, number in counted] == [1]
    assert (
        "help/money"
        not in reader.get("/chat/wait", follow_redirects=True).text.partition("<main")[2].partition("</main")[0]
    )
    unanswered = start(app)
    assert "data-chat-how hidden" in unanswered.post("/chat/end").text, "a reader who was not answered is not asked"


def test_how_it_was_is_counted_with_noise_that_leaves_the_totals_true() -> None:
    answers = [with_noise("helped") for _ in range(3000)]
    assert 2350 < answers.count("helped") < 2650, "three in four, and a third of the rest"
    assert answers.count("partly") > 150
    assert answers.count("not") > 150


HOURS = """
[[chat.holidays]]
day = "2026-12-01"
name = { en = "A day off", cy = "Diwrnod i ffwrdd" }
"""


def test_before_start_the_page_says_when_the_chat_is_open_who_is_there_and_how_long_others_waited(
    app: Flask, content: ContentFolder, refresh: Refresh, store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    content.write("site.toml", SITE + CHAT + HOURS)
    refresh()
    text = html.unescape(re.sub(r"<[^>]+>", " ", app.test_client().get("/chat").text))
    assert re.search(r"Tuesday\s+10:00 – 13:00, 18:00 – 20:00\s+Wednesday\s+10:00 – 13:00", text)
    assert re.search(r"Sunday\s+closed", text)
    assert re.search(r"Closed on:\s+1 December 2026 \(A day off\)", text)
    assert "Advisers who are here now write:" not in text
    kit.post("/chats/present", data={"present": "yes", "languages": ["en", "cy"]})
    reader = start(app)
    clock.forward(seconds=50)
    store.accept(the_chat(store, clock), 1, "Kit Adviser", clock())
    text = html.unescape(re.sub(r"<[^>]+>", " ", app.test_client().get("/chat").text))
    assert re.search(r"Advisers who are here now write:\s+English, Cymraeg", text)
    assert "People waited about 1 minute today." in text
    reader.post("/chat/end")


def test_an_adviser_who_is_present_can_tell_readers_other_languages(
    app: Flask, content: ContentFolder, refresh: Refresh, store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    content.write("site.toml", SITE + CHAT + HOURS)
    refresh()
    shown = re.search(r"<p [^>]*data-here.*?</p>", kit.get("/chats").text, re.S)
    assert shown
    assert '<button class="second" name="present" value="yes">Tell readers these languages</button>' in shown[0]
    form = {"present": "yes", "languages": ["cy"]}
    answer = kit.post("/chats/present", data=form, headers={"Accept": "application/json"}).get_json()
    assert answer["said"] == "Readers are told that you write: Welsh (Cymraeg)."
    text = html.unescape(re.sub(r"<[^>]+>", " ", app.test_client().get("/chat").text))
    assert re.search(r"Advisers who are here now write:\s+Cymraeg", text)
    answer = kit.post("/chats/present", data={"present": "yes"}, headers={"Accept": "application/json"}).get_json()
    assert answer["said"] == "Readers are told no languages of yours."
    assert "Advisers who are here now write:" not in app.test_client().get("/chat").text


def test_the_week_joins_hours_that_touch_and_names_the_days_that_are_closed() -> None:
    chat = Chat.model_validate({
        "answered_by": "us", "confidential": "yes", "closed_on": ["2026-11-25", "2026-11-28"],
        "holidays": [{"day": "2026-12-25", "name": "Christmas Day"}],
        "open": [{"days": ["mon", "wed", "fri"], "from": "10:00", "until": "12:00"}, {"days": ["mon"], "from": "12:00", "until": "14:00"}],
    })  # fmt: skip
    days = dict(week(chat))
    assert (days[0], days[1], days[2]) == ([(600, 840)], [], [(600, 720)])
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert closed_days(chat, LONDON, now) == [date(2026, 11, 25)], "a Saturday has no hours to lose"
    assert closed_days(chat, LONDON, now + timedelta(days=10)) == [date(2026, 12, 25)]


def test_the_page_of_a_closed_chat_knows_when_it_opens_and_can_say_so_by_itself(
    app: Flask, store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    clock.now = datetime(2026, 11, 24, 13, 0, 30, tzinfo=UTC)
    reader = app.test_client()
    page = reader.get("/chat").text
    opens_in = int(re.findall(r'data-chat-closed="(\d+)"', page)[0])
    assert timedelta(seconds=opens_in) == timedelta(hours=4, minutes=59, seconds=31)
    assert "<div data-chat-offer hidden>" in page
    assert f'<noscript><meta http-equiv="refresh" content="{opens_in}; url=/chat">' in page
    assert reader.get("/chat/open").get_json() == {"open": False, "in": opens_in}
    clock.forward(seconds=opens_in)
    store.set_presence(1, "Kit Adviser", True, clock())
    assert reader.get("/chat/open").get_json() == {"open": True, "in": 0}
    assert reader.get_cookie("chat") is None


def test_a_start_that_is_refused_is_counted_with_its_reason(app: Flask, store: ChatStore, kit: FlaskClient) -> None:
    for _ in range(3):
        start(app)
    assert app.test_client().post("/chat/start").status_code == 503
    assert ("refused: full", 1) in {(event, number) for _, event, number in store.counts()}
