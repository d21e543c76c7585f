"""Pictures: what may be in content/images, which formats are accepted, and facts about one. Decodes nothing."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, auto

TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
SHOWN_FORMATS = tuple(TYPES)
"""Formats that every browser shows."""
TAKEN_FORMATS = (*SHOWN_FORMATS, "HEIF", "AVIF", "TIFF", "GIF")
"""Formats that are accepted (to Pillow, MPO is a JPEG). A GIF is opened only to say what is wrong with it."""
MOVING = ("PNG", "WEBP", "AVIF", "GIF", "HEIF")
MOST_BYTES = 1_500_000
MOST_PIXELS = 13_000_000
"""A phone's twelve megapixels are 4,032 by 3,024."""
LONGEST_EDGE = 1600
MOST_SENT_BYTES = 20 * 1024 * 1024
MOST_SENT_PIXELS = 25_000_000
"""A camera's 24 megapixels. While a picture is made smaller, each pixel takes up to eight bytes."""
# Metadata that a decoder needs and no person wrote. Everything else an image file says (GPS, author, comment) is
# refused.
HARMLESS = {
    "jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi", "progressive", "progression", "gamma", "srgb",
    "transparency", "aspect", "chromaticity", "interlace", "icc_profile", "background", "loop", "timestamp", "adobe",
    "adobe_transform",
}  # fmt: skip


MIDDLE = (0.5, 0.5)


class Flaw(StrEnum):
    """Why a picture that somebody sent is refused."""

    EMPTY = auto()
    TOO_BIG = auto()
    PIXELS = auto()
    MOVES = auto()
    SEVERAL = auto()
    COLOURS = auto()
    FORMAT = auto()
    STAYS_BIG = auto()


class Flawed(Exception):
    """A picture is refused. `values` fill the gaps in the words for `flaw`."""

    def __init__(self, flaw: Flaw, **values: object) -> None:
        super().__init__(flaw, values)
        self.flaw, self.values = flaw, values


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of the content folder that may be shown. Width and height are in pixels.

    `focus`: the point that stays in sight where the picture is cut, from 0 to 1 of its width and height, as
    pictures.yaml gives it.
    """

    name: str
    width: int
    height: int
    focus: tuple[float, float] = MIDDLE

    def to_json(self) -> str:
        """What its file says about it, as JSON."""
        return json.dumps({"name": self.name, "width": self.width, "height": self.height})

    @classmethod
    def from_json(cls, text: str) -> "Picture":
        """Read what `to_json` wrote. Raises ValueError or TypeError for what another version of this code wrote."""
        return cls(**json.loads(text))


@dataclass(frozen=True)
class PictureFacts:
    """The facts from pictures.yaml that decide how pictures are shown: the focus of some, by name."""

    focus: Mapping[str, tuple[float, float]]

    @classmethod
    def of(cls, values: Mapping[str, object]) -> "PictureFacts":
        """Read them from the values of the file. Unreadable facts are ignored."""
        focuses = {name: focus_of(facts) for name, facts in values.items() if isinstance(facts, dict)}
        return cls({name: focus for name, focus in focuses.items() if focus != MIDDLE})


def focus_of(facts: Mapping[str, object]) -> tuple[float, float]:
    """The focus in a picture's facts, written as two numbers from 0 to 100: `focus: 30 70`."""
    numbers = re.fullmatch(r"(\d{1,3}) (\d{1,3})", str(facts.get("focus", "")))
    if not numbers or max(int(numbers[1]), int(numbers[2])) > 100:
        return MIDDLE
    return int(numbers[1]) / 100, int(numbers[2]) / 100


@dataclass(frozen=True)
class Developed:
    """A picture as it will be published: its bytes, its file name's ending, and its size in pixels."""

    raw: bytes
    ending: str
    width: int
    height: int
