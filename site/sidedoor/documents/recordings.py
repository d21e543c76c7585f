"""Recordings: what may be in content/media. MP3 and MP4, which every browser plays, without tags that may name a person
or a place; and a video's captions, as WebVTT."""

import re
from collections.abc import Iterator

from sidedoor.documents.codes import Code
from sidedoor.documents.problems import Problem, Refused

MOST_BYTES = 3_000_000
"""Ten minutes of speech at 40 kbit/s."""
MOST_VIDEO_BYTES = 8_000_000
"""Firefox writes anything longer to a file on disk."""
_KINDS = {"mp3": "audio/mpeg", "mp4": "video/mp4", "vtt": "text/vtt"}
_TAGS = (b"ID3", b"APETAGEX")
_WITH_BOXES = frozenset((b"moov", b"trak", b"udta", b"meta", b"ilst"))
_TELL_NOTHING = {b"udta": (b"meta",), b"meta": (b"hdlr", b"ilst"), b"ilst": ()}
"""What may be in an MP4's boxes for descriptions. ffmpeg writes these boxes even when they are empty."""
_CUE = re.compile(r"^(?:\d+:)?\d\d:\d\d\.\d{3} +--> +(?:\d+:)?\d\d:\d\d\.\d{3}", re.MULTILINE)
_STYLED = re.compile(r"^(?:STYLE|REGION)\b", re.MULTILINE)


def is_recording(name: str) -> bool:
    """Whether a file that pages show is a recording, by its name, and not a picture."""
    return name.rpartition(".")[2] in _KINDS


def is_video(name: str) -> bool:
    """Whether a file is a video, by its name."""
    return name.endswith(".mp4")


def is_captions(name: str) -> bool:
    """Whether a file is a video's captions, by its name."""
    return name.endswith(".vtt")


def content_type(name: str) -> str:
    """The media type of a recording."""
    return _KINDS[name.rpartition(".")[2]]


def captions_of(video: str) -> str:
    """The name of a video's captions, which lie beside it: `signs.vtt`."""
    return video.rpartition(".")[0] + ".vtt"


def most_bytes(name: str) -> int:
    """How many bytes a recording may have."""
    return MOST_VIDEO_BYTES if is_video(name) else MOST_BYTES


def read_recording(raw: bytes, file: str) -> str:
    """Check a recording, and return its name if it may be played. Raises Refused, saying why it may not."""

    def refuse(code: Code, **values: object) -> Refused:
        return Refused([Problem(file, None, code, values)])

    name = file.rsplit("/", 1)[-1]
    if len(raw) > most_bytes(name):
        raise refuse(Code.RECORDING_TOO_BIG, megabytes=most_bytes(name) // 1_000_000)
    read = {"mp3": _in_mp3, "mp4": _in_mp4, "vtt": _in_captions}.get(name.rpartition(".")[2])
    if why := read(raw) if read else Code.RECORDING_FORMAT:
        raise refuse(why)
    return name


def _in_mp3(raw: bytes) -> Code | None:
    """Why these bytes are not an MP3 that may be played; None if they are."""
    if raw.startswith(_TAGS) or _TAGS[1] in raw[-4096:] or raw[-128:-125] == b"TAG":
        return Code.RECORDING_TELLS
    # A frame begins with eleven ones, then a version and a layer (ISO/IEC 11172-3, 2.4.1.3); layer III is 01.
    is_mp3 = raw[:1] == b"\xff" and len(raw) >= 4 and raw[1] & 0xE6 == 0xE2
    return None if is_mp3 else Code.RECORDING_FORMAT


def _in_mp4(raw: bytes) -> Code | None:
    """Why these bytes are not an MP4 that may be played. Its index (`moov`) has to come before the pictures, or a
    player fetches the whole file before it shows the first."""
    try:
        boxes = list(_boxes(raw, 0, len(raw)))
    except ValueError:
        return Code.RECORDING_FORMAT
    kinds = [kind for kind, _ in boxes]
    if kinds[:1] != [b"ftyp"] or b"moov" not in kinds or b"mdat" not in kinds:
        return Code.RECORDING_FORMAT
    if any(kind == b"uuid" or kind not in _TELL_NOTHING.get(around, (kind,)) for kind, around in boxes):
        return Code.RECORDING_TELLS
    return Code.VIDEO_BEGINS_LATE if kinds.index(b"mdat") < kinds.index(b"moov") else None


def _boxes(raw: bytes, start: int, end: int, around: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
    """The boxes of an MP4 between two places, and those inside them: the kind of each, and of the box around it
    (ISO/IEC 14496-12, 4.2). Raises ValueError if one does not fit."""
    while start < end:
        size, kind, head = int.from_bytes(raw[start : start + 4]), raw[start + 4 : start + 8], 8
        if size == 1:
            size, head = int.from_bytes(raw[start + 8 : start + 16]), 16
        size = size or end - start
        if size < head or start + size > end:
            raise ValueError(kind)
        yield kind, around
        if kind in _WITH_BOXES:
            yield from _boxes(raw, start + head + (4 if kind == b"meta" else 0), start + size, kind)
        start += size


def _in_captions(raw: bytes) -> Code | None:
    """Why these bytes are not captions that may be shown: WebVTT with words at times, without styles or positions."""
    try:
        text = raw.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return Code.RECORDING_FORMAT
    good = re.match(r"WEBVTT(?:[ \t].*)?\n", text) and _CUE.search(text) and not _STYLED.search(text)
    return None if good else Code.RECORDING_FORMAT
