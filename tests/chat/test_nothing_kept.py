"""The real server's files, logs and temporary folder: none holds a word, a token or an address of a chat."""

import json
import re
import sqlite3
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.cookiejar import CookieJar
from pathlib import Path
from typing import get_args
from urllib.parse import urlencode

import pytest

from sidedoor.chat.model import Kept
from sidedoor.chat.rules import OVER_AFTER
from sidedoor.chat.store import ChatStore, open_store
from sidedoor.documents.times import utc_now
from tests.chat.conftest import Valkey
from tests.server import RunningSite, copy_content, workers


class Reader:
    """Somebody with a browser that keeps cookies and follows redirects."""

    def __init__(self, site: RunningSite) -> None:
        self._site, self.cookies = site, CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def ask(self, path: str, **form: str) -> tuple[int, str]:
        """Make a GET, or a POST if there is a form; returns the status and the page."""
        data = urlencode(form).encode() if form else None
        request = urllib.request.Request(self._site.url + path, data, {"Sec-Fetch-Site": "same-origin"})
        try:
            with self._opener.open(request, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


WORDS = tuple(f"zq{word}".encode() for word in "reader adviser typed query note draft answer remark".split())
ENDINGS: dict[str, Callable[[Reader, ChatStore, int], object]] = {
    "hidden": lambda reader, store, number: reader.ask("/chat/hide", x=""),
    "ended by the reader": lambda reader, store, number: reader.ask("/chat/end", x=""),
    "ended by the adviser": lambda reader, store, number: store.end(number, "adviser", utc_now()),
    "blocked": lambda reader, store, number: store.block(number, utc_now(), utc_now()),
    "quiet, or the reader gone": lambda reader, store, number: store.board(1, utc_now() + OVER_AFTER),
    "broken": lambda reader, store, number: store.end(number, "broken", utc_now()),
}


@pytest.fixture(params=["sqlite:", "valkey"])
def server(request: pytest.FixtureRequest, tmp_path: Path, valkey: Valkey) -> Iterator[tuple[RunningSite, str]]:
    """The project's site on each store, with a separate temporary folder."""
    valkey.client.flushall()
    chosen = valkey.url if request.param == "valkey" else "sqlite:"
    copy_content(tmp_path / "content", ["http://127.0.0.1:9/"])
    (tmp_path / "tmp").mkdir()
    site = RunningSite(
        tmp_path / "content", tmp_path / "data", SIDEDOOR_CHAT_STORE=chosen, TMPDIR=str(tmp_path / "tmp")
    )
    yield site, chosen
    site.close()


def write_all_kinds(reader: Reader, store: ChatStore, conversation: int) -> None:
    """Write words of every kind that a conversation can hold."""
    assert reader.ask("/chat/say", message="zqreader")[0] == 200
    assert reader.ask("/chat/draft", message="zqdraft")[0] == 204
    store.say(conversation, "adviser", "zqadviser", utc_now())
    store.say(conversation, "note", "zqnote", utc_now())
    store.mark(conversation, risk=True)
    store.keep(conversation, "answer", "zqanswer")
    store.keep(conversation, "remark", "zqremark")
    assert [store.kept(conversation, kind) for kind in get_args(Kept)] == ["zqdraft", "zqanswer", "zqremark"]


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
    write_all_kinds(reader, store, conversation.id)
    for n in range(12):
        assert reader.ask("/chat/say", message=f"zqreader {n} " + "word " * 300)[0] == 200
        store.say(conversation.id, "adviser", f"zqadviser {n}", now)
    assert "zqadviser 11" in re.sub(r"</?bdi[^>]*>", "", reader.ask("/chat")[1])
    # No error may repeat words: too long, far too long, not a form, an address with words.
    assert reader.ask("/chat/say", message="zqtyped " * 1400)[0] == 422
    assert reader.ask("/chat/say", message="zqtyped " * 20_000)[0] == 413
    reader.ask("/chat/messages?after=zqquery")
    reader.ask("/chat/zqquery")

    def stored() -> bytes:
        files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and "content" not in path.parts]
        names = [bytes(name) for name in valkey.client.scan_iter()]
        return b"".join([*files, *names, *(valkey.client.dump(name) or b"" for name in names)])

    assert [word for word in (*WORDS, token.encode()) if word in stored()] == [], "while it lasts"
    for ending, end in ENDINGS.items():
        if ending != "hidden":
            store.set_presence(1, "Kit", True, utc_now())
            store.end_pause(1)
            reader = Reader(site)
            assert reader.ask("/chat/start", website="")[0] == 200
            (token,) = [cookie.value for cookie in reader.cookies]
            (conversation,) = [chat for chat in store.live(utc_now()) if chat.state == "waiting"]
            store.accept(conversation.id, 1, "Kit", utc_now())
            write_all_kinds(reader, store, conversation.id)
        end(reader, store, conversation.id)
        assert store.messages(conversation.id) == [], ending
        assert not any(store.kept(conversation.id, kind) for kind in get_args(Kept)), ending
        assert [word for word in (*WORDS, str(token).encode()) if word in stored()] == [], ending
        assert json.loads(reader.ask("/chat/messages")[1])["state"] == "ended", ending
        assert list(reader.cookies) == [], ending
    assert not list(site.data.glob("*.key")), "nor a key"
    for process in workers(site):
        limits = Path(f"/proc/{process}/limits").read_text()
        (core,) = [line.split() for line in limits.splitlines() if line.startswith("Max core file size")]
        assert core[4:6] == ["0", "0"], "a crash writes no memory to a file"


def test_a_chat_that_both_sides_forgot_ends_by_itself_though_nobody_asks_for_it(tmp_path: Path) -> None:
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
