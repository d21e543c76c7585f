"""Two texts, word by word. Paragraphs are matched first, so that a long text stays quick and a moved comma small."""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

_ALIKE = 0.6
"""Below this ratio two paragraphs are two, not one that was changed: their words interleaved would read as neither."""
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True)
class Part:
    """A run of text that both have, or only the newer (`added`) or only the older (`removed`)."""

    kind: Literal["same", "added", "removed"]
    text: str


def compare(older: str, newer: str) -> list[Part]:
    """What was taken out of `older` and put in to make `newer`."""
    before, after = older.splitlines(keepends=True), newer.splitlines(keepends=True)
    parts: list[Part] = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            parts.append(Part("same", "".join(before[a:b])))
        else:
            parts += _words("".join(before[a:b]), "".join(after[c:d]))
    return parts


def _words(older: str, newer: str) -> Iterator[Part]:
    before, after = _WORDS.findall(older), _WORDS.findall(newer)
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=len(before) > 2000)
    if matcher.ratio() < _ALIKE:
        yield from (part for part in (Part("removed", older), Part("added", newer)) if part.text)
        return
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            yield Part("same", "".join(before[a:b]))
            continue
        if a < b:
            yield Part("removed", "".join(before[a:b]))
        if c < d:
            yield Part("added", "".join(after[c:d]))
