"""The chat as a reader, an adviser and a stranger see it: open when it says so, private, and gone when it is over.

Tests public/chat/ and desk/chats together; why they are here, tests/chat/__init__.py says.
"""

import re
import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import brotli
import pytest
from flask import Flask
from flask.testing import FlaskClient

from sidedoor.chat.hours import is_open, next_opening, open_until
from sidedoor.chat.networks import networks
from sidedoor.chat.store import ChatStore
from sidedoor.desk import create_app as create_desk
from sidedoor.documents.site import Chat
from sidedoor.public import create_app
from sidedoor.public.export import write_mirror
from sidedoor.settings import Settings
from tests.conftest import Refresh, SetClock
from tests.content import SITE, ContentFolder
from tests.desk.conftest import DeskClient, learn_the_token

CHAT = """
[chat]
answered_by = "people who are trained for this."
confidential = "What you write stays between us, unless somebody is in danger."
closed_on = ["2026-12-25"]
most_waiting = 3
[[chat.open]]
days = ["mon", "tue", "wed", "thu", "fri"]
from = "10:00"
until = "13:00"
[[chat.open]]
days = ["tue"]
from = "18:00"
until = "20:00"
"""
PRESSED = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
"""What a browser sends when somebody presses a link of this site."""
LONDON = ZoneInfo("Europe/London")


@pytest.fixture
def store(app: Flask, content: ContentFolder, refresh: Refresh) -> ChatStore:
    """The store of a site that has a chat."""
    content.write("site.toml", SITE + CHAT)
    refresh()
    chat_store: ChatStore = app.extensions["site"].chats
    return chat_store


@pytest.fixture
def desk(content: ContentFolder, app: Flask, store: ChatStore, clock: SetClock) -> Iterator[Flask]:
    """The desk beside that site."""
    desk = create_desk(Settings(content=content.path, data=app.config["DATA"]), clock)
    desk.test_client_class = DeskClient
    yield desk
    desk.extensions["desk"].live.close()


def adviser(desk: Flask, name: str, clock: SetClock, role: str = "adviser") -> FlaskClient:
    """An adviser, or a supervisor, signed in."""
    person = desk.extensions["desk"].staff.named(name) or desk.extensions["desk"].staff.add(name, [role])
    client = desk.test_client()
    with client.session_transaction() as session:
        session["token"] = desk.extensions["desk"].sessions.start(person, "", clock())
    learn_the_token(client)
    return client


@pytest.fixture
def kit(desk: Flask, clock: SetClock) -> FlaskClient:
    """An adviser who is present."""
    client = adviser(desk, "Kit Adviser", clock)
    client.post("/chats/present", data={"present": "yes"})
    return client


def chat() -> Chat:
    return Chat.model_validate(
        {"answered_by": "us", "confidential": "yes", "closed_on": ["2026-12-25"],
         "open": [{"days": ["sun", "mon", "fri"], "from": "00:30", "until": "02:30"}, {"days": ["mon"], "from": "18:00", "until": "20:00"}]}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-23T18:00", True), ("2026-11-23T19:59:59", True), ("2026-11-23T20:00", False), ("2026-11-24T18:30", False),
        ("2026-12-25T01:00", False),  # a holiday
        ("2027-03-28T00:59", True), ("2027-03-28T01:29", True), ("2027-03-28T01:31", False),  # 02:29 and 02:31 in London
        ("2026-10-25T00:30", True), ("2026-10-25T01:30", True), ("2026-10-25T02:30", False),  # 01:30 comes twice
    ],
)  # fmt: skip
def test_opening_hours_are_wall_times_whatever_the_clocks_do(moment: str, expected: bool) -> None:
    assert is_open(chat(), LONDON, datetime.fromisoformat(moment).replace(tzinfo=UTC)) is expected


def test_the_next_opening_skips_holidays() -> None:
    after = next_opening(chat(), LONDON, datetime(2026, 12, 24, 12, tzinfo=UTC))
    assert after == datetime(2026, 12, 27, 0, 30, tzinfo=LONDON)


def test_without_a_chat_in_site_toml_there_is_none(client: FlaskClient) -> None:
    assert client.get("/chat").status_code == 404
    assert "/chat" not in client.get("/").get_data(as_text=True)


def test_the_chat_is_open_only_in_its_hours_and_while_an_adviser_is_present(
    store: ChatStore, client: FlaskClient, kit: FlaskClient, clock: SetClock
) -> None:
    page = client.get("/chat")
    assert "It is safe. Start" in page.get_data(as_text=True)
    assert "Set-Cookie" not in page.headers
    assert 'href="/chat"' in client.get("/help/money").get_data(as_text=True)
    clock.forward(minutes=4)
    kit.get("/chats")  # the heartbeat
    clock.forward(seconds=79)
    assert "It is safe. Start" in client.get("/chat").get_data(as_text=True)
    clock.forward(seconds=1)
    closed = client.get("/chat").get_data(as_text=True)
    assert "Nobody can answer here just now." in closed
    assert "We are open until 13:00." in closed
    assert "Next opening" not in closed, "inside the hours, the next ones are not what comes next"
    assert 'href="/contacts"' in closed
    assert client.post("/chat/start").location == "/chat"
    assert client.get_cookie("chat") is None
    clock.forward(hours=1)
    assert "24 November 2026, 18:00" in client.get("/chat").get_data(as_text=True)


def test_an_adviser_who_is_present_outside_the_hours_sees_that_readers_find_the_chat_closed(
    store: ChatStore, client: FlaskClient, kit: FlaskClient, clock: SetClock
) -> None:
    assert kit.get("/chats/now").get_json()["hours"] == ""
    clock.forward(hours=1)
    says = "These are not its opening hours: the chat is closed to new readers, whoever is present."
    hours = kit.get("/chats/now").get_json()["hours"]
    assert hours == f"{says} It opens on Tuesday 24 November 2026, 18:00 GMT."
    assert hours in kit.get("/chats").text
    assert "Nobody can answer here just now." in client.get("/chat").text


def test_before_start_the_page_says_who_reads_the_chat(
    store: ChatStore, content: ContentFolder, client: FlaskClient, kit: FlaskClient, refresh: Refresh
) -> None:
    content.write("site.toml", 'must_act = "It must act on some things."\n' + SITE + CHAT)
    refresh()
    page = client.get("/chat").get_data(as_text=True)
    before = page[page.index("<main") : page.index("It is safe. Start")]
    assert "Test Constabulary" in before
    assert "It must act on some things." in before


def start(app: Flask) -> FlaskClient:
    reader = app.test_client()
    answer = reader.post("/chat/start", headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 303
    cookie = reader.get_cookie("chat")
    assert cookie
    assert cookie.http_only
    assert cookie.same_site == "Strict"
    assert not cookie.expires
    return reader


def test_a_reader_waits_is_answered_and_ends_the_chat(
    app: Flask, store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    first, second = start(app), start(app)
    assert "You are next." in first.get("/chat").get_data(as_text=True)
    assert "Still before you: 1." in second.get("/chat").get_data(as_text=True)
    first.post("/chat/say", data={"message": "Is <b>anybody</b> there?"})
    number = re.findall(r"/chats/(\d+)/accept", kit.get("/chats").get_data(as_text=True))[0]
    assert kit.post(f"/chats/{number}/accept").location == f"/chats/{number}"
    assert "Is &lt;b&gt;anybody&lt;/b&gt; there?" in kit.get(f"/chats/{number}").get_data(as_text=True)
    kit.post(f"/chats/{number}/say", data={"message": "I am here."})
    news = first.get("/chat/messages?after=1").get_json()
    assert [message["text"] for message in news["messages"]] == ["I am here."]
    assert news["status"] == "An adviser is with you."
    assert "I am here." in first.get("/chat").get_data(as_text=True)
    assert "You are next." in second.get("/chat").get_data(as_text=True)
    over = first.post("/chat/end")
    assert "Every word of it is deleted." in over.get_data(as_text=True)
    assert first.get_cookie("chat") is None
    assert "The reader ended it." in kit.get(f"/chats/{number}").get_data(as_text=True)
    assert "I am here." not in kit.get(f"/chats/{number}").get_data(as_text=True)
    # Back shows the page before a chat, not the chat.
    assert "I am here." not in first.get("/chat").get_data(as_text=True)


@pytest.mark.parametrize("way", ["beacon", "link"])
def test_hiding_ends_the_chat_at_once_and_the_adviser_is_told_not_to_contact_the_reader(
    app: Flask, store: ChatStore, kit: FlaskClient, way: str
) -> None:
    reader = start(app)
    reader.post("/chat/say", data={"message": "zqsecret"})
    (number,) = re.findall(r"/chats/(\d+)/accept", kit.get("/chats").get_data(as_text=True))
    kit.post(f"/chats/{number}/accept")
    assert 'href="/chat/hide"' in reader.get("/chat").get_data(as_text=True), "without scripts the link itself ends it"
    answer = reader.post("/chat/hide") if way == "beacon" else reader.get("/chat/hide", headers=PRESSED)
    assert way == "beacon" or answer.location == "https://weather.example/"
    page = kit.get(f"/chats/{number}").get_data(as_text=True)
    assert "left in a hurry. Do not" in page
    assert "zqsecret" not in page
    assert "zqsecret" not in reader.get("/chat").get_data(as_text=True)
    assert reader.get("/chat/messages").get_json() == {"state": "ended", "over": "", "bar": "The chat is over."}
    assert reader.get_cookie("chat") is None


def test_a_quiet_reader_is_asked_and_then_the_chat_is_over(
    app: Flask, store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    reader = start(app)
    (number,) = re.findall(r"/chats/(\d+)/accept", kit.get("/chats").get_data(as_text=True))
    kit.post(f"/chats/{number}/accept")
    clock.forward(minutes=9, seconds=59)
    assert reader.get("/chat/messages").get_json()["there"] is False
    clock.forward(seconds=1)
    assert reader.get("/chat/messages").get_json()["there"] is True
    clock.forward(minutes=5)
    assert "ended by itself" in reader.get("/chat").get_data(as_text=True)
    waiting = start_again(app, kit)
    for _ in range(4):
        clock.forward(minutes=10)
        kit.post("/chats/present", data={"present": "yes"})
        assert "You are next." in waiting.get("/chat").get_data(as_text=True), "a reader who looks in still waits"
        waiting.post("/chat/here")
    clock.forward(minutes=15)
    assert "Answer<" not in kit.get("/chats").get_data(as_text=True), "one who does not is gone"


def start_again(app: Flask, kit: FlaskClient) -> FlaskClient:
    kit.post("/chats/present", data={"present": "yes"})
    return start(app)


def test_nobody_reads_another_conversation(
    desk: Flask, app: Flask, store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    reader = start(app)
    (number,) = re.findall(r"/chats/(\d+)/accept", kit.get("/chats").get_data(as_text=True))
    kit.post(f"/chats/{number}/accept")
    lee = adviser(desk, "Lee Adviser", clock)
    assert lee.get(f"/chats/{number}").status_code == 403
    assert lee.post(f"/chats/{number}/say", data={"message": "x"}).status_code == 403
    assert lee.post(f"/chats/{number}/accept").location == "/chats"
    stranger = app.test_client()
    stranger.set_cookie("chat", "guessed")
    assert stranger.get("/chat/messages").get_json() == {"state": "ended", "over": "", "bar": "The chat is over."}
    assert "Check for replies" not in stranger.get("/chat").get_data(as_text=True)
    # After a hand-over it is the colleague's, and the reader is told.
    lee.post("/chats/present", data={"present": "yes"})
    person = desk.extensions["desk"].staff.named("Lee Adviser")
    assert kit.post(f"/chats/{number}/hand-over", data={"to": str(person.id)}).location == "/chats"
    assert kit.get(f"/chats/{number}").status_code == 403
    assert lee.get(f"/chats/{number}").status_code == 200
    assert "A colleague of mine goes on" in reader.get("/chat").get_data(as_text=True)


def test_requests_from_another_site_and_a_flood_are_refused(app: Flask, store: ChatStore, kit: FlaskClient) -> None:
    foreign = app.test_client()
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert foreign.post("/chat/start", headers=headers).status_code == 403
    assert foreign.post("/chat/start", data={"website": "https://spam.example"}).status_code == 303
    assert not store.live(app.extensions["clock"]())
    readers = [start(app) for _ in range(3)]
    full = app.test_client().post("/chat/start")
    assert full.status_code == 503
    assert "Many people are waiting" in full.get_data(as_text=True)
    assert 'href="/contacts"' in full.get_data(as_text=True)
    reader = readers[0]
    assert reader.post("/chat/say", data={"message": " "}).status_code == 422
    long = reader.post("/chat/say", data={"message": "zq" * 5001})
    assert long.status_code == 422
    assert "zqzq" in long.get_data(as_text=True), "what was typed is still there"
    answers = [reader.post("/chat/say", data={"message": f"{n}"}).status_code for n in range(21)]
    assert answers == [303] * 20 + [422]
    network = [path.read_bytes() for path in app.config["DATA"].glob("chat.sqlite3*")]
    assert not [raw for raw in network if b"127.0.0.1" in raw]


def test_a_message_sent_twice_by_mistake_is_stored_once(app: Flask, store: ChatStore, kit: FlaskClient) -> None:
    reader = start(app)
    sent = [
        reader.post("/chat/say", data={"message": "Hello", "once": "abc"}, headers={"Accept": "application/json"})
        for _ in range(2)
    ]
    assert [answer.get_json()["number"] for answer in sent] == [1, 1]


def test_not_a_byte_of_a_chat_stays_on_disk(
    app: Flask, store: ChatStore, kit: FlaskClient, clock: SetClock, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    reader = start(app)
    token = reader.get_cookie("chat")
    assert token
    (number,) = re.findall(r"/chats/(\d+)/accept", kit.get("/chats").get_data(as_text=True))
    kit.post(f"/chats/{number}/accept")
    for n in range(10):
        clock.forward(seconds=10)
        reader.post("/chat/say", data={"message": f"zqreader {n} " + "words " * 50})
        kit.post(f"/chats/{number}/say", data={"message": f"zqadviser {n}"})
    assert "zqreader 9" in kit.get(f"/chats/{number}").get_data(as_text=True)

    def stored() -> bytes:
        return b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())

    sealed = sealed_rows(app.config["DATA"])
    assert sealed
    assert not [word for word in (b"zqreader", b"zqadviser", token.value.encode()) if word in stored()], "sealed"
    reader.post("/chat/hide")
    left = stored()
    assert not [row for row in sealed if row[:40] in left], "neither words nor key, not even sealed"
    assert "zq" not in "".join(capfd.readouterr())
    counts = {(event, number) for _, event, number in store.counts()}
    assert counts == {
        ("started", 1), ("language: en", 1), ("answered", 1), ("answered within a minute", 1), ("minutes waited", 0),
        ("ended: hidden", 1),
    }  # fmt: skip
    assert {hour for hour, _, _ in store.counts()} == {"2026-11-24T12:00:00+00:00"}
    clock.forward(minutes=10)
    assert store.live(clock()) == []


def sealed_rows(data: Path) -> list[bytes]:
    database = sqlite3.connect(data / "chat.sqlite3")
    rows = database.execute("SELECT sealed FROM messages").fetchall()
    database.close()
    return [*(row[0] for row in rows), *(path.read_bytes() for path in data.glob("chat-*.key"))]


def test_a_mirror_says_where_the_chat_is(app: Flask, store: ChatStore, kit: FlaskClient, tmp_path: Path) -> None:
    write_mirror(app, tmp_path / "mirror", "https://www.example.org")
    page = (tmp_path / "mirror/chat.html").read_text("utf-8")
    assert 'href="https://www.example.org/chat"' in page
    assert "<form" not in page.partition("<main")[2].partition("</main>")[0].replace('<form method="dialog"', "")


def test_a_reader_is_told_how_long_others_waited_and_of_a_second_adviser(
    app: Flask, store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    first = start(app)
    assert "People waited" not in first.get("/chat").get_data(as_text=True), "no guess before anybody was answered"
    (number,) = re.findall(r"/chats/(\d+)/accept", kit.get("/chats").get_data(as_text=True))
    clock.forward(minutes=4)
    kit.post(f"/chats/{number}/accept")
    second = start(app)
    assert "People waited about 4 minutes" in second.get("/chat").get_data(as_text=True)
    assert "A second adviser" not in first.get("/chat").get_data(as_text=True)
    store.watch(int(number), "Sue", clock())
    assert "A second adviser reads along" in first.get("/chat").get_data(as_text=True)
    assert "A second adviser reads along" in first.get("/chat/messages").get_json()["status"]


def test_a_note_between_colleagues_never_reaches_the_reader(
    app: Flask, store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    reader = start(app)
    (conversation,) = store.live(clock())
    store.say(conversation.id, "note", "zqnote", clock())
    store.say(conversation.id, "adviser", "for the reader", clock())
    assert "zqnote" not in reader.get("/chat").get_data(as_text=True)
    assert [message["text"] for message in reader.get("/chat/messages").get_json()["messages"]] == ["for the reader"]


def test_while_nobody_can_answer_the_page_shows_the_numbers_to_call(
    content: ContentFolder, app: Flask, store: ChatStore, refresh: Refresh
) -> None:
    ids = list(refresh().contacts)
    content.write("site.toml", SITE + CHAT.replace("most_waiting", f'instead = ["{ids[0]}"]\nmost_waiting'))
    contact = refresh().contacts[ids[0]]
    page = app.test_client().get("/chat").get_data(as_text=True)
    assert contact.name in page
    assert f"{contact.phone}" in page
    assert 'href="/feedback"' in page


@pytest.mark.parametrize("path", ["/help/money", "/", "/nothing-here"])
def test_without_scripts_the_link_ends_the_chat_from_every_page_and_nobody_else_gets_that_page(
    app: Flask, store: ChatStore, kit: FlaskClient, path: str
) -> None:
    stranger, reader = app.test_client(), start(app)
    assert 'href="https://weather.example/"' in stranger.get(path).get_data(as_text=True)
    assert 'id="hide-this-page" href="/chat/hide"' in reader.get(path).get_data(as_text=True)
    assert 'id="hide-this-page" href="https://weather.example/"' in stranger.get(path).get_data(as_text=True)
    reader.get("/chat/hide", headers=PRESSED)
    assert 'id="hide-this-page" href="https://weather.example/"' in reader.get(path).get_data(as_text=True)


def test_when_the_store_fails_the_numbers_are_shown_typed_words_are_kept_and_hiding_still_leaves(
    app: Flask, store: ChatStore, kit: FlaskClient
) -> None:
    reader = start(app)
    for path in app.config["DATA"].glob("chat.sqlite3*"):
        path.write_bytes(b"not a database " * 400)
    answer = reader.post("/chat/say", data={"message": "zqtyped"})
    assert answer.status_code == 503
    assert "zqtyped" in answer.get_data(as_text=True)
    assert 'href="/contacts"' in answer.get_data(as_text=True)
    answer = reader.post("/chat/say", data={"message": "x"}, headers={"Accept": "application/json"})
    assert answer.get_json()["problem"].endswith("was not sent.")
    assert reader.get("/chat/hide", headers=PRESSED).location == "https://weather.example/"


def test_hours_are_optional_and_holidays_apply_without_them() -> None:
    always = Chat.model_validate({"answered_by": "us", "confidential": "yes", "closed_on": ["2026-12-25"]})
    assert is_open(always, LONDON, datetime(2026, 11, 24, 3, tzinfo=UTC))
    assert not is_open(always, LONDON, datetime(2026, 12, 25, 3, tzinfo=UTC))
    assert next_opening(always, LONDON, datetime(2026, 12, 25, 3, tzinfo=UTC)) is None


def test_behind_a_proxy_readers_are_told_apart_and_those_on_this_machine_are_not_counted(
    content: ContentFolder, tmp_path: Path, store: ChatStore, clock: SetClock
) -> None:
    behind = create_app(Settings(content=content.path, data=tmp_path / "behind", proxies=1), clock)
    behind.extensions["site"].chats.set_presence(7, "Kit", True, clock())
    content.write("site.toml", SITE + CHAT.replace("most_waiting = 3", "most_waiting = 30"))
    behind.extensions["live"].refresh()

    def begin(address: str) -> int:
        return behind.test_client().post("/chat/start", headers={"X-Forwarded-For": address}).status_code

    assert [begin("192.0.2.7") for _ in range(7)] == [303] * 6 + [429]
    assert begin("203.0.113.9, 192.0.2.8") == 303, "the proxy's own word counts, not what a reader claims"
    assert begin("192.0.2.8, 192.0.2.7") == 429
    assert [begin("127.0.0.1") for _ in range(8)] == [303] * 8
    stored = b"".join(path.read_bytes() for path in (tmp_path / "behind").rglob("*") if path.is_file())
    assert b"192.0.2" not in stored
    behind.extensions["live"].close()


def test_without_scripts_the_page_that_renews_itself_has_no_box_whose_words_would_be_lost(
    app: Flask, store: ChatStore, kit: FlaskClient
) -> None:
    reader = start(app)
    page = reader.get("/chat").get_data(as_text=True)
    assert "<textarea" in page
    assert 'http-equiv="refresh"' not in page
    assert reader.post("/chat/say", data={"message": "hello"}).location == "/chat/wait"
    page = reader.get("/chat/wait").get_data(as_text=True)
    assert "hello" in page
    assert 'http-equiv="refresh" content="10; url=/chat/wait"' in page
    assert "<textarea" not in page
    assert 'href="/chat#message"' in page
    assert app.test_client().get("/chat/wait").location == "/chat"


def number_of(kit: FlaskClient) -> int:
    """The number of the chat that has waited longest."""
    return int(re.findall(r"/chats/(\d+)/accept", kit.get("/chats").get_data(as_text=True))[0])


def once_of(page: str) -> str:
    match = re.search(r'name="once" value="([^"]+)"', page)
    assert match
    return match[1]


def test_two_requests_of_one_press_start_one_conversation_and_each_answer_brings_its_cookie(
    app: Flask, store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    once = once_of(app.test_client().get("/chat").get_data(as_text=True))
    first, second = app.test_client(), app.test_client()  # neither has a cookie yet: both are under way
    for reader in (first, second):
        assert reader.post("/chat/start", data={"once": once}).status_code == 303
    assert len(store.live(clock())) == 1
    cookies = [reader.get_cookie("chat") for reader in (first, second)]
    assert cookies[0]
    assert cookies[1]
    assert cookies[0].value == cookies[1].value != once
    assert once_of(app.test_client().get("/chat").get_data(as_text=True)) != once
    first.post("/chat/hide")
    late = app.test_client()
    assert late.post("/chat/start", data={"once": once}).location == "/chat"
    assert late.get_cookie("chat") is None, "a Start that comes in after Hide begins nothing"
    assert [conversation.state for conversation in store.live(clock())] == ["ended"]


def test_the_reader_is_told_when_the_advisers_desk_is_gone_and_when_it_is_back(
    app: Flask, store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    reader = start(app)
    number = number_of(kit)
    kit.post(f"/chats/{number}/accept")
    news = reader.get("/chat/messages").get_json()
    assert (news["status"], news["numbers"]) == ("An adviser is with you.", False)
    assert 'id="chat-numbers" hidden' in reader.get("/chat").get_data(as_text=True)
    clock.forward(seconds=80)
    news = reader.get("/chat/messages").get_json()
    assert news["status"].startswith("The adviser's connection is lost just now.")
    assert news["numbers"] is True
    for address in ("/chat", "/chat/wait"):
        page = reader.get(address).get_data(as_text=True)
        assert "connection is lost just now" in page
        assert 'id="chat-numbers">' in page
        assert 'href="/contacts"' in page.partition('id="chat-numbers"')[2]
    kit.get("/chats/now")
    assert reader.get("/chat/messages").get_json()["status"] == "An adviser is with you."


def test_a_reader_who_waits_is_told_at_once_when_nobody_is_present_or_the_hours_are_over_and_sees_the_numbers(
    app: Flask, content: ContentFolder, refresh: Refresh, store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    (name, *_) = refresh().contacts
    content.write("site.toml", SITE + CHAT.replace("most_waiting", f'instead = ["{name}"]\nmost_waiting'))
    contact = refresh().contacts[name]
    reader = start(app)

    def says(words: str, numbers: bool) -> None:
        news, page = reader.get("/chat/messages").get_json(), reader.get("/chat").get_data(as_text=True)
        assert news["status"].startswith(words)
        assert words in page
        assert news["numbers"] is numbers
        assert ('id="chat-numbers">' in page) is numbers
        assert contact.name in page.partition('id="chat-numbers"')[2]
        assert words in reader.get("/chat/wait").get_data(as_text=True)

    says("You are next.", False)
    kit.post("/chats/present", data={"present": "no"})
    says("No adviser is here just now", True)
    kit.post("/chats/present", data={"present": "yes"})
    says("You are next.", False)
    clock.forward(seconds=80)
    says("No adviser is here just now", True)
    kit.get("/chats/now")
    says("You are next.", False)
    while clock() < datetime(2026, 11, 24, 13, tzinfo=UTC):
        clock.forward(seconds=60)
        kit.get("/chats/now")
        reader.post("/chat/here")
    says("The chat has closed for now.", True)


def test_without_scripts_one_press_answers_are_you_still_there_and_no_word_is_lost(
    app: Flask, store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    reader = start(app)
    for minute in range(1, 21):
        clock.forward(minutes=1)
        there = reader.get("/chat/messages").get_json()["there"]
        assert there is (minute == 20)
    page = reader.get("/chat").get_data(as_text=True)
    assert 'id="chat-there" role="status">' in page
    assert 'form="chat-form" formaction="/chat/here"' in page
    answer = reader.post("/chat/here", data={"message": "half a sent", "once": once_of(page)})
    assert "half a sent</textarea>" in answer.get_data(as_text=True)
    assert reader.get("/chat/messages").get_json()["there"] is False
    clock.forward(minutes=14)
    reader.get("/chat/wait")
    clock.forward(minutes=10)
    page = reader.get("/chat/wait").get_data(as_text=True)
    assert 'name="waits" value="yes">I am still here</button>' in page
    assert reader.post("/chat/here", data={"waits": "yes"}).location == "/chat/wait"
    assert reader.get("/chat/here").location == "/chat"
    assert reader.post("/chat/here").status_code == 204, "chat.js says it with a beacon"
    for _ in range(3):
        clock.forward(minutes=10)
        news = reader.get("/chat/messages").get_json()
    assert (news["state"], news["over"]) == ("ended", "It was quiet for a while, so it ended by itself.")


def test_a_start_is_refused_with_the_true_reason_and_the_limit_is_a_setting(
    content: ContentFolder, tmp_path: Path, store: ChatStore, clock: SetClock
) -> None:
    behind = create_app(Settings(content=content.path, data=tmp_path / "behind", proxies=1), clock)
    proxied_store: ChatStore = behind.extensions["site"].chats
    proxied_store.set_presence(7, "Kit", True, clock())
    two = "most_from_one_network = 2\nmost_waiting = 3"
    content.write("site.toml", SITE + CHAT.replace("most_waiting = 3", two))
    behind.extensions["live"].refresh()

    def begin(address: str) -> tuple[int, str]:
        answer = behind.test_client().post("/chat/start", headers={"X-Forwarded-For": address})
        return answer.status_code, answer.get_data(as_text=True)

    for _ in range(4):
        assert begin("192.0.2.7")[0] == 303
        proxied_store.end(proxied_store.live(clock())[-1].id, "hidden", clock())
    assert [begin("192.0.2.7")[0] for _ in range(2)] == [303, 303]
    status, page = begin("192.0.2.7")
    assert (status, "Too many chats are open" in page, "Many people" in page) == (429, True, False)
    assert begin("192.0.2.8")[0] == 303
    status, page = begin("192.0.2.9")
    assert (status, "Many people are waiting" in page) == (503, True)
    blocked = proxied_store.live(clock())[-1]
    proxied_store.block(blocked.id, clock() + timedelta(hours=1), clock())
    status, page = begin("192.0.2.8")
    assert (status, "An adviser ended another chat" in page, 'href="/contacts"' in page) == (403, True, True)
    for conversation in proxied_store.live(clock()):
        proxied_store.end(conversation.id, "reader", clock())
    for _ in range(20 - 6):
        assert begin("192.0.2.7")[0] == 303
        proxied_store.end(proxied_store.live(clock())[-1].id, "hidden", clock())
    status, page = begin("192.0.2.7")
    assert (status, "in the last hour" in page, "Many people" in page, "Too many" in page) == (429, True, False, False)
    assert begin("192.0.2.10")[0] == 303, "another network begins as before"
    clock.forward(minutes=61)
    proxied_store.set_presence(7, "Kit", True, clock())
    assert begin("192.0.2.7")[0] == 303
    behind.extensions["live"].close()


def test_a_chat_whose_words_can_no_longer_be_read_ends_and_shows_the_numbers(
    app: Flask, store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    for way in ("page", "script", "say"):
        reader = start(app)
        if way != "say":
            reader.post("/chat/say", data={"message": "hello"})
        for key in app.config["DATA"].glob("chat-*.key"):
            key.write_bytes(bytes(range(32)) if way != "say" else b"short")
        match way:
            case "page":
                answer = reader.get("/chat")
                assert "Something went wrong on our side" in answer.get_data(as_text=True)
                assert 'href="/contacts"' in answer.get_data(as_text=True)
            case "script":
                answer = reader.get("/chat/messages")
                assert answer.get_json()["state"] == "ended"
                assert answer.get_json()["over"].startswith("Something went wrong on our side")
            case _:
                answer = reader.post("/chat/say", data={"message": "x"}, headers={"Accept": "application/json"})
                assert answer.status_code == 422
                assert answer.get_json()["problem"].startswith("Something went wrong on our side")
        assert reader.get_cookie("chat") is None
        assert "It is safe. Start" in reader.get("/chat").get_data(as_text=True)
    assert [conversation.reason for conversation in store.live(clock())] == ["broken"] * 3
    assert not list(app.config["DATA"].glob("chat-*.key"))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"), ("::ffff:192.0.2.7", "192.0.2.7"), ("192.0.2.7:5021", "192.0.2.7"),
        ("[::ffff:192.0.2.7]:5021", "192.0.2.7"), (" 192.0.2.7 ", "192.0.2.7"), ("64:ff9b::192.0.2.7", "192.0.2.7"),
        ("[2001:db8::1]:443", "2001:db8::"), ("[2001:db8::1]", "2001:db8::"), ("2001:db8::9%eth0", "2001:db8::"),
        ("[fe80::1%eth0]:443", "fe80::1"),
    ],
)  # fmt: skip
def test_an_address_is_one_network_however_it_is_written(written: str, expected: str) -> None:
    assert networks(written, (b"key",)) == networks(expected, (b"key",)) != ()


@pytest.mark.parametrize(
    "written",
    ["", "unix:", "127.0.0.1", "::1", "[::1]:80", "::ffff:127.0.0.1", "127.0.0.1:9", "unknown", "::", "300.1.1.1"],
)
def test_a_missing_address_and_this_machine_itself_are_no_network(written: str) -> None:
    assert networks(written, (b"key",)) == ()


def hours(*slots: tuple[str, str]) -> Chat:
    every = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    opens = [{"days": every, "from": start, "until": until} for start, until in slots]
    return Chat.model_validate({"answered_by": "us", "confidential": "yes", "open": opens})


def test_hours_across_midnight_have_no_gap_and_the_next_change_is_right() -> None:
    always = hours(("00:00", "24:00"))
    for moment in ("23:58", "23:59", "23:59:59.999", "00:00"):
        assert is_open(always, LONDON, datetime.fromisoformat(f"2026-11-24T{moment}+00:00"))
    assert open_until(always, LONDON, datetime(2026, 11, 24, 12, tzinfo=UTC)) is None, "no end is in sight"
    assert next_opening(always, LONDON, datetime(2026, 11, 24, 12, tzinfo=UTC)) is None
    day = hours(("10:00", "13:00"), ("13:00", "13:30"), ("14:00", "15:00"))
    eleven = datetime(2026, 11, 24, 11, tzinfo=LONDON)
    assert open_until(day, LONDON, eleven) == datetime(2026, 11, 24, 13, 30, tzinfo=LONDON), "slots that touch are one"
    assert next_opening(day, LONDON, eleven) == datetime(2026, 11, 24, 14, tzinfo=LONDON)
    night = hours(("22:00", "24:00"), ("00:00", "02:00"))
    assert open_until(night, LONDON, datetime(2026, 11, 24, 23, tzinfo=UTC)) == datetime(2026, 11, 25, 2, tzinfo=LONDON)


@pytest.mark.parametrize("evening", ["2026-10-24T18:00", "2027-03-27T18:00", "2026-12-24T18:00"])
@pytest.mark.parametrize(
    "slots",
    [
        [("22:00", "24:00"), ("00:00", "02:00")], [("18:00", "24:00"), ("00:00", "01:30")], [("00:30", "01:30")],
        [("01:00", "02:00")], [("01:15", "01:45")], [("01:30", "09:00")], [("00:00", "24:00")],
    ],
)  # fmt: skip
def test_what_is_said_of_the_next_change_comes_true_also_in_the_night_when_the_clocks_change(
    evening: str, slots: list[tuple[str, str]]
) -> None:
    chat = hours(*slots).model_copy(update={"closed_on": (date(2026, 12, 25),)})
    step = timedelta(minutes=15)
    moments = [datetime.fromisoformat(evening).replace(tzinfo=UTC) + number * step for number in range(4 * 44)]
    is_open_at = {moment: is_open(chat, LONDON, moment) for moment in moments}
    for moment, until_then in pairwise(moments):
        changes = is_open_at[moment] != is_open_at[until_then]
        said = open_until(chat, LONDON, moment) if is_open_at[moment] else next_opening(chat, LONDON, moment)
        in_utc = said and said.astimezone(UTC)  # Python never calls two times equal if one of them comes twice
        assert in_utc is None or in_utc > moment
        assert (in_utc == until_then) is changes, f"{moment.astimezone(LONDON)}: {said}"


def test_the_page_says_today_only_of_an_end_that_is_today_and_24_00_of_midnight(
    app: Flask, content: ContentFolder, refresh: Refresh, store: ChatStore, clock: SetClock
) -> None:
    days = '["mon", "tue", "wed", "thu", "fri", "sat", "sun"]'

    def said(moment: str, *slots: tuple[str, str], closed: str = "") -> str:
        text = "".join(f'[[chat.open]]\ndays = {days}\nfrom = "{a}"\nuntil = "{b}"\n' for a, b in slots)
        top = CHAT.partition("closed_on")[0]
        content.write("site.toml", f"{SITE}{top}closed_on = [{closed}]\n{text}")
        refresh()
        clock.now = datetime.fromisoformat(moment)
        store.set_presence(1, "Kit Adviser", True, clock())
        page = app.test_client().get("/chat").text
        assert "<div data-chat-offer>" in page
        return "".join(re.findall(r"<p>(Open until [^<]*)</p>", page))

    night = (("22:00", "24:00"), ("00:00", "02:00"))
    assert said("2026-11-24T22:30+00:00", *night) == "Open until 02:00."
    assert said("2026-11-25T00:30+00:00", *night) == "Open until 02:00 today."
    assert said("2026-11-24T22:30+00:00", ("20:00", "24:00")) == "Open until 24:00 today."
    always = ("00:00", "24:00")
    assert said("2026-12-20T12:00+00:00", always, closed='"2026-12-25"') == "", "in five days: no time alone says it"
    assert said("2026-12-23T23:30+00:00", always, closed='"2026-12-25"') == ""
    assert said("2026-12-24T12:00+00:00", always, closed='"2026-12-25"') == "Open until 24:00 today."
    assert said("2027-03-20T23:30+00:00", always) == "", (
        "no end is in sight, also in the weeks before the clocks change"
    )


def test_a_reader_who_looks_late_is_still_told_who_read_along_and_who_goes_on(
    app: Flask, desk: Flask, kit: FlaskClient, clock: SetClock
) -> None:
    reader = start(app)
    number = number_of(kit)
    kit.post(f"/chats/{number}/accept")
    sue, lee = adviser(desk, "Sue Supervisor", clock, "supervisor"), adviser(desk, "Lee Adviser", clock)
    assert sue.post(f"/chats/{number}/watch").location == f"/chats/{number}/watch"
    assert "Both are told that you read along." in sue.get(f"/chats/{number}/watch").get_data(as_text=True)
    lee.post("/chats/present", data={"present": "yes"})
    to = desk.extensions["desk"].staff.named("Lee Adviser").id
    assert kit.post(f"/chats/{number}/hand-over", data={"to": to, "note": "zqnote"}).status_code == 303
    clock.forward(seconds=60)
    news = reader.get("/chat/messages").get_json()
    assert "A second adviser" not in news["status"], "she does not read along just now"
    joined, handed = news["messages"]
    assert joined["text"] == "A second adviser reads along, to learn or to help."
    assert handed["text"].startswith("A colleague of mine goes on from here.")
    page = reader.get("/chat").get_data(as_text=True)
    assert joined["text"] in page
    assert handed["text"] in page
    assert not [name for name in ("Sue", "Lee", "zqnote") if name in page], "no name of anybody"


def test_no_compressed_answer_holds_the_words_of_a_chat_beside_words_that_a_stranger_chose(
    store: ChatStore, client: FlaskClient, kit: FlaskClient
) -> None:
    """BREACH: see web/compression.py."""
    assert "SameSite=Strict" in client.post("/chat/start", headers=PRESSED).headers["Set-Cookie"]
    client.post("/chat/say", data={"message": "zqsecret"}, headers=PRESSED)
    compressed = {"Accept-Encoding": "br"}
    shown = client.get("/chat", headers=compressed)
    assert "zqsecret" in brotli.decompress(shown.data).decode(), "its own page is compressed, and holds the words"
    # A request that another site makes the browser send is answered without the chat's words and without those it sent.
    other = compressed | {"Sec-Fetch-Site": "cross-site"}
    for path in ("/chat/say", "/chat/here", "/search", "/feedback", "/contacts", "/chat/start"):
        fields = dict.fromkeys(("message", "query", "area", "once"), "zqchosen" * 9)
        refused = client.post(path, data=fields, headers=other)
        text = brotli.decompress(refused.data).decode()
        assert (refused.status_code, "zqchosen" in text, "zqsecret" in text) == (403, False, False), path
    # No page repeats words of its address.
    for path in ("/chat?x=zqchosen", "/zqchosen", "/help/money?zqchosen"):
        assert "zqchosen" not in brotli.decompress(client.get(path, headers=compressed).data).decode()
    # Only the chat's page holds its words, whatever this reader types on others.
    for path, field in (("/search", "query"), ("/feedback", "message"), ("/contacts", "area")):
        answer = client.post(path, data={field: "zqtyped " * 600}, headers=compressed | PRESSED)
        assert "zqsecret" not in brotli.decompress(answer.data).decode(), path
    # And the length of the chat's page is never exact.
    assert len({len(client.get("/chat", headers=compressed).data) for _ in range(12)}) > 3
