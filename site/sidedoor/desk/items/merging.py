"""What two people wrote on the same version, put together: a paragraph that only one of them changed is taken over.

Three versions are compared line by line (merge3); only where both changed the same lines is anybody asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from merge3 import Merge3

from sidedoor.desk.items.changes import Change
from sidedoor.desk.items.compare import compare
from sidedoor.desk.items.form import Fields

_BY_PARAGRAPH = ("body", "notes_to_editors", "sources")


@dataclass(frozen=True)
class Merged:
    """`fields` with all that only one changed, and `mine` where both did. `theirs`: what stands against it there.

    `marked`: the same, with the differences between the two.
    """

    fields: Fields
    theirs: Fields
    marked: Mapping[str, Change]


def merged(before: Fields, mine: Fields, theirs: Fields) -> Merged:
    """Put together what two people made of `before`. Without `before`, everything that differs is a clash."""
    fields, clashes, marked = dict(theirs), Fields(), dict[str, Change]()
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
    """The whole, with mine where both changed the same; and those passages, mine and theirs."""
    whole, own, against = list[str](), list[str](), list[str]()
    for kind, *lines in Merge3(before.split("\n"), mine.split("\n"), theirs.split("\n")).merge_groups():
        if kind == "conflict":
            _, ours, other = lines
            whole += ours
            own += ours
            against += other
        else:
            whole += lines[0]
    return "\n".join(whole), "\n".join(own), "\n".join(against)
