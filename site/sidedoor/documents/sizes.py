"""A picture in other sizes: for phones, as a card where a page is shared, small in the list of news.

Which there are follows from the picture alone, so that pages can name them before any is made. Each is made at the
first request that may see its picture, in the child that decodes pictures, and kept beside the picture's kept bytes.
WebP, because AVIF came out no smaller at these sizes and takes longer to make.
"""

import base64
import hashlib
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sidedoor.documents.darkroom import shared_darkroom
from sidedoor.documents.pictures import LONGEST_EDGE, Flawed, Picture
from sidedoor.private import private_file

CARD, LIST = "card", "list"
_WIDTHS = (480, 960, LONGEST_EDGE)
_CROPPED = {CARD: (1200, 630, "JPEG", 80), LIST: (240, 180, "WEBP", 70)}
"""What sites that show a shared address ask for; and the small one of the list, twice as wide as it is shown."""
_QUALITY = 76
_TYPES = {"WEBP": ("webp", "image/webp"), "JPEG": ("jpg", "image/jpeg")}


@dataclass(frozen=True)
class Size:
    """One of them. `name` is its part of the address, `480` in /images/480/rooms.jpg.webp."""

    picture: Picture
    name: str
    width: int
    height: int
    kind: str
    quality: int

    @property
    def address(self) -> str:
        """Where it is on this site."""
        return f"/images/{self.name}/{self.picture.name}.{_TYPES[self.kind][0]}"

    @property
    def content_type(self) -> str:
        """What it is."""
        return _TYPES[self.kind][1]


def widths_of(picture: Picture) -> list[Size]:
    """The whole picture, in the widths that screens choose from; none of one that is small already."""
    if picture.width <= _WIDTHS[0]:
        return []
    widths = sorted({*(width for width in _WIDTHS if width < picture.width), min(picture.width, _WIDTHS[-1])})
    return [
        Size(picture, str(width), width, max(1, round(picture.height * width / picture.width)), "WEBP", _QUALITY)
        for width in widths
    ]


def cropped(picture: Picture, name: str) -> Size:
    """The part of it around its focus, as a card or for the list; never larger than the picture is."""
    width, height, kind, quality = _CROPPED[name]
    share = min(1, picture.width / width, picture.height / height)
    return Size(picture, name, max(1, round(width * share)), max(1, round(height * share)), kind, quality)


def sizes_of(picture: Picture) -> list[Size]:
    """Every size that a picture has."""
    return [*widths_of(picture), *(cropped(picture, name) for name in _CROPPED)]


class Sizes:
    """Makes them, and keeps them in the folder `kept`; None keeps none. Safe to share between threads and processes."""

    def __init__(self, kept: Path | None) -> None:
        self._kept = kept
        self._turn = threading.Lock()
        self._failed: set[str] = set()

    def made(self, size: Size, raw: bytes, still_there: Callable[[], bool]) -> bytes | None:
        """The bytes of a size of the picture `raw`; None if it cannot be made.

        `still_there`: whether the picture is, once it is made; of one that was deleted meanwhile nothing stays.
        """
        of = hashlib.sha256(raw)
        of.update(repr((size.width, size.height, size.picture.focus)).encode())
        name = f"{size.picture.name}.{size.name}.{of.hexdigest()[:16]}"
        if (known := self._read(name)) is not None or name in self._failed:
            return known
        with self._turn:
            if (known := self._read(name)) is not None:
                return known
            try:
                answer = shared_darkroom().ask(
                    "smaller", raw, width=size.width, height=size.height, focus=size.picture.focus, kind=size.kind,
                    quality=size.quality,
                )  # fmt: skip
            except Flawed:
                self._failed.add(name)
                return None
        made = base64.b64decode(answer["raw"])
        self._keep(f"{size.picture.name}.{size.name}.", name, made)
        if not still_there():
            self.forget(size.picture.name)
        return made

    def forget(self, picture: str) -> None:
        """Delete what is kept of a picture."""
        self._forget(f"{picture}.")

    def _read(self, name: str) -> bytes | None:
        try:
            return (self._kept / name).read_bytes() if self._kept else None
        except OSError:
            return None

    def _keep(self, start: str, name: str, made: bytes) -> None:
        if not self._kept:
            return
        whole = self._kept / f".{name}.{os.getpid()}-{threading.get_ident()}"
        with suppress(OSError):
            try:
                private_file(whole)
                whole.write_bytes(made)
                self._forget(start)  # of the picture as it was before
                os.replace(whole, self._kept / name)
            finally:
                whole.unlink(missing_ok=True)

    def _forget(self, start: str) -> None:
        with suppress(OSError):
            for path in list(self._kept.iterdir()) if self._kept else ():
                if path.name.startswith(start):
                    path.unlink(missing_ok=True)
