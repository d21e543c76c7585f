"""Carries pages from one site to another, without what is true of one place only or leads to pages left behind.

A page is kept as whole as possible: a sentence is removed first, then an item, then a block, then a heading without
words.
"""

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass

_FENCE = re.compile(r"(/{3,})(?: +([\w-]+) *(?:\| *(.*?) *)?)?")
_HEADING = re.compile(r"(#{2,4}) ")
_ITEM = re.compile(r"\s*(?:[-*]|\d+\.) ")
_LINK = re.compile(r"\]\((/[^)#\s]*)")
_SENTENCE_END = re.compile(r"(?<=[.!?:])\s+")
_CONTACT_BLOCKS = ("contact", "number", "call")


@dataclass(frozen=True)
class Carried:
    """What the other site has, ids of contacts and addresses; and the names of places that it is not about."""

    contacts: Container[str]
    paths: Container[str]
    elsewhere: tuple[str, ...]

    def page(self, text: str) -> str:
        """Carry a document with its front matter."""
        _, front, body = text.split("---\n", 2)
        return f"---\n{self._front(front)}---\n{self.body(body)}"

    def body(self, markdown: str) -> str:
        """Carry the Markdown of a document."""
        blocks = list(_without_empty_headings(list(self._blocks(markdown.split("\n")))))
        return "\n\n".join(blocks).strip("\n") + "\n"

    def _front(self, front: str) -> str:
        """Remove related pages that the other site does not have. Sources stay: a fact keeps its origin."""
        lines, name = [], ""
        for line in front.split("\n"):
            name = line.partition(":")[0] if line[:1].isalpha() else name
            if name != "related_help" or not line.startswith(" ") or f"/help/{line.strip(' -')}" in self.paths:
                lines.append(line)
        return re.sub(r"^related_help:\n(?! )", "", "\n".join(lines), flags=re.MULTILINE)

    def _blocks(self, lines: list[str]) -> Iterator[str]:
        """Blocks between empty lines, or between two fences."""
        at = 0
        while at < len(lines):
            if not lines[at].strip():
                at += 1
            elif fence := _FENCE.fullmatch(lines[at]):
                end = next((n for n in range(at + 1, len(lines)) if lines[n] == fence[1]), len(lines) - 1)
                if block := self._fenced(lines[at], fence[2], fence[3] or "", lines[at + 1 : end]):
                    yield f"{block}\n{lines[end]}"
                at = end + 1
            else:
                end = at
                while end < len(lines) and lines[end].strip() and not _FENCE.fullmatch(lines[end]):
                    end += 1
                if words := self._words(lines[at:end]):
                    yield words
                at = end

    def _fenced(self, first: str, name: str, argument: str, inner: list[str]) -> str:
        if name in _CONTACT_BLOCKS:
            return "\n".join([first, *inner]) if argument in self.contacts else ""
        if name in ("audio", "video"):
            return ""  # spoken words cannot be edited
        if name == "action":
            path = argument.partition("#")[0]  # none: it leads to a part of the same page
            return "\n".join([first, *inner]) if not path or path in self.paths else ""
        within = "\n\n".join(self._blocks(inner))
        return f"{first}\n{within}" if within or not "".join(inner).strip() else ""

    def _words(self, lines: list[str]) -> str:
        if any(_ITEM.match(line) for line in lines):
            return "\n".join(item for line in lines if (item := self._item(line)))
        sentences = [sentence for sentence in _SENTENCE_END.split("\n".join(lines)) if self._fits(sentence)]
        return " ".join(sentences)

    def _item(self, line: str) -> str:
        """An item without its later sentences that do not fit; nothing if its first one does not, which says what it is
        about."""
        mark = match[0] if (match := _ITEM.match(line)) else ""
        first, *others = _SENTENCE_END.split(line.removeprefix(mark))
        return mark + " ".join([first, *filter(self._fits, others)]) if self._fits(first) else ""

    def _fits(self, words: str) -> bool:
        leads_to_pages = all(path in self.paths for path in _LINK.findall(words))
        return leads_to_pages and not any(re.search(rf"\b{re.escape(name)}\b", words) for name in self.elsewhere)


def _without_empty_headings(blocks: list[str]) -> Iterator[str]:
    for at, block in enumerate(blocks):
        if heading := _HEADING.match(block):
            next_heading = _HEADING.match(blocks[at + 1]) if at + 1 < len(blocks) else None
            if at + 1 == len(blocks) or (next_heading and len(next_heading[1]) <= len(heading[1])):
                continue
        yield block


def records(text: str) -> tuple[str, dict[str, str]]:
    """A file of records, such as contacts.yaml: the text before them, and each record as it is written, by its id."""
    head, *parts = re.split(r"(?m)^(?=  - id: )", text)
    return head, {part.split("\n", 1)[0].removeprefix("  - id: ").strip(): part.rstrip("\n") + "\n" for part in parts}
