"""Recordings: played from this site alone, in parts where a player asks for parts, and never before their page is public."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from sidedoor.documents.problems import Refused
from sidedoor.documents.recordings import MOST_BYTES, read_recording
from tests.conftest import Refresh, SetClock
from tests.content import ContentFolder
from tests.server import PROJECT

SPOKEN = (PROJECT / "examples/hampshire/media/get-help-now.mp3").read_bytes()
BODY = "/// audio | zqspoken.mp3\nThe words of it.\n///\n"


@pytest.fixture
def spoken(content: ContentFolder, client: FlaskClient, refresh: Refresh) -> FlaskClient:
    content.write("media/zqspoken.mp3", SPOKEN)
    content.document("help/money.md", BODY)
    refresh()
    return client


def test_a_page_has_a_player_that_loads_nothing_by_itself_its_size_and_its_words(spoken: FlaskClient) -> None:
    page = spoken.get("/help/money").text
    assert '<audio controls preload="none" src="/media/zqspoken.mp3"></audio>' in page
    assert "Listen: 0.2 MB" in page
    assert "<p>The words of it.</p>" in page
    assert "media-src 'self'" in spoken.get("/help/money").headers["Content-Security-Policy"]


def test_a_player_gets_the_part_it_asks_for_with_every_header_of_policy(spoken: FlaskClient) -> None:
    whole = spoken.get("/media/zqspoken.mp3")
    assert (whole.status_code, whole.data, whole.content_type) == (200, SPOKEN, "audio/mpeg")
    assert whole.headers["Accept-Ranges"] == "bytes"
    part = spoken.get("/media/zqspoken.mp3", headers={"Range": "bytes=1000-1999"})
    assert (part.status_code, part.data) == (206, SPOKEN[1000:2000])
    assert part.headers["Content-Range"] == f"bytes 1000-1999/{len(SPOKEN)}"
    rest = spoken.get("/media/zqspoken.mp3", headers={"Range": "bytes=163000-"})
    assert rest.data == SPOKEN[163000:]
    beyond = spoken.get("/media/zqspoken.mp3", headers={"Range": f"bytes={len(SPOKEN)}-"})
    assert beyond.status_code == 416
    for answer in (whole, part, rest, beyond):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_a_recording_is_nowhere_before_its_page_is_public(
    content: ContentFolder, client: FlaskClient, refresh: Refresh, clock: SetClock
) -> None:
    content.write("media/zqspoken.mp3", SPOKEN)
    opens = (clock() + timedelta(hours=1)).strftime("%Y-%m-%d %H:%M")
    content.document("news/zqslug.md", BODY, publish_at=opens)
    refresh()
    assert client.get("/media/zqspoken.mp3").status_code == 404
    assert client.get("/media/zqspoken.mp3", headers={"Range": "bytes=0-9"}).status_code == 404
    clock.forward(hours=2)
    assert client.get("/media/zqspoken.mp3").status_code == 200


@pytest.mark.parametrize(
    ("raw", "name", "code"),
    [
        (b"ID3\x04" + SPOKEN, "a.mp3", "recording-tells"),
        (SPOKEN + b"TAG".ljust(128, b" "), "a.mp3", "recording-tells"),
        (SPOKEN, "a.wav", "recording-format"),
        (b"RIFF" + SPOKEN, "a.mp3", "recording-format"),
        (SPOKEN[:2].ljust(MOST_BYTES + 1, b"\0"), "a.mp3", "recording-too-big"),
    ],
)
def test_what_is_no_recording_is_refused(raw: bytes, name: str, code: str) -> None:
    assert read_recording(SPOKEN, "media/a.mp3") == "a.mp3"
    with pytest.raises(Refused) as refused:
        read_recording(raw, f"media/{name}")
    assert refused.value.problems[0].code.value.replace("_", "-") == code


def test_a_block_has_a_recording_of_our_own_and_words(content: ContentFolder, refresh: Refresh) -> None:
    content.write("media/zqspoken.mp3", SPOKEN)
    for body in ("/// audio | zqspoken.mp3\n///\n", BODY.replace("zqspoken", "https://else.example/zqspoken")):
        content.document("help/money.md", body)
        assert [problem.file for problem in refresh().problems] == ["help/money.md"]
