"""What readers write has an inbox: kinds, who answers it, and a day on which it is gone."""

from datetime import timedelta
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from sidedoor.public import create_app as create_public_app
from sidedoor.settings import Settings
from tests.conftest import SetClock
from tests.content import ContentFolder


def test_a_release_leads_journalists_to_the_form_and_their_message_to_the_front_page(
    ann: FlaskClient, ben: FlaskClient, desk: Flask, clock: SetClock, content: ContentFolder, tmp_path: Path
) -> None:
    known = desk.extensions["desk"]
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
    desk.extensions["post"].look()
    ben_id = known.staff.named("Ben Press").id
    assert [one.kind for one in known.notices.of(ben_id)].count("message") == 2
    ann.post("/messages/1/take")
    page = ben.get("/messages?kind=press").get_data(as_text=True)
    assert "Ann Press answers it" in page and "Is it true?" in page and "A link is broken" not in page
    late = ben.post("/messages/1/take", follow_redirects=True).get_data(as_text=True)
    assert "Ann Press was quicker." in late
    desk.extensions["post"].look()
    assert [one.kind for one in known.notices.of(ben_id)].count("message") == 1
    ann.post("/messages/1/answered")
    ann.post("/messages/2/delete")
    assert "about: " not in ann.get("/").get_data(as_text=True)
    assert [entry.action for entry in known.audit.entries("message")] == [
        "deleted a reader's message", "answered a reader's message", "took a reader's message", "took a reader's message"
    ]  # fmt: skip
    clock.forward(days=89)
    desk.extensions["post"].look()
    assert len(known.messages.all()) == 1
    clock.forward(days=2)
    desk.extensions["post"].look()
    assert known.messages.all() == []
    public.extensions["live"].close()


def test_a_message_of_before_there_were_kinds_is_still_there(desk: Flask, clock: SetClock) -> None:
    store = desk.extensions["desk"].messages
    store.add("Hello", clock() - timedelta(days=1))
    assert store.take(1, "Ann Press")
    assert not store.take(1, "Ben Press")
    assert store.take(1, "", "Ann Press")
    assert store.take(1, "Ben Press")
