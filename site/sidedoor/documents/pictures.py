"""Pictures: what may be in content/images, what is taken in, and what is known of one. Nothing here decodes any."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, auto

TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
SHOWN_FORMATS = tuple(TYPES)
"""What every browser shows."""
TAKEN_FORMATS = (*SHOWN_FORMATS, "HEIF", "AVIF", "TIFF", "GIF")
"""What a picture is made from (MPO is a JPEG to Pillow). A GIF only to say what is wrong with it."""
MOVING = ("PNG", "WEBP", "AVIF", "GIF", "HEIF")
MOST_BYTES = 1_500_000
MOST_PIXELS = 13_000_000
"""A phone's twelve megapixels are 4,032 by 3,024."""
LONGEST_EDGE = 1600
MOST_SENT_BYTES = 20 * 1024 * 1024
MOST_SENT_PIXELS = 25_000_000
"""A camera's 24 megapixels. While it is made smaller, each takes up to eight bytes."""
# What a decoder needs and no person wrote. Everything else an image file says (GPS, author, comment) is refused.
HARMLESS = {
    "jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi", "progressive", "progression", "gamma", "srgb",
    "transparency", "aspect", "chromaticity", "interlace", "icc_profile", "background", "loop", "timestamp", "adobe",
    "adobe_transform",
}  # fmt: skip


MIDDLE = (0.5, 0.5)


class Flaw(StrEnum):
    """Why a picture that somebody sent is not taken in."""

    EMPTY = auto()
    TOO_BIG = auto()
    PIXELS = auto()
    MOVES = auto()
    SEVERAL = auto()
    COLOURS = auto()
    FORMAT = auto()
    STAYS_BIG = auto()


class Flawed(Exception):
    """A picture that is not taken in. `values` are what the words of `flaw` name."""

    def __init__(self, flaw: Flaw, **values: object) -> None:
        super().__init__(flaw, values)
        self.flaw, self.values = flaw, values


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of the content folder that may be shown. Width and height are in pixels.

    `focus`: what stays in sight where it is cut, from 0 to 1 of its width and height. pictures.yaml says it.
    """

    name: str
    width: int
    height: int
    focus: tuple[float, float] = MIDDLE

    def to_json(self) -> str:
        """What its file says of it, as JSON."""
        return json.dumps({"name": self.name, "width": self.width, "height": self.height})

    @classmethod
    def from_json(cls, text: str) -> "Picture":
        """The way back. Raises ValueError or TypeError for what another version of this code wrote."""
        return cls(**json.loads(text))


@dataclass(frozen=True)
class PictureFacts:
    """What pictures.yaml says of pictures that decides how they are shown: the focus of some, by name."""

    focus: Mapping[str, tuple[float, float]]

    @classmethod
    def of(cls, values: Mapping[str, object]) -> "PictureFacts":
        """Of the file as it is written. What nobody can read is as if it were not there."""
        found = {name: focus_of(known) for name, known in values.items() if isinstance(known, dict)}
        return cls({name: focus for name, focus in found.items() if focus != MIDDLE})


def focus_of(facts: Mapping[str, object]) -> tuple[float, float]:
    """The focus that a picture's facts give, written as two numbers from 0 to 100: `focus: 30 70`."""
    numbers = re.fullmatch(r"(\d{1,3}) (\d{1,3})", str(facts.get("focus", "")))
    if not numbers or max(int(numbers[1]), int(numbers[2])) > 100:
        return MIDDLE
    return int(numbers[1]) / 100, int(numbers[2]) / 100


@dataclass(frozen=True)
class Developed:
    """A picture as it will be published: its bytes, how its name ends, and its size in pixels."""

    raw: bytes
    ending: str
    width: int
    height: int
