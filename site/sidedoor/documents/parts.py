"""A page in parts, which stand between empty lines: what a translation is made, compared and sent away in."""

import difflib
import re

from sidedoor.documents.digest import digest_of
from sidedoor.documents.front_matter import Written, read_document

_BETWEEN = re.compile(r"\n[ \t]*\n")
FIELDS = ("title", "tab_title", "summary")
"""What of the front matter is words of the page."""


def parts_of(text: str) -> list[str]:
    """The parts of a document's text, its titles and its summary first. Raises Refused if it has no front matter."""
    written = read_document(text, "")
    told = [str(written.values[name]) for name in FIELDS if name in written.values]
    return [*told, *body_parts(written)]


def body_parts(written: Written) -> list[str]:
    """The parts of its Markdown."""
    return [part for part in _BETWEEN.split(written.body.strip()) if part.strip()]


def digest_of_text(text: str) -> str:
    """The digest (see digest.py) of a version of a document. Raises Refused if it has no front matter."""
    written = read_document(text, "")
    told = [str(written.values.get(name, "")) for name in ("title", "summary", "notes_to_editors")]
    return digest_of(told[0], told[1], written.body, told[2])


def pairs(original: list[str], translation: list[str]) -> list[tuple[str, str]]:
    """The parts side by side: those of one kind in the same order, the rest alone."""
    found: list[tuple[str, str]] = []
    kinds = [_kind_of(part) for part in original], [_kind_of(part) for part in translation]
    for what, first, last, start, end in difflib.SequenceMatcher(None, *kinds, autojunk=False).get_opcodes():
        left, right = original[first:last], translation[start:end]
        if what == "equal":
            found += zip(left, right, strict=True)
        else:
            found += [(part, "") for part in left] + [("", part) for part in right]
    return found


def _kind_of(part: str) -> str:
    """A heading, a block, a list, words: what a part has in common with its translation."""
    first = part.splitlines()[0]
    return first.split("|")[0].strip() if first.startswith("///") else re.sub(r"\w.*", "", first).strip() or "words"
