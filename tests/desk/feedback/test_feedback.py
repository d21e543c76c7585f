"""The inbox of readers' feedback: kinds, who answers a message, and when it is deleted."""

from datetime import timedelta
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from sidedoor.public import create_app as create_public_app
from sidedoor.settings import Settings
from tests.conftest import SetClock
from tests.content import ContentFolder


def test_journalists_reach_the_form_from_a_release_and_their_message_reaches_the_front_page(
    ann: FlaskClient, ben: FlaskClient, desk: Flask, clock: SetClock, content: ContentFolder, tmp_path: Path
) -> None:
    parts = desk.extensions["desk"]
    settings = Settings(content=content.path, data=tmp_path / "public", messages=desk.config["DATA"])
    public = create_public_app(settings, clock)
    site = public.test_client()
    assert 'href="/feedback/press"' in site.get("/journalists").text
    assert 'value="press" selected' in site.get("/feedback/press").text
    assert site.post("/feedback", data={"message": "Is it true? a@example.org", "about": "press"}).status_code == 303
    assert site.post("/feedback", data={"message": "A link is broken.", "about": "nonsense"}).status_code == 303
    front = ann.get("/").get_data(as_text=True)
    assert "1, about: press" in front
    assert "1, about: something else" in front
    desk.extensions["courier"].look()
    ben_id = parts.staff.named("Ben Press").id
    assert [notice.kind for notice in parts.notices.of(ben_id)].count("message") == 2
    ann.post("/messages/1/take")
    page = ben.get("/messages?kind=press").get_data(as_text=True)
    assert "Ann Press answers it" in page and "Is it true?" in page and "A link is broken" not in page
    late = ben.post("/messages/1/take", follow_redirects=True).get_data(as_text=True)
    assert "Ann Press was quicker." in late
    desk.extensions["courier"].look()
    assert [notice.kind for notice in parts.notices.of(ben_id)].count("message") == 1
    ann.post("/messages/1/answered")
    ann.post("/messages/2/delete")
    assert "about: " not in ann.get("/").get_data(as_text=True)
    assert [entry.action for entry in parts.audit.entries("message")] == [
        "deleted a reader's message", "answered a reader's message", "took a reader's message", "took a reader's message"
    ]  # fmt: skip
    clock.forward(days=89)
    desk.extensions["courier"].look()
    assert len(parts.feedback.all()) == 1
    clock.forward(days=2)
    desk.extensions["courier"].look()
    assert parts.feedback.all() == []
    public.extensions["live"].close()


def test_a_message_without_a_kind_can_be_taken_by_one_person(desk: Flask, clock: SetClock) -> None:
    store = desk.extensions["desk"].feedback
    store.add("Hello", clock() - timedelta(days=1))
    assert store.take(1, "Ann Press")
    assert not store.take(1, "Ben Press")
    assert store.take(1, "", "Ann Press")
    assert store.take(1, "Ben Press")
