"""Pictures as people really send them: right colours, the right way up and nothing but pixels, or a reason."""

import base64
import io
import struct
from collections.abc import Callable, Iterator
from typing import Any

import pillow_heif
import pytest
from PIL import Image, ImageCms

from sidedoor.documents.colours import display_p3, matrix_profile
from sidedoor.documents.darkroom import Darkroom, develop
from sidedoor.documents.pictures import Developed, Flaw, Flawed

pillow_heif.register_heif_opener()
RED, GREEN, BLUE, GREY = (200, 30, 40), (20, 160, 60), (30, 50, 190), (128, 128, 128)
SIZE = (96, 64)
SECRET = b"at 14 Elm Road"


def halves(mode: str, left: object, right: object, size: tuple[int, int] = SIZE) -> Image.Image:
    """A picture with one colour in its left half and another in its right half."""
    picture = Image.new(mode, size, left)  # type: ignore[arg-type]
    picture.paste(right, (size[0] // 2, 0, *size))  # type: ignore[arg-type]
    return picture


def saved(picture: Image.Image, kind: str, **more: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **more)
    return out.getvalue()


def exif(orientation: int = 1) -> bytes:
    """Metadata about where and how a picture was taken."""
    metadata = Image.Exif()
    metadata[0x010E], metadata[0x0112] = SECRET.decode(), orientation
    metadata.get_ifd(0x8825).update({1: "N", 2: (51.0, 4.0, 12.0), 3: "W", 4: (1.0, 19.0, 6.0)})
    return metadata.tobytes()


def ink_profile() -> bytes:
    """An ICC profile of a press whose cyan prints red: a table from ink to Lab (ICC.1:2010, 10.10), two steps per ink."""
    red, white, black = (104, 215, 190), (255, 128, 128), (0, 128, 128)
    table = b"".join(
        bytes(black if ink & 1 else red if ink & 8 else white) for ink in range(16)
    )  # cyan is the highest of the four bits, black the lowest
    ramp = bytes(range(256))
    identity = b"".join(struct.pack(">i", 65536 * (at in (0, 4, 8))) for at in range(9))
    lut = b"mft1\0\0\0\0\x04\x03\x02\0" + identity + ramp * 4 + table + ramp * 3
    words = b"desc\0\0\0\0\0\0\0\x02P\0" + b"\0" * 78
    tags = {"A2B0": lut, "desc": words, "cprt": b"text\0\0\0\0P\0\0\0", "wtpt": b"XYZ \0\0\0\0" + bytes(12)}
    out, body, at = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        value += b"\0" * (-len(value) % 4)
        out += struct.pack(">4sII", name.encode(), at + len(body), len(value))
        body += value
    white_point = struct.pack(">iii", 63190, 65536, 54061)
    head = struct.pack(">II", at + len(body), 0) + b"\x02\x40\0\0prtrCMYKLab " + bytes(12) + b"acsp" + bytes(28)
    return (head + white_point).ljust(128, b"\0") + out + body


def swapped_profile() -> bytes:
    """The profile of a display that swaps red and blue."""
    return matrix_profile(
        {"rXYZ": (0.1431, 0.0606, 0.7141), "gXYZ": (0.3851, 0.7169, 0.0971), "bXYZ": (0.4361, 0.2225, 0.0139)}
    )


def mpo() -> bytes:
    """A file from a phone with two lenses: a JPEG with a second JPEG after it, and its thumbnail."""
    return saved(
        halves("RGB", RED, GREEN),
        "MPO",
        save_all=True,
        append_images=[halves("RGB", BLUE, BLUE)],
        exif=exif(),
        quality=95,
    )


def sixteen_bit_tiff(orientation: int = 1) -> bytes:
    """Red and green with sixteen bits per colour, which Pillow cannot write: TIFF 6.0, one strip."""
    rows = b"".join(
        struct.pack("<3H", *(value * 257 for value in (RED if x < SIZE[0] // 2 else GREEN)))
        for _ in range(SIZE[1])
        for x in range(SIZE[0])
    )
    entries = [
        (256, 4, 1, SIZE[0]), (257, 4, 1, SIZE[1]), (258, 3, 3, 8), (259, 3, 1, 1), (262, 3, 1, 2),
        (273, 4, 1, 14), (274, 3, 1, orientation), (277, 3, 1, 3), (278, 4, 1, SIZE[1]), (279, 4, 1, len(rows)),
    ]  # fmt: skip
    folder = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries) + bytes(4)
    return b"II*\0" + struct.pack("<I", 14 + len(rows)) + struct.pack("<3H", 16, 16, 16) + rows + folder


def sixteen_bit_png() -> bytes:
    """Sixteen-bit grey, whose middle value a naive conversion to eight bits would clip to white."""
    return saved(Image.new("I;16", SIZE, 128 * 257), "PNG")


def p3_by_number(kind: str) -> bytes:
    """A picture that declares Display P3 by a number alone, without a profile."""
    raw = saved(halves("RGB", RED, GREEN), kind, quality=95)
    at = raw.index(b"colrnclx") + 8
    return raw[:at] + struct.pack(">HH", 12, 13) + raw[at + 4 :]


def in_p3(colour: tuple[int, int, int]) -> tuple[int, int, int]:
    """A Display P3 colour converted to sRGB."""
    p3 = ImageCms.ImageCmsProfile(io.BytesIO(display_p3()))
    converted = ImageCms.profileToProfile(Image.new("RGB", (1, 1), colour), p3, ImageCms.createProfile("sRGB"))
    assert converted
    return converted.getpixel((0, 0))  # type: ignore[return-value]


INK_RED = (216, 0, 0)
"""The red of `ink_profile` on a screen; without the profile cyan would be (0, 255, 255)."""
ACCEPTED: dict[str, tuple[Callable[[], bytes], tuple[int, int, int], tuple[int, int, int]]] = {
    "MPO": (mpo, RED, GREEN),
    "HEIC": (lambda: saved(halves("RGB", RED, GREEN), "HEIF", quality=95, exif=exif()), RED, GREEN),
    "HEIC, Display P3": (
        lambda: saved(halves("RGB", RED, GREEN), "HEIF", quality=95, icc_profile=display_p3()), in_p3(RED), in_p3(GREEN),
    ),
    "WebP": (lambda: saved(halves("RGB", RED, GREEN), "WEBP", quality=95, exif=exif(), xmp=SECRET), RED, GREEN),
    "AVIF": (lambda: saved(halves("RGB", RED, GREEN), "AVIF", quality=95, exif=exif(), xmp=SECRET), RED, GREEN),
    "AVIF, P3 by number": (lambda: p3_by_number("AVIF"), in_p3(RED), in_p3(GREEN)),
    "PNG, 16 bit grey": (sixteen_bit_png, GREY, GREY),
    "PNG, palette": (lambda: saved(halves("RGB", RED, GREEN).quantize(4), "PNG"), RED, GREEN),
    "TIFF, 16 bit": (sixteen_bit_tiff, RED, GREEN),
    "TIFF, 16 bit grey": (lambda: saved(Image.new("I;16", SIZE, 128 * 257), "TIFF"), GREY, GREY),
    "JPEG, profile": (
        lambda: saved(halves("RGB", RED, GREEN), "JPEG", quality=95, icc_profile=swapped_profile(), exif=exif()),
        (40, 30, 200), (60, 160, 20),
    ),
    "JPEG, ink with a profile": (
        lambda: saved(halves("CMYK", (255, 0, 0, 0), (0, 0, 0, 0)), "JPEG", quality=95, icc_profile=ink_profile()),
        INK_RED, (255, 255, 255),
    ),
    "JPEG, ink without": (
        lambda: saved(halves("CMYK", (0, 255, 255, 0), (255, 255, 0, 0)), "JPEG", quality=95), (255, 0, 0), (0, 0, 255),
    ),
    "JPEG, a broken profile": (
        lambda: saved(halves("RGB", RED, GREEN), "JPEG", quality=95, icc_profile=b"no profile at all"), RED, GREEN,
    ),
}  # fmt: skip


def middle_of(raw: bytes, right: bool) -> tuple[int, ...]:
    with Image.open(io.BytesIO(raw)) as picture:
        place = (picture.width * (3 if right else 1) // 4, picture.height // 2)
        return picture.convert("RGB").getpixel(place)  # type: ignore[return-value]


def close(first: tuple[int, ...], second: tuple[int, ...]) -> bool:
    return all(abs(a - b) <= 10 for a, b in zip(first, second, strict=True))


@pytest.fixture(scope="module")
def darkroom() -> Iterator[Darkroom]:
    """One darkroom for many pictures; `develop` starts a new one for each, as in the test of refused pictures."""
    darkroom = Darkroom()
    yield darkroom
    darkroom.close()


def developed(darkroom: Darkroom, raw: bytes) -> Developed:
    answer = darkroom.ask("develop", raw)
    return Developed(base64.b64decode(answer["raw"]), answer["ending"], answer["width"], answer["height"])


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_still_picture_keeps_its_colours_and_loses_everything_but_pixels(darkroom: Darkroom, name: str) -> None:
    make, left, right = ACCEPTED[name]
    raw = make()
    result = developed(darkroom, raw)
    assert (result.width, result.height, result.ending) == (*SIZE, "jpg")
    assert close(middle_of(result.raw, False), left), middle_of(result.raw, False)
    assert close(middle_of(result.raw, True), right), middle_of(result.raw, True)
    with Image.open(io.BytesIO(result.raw)) as picture:
        assert picture.format == "JPEG"
        assert not picture.getexif()
        assert not {"exif", "xmp", "icc_profile", "comment"} & set(picture.info)
    assert SECRET not in result.raw


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_format_is_turned_the_right_way_up(darkroom: Darkroom, orientation: int) -> None:
    """The upper left corner is red, the rest green; the metadata says how the camera was held."""
    upright = Image.new("RGB", SIZE, GREEN)
    upright.paste(RED, (0, 0, 32, 24))
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # Transpose methods that turn `upright` as a camera stores it
    stored = upright.transpose(Image.Transpose(undo[orientation])) if orientation > 1 else upright
    for kind in ("JPEG", "PNG", "WEBP", "AVIF", "HEIF", "TIFF"):
        options = {} if kind in ("PNG", "TIFF") else {"quality": 95}
        if kind == "TIFF":
            raw = saved(stored, kind, tiffinfo={0x0112: orientation})
        else:
            raw = saved(stored, kind, exif=exif(orientation), **options)
        result = developed(darkroom, raw)
        with Image.open(io.BytesIO(result.raw)) as picture:
            assert picture.size == SIZE, kind
            assert close(picture.getpixel((8, 8)), RED), kind  # type: ignore[arg-type]
            assert close(picture.getpixel((88, 56)), GREEN), kind  # type: ignore[arg-type]


def test_a_transparent_picture_stays_transparent_and_keeps_its_colours(darkroom: Darkroom) -> None:
    transparent = halves("RGBA", (*RED, 255), (*GREEN, 0))
    for raw in (
        saved(transparent, "PNG", icc_profile=swapped_profile()),
        saved(transparent, "WEBP", lossless=True, exact=True, icc_profile=swapped_profile()),
    ):
        result = developed(darkroom, raw)
        with Image.open(io.BytesIO(result.raw)) as picture:
            assert (picture.mode, result.ending) == ("RGBA", "png")
            assert close(picture.getpixel((10, 10))[:3], (40, 30, 200))  # type: ignore[index]
            assert picture.getpixel((80, 10))[3] == 0  # type: ignore[index]


def moving(kind: str) -> bytes:
    return saved(
        halves("RGB", RED, GREEN), kind, save_all=True, append_images=[halves("RGB", BLUE, GREEN)], duration=50
    )


def heic_sequence() -> bytes:
    raw = saved(halves("RGB", RED, GREEN), "HEIF")
    return raw[:8] + b"hevc" + raw[12:]


REFUSED: dict[str, tuple[Callable[[], bytes], Flaw]] = {
    "a moving GIF": (lambda: moving("GIF"), Flaw.MOVES),
    "a moving PNG": (lambda: moving("PNG"), Flaw.MOVES),
    "a moving WebP": (lambda: moving("WEBP"), Flaw.MOVES),
    "a moving AVIF": (lambda: moving("AVIF"), Flaw.MOVES),
    "a HEIC sequence": (heic_sequence, Flaw.MOVES),
    "a TIFF of two pages": (lambda: moving("TIFF"), Flaw.SEVERAL),
    "brighter than white": (
        lambda: p3_by_number("AVIF").replace(b"colrnclx\0\x0c\0\x0d", b"colrnclx\0\x09\0\x10"), Flaw.COLOURS,
    ),
    "measured numbers": (lambda: saved(Image.new("F", SIZE, 0.5), "TIFF"), Flaw.COLOURS),
    "half a HEIC": (lambda: saved(halves("RGB", RED, GREEN), "HEIF")[:300], Flaw.FORMAT),
    "half an AVIF": (lambda: saved(halves("RGB", RED, GREEN), "AVIF")[:300], Flaw.FORMAT),
    "nothing": (lambda: b"", Flaw.EMPTY),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_picture_that_cannot_be_shown_is_refused_with_the_reason(name: str) -> None:
    make, flaw = REFUSED[name]
    with pytest.raises(Flawed) as flawed:
        develop(make())
    assert flawed.value.flaw is flaw


def test_a_picture_that_kills_the_child_process_is_refused_and_the_next_picture_is_read() -> None:
    darkroom = Darkroom()
    try:
        assert darkroom.ask("look", saved(halves("RGB", RED, GREEN), "PNG"))["width"] == SIZE[0]
        assert darkroom._child
        darkroom._child._process.kill()
        with pytest.raises(Flawed):
            darkroom.ask("look", saved(halves("RGB", RED, GREEN), "PNG"))
        assert darkroom.ask("look", saved(halves("RGB", RED, GREEN), "PNG"))["height"] == SIZE[1]
    finally:
        darkroom.close()
