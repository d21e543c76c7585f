"""The differences between two versions of a document, in the words of the form: field by field, word by word."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sidedoor.desk.items.compare import Part, compare
from sidedoor.desk.items.form import NOTE_KINDS, fields_of
from sidedoor.desk.words import LABELS
from sidedoor.documents.front_matter import read_document
from sidedoor.documents.problems import Refused

_MORE_LABELS = {
    "body": "Text",
    "publish_date": "Day it goes live",
    "publish_time": "Time it goes live",
    "expires_date": "Day it leaves the site",
    "expires_time": "Time it leaves the site",
    "withdrawn": "Withdrawal",
    "previous_slugs": "Former addresses",
}
_IN_THE_FORM = {"publish_at", "expires_at", "updates", "notes_to_editors", "related_help", "sources", "state"}
"""Names that the form has under other fields, or that the page shows elsewhere."""


@dataclass(frozen=True)
class Change:
    """A field that differs: what the form calls it, and what was removed and added."""

    label: str
    parts: list[Part]


def changes(before: str, after: str) -> list[Change]:
    """Return every field that differs, in the form's order. If a version cannot be read, compare the files as text."""
    try:
        older, newer = read_document(before, ""), read_document(after, "")
    except Refused:
        return [Change("File", compare(before, after))]
    was, is_ = (_as_text(version.values, version.body) for version in (older, newer))
    return [
        Change(_label(name), compare(was.get(name, ""), is_.get(name, "")))
        for name in dict.fromkeys((*is_, *was))
        if was.get(name, "").strip() != is_.get(name, "").strip()
    ]


def _as_text(front: dict[str, Any], body: str) -> dict[str, str]:
    fields = fields_of(front, body)
    for name in [name for name in fields if re.fullmatch(r"note_\d+_kind", name)]:
        note = name.removesuffix("_kind")
        fields[note] = f"{NOTE_KINDS.get(fields.pop(name), '')}: {fields[note]}"
    rest = {name: value for name, value in front.items() if name not in fields and name not in _IN_THE_FORM}
    return {**fields, **{name: "\n".join(_lines(value)) for name, value in rest.items()}}


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield f"{name}: {', '.join(_lines(inner))}"
    elif isinstance(value, list):
        yield from itertools.chain.from_iterable(map(_lines, value))
    else:
        yield str(value)


def _label(name: str) -> str:
    if re.fullmatch(r"note_\d+", name):
        return "What readers are told of changes"
    return LABELS.get(name) or _MORE_LABELS.get(name) or name.replace("_", " ").capitalize()
