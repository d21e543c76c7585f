"""The edition: its codings and tags, and that an edit makes a new one."""

import gzip

import brotli
import pytest
from flask.testing import FlaskClient

from tests.conftest import Refresh
from tests.content import ContentFolder


@pytest.mark.parametrize(
    ("accepts", "coding"),
    [
        ("br, gzip", "br"), ("gzip", "gzip"), ("", None), ("br;q=0, gzip;q=0.5", "gzip"), ("gzip;q=1, br;q=0.1", "gzip"),
        ("*", "br"), ("identity", None), ("nonsense;;q=x", None), ("br;q=0, *;q=0", None), ("zstd", None),
    ],
)  # fmt: skip
def test_the_edition_sends_the_coding_a_client_prefers(client: FlaskClient, accepts: str, coding: str | None) -> None:
    plain = client.get("/help/money").data
    answer = client.get("/help/money", headers={"Accept-Encoding": accepts})
    assert answer.headers.get("Content-Encoding") == coding
    decoded = (
        brotli.decompress(answer.data) if coding == "br" else gzip.decompress(answer.data) if coding else answer.data
    )
    assert decoded == plain
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert int(answer.headers["Content-Length"]) == len(answer.data)


def test_each_coding_has_its_own_strong_etag_and_answers_304_and_head(client: FlaskClient) -> None:
    etags = set()
    for coding in ("br", "gzip", "identity"):
        answer = client.get("/help/money", headers={"Accept-Encoding": coding})
        etag = answer.headers["ETag"]
        assert not etag.startswith("W/")
        etags.add(etag)
        unchanged = client.get("/help/money", headers={"Accept-Encoding": coding, "If-None-Match": f'"x", {etag}'})
        assert (unchanged.status_code, unchanged.data) == (304, b"")
        assert unchanged.headers["Vary"] == "Accept-Encoding"
        head = client.head("/help/money", headers={"Accept-Encoding": coding})
        assert (head.headers["Content-Length"], head.data) == (answer.headers["Content-Length"], b"")
    assert len(etags) == 3


def test_an_edit_makes_a_new_edition_and_nothing_of_the_old_one_is_served(
    content: ContentFolder, client: FlaskClient, refresh: Refresh
) -> None:
    assert "Money and you" in client.get("/help").text
    content.document("help/money.md", title="Changed", tab_title="x")
    refresh()
    assert "Changed" in client.get("/help").text
    assert "Money and you" not in client.get("/help").text + client.get("/help/money").text
