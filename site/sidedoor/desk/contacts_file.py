"""contacts.yaml, changed one record at a time; every other line stays as people wrote it, comments and all."""

from collections.abc import Mapping
from typing import Any

from sidedoor.desk.composing import block
from sidedoor.documents.front_matter import read_yaml
from sidedoor.documents.problems import Problem, Refused
from sidedoor.documents.reading import CONTACTS


def read_records(text: str) -> list[dict[str, Any]]:
    """The records, as plain strings and lists. Raises Refused."""
    records = read_yaml(text, CONTACTS).values.get("contacts")
    return [record for record in records if isinstance(record, dict)] if isinstance(records, list) else []


def with_record(text: str, contact: str, values: Mapping[str, str]) -> str:
    """The file with `values` in the record `contact`; an empty value takes the line out. Raises Refused."""
    written = read_yaml(text, CONTACTS)
    records = read_records(text)
    number = next((place for place, record in enumerate(records) if record.get("id") == contact), None)
    if number is None:
        raise Refused([Problem(CONTACTS, None, f"There is no contact “{contact}”.", "Choose one of the list.")])
    lines, record = text.split("\n"), records[number]
    places = sorted(
        (line, place[2])
        for place, line in written.lines.items()
        if place[:2] == ("contacts", number) and len(place) == 3
    )
    end = _end(lines, places[-1][0])
    ends = [line for line, _ in places[1:]] + [end]
    after: list[str] = []
    indent = "    "
    for (start, name), stop in zip(places, ends, strict=True):
        if name not in values or values[str(name)] == record[str(name)]:
            after += lines[start - 1 : stop - 1]
        elif value := values[str(name)]:
            after += [indent + line for line in block(str(name), value).rstrip("\n").split("\n")]
    for name, value in values.items():
        if name not in record and value:
            after += [indent + line for line in block(name, value).rstrip("\n").split("\n")]
    first = places[0][0]
    if after and not after[0].lstrip().startswith("- "):
        after[0] = f"  - {after[0].lstrip()}"
    changed = "\n".join([*lines[: first - 1], *after, *lines[end - 1 :]])
    expected = [{**one, **values} if place == number else one for place, one in enumerate(records)]
    assert read_records(changed) == [{name: value for name, value in one.items() if value} for one in expected]
    return changed


def _end(lines: list[str], start: int) -> int:
    """The line after a value that begins on line `start`: the next record, or whatever stands further left."""
    line = start + 1
    while line <= len(lines) and lines[line - 1].startswith("     "):
        line += 1
    return line
