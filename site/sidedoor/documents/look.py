"""How a site looks, as far as that is its owner's: an accent, a paper, a small mark. web/look.py makes rules of it."""

import base64
import binascii
import io
import re
from typing import Annotated
from xml.etree import ElementTree as etree

from PIL import Image, UnidentifiedImageError
from pydantic import AfterValidator, Field

from sidedoor.documents.codes import Code
from sidedoor.documents.models import COLOUR, Model
from sidedoor.documents.problems import Wrong

MOST_MARK_BYTES = 2_000
"""A mark is part of every page, and a page is one small response."""
MOST_MARK_PIXELS = 128
_PNG = "data:image/png;base64,"
_DRAWN = frozenset("svg g path circle ellipse rect line polyline polygon title desc".split())
_SAID = frozenset(
    "viewBox width height d fill stroke stroke-width stroke-linecap stroke-linejoin fill-rule clip-rule opacity "
    "fill-opacity stroke-opacity transform cx cy r rx ry x y x1 y1 x2 y2 points id role".split()
)
_NAMESPACE = "{http://www.w3.org/2000/svg}"


def _mark(written: str) -> str:
    """A drawing in SVG's own words, or a PNG as a data: address; whatever else one of these could hold is refused."""
    if len(written.encode()) > MOST_MARK_BYTES * 4 // 3:
        raise Wrong(Code.MARK_TOO_BIG, most=MOST_MARK_BYTES)
    if written.startswith(_PNG):
        _check_png(written.removeprefix(_PNG))
    else:
        _check_svg(written)
    return written


def _check_png(encoded: str) -> None:
    try:
        with Image.open(io.BytesIO(base64.b64decode(encoded, validate=True))) as picture:
            fits = picture.format == "PNG" and max(picture.size) <= MOST_MARK_PIXELS
            picture.verify()
    except (binascii.Error, UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        fits = False
    if not fits:
        raise Wrong(Code.MARK_UNREADABLE)


def _check_svg(written: str) -> None:
    if "<!" in written or "<?" in written:
        raise Wrong(Code.MARK_DOES_MORE, what="<!")
    try:
        root = etree.fromstring(written)  # noqa: S314 - it holds no declaration, so no entity, and is 2 kB at most
    except etree.ParseError:
        raise Wrong(Code.MARK_UNREADABLE) from None
    if root.tag != f"{_NAMESPACE}svg":
        raise Wrong(Code.MARK_UNREADABLE)
    for element in root.iter():
        tag = str(element.tag).removeprefix(_NAMESPACE)
        if tag not in _DRAWN:
            raise Wrong(Code.MARK_DOES_MORE, what=tag)
        for name, value in element.attrib.items():
            if name not in _SAID or "url(" in value.lower():
                raise Wrong(Code.MARK_DOES_MORE, what=name)


Colour = Annotated[str, Field(pattern=COLOUR)]


class Look(Model):
    """Colours are for light paper; for the dark the accent is lightened until it is read there."""

    accent: Colour | None = None
    paper: Colour | None = None
    mark: Annotated[str, AfterValidator(_mark)] | None = None
    """Beside the site's name: an SVG's text, or a PNG as `data:image/png;base64,…`. `sidedoor mark FILE` says it."""


def contrast(one: str, other: str) -> float:
    """How far two colours stand apart: 1 to 21 (WCAG 2.2, contrast ratio)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def mixed(one: str, other: str, share: float) -> str:
    """`one` with a `share` (0 to 1) of `other` in it."""
    parts = zip(_parts(one), _parts(other), strict=True)
    return "#" + "".join(f"{round(mine + (theirs - mine) * share):02x}" for mine, theirs in parts)


def _parts(colour: str) -> tuple[int, ...]:
    return tuple(int(part, 16) for part in re.findall("..", colour.removeprefix("#")))


def _luminance(colour: str) -> float:
    red, green, blue = (
        part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4
        for part in _parts(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
