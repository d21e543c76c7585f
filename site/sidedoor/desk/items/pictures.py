"""Re-makes an uploaded picture from its pixels, so that nothing else in the file is published with it.

A JPEG comment survives opening and saving with Pillow; only a picture built from its pixels alone loses it. The new
name is a hash of the bytes, because a file name can give something away, too.
"""

import hashlib
from dataclasses import dataclass

from sidedoor.desk.refusals import Refusal, Stopped
from sidedoor.documents.darkroom import develop
from sidedoor.documents.pictures import Flaw, Flawed

_WHY = {
    Flaw.EMPTY: Refusal.PICTURE_EMPTY,
    Flaw.TOO_BIG: Refusal.PICTURE_TOO_BIG,
    Flaw.PIXELS: Refusal.PICTURE_PIXELS,
    Flaw.MOVES: Refusal.PICTURE_MOVES,
    Flaw.SEVERAL: Refusal.PICTURE_SEVERAL,
    Flaw.COLOURS: Refusal.PICTURE_COLOURS,
    Flaw.FORMAT: Refusal.PICTURE_FORMAT,
    Flaw.STAYS_BIG: Refusal.PICTURE_STAYS_BIG,
}


class PictureRefused(Stopped):
    """The picture cannot be taken in."""


@dataclass(frozen=True)
class Picture:
    """A picture as it will be published. Width and height are in pixels."""

    file_name: str
    raw: bytes
    width: int
    height: int


def take_in(raw: bytes) -> Picture:
    """Make a publishable picture from an uploaded file. Raises PictureRefused."""
    try:
        developed = develop(raw)
    except Flawed as flawed:
        raise PictureRefused(_WHY[flawed.flaw], **flawed.values) from None
    name = f"{hashlib.sha256(developed.raw).hexdigest()[:20]}.{developed.ending}"
    return Picture(name, developed.raw, developed.width, developed.height)
