"""Converts a picture's colours to what every screen shows: sRGB, eight bits each. Only the child that develops pictures
calls it."""

import io
import struct
from contextlib import suppress

from PIL import Image, ImageCms

_FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION
_P3, _PQ, _HLG = 12, 16, 18
"""From ITU-T H.273: the primaries of Display P3, and the two curves of pictures brighter than white."""
_WIDE = (9, 11)


class NoSuchColours(ValueError):
    """The colours would come out wrong."""


def in_srgb(pixels: Image.Image, profile: bytes | None, raw: bytes, mode: str) -> Image.Image:
    """`pixels` in sRGB, in `mode` (RGB or RGBA). `profile`: their own ICC profile; `raw`: the file they came from.

    Raises NoSuchColours for colours that an ordinary screen cannot show.
    """
    if profile is None:
        profile = _profile_named_in(raw)
    pixels = _eight_bits(pixels)
    if profile:
        # A profile describes the colours as they were stored: ink, grey or light.
        stored = pixels if pixels.mode in ("RGB", "RGBA", "CMYK", "L", "LAB") else pixels.convert(mode)
        # A profile that cannot be read, or that is for other colours than the picture has, is ignored.
        with suppress(ImageCms.PyCMSError, OSError):
            converted = ImageCms.profileToProfile(
                stored,
                io.BytesIO(profile),
                ImageCms.createProfile("sRGB"),
                renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
                outputMode=stored.mode if stored.mode in ("RGB", "RGBA") else "RGB",
                flags=_FLAGS,
            )
            assert converted
            pixels = converted
    return pixels.convert(mode)


def _eight_bits(pixels: Image.Image) -> Image.Image:
    """Keep the upper eight of sixteen bits of grey: Pillow's own conversion would make all but the darkest white."""
    if pixels.mode.startswith("I;16"):
        return pixels.convert("I").point(lambda value: value / 256).convert("L")
    if pixels.mode in ("I", "F"):
        raise NoSuchColours
    return pixels


def _profile_named_in(raw: bytes) -> bytes | None:
    """The profile that an AVIF or HEIC file names by number (ISO/IEC 23008-12, `colr`), where it is not sRGB."""
    at = raw[:65536].find(b"colrnclx") if raw[4:8] == b"ftyp" else -1
    if at < 0:
        return None
    primaries, curve = struct.unpack(">HH", raw[at + 8 : at + 12].ljust(4, b"\0"))
    if curve in (_PQ, _HLG) or primaries in _WIDE:
        raise NoSuchColours
    return display_p3() if primaries == _P3 else None


def display_p3() -> bytes:
    """The ICC profile of Display P3, in which phones take pictures: its primaries (to D50), and the curve of sRGB."""
    corners = {
        "rXYZ": (0.51512, 0.24120, -0.00105), "gXYZ": (0.29198, 0.69225, 0.04189), "bXYZ": (0.15710, 0.06657, 0.78407),
    }  # fmt: skip
    return matrix_profile(corners)


def matrix_profile(corners: dict[str, tuple[float, float, float]]) -> bytes:
    """A display's ICC profile (ICC.1:2010), from its red, green and blue in D50 XYZ; with the curve of sRGB."""

    def fixed(*values: float) -> bytes:
        return b"".join(struct.pack(">i", round(value * 65536)) for value in values)

    curve = b"para\0\0\0\0\0\x03\0\0" + fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    tags = {name: b"XYZ \0\0\0\0" + fixed(*value) for name, value in corners.items()}
    tags |= {"wtpt": b"XYZ \0\0\0\0" + fixed(0.9642, 1, 0.8249)} | dict.fromkeys(("rTRC", "gTRC", "bTRC"), curve)
    words = b"mluc\0\0\0\0\0\0\0\x01\0\0\0\x0cenGB\0\0\0\x04\0\0\0\x1c\0P\x003\0\0"
    tags |= {"desc": words, "cprt": words}
    table, body, at = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        table += struct.pack(">4sII", name.encode(), at + len(body), len(value))
        body += value.ljust(-(-len(value) // 4) * 4, b"\0")
    size = at + len(body)
    head = struct.pack(">II", size, 0) + b"\x04\x30\0\0mntrRGB XYZ " + b"\0" * 12 + b"acsp" + b"\0" * 28
    return (head + fixed(0.9642, 1, 0.8249)).ljust(128, b"\0") + table + body
