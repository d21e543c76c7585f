"""A chat that was hidden or ended stays so even if the beacon never arrived: the browser's next request ends it first.

Tests public/hidden_first.py; here and not in tests/public, because each test needs a conversation with an adviser.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sidedoor.chat.model import StoreDown
from sidedoor.chat.store import ChatStore
from sidedoor.public import create_app
from sidedoor.settings import Settings
from tests.chat.test_chat import CHAT, PRESSED, desk, kit, start, store
from tests.conftest import Refresh, SetClock
from tests.content import SITE, ContentFolder

__all__ = ["desk", "kit", "store"]
AS_PROGRAM = {"Accept": "application/json"}
REQUESTS: dict[str, Callable[[FlaskClient], TestResponse]] = {
    "a help page": lambda reader: reader.get("/help/money"),
    "a help page, unchanged": lambda reader: reader.get("/help/money", headers={"If-None-Match": "*"}),
    "a HEAD": lambda reader: reader.head("/"),
    "the chat": lambda reader: reader.get("/chat"),
    "the waiting page": lambda reader: reader.get("/chat/wait"),
    "a poll": lambda reader: reader.get("/chat/messages?after=0", headers=AS_PROGRAM),
    "a message": lambda reader: reader.post("/chat/say", data={"message": "zqlater"}, headers=AS_PROGRAM),
    "the beacon": lambda reader: reader.post("/chat/hide"),
    "the exit's link": lambda reader: reader.get("/chat/hide", headers=PRESSED),
    "a picture's address": lambda reader: reader.get("/chat/hide", headers={"Sec-Fetch-Dest": "image"}),
    "a feed": lambda reader: reader.get("/news/rss.xml"),
    "health": lambda reader: reader.get("/healthz"),
    "a missing page": lambda reader: reader.get("/zqnowhere"),
    "a search": lambda reader: reader.post("/search", data={"query": "money"}),
    "the form": lambda reader: reader.post("/feedback", data={"message": ""}),
    "a post that is refused": lambda reader: reader.post("/search", headers={"Sec-Fetch-Site": "cross-site"}),
}


def talk(app: Flask, kit: FlaskClient, store: ChatStore, clock: SetClock) -> FlaskClient:
    """A reader who wrote and was answered."""
    reader = start(app)
    (conversation,) = store.live(clock())
    store.accept(conversation.id, 1, "Kit Adviser", clock())
    reader.post("/chat/say", data={"message": "zqreader"})
    store.say(conversation.id, "adviser", "zqadviser", clock())
    assert "zqadviser" in reader.get("/chat").text
    return reader


def hide_unheard(reader: FlaskClient, mark: str = "1") -> None:
    """Set the mark that “Hide this page” sets, with its beacon lost."""
    reader.set_cookie("left", mark)


def cookie_names(reader: FlaskClient) -> list[str]:
    return [name for name in ("chat", "left") if reader.get_cookie(name)]


@pytest.mark.parametrize("request_of", REQUESTS.values(), ids=REQUESTS)
def test_the_next_request_of_any_kind_ends_what_was_hidden_and_clears_the_device(
    app: Flask, store: ChatStore, kit: FlaskClient, clock: SetClock, request_of: Callable[[FlaskClient], TestResponse]
) -> None:
    app.test_client().get("/help/money")  # now it is cached
    reader = talk(app, kit, store, clock)
    hide_unheard(reader)
    answer = request_of(reader)
    (conversation,) = store.live(clock())
    assert (conversation.state, conversation.reason) == ("ended", "hidden")
    assert "zq" not in answer.text.replace("zqnowhere", "")
    assert cookie_names(reader) == []
    assert "It is safe. Start" in reader.get("/chat").text


def test_a_chat_ended_with_a_lost_beacon_is_recorded_as_ended_by_the_reader(
    app: Flask, store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    reader = talk(app, kit, store, clock)
    hide_unheard(reader, "end")
    assert reader.get("/chat/messages", headers=AS_PROGRAM).get_json()["state"] == "ended"
    assert [conversation.reason for conversation in store.live(clock())] == ["reader"]


def test_while_a_hidden_chat_cannot_be_ended_no_word_is_shown_and_no_page_says_that_it_is_over(
    app: Flask, store: ChatStore, kit: FlaskClient, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = talk(app, kit, store, clock)
    hide_unheard(reader)

    def down(*_: object) -> None:
        raise StoreDown

    with monkeypatch.context() as broken:
        broken.setattr(type(store), "end", down)
        for path in ("/chat", "/chat/wait", "/chat/messages", "/help/money", "/"):
            answer = reader.get(path)
            assert "zq" not in answer.text, path
            assert answer.status_code == (503 if path.startswith("/chat") else 200)
        assert reader.post("/chat/end", headers=AS_PROGRAM).status_code == 503
        assert "deleted" not in reader.post("/chat/end").text
        assert reader.post("/chat/hide").status_code == 503
        assert reader.get("/chat/hide", headers=PRESSED).location == "https://weather.example/", (
            "they leave all the same"
        )
    assert cookie_names(reader) == ["chat", "left"]
    assert [conversation.state for conversation in store.live(clock())] == ["talking"]
    reader.get("/help/money")
    assert [conversation.reason for conversation in store.live(clock())] == ["hidden"]
    assert cookie_names(reader) == []


def test_a_new_chat_after_hiding_is_a_chat_like_any_other(
    app: Flask, store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    reader = talk(app, kit, store, clock)
    hide_unheard(reader)
    reader.post("/chat/start")  # the very first request after hiding
    assert {(conversation.state, conversation.reason) for conversation in store.live(clock())} == {
        ("ended", "hidden"),
        ("waiting", None),
    }
    assert cookie_names(reader) == ["chat"]
    reader.post("/chat/say", data={"message": "zqsecond"})
    assert "zqsecond" in reader.get("/chat").text


def test_hide_while_start_is_on_its_way_ends_the_chat_that_start_began(
    app: Flask, store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    started = app.test_client()
    answer = started.post("/chat/start")  # sent before the mark, and its answer comes after the beacon's
    reader = app.test_client()
    hide_unheard(reader)
    reader.post("/chat/hide")
    assert cookie_names(reader) == ["left"], "the beacon named no conversation yet: the mark waits for it"
    token = started.get_cookie("chat")
    assert token
    assert answer.status_code == 303
    reader.set_cookie("chat", token.value)
    reader.get("/help/money")
    assert [conversation.reason for conversation in store.live(clock())] == ["hidden"]
    assert cookie_names(reader) == []


def test_a_mark_without_a_conversation_is_cleared_with_the_next_page(
    app: Flask, store: ChatStore, client: FlaskClient
) -> None:
    client.get("/help/money")  # now it is cached
    hide_unheard(client)
    client.get("/help/money")
    assert cookie_names(client) == []


def test_a_beacon_that_comes_after_the_next_chat_began_leaves_that_chat_alone(
    app: Flask, store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    reader = talk(app, kit, store, clock)
    hide_unheard(reader)
    late, old = app.test_client(), reader.get_cookie("chat")
    assert old
    late.set_cookie("chat", old.value)  # a request holds the cookies of the moment when it was made
    hide_unheard(late)
    reader.post("/chat/start")
    answer = late.post("/chat/hide")
    assert answer.headers.getlist("Set-Cookie") == [], "the browser would drop the next chat's cookie, by its name"
    assert [conversation.state for conversation in store.live(clock())] == ["ended", "waiting"]


def test_two_presses_at_once_count_as_one_end(app: Flask, store: ChatStore, kit: FlaskClient, clock: SetClock) -> None:
    reader = talk(app, kit, store, clock)
    second = app.test_client()
    token = reader.get_cookie("chat")
    assert token
    second.set_cookie("chat", token.value)
    for browser in (reader, second):
        hide_unheard(browser)
        assert browser.post("/chat/hide").status_code == 200
    assert ("ended: hidden", 1) in {(event, number) for _, event, number in store.counts()}


def test_behind_tls_where_the_cookie_has_a_prefix_the_next_request_also_ends_a_hidden_chat(
    content: ContentFolder, tmp_path: Path, clock: SetClock
) -> None:
    content.write("site.toml", SITE + CHAT)
    app = create_app(Settings(content=content.path, data=tmp_path / "data", https=True), clock)
    store: ChatStore = app.extensions["site"].chats
    token = store.start((), 3, clock())
    client, headers = app.test_client(), {"X-Forwarded-Proto": "https"}
    client.set_cookie("__Host-chat", token, secure=True)
    client.set_cookie("left", "1")
    answer = client.get("/help/money", headers=headers, base_url="https://localhost")
    assert [conversation.reason for conversation in store.live(clock())] == ["hidden"]
    cleared = answer.headers.getlist("Set-Cookie")
    assert [cookie.partition("=")[0] for cookie in cleared] == ["__Host-chat", "left"]
    assert all("Secure" in cookie and "Max-Age=0" in cookie and "Path=/" in cookie for cookie in cleared)
    app.extensions["live"].close()


@pytest.mark.parametrize(
    ("headers", "ends"),
    [
        (PRESSED, True),
        (PRESSED | {"Sec-Fetch-Site": "cross-site"}, False),
        (PRESSED | {"Sec-Fetch-Site": "same-site"}, False),
        (PRESSED | {"Sec-Fetch-Site": "none"}, False),
        (PRESSED | {"Sec-Fetch-Dest": "iframe"}, False),
        (PRESSED | {"Sec-Purpose": "prefetch"}, False),
        ({"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, False),
        ({"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}, False),
        ({"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}, True),  # a browser without Fetch Metadata, or plain http
        ({"Accept": "image/webp,image/png,*/*;q=0.5"}, False),
        ({"Accept": "*/*"}, False),
        ({}, False),
    ],
)  # fmt: skip
def test_of_all_gets_only_a_press_on_the_link_ends_the_chat(
    app: Flask, store: ChatStore, kit: FlaskClient, clock: SetClock, headers: dict[str, str], ends: bool
) -> None:
    reader = start(app)
    answer = reader.get("/chat/hide", headers=headers)
    assert answer.location == "https://weather.example/", "everybody who comes here leaves"
    assert [conversation.state for conversation in store.live(clock())] == ["ended" if ends else "waiting"]


def test_no_answer_made_for_a_reader_in_a_conversation_is_cached_for_everybody(
    app: Flask, store: ChatStore, kit: FlaskClient, content: ContentFolder, refresh: Refresh
) -> None:
    content.document("news/moved.md", "x", title="Moved", previous_slugs=["old"])
    removed = {"state": "withdrawn", "withdrawn": {"at": "2026-11-02 09:00", "reason": "zqreason", "removed": "yes"}}
    content.document("news/removed.md", "x", title="Removed", **removed)
    refresh()
    reader = start(app)
    paths = [
        "/",
        "/help/money",
        "/news/removed",
        "/news/old",
        "/news/rss.xml",
        "/sitemap.xml",
        "/feedback",
        "/zqnowhere",
    ]
    for path in paths:
        reader.get(path)
    edition = app.extensions["site"].edition.edition()
    assert edition.answers == {}, "neither pages, nor redirects, nor what is gone"
    stranger = app.test_client()
    assert [path for path in paths if 'href="/chat/hide"' in stranger.get(path).text] == []
    assert set(edition.answers) == set(paths) - {"/zqnowhere"}


def test_words_that_were_changed_before_they_were_sent_again_are_a_separate_message(
    app: Flask, store: ChatStore, kit: FlaskClient, clock: SetClock
) -> None:
    reader = start(app)
    for words in ("I am here", "I am here", "I am here now", "I am here now"):  # each acknowledgement was lost
        reader.post("/chat/say", data={"message": words, "once": "abc"})
    (conversation,) = store.live(clock())
    assert [message.text for message in store.messages(conversation.id)] == ["I am here", "I am here now"]
    database = sqlite3.connect(app.config["DATA"] / "chat.sqlite3")
    marks = database.execute("SELECT once FROM messages").fetchall()
    database.close()
    assert not [mark for (mark,) in marks if "abc" in mark], (
        "the form's part is stored nowhere, so no word can be guessed"
    )


def test_without_scripts_start_and_send_lead_to_the_page_that_renews_itself(
    app: Flask, store: ChatStore, kit: FlaskClient, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = app.test_client()
    assert reader.post("/chat/start", headers=PRESSED).location == "/chat/wait"
    assert reader.post("/chat/say", data={"message": "zqwords"}, headers=PRESSED).location == "/chat/wait"
    renews = '<meta http-equiv="refresh" content="10; url=/chat/wait">'
    page = reader.get("/chat/wait").text
    assert renews in page
    assert "autofocus" in page

    def down(*_: object) -> None:
        raise StoreDown

    with monkeypatch.context() as broken:
        broken.setattr(type(store), "find", down)
        blinked = reader.get("/chat/wait")
        assert (blinked.status_code, renews in blinked.text) == (503, True)
        assert renews not in reader.get("/chat").text
    assert "zqwords" in reader.get("/chat/wait").text
    for _ in range(40):
        clock.forward(seconds=30)
        kit.get("/chats")
        reader.get("/chat/wait")
    assert [conversation.state for conversation in store.live(clock())] == ["waiting"]
