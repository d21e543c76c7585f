"""Recordings are served by this site alone, in ranges if a player asks for them, and never before their page is public."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from sidedoor.documents.checks import check_document
from sidedoor.documents.codes import Code
from sidedoor.documents.fixed_addresses import LINKED
from sidedoor.documents.markdown import render
from sidedoor.documents.problems import Refused
from sidedoor.documents.recordings import MOST_BYTES, read_recording
from tests.conftest import Refresh, SetClock
from tests.content import ContentFolder
from tests.public.test_pictures import field
from tests.server import PROJECT

SPOKEN = (PROJECT / "examples/hampshire/media/get-help-now.mp3").read_bytes()
BODY = "/// audio | zqspoken.mp3\nThe words of it.\n///\n"


@pytest.fixture
def spoken(content: ContentFolder, client: FlaskClient, refresh: Refresh) -> FlaskClient:
    content.write("media/zqspoken.mp3", SPOKEN)
    content.document("help/money.md", BODY)
    refresh()
    return client


def test_a_page_has_a_player_that_does_not_preload_the_size_and_the_words(spoken: FlaskClient) -> None:
    page = spoken.get("/help/money").text
    assert '<audio controls preload="none" src="/media/zqspoken.mp3"></audio>' in page
    assert "Listen: 0.2 MB" in page
    assert re.search(r"audio(?:,\s*video)?\s*\{\s*max-width:\s*100%", page), "no player is wider than the screen"
    assert "<p>The words of it.</p>" in page
    assert "media-src 'self'" in spoken.get("/help/money").headers["Content-Security-Policy"]


def test_a_player_gets_the_range_it_requests_with_all_policy_headers(spoken: FlaskClient) -> None:
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


def test_a_recording_is_not_available_before_its_page_is_public(
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
def test_a_file_that_is_not_a_plain_recording_is_refused(raw: bytes, name: str, code: str) -> None:
    assert read_recording(SPOKEN, "media/a.mp3") == "a.mp3"
    with pytest.raises(Refused) as refused:
        read_recording(raw, f"media/{name}")
    assert refused.value.problems[0].code.value.replace("_", "-") == code


def test_an_audio_block_needs_words_and_a_recording_of_our_own(content: ContentFolder, refresh: Refresh) -> None:
    content.write("media/zqspoken.mp3", SPOKEN)
    for body in ("/// audio | zqspoken.mp3\n///\n", BODY.replace("zqspoken", "https://else.example/zqspoken")):
        content.document("help/money.md", body)
        assert [problem.file for problem in refresh().problems] == ["help/money.md"]


VIDEO = (PROJECT / "tests/public/tiny.mp4").read_bytes()
"""Twelve seconds of a test picture and a tone, made with ffmpeg as CONTRIBUTING says."""
CAPTIONS = "WEBVTT\n\n00:00.000 --> 00:02.000\nThe words.\n"
SHOWN = "/// video | zqsigned.mp4\n![A hand](/images/zqhand.png)\n\nThe words of it.\n///\n"
PLAYER = (
    '<video controls muted playsinline preload="none" src="/media/zqsigned.mp4" poster="/images/zqhand.png" aria-label="A hand">'
    '<track default kind="captions" src="/media/zqsigned.vtt" srclang="en" label="English"></video>'
)


@pytest.fixture
def signed(content: ContentFolder, client: FlaskClient, refresh: Refresh) -> FlaskClient:
    content.write("media/zqsigned.mp4", VIDEO)
    content.write("media/zqsigned.vtt", CAPTIONS)
    content.write("images/zqhand.png", field(320, 180, "PNG"))
    content.document("help/money.md", SHOWN)
    refresh()
    return client


def test_a_video_is_muted_and_has_captions_a_poster_its_size_and_its_words(signed: FlaskClient) -> None:
    page = signed.get("/help/money").text
    assert PLAYER in page and "Watch: 0.1 MB" in page
    assert "<p>The words of it.</p>" in page and "<img" not in page
    captions = signed.get("/media/zqsigned.vtt")
    assert (captions.content_type, captions.text) == ("text/vtt; charset=utf-8", CAPTIONS)
    part = signed.get("/media/zqsigned.mp4", headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.data, part.content_type) == (206, VIDEO[100:200], "video/mp4")
    for answer in (captions, part):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("lacks", "code"),
    [
        ("media/zqsigned.vtt", Code.VIDEO_WITHOUT_CAPTIONS),
        ("media/zqsigned.mp4", Code.RECORDING_OF_OTHERS),
        ("images/zqhand.png", Code.UNKNOWN_PICTURE),
    ],
)
def test_an_incomplete_video_is_not_played_but_its_words_are_shown(
    signed: FlaskClient, content: ContentFolder, refresh: Refresh, app: Flask, lacks: str, code: Code
) -> None:
    (content.path / lacks).unlink()
    library = refresh()
    page = signed.get("/help/money").text
    assert "<video" not in page and "<p>The words of it.</p>" in page
    money = next(page for page in library.documents if page.slug == "money")
    assert code in {problem.code for problem in check_document(money, library, app.extensions["clock"](), LINKED)}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (SHOWN.replace("![A hand](/images/zqhand.png)\n\n", ""), Code.VIDEO_WITHOUT_PICTURE),
        (SHOWN.replace("The words of it.\n", ""), Code.RECORDING_WITHOUT_WORDS),
        (SHOWN.replace("A hand", ""), Code.PICTURE_WITHOUT_WORDS),
        (SHOWN.replace("zqsigned", "https://else.example/zqsigned"), Code.RECORDING_OF_OTHERS),
        (SHOWN.replace("mp4", "mp3"), Code.RECORDING_OF_OTHERS),
        (SHOWN.replace("video |", "audio |"), Code.RECORDING_OF_OTHERS),
    ],
)
def test_an_incomplete_video_block_is_reported(body: str, code: Code) -> None:
    assert [finding.code for finding in render(body).findings] == [code]
    assert render(SHOWN).findings == []


@pytest.mark.parametrize(
    ("raw", "name", "code"),
    [
        (VIDEO.replace(b"\x08ilst", b"\x18ilst", 1), "a.mp4", Code.RECORDING_FORMAT),
        (VIDEO.replace(b"udta", b"uuid", 1), "a.mp4", Code.RECORDING_TELLS),
        (VIDEO.replace(b"\x00\x00\x00\x08free", b"\x00\x00\x00\x08uuid", 1), "a.mp4", Code.RECORDING_TELLS),
        (VIDEO.replace(b"ilst", b"\xa9xyz", 1), "a.mp4", Code.RECORDING_TELLS),
        (VIDEO[:-1], "a.mp4", Code.RECORDING_FORMAT),
        (VIDEO[:40], "a.mp4", Code.RECORDING_FORMAT),
        (SPOKEN, "a.mp4", Code.RECORDING_FORMAT),
        (VIDEO, "a.mp3", Code.RECORDING_FORMAT),
        (b"WEBVTT\n\nNOTE nothing\n", "a.vtt", Code.RECORDING_FORMAT),
        (CAPTIONS.encode() + b"\nSTYLE\n::cue { color: red }\n", "a.vtt", Code.RECORDING_FORMAT),
    ],
)
def test_a_file_that_is_not_a_plain_video_or_captions_is_refused(raw: bytes, name: str, code: Code) -> None:
    assert read_recording(VIDEO, "media/a.mp4") == "a.mp4"
    assert read_recording(CAPTIONS.encode(), "media/a.vtt") == "a.vtt"
    with pytest.raises(Refused) as refused:
        read_recording(raw, f"media/{name}")
    assert refused.value.problems[0].code is code


def test_a_video_whose_index_comes_last_is_refused() -> None:
    start = VIDEO.index(b"moov") - 4
    end = start + int.from_bytes(VIDEO[start : start + 4])
    with pytest.raises(Refused) as refused:
        read_recording(VIDEO[:start] + VIDEO[end:] + VIDEO[start:end], "media/a.mp4")
    assert refused.value.problems[0].code is Code.VIDEO_BEGINS_LATE
