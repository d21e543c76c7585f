"""Pictures: what may be in content/images. A picture may carry the place it was taken; one that does is refused."""

import io

from PIL import Image, UnidentifiedImageError

from sidedoor.documents.codes import Code
from sidedoor.documents.problems import Problem, Refused

TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
MOST_BYTES = 1_500_000
MOST_PIXELS = 13_000_000
"""A phone's twelve megapixels are 4,032 by 3,024."""
# What a decoder needs and no person wrote. Everything else an image file says (GPS, author, comment) is refused.
_HARMLESS = {
    "jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi", "progressive", "progression", "gamma", "srgb",
    "transparency", "aspect", "chromaticity", "interlace", "icc_profile", "background", "loop", "timestamp", "adobe",
    "adobe_transform",
}  # fmt: skip


def read_picture(raw: bytes, file: str) -> str:
    """Look at a picture; its name if it may be shown. Raises Refused, saying why it may not."""

    def refuse(code: Code, **values: object) -> Refused:
        return Refused([Problem(file, None, code, values)])

    if len(raw) > MOST_BYTES:
        raise refuse(Code.PICTURE_TOO_BIG, kilobytes=MOST_BYTES // 1000)
    try:
        with Image.open(io.BytesIO(raw)) as picture:
            if picture.format not in TYPES:
                raise refuse(Code.PICTURE_FORMAT)
            if picture.width * picture.height > MOST_PIXELS:
                raise refuse(Code.PICTURE_PIXELS)
            hidden = sorted(set(map(str, picture.info)) - _HARMLESS) or (["EXIF"] if picture.getexif() else [])
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        raise refuse(Code.PICTURE_UNREADABLE) from None
    if hidden:
        raise refuse(Code.PICTURE_TELLS, details=", ".join(hidden)[:80])
    return file.rsplit("/", 1)[-1]
