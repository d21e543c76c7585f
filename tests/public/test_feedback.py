"""The feedback form: what is stored, that nothing typed is lost, and its limit. (Networks: test_feedback_networks.py.)"""

from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from sidedoor.public.feedback_store import MOST_AN_HOUR, FeedbackStore
from tests.conftest import SetClock


def test_feedback_stores_only_the_words_and_the_hour(app: Flask, client: FlaskClient, tmp_path: Path) -> None:
    sent = client.post(
        "/feedback",
        data={"message": " It helped.\r\nThanks. "},
        headers={"User-Agent": "zq-agent"},
        environ_overrides={"REMOTE_ADDR": "203.0.113.9"},
    )
    assert (sent.status_code, sent.headers["Location"]) == (303, "/feedback/sent")
    stored = b"".join(path.read_bytes() for path in (tmp_path / "data").iterdir())
    assert b"It helped.\nThanks." in stored
    assert b"2026-11-24T12:00:00+00:00" in stored
    assert b"203.0.113.9" not in stored
    assert b"zq-agent" not in stored
    listed = app.test_cli_runner().invoke(args=["feedback", "list"])
    assert "1  2026-11-24 12h\nIt helped." in listed.output
    assert "deleted" in app.test_cli_runner().invoke(args=["feedback", "delete", "1"]).output
    assert b"It helped" not in b"".join(path.read_bytes() for path in (tmp_path / "data").glob("feedback*"))


def test_feedback_loses_nothing_when_something_is_wrong(app: Flask, client: FlaskClient, tmp_path: Path) -> None:
    assert client.post("/feedback", data={"message": " "}).status_code == 422
    too_long = client.post("/feedback", data={"message": "zq" * 3000})
    assert too_long.status_code == 422
    assert "zqzq" in too_long.text
    (tmp_path / "data").mkdir(exist_ok=True)
    (tmp_path / "data/feedback.sqlite3").mkdir()
    unkept = client.post("/feedback", data={"message": "Keep <me>"})
    assert unkept.status_code == 503
    assert "Keep &lt;me&gt;" in unkept.text
    assert client.post("/feedback", data={"message": "x" * 80_000}).status_code == 413


def test_feedback_sent_twice_by_mistake_is_stored_once(app: Flask, client: FlaskClient, clock: SetClock) -> None:
    for message in ("It helped.", "It helped.", "It helped!"):
        assert client.post("/feedback", data={"message": message}).status_code == 303
    assert [message.text for message in FeedbackStore(app.config["DATA"]).all()] == ["It helped.", "It helped!"]
    clock.forward(hours=1)
    client.post("/feedback", data={"message": "It helped."})
    assert len(FeedbackStore(app.config["DATA"]).all()) == 3


def test_feedback_has_an_hourly_limit_and_ignores_robots(app: Flask, client: FlaskClient, clock: SetClock) -> None:
    store = FeedbackStore(app.config["DATA"])
    client.post("/feedback", data={"message": "spam", "website": "https://spam.example"})
    assert store.all() == []
    for number in range(MOST_AN_HOUR):
        store.add(f"x {number}", clock())
    assert client.post("/feedback", data={"message": "one more"}).status_code == 503
    clock.forward(hours=1)
    assert client.post("/feedback", data={"message": "one more"}).status_code == 303
