"""An embargo never leaks: before its second nothing public holds a word of the item; from then on everything does."""

import html
import io
import itertools
import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import feedparser
import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from sidedoor.public.export import write_mirror
from tests.conftest import Refresh, SetClock
from tests.content import ContentFolder

CANARIES = {
    "title": "zqtitle", "summary": "zqsummary", "body": "zqbody", "alt": "zqalt", "picture": "zqpicture", "slug": "zqslug",
    "notes": "zqnotes", "update": "zqupdate", "location": "zqlocation", "former": "zqformer",
}  # fmt: skip
ADDRESSES = [
    "/", "/help", "/help/get-help-now", "/contacts", "/news", "/news/2026", "/news/2025", "/news/page/2", "/news/rss.xml", "/news/atom.xml",
    "/news/feed.json", "/sitemap.xml", "/robots.txt", "/.well-known/security.txt", "/search", "/feedback", "/healthz", "/news/first",
    "/no-such-page", "/images/none.png", "/news/zqslug", "/news/zqformer", "/images/zqpicture.png",
    "/images/480/zqpicture.png.webp", "/images/960/zqpicture.png.webp", "/images/1000/zqpicture.png.webp", "/images/card/zqpicture.png.jpg",
    "/images/list/zqpicture.png.webp",
]  # fmt: skip


def write_item(content: ContentFolder, at: str, **front: object) -> None:
    """An item with a unique word in each of its parts."""
    picture = io.BytesIO()
    Image.new("RGB", (1000, 600)).save(picture, "PNG")
    content.write("images/zqpicture.png", picture.getvalue())
    content.document(
        "news/zqslug.md", "The zqbody. ![zqalt](/images/zqpicture.png)", title="A zqtitle", summary="A zqsummary.", publish_at=at,
        notes_to_editors="zqnotes", location="zqlocation", previous_slugs=["zqformer"],
        updates=[{"at": at, "note": "zqupdate"}], **front,
    )  # fmt: skip


def everything(client: FlaskClient) -> str:
    """All public bytes: status, headers and body of every address and of a search."""
    answers = [client.get(address) for address in ADDRESSES]
    answers += [client.get(address, headers={"If-None-Match": "*", "Range": "bytes=0-9"}) for address in ADDRESSES]
    answers += [client.post("/search", data={"query": "item news words"})]
    text = [f"{answer.status} {answer.headers} {answer.data.decode('utf-8', 'replace')}" for answer in answers]
    return "\n".join(text)


def mirror_of(app: Flask, folder: Path) -> str:
    """Every byte and every file name of a mirror made now."""
    write_mirror(app, folder, "https://www.example.org")
    files = [
        path for path in sorted(folder.resolve().rglob("*")) if path.is_file() and path.suffix not in (".br", ".gz")
    ]
    return "\n".join(
        f"/{path.relative_to(folder.resolve())} {path.read_bytes().decode('utf-8', 'replace')}" for path in files
    )


def canaries_in_search(client: FlaskClient) -> set[str]:
    """The canaries that search finds."""
    return {
        word
        for word in CANARIES.values()
        if "/news/zqslug" in client.post("/search", data={"query": word}).get_data(as_text=True)
    }


def test_nothing_is_public_one_second_before_and_everything_at_the_second(
    app: Flask,
    tmp_path: Path,
    content: ContentFolder,
    clock: SetClock,
    client: FlaskClient,
    refresh: Refresh,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    before_writing = everything(client)
    write_item(content, "2026-11-25 00:01")
    refresh()
    clock.now = datetime(2026, 11, 25, 0, 0, 59, 999999, tzinfo=UTC)
    before = everything(client) + mirror_of(app, tmp_path / "mirror")
    assert not [word for word in CANARIES.values() if word in before]
    assert canaries_in_search(client) == set()
    assert "zq" not in caplog.text
    # An address under embargo answers like one that never existed.
    assert client.get("/news/zqslug").data == client.get("/news/never-was").data
    clock.now = datetime(2026, 11, 25, 0, 1, tzinfo=UTC)
    after = everything(client)
    mirrored = mirror_of(app, tmp_path / "mirror")
    assert not [word for word in CANARIES.values() if word not in mirrored]
    assert [word for word in CANARIES.values() if word not in after] == ["zqformer"]  # it only redirects
    assert {"zqtitle", "zqsummary", "zqbody"} <= canaries_in_search(client)
    assert [client.get(path).status_code for path in ADDRESSES if path.startswith("/images/zq")] == [200]
    sizes = [path for path in ADDRESSES if "/zqpicture.png." in path]
    assert [client.get(path).status_code for path in sizes] == [200] * 5
    assert not [path for path in sizes if path not in mirrored]
    assert client.get("/news/zqformer").headers["Location"] == "/news/zqslug"
    clock.forward(seconds=-1)
    assert [client.get(path).status_code for path in sizes] == [404] * 5, "even though the sizes are stored by now"
    afterwards = everything(client) + mirror_of(app, tmp_path / "mirror")
    assert not [word for word in CANARIES.values() if word in afterwards]
    assert not [word for word in CANARIES.values() if word in before_writing]


def test_an_item_that_expires_is_gone_at_its_second(
    content: ContentFolder, clock: SetClock, client: FlaskClient, refresh: Refresh
) -> None:
    write_item(content, "2026-11-20 09:00", expires_at="2026-11-25 09:00")
    refresh()
    clock.now = datetime(2026, 11, 25, 8, 59, 59, tzinfo=UTC)
    assert client.get("/news/zqslug").status_code == 200
    clock.forward(seconds=1)
    assert client.get("/news/zqslug").status_code == 404
    text = everything(client)
    assert not [word for word in CANARIES.values() if word in text]


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-10-25 00:59", datetime(2026, 10, 24, 23, 59, tzinfo=UTC)),
        ("2026-10-25 01:30+01:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("2026-10-25 01:30+00:00", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        ("2026-10-25 02:00", datetime(2026, 10, 25, 2, 0, tzinfo=UTC)),
        ("2027-03-28 00:59", datetime(2027, 3, 28, 0, 59, tzinfo=UTC)),
        ("2027-03-28 02:00", datetime(2027, 3, 28, 1, 0, tzinfo=UTC)),
    ],
)
def test_the_second_is_right_around_both_clock_changes(
    content: ContentFolder,
    clock: SetClock,
    client: FlaskClient,
    refresh: Refresh,
    written: str,
    moment: datetime,
) -> None:
    write_item(content, f'"{written}"')
    refresh()
    clock.now = moment - timedelta(seconds=1)
    assert client.get("/news/zqslug").status_code == 404
    clock.now = moment
    assert client.get("/news/zqslug").status_code == 200


@pytest.mark.parametrize("state", ["draft", "ready"])
def test_a_draft_is_not_public_whatever_its_date(
    content: ContentFolder, client: FlaskClient, refresh: Refresh, state: str
) -> None:
    write_item(content, "2026-11-01 09:00", state=state)
    refresh()
    text = everything(client)
    assert not [word for word in CANARIES.values() if word in text]


def test_feeds_and_sitemap_reveal_no_future_dates(
    content: ContentFolder, client: FlaskClient, refresh: Refresh
) -> None:
    dates = [client.get(f"/news/{feed}").get_data(as_text=True) for feed in ("rss.xml", "atom.xml", "feed.json")]
    sitemap = client.get("/sitemap.xml").data
    write_item(content, "2026-12-24 18:00")
    refresh()
    assert [
        client.get(f"/news/{feed}").get_data(as_text=True) for feed in ("rss.xml", "atom.xml", "feed.json")
    ] == dates
    assert client.get("/sitemap.xml").data == sitemap


def test_a_note_with_a_future_date_is_not_shown_early(
    content: ContentFolder, clock: SetClock, client: FlaskClient, refresh: Refresh
) -> None:
    content.document("news/first.md", updates=[{"at": "2026-11-25 09:00", "note": "zqnote", "kind": "correction"}])
    refresh()
    assert "zqnote" not in everything(client)
    clock.now = datetime(2026, 11, 25, 9, tzinfo=UTC)
    assert "zqnote" in client.get("/news/first").text
    assert "zqnote" in client.get("/news/atom.xml").text


def test_the_feeds_can_be_parsed_and_agree(content: ContentFolder, client: FlaskClient, refresh: Refresh) -> None:
    write_item(content, "2026-11-20 09:00")
    content.document("news/odd.md", "A & c", title="Tom & “Jerry” <x>", publish_at="2026-11-21 09:00")
    refresh()
    feeds = [feedparser.parse(client.get(f"/news/{name}").data) for name in ("rss.xml", "atom.xml")]
    assert [feed.bozo for feed in feeds] == [False, False]
    titles = {feed.entries[0].title for feed in feeds} | {
        json.loads(client.get("/news/feed.json").data)["items"][0]["title"]
    }
    assert {html.unescape(title) for title in titles} == {"Tom & “Jerry” <x>"}
    links = [[entry.link for entry in feed.entries] for feed in feeds]
    json_feed = json.loads(client.get("/news/feed.json").data)
    assert links[0] == links[1] == [item["url"] for item in json_feed["items"]]
    assert [link.rpartition("/")[2] for link in links[0]] == ["odd", "zqslug", "first"]
    assert all(
        first > second for first, second in itertools.pairwise(entry.published_parsed for entry in feeds[1].entries)
    )
    assert json_feed["version"] == "https://jsonfeed.org/version/1.1"
