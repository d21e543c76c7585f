"""Changes contacts.yaml one record at a time; all other lines, comments included, stay as people wrote them."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sidedoor.desk.items.composing import block
from sidedoor.documents.codes import Code
from sidedoor.documents.front_matter import Place, Written, read_yaml
from sidedoor.documents.problems import Problem, Refused
from sidedoor.documents.reading import CONTACTS


def read_records(text: str) -> list[dict[str, Any]]:
    """Return the records, as plain strings and lists. Raises Refused."""
    records = _written(text).values.get("contacts")
    return [record for record in records if isinstance(record, dict)] if isinstance(records, list) else []


def with_record(text: str, contact: str, values: Mapping[str, str | list[str]]) -> str:
    """Return the file with `values` in the record `contact`; an empty value removes its line. Raises Refused."""
    number, first, end = _place(text, contact)
    lines, written = text.split("\n"), _written(text)
    record = read_records(text)[number]
    starts = sorted((line, str(place[2])) for place, line in written.lines.items() if _is_field(place, number))
    ends = [line for line, _ in starts[1:]] + [end]
    after: list[str] = []
    for (start, name), stop in zip(starts, ends, strict=True):
        if name not in values or values[name] == record[name]:
            after += lines[start - 1 : stop - 1]
        elif values[name]:
            after += _lines(name, values[name])
    for name, value in values.items():
        if name not in record and value:
            after += _lines(name, value)
    if not after[0].lstrip().startswith("- "):
        after[0] = f"  - {after[0].lstrip()}"
    changed = "\n".join([*lines[: first - 1], *after, *lines[end - 1 :]])
    expected = [{**record, **values} if place == number else record for place, record in enumerate(read_records(text))]
    assert read_records(changed) == [{name: value for name, value in record.items() if value} for record in expected]
    return changed


def with_new_record(text: str, values: Mapping[str, str | list[str]]) -> str:
    """Return the file with another record at its end. Raises Refused if the record's id is missing or taken."""
    contact = values.get("id")
    if not contact or any(record.get("id") == contact for record in read_records(text)):
        code = Code.CONTACT_EXISTS if contact else Code.CONTACT_WITHOUT_ID
        raise Refused([Problem(CONTACTS, None, code, {"contact": contact})])
    lines = [line for name, value in values.items() if value for line in _lines(name, value)]
    lines[0] = f"  - {lines[0].lstrip()}"
    return text.rstrip("\n") + "\n" + "\n".join(lines) + "\n"


def without_record(text: str, contact: str) -> str:
    """Return the file without the record `contact`. Raises Refused."""
    number, first, end = _place(text, contact)
    lines = text.split("\n")
    changed = "\n".join([*lines[: first - 1], *lines[end - 1 :]])
    assert read_records(changed) == [record for place, record in enumerate(read_records(text)) if place != number]
    return changed


@lru_cache(maxsize=4)
def _written(text: str) -> Written:
    """The parsed file. Cached, because a change needs the old and the new file several times and parsing is slow."""
    return read_yaml(text, CONTACTS)


def _place(text: str, contact: str) -> tuple[int, int, int]:
    """The number of a record, its first line, and the line after its last. Raises Refused if there is no record."""
    number = next((place for place, record in enumerate(read_records(text)) if record.get("id") == contact), None)
    if number is None:
        raise Refused([Problem(CONTACTS, None, Code.NO_SUCH_CONTACT, {"contact": contact})])
    lines = [line for place, line in _written(text).lines.items() if _is_field(place, number)]
    return number, min(lines), _end(text.split("\n"), max(lines))


def _is_field(place: Place, number: int) -> bool:
    return place[:2] == ("contacts", number) and len(place) == 3


def _lines(name: str, value: str | list[str]) -> list[str]:
    if isinstance(value, list):
        return [f"    {name}: [{', '.join(value)}]"]
    return [f"    {line}" for line in block(name, value).rstrip("\n").split("\n")]


def _end(lines: list[str], start: int) -> int:
    """The line after a value that begins on line `start`: the next record, or anything that is less indented."""
    line = start + 1
    while line <= len(lines) and lines[line - 1].startswith("     "):
        line += 1
    return line
