"""How a site looks, as far as its owner decides: an accent, a paper, a small mark. web/look.py makes CSS rules of
it."""

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
_SVG_TAGS = frozenset("svg g path circle ellipse rect line polyline polygon title desc".split())
_SVG_ATTRIBUTES = frozenset(
    "viewBox width height d fill stroke stroke-width stroke-linecap stroke-linejoin fill-rule clip-rule opacity "
    "fill-opacity stroke-opacity transform cx cy r rx ry x y x1 y1 x2 y2 points id role".split()
)
_NAMESPACE = "{http://www.w3.org/2000/svg}"


def _mark(written: str) -> str:
    """Accept an SVG drawing, or a PNG as a data: address; refuse whatever else either could hold."""
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
        if tag not in _SVG_TAGS:
            raise Wrong(Code.MARK_DOES_MORE, what=tag)
        for name, value in element.attrib.items():
            if name not in _SVG_ATTRIBUTES or "url(" in value.lower():
                raise Wrong(Code.MARK_DOES_MORE, what=name)


Colour = Annotated[str, Field(pattern=COLOUR)]


class Look(Model):
    """Colours are for light mode; in dark mode the accent is lightened until it is readable."""

    accent: Colour | None = None
    paper: Colour | None = None
    mark: Annotated[str, AfterValidator(_mark)] | None = None
    """A mark beside the site's name: the text of an SVG, or a PNG as `data:image/png;base64,…`. `sidedoor mark FILE`
    prints it."""


def contrast(colour: str, other_colour: str) -> float:
    """The contrast of two colours: 1 to 21 (WCAG 2.2, contrast ratio)."""
    lighter, darker = sorted((_luminance(colour), _luminance(other_colour)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def mixed(colour: str, added: str, share: float) -> str:
    """`colour` with a `share` (0 to 1) of `added` in it."""
    parts = zip(_parts(colour), _parts(added), strict=True)
    return "#" + "".join(f"{round(own + (other - own) * share):02x}" for own, other in parts)


def _parts(colour: str) -> tuple[int, ...]:
    return tuple(int(part, 16) for part in re.findall("..", colour.removeprefix("#")))


def _luminance(colour: str) -> float:
    red, green, blue = (
        part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4
        for part in _parts(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
