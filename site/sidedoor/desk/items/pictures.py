"""A picture that was dropped in, remade from its pixels, so that nothing else it carried comes along.

A JPEG comment survives opening and saving with Pillow; only a picture built from its pixels alone loses it. Its name
becomes a hash of its bytes, because a name can give something away, too.
"""

import hashlib
import io
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from sidedoor.desk.refusals import Refusal, Stopped
from sidedoor.documents.pictures import MOST_BYTES

LONGEST_EDGE = 1600
MOST_SENT_BYTES = 20 * 1024 * 1024
MOST_SENT_PIXELS = 25_000_000
"""A camera's 24 megapixels. While it is made smaller, each takes up to eight bytes."""
_FORMATS = ("JPEG", "PNG", "WEBP")
_WAYS: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
    "RGB": [("JPEG", "jpg", {"quality": quality, "optimize": True, "progressive": True}) for quality in (82, 65, 45)],
    "RGBA": [("PNG", "png", {"optimize": True}), *(("WEBP", "webp", {"quality": quality}) for quality in (80, 50))],
}
"""How a picture is written: the first way that is small enough."""


class PictureRefused(Stopped):
    """The picture cannot be taken in."""


@dataclass(frozen=True)
class Picture:
    """A picture as it will be published. Width and height are in pixels."""

    file_name: str
    raw: bytes
    width: int
    height: int


def take_in(raw: bytes, name: str) -> Picture:
    """Make a publishable picture of what somebody sent. Raises PictureRefused."""
    if not raw:
        raise PictureRefused(Refusal.PICTURE_EMPTY)
    if len(raw) > MOST_SENT_BYTES:
        raise PictureRefused(Refusal.PICTURE_TOO_BIG, megabytes=MOST_SENT_BYTES // 1024 // 1024)
    try:
        with Image.open(io.BytesIO(raw), formats=_FORMATS) as sent:
            if sent.width * sent.height > MOST_SENT_PIXELS:
                raise PictureRefused(Refusal.PICTURE_PIXELS)
            if getattr(sent, "n_frames", 1) > 1:
                raise PictureRefused(Refusal.PICTURE_MOVES)
            pixels = _pixels(sent)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError, MemoryError):
        raise PictureRefused(Refusal.PICTURE_FORMAT) from None
    made, ending = _encoded(pixels)
    return Picture(f"{hashlib.sha256(made).hexdigest()[:20]}.{ending}", made, pixels.width, pixels.height)


def _pixels(sent: Image.Image) -> Image.Image:
    """Turned the right way up, in sRGB, no larger than needed; and nothing but pixels."""
    has_alpha = sent.mode in ("RGBA", "LA", "PA") or "transparency" in sent.info
    mode = "RGBA" if has_alpha else "RGB"
    # Made smaller first: every later step keeps another copy of all its pixels.
    whole = sent if sent.mode in ("RGB", "RGBA", "L") and "transparency" not in sent.info else sent.convert(mode)
    whole.thumbnail((LONGEST_EDGE, LONGEST_EDGE), Image.Resampling.LANCZOS)
    upright = ImageOps.exif_transpose(whole)
    if profile := sent.info.get("icc_profile"):
        with suppress(ImageCms.PyCMSError, OSError):  # a profile nobody can read is as good as none
            ImageCms.profileToProfile(
                upright := upright.convert(mode),
                io.BytesIO(profile),
                ImageCms.createProfile("sRGB"),
                outputMode=mode,
                inPlace=True,
            )
    upright = upright.convert(mode)
    return Image.frombytes(mode, upright.size, upright.tobytes())


def _encoded(pixels: Image.Image) -> tuple[bytes, str]:
    ways = _WAYS[pixels.mode]
    for format_, ending, options in ways:
        out = io.BytesIO()
        pixels.save(out, format_, **options)
        if out.tell() <= MOST_BYTES:
            return out.getvalue(), ending
    raise PictureRefused(Refusal.PICTURE_STAYS_BIG)
