"""What the desk accepts: numbers, pictures and files that are too big, too many or not what they claim to be."""

import io
import re
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from sidedoor.documents.darkroom_child import develop
from sidedoor.documents.pictures import Flaw, Flawed
from sidedoor.web.limited import MOST_FIELDS
from tests.content import ContentFolder
from tests.desk.forms import fields_of, start
from tests.processes import PROCESSES

LATIN = "---\ntitle: Café\nsummary: A summary.\nstate: draft\npublish_at: 2026-11-01 09:00\n---\n\nCaf\xe9 words.\n"
SignedIn = Callable[[str], FlaskClient]
HUGE = ["9" * 19, "9" * 30, "9" * 5000, "18446744073709551616", "٣" * 30]


@pytest.mark.parametrize("number", HUGE)
def test_a_huge_number_is_404_at_every_door_of_the_desk(desk: Flask, signed_in: SignedIn, number: str) -> None:
    clients = [signed_in(name) for name in ("Kit Adviser", "Sue Supervisor", "Ada Admin", "Ann Press")]
    for rule in desk.url_map.iter_rules():
        if "<int:" not in rule.rule:
            continue
        path = re.sub(r"<[^>]*>", number, rule.rule)
        for client in clients:
            for method in (rule.methods or set()) & {"GET", "POST"}:
                assert client.open(path, method=method).status_code in (403, 404), (method, path[:60])


def test_a_body_that_would_take_a_gigabyte_to_read_is_refused_unread(desk: Flask, ann: FlaskClient) -> None:
    """A stranger's form of 24 MB with three million fields, or two JSON texts, took more than the desk's unit may have."""
    stranger = desk.test_client()
    stranger.get("/sign-in")
    headers = {"X-CSRFToken": getattr(stranger, "_token", "")}

    def send(client: FlaskClient, path: str, body: bytes, kind: str = "application/x-www-form-urlencoded") -> int:
        return client.post(path, data=body, headers=headers, content_type=kind).status_code

    assert send(stranger, "/sign-in", b"&".join(b"%x=" % number for number in range(MOST_FIELDS))) == 422
    assert send(stranger, "/sign-in", b"&".join(b"%x=" % number for number in range(MOST_FIELDS + 1))) == 413
    assert send(stranger, "/sign-in", b"name=" + b"x" * 2_100_000) == 413
    for size, status in ((20_000, 422), (30_000, 413)):
        assert send(stranger, "/sign-in/passkey", b"[" + b"{}," * size + b"{}]", "application/json") == status
    # Words that were typed while signed out are shown again, as long as they may be.
    item, typed = start(ann, "Rooms"), {"title": "Rooms", "body": "zqlong " * 200_000}
    page = stranger.post(item, data=typed)
    assert (page.status_code, page.text.count("zqlong") >= 200_000) == (401, True)


@pytest.mark.parametrize("number", HUGE)
def test_a_huge_number_in_a_query_or_a_form_breaks_nothing(signed_in: SignedIn, number: str) -> None:
    kit, sue, ada = (signed_in(name) for name in ("Kit Adviser", "Sue Supervisor", "Ada Admin"))
    for client, path in (
        (kit, f"/chats/now?one={number}"), (kit, f"/chats/now?after={number}:{number}"), (kit, f"/chats/now?after=1:{number}"),
        (sue, f"/chats/1/watch/now?after={number}"), (ada, f"/log?before={number}"),
    ):  # fmt: skip
        assert client.get(path).status_code in (200, 404), path[:60]


@pytest.mark.parametrize("slug", ["x" * 300, "9" * 30, "%2e%2e", "٣٣"])
def test_an_invalid_slug_is_404(ann: FlaskClient, slug: str) -> None:
    for path in ("", "/review", "/history", "/preview"):
        assert ann.get(f"/items/news/{slug}{path}").status_code == 404


def picture(width: int, height: int, kind: str, mode: str = "RGB") -> bytes:
    """A picture of one colour."""
    out = io.BytesIO()
    Image.new(mode, (width, height), "green").save(out, kind, compress_level=1)
    return out.getvalue()


def most_memory() -> float:
    """The most memory that this process ever had, in megabytes."""
    match = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    assert match
    return int(match[1]) / 1024


def develop_and_measure(raw: bytes) -> tuple[float, str]:
    Image.init()
    before = most_memory()
    try:
        developed = develop(raw)  # in this process, because its memory is measured
        outcome = f"{developed['width']} by {developed['height']}"
    except Flawed as flawed:
        outcome = flawed.flaw
    return most_memory() - before, outcome


def megabytes_taken(raw: bytes) -> tuple[float, str]:
    """The megabytes by which this picture raises the peak memory of a new process; and the picture's size or flaw."""
    with ProcessPoolExecutor(1, mp_context=PROCESSES) as pool:
        return pool.submit(develop_and_measure, raw).result()


def test_a_picture_of_57_megapixels_is_refused_before_it_is_decoded() -> None:
    megabytes, outcome = megabytes_taken(picture(9500, 6000, "PNG"))
    assert outcome == Flaw.PIXELS
    assert megabytes < 10


@pytest.mark.parametrize(
    ("width", "height", "kind", "mode", "most"),
    [
        (4032, 3024, "JPEG", "RGB", 100), (4032, 3024, "PNG", "RGB", 120), (4032, 3024, "PNG", "RGBA", 150),
        (6000, 4000, "JPEG", "RGB", 160), (6000, 4000, "PNG", "RGBA", 250), (6000, 4000, "PNG", "P", 250), (6000, 4000, "JPEG", "CMYK", 300),
    ],
)  # fmt: skip
def test_a_picture_from_a_phone_or_a_camera_is_accepted_and_takes_little_memory(
    width: int, height: int, kind: str, mode: str, most: float
) -> None:
    megabytes, outcome = megabytes_taken(picture(width, height, kind, mode))
    print(width, height, kind, mode, megabytes)
    assert outcome.startswith("1600 by ")
    assert megabytes < most


@pytest.fixture
def latin(content: ContentFolder, desk: Flask) -> bytes:
    """A draft that another program saved as Latin-1."""
    raw = LATIN.encode("latin-1")
    content.write("news/latin.md", raw)
    desk.extensions["desk"].live.refresh()
    return raw


def test_a_file_that_is_not_utf8_opens_as_unreadable_and_cannot_be_overwritten(
    latin: bytes, content: ContentFolder, ann: FlaskClient
) -> None:
    page = ann.get("/items/news/latin")
    assert page.status_code == 200
    assert "cannot be read" in page.text
    assert 'id="editor"' not in page.text
    other = ann.get(start(ann, "Another one")).text
    for step in ("draft", "ready"):
        for base in ("", re.search(r'name="base" value="([^"]*)"', other)[1]):  # type: ignore[index]
            sent = {**fields_of(other), "base": base, "step": step, "body": "Mine."}
            assert ann.post("/items/news/latin", data=sent).status_code in (409, 422)
    for path in ("/review", "/history", "/preview", "/typing"):
        assert ann.get(f"/items/news/latin{path}").status_code < 500
    assert ann.post("/items/news/latin/typing", data={**fields_of(other)}).status_code < 500
    for path in ("approve", "back", "publish-alone", "withdraw", "remove", "rename", "unschedule", "throw-away"):
        assert ann.post(f"/items/news/latin/{path}", data={"seen": "x", "slug": "other"}).status_code < 500
    assert (content.path / "news/latin.md").read_bytes() == latin
    assert ann.get("/items").status_code == ann.get("/").status_code == 200


def test_a_waiting_change_that_is_not_utf8_is_never_published(
    content: ContentFolder, desk: Flask, ann: FlaskClient, eve: FlaskClient
) -> None:
    raw = LATIN.replace("state: draft", "state: ready").encode("latin-1")
    content.write("changes/news/first.md", raw)
    desk.extensions["desk"].live.refresh()
    public = (content.path / "news/first.md").read_bytes()
    assert "cannot be read" in ann.get("/items/news/first").text
    for client in (ann, eve):
        page = client.get("/items/news/first/review")
        assert page.status_code < 500
        seen = re.search(r'name="seen" value="([^"]+)"', page.text)
        assert client.post("/items/news/first/approve", data={"seen": seen[1] if seen else ""}).status_code < 500
    assert (content.path / "news/first.md").read_bytes() == public
    assert (content.path / "changes/news/first.md").read_bytes() == raw


def test_contacts_that_are_not_utf8_cannot_be_overwritten(
    content: ContentFolder, desk: Flask, eve: FlaskClient
) -> None:
    raw = (content.path / "contacts.yaml").read_text().replace("for: Women", "for: Caf\xe9").encode("latin-1")
    content.write("contacts.yaml", raw)
    desk.extensions["desk"].live.refresh()
    for path in ("/contacts", "/contacts/ndah", "/contacts/new", "/contacts/history", "/contacts/review", "/"):
        assert eve.get(path).status_code < 500, path
    for path in ("/contacts/ndah", "/contacts/new", "/contacts/ndah/checked", "/contacts/ndah/remove"):
        assert eve.post(path, data={"id": "x", "name": "X", "for": "X", "audiences": "women"}).status_code < 500, path
    assert (content.path / "contacts.yaml").read_bytes() == raw


def test_a_replacement_character_is_never_saved(content: ContentFolder, ann: FlaskClient) -> None:
    path = start(ann, "A new one")
    sent = {**fields_of(ann.get(path).text), "body": "Caf\ufffd", "step": "draft"}
    answer = ann.post(path, data=sent)
    assert answer.status_code == 422
    assert "letter" in answer.text
    assert "\ufffd" not in (content.path / "news/a-new-one.md").read_text("utf-8")
