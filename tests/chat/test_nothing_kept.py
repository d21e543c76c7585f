"""The real server, its files, its logs and its temporary folder: no word, no token, no address of a chat in any of them."""

import json
import sqlite3
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

import pytest

from sidedoor.chat.store import open_store
from tests.chat.conftest import Valkey
from tests.server import RunningSite, copy_content, workers

WORDS = (b"zqreader", b"zqadviser", b"zqtyped", b"zqquery")


class Reader:
    """Somebody with a browser that keeps cookies and follows redirects."""

    def __init__(self, site: RunningSite) -> None:
        self._site, self.cookies = site, CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def ask(self, path: str, **form: str) -> tuple[int, str]:
        """A GET, or a POST where there is a form; the status and the words."""
        data = urlencode(form).encode() if form else None
        request = urllib.request.Request(self._site.url + path, data, {"Sec-Fetch-Site": "same-origin"})
        try:
            with self._opener.open(request, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


@pytest.fixture(params=["sqlite:", "valkey"])
def server(request: pytest.FixtureRequest, tmp_path: Path, valkey: Valkey) -> Iterator[tuple[RunningSite, str]]:
    """The project's site on each store, with a temporary folder of its own."""
    valkey.client.flushall()
    chosen = valkey.url if request.param == "valkey" else "sqlite:"
    copy_content(tmp_path / "content", ["http://127.0.0.1:9/"])
    (tmp_path / "tmp").mkdir()
    site = RunningSite(
        tmp_path / "content", tmp_path / "data", SIDEDOOR_CHAT_STORE=chosen, TMPDIR=str(tmp_path / "tmp")
    )
    yield site, chosen
    site.close()


def test_no_word_no_token_and_no_address_in_any_file_log_or_store(
    server: tuple[RunningSite, str], tmp_path: Path, valkey: Valkey
) -> None:
    site, chosen = server
    store, now = open_store(chosen, site.data), datetime.now(UTC)
    store.set_presence(1, "Kit", True, now)
    reader = Reader(site)
    assert "It is safe. Start" in reader.ask("/chat")[1]
    assert list(reader.cookies) == []
    assert reader.ask("/chat/start", website="")[0] == 200
    (token,) = [cookie.value for cookie in reader.cookies]
    assert token
    (conversation,) = store.live(now)
    store.accept(conversation.id, 1, "Kit", now)
    for n in range(12):
        assert reader.ask("/chat/say", message=f"zqreader {n} " + "word " * 300)[0] == 200
        store.say(conversation.id, "adviser", f"zqadviser {n}", now)
    assert "zqadviser 11" in reader.ask("/chat")[1]
    # What goes wrong must not say it either: too long, far too long, not a form, an address with words.
    assert reader.ask("/chat/say", message="zqtyped " * 400)[0] == 422
    assert reader.ask("/chat/say", message="zqtyped " * 20_000)[0] == 413
    reader.ask("/chat/messages?after=zqquery")
    reader.ask("/chat/zqquery")

    def held() -> bytes:
        files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and "content" not in path.parts]
        names = [bytes(name) for name in valkey.client.scan_iter()]
        return b"".join([*files, *names, *(valkey.client.dump(name) or b"" for name in names)])

    for step in ("while it lasts", "after the end"):
        assert [word for word in (*WORDS, token.encode()) if word in held()] == [], step
        if step == "while it lasts":
            assert reader.ask("/chat/hide", x="")[0] == 200
    assert list(reader.cookies) == []
    assert store.messages(conversation.id) == []
    assert json.loads(reader.ask("/chat/messages")[1])["state"] == "ended"
    for process in workers(site):
        limits = Path(f"/proc/{process}/limits").read_text()
        (core,) = [line.split() for line in limits.splitlines() if line.startswith("Max core file size")]
        assert core[4:6] == ["0", "0"], "a crash writes no memory to a file"


def test_a_chat_that_both_sides_forgot_ends_in_a_night_in_which_nobody_looks(tmp_path: Path) -> None:
    copy_content(tmp_path / "content", ["http://127.0.0.1:9/"])
    store, before = open_store("sqlite:", tmp_path / "data"), datetime.now(UTC) - timedelta(minutes=16)
    store.start((), 10, before)
    store.say(1, "reader", "zqreader", before)
    assert list((tmp_path / "data").glob("*.key"))
    site = RunningSite(tmp_path / "content", tmp_path / "data")
    deadline = time.monotonic() + 10
    while list((tmp_path / "data").glob("*.key")) and time.monotonic() < deadline:
        time.sleep(0.1)
    site.close()
    assert not list((tmp_path / "data").glob("*.key"))
    database = sqlite3.connect(tmp_path / "data/chat.sqlite3")
    assert database.execute("SELECT count(*) FROM messages").fetchone() == (0,)
    database.close()
