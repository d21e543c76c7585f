"""The desk's people and the operator's monitor, and nobody else, see broken files, late embargoes and the queue."""

import http.client
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from sidedoor.desk.health.monitor import monitor
from sidedoor.web import health
from tests.conftest import SetClock
from tests.content import SITE, ContentFolder
from tests.desk.conftest import SignedIn
from tests.faults.test_faults import wait_until
from tests.public.test_health import CHAT
from tests.server import DESK, RunningSite, free_port

Look = Callable[[], tuple[dict[str, object], dict[str, float]]]


@pytest.fixture
def look(desk: Flask, tmp_path: Path, content: ContentFolder, monkeypatch: pytest.MonkeyPatch) -> Look:
    """Refresh, then ask the monitor: the troubles in `/healthz`, and every number in `/metrics`."""
    monkeypatch.setattr(health, "LOOKS_EVERY_SECONDS", 0.0)
    parts = desk.extensions["desk"]
    door = monitor(parts, desk.extensions["health"], {"data": tmp_path / "data"})
    from werkzeug.test import Client

    client = Client(door)

    def refresh_and_read() -> tuple[dict[str, object], dict[str, float]]:
        parts.live.refresh()
        troubles = {trouble["code"]: trouble["says"] for trouble in json.loads(client.get("/healthz").data)["trouble"]}
        text = client.get("/metrics").get_data(as_text=True)
        numbers = {
            f"{sample.name}{sorted(sample.labels.values())}": sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
        assert "zq" not in text + json.dumps(troubles), "the answers name no page and no person"
        assert client.get("/").status_code == 404
        return troubles, numbers

    return refresh_and_read


def test_broken_files_embargoes_past_their_time_and_a_queue_without_adviser_are_counted(
    desk: Flask, look: Look, content: ContentFolder, clock: SetClock
) -> None:
    troubles, numbers = look()
    assert troubles == {}
    assert numbers["sidedoor_documents['yes']"] == 5
    content.write("news/zqbroken.md", "broken")
    content.document("news/zqlate.md", state="ready", publish_at="2026-11-24 11:00")
    content.document("news/zqlater.md", state="ready", publish_at="2026-11-24 15:00")
    content.write("site.toml", SITE + CHAT)
    troubles, numbers = look()
    assert troubles == {
        "health_broken_files": "Files that cannot be used as they are: 1. Readers see their last good versions. `sidedoor"
        " check` says what is wrong.",
        "health_embargo_not_live": "News items whose time has come and that nobody has approved: 1. Approve them at the"
        " desk, or give them another time.",
    }
    assert (numbers["sidedoor_broken_files[]"], numbers["sidedoor_embargoes_not_live[]"]) == (1, 1)
    assert numbers["sidedoor_trouble['broken_files']"] == 1 and numbers["sidedoor_trouble['disk_full']"] == 0
    chats = desk.extensions["desk"].chats
    chats.start((), 9, clock())
    troubles, numbers = look()
    assert troubles["health_queue_alone"] == "No adviser is present, and people wait in the chat: 1. Call an adviser."
    assert numbers["sidedoor_chats['waiting']"] == 1
    chats.set_presence(1, "zqKit", True, clock())
    troubles, numbers = look()
    assert "health_queue_alone" not in troubles
    assert numbers["sidedoor_advisers_present[]"] == 1
    clock.forward(hours=3.5)
    assert look()[1]["sidedoor_embargoes_not_live[]"] == 2


def test_everybody_at_the_desk_sees_troubles_and_strangers_do_not(
    desk: Flask, look: Look, content: ContentFolder, signed_in: SignedIn
) -> None:
    content.write("news/broken.md", "broken")
    look()
    for name in ("Ann Press", "Kit Adviser", "Ada Admin"):
        assert "cannot be used as they are" in signed_in(name).get("/account").get_data(as_text=True)
    stranger: FlaskClient = desk.test_client()
    assert "cannot be used" not in stranger.get("/sign-in").get_data(as_text=True)
    assert stranger.get("/healthz").get_json() == {"ok": True}
    assert stranger.get("/metrics").status_code == 404, "the desk's public port has no such address"


def test_every_page_of_the_desk_reports_a_missing_content_folder(
    desk: Flask, look: Look, content: ContentFolder, signed_in: SignedIn
) -> None:
    kit = signed_in("Kit Adviser")
    content.path.rename(content.path.with_name("elsewhere"))
    assert "health_content_away" in look()[0]
    assert "The content folder cannot be reached." in kit.get("/account").get_data(as_text=True)


def test_the_real_desk_answers_its_monitor_on_a_port_of_its_own(content: ContentFolder, tmp_path: Path) -> None:
    port = free_port()
    desk = RunningSite(content.path, tmp_path / "data", application=DESK, SIDEDOOR_MONITOR=f"127.0.0.1:{port}")
    try:

        def ask(path: str) -> tuple[int, str]:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", path, headers={"Host": "anything"})
            answer = connection.getresponse()
            text = answer.read().decode()
            connection.close()
            return answer.status, text

        wait_until(lambda: ask("/healthz")[0] == 200, 10)
        assert json.loads(ask("/healthz")[1])["status"] in ("ok", "trouble")
        assert 'sidedoor_documents{shown="yes"} 5.0' in ask("/metrics")[1]
        content.write("help/money.md", "broken")
        wait_until(lambda: "sidedoor_broken_files 1.0" in ask("/metrics")[1], 10)
        assert "GET" not in desk.log.read_text(), "requests are not logged"
    finally:
        desk.close()
