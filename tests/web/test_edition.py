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


def test_only_the_beginning_of_a_very_long_header_is_read(client: FlaskClient) -> None:
    for accepts in ("br, " + "x;q=1," * 10_000, "br" + " " * 60_000):
        assert client.get("/help/money", headers={"Accept-Encoding": accepts}).headers["Content-Encoding"] == "br"
    late = {"Accept-Encoding": "x," * 10_000 + "br"}
    answer = client.get("/help/money", headers=late)
    assert "Content-Encoding" not in answer.headers
    tags = {"If-None-Match": '"x",' * 10_000 + answer.headers["ETag"]}
    assert client.get("/help/money", headers=tags).status_code == 200


def test_a_query_that_others_add_to_a_link_changes_nothing(client: FlaskClient) -> None:
    """Links from social networks have one (`?fbclid=…`); and a new one each time must not cost a new page each time."""
    compressed = {"Accept-Encoding": "br"}
    for path in ("/help/money", "/", "/news", "/news/rss.xml", "/cy/help", "/pack"):
        first = client.get(f"{path}?fbclid=zq", headers=compressed)
        page = client.get(path, headers=compressed)
        again = client.get(f"{path}?fbclid=other", headers=compressed)
        assert first.data == again.data == page.data, path
        assert first.headers["ETag"] == again.headers["ETag"] == page.headers["ETag"], "only the edition sets it"
        assert client.head(f"{path}?zq=2", headers=compressed).headers["ETag"] == page.headers["ETag"]
    assert client.get("/nope?x").status_code == 404


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
