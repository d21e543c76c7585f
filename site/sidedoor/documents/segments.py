"""A page as a translator gets it: its words in pieces, without the marks around them, and put together again.

What is no words (a contact's id, where a link leads, how a list is marked) stays with us: so nobody can retype it, and
a translation has every block of its original.
"""

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from sidedoor.documents.front_matter import read_document
from sidedoor.documents.markdown import HEADING_PREFIX, heading_id
from sidedoor.documents.parts import FIELDS

_FENCE = re.compile(r"(/{3,}[ ]*([a-z]+)[ ]*\|[ ]*)(.*)|/{3,}.*")
_TITLED = frozenset(("callout", "emergency", "fold", "question", "quote", "statistic", "write"))
"""Blocks whose argument is words."""
_MARKED = re.compile(r"([ ]*(?:#{1,6}|[-*+]|\d+[.)]|>)[ ]+)(.*)")
_TO_A_HEADING = re.compile(r"(?<=\| )#(\S+)$|(?<=\]\(#)([^)\s]+)(?=\))")


NOT_YET = "…"
"""Stands in a draft for a piece that nobody has translated yet."""


@dataclass(frozen=True)
class Piece:
    """A part of a page. `words`: it is translated; else it stays as it is. `name`: what it is called on the way."""

    text: str
    words: bool = False
    name: str = ""


def pieces_of(text: str) -> list[Piece]:
    """Every piece of a document: its titles and summary, then its Markdown. Raises Refused without front matter."""
    written = read_document(text, "")
    told = [Piece(str(written.values[name]), True, name) for name in FIELDS if name in written.values]
    body = list(_pieces(written.body))
    count = iter(range(1, len(body) + 1))
    return [*told, *(replace(one, name=str(next(count))) if one.words else one for one in body)]


def whole_of(text: str) -> list[Piece]:
    """The same of a page in another form, whose Markdown is one piece. Raises Refused without front matter."""
    written = read_document(text, "")
    told = [Piece(str(written.values[name]), True, name) for name in FIELDS if name in written.values]
    return [*told, Piece(written.body, True, "text")]


def _pieces(body: str) -> Iterator[Piece]:
    """The pieces of Markdown; put together they are the Markdown again."""
    words: list[str] = []

    def held() -> Iterator[Piece]:
        if words:
            yield Piece("\n".join(words), True)
            yield Piece("\n")
            words.clear()

    for line in body.removesuffix("\n").split("\n"):
        if found := _FENCE.fullmatch(line):
            yield from held()
            if found[2] in _TITLED and found[3]:
                yield from (Piece(found[1]), Piece(found[3], True), Piece("\n"))
            else:
                yield Piece(f"{line}\n")
        elif not line.strip():
            yield from held()
            yield Piece(f"{line}\n")
        elif marked := _MARKED.fullmatch(line):
            yield from held()
            yield Piece(marked[1])
            words.append(marked[2])
        else:
            words.append(line)
    yield from held()


def side_by_side(original: Sequence[Piece], translation: Sequence[Piece]) -> dict[str, str]:
    """What a translation says for each piece of words of its original, by name; without those that it has not."""
    titles = {one.name: one.text for one in translation if one.name in FIELDS}
    found = {one.name: titles[one.name] for one in original if one.name in titles}
    if original and translation and original[-1].name == translation[-1].name == "text":
        return {**found, "text": translation[-1].text}
    left, right = ([one for one in pieces if one.name not in FIELDS] for pieces in (original, translation))
    kinds = [["" if one.words else _TO_A_HEADING.sub("#", one.text.rstrip()) for one in side] for side in (left, right)]
    same = difflib.SequenceMatcher(None, kinds[0], kinds[1], autojunk=False)
    for what, first, last, start, end in same.get_opcodes():
        if what == "equal":
            both = zip(left[first:last], right[start:end], strict=True)
            found |= {one.name: other.text for one, other in both if one.words}
    return {name: text for name, text in found.items() if text != NOT_YET}


def put_together(
    original: str, said: Mapping[str, str], digest: str, before: str | None = None, form: bool = False
) -> str:
    """A draft of a translation, or of another `form`: the pieces of `original`, each as `said` by name, and the front
    matter of the file as it was `before`. It awaits review, whoever read it before."""
    pieces = whole_of(original) if form else pieces_of(original)
    spoken = [(said.get(one.name) or NOT_YET) if one.words else one.text for one in pieces]
    told = {one.name: text for one, text in zip(pieces, spoken, strict=True) if one.name in FIELDS}
    body = [(one, text) for one, text in zip(pieces, spoken, strict=True) if one.name not in FIELDS]
    headings = {
        heading_id(one.text): heading_id(text)
        for (mark, _), (one, text) in pairwise(body)
        if mark.text.startswith("#") or mark.text.startswith("/")
    }

    def led(found: re.Match[str]) -> str:
        there = headings.get(HEADING_PREFIX + (found[1] or found[2]), "").removeprefix(HEADING_PREFIX)
        return f"#{there or found[1]}" if found[1] else there or found[2]

    lines = "\n".join(_TO_A_HEADING.sub(led, line) for line in "".join(text for _, text in body).split("\n"))
    lines = f"{lines.rstrip()}\n" if form else lines
    return with_front(
        before or f"---\ntitle: {json.dumps(told['title'])}\n---\n",
        {**told, "state": "draft", "made_from": digest, "reviewer": None},
        lines,
    )


def with_front(text: str, values: Mapping[str, str | None], body: str | None = None) -> str:
    """A document with other `values` in its front matter (None: without it), and another `body`."""
    written, lines = read_document(text, ""), text.split("\n")
    starts = sorted(line for place, line in written.lines.items() if len(place) == 1)
    ends = dict(zip(starts, [*starts[1:], written.body_line - 1], strict=False))
    own = {line: str(place[0]) for place, line in written.lines.items() if len(place) == 1}
    kept = [lines[start - 1 : ends[start] - 1] for start in starts if own[start] not in values]
    new = [f"{name}: {_scalar(value)}" for name, value in values.items() if value is not None]
    return "\n".join(["---", *new, *(line for block in kept for line in block), "---", body or written.body])


def _scalar(value: str) -> str:
    plain = re.fullmatch(r"\w(?:[^:#\"\\\n]*[^\s:#\"\\])?", value)
    return value if plain else json.dumps(value, ensure_ascii=False)
