"""Merges what two people wrote on the same version: a paragraph that only one of them changed is taken over.

Three versions are compared line by line (as diff3 does; Khanna, Kunal, Pierce 2007). The lines of the first version
that both still have are fixed points; between two of them, the side that changed is taken. People are asked only where
both sides changed.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sidedoor.desk.items.changes import Change
from sidedoor.desk.items.compare import compare, same_lines
from sidedoor.desk.items.form import Fields

_NOTE = re.compile(r"note_\d+")
_BY_PARAGRAPH = ("body", "notes_to_editors", "sources")


@dataclass(frozen=True)
class Merged:
    """`fields`: everything that only one of the two changed, and my words where both did. `theirs`: their words there.

    `marked`: the same fields, with the differences between the two.
    """

    fields: Fields
    theirs: Fields
    marked: Mapping[str, Change]


def merged(before: Fields, mine: Fields, theirs: Fields) -> Merged:
    """Merge what two people made of `before`. Without `before`, everything that differs is a clash."""
    fields, clashes, marked = dict(theirs), Fields(), dict[str, Change]()
    new_notes = {theirs[name].strip() for name in theirs.keys() - before if _NOTE.fullmatch(name)}
    if mine.get("new_note", "").strip() in new_notes:
        mine = {**mine, "new_note": ""}  # the note is there already: this form was sent before
    for name, value in mine.items():
        base, other = before.get(name, "\0").strip(), theirs.get(name, value).strip()
        if value.strip() in (base, other):
            fields[name] = theirs.get(name, value)
            continue
        fields[name] = value
        if other == base:
            continue
        own, against = value.strip("\n"), theirs[name].strip("\n")
        if name in _BY_PARAGRAPH and name in before:
            fields[name], own, against = _by_paragraph(before[name].strip("\n"), own, against)
            if own == against:
                continue
        clashes[name] = against
        marked[name] = Change(name, compare(own, against))
    return Merged(fields, clashes, marked)


def _by_paragraph(before: str, mine: str, theirs: str) -> tuple[str, str, str]:
    """The merged text, with my words where both changed the same lines; and those passages, mine and theirs."""
    whole, own, against = list[str](), list[str](), list[str]()
    for was, ours, other in _stretches(before.split("\n"), mine.split("\n"), theirs.split("\n")):
        if ours == other or other == was:
            whole += ours
        elif ours == was:
            whole += other
        else:
            whole += ours
            own += ours
            against += other
    return "\n".join(whole), "\n".join(own), "\n".join(against)


def _stretches(
    before: list[str], mine: list[str], theirs: list[str]
) -> Iterator[tuple[list[str], list[str], list[str]]]:
    """Yield the three texts piece by piece, cut at each line that all three share."""
    in_mine, in_theirs = same_lines(before, mine), same_lines(before, theirs)
    was = ours = other = 0
    for line in [number for number in range(len(before)) if number in in_mine and number in in_theirs]:
        yield before[was:line], mine[ours : in_mine[line]], theirs[other : in_theirs[line]]
        yield (before[line : line + 1],) * 3
        was, ours, other = line + 1, in_mine[line] + 1, in_theirs[line] + 1
    yield before[was:], mine[ours:], theirs[other:]
