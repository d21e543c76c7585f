"""The chat's own pages fit in the first flight of a connection, in every language and whatever state the chat is in.

They are made for one reader, so they are compressed quickly (web/compression.py) and are larger than cached pages.
"""

import secrets
from collections.abc import Iterator
from pathlib import Path

import brotli
import pytest
from flask import Flask
from flask.testing import FlaskClient

from sidedoor.chat.store import ChatStore
from sidedoor.documents.times import utc_now
from sidedoor.public import create_app
from sidedoor.settings import Settings
from tests.server import PROJECT

FIRST_FLIGHT = 14_600
"""What a server may send before it waits for an answer: ten packets (RFC 6928). This includes the head of the answer."""
ORIGIN = "https://localhost"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    """The application on the project's own content, as it is behind TLS."""
    app = create_app(Settings(content=PROJECT / "examples/hampshire", data=tmp_path, https=True))
    yield app
    app.extensions["live"].close()


def bytes_sent(client: FlaskClient, path: str, holds: str) -> int:
    """The bytes of a page as it is sent, with its head. `holds`: words that only the expected page has."""
    answer = client.get(path, base_url=ORIGIN, headers={"Accept-Encoding": "br"})
    assert holds in brotli.decompress(answer.data).decode(), path
    head = sum(len(f"{name}: {value}\r\n".encode()) for name, value in answer.headers.items())
    return len("HTTP/1.1 200 OK\r\n") + head + len("\r\n") + len(answer.data)


def test_every_page_of_the_chat_fits_in_the_first_flight_in_every_language(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "randbelow", lambda most: most - 1)  # the longest padding that hides a length
    public = app.extensions["live"].library.public(utc_now())
    store: ChatStore = app.extensions["site"].chats
    weights = {}
    addresses = {code: public.in_language("/chat", code) for code in public.site.languages}
    assert len(addresses) == 11
    for code, path in addresses.items():
        weights[code, "closed"] = bytes_sent(app.test_client(), path, 'data-chat-closed="')
    store.set_presence(1, "Kit", True, utc_now())
    for code, path in addresses.items():
        weights[code, "start"] = bytes_sent(app.test_client(), path, 'data-chat-form="start"')
    for number, (code, path) in enumerate(addresses.items(), 1):
        reader = app.test_client()
        reader.environ_base["REMOTE_ADDR"] = f"10.0.0.{number}"
        reader.post(f"{path}/start", base_url=ORIGIN)
        weights[code, "queue"] = bytes_sent(reader, path, 'data-chat-form="say"')
        weights[code, "queue, without scripts"] = bytes_sent(reader, f"{path}/wait", 'http-equiv="refresh"')
        conversation = max(store.live(utc_now()), key=lambda chat: chat.id)
        store.accept(
            conversation.id, number, "Kit", utc_now()
        )  # a new adviser each time: after a chat an adviser has a pause
        store.say(conversation.id, "reader", "Is anybody there?", utc_now())
        store.say(conversation.id, "adviser", "I am here. Are you safe to write?", utc_now())
        weights[code, "conversation"] = bytes_sent(reader, path, "I am here.")
        store.end(conversation.id, "adviser", utc_now())
        weights[code, "over"] = bytes_sent(reader, path, "data-chat-ended")
        thanks = reader.post(f"{path}/how", base_url=ORIGIN).text
        assert f'"action"><a href="{public.in_language("/contacts", code)}"' in thanks, "in the reader's language"
    assert {page: size for page, size in weights.items() if size > FIRST_FLIGHT} == {}
