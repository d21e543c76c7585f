"""A server's log: one line per fact, with time and level, once for all workers, and not a word of a reader."""

import logging
import os
import re
import signal
import sqlite3
import time
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from sidedoor.web.logs import OneLine
from tests.content import ContentFolder
from tests.faults.test_faults import wait_until
from tests.server import RunningSite, workers

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (INFO|WARNING|ERROR) \S.*")


def lines(site: RunningSite) -> list[str]:
    return site.log.read_text().splitlines()


def test_a_fact_and_its_repair_are_logged_once_and_not_once_per_worker(content: ContentFolder, tmp_path: Path) -> None:
    content.write("help/getting-ready.md", "broken from the start")
    site = RunningSite(content.path, tmp_path / "data", workers=2)
    try:
        content.write("help/money.md", "broken")
        wait_until(lambda: any("money" in line for line in lines(site)))
        content.document("help/money.md", title="Money and you", tab_title="Money")
        wait_until(lambda: any("mended" in line for line in lines(site)))
        time.sleep(2)  # enough time for another worker to log it, too
        assert [line.partition(" ")[2].split(": ")[0] for line in lines(site)] == [
            "WARNING help/getting-ready.md:1", "WARNING help/money.md:1", "INFO help/money.md",
        ]  # fmt: skip
        assert all(map(LINE.fullmatch, lines(site)))
        # After a worker is killed, another one has to log.
        for worker in workers(site):
            os.kill(worker, signal.SIGKILL)
            time.sleep(0.2)
            break
        wait_until(lambda: len(workers(site)) == 2, 20)
        content.write("help/money.md", "broken again, with other words")
        wait_until(lambda: sum("money.md:1" in line for line in lines(site)) == 2, 10)
    finally:
        site.close()


def logged(error: Exception) -> str:
    try:
        raise error
    except Exception:
        record = logging.LogRecord("sidedoor", logging.ERROR, "", 0, "It broke.", (), __import__("sys").exc_info())
    return OneLine().format(record)


def test_a_fault_is_one_line_without_anybodys_words() -> None:
    line = logged(ValueError("what a reader typed\nin two lines"))
    assert LINE.fullmatch(line)
    assert "typed" not in line
    assert re.search(r"ERROR It broke\. \| ValueError at test_logs\.py:\d+ logged$", line)
    assert "OSError (No space left on device)" in logged(OSError(28, "No space left on device", "/news/secret"))
    assert "/news/secret" not in logged(OSError(28, "No space left on device", "/news/secret"))
    try:
        sqlite3.connect("/nowhere/at/all")
    except sqlite3.Error as error:
        assert "(SQLITE_CANTOPEN)" in logged(error)


def test_no_log_holds_what_a_reader_requested(
    app: Flask, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    app.view_functions["help.page"] = lambda slug: str(1 / 0)
    broken = FlaskClient(app, app.response_class)  # without the house rules, which allow no 500
    assert broken.get("/help/zqsecret").status_code == 500
    client.get("/zqpath")
    client.post("/search", data={"query": "zqquery"})
    assert "could not be made" in caplog.text
    assert "zq" not in caplog.text
