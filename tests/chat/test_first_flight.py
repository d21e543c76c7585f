"""The chat's own pages come in the first flight of a connection, in every language and whatever state the chat is in.

They are made for one reader, so they are compressed quickly (web/compression.py), and weigh more than what is remembered.
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
"""What a server may send before it waits for an answer: ten packets (RFC 6928). The head of the answer counts."""
WHERE = "https://localhost"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    """The application on the project's own content, as it is behind TLS."""
    app = create_app(Settings(content=PROJECT / "examples/hampshire", data=tmp_path, https=True))
    yield app
    app.extensions["live"].close()


def sent(client: FlaskClient, path: str, holds: str) -> int:
    """The bytes that a page is sent in, its head counted. `holds`: what only the page that is meant has in it."""
    answer = client.get(path, base_url=WHERE, headers={"Accept-Encoding": "br"})
    assert holds in brotli.decompress(answer.data).decode(), path
    head = sum(len(f"{name}: {value}\r\n".encode()) for name, value in answer.headers.items())
    return len("HTTP/1.1 200 OK\r\n") + head + len("\r\n") + len(answer.data)


def test_every_page_of_the_chat_comes_in_the_first_flight_in_every_language(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "randbelow", lambda most: most - 1)  # the longest that hides a length
    public = app.extensions["live"].library.public(utc_now())
    store: ChatStore = app.extensions["chat_store"]
    weights = {}
    addresses = {code: public.in_language("/chat", code) for code in public.site.languages}
    assert len(addresses) == 11
    for code, path in addresses.items():
        weights[code, "closed"] = sent(app.test_client(), path, 'data-chat-closed="')
    store.set_presence(1, "Kit", True, utc_now())
    for code, path in addresses.items():
        weights[code, "start"] = sent(app.test_client(), path, 'data-chat-form="start"')
    for number, (code, path) in enumerate(addresses.items(), 1):
        reader = app.test_client()
        reader.environ_base["REMOTE_ADDR"] = f"10.0.0.{number}"
        reader.post(f"{path}/start", base_url=WHERE)
        weights[code, "queue"] = sent(reader, path, 'data-chat-form="say"')
        weights[code, "queue, without scripts"] = sent(reader, f"{path}/wait", 'http-equiv="refresh"')
        conversation = max(store.live(utc_now()), key=lambda one: one.id)
        store.accept(conversation.id, number, "Kit", utc_now())  # who was in a chat has a pause
        store.say(conversation.id, "reader", "Is anybody there?", utc_now())
        store.say(conversation.id, "adviser", "I am here. Are you safe to write?", utc_now())
        weights[code, "conversation"] = sent(reader, path, "I am here.")
        store.end(conversation.id, "adviser", utc_now())
        weights[code, "over"] = sent(reader, path, "data-chat-ended")
        thanks = reader.post(f"{path}/how", base_url=WHERE).text
        assert f'"action"><a href="{public.in_language("/contacts", code)}"' in thanks, "in the reader's language"
    assert {where: size for where, size in weights.items() if size > FIRST_FLIGHT} == {}
