"""The child process that decodes pictures: a JSON line and the picture's bytes in, one JSON line out.

Its decoders are written in C and meet whatever somebody sends. A hostile picture can only harm this process, whose
memory and time are limited, which cannot write files, and which can be killed.
"""

import base64
import io
import json
import resource
import sys
from collections.abc import Callable
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError

from sidedoor.documents.colours import NoSuchColours, in_srgb
from sidedoor.documents.limits import limit_memory, limit_time
from sidedoor.documents.pictures import (
    HARMLESS,
    LONGEST_EDGE,
    MOST_BYTES,
    MOST_PIXELS,
    MOST_SENT_PIXELS,
    MOVING,
    SHOWN_FORMATS,
    TAKEN_FORMATS,
    Flaw,
    Flawed,
)

_SECONDS_A_PICTURE = 20
_WAYS: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
    "RGB": [("JPEG", "jpg", {"quality": quality, "optimize": True, "progressive": True}) for quality in (82, 65, 45)],
    "RGBA": [("PNG", "png", {"optimize": True}), *(("WEBP", "webp", {"quality": quality}) for quality in (80, 50))],
}
"""Ways to write a picture: the first that makes it small enough is used."""
_TURNS = {
    2: (Image.Transpose.FLIP_LEFT_RIGHT,), 3: (Image.Transpose.ROTATE_180,), 4: (Image.Transpose.FLIP_TOP_BOTTOM,),
    5: (Image.Transpose.TRANSPOSE,), 6: (Image.Transpose.ROTATE_270,), 7: (Image.Transpose.TRANSVERSE,),
    8: (Image.Transpose.ROTATE_90,),
}  # fmt: skip
_ORIENTATION = 0x0112
_SEQUENCES = (b"hevc", b"hevx", b"msf1")
_BROKEN = (
    UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, RuntimeError,
    Image.DecompressionBombError, MemoryError,
)  # fmt: skip
"""What Pillow and its decoders raise for files that are not what they claim to be."""


def main() -> None:
    """Answer questions until the parent closes the pipe."""
    limit_memory()
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    jobs: dict[str, Callable[..., dict[str, Any]]] = {"look": look, "develop": develop, "smaller": smaller}
    for line in sys.stdin.buffer:
        limit_time(_SECONDS_A_PICTURE)
        question = json.loads(line)
        job, raw = jobs[question.pop("job")], sys.stdin.buffer.read(question.pop("length"))
        try:
            answer = job(raw, **question)
        except Flawed as flawed:
            answer = {"flaw": flawed.flaw, "values": flawed.values}
        print(json.dumps(answer), flush=True)


def look(raw: bytes) -> dict[str, Any]:
    """Describe a picture in the content folder: its format, its size, and what else its file reveals."""
    try:
        with Image.open(io.BytesIO(raw)) as picture:
            hidden: list[str] = []
            # A PNG has to be decoded before its metadata can be read.
            if picture.format in SHOWN_FORMATS and picture.width * picture.height <= MOST_PIXELS:
                hidden = sorted(set(map(str, picture.info)) - HARMLESS) or (["EXIF"] if picture.getexif() else [])
            return {"format": picture.format, "width": picture.width, "height": picture.height, "hidden": hidden}
    except _BROKEN:
        raise Flawed(Flaw.FORMAT) from None


def develop(raw: bytes) -> dict[str, Any]:
    """Make a publishable picture of one that somebody sent."""
    # Imported only here: it takes as long to load as everything else together, and the content folder holds no HEIC.
    # pi-heif only reads: pillow-heif, which can also write, brings an encoder under the GPL.
    import pi_heif

    Image.init()
    pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
    try:
        with Image.open(io.BytesIO(raw), formats=TAKEN_FORMATS) as sent:
            _must_be_one_still(sent, raw)
            pixels = _pixels(sent, raw)
    except NoSuchColours:
        raise Flawed(Flaw.COLOURS) from None
    except _BROKEN:
        raise Flawed(Flaw.FORMAT) from None
    encoded, ending = _encoded(pixels)
    return {"raw": _text(encoded), "ending": ending, "width": pixels.width, "height": pixels.height}


def smaller(raw: bytes, width: int, height: int, focus: tuple[float, float], kind: str, quality: int) -> dict[str, Any]:
    """Make the picture `width` by `height` pixels, cut to that shape around `focus`: 0 to 1 from left and top."""
    try:
        with Image.open(io.BytesIO(raw), formats=SHOWN_FORMATS) as picture:
            mode = "RGBA" if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info else "RGB"
            picture.draft("RGB", (width * 2, height * 2))
            whole = picture.convert(mode)
            if kind == "JPEG":  # it has no transparency: put the picture on white paper
                paper = Image.new("RGBA", whole.size, "white")
                whole = Image.alpha_composite(paper, whole.convert("RGBA")).convert("RGB")
            fitted = ImageOps.fit(whole, (width, height), Image.Resampling.LANCZOS, centering=(focus[0], focus[1]))
            out = io.BytesIO()
            more = {"progressive": True, "optimize": True} if kind == "JPEG" else {"method": 4}
            fitted.save(out, kind, quality=quality, **more)
    except _BROKEN:
        raise Flawed(Flaw.FORMAT) from None
    return {"raw": _text(out.getvalue())}


def _must_be_one_still(sent: Image.Image, raw: bytes) -> None:
    if sent.width * sent.height > MOST_SENT_PIXELS:
        raise Flawed(Flaw.PIXELS)
    frames = getattr(sent, "n_frames", 1)
    if sent.format in MOVING and frames > 1:
        raise Flawed(Flaw.MOVES)
    if sent.format == "HEIF" and raw[8:12] in _SEQUENCES:
        raise Flawed(Flaw.MOVES)
    if sent.format == "GIF":
        raise Flawed(Flaw.FORMAT)
    if sent.format == "TIFF" and frames > 1:
        raise Flawed(Flaw.SEVERAL, count=frames)


def _pixels(sent: Image.Image, raw: bytes) -> Image.Image:
    """The picture turned the right way up, in sRGB, no larger than needed, and nothing but pixels."""
    has_alpha = sent.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in sent.info
    mode = "RGBA" if has_alpha else "RGB"
    profile = sent.info.get("icc_profile")
    if sent.format == "TIFF":
        sent.load()  # loading a TIFF turns it and drops its orientation tag
    # Made smaller first: every later step keeps another copy of all its pixels.
    plain = sent.mode in ("RGB", "RGBA", "L", "CMYK") and "transparency" not in sent.info
    whole = sent if plain or sent.mode.startswith("I") or sent.mode in ("F", "LAB") else sent.convert(mode)
    if whole.mode.startswith("I"):
        whole = in_srgb(whole, profile, raw, mode)
        profile = None
    whole.thumbnail((LONGEST_EDGE, LONGEST_EDGE), Image.Resampling.LANCZOS)
    for turn in _TURNS.get(sent.getexif().get(_ORIENTATION, 1), ()):
        whole = whole.transpose(turn)
    upright = in_srgb(whole, profile, raw, mode)
    return Image.frombytes(mode, upright.size, upright.tobytes())


def _encoded(pixels: Image.Image) -> tuple[bytes, str]:
    for format_, ending, options in _WAYS[pixels.mode]:
        out = io.BytesIO()
        pixels.save(out, format_, **options)
        if out.tell() <= MOST_BYTES:
            return out.getvalue(), ending
    raise Flawed(Flaw.STAYS_BIG)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


if __name__ == "__main__":
    main()
