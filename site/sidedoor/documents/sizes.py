"""A picture in other sizes: for phones, as a card where somebody shares a page, and small for the list of news.

The sizes follow from the picture alone, so pages can name them before they exist. Each is made at the first request
that may see its picture, in the child process that decodes pictures, and kept beside the picture's kept bytes. WebP,
because AVIF came out no smaller at these sizes and takes longer to make.
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
from sidedoor.private import new_beside

CARD, LIST = "card", "list"
_WIDTHS = (480, 960, LONGEST_EDGE)
_CROPPED = {CARD: (1200, 630, "JPEG", 80), LIST: (240, 180, "WEBP", 70)}
"""The card, in the size that sites ask for when they show a shared address; and the small picture in the list, twice as
wide as it is shown."""
_QUALITY = 76
_TYPES = {"WEBP": ("webp", "image/webp"), "JPEG": ("jpg", "image/jpeg")}


@dataclass(frozen=True)
class Size:
    """One size of a picture. `name` is its part of the address, `480` in /images/480/rooms.jpg.webp."""

    picture: Picture
    name: str
    width: int
    height: int
    kind: str
    quality: int

    @property
    def address(self) -> str:
        """Its address on this site."""
        return f"/images/{self.name}/{self.picture.name}.{_TYPES[self.kind][0]}"

    @property
    def content_type(self) -> str:
        """Its media type."""
        return _TYPES[self.kind][1]


def widths_of(picture: Picture) -> list[Size]:
    """The whole picture in the widths that screens choose from; none if the picture is small already."""
    if picture.width <= _WIDTHS[0]:
        return []
    widths = sorted({*(width for width in _WIDTHS if width < picture.width), min(picture.width, _WIDTHS[-1])})
    return [
        Size(picture, str(width), width, max(1, round(picture.height * width / picture.width)), "WEBP", _QUALITY)
        for width in widths
    ]


def cropped(picture: Picture, name: str) -> Size:
    """The part of a picture around its focus, as a card or for the list; never larger than the picture."""
    width, height, kind, quality = _CROPPED[name]
    share = min(1, picture.width / width, picture.height / height)
    return Size(picture, name, max(1, round(width * share)), max(1, round(height * share)), kind, quality)


def sizes_of(picture: Picture) -> list[Size]:
    """Every size of a picture."""
    return [*widths_of(picture), *(cropped(picture, name) for name in _CROPPED)]


class Sizes:
    """Makes sizes and keeps them in the folder `kept`; None keeps none. Safe to share between threads and processes."""

    def __init__(self, kept: Path | None) -> None:
        self._kept = kept
        self._turn = threading.Lock()
        self._failed: set[str] = set()

    def made(self, size: Size, raw: bytes, still_there: Callable[[], bool]) -> bytes | None:
        """The bytes of a size of the picture `raw`; None if it cannot be made.

        `still_there` tells, once the size is made, whether the picture still exists; if it was deleted meanwhile,
        nothing is kept.
        """
        made_from = hashlib.sha256(raw)
        made_from.update(repr((size.width, size.height, size.picture.focus)).encode())
        name = f"{size.picture.name}.{size.name}.{made_from.hexdigest()[:16]}"
        if (kept := self._read(name)) is not None or name in self._failed:
            return kept
        with self._turn:
            if (kept := self._read(name)) is not None:
                return kept
            try:
                answer = shared_darkroom().ask(
                    "smaller", raw, width=size.width, height=size.height, focus=size.picture.focus, kind=size.kind,
                    quality=size.quality,
                )  # fmt: skip
            except Flawed:
                self._failed.add(name)
                return None
        smaller = base64.b64decode(answer["raw"])
        self._keep(f"{size.picture.name}.{size.name}.", name, smaller)
        if not still_there():
            self.forget(size.picture.name)
        return smaller

    def forget(self, picture: str) -> None:
        """Delete the kept sizes of a picture."""
        self._forget(f"{picture}.")

    def _read(self, name: str) -> bytes | None:
        try:
            return (self._kept / name).read_bytes() if self._kept else None
        except OSError:
            return None

    def _keep(self, start: str, name: str, raw: bytes) -> None:
        if not self._kept:
            return
        with suppress(OSError):
            temporary = new_beside(self._kept / name)
            try:
                temporary.write_bytes(raw)
                self._forget(start)  # sizes of the picture as it was before
                os.replace(temporary, self._kept / name)
            finally:
                temporary.unlink(missing_ok=True)

    def _forget(self, start: str) -> None:
        with suppress(OSError):
            for path in list(self._kept.iterdir()) if self._kept else ():
                if path.name.startswith(start):
                    path.unlink(missing_ok=True)
