"""A page as a translator gets it: its words in pieces, without the marks around them; and how to put it together again.

Everything but words (a contact's id, where a link leads, how a list is marked) stays here: nobody can mistype it, and a
translation has every block of its original.
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
_BLOCKS_WITH_WORDS = frozenset(("callout", "emergency", "fold", "question", "quote", "statistic", "write"))
"""Blocks whose argument is words to translate."""
_LINE_WITH_A_MARK = re.compile(r"([ ]*(?:#{1,6}|[-*+]|\d+[.)]|>)[ ]+)(.*)")
_TO_A_HEADING = re.compile(r"(?<=\| )#(\S+)$|(?<=\]\(#)([^)\s]+)(?=\))")


NOT_YET = "…"
"""What a draft has in place of a piece that is not translated yet."""


@dataclass(frozen=True)
class Piece:
    """A part of a page. `words`: it has to be translated; otherwise it stays as it is. `name` identifies it in files
    sent to translators."""

    text: str
    words: bool = False
    name: str = ""


def pieces_of(text: str) -> list[Piece]:
    """Every piece of a document: its titles and summary, then its Markdown. Raises Refused without front matter."""
    written = read_document(text, "")
    fields = [Piece(str(written.values[name]), True, name) for name in FIELDS if name in written.values]
    body = list(_pieces(written.body))
    count = iter(range(1, len(body) + 1))
    return [*fields, *(replace(piece, name=str(next(count))) if piece.words else piece for piece in body)]


def whole_of(text: str) -> list[Piece]:
    """The pieces of a page in another form: its Markdown is one piece. Raises Refused without front matter."""
    written = read_document(text, "")
    fields = [Piece(str(written.values[name]), True, name) for name in FIELDS if name in written.values]
    return [*fields, Piece(written.body, True, "text")]


def _pieces(body: str) -> Iterator[Piece]:
    """The pieces of Markdown; joined, they are the Markdown again."""
    words: list[str] = []

    def finished_words() -> Iterator[Piece]:
        if words:
            yield Piece("\n".join(words), True)
            yield Piece("\n")
            words.clear()

    for line in body.removesuffix("\n").split("\n"):
        if fence := _FENCE.fullmatch(line):
            yield from finished_words()
            if fence[2] in _BLOCKS_WITH_WORDS and fence[3]:
                yield from (Piece(fence[1]), Piece(fence[3], True), Piece("\n"))
            else:
                yield Piece(f"{line}\n")
        elif not line.strip():
            yield from finished_words()
            yield Piece(f"{line}\n")
        elif marked := _LINE_WITH_A_MARK.fullmatch(line):
            yield from finished_words()
            yield Piece(marked[1])
            words.append(marked[2])
        else:
            words.append(line)
    yield from finished_words()


def side_by_side(original: Sequence[Piece], translation: Sequence[Piece]) -> dict[str, str]:
    """A translation's text for each piece of words in its original, by name; pieces that are not translated are left
    out."""
    titles = {piece.name: piece.text for piece in translation if piece.name in FIELDS}
    texts = {piece.name: titles[piece.name] for piece in original if piece.name in titles}
    if original and translation and original[-1].name == translation[-1].name == "text":
        return {**texts, "text": translation[-1].text}
    left, right = ([piece for piece in pieces if piece.name not in FIELDS] for pieces in (original, translation))
    kinds = [
        ["" if piece.words else _TO_A_HEADING.sub("#", piece.text.rstrip()) for piece in side] for side in (left, right)
    ]
    matcher = difflib.SequenceMatcher(None, kinds[0], kinds[1], autojunk=False)
    for operation, first, last, start, end in matcher.get_opcodes():
        if operation == "equal":
            both = zip(left[first:last], right[start:end], strict=True)
            texts |= {piece.name: translated.text for piece, translated in both if piece.words}
    return {name: text for name, text in texts.items() if text != NOT_YET}


def put_together(
    original: str, texts: Mapping[str, str], digest: str, before: str | None = None, form: bool = False
) -> str:
    """A draft of a translation, or of another `form`: the pieces of `original` with their `texts` by name, and the
    front matter of the file as it was `before`. It awaits review, even if somebody reviewed it before."""
    pieces = whole_of(original) if form else pieces_of(original)
    translated = [(texts.get(piece.name) or NOT_YET) if piece.words else piece.text for piece in pieces]
    fields = {piece.name: text for piece, text in zip(pieces, translated, strict=True) if piece.name in FIELDS}
    body = [(piece, text) for piece, text in zip(pieces, translated, strict=True) if piece.name not in FIELDS]
    headings = {
        heading_id(piece.text): heading_id(text)
        for (mark, _), (piece, text) in pairwise(body)
        if mark.text.startswith("#") or mark.text.startswith("/")
    }

    def translated_link(match: re.Match[str]) -> str:
        heading = headings.get(HEADING_PREFIX + (match[1] or match[2]), "").removeprefix(HEADING_PREFIX)
        return f"#{heading or match[1]}" if match[1] else heading or match[2]

    lines = "\n".join(
        _TO_A_HEADING.sub(translated_link, line) for line in "".join(text for _, text in body).split("\n")
    )
    lines = f"{lines.rstrip()}\n" if form else lines
    return with_front(
        before or f"---\ntitle: {json.dumps(fields['title'])}\n---\n",
        {**fields, "state": "draft", "made_from": digest, "reviewer": None},
        lines,
    )


def with_front(text: str, values: Mapping[str, str | None], body: str | None = None) -> str:
    """A document with other `values` in its front matter (None removes a value), and another `body`."""
    written, lines = read_document(text, ""), text.split("\n")
    starts = sorted(line for place, line in written.lines.items() if len(place) == 1)
    ends = dict(zip(starts, [*starts[1:], written.body_line - 1], strict=False))
    own = {line: str(place[0]) for place, line in written.lines.items() if len(place) == 1}
    kept_blocks = [lines[start - 1 : ends[start] - 1] for start in starts if own[start] not in values]
    new = [f"{name}: {_scalar(value)}" for name, value in values.items() if value is not None]
    return "\n".join(["---", *new, *(line for block in kept_blocks for line in block), "---", body or written.body])


def _scalar(value: str) -> str:
    plain = re.fullmatch(r"\w(?:[^:#\"\\\n]*[^\s:#\"\\])?", value)
    return value if plain else json.dumps(value, ensure_ascii=False)
