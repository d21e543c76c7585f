"""Pictures: what may be in content/images. A picture may carry the place it was taken; one that does is refused."""

from pathlib import Path

from PIL import Image, UnidentifiedImageError

from sidedoor.documents.problems import Problem

TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
MOST_BYTES = 1_500_000
MOST_PIXELS = 12_000_000
# What a decoder needs and no person wrote. Everything else an image file says (GPS, author, comment) is refused.
_HARMLESS = {
    "jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi", "progressive", "progression", "gamma", "srgb",
    "transparency", "aspect", "chromaticity", "interlace", "icc_profile", "background", "loop", "timestamp", "adobe",
    "adobe_transform",
}  # fmt: skip


def picture_problem(path: Path, name: str) -> Problem | None:
    """Why the picture at `path` may not be shown; None if it may. `name` is what the editor calls it."""
    file = f"images/{name}"
    try:
        if path.stat().st_size > MOST_BYTES:
            return Problem(file, None, "The picture is too big.", f"Save it smaller, under {MOST_BYTES // 1000} kB.")
        with Image.open(path) as picture:
            if picture.format not in TYPES:
                return Problem(file, None, "This is not a JPEG, PNG or WebP picture.", "Save it as one of these.")
            if picture.width * picture.height > MOST_PIXELS:
                return Problem(
                    file, None, "The picture has too many pixels.", "Save it smaller, 2,000 pixels wide or less."
                )
            if hidden := sorted(set(map(str, picture.info)) - _HARMLESS) or (["EXIF"] if picture.getexif() else []):
                return Problem(
                    file, None, f"The picture carries hidden details ({', '.join(hidden)[:80]}).",
                    "Save a copy without them: they can say where and by whom it was taken.",
                )  # fmt: skip
    except FileNotFoundError:
        return Problem(file, None, "There is no such picture.", "Put it there, or correct its name.")
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        return Problem(file, None, "The picture cannot be read.", "Save it again as JPEG, PNG or WebP.")
    return None
