"""Recordings: what may be in content/media. MP3, which every browser plays; without tags, which may name a person."""

from sidedoor.documents.codes import Code
from sidedoor.documents.problems import Problem, Refused

MOST_BYTES = 3_000_000
"""Ten minutes of speech at 40 kbit/s. Firefox writes a recording into a file once it is over 8 MB."""
_ENDINGS = ("mp3",)
_TAGS = (b"ID3", b"APETAGEX")


def is_recording(name: str) -> bool:
    """Whether the name of a file that pages show is a recording's, and not a picture's."""
    return name.rpartition(".")[2] in _ENDINGS


def read_recording(raw: bytes, file: str) -> str:
    """Look at a recording; its name if it may be played. Raises Refused, saying why it may not."""

    def refuse(code: Code, **values: object) -> Refused:
        return Refused([Problem(file, None, code, values)])

    name = file.rsplit("/", 1)[-1]
    if len(raw) > MOST_BYTES:
        raise refuse(Code.RECORDING_TOO_BIG, megabytes=MOST_BYTES // 1_000_000)
    if raw.startswith(_TAGS) or _TAGS[1] in raw[-4096:] or raw[-128:-125] == b"TAG":
        raise refuse(Code.RECORDING_TELLS)
    # A frame begins with eleven ones, then a version and a layer (ISO/IEC 11172-3, 2.4.1.3); layer III is 01.
    if not is_recording(name) or raw[:1] != b"\xff" or len(raw) < 4 or raw[1] & 0xE6 != 0xE2:
        raise refuse(Code.RECORDING_FORMAT)
    return name
