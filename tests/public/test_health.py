"""/healthz for monitors, load balancers and people: 200 while readers are served, and every trouble in a sentence."""

import http.client
import json
import os
import shutil
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import jinja2
import pytest
from flask import Flask
from flask.testing import FlaskClient

from sidedoor.documents.codes import Code, Where
from sidedoor.documents.problems import Problem
from sidedoor.public import create_app
from sidedoor.settings import Settings
from sidedoor.web import health
from sidedoor.web.edge import IN_A_ROW
from tests.chat.conftest import Valkey
from tests.conftest import Refresh, SetClock
from tests.content import SITE, ContentFolder
from tests.faults.test_faults import wait_until
from tests.server import RunningSite

CHAT = '[chat]\nanswered_by = "Advisers."\nconfidential = "We keep nothing."\n'


@pytest.fixture(autouse=True)
def no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request makes a new check. Real servers in these tests check as often as in production."""
    monkeypatch.setattr(health, "LOOKS_EVERY_SECONDS", 0.0)


def report_of(client: FlaskClient) -> dict[str, Any]:
    answer = client.get("/healthz")
    report: dict[str, Any] = json.loads(answer.data)
    return {**report, "http": answer.status_code}


def codes(client: FlaskClient) -> list[str]:
    return [trouble["code"] for trouble in report_of(client)["trouble"]]


def test_a_missing_folder_is_reported_while_readers_are_served(
    app: Flask, client: FlaskClient, content: ContentFolder
) -> None:
    content.path.rename(content.path.with_name("elsewhere"))
    app.extensions["live"].refresh()
    report = report_of(client)
    assert (report["http"], report["status"], report["documents"]) == (200, "trouble", 5)
    assert report["trouble"] == [
        {
            "code": "health_content_away",
            "says": "The content folder cannot be reached. Readers see everything as it was. Mount it, or correct"
            " SIDEDOOR_CONTENT.",
        }
    ]
    assert str(content.path) not in json.dumps(report), "the report names no path"


def test_health_is_503_when_no_page_can_be_made(app: Flask, client: FlaskClient) -> None:
    app.jinja_env.loader = jinja2.DictLoader({})
    app.jinja_env.cache.clear()  # type: ignore[union-attr]
    report = report_of(client)
    assert (report["http"], report["status"]) == (503, "down")
    assert report["trouble"][0]["code"] == Code.HEALTH_NOT_SERVED


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser can mount")
def test_a_full_low_or_read_only_disk_is_reported_and_so_is_its_repair(
    content: ContentFolder, tmp_path: Path, clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    data = tmp_path / "small"
    data.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", data], check=False).returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        app = create_app(Settings(content=content.path, data=data), clock)
        client = app.test_client()
        assert codes(client) == []
        room = os.statvfs(data)
        (data / "filling").write_bytes(bytes(room.f_bavail * room.f_frsize - 70_000))
        assert codes(client) == ["health_disk_low"]
        with (data / "more").open("wb", buffering=0) as last_space, suppress(OSError):
            while last_space.write(bytes(4096)):
                pass
        assert codes(client) == ["health_disk_full"]
        assert report_of(client)["http"] == 200
        (data / "filling").unlink()
        (data / "more").unlink()
        assert codes(client) == []
        # A second mount over the first, because a mount with a file that is open for writing stays writable.
        subprocess.run(["mount", "--bind", data, data], check=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", data], check=True)
        assert codes(client) == ["health_disk_read_only"]
        messages = [record.getMessage() for record in caplog.records if record.name == "sidedoor.health"]
        assert [line.split(": ")[-1] for line in messages if "mended" in line] == ["mended."] * 2
        assert len(messages) == 5, "each fact is logged once, however many requests come"
    finally:
        while os.path.ismount(data):
            subprocess.run(["umount", "-l", data], check=True)


def test_an_impossible_data_folder_is_reported_and_pages_are_served(
    content: ContentFolder, tmp_path: Path, clock: SetClock
) -> None:
    content.write("site.toml", SITE + CHAT)
    data = tmp_path / "a file"
    data.write_text("")
    client = create_app(Settings(content=content.path, data=data / "data"), clock).test_client()
    assert codes(client) == ["health_disk_read_only", "health_chat_down"]
    assert report_of(client)["http"] == 200
    data.unlink()
    assert codes(client) == []


def test_a_chat_store_that_is_down_is_reported_and_pages_are_served(
    content: ContentFolder, tmp_path: Path, clock: SetClock
) -> None:
    content.write("site.toml", SITE + CHAT)
    server = Valkey(tmp_path / "valkey")
    client = create_app(
        Settings(content=content.path, data=tmp_path / "data", chat_store=server.url), clock
    ).test_client()
    assert codes(client) == []
    server.stop()
    assert codes(client) == ["health_chat_down"]
    assert report_of(client)["http"] == 200
    server.start()
    assert codes(client) == []
    server.close()


def test_monitors_may_call_by_ip_address_without_a_host_and_over_plain_http(
    content: ContentFolder, tmp_path: Path
) -> None:
    site = RunningSite(content.path, tmp_path / "data", SIDEDOOR_HTTPS="true")
    try:
        for headers in ({"Host": "10.1.2.3"}, {}, {"Host": "10.1.2.3", "X-Forwarded-Proto": "http"}):
            connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=10)
            connection.putrequest("GET", "/healthz", skip_host=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders()
            answer = connection.getresponse()
            assert answer.status == 200, headers
            assert json.loads(answer.read())["status"] in ("ok", "trouble")
            connection.close()
        connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=10)
        connection.request("GET", "/help/money", headers={"Host": "10.1.2.3"})
        assert connection.getresponse().status == 400, "pages still refuse an unknown host"
        connection.close()
    finally:
        site.close()


def test_health_does_not_reveal_a_broken_or_embargoed_file(
    app: Flask, client: FlaskClient, content: ContentFolder
) -> None:
    before = report_of(client)
    content.write("news/zqsecret.md", "broken")
    content.document("news/zqlater.md", publish_at="2026-12-24 09:00")
    content.document("news/zqready.md", state="ready", publish_at="2026-11-01 09:00")
    app.extensions["live"].refresh()
    assert report_of(client) == before


def test_nobody_waits_for_a_slow_health_check() -> None:
    """Checking a silent database takes seconds, and a load balancer would take a working site for a dead one."""
    may_answer, started = threading.Event(), threading.Event()
    may_answer.set()

    def slow() -> list[Problem]:
        started.set()
        assert may_answer.wait(20)
        return [Problem(Where.DATABASE, None, Code.HEALTH_DATABASE_DOWN)]

    checked = health.Health(slow)
    assert len(checked.troubles()) == 1, "the first request has to wait, because there is no earlier result"
    may_answer.clear()
    started.clear()
    looking = threading.Thread(target=checked.troubles)
    looking.start()
    assert started.wait(20)
    before = time.monotonic()
    assert len(checked.troubles()) == 1
    assert time.monotonic() - before < 5
    may_answer.set()
    looking.join()


def test_an_edge_in_front_of_everybody_turns_the_limit_per_network_off_and_is_reported(
    content: ContentFolder, tmp_path: Path, clock: SetClock
) -> None:
    content.write("site.toml", SITE + CHAT + "most_from_one_network = 1\n")
    app = create_app(Settings(content=content.path, data=tmp_path / "data", proxies=1), clock)
    client, chats = app.test_client(), app.extensions["site"].chats
    chats.set_presence(1, "Kit", True, clock())

    def begin(reader: str) -> int:
        page = app.test_client()
        # nginx adds the address of its client, which is the edge.
        forwarded = {"X-Forwarded-For": f"{reader}, 203.0.113.9", "Sec-Fetch-Site": "same-origin"}
        return page.post("/chat/start", headers=forwarded, data={"once": os.urandom(16).hex()}).status_code

    assert begin("198.51.100.1") == 303
    assert begin("198.51.100.2") == 429, "both readers count as one network"
    for number in range(IN_A_ROW):
        client.get("/", headers={"X-Forwarded-For": f"198.51.100.{number}, 203.0.113.9"})
    assert codes(client) == ["health_one_edge"]
    assert begin("198.51.100.3") == 303
    # A reader who comes without the edge shows that it is not in front of everybody.
    client.get("/", headers={"X-Forwarded-For": "198.51.100.77"})
    assert codes(client) == []
    assert begin("198.51.100.4") in (303, 429)


def test_a_real_server_reports_a_missing_folder(content: ContentFolder, tmp_path: Path) -> None:
    site = RunningSite(content.path, tmp_path / "data", workers=2)
    try:
        shutil.move(content.path, content.path.with_name("elsewhere"))
        wait_until(lambda: "no site in" in site.log.read_text().lower(), 10)

        def reports_it() -> bool:
            connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=10)
            connection.request("GET", "/healthz")
            report = json.loads(connection.getresponse().read())
            connection.close()
            return [trouble["code"] for trouble in report["trouble"]] == ["health_content_away"]

        wait_until(reports_it, 25)
        assert sum("There is no site in" in line for line in site.log.read_text().splitlines()) == 1
    finally:
        site.close()


def test_health_reports_numbers_and_no_paths(content: ContentFolder, client: FlaskClient, refresh: Refresh) -> None:
    content.write("help/zqbroken.md", "broken")
    refresh()
    answer = client.get("/healthz")
    assert json.loads(answer.data) == {"status": "ok", "edition_age": 0.0, "documents": 5, "trouble": []}
