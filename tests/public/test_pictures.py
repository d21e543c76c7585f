"""Pictures on public pages: with dimensions, in sizes for phones, cropped around their focus, and never public too early."""

import io
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from tests.conftest import Refresh
from tests.content import ContentFolder

RED, GREEN = (200, 30, 40), (20, 160, 60)
BODY = "Words. ![A field](/images/field.jpg)"


def field(width: int, height: int, kind: str = "JPEG") -> bytes:
    """A picture whose left tenth is red and the rest green."""
    picture = Image.new("RGB", (width, height), GREEN)
    picture.paste(RED, (0, 0, width // 10, height))
    out = io.BytesIO()
    picture.save(out, kind)
    return out.getvalue()


def opened(raw: bytes) -> Image.Image:
    return Image.open(io.BytesIO(raw))


def is_red(raw: bytes, across: float) -> bool:
    with opened(raw) as picture:
        red, green, _ = picture.convert("RGB").getpixel((int((picture.width - 1) * across), picture.height // 2))  # type: ignore[misc]
        return bool(red > green)


@pytest.fixture
def shown(content: ContentFolder, client: FlaskClient, refresh: Refresh) -> FlaskClient:
    content.write("images/field.jpg", field(2000, 1000))
    content.write("images/small.png", field(300, 200, "PNG"))
    content.document("news/first.md", f"{BODY}\n\n![A corner](/images/small.png)\n")
    refresh()
    return client


def test_a_page_offers_several_sizes_with_dimensions(shown: FlaskClient) -> None:
    page = shown.get("/news/first").text
    picture = re.search(r"<picture>.*?</picture>", page)
    assert picture
    assert re.findall(r"(/images/\S+) (\d+)w", picture[0]) == [
        ("/images/480/field.jpg.webp", "480"), ("/images/960/field.jpg.webp", "960"), ("/images/1600/field.jpg.webp", "1600"),
    ]  # fmt: skip
    assert '<img alt="A field" src="/images/field.jpg" width="2000" height="1000" decoding="async"></picture>' in page
    assert '<img alt="A corner" src="/images/small.png" width="300" height="200" decoding="async">' in page
    assert page.count("<picture>") == 1, "a small picture has no smaller sizes"
    for path, width in re.findall(r"(/images/\S+) (\d+)w", picture[0]):
        answer = shown.get(path)
        assert (answer.status_code, answer.content_type) == (200, "image/webp")
        with opened(answer.data) as resized:
            assert (resized.format, resized.size) == ("WEBP", (int(width), int(width) // 2))
        assert is_red(answer.data, 0.05)


def test_pictures_for_cards_and_lists_are_cropped_around_the_focus(
    content: ContentFolder, shown: FlaskClient, refresh: Refresh
) -> None:
    content.write("images/field.jpg", field(2400, 800))
    refresh()
    page = shown.get("/news/first").text
    assert re.search(r'<meta property="og:image" content="https?://[^"/]+/images/card/field.jpg.jpg">', page)
    assert (
        '<img src="/images/list/field.jpg.webp" alt="" width="240" height="180" loading="lazy">'
        in shown.get("/news").text
    )
    for path in ("/images/card/field.jpg.jpg", "/images/list/field.jpg.webp"):
        assert not is_red(shown.get(path).data, 0.02), "only the middle is left"
    content.write("pictures.yaml", "field.jpg:\n  credit: Jo Doe\n  focus: 0 50\n")
    refresh()
    for path in ("/images/card/field.jpg.jpg", "/images/list/field.jpg.webp"):
        assert is_red(shown.get(path).data, 0.02), "the left side is left"
    with opened(shown.get("/images/card/field.jpg.jpg").data) as card:
        assert (card.format, card.size) == ("JPEG", (1200, 630))


@pytest.mark.parametrize(
    "path",
    [
        "/images/481/field.jpg.webp", "/images/480/field.jpg", "/images/480/field.jpg.jpg", "/images/480/small.png.webp",
        "/images/card/field.jpg.webp", "/images/480/none.jpg.webp", "/images/480/.webp", "/images/0480/field.jpg.webp",
        "/images/480/..%2ffield.jpg.webp",
    ],
)  # fmt: skip
def test_other_sizes_are_404(shown: FlaskClient, path: str) -> None:
    assert shown.get(path).status_code == 404


def test_a_size_is_made_once_stored_privately_and_deleted_with_its_picture(
    content: ContentFolder, shown: FlaskClient, refresh: Refresh, tmp_path: Path
) -> None:
    folder, path = tmp_path / "data/sizes", "/images/480/field.jpg.webp"
    assert not folder.exists(), "no size is made before a reader asks for it"
    first = shown.get(path).data
    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o077 == 0
    made_at = file.stat().st_mtime_ns
    assert shown.get(path).data == first
    assert file.stat().st_mtime_ns == made_at
    content.write("images/field.jpg", field(1900, 1000))
    refresh()
    assert shown.get(path).data != first
    assert len(list(folder.iterdir())) == 1, "sizes of the old picture are deleted"
    (content.path / "images/field.jpg").unlink()
    refresh()
    assert shown.get(path).status_code == 404
    assert list(folder.iterdir()) == []


def test_the_original_is_sent_when_a_size_cannot_be_made(
    app: Flask, content: ContentFolder, shown: FlaskClient, refresh: Refresh
) -> None:
    """The file starts like a picture and is cut short."""
    half = field(2000, 1000)[:3000]
    content.write("images/field.jpg", half)
    refresh()
    for _ in range(2):
        answer = shown.get("/images/480/field.jpg.webp")
        assert (answer.status_code, answer.content_type, answer.data) == (200, "image/jpeg", half)
