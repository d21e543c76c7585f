"""A page in parts, separated by empty lines: translations are made, compared and sent out part by part."""

import difflib
import re

from sidedoor.documents.digest import digest_of
from sidedoor.documents.front_matter import Written, read_document

_BETWEEN = re.compile(r"\n[ \t]*\n")
FIELDS = ("title", "tab_title", "summary")
"""The fields of the front matter that hold words of the page."""


def parts_of(text: str) -> list[str]:
    """The parts of a document's text, its titles and its summary first. Raises Refused if it has no front matter."""
    written = read_document(text, "")
    fields = [str(written.values[name]) for name in FIELDS if name in written.values]
    return [*fields, *body_parts(written)]


def body_parts(written: Written) -> list[str]:
    """The parts of a document's Markdown."""
    return [part for part in _BETWEEN.split(written.body.strip()) if part.strip()]


def digest_of_text(text: str) -> str:
    """The digest (see digest.py) of a version of a document. Raises Refused if it has no front matter."""
    written = read_document(text, "")
    fields = [str(written.values.get(name, "")) for name in ("title", "summary", "notes_to_editors")]
    return digest_of(fields[0], fields[1], written.body, fields[2])


def pairs(original: list[str], translation: list[str]) -> list[tuple[str, str]]:
    """Both lists of parts side by side: parts of the same kind in the same order are paired, the others stay alone."""
    paired: list[tuple[str, str]] = []
    kinds = [_kind_of(part) for part in original], [_kind_of(part) for part in translation]
    for operation, first, last, start, end in difflib.SequenceMatcher(None, *kinds, autojunk=False).get_opcodes():
        left, right = original[first:last], translation[start:end]
        if operation == "equal":
            paired += zip(left, right, strict=True)
        else:
            paired += [(part, "") for part in left] + [("", part) for part in right]
    return paired


def _kind_of(part: str) -> str:
    """What a part has in common with its translation: it is a heading, a block, a list or words."""
    first = part.splitlines()[0]
    return first.split("|")[0].strip() if first.startswith("///") else re.sub(r"\w.*", "", first).strip() or "words"
